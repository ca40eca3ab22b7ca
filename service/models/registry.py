"""Which models are in memory, and who uses them.

A task takes a *lease*; while one lease lives, its model stays. The first lease loads the model,
once for any number of waiters; a load outlives the request that began it. Idle models leave after
a while, and earlier, least recently used first, when the memory budget needs it.

Lives on one event loop and therefore needs no lock. Knows neither disk nor engine: it is given a
loader and a clock. A coroutine holds at most one lease at a time, or two that wait for memory could
wait for each other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from service.errors import ModelNotReady, ModelUnavailable, ServiceError, ShuttingDown
from service.models.catalog import ModelSpec
from service.runner import Runner
from service.telemetry import metrics

__all__ = ["Clock", "Loader", "Loading", "ModelStatus", "Registry", "State"]

State = Literal["absent", "downloading", "converting", "on_disk", "loading", "ready", "failed"]

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0
"""A failed load is tried again after 5 s, then twice as long, at most 300 s."""

MAX_DOUBLINGS = 6
"""5 s doubled so often is more than 300 s; doubled without end it would overflow."""

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Time, so that a test can turn it by hand."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def time(self) -> float:
        """Seconds since the epoch."""

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""


class Loading(Protocol):
    """What a loader tells the registry while it works."""

    def report(self, state: State, progress: float | None) -> None:
        """Says how far the load is; from any thread."""

    async def reserve(self, size_bytes: int) -> None:
        """Returns when the budget has room for the weights; idle models may be unloaded.

        Raises:
            ModelUnavailable: the model alone is larger than the whole budget.
        """


Loader = Callable[[ModelSpec, Loading], Awaitable[Runner]]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as the registry sees it; `last_used` in seconds since the epoch."""

    spec: ModelSpec
    state: State
    progress: float | None
    bytes_in_memory: int
    leases: int
    last_used: float | None
    reason: str | None


@dataclass(slots=True, eq=False)
class Entry:
    """A model that somebody asked for at least once. Also the `Loading` of its own load."""

    spec: ModelSpec
    registry: "Registry"
    runner: Runner | None = None
    load: "asyncio.Task[Runner] | None" = None
    unload: "asyncio.Task[None] | None" = None
    state: State | None = None
    progress: float | None = None
    reserved_bytes: int = 0
    leases: int = 0
    waiters: int = 0
    last_used: float | None = None
    idle_since: float = 0.0
    leaving: bool = False
    failure: ModelUnavailable | None = None
    failures: int = 0
    retry_at: float = 0.0

    @property
    def evictable(self) -> bool:
        idle = not self.leases and not self.waiters
        return self.runner is not None and self.unload is None and idle

    @property
    def size_bytes(self) -> int:
        return self.runner.memory_bytes if self.runner else self.reserved_bytes

    def report(self, state: State, progress: float | None) -> None:
        self.state, self.progress = state, progress

    async def reserve(self, size_bytes: int) -> None:
        await self.registry.make_room(self, size_bytes)


