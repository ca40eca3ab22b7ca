"""Tells which numbers of a text have no counterpart in another one.

A number has a counterpart where any reading of it equals any reading of a number over there: 2.5
million and 2 500 000, 20th and XX, 8 p.m. and 20:00. Every doubt is decided for the text, so that
a warning means something. It must not know how numbers are written, nor what a warning is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final, Self

from service.text.numbers.quantity import Kind, Quantity
from service.text.numbers.reading import read

__all__ = ["Kind", "Quantity", "compare", "quantities", "unsupported"]

_WORDS_KNOWN: Final = frozenset(("en", "hy", "ru"))

# Numerals of a translation that need no counterpart, if they are words: up to these.
_MAX_FREE_NUMERAL: Final = 1
_MAX_FREE_ORDINAL: Final = 3
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


class _Pool:
    """The readings of the numbers of one text, each with how many numbers have it."""

    def __init__(self) -> None:
        self.months: Counter[Fraction] = Counter()
        self.values: Counter[Fraction] = Counter()
        self.readings: Counter[Fraction] = Counter()

    @classmethod
    def of(cls, found: Iterable[Quantity]) -> Self:
        pool = cls()
        for quantity in found:
            if quantity.kind == "month":
                pool.months[quantity.value] += 1
                continue
            values = {quantity.value}.union(*quantity.parts)
            pool.values.update(values)
            pool.readings.update(values | quantity.also)
        return pool

    def count(self, quantity: Quantity) -> int:
        """Return how many numbers can stand for this one, at least by the value of one of both.

        Two secondary readings never meet: 1830s and 1930s are both "the thirties".
        """
        count = self.readings[quantity.value]
        count += sum(self.values[reading] for reading in quantity.also)
        if quantity.kind == "dated":
            count += self.months[quantity.value]
        if not count and quantity.parts:
            count = min(sum(map(self.values.__getitem__, part)) for part in quantity.parts)
        return count


def quantities(text: str, language: str) -> list[Quantity]:
    """Return the numbers of `text` in order, spans exact and without overlap.

    Words count in English ("en"), Armenian ("hy") and Russian ("ru"); figures and Roman numerals
    in every language. Linear in the length of the text; never raises.
    """
    return read(text, language)


def compare(
    source: str, target: str, languages: tuple[str, str]
) -> tuple[list[Quantity], list[Quantity]]:
    """Return the numbers of `source` lost in `target`, and those only `target` has.

    Figures are demanded wherever they stand, and as often as the source says them; the target may
    repeat them. Numerals in words are demanded above one, ordinals above three: one, first and
    second come and go in good translations (measured on human translations of news, where all
    this doubts 0.5 % of the sentences). Hints (both, decade, hundreds of) are never demanded, but
    stand for a number of the other side. A converted unit does not stand for the original one.
    Where the words of one language are not known, only figures are demanded, of both sides.

    Args:
        source: a sentence.
        target: its translation.
        languages: of the source and of the target.

    Returns:
        Quantities of the source, with spans in it, and quantities of the target.
    """
    source_language, target_language = languages
    said, written = quantities(source, source_language), quantities(target, target_language)
    if _WORDS_KNOWN.issuperset(languages):
        lost = _missing(said, _Pool.of(written), every=True)
        return lost, _missing(written, _Pool.of(said), every=False)
    asked, given = _figures(source, said), _figures(target, written)
    lost = _missing(asked, _Pool.of([*written, *given]), every=True)
    return lost, _missing(given, _Pool.of([*said, *asked]), every=False)


def _figures(text: str, found: Iterable[Quantity]) -> list[Quantity]:
    """Return the numbers in figures, by themselves and with what the words around make of them."""
    whole = [quantity for quantity in found if _is_in_figures(quantity)]
    figures: list[Quantity] = []
    index = 0
    for bare in filter(_is_in_figures, quantities(text, "")):
        while index < len(whole) and whole[index].end <= bare.start:
            index += 1
        within = index < len(whole) and whole[index].start < bare.end
        figures.append(replace(bare, also=bare.also | whole[index].readings) if within else bare)
    return figures


def _missing(found: list[Quantity], pool: _Pool, *, every: bool) -> list[Quantity]:
    missing: list[Quantity] = []
    seen: Counter[Fraction] = Counter()
    for quantity in found:
        if not _is_demanded(quantity):
            continue
        matches = pool.count(quantity)
        if every and _is_in_figures(quantity):
            seen[quantity.value] += 1
            if matches < seen[quantity.value]:
                missing.append(quantity)
        elif not matches:
            missing.append(quantity)
    return missing


def _is_in_figures(quantity: Quantity) -> bool:
    return any(map(str.isnumeric, quantity.text))


def _is_demanded(quantity: Quantity) -> bool:
    if quantity.kind in ("hint", "month"):
        return False
    if _is_in_figures(quantity):
        return True
    free = _MAX_FREE_ORDINAL if quantity.kind == "ordinal" else _MAX_FREE_NUMERAL
    return quantity.value > free


def unsupported(sentence: str, article: Iterable[Quantity]) -> list[Quantity]:
    """Return the numbers of an English sentence that no number of its article can stand for.

    Number words and figures are equal; a rounded number is accepted only behind about, nearly,
    more than and their like, within one unit of its last digit that is not zero. A small number
    must also agree with its neighbour: not 8 minutes where the article says 5 minutes. A sum or
    a difference is not accepted. Words up to two are never doubted, nor words like both or decade,
    nor Roman numerals, which are parts of names.

    Args:
        sentence: one sentence of a summary, in English.
        article: `quantities` of the whole article.
    """
    found = list(article)
    pool = _Pool.of(found)
    return [
        quantity
        for quantity in quantities(sentence, "en")
        if _is_claim(quantity) and not (pool.count(quantity) and _is_fitting(quantity, found))
        if not (_is_rounded(sentence, quantity) and _is_near(quantity.value, pool))
    ]


def _is_fitting(quantity: Quantity, article: Sequence[Quantity]) -> bool:
    """Tell whether a small number may stand where it does.

    Small numbers are in every article, so the word behind (8 minutes), else the one in front
    (No 1), must go with this number as well, if the article has it with a number at all.
    """
    if quantity.value > _MAX_SMALL:
        return True
    if quantity.after:
        same = [other for other in article if other.after == quantity.after]
        if same:
            return bool(_Pool.of(same).count(quantity))
    elif quantity.before:
        same = [other for other in article if other.before == quantity.before]
        return not same or bool(_Pool.of(same).count(quantity))
    return True


def _is_claim(quantity: Quantity) -> bool:
    if quantity.kind in ("hint", "month", "roman"):
        return False
    return _is_in_figures(quantity) or quantity.value > _MAX_FREE_WORD


def _is_rounded(sentence: str, quantity: Quantity) -> bool:
    before = sentence[max(0, quantity.start - _MAX_ABOUT_CHARACTERS) : quantity.start]
    return _ABOUT.search(before) is not None


def _is_near(value: Fraction, pool: _Pool) -> bool:
    unit = _unit(value)
    return any(reading > value / 2 and 0 < abs(reading - value) < unit for reading in pool.values)


def _unit(value: Fraction) -> Fraction:
    """Return the place of the last digit of `value` that is not zero (2500 -> 100, 2.5 -> 0.1)."""
    unit = Fraction(1)
    if value.denominator > 1:
        while unit > Fraction(1, 10**6) and (value / unit).denominator > 1:
            unit /= 10
        return unit
    digits = str(value.numerator)
    return unit * 10 ** (len(digits) - len(digits.rstrip("0"))) if value else unit
