"""Finds the words of a translated sentence that render what a mark was around.

By links between words of the two texts; where there are none, by words that stayed the same and by
proportion. A mark gets whole words; what it has, only marks in it can have too. Knows one sentence,
and of blocks only where in one it begins.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from service.markup.blocks import Mark
from service.markup.weave import NO_PARENT
from service.tasks.results import TranslatedSegment
from service.text.kept import spots
from service.text.segment import Span

__all__ = ["MarkedSentence", "bare"]

_INSIDE = r"[՛՜՞՟\u0301\xad-]|(?<=\d)[.,:/](?=\d)"
_WORD = re.compile(rf"[^\W_]+(?:(?:{_INSIDE})[^\W_]+)*|[%‰°№§&$€£¥֏₽]")
"""Armenian marks stand on vowels; a number is one word."""

THRESHOLD = 0.45
"""A word belongs to a mark that has more than this share of its links. Of 0.3 to 0.5, this was best
on opus-mt-en-fr, int8, beam 2: of 95 phrases in 24 sentences of news 96.8 % exactly, 98.7 % of
their characters (F1). Without links, by equal words and proportion, 54.7 % and 80.4 %; the phrase
translated alone and looked for was there for 66 and right for 63 of the 95."""

_OPENING = frozenset("«‹“„‘([{¿¡")
_EITHER = frozenset("\"'")

UNKNOWN = -0.05
"""What a word without a link counts: it may stand between two that belong to a mark."""

MAX_COMPARISONS = 500_000
"""Of marks with words, in one sentence. In one with more, what is not kept goes by proportion."""


def bare(text: str, start: int, end: int) -> Span:
    """Returns a stretch of a text without white at its edges."""
    found = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Span(start, start + len(found), found)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a translation, or something kept, with the places in the source it is linked to."""

    start: int
    end: int
    links: tuple[tuple[float, float], ...] = ()
    keeps: int = NO_PARENT


