"""Finds numbers in figures and says every way one of them may be read.

3.500 is three and a half in London and three thousand five hundred in Yerevan; 20.30 is a decimal
or a time of day. Where the writing does not decide, all readings are kept. It must not know words,
nor which of two texts is a translation.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["Figure", "figures", "roman"]

# A longer run of digits is read in pieces: Python refuses to read an `int` of over 4300 digits, and
# no quantity is written with 40.
_MAX_DIGITS: Final = 40

# Spaces and marks that group thousands: CLDR 46, numbers/symbols of en, hy and ru, and ISO 80000-1
# (thin space). The plain space is what people type.
_SPACES: Final = " \xa0\u2009\u202f"
_FIGURE: Final = re.compile(
    rf"(?P<grouped>\d{{1,3}}(?P<mark>[,.'’{_SPACES}])\d{{3}}(?:(?P=mark)\d{{3}}){{0,11}}(?!\d)"
    rf"(?P<fraction>(?!(?P=mark))[.,]\d{{1,{_MAX_DIGITS}}}(?!\d))?(?!\.\d))"
    r"|(?P<ratio>(?<![\d/])\d{1,2}/\d{1,2}(?![\d/]))"
    rf"|(?P<chain>\d{{1,4}}(?:\.\d{{1,4}}){{2,8}}(?!\d))"
    rf"|(?P<point>(?<![\w.])\.\d{{1,{_MAX_DIGITS}}}(?![\d.]))"
    rf"|(?P<decimal>\d{{1,{_MAX_DIGITS}}}[.,·․]\d{{1,{_MAX_DIGITS}}}(?!\d))"
    rf"|(?P<plain>\d{{1,{_MAX_DIGITS}}})"
    r"|(?P<vulgar>[¼-¾⅐-⅞])"
)
_DIGITS: Final = re.compile(r"\d+")
_CLOCK: Final = re.compile(r"(?:[01]?\d|2[0-4])[.,][0-5]\d")
_ROMAN: Final = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
# Cyrillic and Armenian letters people type where a Roman numeral belongs.
_LOOK_ALIKES: Final = str.maketrans("ІХСМ", "IXCM")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in figures.

    Attributes:
        value: the likeliest reading.
        also: other readings of the whole.
        parts: its runs of digits, if it may be several numbers side by side; else empty.
    """

    value: Fraction
    start: int
    end: int
    also: frozenset[Fraction] = frozenset()
    parts: tuple[Fraction, ...] = ()


def figures(text: str, language: str) -> Iterator[Figure]:
    """Yield the numbers written in figures, from left to right, without overlap.

    Dates with dots (04.07.2015), versions and addresses come as one figure for each run of digits.
    """
    for match in _FIGURE.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind == "vulgar":
            value = Fraction(unicodedata.numeric(match.group())).limit_denominator(10)
            yield Figure(value, start, end)
        elif match["plain"]:
            yield Figure(Fraction(int(match.group())), start, end)
        elif match["ratio"] and (ratio := _ratio(match)):
            yield ratio
        elif match["chain"] or match["ratio"]:
            for run in _DIGITS.finditer(text, start, end):
                yield Figure(Fraction(int(run.group())), *run.span())
        elif match["point"]:
            yield Figure(_number("0", match.group()[1:]), start, end)
        elif match["grouped"]:
            yield _grouped(match, language)
        else:
            yield _decimal(match)


def _grouped(match: re.Match[str], language: str) -> Figure:
    whole, fraction, mark = match.group(), match["fraction"] or "", match["mark"]
    joined = "".join(_DIGITS.findall(whole.removesuffix(fraction)))
    value = _number(joined, fraction[1:])
    runs = _DIGITS.findall(whole)
    also = set()
    if len(runs) == 2 and (mark == "." or (mark == "," and language != "en")):
        also.add(_number(runs[0], runs[1]))
    primary_is_decimal = (language == "en" and mark == ".") or runs[0].startswith("0")
    if also and primary_is_decimal:
        also, value = {value}, also.pop()
    # 10 100 may be two numbers; 10,100 is one.
    parts = tuple(map(_whole, runs)) if mark in _SPACES and "000" not in runs else ()
    return Figure(value, match.start(), match.end(), frozenset(also), parts)


def _ratio(match: re.Match[str]) -> Figure | None:
    """Return the fraction 2/3; None where it can be none (24/7)."""
    above, below = map(_whole, match.group().split("/"))
    if not 0 < above < below:
        return None
    return Figure(above / below, match.start(), match.end(), parts=(above, below))


def _decimal(match: re.Match[str]) -> Figure:
    runs = _DIGITS.findall(match.group())
    # 8.30 is a time, 1990,1991 a list; 2.5 is neither.
    many = _CLOCK.fullmatch(match.group()) or min(map(len, runs)) > 2
    parts = tuple(map(_whole, runs)) if many else ()
    return Figure(_number(*runs), match.start(), match.end(), parts=parts)


def _number(whole: str, decimals: str) -> Fraction:
    return Fraction(int(whole + decimals), 10 ** len(decimals))


def _whole(run: str) -> Fraction:
    return Fraction(int(run))


def roman(word: str) -> int:
    """Return the value of a Roman numeral in capitals, 0 for anything else.

    Only the canonical writing of 1 to 3999 counts (IX, not VIIII); Cyrillic look-alikes of the
    letters are read as well.
    """
    letters = word.translate(_LOOK_ALIKES) if len(word) <= 15 else ""
    if not letters or not _ROMAN.fullmatch(letters):
        return 0
    values = [_ROMAN_VALUES[letter] for letter in letters]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))
