"""Fetches one pinned revision from the hub, in the hub's own layout, through its own client.

Only what is needed: the small files, the last of them `config.json`, then one form of weights. When
damaged files are removed, `config.json` goes first. So a snapshot with `config.json` and all its
weights is a whole one. It knows nothing of conversion.
"""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from service.errors import ServiceError
from service.models import hub_session
from service.models.catalog import HubSource
from service.models.checkpoint import CheckpointError, choose_files, is_complete, shards
from service.models.manifest import sha256_of
from service.models.progress import Watch
from service.models.remote import WITHOUT_NETWORK, DownloadError

__all__ = ["DownloadError", "fetch_snapshot", "snapshot_faults", "snapshot_path"]

PATIENCE_TIMEOUTS = 6
"""A hub that sends next to nothing is given up after so many of the client's own timeouts
(`HF_HUB_DOWNLOAD_TIMEOUT`, 10 s), so after a minute."""

CHUNK_BYTES = 2**20
"""The client hands on what came in, and counts it, in such steps; its own are of 10 MB."""

CONFIG = "config.json"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HASHES = {40: "Git hash", 64: "SHA-256"}

T = TypeVar("T")


def snapshot_path(hub: Path, source: HubSource) -> Path:
    """Returns where the hub's layout keeps this revision; it need not be there."""
    folder = "models--" + source.repository.replace("/", "--")
    return hub / folder / "snapshots" / source.revision


def snapshot_faults(path: Path, announced: Mapping[str, str] | None = None) -> dict[str, str]:
    """Compares the files of a snapshot with their hashes: large ones SHA-256, small ones Git's.

    Args:
        path: the snapshot; where it is not, nothing is at fault.
        announced: the hash of each file, as the hub's list says; without it, the name of the blob
            that the hub's layout links to. A file of which neither is known is not looked at.

    Returns:
        One sentence for each file that is not as it should be, by its name.
    """
    found = {}
    for file in sorted(path.iterdir()) if path.is_dir() else ():
        linked = Path(os.readlink(file)).name if file.is_symlink() else ""
        wanted = (announced or {}).get(file.name) or linked
        try:
            if wanted and _hash_like(file, wanted) != wanted:
                kind = _HASHES[len(wanted)]
                found[file.name] = f"the {kind} of {file.name} is not what the hub announced"
        except OSError as error:
            found[file.name] = f"{file.name} cannot be read: {error.strerror}"
    return found


def _hash_like(file: Path, wanted: str) -> str:
    """Returns the file's hash of the kind that `wanted` is; `wanted` itself if that is none."""
    if not re.fullmatch(r"[0-9a-f]+", wanted) or len(wanted) not in _HASHES:
        return wanted
    if len(wanted) == 64:
        return sha256_of(file)
    digest = hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def fetch_snapshot(
    hub: Path, source: HubSource, endpoint: str | None, watch: Watch, *, offline: bool = False
) -> Path:
    """Makes the snapshot complete and sound, and returns it. The caller holds its lock.

    Whole files that are there are not fetched again, damaged ones are; a file cut off half-way is,
    from its start (huggingface_hub 2.4 gives every attempt its own temporary file).

    Raises:
        DownloadError, CheckpointError, OSError: it could not be had.
        ShuttingDown: cancelled.
    """
    path = snapshot_path(hub, source)
    if is_complete(path):
        faults = snapshot_faults(path)
        if not faults:
            return path
        if offline:
            said = "; ".join(faults.values())
            raise DownloadError(f"{path} is damaged and this service is offline: {said}")
        _remove(path, faults)
    if not _COMMIT.fullmatch(source.revision):
        raise DownloadError(f"revision {source.revision!r} is not a full commit hash")
    for leftover in (path.parents[1] / "blobs").glob("*.incomplete"):
        leftover.unlink(missing_ok=True)  # of a process that died: we hold the lock
    try:
        announced = _fetch(hub, source, endpoint, watch)
    except (ServiceError, CheckpointError, DownloadError):
        raise
    except OSError as error:
        if error.errno is not None and not hasattr(error, "response"):
            raise
        raise _plain(error, source, endpoint) from error
    except Exception as error:  # the client's boundary: it believes whatever a hub sends
        raise _plain(error, source, endpoint) from error
    if faults := snapshot_faults(path, announced):
        _remove(path, faults)
        raise DownloadError("; ".join(faults.values()))
    return path


