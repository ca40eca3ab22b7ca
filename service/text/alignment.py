"""Says which stretch of a translation renders which stretch of its source.

A `Link` ties a few characters of the one to a few of the other, as a model's attention tells it.
Texts change on their way (punctuation is normalised, typography is set), but their letters and
digits stay, in order: by these, links are carried from one form of a text to another. Knows no
model and no mark.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Carrier", "Link", "linked", "relinked"]

_SPECIAL = re.compile(r"<[^<>\s]+>|>>\S+<<|[a-z]{3}_[A-Z][a-z]{3}|__[a-z]{2,8}__")
_SIGNS = frozenset("%‰°№§&$€£¥֏₽+=")
"""Signs that mean something, and that nobody sets otherwise."""
_LOOK_AHEAD = 6
_MAX_DIFFERENCES = 300


class Link(NamedTuple):
    """Characters `start` to `end` of a translation, and of its source; `weight` is 0 to 1."""

    start: int
    end: int
    source_start: int
    source_end: int
    weight: float


class Carrier:
    """Finds the stretches of one text in another form of it, in linear time.

    Where letters differ, it looks a few further for where the texts agree again; behind too many
    differences it finds nothing more.
    """

    def __init__(self, before: str, after: str) -> None:
        self._before, self._after = _matched(before, after)

    def carried(self, start: int, end: int) -> tuple[int, int] | None:
        """Returns where characters `start` to `end` are; None where they have no letter."""
        first = bisect_left(self._before, start)
        last = bisect_left(self._before, end)
        if first == last:
            return None
        return self._after[first], self._after[last - 1] + 1


def linked(
    text: str,
    pieces: Sequence[str],
    looks: Sequence[Sequence[tuple[int, int]]],
    source: str,
    tokens: Sequence[str],
) -> Iterator[Link]:
    """Yields the links of a translation that a model wrote in `pieces`, as it read `tokens`.

    Args:
        looks: for each piece, indices of tokens with their weight in 1/255.
    """
    here = _places(pieces, text)
    there = _places(tokens, source)
    for place, row in zip(here, looks, strict=False):
        seen = [(there[token], weight) for token, weight in row if token < len(there)]
        known = [(one, weight) for one, weight in seen if one is not None]
        if place is not None:
            for other, weight in known:
                yield Link(*place, *other, weight / 255)


def relinked(links: Iterable[Link], carrier: Carrier) -> Iterator[Link]:
    """Yields the links of another form of the translation; those without a letter are no more."""
    for link in links:
        here = carrier.carried(link.start, link.end)
        if here is not None:
            yield Link(*here, link.source_start, link.source_end, link.weight)


def _places(pieces: Sequence[str], text: str) -> list[tuple[int, int] | None]:
    """Where each piece is in the text that they are together."""
    bare = ["" if _SPECIAL.fullmatch(piece) else piece for piece in pieces]
    ends = list(accumulate(map(len, bare)))
    carrier = Carrier("".join(bare), text)
    return [carrier.carried(end - len(piece), end) for piece, end in zip(bare, ends, strict=True)]


def _matched(before: str, after: str) -> tuple[list[int], list[int]]:
    """The letters of both that are the same ones, by their places."""
    left = [i for i, c in enumerate(before) if c.isalnum() or c in _SIGNS]
    right = [i for i, c in enumerate(after) if c.isalnum() or c in _SIGNS]
    one = [before[i].casefold() for i in left]
    two = [after[i].casefold() for i in right]
    found: list[tuple[int, int]] = []
    i = j = differences = 0
    while i < len(one) and j < len(two) and differences < _MAX_DIFFERENCES:
        if one[i] != two[j]:
            differences += 1
            i, j = _agreeing(one, i, two, j)
            continue
        found.append((left[i], right[j]))
        i, j = i + 1, j + 1
    return [a for a, _ in found], [b for _, b in found]


def _agreeing(one: Sequence[str], i: int, two: Sequence[str], j: int) -> tuple[int, int]:
    """The nearest places from here where two letters are the same; else the next ones."""
    for distance in range(1, 2 * _LOOK_AHEAD):
        for step in range(max(0, distance - _LOOK_AHEAD), min(distance, _LOOK_AHEAD) + 1):
            a, b = one[i + step : i + step + 2], two[j + distance - step : j + distance - step + 2]
            if a and a == b:
                return i + step, j + distance - step
    return i + 1, j + 1
