"""Knows which pairs are computed together: alike in length, a bounded number of tokens."""

import random
from collections.abc import Iterator, Sequence

__all__ = ["batches"]

_WINDOW = 4_000
"""So many pairs are sorted by length together: enough for alike ones, few enough for chance."""


def batches(
    lengths: Sequence[tuple[int, int]], order: Sequence[int], most_tokens: int, seed: int
) -> Iterator[list[int]]:
    """Yields the indices of `order` in batches; each index as often as it is there.

    Args:
        lengths: of the source and the target, of every pair.
        order: the pairs to be seen in one round, repeats included; shuffled here.
        most_tokens: of the padded targets of a batch, unless one alone has more.
        seed: of the shuffling.
    """
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    shuffled = list(order)
    rng.shuffle(shuffled)
    for start in range(0, len(shuffled), _WINDOW):
        window = sorted(shuffled[start : start + _WINDOW], key=lambda i: lengths[i][::-1])
        cut: list[list[int]] = [[]]
        for i in window:
            if cut[-1] and (len(cut[-1]) + 1) * lengths[i][1] > most_tokens:
                cut.append([])
            cut[-1].append(i)
        rng.shuffle(cut)
        yield from cut
