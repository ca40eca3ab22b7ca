"""What neighbours say together, though they are no number that one language adds up.

A year and a half is полтора года, половина четвёртого is half past three, and the Բ of Գարեգին Բ is
his number. It must not know how
numbers are written, nor a second text.
"""

import re
from fractions import Fraction
from typing import Final

from service.text.numbers.quantity import Quantity
from service.text.numbers.word import HALF

__all__ = ["is_behind_a_name", "together"]

_REACH: Final = 24
_A_AND_A: Final = re.compile(r"\b[Aa]n?\s[a-z]+\sand\sa\s$")
_AND_A: Final = re.compile(r"\s[a-z]+\sand\sa\s")
_OF_A_THING: Final = re.compile(r"\s?[-‐‑]|\s(?:of|dozen)\b")
_NAME_BEFORE: Final = re.compile(r"[Ա-Ֆ][ա-և]+\s$")
_INITIAL: Final = re.compile(r"[.․]\s?[Ա-Ֆ]|[՛՜՞]")
_HOURS: Final = range(1, 13)


def is_behind_a_name(text: str, quantity: Quantity) -> bool:
    """Tell whether a letter stands behind a name and is no initial: Գարեգին Բ, not Արամ Բ. Օհան."""
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    after = text[quantity.end : quantity.end + _REACH]
    return bool(_NAME_BEFORE.search(before)) and not _INITIAL.match(after)


def together(
    text: str,
    previous: Quantity | None,
    quantity: Quantity,
    following: Quantity | None,
    language: str,
) -> set[Fraction]:
    """Return what else a quantity may say, for the quantity in front of it and the one behind."""
    if language == "en":
        return _and_a_half(text, previous, quantity, following)
    if language == "ru" and previous is not None:
        return _half_to(text, previous, quantity)
    return set()


def _and_a_half(
    text: str, previous: Quantity | None, quantity: Quantity, following: Quantity | None
) -> set[Fraction]:
    """Return 1½ for a year and a half, and 2½ for both numbers of two years and a half."""
    if following is not None and _is_half_of(text, quantity, following):
        return {quantity.value + HALF}
    if previous is not None and _is_half_of(text, previous, quantity):
        return {previous.value + HALF}
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    return {1 + HALF} if _is_half(text, quantity) and _A_AND_A.search(before) else set()


def _is_half_of(text: str, number: Quantity, half: Quantity) -> bool:
    return (
        number.value.denominator == 1
        and half.start - number.end <= _REACH
        and _is_half(text, half)
        and _AND_A.fullmatch(text, number.end, half.start) is not None
    )


def _is_half(text: str, quantity: Quantity) -> bool:
    return quantity.text == "half" and not _OF_A_THING.match(text, quantity.end)


def _half_to(text: str, previous: Quantity, quantity: Quantity) -> set[Fraction]:
    """Return the hour that половина девятого is half past: 8, which is 20 as well."""
    hour = quantity.value
    if quantity.kind != "ordinal" or hour not in _HOURS or not quantity.text.endswith("го"):
        return set()
    halved = previous.text.casefold().startswith("половин")
    if not halved or not text[previous.end : quantity.start].isspace():
        return set()
    past = hour - 1 or Fraction(12)
    return {past, (past + 12) % 24}
