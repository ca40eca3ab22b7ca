"""Puts the marks of a block where they belong in its translation.

What a mark was around is found again by links between words of the two texts; where there are none
it is by words that stayed the same, and by proportion. A mark stands around whole words. Of two
marks one still contains the other, or they share no word. Knows no format and no model.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from service.markup.blocks import Block, Mark
from service.markup.weave import weave
from service.tasks.results import TranslatedSegment
from service.text.kept import spots
from service.text.segment import Span

__all__ = ["kept_of", "placed"]

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

_NONE = -1


def kept_of(block: Block) -> list[Span]:
    """Returns what the block keeps, in order and apart, without white at its edges."""
    found: list[Span] = []
    for mark in block.marks:
        kept = _bare(block.text, mark.start, mark.end)
        if mark.keep and kept.text and (not found or found[-1].end <= kept.start):
            found.append(kept)
    return found


def _bare(text: str, start: int, end: int) -> Span:
    bare = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Span(start, start + len(bare), bare)


def placed(block: Block, segments: Sequence[TranslatedSegment]) -> tuple[Block, frozenset[int]]:
    """Returns the translation of a block with its marks, by index those of the block.

    Where what is kept came back in an order in which the marks around it cannot stand, its
    sentences stay as they are in the block.

    Args:
        segments: those of its text, in order.

    Returns:
        Also the indices of the segments that stay.
    """
    texts = [segment.text for segment in segments]
    done = _Placing(block, segments, texts).block()
    if _stands(block, done):
        return done, frozenset()
    kept = kept_of(block)
    stay = set()
    for number, segment in enumerate(segments):
        start, end = segment.source.start, segment.source.end
        if any(start <= one.start < end for one in kept):
            stay.add(number)
            texts[number] = block.text[start:end]
    return _Placing(block, segments, texts).block(), frozenset(stay)


def _stands(block: Block, done: Block) -> bool:
    """Whether what is written of a block has what it keeps once, in its place."""
    kept = {
        index: block.text[mark.start : mark.end]
        for index, mark in enumerate(block.marks)
        if mark.keep
    }
    if not any(said.strip() for said in kept.values()):
        return True
    written = "".join(
        kept.get(step.mark, "") if step.kind == "open" else step.text
        for step in weave(done, _parents(block.marks))
    )
    return written.split() == done.text.split()


class _Placing:
    """One block. Marks are placed from the outside to the inside, each in its sentences."""

    def __init__(
        self, block: Block, segments: Sequence[TranslatedSegment], texts: Sequence[str]
    ) -> None:
        self._block, self._segments, self._texts = block, segments, texts
        self._starts = [segment.source.start for segment in segments]
        self._ends = [segment.source.end for segment in segments]
        self._parents = _parents(block.marks)
        self._insides = list(range(1, len(self._parents) + 1))
        for index in range(len(self._parents) - 1, -1, -1):
            if (parent := self._parents[index]) != _NONE:
                self._insides[parent] = max(self._insides[parent], self._insides[index])
        self._sentences: dict[int, _Sentence] = {}
        parts: list[str] = []
        self._new: list[int] = []
        done = size = 0
        for segment, text in zip(segments, texts, strict=True):
            layout = block.text[done : segment.source.start]
            self._new.append(size + len(layout))
            parts += [layout, text]
            size += len(layout) + len(text)
            done = segment.source.end
        self.text = "".join((*parts, block.text[done:]))

    def _sentence(self, number: int) -> "_Sentence":
        if number not in self._sentences:
            segment = self._segments[number]
            start, end = segment.source.start, segment.source.end
            inside = self._inside(start, end)
            self._sentences[number] = _Sentence(
                self._block.text[start:end],
                replace(segment, text=self._texts[number]),
                {i: self._block.marks[i] for i in inside},
                start,
                self._parents,
                self._insides,
            )
        return self._sentences[number]

    def _inside(self, start: int, end: int) -> Sequence[int]:
        return self._indices[
            bisect_left(self._mark_starts, start) : bisect_right(self._mark_starts, end)
        ]

    @cached_property
    def _indices(self) -> list[int]:
        return sorted(range(len(self._parents)), key=lambda i: self._block.marks[i].start)

    @cached_property
    def _mark_starts(self) -> list[int]:
        return [self._block.marks[i].start for i in self._indices]

    def block(self) -> Block:
        """Returns the translation with its marks."""
        found = {index: self._placed(index) for index in self._order()}
        return Block(self.text, tuple(found[index] for index in range(len(found))))

    def _order(self) -> list[int]:
        """The marks, outer ones before inner ones; of these first those that are surest."""
        depths: list[int] = []
        sure: list[float] = []
        for index, mark in enumerate(self._block.marks):
            parent = self._parents[index]
            depths.append(0 if parent == _NONE else depths[parent] + 1)
            first = bisect_right(self._ends, mark.start)
            one = first < len(self._ends) and self._is_part_of(mark, first)
            sure.append(self._sentence(first).evidence(index, mark) if one else math.inf)
        return sorted(range(len(depths)), key=lambda i: (depths[i], -sure[i], i))

    def _placed(self, index: int) -> Mark:
        mark = self._block.marks[index]
        first = bisect_right(self._ends, mark.start)  # the sentence that ends behind its start
        last = bisect_left(self._starts, mark.end) - 1  # that begins before its end
        if first == last and self._is_part_of(mark, first):
            start, end = self._sentence(first).place(index, mark.start, mark.end)
            shift = self._new[first]
            return replace(mark, start=start + shift, end=end + shift)
        start, end = self._outside(mark.start), self._outside(mark.end)
        if first < len(self._starts) and self._starts[first] < mark.start:
            start = self._sentence(first).place(index, mark.start, None)[0] + self._new[first]
        if last >= 0 and mark.end < self._ends[last]:
            end = self._sentence(last).place(index, None, mark.end)[1] + self._new[last]
        return replace(mark, start=start, end=max(start, end))

    def _is_part_of(self, mark: Mark, number: int) -> bool:
        start, end = self._starts[number], self._ends[number]
        return start <= mark.start <= mark.end <= end and (mark.start, mark.end) != (start, end)

    def _outside(self, place: int) -> int:
        """Where a place is now that is in no sentence, or at the edge of one."""
        before = bisect_right(self._starts, place) - 1
        if before < 0:
            return place
        if place <= self._starts[before]:
            return self._new[before]
        behind = place - self._ends[before]
        return self._new[before] + len(self._texts[before]) + max(0, behind)


def _parents(marks: Sequence[Mark]) -> list[int]:
    """For each mark the one around it; one without an inside is in none that ends where it is."""
    parents: list[int] = []
    opened: list[int] = []
    for index, mark in enumerate(marks):
        while opened and marks[opened[-1]].end <= mark.start:
            opened.pop()
        parents.append(opened[-1] if opened else _NONE)
        opened.append(index)
    return parents


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a translation, or something kept, with the places in the source it is linked to."""

    start: int
    end: int
    links: tuple[tuple[float, float], ...] = ()
    keeps: int = _NONE


class _Sentence:
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
        marks: dict[int, Mark],
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
        self._owners = [_NONE] * len(self._words)
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
                found.append((word.start(), word.end(), _NONE))
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
        while parent != _NONE and parent not in self._ranges:
            parent = self._parents[parent]
        if parent == _NONE:
            return 0, len(self._words), _NONE
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
        if word.keeps != _NONE:
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
    source: str, text: str, marks: dict[int, Mark], offset: int
) -> dict[int, tuple[int, int]]:
    """Where what the sentence keeps is in its translation, by mark."""
    kept = {
        index: bare
        for index, mark in marks.items()
        if mark.keep
        and mark.end - offset <= len(source)
        and (bare := _bare(source, mark.start - offset, mark.end - offset)).text
    }
    found = spots(text, source, list(kept.values()))
    return dict(zip(kept, found or (), strict=False))
