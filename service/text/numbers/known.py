"""What an article knows of numbers, and whether a number of another text is among them.

Number words and figures are equal; a rounded number is accepted only behind about, nearly, more
than and their like, within one unit of its last digit that is not zero. A small number must also
agree with its neighbour: not 8 minutes where the article says 5 minutes. A sum or a difference is
not accepted. Words up to two are never doubted, nor words like both or decade, nor Roman numerals,
which are parts of names. All of it is English.

It must not know names, summaries, nor what follows from a missing number.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

from service.text.numbers.pool import Pool, is_in_figures
from service.text.numbers.quantity import Quantity
from service.text.numbers.reading import read

__all__ = ["KnownNumbers"]

# Word numerals up to this one are used freely in a summary (one, first, two, a second).
_MAX_FREE_WORD: Final = 2

# Up to this one a number must go with its neighbour as well: the days of a month, and most scores.
_MAX_SMALL: Final = 31

_ABOUT: Final = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|some|nearly|almost|over|under|below|above"
    r"|estimated|circa|up\sto|close\sto|at\s(?:least|most)|(?:more|less|fewer|greater|higher|lower)"
    r"\sthan|as\s(?:many|much)\sas|upwards\sof|just\sshort\sof|nearing|exceeding|exceeds?"
    r"|approaching|topped|another|only|just)|[~≈<>])\s?(?:an?\s|the\s)?[$€£¥]?\s?$",
    re.IGNORECASE,
)
_MAX_ABOUT_CHARACTERS: Final = 32


@dataclass(frozen=True)
class KnownNumbers:
    """The numbers of an article, prepared once for asking about many sentences.

    Attributes:
        all: all of them.
        before, after: those with this word in front of them, or behind.
    """

    all: Pool
    before: Mapping[str, Pool]
    after: Mapping[str, Pool]

    @classmethod
    def read(cls, text: str) -> "KnownNumbers":
        """Prepare `text`, any `str`, in time linear in its length."""
        every = Pool()
        before: defaultdict[str, Pool] = defaultdict(Pool)
        after: defaultdict[str, Pool] = defaultdict(Pool)
        for quantity in read(text, "en"):
            every.add(quantity)
            before[quantity.before].add(quantity)
            after[quantity.after].add(quantity)
        return cls(every, dict(before), dict(after))

    def missing(self, sentence: str) -> list[Quantity]:
        """Return the numbers of a sentence that no number of the article can stand for, in order.

        In time linear in the length of the sentence, but for a logarithm of the article's.
        """
        return [
            quantity
            for quantity in read(sentence, "en")
            if _is_claim(quantity) and not (self.all.count(quantity) and self._is_fitting(quantity))
            if not (_is_rounded(sentence, quantity) and self._has_near(quantity.value))
        ]

    def _is_fitting(self, quantity: Quantity) -> bool:
        """Tell whether a small number may stand where it does.

        Small numbers are in every article, so the word behind (8 minutes), else the one in front
        (No 1), must go with this number as well, if the article has it with a number at all.
        """
        if quantity.value > _MAX_SMALL:
            return True
        if quantity.after:
            same = self.after.get(quantity.after)
        else:
            same = self.before.get(quantity.before) if quantity.before else None
        return same is None or same.count(quantity) > 0

    def _has_near(self, value: Fraction) -> bool:
        unit = _unit(value)
        first = bisect_right(self._values, max(value / 2, value - unit))
        return any(
            reading != value and reading < value + unit
            for reading in self._values[first : first + 2]
        )

    @cached_property
    def _values(self) -> list[Fraction]:
        return sorted(self.all.values)


def _is_claim(quantity: Quantity) -> bool:
    if quantity.kind in ("hint", "month", "roman"):
        return False
    return is_in_figures(quantity) or quantity.value > _MAX_FREE_WORD


def _is_rounded(sentence: str, quantity: Quantity) -> bool:
    before = sentence[max(0, quantity.start - _MAX_ABOUT_CHARACTERS) : quantity.start]
    return _ABOUT.search(before) is not None


def _unit(value: Fraction) -> Fraction:
    """Return the place of the last digit of `value` that is not zero (2500 -> 100, 2.5 -> 0.1)."""
    unit = Fraction(1)
    if value.denominator > 1:
        while unit > Fraction(1, 10**6) and (value / unit).denominator > 1:
            unit /= 10
        return unit
    digits = str(value.numerator)
    return unit * 10 ** (len(digits) - len(digits.rstrip("0"))) if value else unit
