"""Knows which piece of one text goes with which piece of another: IBM model 1 on ids.

Brown et al. 1993, "The mathematics of statistical machine translation", without the empty word:
each target piece is made by one piece of the source, all places alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Links", "align"]


@dataclass(frozen=True, slots=True)
class Links:
    """Expected counts of links: `source[i]` made `target[i]` in `count[i]` places."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    count: NDArray[np.float64]

    def shares(self, sharpness: float = 1.0) -> NDArray[np.float64]:
        """Returns of each link its share in its target piece; they sum to 1 for each of these.

        Args:
            sharpness: an exponent of the counts; above 1 rare links count for less.
        """
        weight = self.count**sharpness
        return weight / np.bincount(self.target, weight)[self.target]


def align(pairs: Sequence[tuple[Sequence[int], Sequence[int]]], rounds: int = 8) -> Links:
    """Returns the links after `rounds` of expectation and maximisation.

    Raises:
        ValueError: there is no pair with a piece on both sides.
    """
    filled = [(s, t) for s, t in pairs if s and t]
    if not filled:
        raise ValueError("no pair has a piece on both sides")
    sources = np.concatenate([np.tile(np.asarray(s, np.int64), len(t)) for s, t in filled])
    targets = np.concatenate([np.repeat(np.asarray(t, np.int64), len(s)) for s, t in filled])
    # Each occurrence of a target piece is one event, which its links share.
    sizes = np.concatenate([np.full(len(t), len(s)) for s, t in filled])
    event = np.repeat(np.arange(len(sizes)), sizes)
    width = int(targets.max()) + 1
    keys, kind = np.unique(sources * width + targets, return_inverse=True)
    of_source, of_target = keys // width, keys % width
    chance: NDArray[np.float64] = np.ones(len(keys))
    count: NDArray[np.float64] = chance
    for _ in range(rounds):
        link: NDArray[np.float64] = chance[kind]
        link /= np.bincount(event, link)[event]
        count = np.bincount(kind, link, minlength=len(keys)).astype(np.float64)
        chance = count / np.bincount(of_source, count)[of_source]
    return Links(of_source, of_target, count)
