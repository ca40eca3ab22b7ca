"""Which of the waiting jobs run next: fair between requests, then alike in length.

Each flow (one request) has a virtual time: the tokens it has been served. The flow that is furthest
behind has the turn, and its oldest job is in the next batch. Jobs of the same decoding and similar
length fill that batch, and their flows are charged for it as well. Turns belong to flows, so it
does not matter which decodings they want.

A flow may want its first results early. Its batches begin with its first job and look ahead ever
further; of its decodings the one goes on that has the job with the lowest place. While the first
one runs the flow is held back, or another worker would take from it half of the memory's speed.
What it is served counts as ever, so nobody gets more for wanting it in order.

A flow that comes begins at the virtual time of the queue. With each batch that moves on by what a
flow with work enough would have got of it, had the flows been served in equal shares (processor
sharing, as in Parekh and Gallager 1993; shares are max-min fair). So whoever comes later begins
further ahead, and newcomers cannot keep an older flow waiting however many they are. It moves on
when the batch is done, and who comes during a batch counts as if it had been there from the start:
an article that is alone owes the next sentence a turn, which so waits for one batch of it.

Several batches may run at once, one in each worker. What a flow has in them counts as served when
its turn is looked for, and becomes virtual time when its batch is done.

What a flow owes the others, because there was room for it in their batches, is forgiven beyond one
batch B (the budget, or the longest job if that is longer), and so is what it is owed. The bound
that follows: between two services of a flow that waits at most `4 * n * B` tokens of others are
served, where n is the most flows that wait or are served at once, itself included, and `2 * B` more
for each worker beside the first, whose batches were begun before. For it is at most B ahead of the
queue, and each batch of w tokens moves the queue on by w/n or more. So after nB tokens the queue
has come up to it, and newcomers begin behind it, but for a head start of B at most; after nB more
the queue is B past it, and then forgiving leaves each of the n - 1 others one turn before it; a
head start leaves newcomers none after nB more. As a turn is the oldest job's, none waits for ever.

A request of a few sentences is brief. It has a head start, and while such come long ones leave room
for them: the last worker that is not in a long batch takes only a small one of long flows, and a
brief flow's batch holds brief ones alone. So a sentence waits for a batch of a few sentences, not
for one of a whole article.

Knows no threads (the caller holds its lock) and runs nothing.
"""

import heapq
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from service.batching.jobs import WINDOW_JOBS, Flow, Job
from service.engines.base import Decoding

__all__ = ["Turns"]

Lane = dict[Flow, list[Job]]
"""The jobs of one decoding by flow; flows and jobs in the order in which they came."""

BRIEF_TOKENS = 128
"""A flow of so many tokens altogether, some four sentences, is brief."""

HEAD_START_TOKENS = 256
"""So far before the others a brief flow begins: it goes before long ones that are no further behind
than that, and costs them little."""

REMEMBERED_TAKES = 8
"""So many batches a worker after a brief flow came, another is expected."""

AHEAD_GROWTH = 8
"""How much further a batch looks in a flow that begins with its first job. A step of a batch costs
as much as four jobs before it has any (`Pace`): with eight, twelve sentences are three batches on
two workers, and with four they are four, the last one of a single job."""


def turn(flow: Flow) -> float:
    """Returns the virtual time that `flow` will have when its batches are done."""
    return flow.virtual_time + flow.running_tokens


def is_brief(flow: Flow) -> bool:
    """Whether all that `flow` has submitted is a few sentences."""
    return flow.all_tokens <= BRIEF_TOKENS


@dataclass(frozen=True, slots=True)
class Running:
    """A batch that runs, what waited when it was taken, and whether others should not wait for it.

    It holds the batch, so that no other has its `id`.
    """

    batch: list[Job]
    sharing: dict[Flow, int]
    is_long: bool


