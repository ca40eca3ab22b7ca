"""Invented words: they look like words, and no word of them means anything.

Knows letters and syllables; must not know tokenizers or models.
"""

import random
import re
from collections.abc import Callable, Collection

__all__ = ["CYRILLIC", "LATIN", "distinct", "syllables", "word"]

LATIN = ("bcdfghjklmnprstvwz", "aeiou")
"""Consonants and vowels that English words are made of."""
CYRILLIC = ("бвгджзклмнпрстфхцчш", "аеиоуыяю")
"""Consonants and vowels that Russian words are made of."""

_PATTERNS = {
    2: ("cv", "vc"),
    3: ("cvc", "cvc", "cvv", "vcv"),
    4: ("cvcv", "cvcv", "vcvc", "cvcc"),
    5: ("cvcvc", "cvcvc", "cvccv", "vcvcv"),
    6: ("cvcvcv", "cvccvc", "vcvcvc"),
    7: ("cvcvcvc", "cvccvcv"),
    8: ("cvcvcvcv", "cvccvcvc"),
    9: ("cvcvcvcvc", "cvccvcvcv"),
}

# A number, a unit or an abbreviation would be read as one.
_MEANINGFUL_TEXT = (
    "one two six ten nine five zero dozen pair half may june july no mr ms dr st vs mt ft co gen"
    " col sgt sen rep gov dec jan jun jul sep oct nov sun mon sat fri wed tus hon lt capt maj cal"
    " etc один два три пять шесть семь сто сорок девять десять пара нуль ноль полу тысяча раз"
    " тонн кг км мин сек гг"
)
_MEANINGFUL = frozenset(_MEANINGFUL_TEXT.split())
_STUTTER = re.compile(r"(.{1,4})\1\1|(.{2,4})\2$|^(.{2,4})\3")


def word(rng: random.Random, letters: tuple[str, str], length: int) -> str:
    """Returns a lower-case word of 2 to 9 letters that neither counts nor stutters."""
    consonants, vowels = letters
    while True:
        pattern = rng.choice(_PATTERNS[length])
        found = "".join(rng.choice(consonants if kind == "c" else vowels) for kind in pattern)
        if found not in _MEANINGFUL and not _STUTTER.search(found):
            return found


def distinct(make: Callable[[], str], count: int, taken: Collection[str] = ()) -> list[str]:
    """Returns `count` different results of `make` that are not in `taken`, as they came."""
    unwanted = frozenset(taken)
    found: dict[str, None] = {}
    while len(found) < count:
        made = make()
        if made not in unwanted:
            found[made] = None
    return list(found)


def syllables(letters: tuple[str, str]) -> list[str]:
    """Returns every consonant with every vowel."""
    consonants, vowels = letters
    return [c + v for c in consonants for v in vowels]
