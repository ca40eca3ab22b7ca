"""Fetches and unpacks OPUS-MT zips of native Marian models.

An archive comes from any web server, so nothing in it is trusted: not its size, not its names, not
what it unpacks to. It knows nothing of conversion.
"""

import http.client
import io
import ipaddress
import os
import random
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from service.models.catalog import ArchiveSource
from service.models.manifest import sha256_of
from service.models.progress import Watch
from service.models.remote import WITHOUT_NETWORK, DownloadError, asked_wait_s

__all__ = ["fetch_archive", "kept_archive", "recorded_sha256", "unpack"]

MAX_ARCHIVE_BYTES = 4 * 2**30
MAX_UNPACKED_BYTES = 8 * 2**30
MAX_RATIO = 100
"""Unpacked over packed size. Weights pack to nine tenths, vocabularies to a fifth."""

MAX_LISTED_BYTES = 2**20
"""Of a zip's list of members, some 10 000 of them; `zipfile` reads it into memory as a whole."""

ATTEMPTS = 4
TIMEOUT_S = 30.0
PATIENCE_S = 60.0
LONGEST_NAP_S = 5.0
"""A wait that the server asks for is slept through up to here; a longer one ends the attempt."""

CHUNK_BYTES = 2**20
SUFFIXES = frozenset({".npz", ".spm", ".yml"})


class Record(msgspec.Struct, frozen=True):
    """What the first download of an archive was."""

    url: str
    sha256: str


def recorded_sha256(folder: Path, name: str, source: ArchiveSource) -> str | None:
    """Returns the SHA-256 that the archive must have: the row's, or the one seen first."""
    if source.sha256:
        return source.sha256
    try:
        record = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None
    return record.sha256 if record.url == source.url else None


def kept_archive(folder: Path, name: str, source: ArchiveSource) -> tuple[Path, str] | None:
    """Returns the archive that was fetched before, and its SHA-256, if it is still the same."""
    archive, wanted = folder / f"{name}.zip", recorded_sha256(folder, name, source)
    if wanted and archive.exists() and sha256_of(archive) == wanted:
        return archive, wanted
    return None


def fetch_archive(folder: Path, name: str, source: ArchiveSource, watch: Watch) -> tuple[Path, str]:
    """Returns the archive and its SHA-256; fetches it where it is not there.

    A download that broke off goes on where it stopped, also in a later process. The caller holds
    the model's lock.

    Raises:
        DownloadError, OSError: it could not be had, or is not what was seen first.
        ShuttingDown: cancelled.
    """
    _check_url(source.url)
    if kept := kept_archive(folder, name, source):
        return kept
    archive, wanted = folder / f"{name}.zip", recorded_sha256(folder, name, source)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.zip.part"
    watch.waiting("downloading")
    _download(source.url, part, watch)
    found = sha256_of(part)
    if wanted and found != wanted:
        part.unlink()
        raise DownloadError(
            f"{source.url} has the SHA-256 {found}, not {wanted}; if the new file is the right "
            f"one, change the row's sha256 or remove {folder / f'{name}.json'}"
        )
    if not wanted:
        _write_record(folder / f"{name}.json", Record(source.url, found))
    part.rename(archive)
    return archive, found


def _write_record(path: Path, record: Record) -> None:
    beside = path.with_suffix(".json.part")
    beside.write_bytes(msgspec.json.encode(record))
    beside.rename(path)


def _check_url(url: str) -> None:
    """Only HTTPS keeps what comes over the network from being changed; loopback needs none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise DownloadError(f"{url} is not HTTPS")


class _SafeRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        _check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, part: Path, watch: Watch) -> None:
    for attempt in range(ATTEMPTS):
        try:
            if watch.call(lambda: _stream(url, part, watch), PATIENCE_S):
                return
            cause = "the connection broke off"
        except HTTPError as error:
            error.close()
            if error.code < 500 and error.code not in {408, 429}:
                raise DownloadError(f"{url} answered {error.code}") from error
            wait_s = asked_wait_s({k.lower(): v for k, v in error.headers.items()}) or 0.0
            if wait_s > LONGEST_NAP_S:
                raise DownloadError(
                    f"{url} answered {error.code} and asks to wait {wait_s:.0f} s",
                    retry_after_s=wait_s,
                ) from error
            cause = f"it answered {error.code}; try again later"
        except (URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            cause = f"{getattr(error, 'reason', '') or type(error).__name__}; {WITHOUT_NETWORK}"
        if attempt + 1 < ATTEMPTS:
            watch.pause(2.0**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
    raise DownloadError(f"{url} could not be fetched: {cause}")


def _stream(url: str, part: Path, watch: Watch) -> bool:
    """Fetches what `part` lacks; returns whether it is whole now."""
    validator = part.with_suffix(".etag")
    known = validator.read_text() if part.exists() and validator.exists() else ""
    have = part.stat().st_size if known else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        # Without If-Range two versions of a file could be joined.
        headers |= {"Range": f"bytes={have}-", "If-Range": known}
    request = Request(url, headers=headers)  # noqa: S310 - see `_check_url`
    try:
        response = build_opener(_SafeRedirects).open(request, timeout=TIMEOUT_S)
    except HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        part.unlink()  # longer than what the server has: from the start
        return False
    with response:
        if response.status != 206:
            have = 0
            validator.write_text(response.headers.get("ETag", ""))
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            validator.unlink()  # another part than was asked for: from the start
            return False
        said = response.headers.get("Content-Length", "")
        length = int(said) if said.isascii() and said.isdigit() else 0
        total = have + length if length else 0
        watch.begin(total, have)
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read1(CHUNK_BYTES):
                watch.advance(len(chunk))
                have += len(chunk)
                if max(have, total) > MAX_ARCHIVE_BYTES:
                    raise DownloadError(f"{url} is larger than {MAX_ARCHIVE_BYTES} bytes")
                file.write(chunk)
    if total and have < total:
        return False
    validator.unlink(missing_ok=True)
    return True


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks what a conversion needs into `folder`, and returns where `decoder.yml` lies.

    Raises:
        DownloadError: it is no zip, or not one that can be trusted.
    """
    try:
        with _Measured(archive) as file, zipfile.ZipFile(file) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            _check_entries(entries, archive.stat().st_size)
            for entry in entries:
                if PurePosixPath(entry.filename).suffix in SUFFIXES:
                    zipped.extract(entry, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DownloadError(f"{archive.name} is no whole zip: {error}") from error
    for found in sorted(folder.rglob("decoder.yml")):
        return found.parent
    raise DownloadError(f"{archive.name} holds no decoder.yml")


class _Measured(io.FileIO):
    """A file that is not read in one piece larger than a list of members may be."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = max(0, os.fstat(self.fileno()).st_size - self.tell())
        if size > MAX_LISTED_BYTES:
            raise zipfile.BadZipFile("its list of members is too long")
        return super().read(size)


def _check_entries(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuses names outside the archive, links, and what unpacks to too much.

    Args:
        entries: as the archive lists them.
        packed: the size of the whole archive; the entries' own may count the same bytes twice.
    """
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DownloadError(f"the archive names {entry.filename!r}, outside itself")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DownloadError(f"the archive holds a link, {entry.filename!r}")
    unpacked = sum(entry.file_size for entry in entries)
    # `zipfile` reads no entry beyond the size that it declares, so the sum is a true bound.
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 2**20):
        raise DownloadError(f"the archive would unpack to {unpacked} bytes")
