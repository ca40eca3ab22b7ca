"""Pieces that go together are found by what they occur with."""

import numpy as np
import pytest

from training.alignment import align


def test_each_piece_finds_its_partner() -> None:
    links = align([([0, 1], [10, 11]), ([1, 2], [11, 12]), ([2, 0], [12, 10])], rounds=20)
    shares = links.shares()
    best = {
        int(t): int(links.source[links.target == t][shares[links.target == t].argmax()])
        for t in np.unique(links.target)
    }
    assert best == {10: 0, 11: 1, 12: 2}
    assert shares.min() < 0.01 < 0.99 < shares.max()


def test_the_shares_of_a_piece_sum_to_one_at_any_sharpness() -> None:
    links = align([([0, 1, 2], [0, 1]), ([1], [1])])
    for sharpness in (1.0, 2.0):
        sums = np.bincount(links.target, links.shares(sharpness))
        assert sums == pytest.approx([1, 1])


def test_every_occurrence_is_counted_once() -> None:
    assert align([([0, 1], [0, 0, 1]), ([], [1])]).count.sum() == pytest.approx(3)


def test_without_a_pair_there_is_nothing_to_align() -> None:
    with pytest.raises(ValueError, match="no pair"):
        align([([], [1]), ([1], [])])