class MarkedSentence:
    """A sentence and its translation; places of the source are those of the block.

    Args:
        marks: that begin in it, by index.
        offset: where it begins in the block.
        parents: of all marks of the block.
        insides: of all marks, where those in them end, by index.
    """

    def __init__(
        self,
        source: str,
        segment: TranslatedSegment,
        marks: Mapping[int, Mark],
        offset: int,
        parents: Sequence[int],
        insides: Sequence[int],
    ) -> None:
        self._source, self._text = source, segment.text
        self._offset = offset
        self._parents = parents
        self._insides = insides
        self._kept = _kept_here(source, segment.text, marks, offset)
        self._same = source == segment.text
        self._words = self._linked(segment)
        self._owners = [NO_PARENT] * len(self._words)
        self._ranges: dict[int, tuple[int, int]] = {}
        steps = len(self._words) + len(self._text) // 8
        self._is_large = len(marks) * steps > MAX_COMPARISONS

    # -- words and what they are linked to ---------------------------------------------------------
    def _linked(self, segment: TranslatedSegment) -> list[_Word]:
        if self._same:
            return []
        found = [(start, end, mark) for mark, (start, end) in self._kept.items()]
        edges = sorted((start, end) for start, end, _ in found)
        position = 0
        for word in _WORD.finditer(self._text):
            while position < len(edges) and edges[position][1] <= word.start():
                position += 1
            if position == len(edges) or word.end() <= edges[position][0]:
                found.append((word.start(), word.end(), NO_PARENT))
        links: list[list[tuple[float, float]]] = [[] for _ in found]
        found.sort()
        ends = [end for _, end, _ in found]
        for link in segment.links:
            number = bisect_right(ends, link.start)
            if number < len(found) and found[number][0] < link.end:
                middle = (link.source_start + link.source_end) / 2
                links[number].append((middle, link.weight))
        anchors = self._anchors([self._text[start:end] for start, end, _ in found])
        ratio = len(self._source) / max(1, len(self._text))
        return [
            _Word(
                start,
                end,
                ((anchors[number], 1.0),)
                if number in anchors
                else tuple(links[number])
                if segment.links
                else (((start + end) / 2 * ratio, 1.0),),
                mark,
            )
            for number, (start, end, mark) in enumerate(found)
        ]

    def _anchors(self, words: Sequence[str]) -> dict[int, float]:
        """Words that stand once in both texts, with the middle of their place in the source."""
        there: dict[str, float | None] = {}
        for word in _WORD.finditer(self._source):
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
            and (len(name) > 3 or name.isdigit())
            and (place := there.get(name)) is not None
        }

    # -- marks -------------------------------------------------------------------------------------
    def place(self, index: int, start: int | None, end: int | None) -> tuple[int, int]:
        """Returns where a mark is that begins and ends here, or goes on beyond (None)."""
        first = 0 if start is None else start - self._offset
        last = len(self._source) if end is None else end - self._offset
        if self._same:
            return first, last
        if index in self._kept:
            return self._kept[index]
        if self._is_large:
            return self._by_proportion(first), self._by_proportion(last)
        low, high, owner = self._room(index)
        if not any(map(str.isalnum, self._source[first:last])):
            return self._point(index, first, last, low, high, owner)
        words = self._stretch(index, first, last, low, high, owner)
        if start is None:
            words = (low, words[1])
        if end is None:
            words = (words[0], high)
        self._ranges[index] = words
        for number in range(*words):
            if self._owners[number] == owner:
                self._owners[number] = index
        return self._edges(*words, first, last)

    def evidence(self, index: int, mark: Mark) -> float:
        """Returns how much there is for the place of a mark that is in this sentence alone."""
        if self._same or self._is_large or index in self._kept:
            return math.inf
        first, last = mark.start - self._offset, mark.end - self._offset
        shares = (
            sum(weight for at, weight in word.links if first <= at < last)
            / (sum(weight for _, weight in word.links) or 1)
            for word in self._words
        )
        return max(shares, default=0.0)

    def _room(self, index: int) -> tuple[int, int, int]:
        """The words that a mark may have, and the mark that has them before."""
        parent = self._parents[index]
        while parent != NO_PARENT and parent not in self._ranges:
            parent = self._parents[parent]
        if parent == NO_PARENT:
            return 0, len(self._words), NO_PARENT
        return *self._ranges[parent], parent

    def _stretch(
        self, index: int, first: int, last: int, low: int, high: int, owner: int
    ) -> tuple[int, int]:
        """The run of words that belongs most to characters `first` to `last` of the source."""
        best, best_words = -math.inf, (low, low)
        total, begin = 0.0, low
        for number in range(low, high):
            worth = self._worth(index, number, first, last, owner)
            if total <= 0:
                total, begin = 0.0, number
            total += worth
            if total > best:
                best, best_words = total, (begin, number + 1)
        return best_words if best > -math.inf else (low, low)

    def _worth(self, index: int, number: int, first: int, last: int, owner: int) -> float:
        word = self._words[number]
        if self._owners[number] != owner:
            return -math.inf
        if word.keeps != NO_PARENT:
            return 1.0 if index < word.keeps < self._insides[index] else -math.inf
        whole = sum(weight for _, weight in word.links)
        if not whole:
            return UNKNOWN
        inside = sum(weight for place, weight in word.links if first <= place < last)
        return inside / whole - THRESHOLD

    def _by_proportion(self, place: int) -> int:
        ends = self._word_ends
        wanted = place * len(self._text) / max(1, len(self._source))
        number = bisect_left(ends, wanted)
        return ends[min(number, len(ends) - 1)] if ends and place else 0

    @cached_property
    def _word_ends(self) -> list[int]:
        return [word.end for word in self._words]

    def _edges(self, begin: int, stop: int, first: int, last: int) -> tuple[int, int]:
        """The characters of some words, with the signs at their edges that the source has there."""
        if begin >= stop:
            place = self._words[begin].start if begin < len(self._words) else len(self._text)
            return place, place
        start, end = self._words[begin].start, self._words[stop - 1].end
        if not self._source[first].isalnum():
            least = self._words[begin - 1].end if begin else 0
            for place in range(start - 1, least - 1, -1):
                if self._text[place] in _OPENING | _EITHER:
                    start = place
                elif not self._text[place].isspace():
                    break
        if not self._source[last - 1].isalnum():
            most = self._words[stop].start if stop < len(self._words) else len(self._text)
            for place in range(end, most):
                if self._text[place] in _OPENING:
                    break
                if not self._text[place].isspace():
                    end = place + 1
        return start, end

    def _point(
        self, index: int, first: int, last: int, low: int, high: int, owner: int
    ) -> tuple[int, int]:
        """The place between two words that parts best what was before from what was behind."""
        cost = sum(self._share_before(word, first) for word in self._words[low:high])
        best, gap = math.inf, low
        for number in range(low, high + 1):
            left = self._owners[number - 1] if number > low else owner
            right = self._owners[number] if number < high else owner
            if cost < best and (owner in (left, right) or left != right):
                best, gap = cost, number
            if number < high:
                cost += 1 - 2 * self._share_before(self._words[number], first)
        place = self._between(gap, first, last)
        return place, place

    def _share_before(self, word: _Word, place: int) -> float:
        whole = sum(weight for _, weight in word.links)
        if not whole:
            return 0.5
        return sum(weight for at, weight in word.links if at < place) / whole

    def _between(self, gap: int, first: int, last: int) -> int:
        before, behind = self._source[first - 1 : first], self._source[last : last + 1]
        if gap == 0:
            return 0
        left = self._words[gap - 1].end
        right = self._words[gap].start if gap < len(self._words) else len(self._text)
        if before and not (before.isalnum() or before.isspace()):
            while left < right and not self._text[left].isspace():
                left += 1
        if gap == len(self._words) and not behind:
            return len(self._text)
        if behind and not (behind.isalnum() or behind.isspace()):
            while right > left and not self._text[right - 1].isspace():
                right -= 1
        return right if before.isspace() and not behind.isspace() else left


def _kept_here(
    source: str, text: str, marks: Mapping[int, Mark], offset: int
) -> dict[int, tuple[int, int]]:
    """Where what the sentence keeps is in its translation, by mark."""
    kept = {
        index: inner
        for index, mark in marks.items()
        if mark.keep
        and mark.end - offset <= len(source)
        and (inner := bare(source, mark.start - offset, mark.end - offset)).text
    }
    found = spots(text, source, list(kept.values()))
    return dict(zip(kept, found or (), strict=False))
