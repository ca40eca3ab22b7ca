"""Fetches one pinned revision from the hub, in the hub's own layout, through its own client.

Only what is needed: the small files first and one form of weights last, so that a snapshot with
all its weights is a whole one. It knows nothing of conversion.
"""

import re
from pathlib import Path
from typing import Any

from service.models.catalog import HubSource
from service.models.checkpoint import choose_files, is_complete, shards
from service.models.manifest import sha256_of
from service.models.progress import Watch

__all__ = ["DownloadError", "check_snapshot", "fetch_snapshot", "snapshot_path"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DownloadError(Exception):
    """It could not be fetched; the message is for an operator."""


def snapshot_path(hub: Path, source: HubSource) -> Path:
    """Returns where the hub's layout keeps this revision; it need not be there."""
    folder = "models--" + source.repository.replace("/", "--")
    return hub / folder / "snapshots" / source.revision


def fetch_snapshot(hub: Path, source: HubSource, endpoint: str | None, watch: Watch) -> Path:
    """Makes the snapshot complete, and returns it. The caller holds the repository's lock.

    Whole files that are there are not fetched again; a file cut off half-way is, from its start
    (huggingface_hub 2.4 gives every attempt its own temporary file).

    Raises:
        DownloadError, CheckpointError, OSError: it could not be had.
        ShuttingDown: cancelled.
    """
    path = snapshot_path(hub, source)
    if not is_complete(path):
        if not _COMMIT.fullmatch(source.revision):
            raise DownloadError(f"revision {source.revision!r} is not a full commit hash")
        for leftover in (path.parents[1] / "blobs").glob("*.incomplete"):
            leftover.unlink(missing_ok=True)  # of a process that died: we hold the lock
        try:
            _fetch(hub, source, endpoint, watch)
        except Exception as error:
            raise _plain(error, source) from error
    check_snapshot(path)
    return path


def check_snapshot(path: Path) -> None:
    """Compares large files with their SHA-256, which the hub's layout keeps as the blob's name.

    Raises:
        DownloadError: one differs; it is removed, so that the next attempt fetches it again.
    """
    for link in path.iterdir():
        blob = link.resolve()
        if _SHA256.fullmatch(blob.name) and sha256_of(blob) != blob.name:
            link.unlink()
            blob.unlink()
            raise DownloadError(f"the SHA-256 of {link.name} is not what the hub announced")


def _fetch(hub: Path, source: HubSource, endpoint: str | None, watch: Watch) -> None:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.hf_api import RepoFile

    watch.waiting("downloading")
    tree = watch.call(
        lambda: list(
            HfApi(endpoint=endpoint).list_repo_tree(source.repository, revision=source.revision)
        )
    )
    sizes = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}
    small, weights = choose_files(sizes)
    bar = _progress_bar(watch)

    def fetch(name: str) -> Path:
        return Path(
            watch.call(
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

    path = snapshot_path(hub, source)
    large = [weights]
    if weights.endswith(".index.json"):
        large = shards(fetch(weights))
        if missing := [name for name in large if name not in sizes]:
            raise DownloadError(f"the hub's revision lacks {missing[0]}, which its index names")
    wanted = [*small, *large]
    missing_sizes = {n: sizes[n] for n in wanted if not (path / n).exists()}
    total = sum(sizes[name] for name in wanted)
    watch.begin(total, total - sum(missing_sizes.values()))
    for name in missing_sizes:
        fetch(name)


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


def _plain(error: Exception, source: HubSource) -> Exception:
    """Returns the error to raise instead: ours where the hub or the network is to blame."""
    import httpx2
    from huggingface_hub import errors

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
    elif isinstance(error, httpx2.HTTPError | errors.LocalEntryNotFoundError):
        reason = f"the hub could not be reached: {type(error).__name__}"
    elif isinstance(error, OSError) and error.errno is None:
        reason = f"the download broke off: {error}"
    else:
        return error
    return DownloadError(reason)
