"""Which words of a translated sentence belong to which mark.

Knows how much speaks for a word, and what other marks have already; not where a mark is written.
"""

import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from service.markup.weave import NO_PARENT
from service.tasks.linked_words import LinkedWord
from service.tasks.word_parts import Fit, Part, folded

__all__ = ["Room", "SentenceWords", "Wanted"]

THRESHOLD = 0.45
"""A word belongs to a mark that has more than this share of its links. Of 0.3 to 0.5, this was best
on opus-mt-en-fr, int8, beam 2: of 95 phrases in 24 sentences of news 96.8 % exactly, 98.7 % of
their characters (F1). Without links, by equal words and proportion, 54.7 % and 80.4 %; the phrase
translated alone and looked for was there for 66 and right for 63 of the 95."""

UNKNOWN = -0.05
"""What a word without a link counts: it may stand between two that belong to a mark."""


class Wanted(NamedTuple):
    """A mark, and the characters of the source that it is around."""

    mark: int
    first: int
    last: int


class Room(NamedTuple):
    """The words that a mark may have, and the mark that has them before."""

    low: int
    high: int
    owner: int


class _Cut(NamedTuple):
    """What a mark has of a word that it does not have all of, and which mark is around it."""

    mark: int
    owner: int
    start: int
    end: int


class SentenceWords:
    """The words of a translation, and which marks have them.

    Args:
        source_words: see `word_parts.words_of`.
        insides: of all marks, where those in them end, by index.
    """

    def __init__(
        self,
        text: str,
        words: Sequence[LinkedWord],
        source: str,
        source_words: Sequence[re.Match[str]],
        insides: Sequence[int],
    ) -> None:
        self.words = words
        self._text, self._size = text, len(source)
        self._opening = source_words[0].start() if source_words else 0
        self._insides = insides
        self._owners = [NO_PARENT] * len(words)
        self._cuts: dict[int, list[_Cut]] = {}  # by word

    def evidence(self, first: int, last: int) -> float:
        """Returns how much there is for the word that speaks most for these characters."""
        return max((word.share(first, last) for word in self.words), default=0.0)

    def take(self, index: int, room: Room, begin: int, stop: int) -> None:
        """Gives a mark these words, but those that others have."""
        for number in range(begin, stop):
            if self._owners[number] == room.owner:
                self._owners[number] = index

    def is_free(self, number: int, room: Room) -> bool:
        """Whether no mark in this room has the word, or a part of it."""
        return self._owners[number] == room.owner

    def run(self, wanted: Wanted, room: Room) -> tuple[int, int] | None:
        """Returns the run of words that belongs most to a mark; None where no word does at all."""
        best, best_words = 0.0, None
        most, one = 0.0, None
        total, begin = 0.0, room.low
        for number in range(room.low, room.high):
            worth = self._worth(wanted, number, room.owner)
            if total <= 0:
                total, begin = 0.0, number
            total += worth
            if total > best:
                best, best_words = total, (begin, number + 1)
            if self.words[number].links and worth + THRESHOLD > most:
                most, one = worth + THRESHOLD, (number, number + 1)
        return best_words or one

    def _worth(self, wanted: Wanted, number: int, owner: int) -> float:
        word = self.words[number]
        if self._owners[number] != owner:
            return -math.inf
        if word.keeps != NO_PARENT:
            inside = wanted.mark < word.keeps < self._insides[wanted.mark]
            return 1.0 if inside else -math.inf
        return word.share(wanted.first, wanted.last, UNKNOWN + THRESHOLD) - THRESHOLD

    def nearest(self, wanted: Wanted, room: Room, place: int) -> tuple[int, int]:
        """Returns the place between words where a mark would be; a word there that may be its."""
        gap = self.gap(place, room)
        middle = (wanted.first + wanted.last) / 2
        free = [
            number
            for number in (gap - 1, gap)
            if room.low <= number < room.high
            and self._owners[number] == room.owner
            and self.words[number].keeps == NO_PARENT
            and self.words[number].is_guess
        ]
        if not free:
            return gap, gap
        nearest = min(free, key=lambda number: abs(self.words[number].near - middle))
        return nearest, nearest + 1

    def gap(self, place: int, room: Room) -> int:
        """Returns the place between two words that parts best what was before and behind."""
        low, high, owner = room
        cost = sum(self._share_before(word, place) for word in self.words[low:high])
        best, gap = math.inf, low
        for number in range(low, high + 1):
            left = self._owners[number - 1] if number > low else owner
            right = self._owners[number] if number < high else owner
            if cost < best and (owner in (left, right) or left != right):
                best, gap = cost, number
            if number < high:
                cost += 1 - 2 * self._share_before(self.words[number], place)
        return gap

    def _share_before(self, word: LinkedWord, place: int) -> float:
        return word.share(-math.inf, place, unknown=0.5)

    def best(self, part: Part, room: Room, low: int, high: int) -> tuple[int | None, Fit | None]:
        """Returns which of some words renders the one of a part, and where that is seen in it.

        Either may be None.
        """
        best = -math.inf
        found: tuple[int | None, Fit | None] = None, None
        around = part.around
        opens = part.is_initial and part.at == self._opening
        for number in range(max(low, room.low), min(high, room.high)):
            word = self.words[number]
            share = 0.0 if word.is_guess else word.share(*around)
            if not (share or part.may_be_seen or opens) or word.keeps != NO_PARENT:
                continue
            fit = part.in_word(self._folded[number])
            if (fit is None and not share) or not self._is_open(number, room.owner):
                continue
            if fit is not None:
                is_sure = fit.same or (fit.sure and word.is_guess) or (opens and number == 0)
                if not (share or is_sure) or self._overlaps(number, room.owner, fit):
                    fit = None
            if not share and fit is None:
                continue
            distance = abs(word.near - sum(around) / 2) / self._size
            score = share + (0 if fit is None else 2 if fit.same else 1 if fit.sure else 0.5)
            if opens and number == 0 and fit is not None:
                score += 2
            if score - distance / 4 > best:
                best, found = score - distance / 4, (number, fit)
        return found

    @cached_property
    def _folded(self) -> Sequence[str]:
        return [folded(self._text[word.start : word.end]) for word in self.words]

    def _is_open(self, number: int, owner: int) -> bool:
        """Whether a mark in this one may have a part of a word."""
        if self._owners[number] == owner:
            return True
        return any(owner in (cut.owner, cut.mark) for cut in self._cuts.get(number, ()))

    def _overlaps(self, number: int, owner: int, fit: Fit) -> bool:
        start = self.words[number].start
        return any(
            cut.owner == owner and start + fit.start < cut.end and cut.start < start + fit.end
            for cut in self._cuts.get(number, ())
        )

    def cut(self, wanted: Wanted, room: Room, number: int, fit: Fit) -> tuple[int, int]:
        """Gives a part of a word to a mark, and returns where it is."""
        start = self.words[number].start
        cut = _Cut(wanted.mark, room.owner, start + fit.start, start + fit.end)
        self._cuts.setdefault(number, []).append(cut)
        self.take(wanted.mark, room, number, number + 1)
        return cut.start, cut.end
