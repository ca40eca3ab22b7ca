"""A bounded queue that becomes batches by token budget.

Whoever submits gets one future a job. Worker threads call `work`, which takes batches from `Turns`
and runs them. Knows neither models nor text, nor whose turn it is: it is given a function
that runs one batch.

There is no deadline here beside cancellation: who gives up, at a deadline or because the client
left, cancels the future, and a cancelled job is dropped before it reaches a batch.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from service.batching.jobs import Flow, Job, JobResult
from service.batching.pace import Pace
from service.batching.turns import Turns, is_brief
from service.engines.base import Decoding, Output
from service.errors import InferenceFailed, QueueFull, ShuttingDown
from service.telemetry import metrics

__all__ = ["Batcher", "RunBatch"]

RunBatch = Callable[[Sequence[Sequence[str]], Decoding], list[Output]]

WAIT_SHARE = 0.05
"""What part of its last batch's time a worker waits for company at most. In a simulation of 32
clients on two workers, waiting for all of them brings a tenth more than waiting for none
(`benchmarks/simulation.py`); on busy cores they come back within some 30 ms of a batch's second."""

SWEEP_S = 0.1
"""A full queue is searched for cancelled jobs no more often: it takes 0.3 us a job, and refusing
must be cheap."""


@dataclass(slots=True)
class Worker:
    """What one thread in `work` remembers of its last batch.

    Attributes:
        jobs: how many it held.
        company: how many flows were in it or waited when it was done.
        only_brief: whether it held brief flows alone; then only these are company.
        wait_until_s: so long these may take to come back.
    """

    jobs: int = 0
    company: int = 0
    only_brief: bool = False
    wait_until_s: float = -math.inf


