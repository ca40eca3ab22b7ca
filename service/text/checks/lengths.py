"""Tells whether a translation is too short or too long for its source, by length alone.

It must not know words or models: it counts characters, and what it expects of a pair of languages
was measured on human translations.
"""

import unicodedata
from dataclasses import dataclass
from math import sqrt
from typing import Final

__all__ = ["deviation", "is_too_long", "is_too_short"]


@dataclass(frozen=True, slots=True)
class _Ratio:
    """How long translations of a pair are.

    Attributes:
        mean: characters of the target per character of the source.
        variance: of the target's length, per character of the source.
        low, high: the deviations that are still believed.
    """

    mean: float
    variance: float
    low: float
    high: float


# Measured on the 997 sentences of FLORES-200 dev and their human translations (NLLB Team, "No
# Language Left Behind", 2022), whose deviations lie between -2.5 and 3.8 (Armenian), -2.9 and 4.1
# (Russian). Among 3 000 sentences of the WMT news tests, which are freer, 1.8 % lie below -2.5;
# medical prose with its acronyms written out (TICO-19) reaches 5.3.
_RATIOS: Final = {
    ("en", "hy"): _Ratio(1.115, 3.17, -2.35, 5.5),
    ("en", "ru"): _Ratio(1.103, 3.59, -2.5, 5.5),
}
# Gale and Church's own figures for European languages, with bounds that leave room for others.
_ANY_PAIR: Final = _Ratio(1.0, 6.8, -3.0, 5.5)

# Below, an acronym for a full name or the other way round is as long as a sentence.
_MIN_SPREAD_CHARACTERS: Final = 45
# Above, the spread grows with the length itself: it is the translator's style, not chance.
_MAX_SPREAD_CHARACTERS: Final = 250

# A translation that stops without a full stop where its source has one was probably cut.
_LOW_UNFINISHED: Final = -1.5
_ENDS: Final = tuple(".!?…։:;՜՞")
_CLOSERS: Final = "\"'”’»“)]} \t\n"

# An ideograph or a syllable sign says about as much as this many letters.
_LETTERS_PER_WIDE_CHARACTER: Final = 2.5


def deviation(source: str, target: str, languages: tuple[str, str]) -> float:
    """Return by how many standard deviations the target is longer than expected of its source.

    It is the delta of Gale and Church, "A program for aligning sentences in bilingual corpora"
    (1993): (l2 - l1 c) / sqrt(l1 s²), with c and s² measured for the pair. For very short and very
    long sentences the spread is held where it was measured.
    """
    ratio = _RATIOS.get(languages, _ANY_PAIR)
    length = len(source.strip())
    spread = sqrt(max(length, _MIN_SPREAD_CHARACTERS))
    if length > _MAX_SPREAD_CHARACTERS:
        spread = length / sqrt(_MAX_SPREAD_CHARACTERS)
    target_length = _length(target.strip(), languages)
    return (target_length - ratio.mean * length) / (spread * sqrt(ratio.variance))


def is_too_short(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Tell whether the target is so short that a part of the source must be missing.

    A target without a letter or a digit always is, if the source has one. The bound is nearer for
    a target without a sentence end where the source has one.
    """
    if not any(map(str.isalnum, target)):
        return any(map(str.isalnum, source))
    low = _RATIOS.get(languages, _ANY_PAIR).low
    if languages in _RATIOS and _is_finished(source) and not _is_finished(target):
        low = _LOW_UNFINISHED
    return deviation(source, target, languages) < low


def is_too_long(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Tell whether the target is so long that it must say more than the source."""
    return deviation(source, target, languages) > _RATIOS.get(languages, _ANY_PAIR).high


def _length(text: str, languages: tuple[str, str]) -> float:
    if languages in _RATIOS or text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide * (_LETTERS_PER_WIDE_CHARACTER - 1)


def _is_finished(text: str) -> bool:
    return text.rstrip(_CLOSERS).endswith(_ENDS)