def _remove(path: Path, names: Mapping[str, str]) -> None:
    """Removes files of a snapshot and what they link to, so that they are fetched again.

    The link to `config.json` goes first: without it the snapshot is not whole, also if what was
    removed cannot be had or this process dies. What it links to stays, and need not be fetched.
    """
    damaged = [path / name for name in names]
    blobs = [path / os.readlink(file) for file in damaged if file.is_symlink()]
    for file in (path / CONFIG, *blobs, *damaged):
        file.unlink(missing_ok=True)


def _fetch(hub: Path, source: HubSource, endpoint: str | None, watch: Watch) -> dict[str, str]:
    """Fetches what is missing; returns the hashes that the hub announces."""
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.hf_api import RepoFile

    hub_session.install()
    constants.DOWNLOAD_CHUNK_SIZE = min(constants.DOWNLOAD_CHUNK_SIZE, CHUNK_BYTES)
    patience_s = float(PATIENCE_TIMEOUTS * constants.HF_HUB_DOWNLOAD_TIMEOUT)

    def ask(work: Callable[[], T]) -> T:
        def watched() -> T:
            with hub_session.watched(watch):
                return work()

        return watch.call(watched, patience_s)

    watch.waiting("downloading")
    tree = ask(
        lambda: list(
            HfApi(endpoint=endpoint).list_repo_tree(source.repository, revision=source.revision)
        )
    )
    files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    sizes = {name: int(entry.size) for name, entry in files.items()}
    small, weights = choose_files(sizes)
    small.sort(key=CONFIG.__eq__)  # behind the others: see `_remove`
    path, bar = snapshot_path(hub, source), _progress_bar(watch)

    def fetch(name: str) -> Path:
        found = Path(
            ask(
                lambda: hf_hub_download(
                    source.repository,
                    name,
                    revision=source.revision,
                    cache_dir=hub,
                    endpoint=endpoint,
                    tqdm_class=bar,
                )
            )
        )
        if found != path / name:
            raise DownloadError(f"the hub sent {name} of another revision than {source.revision}")
        return found

    large = [weights]
    if weights.endswith(".index.json"):
        large = shards(fetch(weights))
        if missing := [name for name in large if name not in sizes]:
            raise DownloadError(f"the hub's revision lacks {missing[0]}, which its index names")
    wanted = [*small, *large]
    missing_sizes = {n: sizes[n] for n in wanted if not (path / n).exists()}
    total, left = sum(sizes[name] for name in wanted), sum(missing_sizes.values())
    _check_room(hub, left)
    watch.begin(total, total - left)
    for name in missing_sizes:
        fetch(name)
    return {name: entry.lfs.sha256 if entry.lfs else entry.blob_id for name, entry in files.items()}


def _check_room(folder: Path, needed_bytes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(folder).free) < needed_bytes:
        words = f"{needed_bytes} bytes are to be fetched, {free} are free"
        raise OSError(errno.ENOSPC, words, str(folder))


def _progress_bar(watch: Watch) -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Bar(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        """Draws nothing; passes on how many bytes came in. One is made for each file."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            watch.advance(int(n or 0))
            return None

    return Bar


def _plain(error: Exception, source: HubSource, endpoint: str | None) -> DownloadError:
    """Returns the error to raise instead, in words for an operator."""
    import httpx2
    from huggingface_hub import constants, errors

    repository = source.repository
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(error, errors.RevisionNotFoundError):
        reason = f"the hub has no revision {source.revision} of {repository}"
    elif isinstance(error, errors.RepositoryNotFoundError) or status in {401, 403}:
        reason = f"the hub refuses {repository}: there is none, or it needs a token (HF_TOKEN)"
    elif status is not None:
        reason = f"the hub answered {status} for {repository}; try again later"
    elif isinstance(error, errors.OfflineModeIsEnabled):
        reason = "HF_HUB_OFFLINE is set, so the hub is not asked"
    elif isinstance(error.__cause__ or error, errors.FileMetadataError):
        reason = "what answers for the hub is none: a proxy, or a wrong HF_ENDPOINT?"
    elif isinstance(error, httpx2.HTTPError | errors.LocalEntryNotFoundError):
        cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) else error
        reason = (
            f"the hub {endpoint or constants.ENDPOINT} could not be reached: "
            f"{type(cause or error).__name__}; HF_ENDPOINT names a mirror; {WITHOUT_NETWORK}"
        )
    elif isinstance(error, OSError):  # without a number: the client's own
        reason = "the download broke off: a file has not the size that the hub announced"
    else:
        reason = (
            f"the hub's answer cannot be understood ({type(error).__name__}): "
            "a proxy, or a wrong HF_ENDPOINT?"
        )
    return DownloadError(reason)