@dataclass(slots=True)
class Registry:
    """The models in memory.

    Args:
        loader: makes a runner of a spec; its `ServiceError`s reach whoever waits.
        clock: the time.
        load_wait_s: how long a lease waits for a load before `ModelNotReady`.
        idle_unload_s: unload after so long without a lease; -1 never, 0 at once.
        memory_budget_bytes: room for weights; 0 is no limit.
    """

    loader: Loader
    clock: Clock
    load_wait_s: float
    idle_unload_s: float = -1.0
    memory_budget_bytes: int = 0
    _entries: dict[str, Entry] = field(default_factory=dict)
    _closing: bool = False
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def lease(self, specs: Sequence[ModelSpec]) -> AsyncIterator[Runner]:
        """Holds the first of `specs` that can be had; the others are spares.

        A spare is used only when the one before it is unavailable, not while it is on its way.

        Raises:
            ModelNotReady: the load goes on, longer than `load_wait_s`.
            ModelUnavailable: none can be had; the error is that of the first.
            ShuttingDown: the registry is closed.
        """
        async with self._held(await self._acquire(specs)) as runner:
            yield runner

    @asynccontextmanager
    async def spare(self, spec: ModelSpec, wait_s: float) -> AsyncIterator[Runner]:
        """Holds a model that is welcome but not needed, while another one is held.

        Under a memory budget only one that is in memory already: what waits for room here would
        drive out the model that is needed.

        Raises:
            ModelNotReady: it is not there within `wait_s`; the load goes on.
            ModelUnavailable: it cannot be had.
            ShuttingDown: the registry is closed.
        """
        entry = self._entry(spec)
        if self.memory_budget_bytes and entry.runner is None:
            raise ModelNotReady(spec.name, "not in memory", progress=None)
        async with self._held(await self._acquire_one(entry, wait_s)) as runner:
            yield runner

    @asynccontextmanager
    async def _held(self, entry: Entry) -> AsyncIterator[Runner]:
        runner = entry.runner
        assert runner is not None
        try:
            yield runner
        finally:
            self._release(entry)

    async def _acquire(self, specs: Sequence[ModelSpec]) -> Entry:
        first: ModelUnavailable | None = None
        for spec in specs:
            try:
                return await self._acquire_one(self._entry(spec), self.load_wait_s)
            except ModelUnavailable as error:
                first = first or error
        assert first is not None, "no model was named"
        raise first

    async def _acquire_one(self, entry: Entry, wait_s: float) -> Entry:
        if self._closing:
            raise ShuttingDown
        entry.waiters += 1
        try:
            while entry.runner is None:
                await self._loaded(entry, wait_s)
            entry.leases += 1
            entry.last_used = self.clock.time()
            return entry
        finally:
            entry.waiters -= 1

    async def _loaded(self, entry: Entry, wait_s: float) -> None:
        """Waits until the entry's load, begun here if need be, has ended well."""
        task = self._begin(entry)
        timer = asyncio.ensure_future(self.clock.sleep(wait_s))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if not task.done():
            raise ModelNotReady(entry.spec.name, entry.state or "loading", progress=entry.progress)
        if task.cancelled():
            raise ShuttingDown
        if error := task.exception():
            raise error

    def _begin(self, entry: Entry) -> "asyncio.Task[Runner]":
        if self._closing:
            raise ShuttingDown
        if entry.load is None:
            if entry.failure and (left := entry.retry_at - self.clock.monotonic()) > 0:
                raise ModelUnavailable(
                    entry.spec.name, entry.failure.reason, retry_after_s=left
                ) from entry.failure
            entry.load = asyncio.create_task(self._load(entry), name=f"load-{entry.spec.name}")
            # Whoever asks later meets the failure again; perhaps nobody waits for it now.
            entry.load.add_done_callback(lambda t: t.cancelled() or t.exception())
        return entry.load

    async def _load(self, entry: Entry) -> Runner:
        """Loads and records how it went; every failure ends as a `ServiceError`."""
        name, began = entry.spec.name, self.clock.monotonic()
        entry.report("loading", None)
        outcome = "failed"
        try:
            if entry.unload is not None:
                await asyncio.shield(entry.unload)
            entry.runner = await self.loader(entry.spec, entry)
            outcome, entry.failure, entry.failures = "done", None, 0
            entry.idle_since = self.clock.monotonic()
            return entry.runner
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except ModelUnavailable as error:
            self._failed(entry, error)
            raise
        except ServiceError:
            raise
        except Exception as error:  # the loader's boundary: it must not be tried at every request
            failure = ModelUnavailable(name, f"it cannot be loaded: {error!r}")
            failure.__cause__ = error
            self._failed(entry, failure)
            raise failure from error
        finally:
            entry.load, entry.state, entry.progress = None, None, None
            entry.reserved_bytes = 0
            metrics.LOADS.labels(name, outcome).inc()
            metrics.LOAD_SECONDS.labels(name).observe(self.clock.monotonic() - began)
            self._changed()

    def _failed(self, entry: Entry, error: ModelUnavailable) -> None:
        delay = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(entry.failures, MAX_DOUBLINGS))
        entry.failures += 1
        entry.failure, entry.retry_at = error, self.clock.monotonic() + delay
        error.retry_after_s = delay
        _log.warning(
            "model_load_failed",
            extra={"model": entry.spec.name, "reason": error.reason, "retry_after_s": delay},
            exc_info=error.__cause__,
        )

    def _release(self, entry: Entry) -> None:
        entry.leases -= 1
        now = self.clock.monotonic()
        entry.last_used, entry.idle_since = self.clock.time(), now
        if entry.evictable and (entry.leaving or self.idle_unload_s == 0):
            self._unload(entry)
        self._freed.set()

    async def make_room(self, entry: Entry, size_bytes: int) -> None:
        """See `Loading.reserve`."""
        budget = self.memory_budget_bytes
        if budget and size_bytes > budget:
            raise ModelUnavailable(
                entry.spec.name,
                f"it needs {size_bytes} bytes of memory, the budget is {budget}",
            )
        while budget and self._used_bytes(beside=entry) + size_bytes > budget:
            idle = [e for e in self._entries.values() if e.evictable]
            if idle:
                await asyncio.shield(self._unload(min(idle, key=lambda e: e.idle_since)))
            else:
                self._freed.clear()
                await self._freed.wait()
        entry.reserved_bytes = size_bytes

    def _used_bytes(self, beside: Entry) -> int:
        return sum(e.size_bytes for e in self._entries.values() if e is not beside)

    def _unload(self, entry: Entry) -> "asyncio.Task[None]":
        """Takes the runner out at once; the task ends when its memory is free."""
        runner, entry.runner, entry.leaving = entry.runner, None, False
        assert runner is not None, "unloaded twice"
        entry.reserved_bytes = runner.memory_bytes
        entry.unload = asyncio.create_task(
            self._end(entry, runner), name=f"unload-{entry.spec.name}"
        )
        return entry.unload

    async def _end(self, entry: Entry, runner: Runner) -> None:
        try:
            await runner.close()
        finally:
            entry.unload, entry.reserved_bytes = None, 0
            self._changed()

    def _changed(self) -> None:
        resident = [e.runner for e in self._entries.values() if e.runner is not None]
        metrics.RESIDENT_MODELS.set(len(resident))
        metrics.RESIDENT_BYTES.set(sum(runner.memory_bytes for runner in resident))
        self._freed.set()

    def _entry(self, spec: ModelSpec) -> Entry:
        return self._entries.setdefault(spec.name, Entry(spec, self))

    def begin_load(self, spec: ModelSpec) -> None:
        """Starts loading and returns at once; a failure that waits for its retry is tried now.

        Raises:
            ShuttingDown: the registry is closed.
        """
        entry = self._entry(spec)
        entry.leaving, entry.retry_at = False, 0.0
        if entry.runner is None:
            self._begin(entry)

    def begin_unload(self, spec: ModelSpec) -> None:
        """Unloads the model as soon as nobody leases it; new leases load it again."""
        entry = self._entries.get(spec.name)
        if entry is None or entry.runner is None:
            return
        if entry.evictable:
            self._unload(entry)
        else:
            entry.leaving = True

    def status(self, spec: ModelSpec) -> ModelStatus:
        """Returns how a model stands in memory; of the disk it says nothing (`absent`)."""
        e = self._entries.get(spec.name)
        if e is None:
            return ModelStatus(spec, "absent", None, 0, 0, None, None)
        state: State = "absent"
        if e.load is not None:
            state = e.state or "loading"
        elif e.runner is not None:
            state = "ready"
        elif e.failure is not None:
            state = "failed"
        return ModelStatus(
            spec,
            state,
            e.progress if e.load is not None else None,
            e.runner.memory_bytes if e.runner is not None else 0,
            e.leases,
            e.last_used,
            e.failure.reason if e.failure is not None and e.runner is None else None,
        )

    def full_queues(self) -> list[str]:
        """Returns the names of the models whose queue takes no more."""
        entries = self._entries.items()
        return sorted(name for name, e in entries if e.runner is not None and e.runner.is_full)

    async def unload_idle(self) -> None:
        """Unloads what has been idle for `idle_unload_s`, again and again, until cancelled."""
        if self.idle_unload_s < 0:
            return
        while True:
            await self.clock.sleep(max(1.0, self.idle_unload_s / 4))
            now = self.clock.monotonic()
            for entry in list(self._entries.values()):
                if entry.evictable and now - entry.idle_since >= self.idle_unload_s:
                    await asyncio.shield(self._unload(entry))

    async def close(self) -> None:
        """Refuses new leases, gives up loads and ends every runner after its accepted jobs."""
        self._closing = True
        loads = [e.load for e in self._entries.values() if e.load is not None]
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for entry in self._entries.values():
            if entry.runner is not None:
                self._unload(entry)
        await asyncio.gather(*(e.unload for e in self._entries.values() if e.unload is not None))
