"""A bounded queue that becomes batches by token budget.

Whoever submits gets one future a job. One worker thread calls `work`, which takes batches from
`Turns` and runs them. Knows neither models nor text, nor whose turn it is: it is given a function
that runs one batch.

There is no deadline here beside cancellation: who gives up, at a deadline or because the client
left, cancels the future, and a cancelled job is dropped before it reaches a batch.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from service.batching.jobs import Flow, Job, JobResult
from service.batching.turns import Turns
from service.engines.base import Decoding, Output
from service.errors import InferenceFailed, QueueFull, ShuttingDown
from service.telemetry import metrics

__all__ = ["Batcher", "RunBatch"]

RunBatch = Callable[[Sequence[Sequence[str]], Decoding], list[Output]]

ENOUGH_JOBS = 4
"""So many jobs wait for no company. Measured with engines of 5 + 0 to 30 + 10 ms a job and clients
that take 0.5 to 1 ms of CPU between requests: waiting gives 4 clients up to 1.9 times the
throughput; 16 and 32 form two groups by themselves, one of which is served while the other comes
back, and making them wait for each other costs a tenth (`benchmarks/queue_overhead.py`)."""

SWEEP_S = 0.1
"""A full queue is searched for cancelled jobs no more often: it takes 0.3 us a job, and refusing
must be cheap."""


class Batcher:
    """The queue of one model and the loop that empties it.

    Args:
        name: the model, for errors and metrics.
        run: runs one batch; one output per source, in order. Called by the thread in `work` only.
        max_jobs: with so many waiting, a submission is refused.
        max_batch_tokens: budget of one batch: jobs times the longest source. A job that alone
            exceeds it runs alone.
        batch_wait_s: how long after a batch a small one waits for the flows that were here during
            that batch to come back. A client alone never waits, nor does who finds the queue idle.
    """

    def __init__(
        self,
        name: str,
        run: RunBatch,
        *,
        max_jobs: int,
        max_batch_tokens: int,
        batch_wait_s: float,
    ) -> None:
        self._name = name
        self._queued = metrics.QUEUED_JOBS.labels(name)
        self._run = run
        self._max_jobs = max_jobs
        self._max_batch_tokens = max_batch_tokens
        self._batch_wait_s = batch_wait_s
        self._turns = Turns(max_batch_tokens)
        self._company = 0
        self._finished_s = 0.0
        self._closing = False
        self._swept_s = -math.inf
        self._changed = threading.Condition()

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
            for job in jobs:
                self._turns.add(job)
            self._queued.set(self._turns.jobs)
            self._changed.notify()
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
            self._changed.notify()

    def work(self) -> None:
        """Runs batches until the queue is closed and empty. The loop outlives every failure."""
        while batch := self._next_batch():
            self._run_batch(batch)

    def _next_batch(self) -> list[Job]:
        """Waits for jobs and takes a batch of them; empty when closed and drained."""
        with self._changed:
            while True:
                while not self._turns.jobs:
                    if self._closing:
                        return []
                    self._changed.wait()
                self._wait_for_company()
                waiting = self._turns.jobs
                batch = self._turns.take()
                self._count_dropped(waiting - len(batch) - self._turns.jobs)
                if batch:
                    return batch

    def _wait_for_company(self) -> None:
        """Waits while flows that were here a moment ago may be on their way back.

        Clients that wait for their results come back together; the first of them would otherwise
        get a batch of its own, and all the others wait for it.
        """
        until = self._finished_s + self._batch_wait_s
        while (
            len(self._turns.flows) < self._company
            and self._turns.jobs < ENOUGH_JOBS
            and self._turns.tokens < self._max_batch_tokens
            and not self._closing
        ):
            if (left := until - time.monotonic()) <= 0:
                return
            self._changed.wait(left)

    def _finish(self, batch: list[Job]) -> float:
        """Ends a batch, before its results are out and bring the next requests; returns when."""
        with self._changed:
            self._turns.finish()
            self._company = len(self._turns.flows.union(job.flow for job in batch))
            self._finished_s = time.monotonic()
            return self._finished_s

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

    def _run_batch(self, batch: list[Job]) -> None:
        """Runs a batch; if it fails, each half of it, so that only the culprits suffer.

        One culprit among n jobs costs 2 log2(n) more runs. Who has been cancelled meanwhile is not
        run again.
        """
        parts = [batch]
        while parts:
            part = parts.pop()
            started = time.monotonic()
            try:
                outputs = self._checked([job.source for job in part], part[0].decoding)
            # The engine's boundary: whatever it raises is this batch's. A panic of a library
            # written in Rust (`tokenizers`) is a BaseException.
            except BaseException as error:
                if len(part) > 1:
                    parts += self._halves(part)
                else:
                    self._fail(part[0], error)
            else:
                self._deliver(part, outputs, started)

    def _halves(self, part: list[Job]) -> list[list[Job]]:
        """Returns the halves of what is still wanted, the first to be run last in the list."""
        wanted = [job for job in part if not job.future.cancelled()]
        metrics.JOBS.labels(self._name, "dropped").inc(len(part) - len(wanted))
        middle = len(wanted) // 2
        return [half for half in (wanted[middle:], wanted[:middle]) if half]

    def _checked(self, sources: list[Sequence[str]], decoding: Decoding) -> list[Output]:
        outputs = self._run(sources, decoding)
        if len(outputs) != len(sources):
            raise RuntimeError(f"{len(outputs)} outputs for {len(sources)} sources")
        return outputs

    def _fail(self, job: Job, error: BaseException) -> None:
        self._finish([job])
        wanted = job.future.set_running_or_notify_cancel()
        metrics.JOBS.labels(self._name, "failed" if wanted else "dropped").inc()
        if wanted:
            failure = InferenceFailed(self._name)
            failure.__cause__ = error
            job.future.set_exception(failure)

    def _deliver(self, batch: list[Job], outputs: list[Output], started_s: float) -> None:
        finished_s = self._finish(batch)
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
