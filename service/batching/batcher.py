"""A bounded queue that becomes batches by token budget.

Whoever submits gets one future a job. Worker threads call `work` with the engine of their shift;
they take batches from `Turns` and run them. Knows neither models nor text, nor whose turn it is.

There is no deadline here beside cancellation: who gives up, at a deadline or because the client
left, cancels the future, and a cancelled job is dropped before it reaches a batch.

A batch may fail, and it may never end. One that fails is halved until only the culprit fails. One
that hangs is taken from its worker: its jobs run again, each alone, until one of them hangs alone.
The culprit is refused from then on (`Quarantine`); its neighbours get their results. Here it is
said which engine is given up, not what is done about it.
"""

import logging
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future

from service.batching.jobs import Flow, Job, JobResult
from service.batching.outcomes import Outcomes
from service.batching.pace import Pace
from service.batching.quarantine import FAILED_S, HUNG_S, Quarantine
from service.batching.turns import Turns
from service.batching.workers import EndReason, Shift, Worker
from service.engines.base import Decoding, Output
from service.errors import ModelUnavailable, QueueFull, RefusedInput, ShuttingDown
from service.telemetry import metrics

__all__ = ["Batcher"]

SWEEP_S = 0.1
"""A full queue is searched for cancelled jobs no more often: it takes 0.3 us a job, and refusing
must be cheap."""

BESIDE_S = 2.0
"""A job set apart waits so long for the engine to be left to it, and is left alone there so long: a
batch that hangs is known as such only much later, and must not stop the queue until then."""

TROUBLE_RETRY_S = 60.0
"""When to ask a model in trouble again: only a restart of the process helps, or a new load."""

_log = logging.getLogger(__name__)


