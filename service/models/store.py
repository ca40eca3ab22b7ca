"""Which models are on disk, and how they get there: fetched, converted, checked, published.

    <root>/hub/       the hub's own layout: pinned snapshots as they came
    <root>/archives/  <name>.zip, and <name>.json: the SHA-256 seen at its first download
    <root>/ct2/       <name>@<revision12>-<quantization>/: converted models, each with a manifest
    <root>/locks/     one lock file for each model, each repository and each archive

A model that runs with CTranslate2 needs its checkpoint and the converted model on disk (weights of
4 bytes a parameter and, in int8, of 1), and twice the latter while converting. Checkpoints are
kept: a new quantization or a new version of the runtime then needs no network. `hub/` and
`archives/` may be emptied by hand.

Everything here blocks, and may be called from any thread and from several processes at once. It
knows nothing of memory, requests or the event loop.
"""

import contextlib
import errno
import logging
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

from filelock import FileLock, Timeout

from service.engines.base import Description
from service.engines.convert import (
    MISSING_EXTRA,
    ConversionFailed,
    Request,
    converts_checkpoints,
    language_fault,
    run,
)
from service.errors import ModelUnavailable
from service.models import checkpoint, manifest
from service.models.archive import fetch_archive, kept_archive, recorded_sha256, unpack
from service.models.catalog import ArchiveSource, DirectorySource, HubSource, ModelSpec
from service.models.checkpoint import CheckpointError
from service.models.download import (
    DownloadError,
    fetch_snapshot,
    snapshot_faults,
    snapshot_path,
)
from service.models.manifest import Manifest
from service.models.progress import Progress, Watch

