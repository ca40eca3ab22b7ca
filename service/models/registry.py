"""Which models are in memory, and who uses them.

A task takes a *lease*; while one lease lives, its model stays. The first lease loads the model,
once for any number of waiters; a load outlives the request that began it. Idle models leave after
a while, and earlier, least recently used first, when the memory budget needs it.

What is decided by time is decided by the monotonic clock alone: the machine's wall clock may jump.

Lives on one event loop and therefore needs no lock. Knows neither disk nor engine: it is given a
loader and a clock. A coroutine holds at most one lease at a time, or two that wait for memory could
wait for each other.
"""

import asyncio
import logging
import math
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from service.errors import ModelNotReady, ModelUnavailable, ServiceError, ShuttingDown
from service.models.catalog import ModelSpec
from service.models.residence import Entry, Load, Loader, Loading, ModelStatus, Resident, State
from service.runner import Runner
from service.telemetry import metrics

__all__ = ["Clock", "Loader", "Loading", "ModelStatus", "Registry", "State"]

Why = Literal["asked", "idle", "budget", "dead", "closing"]
"""Why a model leaves the memory."""

CLOSE_S = 5.0
"""So long `close` waits for batches whose results nobody wants any more, to free their memory."""

LOOK_S = 5.0
"""How often idle and dead models are looked for, at least."""

REPORT_S = 0.25
"""How often who waits for a load is told how far it is, at most."""

Heard = Callable[[ModelStatus], None]

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Time, so that a test can turn it by hand."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def time(self) -> float:
        """Seconds since the epoch; may jump."""

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""