class Batcher:
    """The queue of one model and the loop that empties it.

    Args:
        name: the model, for errors and metrics.
        max_jobs: with so many waiting, a submission is refused.
        max_batch_tokens: budget of one batch: jobs times the longest source. A job that alone
            exceeds it runs alone.
        batch_wait_s: how long after a batch a smaller one waits for the flows that were here during
            that batch to come back, or `WAIT_SHARE` of that batch's time where that is longer. A
            client alone never waits, nor does who finds the queue idle.
        makes_room: whether requests of a few sentences go before long ones; see `Turns`.
        batch_timeout_s: a batch that takes longer hangs; 0: none does.
        quarantine: the inputs that are not free.
    """

    def __init__(
        self,
        name: str,
        *,
        max_jobs: int,
        max_batch_tokens: int,
        batch_wait_s: float,
        makes_room: bool = True,
        batch_timeout_s: float = 0.0,
        quarantine: Quarantine | None = None,
    ) -> None:
        self._name = name
        self._queued = metrics.QUEUED_JOBS.labels(name)
        self._outcomes = Outcomes(name)
        self._max_jobs = max_jobs
        self._max_batch_tokens = max_batch_tokens
        self._batch_wait_s = batch_wait_s
        self._batch_timeout_s = batch_timeout_s
        self._quarantine = Quarantine() if quarantine is None else quarantine
        self._pace = Pace()
        self._turns = Turns(max_batch_tokens, self._pace.lean_jobs if makes_room else None)
        self._apart: deque[Job] = deque()
        self._open: dict[Future[JobResult], Job] = {}
        self._workers: set[Worker] = set()
        self._trouble: str | None = None
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
        self,
        sources: Sequence[Sequence[str]],
        decoding: Decoding,
        flow: Flow,
        places: Sequence[int] = (),
    ) -> list[Future[JobResult]]:
        """Queues one job per source, all or none, and returns at once. From any thread.

        `places` says which of the flow are wanted first, where that matters; see `Job`.

        One flow may overshoot `max_jobs`: a long article is not refused for being long, nor half
        way for what it queued itself.

        Raises:
            QueueFull: `max_jobs` are waiting already, and none of this flow was accepted before.
            ShuttingDown: the queue is closed.
            ModelUnavailable: nobody works here, and nobody will soon; see `suspend`.
            RefusedInput: the engine failed or hung on one of the sources not long ago.
        """
        now = time.monotonic()
        if any(self._quarantine.verdict(source, decoding) == "refused" for source in sources):
            metrics.REFUSED_INPUTS.labels(self._name).inc()
            raise RefusedInput(self._name)
        jobs = [
            Job(source, decoding, flow, now, max(1, len(source)), place)
            for source, place in zip(sources, places or [0] * len(sources), strict=True)
        ]
        with self._changed:
            if self._closing:
                raise ShuttingDown
            if self._trouble is not None:
                raise ModelUnavailable(self._name, self._trouble, retry_after_s=TROUBLE_RETRY_S)
            if not flow.admitted:
                self._check_room()
            flow.admitted = True
            if jobs:
                self._turns.add(jobs)
            for job in jobs:
                self._open[job.future] = job
                job.future.add_done_callback(self._settled)
            self._count()
            self._changed.notify_all()
        return [job.future for job in jobs]

    def _settled(self, future: Future[JobResult]) -> None:
        self._open.pop(future, None)

    @property
    def is_full(self) -> bool:
        """Whether a new flow would be refused now."""
        with self._changed:
            return self._full()

    def check_room(self) -> None:
        """Raises `QueueFull` if a new flow would be refused now."""
        with self._changed:
            self._check_room()

    def _check_room(self) -> None:
        if self._full():
            raise QueueFull(self._name, limit=self._max_jobs, actual=self._turns.jobs)

    @property
    def has_work(self) -> bool:
        """Whether jobs wait that no worker has."""
        with self._changed:
            return self._waits()

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has jobs in hand that are still waited for."""
        with self._changed:
            return any(worker.in_hand() for worker in self._workers)

    @property
    def stalled_s(self) -> float:
        """How long the longest call of an engine that is inside now has been there; 0 if none."""
        now = time.monotonic()
        with self._changed:
            return max((now - w.started_s for w in self._workers if w.inside), default=0.0)

    def close(self) -> None:
        """Refuses what comes from now on; `work` returns when what was accepted is done."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def suspend(self, trouble: str) -> None:
        """Fails what waits, and refuses what comes, with `ModelUnavailable` until `resume`."""
        with self._changed:
            self._trouble = trouble
            waiting = self._empty()
        for job in waiting:
            self._outcomes.fail(
                job, ModelUnavailable(self._name, trouble, retry_after_s=TROUBLE_RETRY_S)
            )

    def resume(self) -> None:
        """Takes jobs again."""
        with self._changed:
            self._trouble = None

    def look(self, step_s: float) -> None:
        """Ages what runs by `step_s`, and gives up the engines of batches that hang.

        Their shifts end; jobs that hung alone fail and are refused from now on, the others run
        again. What is counted is time that the caller saw pass, so that a process that was stopped
        for a while takes no batch for hanging.
        """
        with self._changed:
            for worker in self._workers:
                worker.watched_s += step_s
            hung = [w for w in self._workers if w.is_overdue(self._batch_timeout_s)]
            found = [(w.watched_s, len(w.part), self._take_over(w, "hang")) for w in hung]
        for seconds, jobs, culprits in found:
            extra = {"model": self._name, "seconds": round(seconds, 3), "jobs": jobs}
            _log.error("batch_hung", extra=extra)
            for job in culprits:
                self._outcomes.blame(job, TimeoutError(f"it was not done after {seconds:.0f} s"))

    def work(self, shift: Shift) -> None:
        """Runs batches until the queue is closed and empty, or the shift has ended.

        The loop outlives every failure: of the engine, for which see `_run_batch`, and of the queue
        itself, which then begins anew, and whatever waited fails.
        """
        worker = Worker(shift)
        with self._changed:
            self._workers.add(worker)
        try:
            while True:
                try:
                    if not self._next_batch(worker):
                        return
                    self._run_batch(worker)
                # The loop's boundary: whoever waits must get an answer, whatever is wrong here.
                except BaseException as error:
                    self._begin_anew(worker, error)
        finally:
            with self._changed:
                self._workers.discard(worker)
                shift.hung.discard(worker)

    def _next_batch(self, worker: Worker) -> bool:
        """Waits for jobs and takes a batch of them; False when there will be none."""
        with self._changed:
            worker.busy = False
            self._changed.notify_all()
            while self._wait_for_jobs(worker):
                if self._apart and not self._is_alone(worker):
                    self._changed.wait(BESIDE_S)
                    continue
                if self._apart:
                    batch = self._outcomes.wanted([self._apart.popleft()])
                    worker.take(batch, [batch] if batch else [])
                else:
                    self._wait_for_company(worker)
                    if worker.shift.end is not None:
                        return False
                    waiting = self._turns.jobs
                    batch = self._turns.take()
                    self._outcomes.drop(waiting - len(batch) - self._turns.jobs)
                    worker.take(batch, self._sifted(batch))
                self._count()
                worker.started_s, worker.watched_s = time.monotonic(), 0.0
                if batch:
                    worker.busy = True
                    return True
        return False

    def _is_alone(self, worker: Worker) -> bool:
        """Whether the worker would have the engine to itself, as a job set apart must.

        If that job breaks the engine, who ran beside it would be taken for a culprit too.
        """
        return not any(self._beside(worker))

    def _beside(self, worker: Worker) -> Iterator[Worker]:
        """The others in the same engine, but for who has been there for long: that may hang."""
        for other in self._workers:
            if other.busy and other.shift is worker.shift and other.watched_s < BESIDE_S:
                yield other

    def _waits(self) -> bool:
        return self._turns.has_next or bool(self._apart)

    def _wait_for_jobs(self, worker: Worker) -> bool:
        """Returns whether there are any for this worker; there will be none after an end."""
        while worker.shift.end is None and (self._keeps_off(worker) or not self._waits()):
            if self._closing and not self._waits():
                return False
            self._changed.wait(BESIDE_S if self._waits() else None)
        return worker.shift.end is None

    def _keeps_off(self, worker: Worker) -> bool:
        """Whether a job set apart is in the worker's engine."""
        return any(job.apart for other in self._beside(worker) for job in other.batch)

    def _wait_for_company(self, worker: Worker) -> None:
        """Waits while flows that were here a moment ago may be on their way back.

        Clients that wait for their results come back together; the first of them would otherwise
        get a batch of its own, and all the others wait for it. Nobody waits where as many jobs as
        the last batch had are there already: with one worker, clients form two groups by
        themselves, one of which is served while the other comes back. Who has served brief flows
        waits for such, or else a batch of a long one would begin a moment before they are back.
        """
        while worker.misses_company(self._turns, self._max_batch_tokens) and not self._closing:
            left = worker.wait_until_s - time.monotonic()
            if left <= 0 or self._apart or worker.shift.end is not None:
                return
            self._changed.wait(left)

    def _sifted(self, batch: list[Job]) -> list[list[Job]]:
        """Returns the parts to run of a batch: without the inputs that are not free."""
        if not self._quarantine:
            return [batch]
        free = []
        for job in batch:
            verdict = self._quarantine.verdict(job.source, job.decoding)
            if verdict == "refused":
                self._outcomes.refuse(job)
            elif verdict == "apart":
                self._set_apart([job])
            else:
                free.append(job)
        return [free] if free else []

    def _set_apart(self, jobs: Iterable[Job]) -> None:
        for job in self._outcomes.wanted(jobs):
            job.apart = True
            self._apart.append(job)
        self._changed.notify_all()

    def _full(self) -> bool:
        waiting = self._turns.jobs
        now = time.monotonic()
        if waiting >= self._max_jobs and now - self._swept_s >= SWEEP_S:
            self._swept_s = now
            self._turns.drop_cancelled()
            self._outcomes.drop(waiting - self._turns.jobs)
            self._count()
        return self._turns.jobs >= self._max_jobs

    def _count(self) -> None:
        self._queued.set(self._turns.jobs + len(self._apart))

    def _run_batch(self, worker: Worker) -> None:
        """Runs a batch; if it fails, each half of it, so that only the culprits suffer.

        One culprit among n jobs costs 2 log2(n) more runs. Who has been cancelled meanwhile is not
        run again. A worker that was dismissed meanwhile leaves what it comes back with.
        """
        while self._enter(worker):
            part, shift = worker.part, worker.shift
            outputs, failure = self._outputs(part, shift)
            if failure is not None and len(part) == 1 and not shift.is_sound():
                self._break_off(worker, failure)
                return
            if not self._leave(worker):
                return
            if failure is None:
                finished_s = self._finish(worker)
                self._learn(outputs, finished_s - worker.started_s)
                self._deliver(part, outputs, worker.started_s, finished_s)
            elif len(part) > 1:
                worker.parts += self._halves(part)
            else:
                self._finish(worker)
                self._quarantine.hold(part[0].source, part[0].decoding, "refused", FAILED_S)
                self._outcomes.blame(part[0], failure)
            failure = None
        self._finish(worker)  # where nobody wanted it any more

    def _enter(self, worker: Worker) -> bool:
        """Takes up the next part of the worker's batch, from now on watched; False: it was all."""
        with self._changed:
            worker.part, worker.inside = [], False
            if not worker.parts:
                return False
            worker.part, worker.inside = worker.parts.pop(), True
            worker.started_s, worker.watched_s = time.monotonic(), 0.0
            return True

    def _leave(self, worker: Worker) -> bool:
        """Says that the engine is done with the part; False: it came back too late."""
        with self._changed:
            worker.inside = False
            return not worker.dismissed

    def _outputs(self, part: list[Job], shift: Shift) -> tuple[list[Output], BaseException | None]:
        """Returns what the engine gives, or what it raises."""
        try:
            outputs = shift.run([job.source for job in part], part[0].decoding)
            if len(outputs) != len(part):
                raise RuntimeError(f"{len(outputs)} outputs for {len(part)} sources")
            if not all(isinstance(output, Output) and output.hypotheses for output in outputs):
                raise RuntimeError("an output has no hypotheses")
        # The engine's boundary: whatever it raises is this batch's. A panic of a library written in
        # Rust (`tokenizers`) is a BaseException.
        except BaseException as error:
            _let_go(error)
            return [], error
        return outputs, None

    def _finish(self, worker: Worker) -> float:
        """Ends a batch, before its results are out and bring the next requests; returns when."""
        with self._changed:
            now = time.monotonic()
            if self._turns.finish(worker.batch):
                worker.remember(self._turns, now, now - worker.started_s, self._batch_wait_s)
            return now

    def _learn(self, outputs: list[Output], seconds: float) -> None:
        """Takes in how long a batch took, so that small ones are as small as they need be."""
        steps = max(output.hypotheses[0].tokens for output in outputs) + 1
        with self._changed:
            self._pace.observe(len(outputs), steps, seconds)
            if self._turns.lean_jobs is not None:
                self._turns.lean_jobs = self._pace.lean_jobs

    def _halves(self, part: list[Job]) -> list[list[Job]]:
        """Returns the halves of what is still wanted, the first to be run last in the list."""
        wanted = self._outcomes.wanted(part)
        middle = len(wanted) // 2
        return [half for half in (wanted[middle:], wanted[:middle]) if half]

    def _deliver(
        self, part: list[Job], outputs: list[Output], started_s: float, finished_s: float
    ) -> None:
        if part[0].apart:  # it was alone, and is innocent
            self._quarantine.free(part[0].source, part[0].decoding)
        self._outcomes.deliver(part, outputs, started_s, finished_s)

    def _break_off(self, worker: Worker, failure: BaseException) -> None:
        """Gives up an engine that fails on what it could do before."""
        with self._changed:
            culprits = [] if worker.dismissed else self._take_over(worker, "broken")
        for job in culprits:
            self._outcomes.blame(job, failure)

    def _take_over(self, worker: Worker, reason: EndReason) -> list[Job]:
        """Ends the shift of a worker in the engine; what it has in hand waits again, set apart.

        Returns the culprits, which do not: who hung alone, or broke a second engine alone.
        """
        part, all_jobs = worker.part, worker.in_hand()
        if worker.shift.end is None:
            worker.shift.end = reason
        if reason == "hang":
            worker.shift.hung.add(worker)
        worker.dismissed, worker.inside = True, False
        worker.part, worker.parts = [], []
        self._turns.finish(worker.batch)
        culprits = part if len(part) == 1 and (reason == "hang" or part[0].apart) else []
        for job in culprits:
            self._quarantine.hold(job.source, job.decoding, "refused", HUNG_S)
        others = [job for job in all_jobs if job not in culprits]
        for job in others:
            self._quarantine.hold(job.source, job.decoding, "apart", HUNG_S)
        self._set_apart(others)
        self._count()
        return culprits

    def _begin_anew(self, worker: Worker, error: BaseException) -> None:
        """Answers whoever waits, as the queue is not to be trusted any more, and empties it."""
        with self._changed:
            lost = self._empty(beside=worker)
            worker.take([], [])
            worker.inside = False
        _log.error("queue_failed", extra={"model": self._name, "jobs": len(lost)}, exc_info=error)
        for job in lost:
            self._outcomes.blame(job, error)

    def _empty(self, beside: Worker | None = None) -> list[Job]:
        """Takes out all jobs but those that workers have in hand, one of them perhaps not counted.

        Whatever state `Turns` is in, none is missed.
        """
        others = [worker for worker in self._workers if worker is not beside]
        in_hand = {job for worker in others for job in worker.in_hand()}
        lost = [job for job in list(self._open.values()) if job not in in_hand]
        for job in list(self._open.values()):  # who cancels takes out without the lock
            job.flow.waiting_tokens = job.flow.running_tokens = 0
        old, self._turns = self._turns, Turns(self._max_batch_tokens, self._turns.lean_jobs)
        self._turns.workers = old.workers
        self._apart.clear()
        self._count()
        self._changed.notify_all()
        return lost


def _let_go(error: BaseException | None) -> None:
    """Clears what an error's traceback keeps alive: the halves need a failed batch's memory."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
