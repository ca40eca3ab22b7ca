"""Finds out what is missing before a user does: when asked, and in part at every start."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.access import keys_of
from service.core import Core
from service.errors import ServiceError
from service.machine import memory_limit_bytes
from service.models.catalog import ArchiveSource, DirectorySource, HubSource, ModelSpec
from service.settings import Settings, SettingsError

__all__ = ["Finding", "at_start", "examine", "memory"]

CONVERTING_NEEDS_BYTES = 4_000_000_000
"""Free disk for the largest built-in model: its download, its conversion, and some room."""

SERVICE_BYTES = 62_000_000
"""Memory of the idle service."""

MOST_TO_WORK_BYTES = 130_000_000
"""Memory that a model works in: about as much as its weights, and of large ones not more than this
(`docs/running.md`, "Sizing")."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; a bad one's message says what to do."""

    good: bool
    what: str
    message: str


def examine(core: Core) -> list[Finding]:
    """Looks at Python, keys, cache, memory, disk and each model of the profile. Asks nobody."""
    return [
        _python(),
        _keys(core.settings),
        _cache(core.settings.model_cache),
        memory(core, memory_limit_bytes()),
        *(_model(core, spec) for spec in core.catalog.routed()),
        *_converting(core, _absent(core)),
    ]


def at_start(core: Core) -> list[Finding]:
    """Logs what would end in the kernel's killing the process or in models that cannot be had.

    Reads no model, so that a start takes no longer, and asks nobody.

    Returns:
        What it has logged, each as a warning `start_in_doubt`.
    """
    looked_at = [memory(core, memory_limit_bytes())]
    if absent := _absent(core):
        looked_at += [_cache(core.settings.model_cache), *_converting(core, absent)]
    found = [finding for finding in looked_at if not finding.good]
    for finding in found:
        _log.warning("start_in_doubt", extra={"what": finding.what, "reason": finding.message})
    return found


def memory(core: Core, limit_bytes: int | None) -> Finding:
    """Compares what the profile's models on disk need in memory with what there is.

    Args:
        core: whose models; what is not on disk has no known size, and is not counted.
        limit_bytes: what this process may take; None where that is not known.
    """
    files = [core.store.locate(spec) for spec in core.catalog.routed()]
    sizes = [found.bytes_on_disk for found in files if found is not None]
    budget = core.settings.memory_budget_bytes
    needed = SERVICE_BYTES + _in_use_bytes(sizes, budget)
    said = f"the models on disk need about {needed / 1e6:.0f} MB with the service"
    if limit_bytes is None:
        return Finding(True, "memory", f"{said}; how much there is, is not known")
    said += f", and this process may take {limit_bytes / 1e6:.0f} MB"
    if needed <= limit_bytes:
        return Finding(True, "memory", said)
    remedy = "raise the container's limit"
    if core.settings.profile != "bundled":  # the smallest
        remedy += ", or set LUR_PROFILE to a smaller profile"
    smaller = max(0, limit_bytes - SERVICE_BYTES) // 2
    if len(sizes) > 1 and smaller >= max(sizes) and not 0 < budget <= smaller:
        remedy += (
            f", or LUR_MEMORY_BUDGET_BYTES={smaller} so that fewer models are in memory at once: "
            "one in use stays, and while it is busy requests for another wait, then get 503"
        )
    return Finding(False, "memory", f"{said}: the kernel may end it (exit code 137); {remedy}")


def _in_use_bytes(sizes: Sequence[int], budget: int) -> int:
    """Weights and what they work in; under a budget, of so much of them as it lets in at once."""
    rooms = [size + min(size, MOST_TO_WORK_BYTES) for size in sizes]
    if not budget or sum(sizes) <= budget:
        return sum(rooms)
    return max(*rooms, sum(rooms) * budget // sum(sizes))


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
    there = _nearest(path)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        message = (
            f"not writable ({error.strerror}): models on disk serve, new ones cannot be fetched; "
            "mount a volume there that this user may write, or name another in LUR_MODEL_CACHE"
        )
        return Finding(False, what, message)
    free = shutil.disk_usage(there).free
    return Finding(True, what, f"writable, {free / 1e9:.1f} GB free")


def _nearest(path: Path) -> Path:
    """Returns the path, or the nearest one above it that is there: looking makes nothing."""
    path = path.absolute()
    return next(above for above in (path, *path.parents) if above.exists())


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


def _absent(core: Core) -> list[ModelSpec]:
    return [spec for spec in core.catalog.routed() if core.store.locate(spec) is None]


def _converting(core: Core, absent: Sequence[ModelSpec]) -> Iterator[Finding]:
    """What fetching an absent model takes; nothing, if none is absent."""
    if any(isinstance(spec.source, HubSource | DirectorySource) for spec in absent):
        lacking = core.store.converting_lacks
        message = f"{lacking}, or bring models along" if lacking else "installed"
        yield Finding(lacking is None, "torch, to convert", message)
    fetched = [spec for spec in absent if isinstance(spec.source, HubSource | ArchiveSource)]
    if fetched and core.settings.offline:
        names = ", ".join(spec.name for spec in fetched)
        yield Finding(
            False,
            "network",
            f"offline mode is on and models are missing: {names}; LUR_OFFLINE=0 has them fetched",
        )
    if fetched:
        free = shutil.disk_usage(_nearest(core.settings.model_cache)).free
        message = (
            f"{free / 1e9:.1f} GB free of {CONVERTING_NEEDS_BYTES / 1e9:.0f} GB to convert with"
        )
        yield Finding(free >= CONVERTING_NEEDS_BYTES, "disk", message)
