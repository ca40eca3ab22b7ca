"""The rate by time, and which pairs are computed together."""

from collections import Counter

import pytest

from training.batches import batches
from training.schedule import Schedule


def test_the_rate_rises_holds_and_falls_to_nothing() -> None:
    schedule = Schedule(1e-3, rise_steps=10, hold=0.5)
    assert schedule.rate(0, 0.0) == pytest.approx(1e-4)
    assert schedule.rate(9, 0.1) == schedule.rate(500, 0.5) == 1e-3
    assert schedule.rate(500, 0.75) == pytest.approx(5e-4)
    assert schedule.rate(500, 1.0) == schedule.rate(500, 1.2) == 0


def test_every_pair_is_seen_as_often_as_it_is_asked_for() -> None:
    lengths = [(n, 2 * n) for n in range(1, 60)]
    order = [*range(59), *range(20)]
    made = list(batches(lengths, order, most_tokens=120, seed=3))
    assert Counter(i for batch in made for i in batch) == Counter(order)
    assert all(len(b) * max(lengths[i][1] for i in b) <= 120 for b in made)


def test_a_pair_that_is_too_long_for_any_batch_is_alone() -> None:
    assert sorted(batches([(3, 3), (9, 900)], [0, 1], most_tokens=100, seed=1)) == [[0], [1]]


def test_batches_are_in_another_order_with_another_seed() -> None:
    lengths = [(n, n) for n in range(1, 80)]
    first, again, other = (list(batches(lengths, range(79), 90, seed)) for seed in (1, 1, 2))
    assert first == again != other
