"""Finds out what is missing before a user does."""

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.access import keys_of
from service.core import Core
from service.errors import ServiceError
from service.models.catalog import ArchiveSource, DirectorySource, HubSource, ModelSpec
from service.settings import Settings, SettingsError

__all__ = ["Finding", "examine"]

CONVERTING_NEEDS_BYTES = 4_000_000_000
"""Free disk for the largest built-in model: its download, its conversion, and some room."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; a bad one's message says what to do."""

    good: bool
    what: str
    message: str


def examine(core: Core) -> list[Finding]:
    """Looks at Python, the keys, the cache, the disk and each model of the profile. Asks nobody."""
    return [
        _python(),
        _keys(core.settings),
        _cache(core.settings.model_cache),
        *(_model(core, spec) for spec in core.catalog.routed()),
        *_converting(core),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(good, "Python", version if good else f"{version}; 3.11 to 3.13 is needed")


def _keys(settings: Settings) -> Finding:
    try:
        file = keys_of(settings)
    except SettingsError as error:
        return Finding(False, "keys", str(error))
    if file is None:
        reach = "whoever reaches it" if settings.open else "this machine alone"
        return Finding(True, "keys", f"none; open to {reach} on {settings.host}")
    return Finding(True, "keys", f"{len(file.keys)} in {settings.api_keys_file}")


def _cache(path: Path) -> Finding:
    what = f"model cache {path}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        message = (
            f"not writable ({error.strerror}): models on disk serve, new ones cannot be fetched"
        )
        return Finding(False, what, message)
    free = shutil.disk_usage(path).free
    return Finding(True, what, f"writable, {free / 1e9:.1f} GB free")


def _model(core: Core, spec: ModelSpec) -> Finding:
    what = f"model {spec.name}"
    try:
        if core.store.locate(spec) is None:
            return Finding(False, what, f"not on disk; `lur pull {spec.name}` fetches it")
        faults = core.store.verify(spec)
    except ServiceError as error:
        return Finding(False, what, str(error))
    if faults:
        return Finding(
            False, what, f"damaged: {'; '.join(faults)}; `lur pull {spec.name}` mends it"
        )
    return Finding(True, what, f"on disk and intact, {core.store.bytes_on_disk(spec) / 1e6:.0f} MB")


def _converting(core: Core) -> Iterator[Finding]:
    """What fetching an absent model takes; nothing, if none is absent."""
    absent = [spec for spec in core.catalog.routed() if core.store.locate(spec) is None]
    if any(isinstance(spec.source, HubSource | DirectorySource) for spec in absent):
        good = importlib.util.find_spec("torch") is not None
        missing = "missing: pip install '.[convert]' in the checkout, or bring models along"
        message = "installed" if good else missing
        yield Finding(good, "torch, to convert", message)
    fetched = [spec for spec in absent if isinstance(spec.source, HubSource | ArchiveSource)]
    if fetched and core.settings.offline:
        yield Finding(False, "network", "offline mode is on and models are missing")
    if fetched:
        free = shutil.disk_usage(core.settings.model_cache).free
        message = (
            f"{free / 1e9:.1f} GB free of {CONVERTING_NEEDS_BYTES / 1e9:.0f} GB to convert with"
        )
        yield Finding(free >= CONVERTING_NEEDS_BYTES, "disk", message)
