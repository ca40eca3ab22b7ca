"""How the time of a batch grows with its jobs, learned from the batches that ran. No threads.

A step of decoding reads all weights once, whoever shares it, and computes for each job: its time is
`fixed + each * jobs`. The two are fitted by least squares over the batches so far, older ones
counting less and less (recursive least squares with exponential forgetting, as in Haykin, Adaptive
Filter Theory).
"""

import math

__all__ = ["Pace"]

FORGETTING = 0.97
"""Of 100 batches ago 5 % is left."""

PRIOR_RATIO = 4.0
PRIOR_JOBS = (1, 8)
"""What is believed as long as batches of one size teach nothing: a step's fixed part is worth four
jobs (measured on opus-mt shapes, int8, one core). It counts as much as two batches."""

SLOWDOWN = 1.5
"""How much longer than alone a sentence may take in a batch of lean size."""

MOST_JOBS = 1024
"""Where jobs cost nothing measurable."""


Sums = tuple[float, ...]
"""Weight, jobs, time, squares of the jobs, products of jobs and time."""


class Pace:
    """Learns from batches; says how many jobs a batch may have that is nearly as quick as one."""

    def __init__(self) -> None:
        self._sums: Sums = (0.0,) * 5

    def observe(self, jobs: int, steps: int, seconds: float) -> None:
        """Takes in a batch: its jobs, its longest output in tokens, and the time it took."""
        step_s = seconds / max(1, steps)
        old = (FORGETTING * value for value in self._sums)
        self._sums = _added(tuple(old), jobs, step_s)

    @property
    def lean_jobs(self) -> int:
        """How many jobs a batch may have whose steps take at most `SLOWDOWN` times those of one.

        That is fixed + each * n <= SLOWDOWN * (fixed + each), solved for n; 1 to `MOST_JOBS`.
        """
        room = (SLOWDOWN - 1) * self._fixed_over_each() + SLOWDOWN
        return max(1, int(min(room, MOST_JOBS)))

    def _fixed_over_each(self) -> float:
        weight, jobs, time, _, _ = self._sums
        if not time:
            return PRIOR_RATIO
        each = time / (PRIOR_RATIO * weight + jobs)  # the prior goes through the mean
        sums: Sums = self._sums
        for known in PRIOR_JOBS:
            sums = _added(sums, known, each * (PRIOR_RATIO + known))
        weight, jobs, time, squares, products = sums
        slope = (products - jobs * time / weight) / (squares - jobs * jobs / weight)
        fixed = (time - slope * jobs) / weight
        return math.inf if slope <= 0 else max(0.0, fixed / slope)


def _added(sums: Sums, jobs: int, step_s: float) -> Sums:
    new = (1.0, jobs, step_s, jobs * jobs, jobs * step_s)
    return tuple(value + more for value, more in zip(sums, new, strict=True))