class Turns:
    """The waiting jobs of one queue.

    Args:
        max_batch_tokens: budget of one batch: jobs times the longest source. A job that alone
            exceeds it runs alone.
        lean_jobs: how many jobs small batches have; None makes no difference between brief and
            long.

    Attributes:
        workers: how many batches may run at once.
        lean_jobs: as given; may change.
        jobs: how many wait, cancelled ones included until they are dropped.
        tokens: of these jobs.
        flows: whose jobs these are.
    """

    def __init__(self, max_batch_tokens: int, lean_jobs: int | None = None) -> None:
        self.workers = 1
        self.jobs = 0
        self.tokens = 0
        self.flows: set[Flow] = set()
        self._max_batch_tokens = max_batch_tokens
        self._forgiven = max_batch_tokens
        self._lanes: dict[Decoding, Lane] = {}
        self._virtual_time = 0.0
        self.lean_jobs = lean_jobs
        self._head_start = 0 if lean_jobs is None else min(HEAD_START_TOKENS, max_batch_tokens)
        self._running: dict[int, Running] = {}
        self._held: set[Flow] = set()
        self._brief_expected = 0

    def add(self, jobs: Sequence[Job]) -> None:
        """Lets jobs of one flow wait."""
        flow = jobs[0].flow
        tokens = sum(job.tokens for job in jobs)
        flow.waiting_tokens += tokens
        flow.all_tokens += tokens
        self.jobs += len(jobs)
        self.tokens += tokens
        self._forgiven = max(self._forgiven, *(job.tokens for job in jobs))
        if is_brief(flow):
            self._brief_expected = REMEMBERED_TAKES * self.workers
        if flow not in self.flows:
            self.flows.add(flow)
            now = self._virtual_time
            start = now - self._head_start if is_brief(flow) else now
            flow.virtual_time = min(max(flow.virtual_time, start), now + self._forgiven)
        for job in jobs:
            self._lanes.setdefault(job.decoding, {}).setdefault(flow, []).append(job)

    def brief_flows(self) -> int:
        """Returns how many brief flows wait."""
        return sum(map(is_brief, self.flows))

    @property
    def has_next(self) -> bool:
        """Whether anybody waits whose flow is not held back."""
        return self.tokens > sum(flow.waiting_tokens for flow in self._held)

    def take(self) -> list[Job]:
        """Takes out the next batch: one decoding, within the budget; empty if there is no next.

        Of all jobs that wait or run no worker takes more than its share. Cancelled jobs are dropped
        when they would be in a batch.
        """
        while self.has_next:
            decoding, order = self._next_lane()
            lane = self._lanes[decoding]
            lean = self.lean_jobs if self._brief_expected else None
            if lean is not None and is_brief(order[0]):
                order = [flow for flow in order if is_brief(flow)]
            window = _look_ahead(lane, order)
            most = self._share()
            if lean is not None and self._is_last_for(window[0]):
                most = min(most, lean)
            batch = _fit(window, self._max_batch_tokens, most)
            if not any(job.future.cancelled() for job in batch):
                self._begin(decoding, batch)
                return batch
            self._remove(decoding, [job for job in window if job.future.cancelled()])
        return []

    def _is_last_for(self, head: Job) -> bool:
        """Whether a long batch of this one's company would leave no worker for brief ones."""
        long = sum(running.is_long for running in self._running.values())
        return not is_brief(head.flow) and long >= self.workers - 1

    def _share(self) -> int:
        running = sum(len(running.batch) for running in self._running.values())
        return math.ceil((self.jobs + running) / self.workers)

    def _begin(self, decoding: Decoding, batch: list[Job]) -> None:
        self._brief_expected = max(0, self._brief_expected - 1)
        sharing = {flow: flow.waiting_tokens for flow in self.flows}
        is_long = self.lean_jobs is not None and len(batch) > self.lean_jobs
        self._running[id(batch)] = Running(batch, sharing, is_long)
        for job in batch:
            job.flow.running_tokens += job.tokens
        for flow in {job.flow for job in batch if job.flow.ahead_jobs < WINDOW_JOBS}:
            if flow.ahead_jobs == 1:
                self._held.add(flow)
            flow.ahead_jobs = min(WINDOW_JOBS, AHEAD_GROWTH * flow.ahead_jobs)
        self._remove(decoding, batch)

    def finish(self, batch: list[Job]) -> bool:
        """Says that a batch that was taken is done: who comes from now on came after it.

        A second time it changes nothing, and returns false.
        """
        running = self._running.pop(id(batch), None)
        if running is None:
            return False
        came = (flow.waiting_tokens for flow in self.flows if flow not in running.sharing)
        share = _equal_share(sum(job.tokens for job in batch), [*running.sharing.values(), *came])
        least = self._virtual_time - self._forgiven
        most = self._virtual_time + share + self._forgiven
        for job in batch:
            flow = job.flow
            self._held.discard(flow)
            flow.running_tokens -= job.tokens
            flow.virtual_time = min(max(flow.virtual_time, least) + job.tokens, most)
        self._virtual_time += share
        if not self.flows and not self._running:  # nobody is owed anything, so nobody owes anything
            self._virtual_time += self._forgiven
        return True

    def drop_cancelled(self) -> None:
        """Drops every cancelled job, wherever it waits."""
        for decoding, lane in list(self._lanes.items()):
            waiting = (job for jobs in lane.values() for job in jobs)
            self._remove(decoding, [job for job in waiting if job.future.cancelled()])

    def _next_lane(self) -> tuple[Decoding, list[Flow]]:
        """Returns whose decoding has the turn, and all flows of that decoding in order.

        Linear: as flows come, their virtual times are nearly sorted.
        """
        orders = {
            decoding: sorted(flows, key=turn)
            for decoding, lane in self._lanes.items()
            if (flows := [flow for flow in lane if flow not in self._held])
        }
        if len(orders) == 1:
            return next(iter(orders.items()))

        def turn_of(decoding: Decoding) -> tuple[float, int, float]:
            flow = orders[decoding][0]
            job = self._lanes[decoding][flow][0]
            return turn(flow), job.place, job.submitted_s

        decoding = min(orders, key=turn_of)
        return decoding, orders[decoding]

    def _remove(self, decoding: Decoding, jobs: Collection[Job]) -> None:
        lane = self._lanes[decoding]
        leaving = set(jobs)
        for job in jobs:
            job.flow.waiting_tokens -= job.tokens
            self.tokens -= job.tokens
        self.jobs -= len(jobs)
        for flow in {job.flow for job in jobs}:
            lane[flow] = [job for job in lane[flow] if job not in leaving]
            if not lane[flow]:
                del lane[flow]
            if not flow.waiting_tokens:
                self.flows.remove(flow)
        if not lane:
            del self._lanes[decoding]


