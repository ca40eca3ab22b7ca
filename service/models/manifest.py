"""The manifest of a converted model, and the one way such a directory comes to be.

A directory with a `manifest.json` is complete by construction: it is filled under another name
beside its place, everything is flushed to the disk, and one rename publishes it. It knows nothing
of where models come from.
"""

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from service.engines.base import Description

__all__ = [
    "NAME",
    "FileRecord",
    "Manifest",
    "faults",
    "publish",
    "read_manifest",
    "record_files",
    "sha256_of",
    "withdraw",
    "write_manifest",
]

NAME = "manifest.json"


class FileRecord(msgspec.Struct, frozen=True):
    """One file: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a converted model is.

    Attributes:
        format: of this file; another number is as good as no manifest.
        repository, revision, license: of the checkpoint it was made from.
        description: the checkpoint's own, before the catalog row's overrides.
        language_tokens: what the vocabulary knows, empty for a model of one pair.
        deviation: from the reference, in nats a token; none where there was no reference.
        trimmed: how many pieces the decoder lost of its vocabulary; 0 where it is whole, as in
            all models that were converted before this was written down.
        converted_with: versions of the libraries.
        files: every file but this one; files that are not listed are not the model's.
        checksum: of all else that is said here; empty in manifests from before it was written.
    """

    format: int = 1
    repository: str
    revision: str
    license: str
    quantization: str
    description: Description
    language_tokens: tuple[str, ...] = ()
    deviation: float | None = None
    trimmed: int = 0
    converted_with: dict[str, str]
    files: dict[str, FileRecord]
    checksum: str = ""

    @property
    def bytes_on_disk(self) -> int:
        return sum(file.size for file in self.files.values())


def read_manifest(path: Path) -> Manifest | None:
    """Returns the manifest of the model in `path`; `None` where none is that can be believed."""
    try:
        content = (path / NAME).read_bytes()
        manifest = msgspec.json.decode(content, type=Manifest)
    except (OSError, UnicodeDecodeError, RecursionError, msgspec.DecodeError):
        return None
    if manifest.format != 1 or manifest.checksum not in {"", _checksum(content)}:
        return None
    return manifest


def _checksum(content: bytes) -> str:
    """Returns the SHA-256 of what a manifest says, however it is written, its own left out."""
    said = msgspec.json.decode(content, type=dict[str, object])
    said.pop("checksum", None)
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes the manifest into the directory `path`, which is complete from then on."""
    checksum = _checksum(msgspec.json.encode(manifest))
    sealed = msgspec.structs.replace(manifest, checksum=checksum)
    content = msgspec.json.format(msgspec.json.encode(sealed), indent=1)
    (path / NAME).write_bytes(content + b"\n")


def record_files(path: Path) -> dict[str, FileRecord]:
    """Returns size and SHA-256 of every file in the directory `path`."""
    files = sorted(p for p in path.iterdir() if p.name != NAME)
    return {p.name: FileRecord(p.stat().st_size, sha256_of(p)) for p in files}


def faults(path: Path, manifest: Manifest) -> tuple[str, ...]:
    """Compares the files in `path` with the manifest, sizes first, then every byte.

    Returns:
        One sentence for each file that is not as it should be; empty where all are.
    """
    found = []
    for name, record in manifest.files.items():
        try:
            size = (path / name).stat().st_size
            if size != record.size:
                found.append(f"{name} has {size} bytes instead of {record.size}")
            elif sha256_of(path / name) != record.sha256:
                found.append(f"{name} has another SHA-256 than its manifest says")
        except OSError as error:
            found.append(f"{name} cannot be read: {error.strerror}")
    return tuple(found)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file in hexadecimal; about 1 GB a second."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def publish(built: Path, target: Path) -> None:
    """Moves the finished directory `built` to `target` in one step, after flushing both.

    What was left at `target` without a manifest is removed first.
    """
    for file in built.iterdir():
        _flush(file)
    _flush(built)
    if target.exists():
        shutil.rmtree(target)
    built.rename(target)
    _flush(target.parent)


def withdraw(target: Path) -> None:
    """Removes a model; the manifest goes first, so that no half of it is ever taken for one."""
    (target / NAME).unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
