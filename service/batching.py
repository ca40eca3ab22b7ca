"""A bounded queue that becomes batches by token budget.

Whoever submits gets one future a job. One worker thread calls `work`, which forms batches and runs
them. Knows neither models nor text: it is given a function that runs one batch.

Order is start-time fair queueing (Goyal, Vin, Cheng 1996): each job carries the virtual time at
which its flow (one request) would be served, were every flow served token by token in turn. So a
single sentence waits for one batch, never for the whole article that came before it.

There is no deadline here beside cancellation: who gives up, at a deadline or because the client
left, cancels the future, and a cancelled job is dropped before it reaches a batch.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from service.engines.base import Decoding, Output
from service.errors import InferenceFailed, QueueFull, ShuttingDown
from service.telemetry import metrics

__all__ = ["Batcher", "Flow", "JobResult", "RunBatch"]

RunBatch = Callable[[Sequence[Sequence[str]], Decoding], list[Output]]

WINDOW_JOBS = 256
"""How far a batch looks ahead in the queue for jobs of similar length."""


@dataclass(slots=True)
class Flow:
    """The jobs of one request in one queue; shared by its submissions.

    Attributes:
        finish: the virtual time at which its last job would be done.
        admitted: some of its jobs were accepted, so the others are too.
    """

    finish: float = 0.0
    admitted: bool = False


@dataclass(frozen=True, slots=True)
class JobResult:
    """One job's output and when it was run, in seconds of `time.monotonic`."""

    output: Output
    submitted_s: float
    started_s: float
    finished_s: float


@dataclass(slots=True, eq=False)
class Job:
    source: Sequence[str]
    decoding: Decoding
    start: float
    submitted_s: float
    future: Future[JobResult] = field(default_factory=Future)


class Batcher:
    """The queue of one model and the loop that empties it.

    Args:
        name: the model, for errors and metrics.
        run: runs one batch; one output per source, in order. Called by the thread in `work` only.
        max_jobs: with so many waiting, a submission is refused.
        max_batch_tokens: budget of one batch: jobs times the longest source. A job that alone
            exceeds it runs alone.
        batch_wait_s: how long a batch that is not full waits for company.
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
        self._run = run
        self._max_jobs = max_jobs
        self._max_batch_tokens = max_batch_tokens
        self._batch_wait_s = batch_wait_s
        self._heap: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._virtual_time = 0.0
        self._tokens = 0
        self._closing = False
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
        with self._changed:
            if self._closing:
                raise ShuttingDown
            if not flow.admitted and self._full():
                raise QueueFull(self._name, limit=self._max_jobs, actual=len(self._heap))
            flow.admitted = True
            jobs = []
            for source in sources:
                start = max(self._virtual_time, flow.finish)
                flow.finish = start + len(source)
                jobs.append(Job(source, decoding, start, now))
                self._push(jobs[-1])
            metrics.QUEUED_JOBS.labels(self._name).set(len(self._heap))
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
                while not self._heap:
                    if self._closing:
                        return []
                    self._changed.wait()
                self._wait_for_company()
                if batch := self._take():
                    return batch

    def _wait_for_company(self) -> None:
        until = time.monotonic() + self._batch_wait_s
        while self._tokens < self._max_batch_tokens and not self._closing:
            if (left := until - time.monotonic()) <= 0:
                return
            self._changed.wait(left)

    def _take(self) -> list[Job]:
        """Takes the job whose turn it is and its best company out of the look-ahead window."""
        window: list[Job] = []
        rest: list[Job] = []
        while self._heap and len(window) + len(rest) < WINDOW_JOBS:
            job = self._pop()
            if job.future.cancelled():
                metrics.JOBS.labels(self._name, "dropped").inc()
            elif not window or job.decoding == window[0].decoding:
                window.append(job)
            else:
                rest.append(job)
        if not window:
            return []
        head = window[0]
        self._virtual_time = head.start
        batch = _fit(window, head, self._max_batch_tokens)
        taken = set(map(id, batch))
        for job in rest + [job for job in window if id(job) not in taken]:
            self._push(job)
        metrics.QUEUED_JOBS.labels(self._name).set(len(self._heap))
        return [job for job in batch if job.future.set_running_or_notify_cancel()]

    def _push(self, job: Job) -> None:
        heapq.heappush(self._heap, (job.start, next(self._order), job))
        self._tokens += len(job.source)

    def _pop(self) -> Job:
        job = heapq.heappop(self._heap)[2]
        self._tokens -= len(job.source)
        return job

    def _full(self) -> bool:
        if len(self._heap) >= self._max_jobs:
            self._forget_cancelled()
        return len(self._heap) >= self._max_jobs

    def _forget_cancelled(self) -> None:
        wanted = [entry for entry in self._heap if not entry[2].future.cancelled()]
        metrics.JOBS.labels(self._name, "dropped").inc(len(self._heap) - len(wanted))
        metrics.QUEUED_JOBS.labels(self._name).set(len(wanted))
        self._heap = wanted
        heapq.heapify(self._heap)
        self._tokens = sum(len(job.source) for _, _, job in self._heap)

    def _run_batch(self, batch: list[Job]) -> None:
        """Runs a batch; if it fails, each of its jobs alone, so that only the culprit suffers."""
        started = time.monotonic()
        try:
            outputs = self._checked([job.source for job in batch], batch[0].decoding)
        # The engine's boundary: whatever it raises is this batch's. A panic of a library written in
        # Rust (`tokenizers`) is a BaseException.
        except BaseException as error:
            if len(batch) > 1:
                for job in batch:
                    self._run_batch([job])
                return
            metrics.JOBS.labels(self._name, "failed").inc()
            failure = InferenceFailed(self._name)
            failure.__cause__ = error
            batch[0].future.set_exception(failure)
            return
        finished = time.monotonic()
        self._observe(batch, started, finished)
        for job, output in zip(batch, outputs, strict=True):
            job.future.set_result(JobResult(output, job.submitted_s, started, finished))

    def _checked(self, sources: list[Sequence[str]], decoding: Decoding) -> list[Output]:
        outputs = self._run(sources, decoding)
        if len(outputs) != len(sources):
            raise RuntimeError(f"{len(outputs)} outputs for {len(sources)} sources")
        return outputs

    def _observe(self, batch: list[Job], started: float, finished: float) -> None:
        metrics.JOBS.labels(self._name, "done").inc(len(batch))
        metrics.INFERENCE_SECONDS.labels(self._name).observe(finished - started)
        metrics.BATCH_JOBS.labels(self._name).observe(len(batch))
        metrics.BATCH_TOKENS.labels(self._name).observe(
            len(batch) * max(len(job.source) for job in batch)
        )
        waits = metrics.QUEUE_SECONDS.labels(self._name)
        for job in batch:
            waits.observe(started - job.submitted_s)


def _fit(window: list[Job], head: Job, max_tokens: int) -> list[Job]:
    """Returns `head` and the jobs nearest to its length whose padded batch fits the budget."""
    by_length = sorted(window, key=lambda job: len(job.source))
    low = high = next(i for i, job in enumerate(by_length) if job is head)
    while True:
        count, longest = high - low + 2, len(by_length[high].source)
        shorter = by_length[low - 1] if low and count * longest <= max_tokens else None
        longer = by_length[high + 1] if high + 1 < len(by_length) else None
        if longer is not None and count * len(longer.source) > max_tokens:
            longer = None
        if shorter is None and longer is None:
            return by_length[low : high + 1]
        if longer is None or (
            shorter is not None
            and len(head.source) - len(shorter.source) <= len(longer.source) - len(head.source)
        ):
            low -= 1
        else:
            high += 1
