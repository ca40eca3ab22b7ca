"""Who works a queue: workers, one a thread, in shifts that share an engine.

What a worker remembers of its last batch decides whether it waits for company; what it has in hand
is what the others may take over when its engine hangs. Plain data and what follows from it; knows
no threads (the queue holds its lock).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.batching.jobs import Job
from service.batching.turns import Turns, is_brief
from service.engines.base import Decoding, Output

__all__ = ["EndReason", "RunBatch", "Shift", "Worker"]

RunBatch = Callable[[Sequence[Sequence[str]], Decoding], list[Output]]

WAIT_SHARE = 0.05
"""What part of its last batch's time a worker waits for company at most. In a simulation of 32
clients on two workers, waiting for all of them brings a tenth more than waiting for none
(`benchmarks/simulation.py`); on busy cores they come back within some 30 ms of a batch's second."""

APART_SHARE, APART_S = 0.25, 5.0
"""A job that runs alone after its batch hung has this share of the batch's time, and no less than
so many seconds where the batch has them. Its neighbours wait behind it: with the default deadline,
twice a batch's time, two culprits in one batch leave them time enough. It is one job of a batch
that was meant to take less than all that time."""

EndReason = Literal["hang", "broken"]


def _always() -> bool:
    return True


@dataclass(slots=True, eq=False)
class Shift:
    """The workers that share one engine.

    Attributes:
        run: runs one batch; one output per source, in order.
        is_sound: whether the engine still does what it did at first; asked by a worker when an
            input has failed alone.
        end: why the engine is given up; its workers take nothing more from the queue.
        hung: those of them that hang in the engine.
    """

    run: RunBatch
    is_sound: Callable[[], bool] = _always
    end: EndReason | None = None
    hung: "set[Worker]" = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Worker:
    """One thread's place at the queue.

    Attributes:
        batch: what it took out last, as `Turns` knows it.
        parts: of that batch, what has still to be run; the last is next.
        part: what the engine has, or had and is not settled yet.
        inside: whether the engine has it now.
        busy: whether it has taken a batch and not come back for the next.
        started_s: since when, in seconds of `time.monotonic`.
        watched_s: how long, as the watch counts.
        dismissed: what it had in hand was taken over; whatever it comes back with is dropped.
        jobs: how many its last batch held.
        company: how many flows were in that or waited when it was done.
        only_brief: whether it held brief flows alone; then only these are company.
        wait_until_s: so long these may take to come back.
    """

    shift: Shift
    batch: list[Job] = field(default_factory=list)
    parts: list[list[Job]] = field(default_factory=list)
    part: list[Job] = field(default_factory=list)
    inside: bool = False
    busy: bool = False
    started_s: float = 0.0
    watched_s: float = 0.0
    dismissed: bool = False
    jobs: int = 0
    company: int = 0
    only_brief: bool = False
    wait_until_s: float = -math.inf

    def take(self, batch: list[Job], parts: list[list[Job]]) -> None:
        self.batch, self.parts, self.part = batch, parts, []

    def in_hand(self) -> list[Job]:
        """Returns what is not settled, the jobs that the engine has first."""
        return [*self.part, *(job for part in reversed(self.parts) for job in part)]

    def is_overdue(self, timeout_s: float) -> bool:
        """Whether the engine has had its part for longer than it may; 0 is no limit."""
        if not self.inside or not timeout_s:
            return False
        if self.part[0].apart:
            timeout_s = min(timeout_s, max(APART_SHARE * timeout_s, APART_S))
        return self.watched_s > timeout_s

    def misses_company(self, turns: Turns, max_batch_tokens: int) -> bool:
        """Whether flows that were here a moment ago are not back, and others do not make up."""
        if self.only_brief:
            return turns.brief_flows() < min(self.company, self.jobs)
        return (
            len(turns.flows) < self.company
            and turns.jobs < self.jobs
            and turns.tokens < max_batch_tokens
        )

    def remember(self, turns: Turns, now: float, took_s: float, batch_wait_s: float) -> None:
        """Remembers the batch that is done, for the next one's company."""
        self.jobs = len(self.batch)
        here = turns.flows.union(job.flow for job in self.batch)
        self.only_brief = turns.lean_jobs is not None and all(
            is_brief(job.flow) for job in self.batch
        )
        self.company = sum(map(is_brief, here)) if self.only_brief else len(here)
        self.wait_until_s = now + max(batch_wait_s, WAIT_SHARE * took_s)
