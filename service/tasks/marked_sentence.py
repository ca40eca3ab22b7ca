"""Finds what in a translated sentence renders what a mark was around.

A mark gets whole words, unless it was around a part of one; what it has, only marks in it can have
too. Where nothing says which words are a mark's, it stands between words and has none. Knows one
sentence, and of blocks only where in one it begins.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property

from service.markup.blocks import Mark
from service.markup.weave import NO_PARENT
from service.tasks.linked_words import linked_words
from service.tasks.mark_edges import Edges
from service.tasks.results import TranslatedSegment
from service.tasks.sentence_words import Room, SentenceWords, Wanted
from service.tasks.word_parts import Part, ends_of, words_of
from service.text.kept import spots
from service.text.segment import Span

__all__ = ["MarkedSentence", "bare"]

MAX_COMPARISONS = 500_000
"""Of marks with words, in one sentence; a part of a word counts as three marks. In one with more,
what is not kept goes by proportion."""


def bare(text: str, start: int, end: int) -> Span:
    """Returns a stretch of a text without white at its edges."""
    found = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Span(start, start + len(found), found)


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
        self._kept = _kept_here(source, segment.text, marks, offset)
        self._same = source == segment.text
        self._source_words = words_of(source)
        words = [] if self._same else linked_words(source, segment, self._kept)
        self._words = SentenceWords(segment.text, words, source, self._source_words, insides)
        self._edges = Edges(source, segment.text, words)
        self._parts = {} if self._same else self._parts_of_words(marks, insides)
        self._ranges: dict[int, tuple[int, int]] = {}
        self._narrow: dict[int, tuple[int, int]] = {}  # marks that have less than their words
        steps = len(words) + len(self._text) // 8
        self._is_large = (len(marks) + 2 * len(self._parts)) * steps > MAX_COMPARISONS

    def _parts_of_words(
        self, marks: Mapping[int, Mark], insides: Sequence[int]
    ) -> Mapping[int, Part]:
        """What marks are around that are in one word, are not all of it and keep nothing."""
        found = {}
        for index, mark in marks.items():
            first, last = mark.start - self._offset, mark.end - self._offset
            if last > len(self._source) or any(index <= k < insides[index] for k in self._kept):
                continue
            if part := Part.of(self._source, self._source_words, first, last):
                found[index] = part
        return found

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
        wanted, room = Wanted(index, first, last), self._room(index)
        if not any(map(str.isalnum, self._source[first:last])):
            found = self._point(wanted, room)
        elif part := self._parts.get(index):
            found = self._part_of_word(wanted, room, part)
        else:
            found = self._whole(wanted, room, begins=start is not None, ends=end is not None)
        if room.owner in self._narrow:
            least, most = self._narrow[room.owner]
            found = max(least, min(found[0], most)), max(least, min(found[1], most))
            self._narrow[index] = found
        return found

    def evidence(self, index: int, mark: Mark) -> float:
        """Returns how much there is for the place of a mark that is in this sentence alone."""
        if self._same or self._is_large or index in self._kept:
            return math.inf
        first, last = mark.start - self._offset, mark.end - self._offset
        if part := self._parts.get(index):
            first, last = part.around
        return self._words.evidence(first, last)

    def _room(self, index: int) -> Room:
        parent = self._parents[index]
        while parent != NO_PARENT and parent not in self._ranges:
            parent = self._parents[parent]
        if parent == NO_PARENT:
            return Room(0, len(self._words.words), NO_PARENT)
        return Room(*self._ranges[parent], parent)

    def _whole(self, wanted: Wanted, room: Room, *, begins: bool, ends: bool) -> tuple[int, int]:
        words = self._words.run(wanted, room)
        if words is None:
            words = self._words.nearest(wanted, room, wanted.first if begins else wanted.last)
        words = (words[0] if begins else room.low, words[1] if ends else room.high)
        return self._taken(wanted, room, *words)

    def _taken(self, wanted: Wanted, room: Room, begin: int, stop: int) -> tuple[int, int]:
        """Gives these words to a mark, and returns where they are.

        Of a word that the mark begins or ends in, it gets no more than that part.
        """
        if begin < stop:
            start, end = self._edges.around(begin, stop, wanted.first, wanted.last)
        else:
            start = end = self._edges.inside(begin, room.low, room.high)
        head, tail = ends_of(self._source, self._source_words, wanted.first, wanted.last)
        if tail is not None:
            number, fit = self._words.best(tail, room, stop - 1, stop + 1)
            if number is not None and fit is not None:
                place, end = self._words.cut(wanted, room, number, fit)
                begin, start = (begin, start) if begin < stop else (number, place)
                stop = number + 1
        if head is not None:
            number, fit = self._words.best(head, room, begin - 1, begin + 1)
            if number is not None and fit is not None:
                start, place = self._words.cut(wanted, room, number, fit)
                stop, end = (stop, end) if begin < stop else (number + 1, place)
                begin = number
        self._ranges[wanted.mark] = begin, stop
        self._words.take(wanted.mark, room, begin, stop)
        if head or tail or begin == stop:
            self._narrow[wanted.mark] = start, max(start, end)
        return start, max(start, end)

    def _part_of_word(self, wanted: Wanted, room: Room, part: Part) -> tuple[int, int]:
        """The characters that render a part of a word; else words, unless it is no part of such."""
        number, fit = self._words.best(part, room, room.low, room.high)
        if number is not None and fit is not None:
            cut = self._words.cut(wanted, room, number, fit)
            found = self._edges.signed(*cut, wanted.first, wanted.last)
            self._ranges[wanted.mark], self._narrow[wanted.mark] = (number, number + 1), found
            return found
        if not part.is_of_another_kind:
            words = self._words.run(wanted, room)
            if words is None and number is not None and self._words.is_free(number, room):
                words = number, number + 1
            if words is None:
                words = self._words.nearest(wanted, room, wanted.first)
            return self._taken(wanted, room, *words)
        if number is None:
            number = self._words.gap(wanted.first, room)
            place = self._edges.inside(number, room.low, room.high)
            if part.start and number > room.low:
                place = self._words.words[number - 1].end
        else:
            word = self._words.words[number]
            place = word.end if part.start else word.start
        self._ranges[wanted.mark], self._narrow[wanted.mark] = (number, number), (place, place)
        return place, place

    def _point(self, wanted: Wanted, room: Room) -> tuple[int, int]:
        gap = self._words.gap(wanted.first, room)
        place = self._edges.between(gap, wanted.first, wanted.last)
        return place, place

    def _by_proportion(self, place: int) -> int:
        ends = self._word_ends
        wanted = place * len(self._text) / max(1, len(self._source))
        number = bisect_left(ends, wanted)
        return ends[min(number, len(ends) - 1)] if ends and place else 0

    @cached_property
    def _word_ends(self) -> list[int]:
        return [word.end for word in self._words.words]


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