__all__ = ["ModelFiles", "Progress", "Store", "convert_into"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on disk.

    Attributes:
        path: a converted model, or for the engine `transformers` a checkpoint.
        description: the checkpoint's own, with the row's overrides.
        revision: the commit, the archive's SHA-256 or a local directory's stamp.
        bytes_on_disk: of the files in `path` that belong to the model.
    """

    path: Path
    description: Description
    repository: str
    revision: str
    license: str
    quantization: str
    bytes_on_disk: int


class Store:
    """The models under one directory.

    Args:
        root: the directory; it need not exist, and need not be writable for what it holds.
        offline: never contact a hub or an archive's server.
        endpoint: another hub than the one that the hub's client knows (`HF_ENDPOINT`).
    """

    def __init__(self, root: Path, *, offline: bool = False, endpoint: str | None = None) -> None:
        self._root, self._offline, self._endpoint = root, offline, endpoint

    def locate(self, spec: ModelSpec) -> ModelFiles | None:
        """Returns the model's files if they are complete on disk. No network, no hashing."""
        if spec.engine == "transformers":
            return self._locate_checkpoint(spec)
        path, revision = self._target(spec)
        found = manifest.read_manifest(path) if path else None
        if path is None or found is None or (revision and found.revision != revision):
            return None
        return _model_files(spec, path, found)

    def bytes_on_disk(self, spec: ModelSpec) -> int:
        """Returns the size of the model's files; 0 where they are not complete."""
        found = self.locate(spec)
        return found.bytes_on_disk if found else 0

    def verify(self, spec: ModelSpec) -> tuple[str, ...]:
        """Compares every file of a converted model with its manifest, byte by byte.

        Returns:
            One sentence for each file at fault; empty where all are sound. A checkpoint that
            `transformers` runs has no manifest: only what the hub's layout knows is compared.

        Raises:
            ModelUnavailable: the model is not complete on disk.
        """
        found = self.locate(spec)
        if found is None:
            raise ModelUnavailable(spec.name, f"it is not on disk; fetch it: lur pull {spec.name}")
        return self._faults(spec, found)

    def _faults(self, spec: ModelSpec, found: ModelFiles) -> tuple[str, ...]:
        if said := manifest.read_manifest(found.path):
            return manifest.faults(found.path, said)
        if isinstance(spec.source, HubSource):
            return tuple(snapshot_faults(found.path).values())
        return ()

    @property
    def converting_lacks(self) -> str | None:
        """What is missing to convert checkpoints here, or `None`. Archives always can be."""
        return None if converts_checkpoints() else MISSING_EXTRA

    def ensure(
        self,
        spec: ModelSpec,
        report: Callable[[Progress], None] = lambda progress: None,
        cancelled: threading.Event | None = None,
    ) -> ModelFiles:
        """Returns the model's files, verified; fetches and converts what is missing first.

        A hit writes nothing and takes no lock. Of several callers, in this process or another, one
        works and the others wait. Interrupted work goes on, or starts over, at the next call.

        Args:
            report: told where the work is, from this thread or a helper's; must not block.
            cancelled: ends the work, or the wait for another's, when it is set.

        Raises:
            ModelUnavailable: it cannot be had; the reason is for an operator.
            ShuttingDown: `cancelled` was set.
        """
        watch = Watch(report, cancelled or threading.Event())
        with self._plain_reasons(spec):
            found = self.locate(spec)
            faults = self._faults(spec, found) if found else ()
            if found is None or faults:
                found = self._mend(spec, watch, faults)
            said = manifest.read_manifest(found.path)
            if said and (fault := language_fault(found.description, said.language_tokens)):
                raise _unavailable(spec, fault)
            return found

    def _mend(self, spec: ModelSpec, watch: Watch, faults: tuple[str, ...]) -> ModelFiles:
        """Makes a model that is not there, or is damaged; what is wrong is then said, too."""
        if not faults:
            return self._make(spec, watch)
        damage = "; ".join(faults)
        _log.warning("model_damaged", extra={"model": spec.name, "reason": damage})
        if _is_converted(spec):
            raise _unavailable(spec, f"{spec.source.path} is damaged, put it back: {damage}")  # type: ignore[union-attr]
        try:
            with self._plain_reasons(spec):
                return self._make(spec, watch)
        except ModelUnavailable as error:
            raise _unavailable(
                spec,
                f"it is damaged ({damage}) and cannot be made again: {error.reason}",
                error.retry_after_s or 0.0,
            ) from error

    def _sound(self, spec: ModelSpec) -> ModelFiles | None:
        """Returns a hit whose files are as they should be."""
        found = self.locate(spec)
        return found if found and not self._faults(spec, found) else None

    def _make(self, spec: ModelSpec, watch: Watch) -> ModelFiles:
        if isinstance(spec.source, DirectorySource):
            _check_directory(spec.source.path)
        if spec.engine == "transformers":
            self._checkpoint(spec, watch)
            return self._expect(spec)
        with self._locked(quote(f"{spec.name}-{spec.quantization}", safe=""), watch):
            if found := self._sound(spec):  # another one made it while we waited
                return found
            self._convert(spec, watch)
            return self._expect(spec)

    def _expect(self, spec: ModelSpec) -> ModelFiles:
        if found := self.locate(spec):
            return found
        raise _unavailable(spec, "its files changed while they were made; try again")

    def _convert(self, spec: ModelSpec, watch: Watch) -> None:
        if isinstance(spec.source, HubSource) and (lacking := self.converting_lacks):
            raise _unavailable(spec, lacking)  # before a gigabyte is fetched in vain
        folder = self._root / "ct2"
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f".{quote(spec.name, safe='')}@-{spec.quantization}-"
        for leftover in folder.glob(f"{_literal(prefix)}*"):  # of a process that died
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as work:
            source, revision = self._checkpoint(spec, watch, Path(work))
            target, _ = self._target(spec)
            assert target is not None
            manifest.withdraw(target)
            began = time.monotonic()
            convert_into(target, spec, source, revision, watch, Path(work))
        seconds = round(time.monotonic() - began, 1)
        _log.info("model_converted", extra={"model": spec.name, "seconds": seconds})

    def clean(self) -> None:
        """Removes what processes that died have left half done; what is in work is left alone.

        Where the directory cannot be written, nothing is done. Raises nothing.
        """
        for leftover in (self._root / "ct2").glob(".*@-*"):
            name, _, rest = leftover.name[1:].partition("@-")
            lock = quote(f"{unquote(name)}-{rest.rpartition('-')[0]}", safe="")
            with contextlib.suppress(OSError, Timeout), self._lock(lock).acquire(timeout=0):
                shutil.rmtree(leftover, ignore_errors=True)
                _log.info("leftover_removed", extra={"path": str(leftover)})
        for leftover in self._hub.glob("models--*/blobs/*.incomplete"):
            repository = leftover.parents[1].name.removeprefix("models--").replace("--", "/")
            lock = "hub--" + quote(repository, safe="")
            with contextlib.suppress(OSError, Timeout), self._lock(lock).acquire(timeout=0):
                leftover.unlink(missing_ok=True)
                _log.info("leftover_removed", extra={"path": str(leftover)})

    def _checkpoint(
        self, spec: ModelSpec, watch: Watch, work: Path | None = None
    ) -> tuple[Path, str]:
        """Makes the row's checkpoint complete on disk; returns where it is and its revision."""
        match spec.source:
            case DirectorySource(path=path):
                return path, checkpoint.stamp(path)
            case HubSource() as source:
                if self._offline and not checkpoint.is_complete(snapshot_path(self._hub, source)):
                    raise self._absent(spec)
                with self._locked("hub--" + quote(source.repository, safe=""), watch):
                    path = fetch_snapshot(
                        self._hub, source, self._endpoint, watch, offline=self._offline
                    )
                return path, source.revision
            case ArchiveSource() as source if work is not None:
                folder, name = self._root / "archives", quote(spec.name, safe="")
                if self._offline and kept_archive(folder, name, source) is None:
                    raise self._absent(spec)
                with self._locked(f"archive--{name}", watch):  # its quantizations share it
                    archive, sha256 = fetch_archive(folder, name, source, watch)
                return unpack(archive, work / "archive"), sha256
            case ArchiveSource():
                raise _unavailable(spec, "transformers cannot run a Marian archive")

    def _absent(self, spec: ModelSpec) -> ModelUnavailable:
        return _unavailable(
            spec,
            f"it is not, or not whole, in {self._root} and this service is offline; "
            f"fetch it where there is a network: lur pull {spec.name}",
        )

    @property
    def _hub(self) -> Path:
        return self._root / "hub"

    def _target(self, spec: ModelSpec) -> tuple[Path | None, str]:
        """Returns where the converted model belongs, and the revision it must have (or "")."""
        match spec.source:
            case DirectorySource(path=path) if _is_converted(spec):
                return path, ""
            case DirectorySource(path=path):
                try:
                    revision = checkpoint.stamp(path)
                except CheckpointError:
                    return None, ""
            case HubSource(revision=revision):
                pass
            case ArchiveSource() as source:
                name = quote(spec.name, safe="")
                revision = recorded_sha256(self._root / "archives", name, source) or ""
                if not revision:
                    return None, ""
        name = f"{quote(spec.name, safe='')}@{quote(revision[:12], safe='')}-{spec.quantization}"
        return self._root / "ct2" / name, revision

    def _locate_checkpoint(self, spec: ModelSpec) -> ModelFiles | None:
        try:
            match spec.source:
                case HubSource() as source:
                    path, revision = snapshot_path(self._hub, source), source.revision
                case DirectorySource(path=path):
                    revision = checkpoint.stamp(path)
                case ArchiveSource():
                    return None
            if not checkpoint.is_complete(path):
                return None
            description = checkpoint.describe_checkpoint(path, spec.task)
        except CheckpointError:
            return None
        size = sum(p.stat().st_size for p in path.iterdir() if p.is_file())
        return ModelFiles(
            path=path,
            description=_overridden(description, spec),
            repository=spec.repository,
            revision=revision,
            license=spec.license,
            quantization="float32",
            bytes_on_disk=size,
        )

    def _lock(self, name: str) -> FileLock:
        folder = self._root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")

    @contextlib.contextmanager
    def _locked(self, name: str, watch: Watch) -> Iterator[None]:
        lock = self._lock(name)
        while True:
            try:
                lock.acquire(timeout=0.2, poll_interval=0.05)
                break
            except Timeout:
                watch.waiting("downloading")  # another one works on it
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _plain_reasons(self, spec: ModelSpec) -> Iterator[None]:
        """Turns what goes wrong on the way into words for an operator, the cause chained."""
        try:
            yield
        except ConversionFailed as error:
            raise _unavailable(spec, error.reason) from error
        except CheckpointError as error:
            raise _unavailable(spec, f"{spec.repository}: {error}") from error
        except DownloadError as error:
            raise _unavailable(spec, str(error), error.retry_after_s) from error
        except OSError as error:
            raise _unavailable(spec, _disk_reason(error, self._root)) from error


def convert_into(
    target: Path, spec: ModelSpec, source: Path, revision: str, watch: Watch, work: Path
) -> None:
    """Converts the checkpoint in `source` and publishes it as `target`, complete or not at all.

    Args:
        target: where the model will be.
        spec: the row; its language tokens take part in the check.
        source: a checkpoint in the hub's layout, or an unpacked archive.
        revision: what the manifest calls the checkpoint.
        watch: of the caller.
        work: an empty directory on the file system of `target`.

    Raises:
        CheckpointError, ConversionFailed, OSError: nothing was published.
        ShuttingDown: cancelled, nothing was published.
    """
    archive = isinstance(spec.source, ArchiveSource)
    description = (
        checkpoint.describe_archive(source)
        if archive
        else checkpoint.describe_checkpoint(source, spec.task)
    )
    built = work / "model"
    watch.waiting("converting")
    request = Request(
        form="archive" if archive else "checkpoint",
        source=str(source),
        target=str(built),
        quantization=spec.quantization,
        description=_overridden(description, spec),
    )
    converted = run(request, lambda: watch.waiting("converting"))
    if converted.whole_because:
        _log.warning(
            "target_vocabulary_kept", extra={"model": spec.name, "reason": converted.whole_because}
        )
    manifest.write_manifest(
        built,
        Manifest(
            repository=spec.repository,
            revision=revision,
            license=spec.license,
            quantization=spec.quantization,
            description=description,
            language_tokens=converted.language_tokens,
            deviation=converted.deviation,
            trimmed=converted.trimmed,
            converted_with=converted.versions,
            files=manifest.record_files(built),
        ),
    )
    manifest.publish(built, target)


def _unavailable(spec: ModelSpec, reason: str, retry_after_s: float = 0.0) -> ModelUnavailable:
    """Returns the error; without a wait that somebody asked for, when to retry is not ours."""
    return ModelUnavailable(spec.name, reason, retry_after_s=retry_after_s)


def _is_converted(spec: ModelSpec) -> bool:
    source = spec.source
    return isinstance(source, DirectorySource) and (source.path / manifest.NAME).exists()


def _check_directory(path: Path) -> None:
    if not path.is_dir():
        raise CheckpointError(f"there is no directory {path}")
    if (path / manifest.NAME).exists():
        raise CheckpointError(f"{path / manifest.NAME} cannot be read; put the directory back")


def _model_files(spec: ModelSpec, path: Path, found: Manifest) -> ModelFiles:
    return ModelFiles(
        path=path,
        description=_overridden(found.description, spec),
        repository=found.repository,
        revision=found.revision,
        license=found.license,
        quantization=found.quantization,
        bytes_on_disk=found.bytes_on_disk,
    )


def _overridden(description: Description, spec: ModelSpec) -> Description:
    """Returns the checkpoint's description with what the row says on top."""
    description = checkpoint.with_languages(description, spec.source_token, spec.target_token)
    longest = spec.max_target_tokens or description.max_target_tokens
    decoding = description.decoding
    if "max_tokens" not in spec.generation:
        decoding = replace(decoding, max_tokens=min(decoding.max_tokens, longest))
    return replace(
        description,
        text_prefix=spec.text_prefix or description.text_prefix,
        max_source_tokens=spec.max_source_tokens or description.max_source_tokens,
        max_target_tokens=longest,
        decoding=decoding.with_overrides(spec.generation),
    )


def _disk_reason(error: OSError, root: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk that holds {root} is full"
    if error.errno == errno.EFBIG:
        return f"a file in {root} would be larger than this process, or the file system, may write"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}:
        return (
            f"it is not on disk and {root} cannot be written: {os.strerror(error.errno)}; "
            "let this user write there, or name another directory in LUR_MODEL_CACHE"
        )
    return f"{error.filename or root}: {error.strerror or error}"


def _literal(name: str) -> str:
    """Escapes a name for `glob`."""
    return re.sub(r"([*?\[])", r"[\1]", name)