class Batcher:
    """The queue of one model and the loop that empties it.

    Args:
        name: the model, for errors and metrics.
        run: runs one batch; one output per source, in order. Called by the threads in `work` only.
        max_jobs: with so many waiting, a submission is refused.
        max_batch_tokens: budget of one batch: jobs times the longest source. A job that alone
            exceeds it runs alone.
        batch_wait_s: how long after a batch a smaller one waits for the flows that were here during
            that batch to come back, or `WAIT_SHARE` of that batch's time where that is longer. A
            client alone never waits, nor does who finds the queue idle.
        makes_room: whether requests of a few sentences go before long ones; see `Turns`.
    """

    def __init__(
        self,
        name: str,
        run: RunBatch,
        *,
        max_jobs: int,
        max_batch_tokens: int,
        batch_wait_s: float,
        makes_room: bool = True,
    ) -> None:
        self._name = name
        self._queued = metrics.QUEUED_JOBS.labels(name)
        self._run = run
        self._max_jobs = max_jobs
        self._max_batch_tokens = max_batch_tokens
        self._batch_wait_s = batch_wait_s
        self._pace = Pace()
        self._turns = Turns(max_batch_tokens, self._pace.lean_jobs if makes_room else None)
        self._closing = False
        self._swept_s = -math.inf
        self._changed = threading.Condition()

    def expect(self, workers: int) -> None:
        """Says how many threads will call `work`, of which each takes its share; one unless said.

        To be called before the first job comes, or the thread that is there first takes all.
        """
        with self._changed:
            self._turns.workers = workers

    def submit(
        self, sources: Sequence[Sequence[str]], decoding: Decoding, flow: Flow
    ) -> list[Future[JobResult]]:
        """Queues one job per source, all or none, and returns at once. From any thread.

        One flow may overshoot `max_jobs`: a long article is not refused for being long, nor half
        way for what it queued itself.

        Raises:
            QueueFull: `max_jobs` are waiting already, and none of this flow was accepted before.
            ShuttingDown: the queue is closed.
        """
        now = time.monotonic()
        jobs = [Job(source, decoding, flow, now, max(1, len(source))) for source in sources]
        with self._changed:
            if self._closing:
                raise ShuttingDown
            if not flow.admitted and self._full():
                raise QueueFull(self._name, limit=self._max_jobs, actual=self._turns.jobs)
            flow.admitted = True
            if jobs:
                self._turns.add(jobs)
            self._queued.set(self._turns.jobs)
            self._changed.notify_all()
        return [job.future for job in jobs]

    @property
    def is_full(self) -> bool:
        """Whether a new flow would be refused now."""
        with self._changed:
            return self._full()

    def close(self) -> None:
        """Refuses what comes from now on; `work` returns when what was accepted is done."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def work(self) -> None:
        """Runs batches until the queue is closed and empty. The loop outlives every failure."""
        worker = Worker()
        while batch := self._next_batch(worker):
            self._run_batch(batch, worker)

    def _next_batch(self, worker: Worker) -> list[Job]:
        """Waits for jobs and takes a batch of them; empty when closed and drained."""
        with self._changed:
            while True:
                if not self._wait_for_jobs():
                    return []
                self._wait_for_company(worker)
                waiting = self._turns.jobs
                batch = self._turns.take()
                self._count_dropped(waiting - len(batch) - self._turns.jobs)
                if batch:
                    return batch

    def _wait_for_jobs(self) -> bool:
        """Returns whether there are any; there will be none when the queue is closed."""
        while not self._turns.jobs:
            if self._closing:
                return False
            self._changed.wait()
        return True

    def _wait_for_company(self, worker: Worker) -> None:
        """Waits while flows that were here a moment ago may be on their way back.

        Clients that wait for their results come back together; the first of them would otherwise
        get a batch of its own, and all the others wait for it. Nobody waits where as many jobs as
        the last batch had are there already: with one worker, clients form two groups by
        themselves, one of which is served while the other comes back. Who has served brief flows
        waits for such, or else a batch of a long one would begin a moment before they are back.
        """
        while self._misses_company(worker) and not self._closing:
            if (left := worker.wait_until_s - time.monotonic()) <= 0:
                return
            self._changed.wait(left)

    def _misses_company(self, worker: Worker) -> bool:
        if worker.only_brief:
            return self._turns.brief_flows() < min(worker.company, worker.jobs)
        return (
            len(self._turns.flows) < worker.company
            and self._turns.jobs < worker.jobs
            and self._turns.tokens < self._max_batch_tokens
        )

    def _finish(self, batch: list[Job], worker: Worker, began_s: float) -> float:
        """Ends a batch, before its results are out and bring the next requests; returns when."""
        with self._changed:
            now = time.monotonic()
            if self._turns.finish(batch):
                worker.jobs = len(batch)
                here = self._turns.flows.union(job.flow for job in batch)
                worker.only_brief = self._turns.lean_jobs is not None and all(
                    is_brief(job.flow) for job in batch
                )
                worker.company = sum(map(is_brief, here)) if worker.only_brief else len(here)
                worker.wait_until_s = now + max(self._batch_wait_s, WAIT_SHARE * (now - began_s))
            return now

    def _full(self) -> bool:
        waiting = self._turns.jobs
        now = time.monotonic()
        if waiting >= self._max_jobs and now - self._swept_s >= SWEEP_S:
            self._swept_s = now
            self._turns.drop_cancelled()
            self._count_dropped(waiting - self._turns.jobs)
        return self._turns.jobs >= self._max_jobs

    def _count_dropped(self, jobs: int) -> None:
        metrics.JOBS.labels(self._name, "dropped").inc(jobs)
        self._queued.set(self._turns.jobs)

    def _run_batch(self, batch: list[Job], worker: Worker) -> None:
        """Runs a batch; if it fails, each half of it, so that only the culprits suffer.

        One culprit among n jobs costs 2 log2(n) more runs. Who has been cancelled meanwhile is not
        run again.
        """
        parts = [batch]
        while parts:
            part = parts.pop()
            started_s = time.monotonic()
            outputs, failure = self._outputs(part)
            if failure is None:
                finished_s = self._finish(batch, worker, started_s)
                self._learn(outputs, finished_s - started_s)
                self._deliver(part, outputs, started_s, finished_s)
            elif len(part) > 1:
                parts += self._halves(part)
            else:
                self._finish(batch, worker, started_s)
                self._fail(part[0], failure)
        self._finish(batch, worker, time.monotonic())  # where nobody wanted it any more

    def _outputs(self, part: list[Job]) -> tuple[list[Output], BaseException | None]:
        """Returns what the engine gives, or what it raises."""
        try:
            outputs = self._run([job.source for job in part], part[0].decoding)
            if len(outputs) != len(part):
                raise RuntimeError(f"{len(outputs)} outputs for {len(part)} sources")
        # The engine's boundary: whatever it raises is this batch's. A panic of a library written in
        # Rust (`tokenizers`) is a BaseException.
        except BaseException as error:
            return [], error
        return outputs, None

    def _learn(self, outputs: list[Output], seconds: float) -> None:
        """Takes in how long a batch took, so that small ones are as small as they need be."""
        steps = max(output.hypotheses[0].tokens for output in outputs) + 1
        with self._changed:
            self._pace.observe(len(outputs), steps, seconds)
            if self._turns.lean_jobs is not None:
                self._turns.lean_jobs = self._pace.lean_jobs

    def _halves(self, part: list[Job]) -> list[list[Job]]:
        """Returns the halves of what is still wanted, the first to be run last in the list."""
        wanted = [job for job in part if not job.future.cancelled()]
        metrics.JOBS.labels(self._name, "dropped").inc(len(part) - len(wanted))
        middle = len(wanted) // 2
        return [half for half in (wanted[middle:], wanted[:middle]) if half]

    def _fail(self, job: Job, error: BaseException) -> None:
        wanted = job.future.set_running_or_notify_cancel()
        metrics.JOBS.labels(self._name, "failed" if wanted else "dropped").inc()
        if wanted:
            failure = InferenceFailed(self._name)
            failure.__cause__ = error
            job.future.set_exception(failure)

    def _deliver(
        self, batch: list[Job], outputs: list[Output], started_s: float, finished_s: float
    ) -> None:
        # Until here a job can be cancelled, in the middle of its batch too.
        wanted = [job.future.set_running_or_notify_cancel() for job in batch]
        self._observe(batch, sum(wanted), started_s, finished_s)
        for job, output, is_wanted in zip(batch, outputs, wanted, strict=True):
            if is_wanted:
                job.future.set_result(JobResult(output, job.submitted_s, started_s, finished_s))

    def _observe(
        self, batch: list[Job], delivered: int, started_s: float, finished_s: float
    ) -> None:
        metrics.JOBS.labels(self._name, "done").inc(delivered)
        metrics.JOBS.labels(self._name, "dropped").inc(len(batch) - delivered)
        metrics.INFERENCE_SECONDS.labels(self._name).observe(finished_s - started_s)
        metrics.BATCH_JOBS.labels(self._name).observe(len(batch))
        metrics.BATCH_TOKENS.labels(self._name).observe(
            len(batch) * max(len(job.source) for job in batch)
        )
        waits = metrics.QUEUE_SECONDS.labels(self._name)
        for job in batch:
            waits.observe(started_s - job.submitted_s)
