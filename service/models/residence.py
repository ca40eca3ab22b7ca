"""What the registry keeps of a model: the load on its way, the runner in memory, the one leaving.

Plain data and what follows from it. Decides nothing, begins nothing, knows no budget and no clock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from service.models.backoff import Backoff
from service.models.catalog import ModelSpec
from service.runner import Runner

__all__ = ["Entry", "Load", "Loader", "Loading", "ModelStatus", "Resident", "State"]

State = Literal["absent", "downloading", "converting", "on_disk", "loading", "ready", "failed"]


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
    """One model as the registry sees it.

    Attributes:
        last_used: in seconds since the epoch; to be read, nothing is decided by it.
        reason: why it cannot be had, where its last load failed or its runner is in trouble.
        retry_after_s: how long that load is not tried again, where it failed.
    """

    spec: ModelSpec
    state: State
    progress: float | None
    bytes_in_memory: int
    leases: int
    last_used: float | None
    reason: str | None
    retry_after_s: float | None = None


@dataclass(slots=True, eq=False)
class Resident:
    """A runner in memory, who uses it, and since when nobody does (monotonic, in seconds)."""

    entry: "Entry"
    runner: Runner
    idle_since: float
    leases: int = 0


@dataclass(slots=True, eq=False)
class Load:
    """One load on its way; the `Loading` that its loader is given."""

    entry: "Entry"
    make_room: Callable[["Load", int], Awaitable[None]]
    task: "asyncio.Task[None]" = field(init=False)
    state: State = "loading"
    progress: float | None = None
    reserved_bytes: int = 0

    def report(self, state: State, progress: float | None) -> None:
        self.state, self.progress = state, progress

    async def reserve(self, size_bytes: int) -> None:
        await self.make_room(self, size_bytes)


@dataclass(slots=True, eq=False)
class Entry:
    """A model that somebody asked for at least once.

    Attributes:
        resident: its runner in memory.
        load: on its way to become that.
        departure: ends when a runner that has been taken out is closed and its memory free.
        departing_bytes: which that runner still takes.
        waiters: who waits for a lease.
        leaving: to be unloaded as soon as nobody leases it or waits for it.
        stays: not to be unloaded while it is idle.
        lost: its runner died, and it has neither been loaded since nor was it to leave.
    """

    spec: ModelSpec
    resident: Resident | None = None
    load: Load | None = None
    departure: "asyncio.Task[None] | None" = None
    departing_bytes: int = 0
    waiters: int = 0
    leaving: bool = False
    stays: bool = False
    lost: bool = False
    last_used: float | None = None
    backoff: Backoff = field(default_factory=Backoff)

    @property
    def evictable(self) -> bool:
        """Whether it is in memory and nobody uses it or is about to."""
        return self.resident is not None and not self.resident.leases and not self.waiters

    @property
    def kept_bytes(self) -> int:
        """Memory that it takes and will not give back by itself."""
        resident = self.resident.runner.memory_bytes if self.resident is not None else 0
        return resident + (self.load.reserved_bytes if self.load is not None else 0)

    def status(self, now: float) -> ModelStatus:
        """Returns how it stands in memory; `now` is monotonic."""
        state: State = "absent"
        failure = self.backoff.failure
        reason = failure.reason if failure is not None else None
        progress: float | None = None
        retry_after_s: float | None = None
        if self.resident is not None:
            reason = self.resident.runner.trouble
            state = "ready" if reason is None else "failed"
        elif self.load is not None:
            state, progress = self.load.state, self.load.progress
        elif failure is not None:
            state, retry_after_s = "failed", self.backoff.left_s(now)
        return ModelStatus(
            self.spec,
            state,
            progress,
            self.resident.runner.memory_bytes if self.resident is not None else 0,
            self.resident.leases if self.resident is not None else 0,
            self.last_used,
            reason,
            retry_after_s,
        )
