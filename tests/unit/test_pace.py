import pytest

from service.batching.pace import MOST_JOBS, Pace


def paced(fixed_ms: float, each_ms: float, *, sizes: list[int], steps: int = 30) -> Pace:
    pace = Pace()
    for jobs in sizes:
        pace.observe(jobs, steps, steps * (fixed_ms + each_ms * jobs) / 1000)
    return pace


MIXED = [1, 4, 16, 30, 2, 8] * 20


@pytest.mark.parametrize(
    ("fixed_ms", "each_ms", "jobs"),
    [(8.0, 2.0, 3), (10.0, 1.0, 6), (1.0, 2.0, 1), (0.0, 2.0, 1)],
)
def test_a_lean_batch_takes_at_most_half_as_long_again_as_one_job(
    fixed_ms: float, each_ms: float, jobs: int
) -> None:
    assert paced(fixed_ms, each_ms, sizes=MIXED).lean_jobs == jobs


def test_where_jobs_cost_nothing_a_batch_may_be_of_any_size() -> None:
    assert paced(10.0, 0.0, sizes=[*range(1, 60)] * 4).lean_jobs > 60


def test_before_anything_ran_a_few_jobs_are_lean() -> None:
    assert Pace().lean_jobs == 3


def test_batches_of_one_size_alone_change_nothing() -> None:
    assert paced(100.0, 1.0, sizes=[5] * 3).lean_jobs == 3


def test_what_is_long_ago_is_forgotten() -> None:
    pace = paced(8.0, 2.0, sizes=MIXED)
    for jobs in MIXED * 3:
        pace.observe(jobs, 30, 30 * (10.0 + 0.1 * jobs) / 1000)
    assert pace.lean_jobs > 15


def test_times_that_fall_with_the_jobs_are_noise_and_no_limit() -> None:
    pace = Pace()
    for jobs in [*range(1, 40)] * 4:
        pace.observe(jobs, 30, (100 - jobs) / 1000)
    assert pace.lean_jobs == MOST_JOBS
