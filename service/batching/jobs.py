"""What waits in a queue, and what becomes of it. Plain data; knows neither order nor threads."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from service.engines.base import Decoding, Output

__all__ = ["WINDOW_JOBS", "Flow", "Job", "JobResult"]

WINDOW_JOBS = 256
"""How far a batch looks ahead in the queue for jobs of similar length."""


@dataclass(slots=True, eq=False)
class Flow:
    """The jobs of one request in one queue; shared by its submissions.

    Attributes:
        virtual_time: how far its service has come, in the tokens of `Turns`.
        running_tokens: of its jobs that are in batches now; not yet in `virtual_time`.
        waiting_tokens: of its jobs that have not begun.
        all_tokens: of all its jobs so far.
        admitted: some of its jobs were accepted, so the others are too.
        ahead_jobs: a batch looks at no more of its jobs, those that came first; it grows with each
            batch that has jobs of it. Whoever wants the first result early begins with one, beside
            which none of the others runs.
    """

    virtual_time: float = 0.0
    running_tokens: int = 0
    waiting_tokens: int = 0
    all_tokens: int = 0
    admitted: bool = False
    ahead_jobs: int = WINDOW_JOBS


@dataclass(frozen=True, slots=True)
class JobResult:
    """One job's output and when it was run, in seconds of `time.monotonic`."""

    output: Output
    submitted_s: float
    started_s: float
    finished_s: float


@dataclass(slots=True, eq=False)
class Job:
    """One source that waits. Whoever no longer wants its result cancels the future.

    Attributes:
        tokens: of the source, at least 1: what it counts in turns and in the budget.
        place: which job of the flow is wanted first, where their decodings differ: the lowest.
        apart: it was in a batch that hung, so it runs alone from now on.
    """

    source: Sequence[str] = field(repr=False)  # no text in an error's message
    decoding: Decoding
    flow: Flow
    submitted_s: float
    tokens: int
    place: int = 0
    apart: bool = False
    future: Future[JobResult] = field(default_factory=Future)
