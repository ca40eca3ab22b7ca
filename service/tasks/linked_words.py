"""The words of a translated sentence, each with the places of the source that it renders.

By the links of a model; where there are none, by words that stayed the same and by proportion.
Knows of marks only which words they keep.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.markup.weave import NO_PARENT
from service.tasks.results import TranslatedSegment

__all__ = ["LinkedWord", "linked_words"]

_INSIDE = r"[՛՜՞՟\u0301\xad-]|(?<=\d)[.,:/](?=\d)"
_WORD = re.compile(rf"[^\W_]+(?:(?:{_INSIDE})[^\W_]+)*|[%‰°№§&$€£¥֏₽]")
"""Armenian marks stand on vowels; a number is one word."""


@dataclass(frozen=True, slots=True)
class LinkedWord:
    """A word of a translation, or something kept.

    Attributes:
        links: places in the source, each with its weight.
        keeps: the mark that keeps it.
        is_guess: nothing says which places those are, but for proportion.
        near: where it is in the source by proportion.
    """

    start: int
    end: int
    links: tuple[tuple[float, float], ...]
    keeps: int
    is_guess: bool
    near: float

    def share(self, first: float, last: float, unknown: float = 0.0) -> float:
        """Returns how much of its links is between two places; without links `unknown`."""
        if not self.links:
            return unknown
        if len(self.links) == 1:
            return 1.0 if first <= self.links[0][0] < last else 0.0
        whole = sum(weight for _, weight in self.links)
        return sum(weight for place, weight in self.links if first <= place < last) / whole


def linked_words(
    source: str, segment: TranslatedSegment, kept: Mapping[int, tuple[int, int]]
) -> list[LinkedWord]:
    """Returns the words of a translation in order; what is kept, by mark, is one word each."""
    text = segment.text
    found = [(start, end, mark) for mark, (start, end) in kept.items()]
    edges = sorted((start, end) for start, end, _ in found)
    position = 0
    for word in _WORD.finditer(text):
        while position < len(edges) and edges[position][1] <= word.start():
            position += 1
        if position == len(edges) or word.end() <= edges[position][0]:
            found.append((word.start(), word.end(), NO_PARENT))
    links: list[list[tuple[float, float]]] = [[] for _ in found]
    found.sort()
    ends = [end for _, end, _ in found]
    for link in segment.links:
        number = bisect_right(ends, link.start)
        if number < len(found) and found[number][0] < link.end and link.weight:
            middle = (link.source_start + link.source_end) / 2
            links[number].append((middle, link.weight))
    anchors = _anchors(source, [text[start:end] for start, end, _ in found])
    ratio = len(source) / max(1, len(text))
    words = []
    for number, (start, end, mark) in enumerate(found):
        near = (start + end) / 2 * ratio
        places = links[number] if segment.links else [(near, 1.0)]
        is_guess = not segment.links or not places
        if number in anchors:
            places, is_guess = [(anchors[number], 1.0)], False
        words.append(LinkedWord(start, end, tuple(places), mark, is_guess, near))
    return words


def _anchors(source: str, words: Sequence[str]) -> dict[int, float]:
    """Words that stand once in both texts, with the middle of their place in the source."""
    there: dict[str, float | None] = {}
    for word in _WORD.finditer(source):
        name = word[0].casefold()
        there[name] = None if name in there else (word.start() + word.end()) / 2
    here: dict[str, int | None] = {}
    for number, said in enumerate(words):
        name = said.casefold()
        here[name] = None if name in here else number
    return {
        number: place
        for name, number in here.items()
        if number is not None
        and (len(name) > 3 or any(map(str.isdigit, name)))
        and (place := there.get(name)) is not None
    }
