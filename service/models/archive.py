"""Keeps and unpacks OPUS-MT zips of native Marian models.

An archive comes from any web server, so nothing in it is trusted: not its size, not its names, not
what it unpacks to. Where the row names no SHA-256, the first archive that can be unpacked sets it.
It knows nothing of conversion.
"""

import contextlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from service.models.catalog import ArchiveSource
from service.models.manifest import sha256_of
from service.models.progress import Watch
from service.models.remote import DownloadError
from service.models.web_file import fetch_file

__all__ = ["fetch_archive", "kept_archive", "recorded_sha256", "unpack"]

MAX_UNPACKED_BYTES = 8 * 2**30
MAX_RATIO = 100
"""Unpacked over packed size. Weights pack to nine tenths, vocabularies to a fifth."""

MAX_LISTED_BYTES = 2**20
"""Of a zip's list of members, some 10 000 of them; `zipfile` reads it into memory as a whole."""

CHUNK_BYTES = 2**20
SUFFIXES = frozenset({".npz", ".spm", ".yml"})
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
)
"""What `zipfile` raises on a file that is no whole zip, is encrypted, or is of a later format."""


class Record(msgspec.Struct, frozen=True):
    """What the first download was that could be unpacked."""

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

    A download that broke off goes on where it stopped, also in a later process. Where its SHA-256
    is not known, what came is recorded only if it can be unpacked: a page of the server's, sent
    once, is forgotten. The caller holds the archive's lock.

    Raises:
        DownloadError, OSError: it could not be had, cannot be used, or is not what was seen first.
        ShuttingDown: cancelled.
    """
    if kept := kept_archive(folder, name, source):
        return kept
    archive, wanted = folder / f"{name}.zip", recorded_sha256(folder, name, source)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.zip.part"
    watch.waiting("downloading")
    fetch_file(source.url, part, watch)
    found = sha256_of(part)
    if wanted and found != wanted:
        part.unlink()
        raise DownloadError(
            f"{source.url} has the SHA-256 {found}, not {wanted}; if the new file is the right "
            f"one, change the row's sha256 or remove {folder / f'{name}.json'}"
        )
    if not wanted:
        try:
            _check_content(part)
        except DownloadError as error:
            part.unlink()
            raise DownloadError(f"what {source.url} sent cannot be used: {error}") from error
        _write_record(folder / f"{name}.json", Record(source.url, found))
    part.rename(archive)
    return archive, found


def _write_record(path: Path, record: Record) -> None:
    beside = path.with_suffix(".json.part")
    beside.write_bytes(msgspec.json.encode(record))
    beside.rename(path)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks what a conversion needs into `folder`, and returns where `decoder.yml` lies.

    Raises:
        DownloadError: it is no zip, or not one that can be trusted.
    """
    try:
        with _opened(archive) as (zipped, entries):
            for entry in entries:
                zipped.extract(entry, folder)
    except DownloadError as error:
        record = archive.with_suffix(".json")
        remedy = f"; to fetch it anew, remove it and {record}" if record.exists() else ""
        raise DownloadError(f"{archive} cannot be used: {error}{remedy}") from error
    return min(folder.rglob("decoder.yml")).parent


def _check_content(archive: Path) -> None:
    """Reads all that `unpack` would write. Raises `DownloadError` where that would fail."""
    with _opened(archive) as (zipped, entries):
        for entry in entries:
            with zipped.open(entry) as member:
                while member.read(CHUNK_BYTES):
                    pass


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """Yields the zip and what of it a conversion needs; `DownloadError` where it is damaged."""
    try:
        with _Measured(archive) as file, zipfile.ZipFile(file) as zipped:
            entries = [e for e in zipped.infolist() if not e.filename.endswith("/")]
            _check_entries(entries, archive.stat().st_size)
            if not any(PurePosixPath(e.filename).name == "decoder.yml" for e in entries):
                raise DownloadError("it holds no decoder.yml")
            yield zipped, [e for e in entries if PurePosixPath(e.filename).suffix in SUFFIXES]
    except DAMAGE as error:
        raise DownloadError(f"it is no whole zip: {error}") from error


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
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
            raise DownloadError(f"it names {entry.filename!r}, outside itself")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DownloadError(f"it holds a link, {entry.filename!r}")
        if entry.compress_type not in PACKINGS or entry.header_offset < 0:
            raise DownloadError(f"it is no whole zip: {entry.filename!r} cannot be read")
    unpacked = sum(entry.file_size for entry in entries)
    # `zipfile` reads no entry beyond the size that it declares, so the sum is a true bound.
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 2**20):
        raise DownloadError(f"it would unpack to {unpacked} bytes")
