"""Puts the marks of a block where they belong in its translation.

A mark that goes over several sentences is placed in the first and in the last of them. Of two marks
one still contains the other, or they share no word. Knows no format and no model, nor how the words
of a sentence are found again.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT, weave
from service.tasks.marked_sentence import MarkedSentence, bare
from service.tasks.results import TranslatedSegment
from service.text.segment import Span

__all__ = ["kept_of", "placed"]


def kept_of(block: Block) -> list[Span]:
    """Returns what the block keeps, in order and apart, without white at its edges."""
    found: list[Span] = []
    for mark in block.marks:
        kept = bare(block.text, mark.start, mark.end)
        if mark.keep and kept.text and (not found or found[-1].end <= kept.start):
            found.append(kept)
    return found


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
            if (parent := self._parents[index]) != NO_PARENT:
                self._insides[parent] = max(self._insides[parent], self._insides[index])
        self._sentences: dict[int, MarkedSentence] = {}
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

    def _sentence(self, number: int) -> "MarkedSentence":
        if number not in self._sentences:
            segment = self._segments[number]
            start, end = segment.source.start, segment.source.end
            inside = self._inside(start, end)
            self._sentences[number] = MarkedSentence(
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
            depths.append(0 if parent == NO_PARENT else depths[parent] + 1)
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
        parents.append(opened[-1] if opened else NO_PARENT)
        opened.append(index)
    return parents