@dataclass(slots=True)
class Registry:
    """The models in memory.

    Args:
        loader: makes a runner of a spec; its `ServiceError`s reach whoever waits.
        clock: the time.
        load_wait_s: how long a lease waits for a load before `ModelNotReady`.
        idle_unload_s: unload after so long without a lease; -1 never, 0 at once.
        memory_budget_bytes: room for weights; 0 is no limit.
        chance: uniform in 0..1, for the delays after failed loads.
    """

    loader: Loader
    clock: Clock
    load_wait_s: float
    idle_unload_s: float = -1.0
    memory_budget_bytes: int = 0
    chance: Callable[[], float] = random.random
    _entries: dict[str, Entry] = field(default_factory=dict)
    _closing: bool = False
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def lease(
        self,
        specs: Sequence[ModelSpec],
        *,
        wait_s: float | None = None,
        heard: Heard | None = None,
    ) -> AsyncIterator[Runner]:
        """Holds the first of `specs` that can be had; the others are spares.

        A spare is used only when the one before it is unavailable, not while it is on its way.

        Args:
            wait_s: how long to wait for a load, instead of `load_wait_s`.
            heard: told how far the load is, and of its end; never, if there is nothing to wait for.

        Raises:
            ModelNotReady: the load goes on, longer than that.
            ModelUnavailable: none can be had; the error is that of the first.
            ShuttingDown: the registry is closed.
        """
        wait_s = self.load_wait_s if wait_s is None else wait_s
        async with self._held(await self._acquire(specs, wait_s, heard)) as runner:
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
        if self.memory_budget_bytes and entry.resident is None:
            raise ModelNotReady(spec.name, "not in memory", progress=None)
        async with self._held(await self._acquire_one(entry, wait_s)) as runner:
            yield runner

    async def make_ready(self, specs: Sequence[ModelSpec]) -> None:
        """Returns when the first of `specs` that can be had is in memory, however long it takes.

        That one stays while it is idle, until it is unloaded by hand; it makes room last.

        Raises:
            ModelUnavailable: none can be had now; the error is that of the first.
            ShuttingDown: the registry is closed.
        """
        resident = await self._acquire(specs, math.inf)
        async with self._held(resident):
            resident.entry.stays = True

    @asynccontextmanager
    async def _held(self, resident: Resident) -> AsyncIterator[Runner]:
        try:
            yield resident.runner
        finally:
            self._release(resident)

    async def _acquire(
        self, specs: Sequence[ModelSpec], wait_s: float, heard: Heard | None = None
    ) -> Resident:
        first: ModelUnavailable | None = None
        for spec in specs:
            try:
                return await self._acquire_one(self._entry(spec), wait_s, heard)
            except ModelUnavailable as error:
                first = first or error
        assert first is not None, "no model was named"
        raise first

    async def _acquire_one(
        self, entry: Entry, wait_s: float, heard: Heard | None = None
    ) -> Resident:
        if self._closing:
            raise ShuttingDown
        until = self.clock.monotonic() + wait_s
        entry.waiters += 1
        try:
            while (resident := self._usable(entry)) is None:
                await self._loaded(entry, until - self.clock.monotonic(), heard)
            resident.leases += 1
            entry.last_used = self.clock.time()
            return resident
        finally:
            entry.waiters -= 1
            self._settle(entry)

    def _usable(self, entry: Entry) -> Resident | None:
        """Returns what can be leased; what is dead is taken out, whoever still leases it."""
        if entry.resident is not None and entry.resident.runner.is_dead:
            entry.lost = not entry.leaving
            self._unload(entry, "dead")
        return entry.resident

    async def _report(self, entry: Entry, heard: Heard) -> None:
        """Tells how far a load is whenever that has changed, until cancelled."""
        said: tuple[State, float | None] | None = None
        while True:
            status = entry.status(self.clock.monotonic())
            if (status.state, status.progress) != said:
                said = status.state, status.progress
                heard(status)
            await self.clock.sleep(REPORT_S)

    async def _loaded(self, entry: Entry, wait_s: float, heard: Heard | None) -> None:
        """Waits until the entry's load, begun here if need be, has ended well or been called off.

        Raises:
            ModelNotReady: that takes longer than `wait_s`.
            ServiceError: the load failed, or is not to be tried yet.
        """
        load = self._begin(entry)
        timer = asyncio.ensure_future(self.clock.sleep(max(0.0, wait_s)))
        reports = asyncio.ensure_future(self._report(entry, heard)) if heard else None
        try:
            await asyncio.wait({load.task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            if reports is not None:
                reports.cancel()
        if not load.task.done():
            raise ModelNotReady(entry.spec.name, load.state, progress=load.progress)
        if load.task.cancelled():
            if self._closing:
                raise ShuttingDown
        elif error := load.task.exception():
            raise error
        elif heard is not None and entry.resident is not None:
            heard(entry.status(self.clock.monotonic()))

    def _begin(self, entry: Entry) -> Load:
        """Returns the load on its way, begun now if there is none or it has been called off."""
        if self._closing:
            raise ShuttingDown
        before = entry.load
        if before is not None and not before.task.done() and not before.task.cancelling():
            return before
        failure, left_s = entry.backoff.failure, entry.backoff.left_s(self.clock.monotonic())
        if failure is not None and left_s > 0:
            raise ModelUnavailable(
                entry.spec.name, failure.reason, retry_after_s=left_s
            ) from failure
        entry.load = load = Load(entry, self._make_room)
        load.task = asyncio.create_task(self._load(load, before), name=f"load-{entry.spec.name}")
        began = self.clock.monotonic()
        # Not at the end of `_load`: a task that is cancelled before it began never gets there.
        load.task.add_done_callback(lambda _: self._load_ended(load, began))
        return load

    async def _load(self, load: Load, before: Load | None) -> None:
        """Loads once what is still leaving has left; every failure ends as a `ServiceError`."""
        entry = load.entry
        if before is not None:
            await asyncio.wait({before.task})
        if entry.departure is not None:
            await asyncio.wait({entry.departure})
        if entry.resident is not None:  # of the load before, whose loader would not be stopped
            return
        try:
            runner = await self.loader(entry.spec, load)
        except ModelUnavailable as error:
            self._failed(entry, error)
            raise
        except ServiceError:
            raise
        except Exception as error:  # the loader's boundary: it must not be tried at every request
            failure = ModelUnavailable(entry.spec.name, f"it cannot be loaded: {error!r}")
            failure.__cause__ = error
            self._failed(entry, failure)
            raise failure from error
        entry.backoff.succeeded()
        entry.lost = False
        load.reserved_bytes = 0
        entry.resident = Resident(entry, runner, self.clock.monotonic())

    def _load_ended(self, load: Load, began: float) -> None:
        entry, task = load.entry, load.task
        outcome = "cancelled" if task.cancelled() else "failed" if task.exception() else "done"
        metrics.LOADS.labels(entry.spec.name, outcome).inc()
        metrics.LOAD_SECONDS.labels(entry.spec.name).observe(self.clock.monotonic() - began)
        if entry.load is load:
            entry.load = None
            entry.leaving = entry.leaving and entry.resident is not None
        self._settle(entry)
        self._changed()

    def _failed(self, entry: Entry, error: ModelUnavailable) -> None:
        delay = entry.backoff.failed(error, self.clock.monotonic(), self.chance())
        _log.warning(
            "model_load_failed",
            extra={
                "model": entry.spec.name,
                "reason": error.reason,
                "retry_after_s": round(delay, 1),
            },
            exc_info=error.__cause__,
        )

    def _release(self, resident: Resident) -> None:
        resident.leases -= 1
        entry = resident.entry
        entry.last_used, resident.idle_since = self.clock.time(), self.clock.monotonic()
        if entry.resident is resident and self.idle_unload_s == 0 and self._is_idle(entry):
            self._unload(entry, "idle")
        self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        """Lets a model that is to leave go, if nobody needs it now; tells who waits for memory."""
        if entry.evictable:
            if entry.leaving:
                self._unload(entry, "asked")
            self._freed.set()

    async def _make_room(self, load: Load, size_bytes: int) -> None:
        """See `Loading.reserve`."""
        budget = self.memory_budget_bytes
        if budget and size_bytes > budget:
            raise ModelUnavailable(
                load.entry.spec.name,
                f"it needs {size_bytes} bytes of memory, the budget is {budget}",
            )
        while budget and self._bytes(kept=True, leaving=True) + size_bytes > budget:
            residents = map(self._usable, self._entries.values())
            idle = [r for r in residents if r is not None and r.entry.evictable]
            if idle and self._bytes(kept=True, leaving=False) + size_bytes > budget:
                first = min(idle, key=lambda resident: (resident.entry.stays, resident.idle_since))
                self._unload(first.entry, "budget")
            self._freed.clear()
            await self._freed.wait()
        load.reserved_bytes = size_bytes

    def _bytes(self, *, kept: bool, leaving: bool) -> int:
        return sum(
            entry.kept_bytes * kept + entry.departing_bytes * leaving
            for entry in self._entries.values()
        )

    def _unload(self, entry: Entry, why: Why) -> None:
        """Takes the runner out at once; its memory is free when `entry.departure` ends."""
        resident, entry.resident, entry.leaving = entry.resident, None, False
        assert resident is not None, "unloaded twice"
        entry.departing_bytes = resident.runner.memory_bytes
        entry.departure = asyncio.create_task(
            self._end(entry, resident.runner), name=f"unload-{entry.spec.name}"
        )
        metrics.UNLOADS.labels(entry.spec.name, why).inc()
        _log.info("model_unloaded", extra={"model": entry.spec.name, "why": why})

    async def _end(self, entry: Entry, runner: Runner) -> None:
        try:
            await runner.close()
        finally:
            entry.departure, entry.departing_bytes = None, 0
            self._changed()

    def _changed(self) -> None:
        resident = [e.resident.runner for e in self._entries.values() if e.resident is not None]
        metrics.RESIDENT_MODELS.set(len(resident))
        metrics.RESIDENT_BYTES.set(sum(runner.memory_bytes for runner in resident))
        self._freed.set()

    def _entry(self, spec: ModelSpec) -> Entry:
        return self._entries.setdefault(spec.name, Entry(spec))

    def begin_load(self, spec: ModelSpec) -> None:
        """Starts loading and returns at once; a failure that waits for its retry is tried now.

        An unload that has not begun is taken back.

        Raises:
            ShuttingDown: the registry is closed.
        """
        entry = self._entry(spec)
        entry.leaving = False
        entry.backoff.waive()
        if entry.resident is None:
            self._begin(entry)

    def begin_unload(self, spec: ModelSpec) -> None:
        """Unloads the model as soon as nobody leases it or waits for it; new leases load it again.

        A load on its way that nobody waits for is called off, unless its engine is being built:
        that cannot be stopped, so the model leaves when it is there.
        """
        entry = self._entries.get(spec.name)
        if entry is None:
            return
        entry.lost = entry.stays = False
        if entry.resident is not None:
            entry.leaving = True
            self._settle(entry)
        elif entry.load is not None:
            if entry.waiters or entry.load.reserved_bytes:
                entry.leaving = True
            else:
                entry.load.task.cancel()

    def status(self, spec: ModelSpec) -> ModelStatus:
        """Returns how a model stands in memory; of the disk it says nothing (`absent`)."""
        entry = self._entries.get(spec.name, Entry(spec))
        return entry.status(self.clock.monotonic())

    def full_queues(self) -> list[str]:
        """Returns the names of the models whose queue takes no more."""
        return sorted(
            entry.spec.name
            for entry in self._entries.values()
            if entry.resident is not None and entry.resident.runner.is_full
        )

    def troubles(self) -> dict[str, str]:
        """Returns why models in memory cannot serve, by name; see `Runner.trouble`."""
        residents = (entry.resident for entry in self._entries.values())
        return {
            resident.entry.spec.name: resident.runner.trouble
            for resident in residents
            if resident is not None and resident.runner.trouble is not None
        }

    async def look_after(self) -> None:
        """Looks after what is in memory, again and again, until cancelled.

        Unloads what has been idle for `idle_unload_s`. Loads anew what is dead, until that has
        gone well: a service that says it is not ready may get no request that would do so.
        """
        idle_s = self.idle_unload_s if self.idle_unload_s >= 0 else math.inf
        pause_s = min(LOOK_S, max(1.0, idle_s / 4))
        while True:
            await self.clock.sleep(pause_s)
            if self._closing:
                return
            for entry in self._entries.values():
                if self._usable(entry) is None:
                    if self._is_to_come_back(entry):
                        self._begin(entry)
                elif self._is_idle(entry):
                    self._unload(entry, "idle")

    def _is_to_come_back(self, entry: Entry) -> bool:
        waits = entry.backoff.left_s(self.clock.monotonic()) > 0
        return entry.lost and entry.load is None and not waits

    def _is_idle(self, entry: Entry) -> bool:
        if entry.resident is None or not entry.evictable or self.idle_unload_s < 0 or entry.stays:
            return False
        return self.clock.monotonic() - entry.resident.idle_since >= self.idle_unload_s

    async def close(self) -> None:
        """Refuses new leases, gives up loads and ends every runner after its accepted jobs.

        Returns after `CLOSE_S` at the latest: whoever waited for a job has given up before.
        """
        self._closing = True
        loads = [e.load.task for e in self._entries.values() if e.load is not None]
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for entry in self._entries.values():
            if entry.resident is not None:
                self._unload(entry, "closing")
        departures = [e.departure for e in self._entries.values() if e.departure is not None]
        if departures:
            _, left = await asyncio.wait(departures, timeout=CLOSE_S)
            if left:  # their engines hang
                _log.error("runners_left_behind", extra={"runners": len(left)})