def _look_ahead(lane: Lane, order: list[Flow]) -> list[Job]:
    """Returns the next `WINDOW_JOBS` jobs, as they would go if each turn were one job."""
    window: list[Job] = []
    begun: list[tuple[float, int, int, list[Job]]] = []  # a heap; the place is unique
    for place, flow in enumerate(order[:WINDOW_JOBS]):
        if begun:
            _go_on(begun, window, turn(flow))
        jobs = lane[flow]
        if len(jobs) > flow.ahead_jobs:
            jobs = jobs[: flow.ahead_jobs]
        window.append(jobs[0])
        if len(jobs) > 1:
            heapq.heappush(begun, (turn(flow) + jobs[0].tokens, place, 1, jobs))
    _go_on(begun, window, math.inf)
    return window[:WINDOW_JOBS]


def _go_on(begun: list[tuple[float, int, int, list[Job]]], window: list[Job], until: float) -> None:
    """Adds to the window, while there is room, what the flows that are in it have next."""
    while begun and begun[0][0] <= until and len(window) < WINDOW_JOBS:
        time, place, index, jobs = begun[0]
        window.append(jobs[index])
        if index + 1 < len(jobs):
            heapq.heapreplace(begun, (time + jobs[index].tokens, place, index + 1, jobs))
        else:
            heapq.heappop(begun)


def _equal_share(tokens: int, waiting: Iterable[int]) -> float:
    """Returns the largest share when `tokens` are shared out equally, to nobody more than waits.

    What one cannot use the others get (max-min fairness).
    """
    left = float(tokens)
    demands = sorted(waiting)
    for place, demand in enumerate(demands):
        share = left / (len(demands) - place)
        if demand >= share:
            return share
        left -= demand
    return float(demands[-1])


def _fit(window: list[Job], max_tokens: int, max_jobs: int) -> list[Job]:
    """Returns the first job and those nearest to its length whose padded batch fits the budget."""
    head = window[0]
    by_length = sorted(window, key=attrgetter("tokens"))
    low = high = by_length.index(head)
    while True:
        count, longest = high - low + 2, by_length[high].tokens
        shorter = by_length[low - 1] if low and count * longest <= max_tokens else None
        longer = by_length[high + 1] if high + 1 < len(by_length) else None
        if longer is not None and count * longer.tokens > max_tokens:
            longer = None
        if count > max_jobs or (shorter is None and longer is None):
            return by_length[low : high + 1]
        if longer is None or (
            shorter is not None and head.tokens - shorter.tokens <= longer.tokens - head.tokens
        ):
            low -= 1
        else:
            high += 1
