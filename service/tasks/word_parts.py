"""Finds in a translated word the characters that render some of its source's, such as `2` of `CO2`.

By the letters and digits alone: `2` is in `CO2-ի` too, and `st` of `1st` is what follows the number
in `1-ին`. Knows neither marks nor sentences.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

__all__ = ["Fit", "Part", "ends_of", "folded", "words_of"]

_JOINED = re.compile(
    r"[^\W_]+(?:(?:[՛՜՞՟\u0301\xad]|(?<=\d)[-.,:/\u2212](?=\d))[^\W_]+)*"  # 10-6 is one
)
LEAST_LETTERS = 3
"""Fewer are in many words that have nothing to do with each other."""


class Fit(NamedTuple):
    """Characters `start` to `end` of a word.

    Attributes:
        sure: they would be the right ones even if nothing said that the word is.
        same: the whole source word is there.
    """

    start: int
    end: int
    sure: bool = False
    same: bool = False


def words_of(source: str) -> list[re.Match[str]]:
    """Returns the words of a sentence, in order; two with a hyphen between letters are two."""
    return list(_JOINED.finditer(source))


@dataclass(frozen=True)
class Part:
    """Some letters or digits of a word, and not all of them.

    Attributes:
        at: where in the sentence the word begins.
        start, end: the characters of the word.
    """

    at: int
    word: str
    start: int
    end: int

    @classmethod
    def of(
        cls, source: str, words: Sequence[re.Match[str]], first: int, last: int
    ) -> "Part | None":
        """Returns what characters `first` to `last` of a sentence are, if they are that.

        Signs at their edges do not count.

        Args:
            words: of the sentence, see `words_of`.
        """
        while first < last and not source[first].isalnum():
            first += 1
        while last > first and not source[last - 1].isalnum():
            last -= 1
        number = bisect_right(words, first, key=lambda word: word.start()) - 1
        if first == last or number < 0:
            return None
        start, end = words[number].span()
        if last > end or (first, last) == (start, end):
            return None
        return cls(start, folded(words[number][0]), first - start, last - start)

    @property
    def around(self) -> tuple[int, int]:
        """Where in the sentence the word is."""
        return self.at, self.at + len(self.word)

    @cached_property
    def is_initial(self) -> bool:
        """Whether it is the first letter of a word of letters."""
        return self.start == 0 and self.end == 1 and self.word[:2].isalpha()

    @cached_property
    def may_be_seen(self) -> bool:
        """Whether a `Fit` may be sure."""
        return len(self.word) > LEAST_LETTERS or _has_digit(self.word)

    @cached_property
    def _own(self) -> str:
        return self.word[self.start : self.end]

    @cached_property
    def _has_digit(self) -> bool:
        return _has_digit(self._own)

    @cached_property
    def _others(self) -> str:
        """The rest of the word, unless it is on both sides or says little."""
        if self.start and self.end < len(self.word):
            return ""
        rest = self.word[: self.start] or self.word[self.end :]
        return rest if _has_digit(rest) or len(rest) >= LEAST_LETTERS else ""

    @property
    def is_of_another_kind(self) -> bool:
        """Whether digits and something else meet where it begins or ends: an index, a power.

        It is then no part of a word that has no such thing.
        """
        before, behind = self.word[: self.start][-1:], self.word[self.end :][:1]
        return any(
            one and one.isdigit() != other.isdigit()
            for one, other in ((before, self.word[self.start]), (behind, self.word[self.end - 1]))
        )

    def in_word(self, said: str) -> Fit | None:
        """Returns where it is in a word of the translation; None where no letter says so.

        Args:
            said: the word, `folded`.
        """
        return (
            self._in_the_same(said) or self._itself(said) or self._rest(said) or self._initial(said)
        )

    def _in_the_same(self, said: str) -> Fit | None:
        place = said.find(self.word)
        while place >= 0:
            behind = place + len(self.word)
            if _part(said[:place][-1:], self.word[0]) and _part(said[behind:][:1], self.word[-1]):
                return Fit(place + self.start, place + self.end, self.may_be_seen, self.may_be_seen)
            place = said.find(self.word, place + 1)
        return None

    def _itself(self, said: str) -> Fit | None:
        own, sure = self._own, self._has_digit
        if own not in said:
            return None
        size = len(own)
        if self.end == len(self.word) and said.endswith(own) and self._is_alike(said, -size):
            return Fit(len(said) - size, len(said), sure)
        if self.start == 0 and said.startswith(own) and self._is_alike(said, 0):
            return Fit(0, size, sure)
        if not sure and size < LEAST_LETTERS:
            return None
        place = said.find(own)
        if said.find(own, place + 1) >= 0 or not self._is_alike(said, place):
            return None
        return Fit(place, place + size, sure)

    def _is_alike(self, said: str, place: int) -> bool:
        """Whether digits go on where they do so in the source: the 2 of `km2` is not that of 25."""
        place %= len(said)
        edges = (
            (self.word[: self.start][-1:], self._own[0], said[:place][-1:]),
            (self.word[self.end :][:1], self._own[-1], said[place + len(self._own) :][:1]),
        )
        return all(
            not own.isdigit() or there.isdigit() == here.isdigit() for there, own, here in edges
        )

    def _rest(self, said: str) -> Fit | None:
        """All but the rest of the word, where that is there."""
        rest = self._others
        if not rest:
            return None
        if self.start:
            found = said.startswith(rest) and _part(rest[-1], said[len(rest) :][:1])
            start, end = len(rest), len(said)
        else:
            found = said.endswith(rest) and _part(rest[0], said[: -len(rest)][-1:])
            start, end = 0, len(said) - len(rest)
        if not found:
            return None
        while start < end and not said[start].isalnum():
            start += 1
        while start < end and not said[end - 1].isalnum():
            end -= 1
        return Fit(start, end, _has_digit(rest)) if start < end else None

    def _initial(self, said: str) -> Fit | None:
        return Fit(0, 1) if self.is_initial and said[:1].isalpha() else None


def ends_of(
    source: str, words: Sequence[re.Match[str]], first: int, last: int
) -> tuple[Part | None, Part | None]:
    """Returns the parts of words that characters `first` to `last` begin and end with.

    Both are None of what is in one word.
    """
    head, tail = (_around(words, place) for place in (first, last))
    if head == tail:
        return None, None
    return (
        Part.of(source, words, first, head[1]) if head else None,
        Part.of(source, words, tail[0], last) if tail else None,
    )


def _around(words: Sequence[re.Match[str]], place: int) -> tuple[int, int] | None:
    """The word that a place is in, and at no edge of it."""
    number = bisect_right(words, place, key=lambda word: word.start()) - 1
    if number >= 0 and words[number].start() < place < words[number].end():
        return words[number].span()
    return None


def _part(one: str, other: str) -> bool:
    """Whether two signs side by side are not both letters, nor both digits."""
    return not (one.isalpha() and other.isalpha()) and not (one.isdigit() and other.isdigit())


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def folded(text: str) -> str:
    """Returns the text in lower case, each character in its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
