"""What becomes of jobs: their futures are settled here, and counted. Knows no queue."""

from collections.abc import Iterable, Sequence

from service.batching.jobs import Job, JobResult
from service.engines.base import Output
from service.errors import InferenceFailed, RefusedInput, ServiceError
from service.telemetry import metrics

__all__ = ["Outcomes"]


class Outcomes:
    """Settles the jobs of one model, from any thread; `name` is for errors and metrics."""

    def __init__(self, name: str) -> None:
        self._name = name

    def deliver(
        self, part: Sequence[Job], outputs: Sequence[Output], started_s: float, finished_s: float
    ) -> None:
        """Hands out results; until here a job can be cancelled, in the middle of its batch too."""
        wanted = [job.future.set_running_or_notify_cancel() for job in part]
        self._observe(part, sum(wanted), started_s, finished_s)
        for job, output, is_wanted in zip(part, outputs, wanted, strict=True):
            if is_wanted:
                job.future.set_result(JobResult(output, job.submitted_s, started_s, finished_s))

    def blame(self, job: Job, cause: BaseException) -> None:
        """Says of a job that the engine could not do it."""
        failure = InferenceFailed(self._name)
        failure.__cause__ = cause
        self.fail(job, failure)

    def refuse(self, job: Job) -> None:
        """Says of a job that the engine could not do it before."""
        metrics.REFUSED_INPUTS.labels(self._name).inc()
        self.fail(job, RefusedInput(self._name))

    def fail(self, job: Job, failure: ServiceError) -> None:
        """Fails a job, where it is still wanted."""
        wanted = job.future.set_running_or_notify_cancel()
        metrics.JOBS.labels(self._name, "failed" if wanted else "dropped").inc()
        if wanted:
            job.future.set_exception(failure)

    def drop(self, jobs: int) -> None:
        """Counts jobs that nobody wants any more."""
        metrics.JOBS.labels(self._name, "dropped").inc(jobs)

    def wanted(self, jobs: Iterable[Job]) -> list[Job]:
        """Returns those that somebody waits for; the others are dropped."""
        jobs = list(jobs)
        wanted = [job for job in jobs if not job.future.cancelled()]
        self.drop(len(jobs) - len(wanted))
        return wanted

    def _observe(
        self, part: Sequence[Job], delivered: int, started_s: float, finished_s: float
    ) -> None:
        metrics.JOBS.labels(self._name, "done").inc(delivered)
        self.drop(len(part) - delivered)
        metrics.INFERENCE_SECONDS.labels(self._name).observe(finished_s - started_s)
        metrics.BATCH_JOBS.labels(self._name).observe(len(part))
        metrics.BATCH_TOKENS.labels(self._name).observe(
            len(part) * max(len(job.source) for job in part)
        )
        waits = metrics.QUEUE_SECONDS.labels(self._name)
        for job in part:
            waits.observe(started_s - job.submitted_s)
