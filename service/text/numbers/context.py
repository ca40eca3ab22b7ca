"""Adds the readings that the surroundings of a number allow.

8 before p.m. is also 20; 95 behind 1990- is also 1995; 20th before century is also 1900; a lone
letter is a numeral only behind a name or before a century. It must not know how numbers are
written, nor a second text.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from service.text.numbers.idioms import is_behind_a_name, together
from service.text.numbers.quantity import Quantity
from service.text.numbers.words import look_up
from service.text.words import stems

__all__ = ["in_context"]

# How far the surroundings reach, in code points: longer than any match of the patterns below.
_REACH: Final = 24

# Figures that count nothing: the code of a character, the power of a unit, two idioms that the
# other languages have words for.
_NOT_COUNTED: Final = re.compile(
    r"(?<=&#)\d{1,6};|(?<![^\W\d_])(?:[kcdm]?m|[кдм]?м|см|[կդմ]?մ|սմ|mi|ft|sq)[23](?!\d)"
    r"|(?<!\d)4\s?[x×х]\s?4(?!\d)|(?<!\d)24/7(?!\d)"
    r"|\b(?:CO2|СО2|H2O|[24]WD)\b"
)
_ORDINAL: Final = re.compile(
    r"(?:st|nd|rd|th)\b|[-‐‑]?(?:րդ|ին)(?![^\W\d_])"
    r"|[-‐‑](?:[йяею]|го|му|[оыи]й|[ао]я|[ое]е|[оы]м|[оы]х|[ое]го|[ое]му|[ую]ю)(?![^\W\d_])"
)
_DECADE: Final = re.compile(
    r"['’]?s\b|[-‐‑]?ական|[-‐‑](?:[ыи]?[ехм]|[ыи]?ми)(?![^\W\d_])|\s?(?:թթ|гг)\b"
)
_CENTURY: Final = re.compile(
    r"[-‐‑.\s]{0,2}(?:th|st|nd|rd|րդ|го|ого|й|м|е)?[\s-]{0,2}(?:(?:и|and|և|ու|или|or|[-–—])\s?\S{1,7}\s)?"
    r"(?:centur|դար|век|в\.|вв\.|стол|հարյուրամյ)",
    re.IGNORECASE,
)
_NOON: Final = re.compile(r"(?:[:.։]\d\d)?\s?(?P<half>[ap])\.?\s?m\b\.?", re.IGNORECASE)
_MINUTES: Final = re.compile(r"[:։]([0-5]\d)(?!\d)")
_HOURS: Final = re.compile(r"(?<!\d)(?:[01]?\d|2[0-4])[:։]$")
_DOTTED_CLOCK: Final = re.compile(r"([01]?\d|2[0-4])[.,]([0-5]\d)")
_MILITARY: Final = re.compile(r"[0-2]\d[0-5]\d")
_ZONE: Final = re.compile(r"\s?(?:h(?:ou)?rs?|UTC|GMT|[A-Z]{1,3}[SD]?T|local|Z)\b")
_RANGE: Final = re.compile(
    r"(?:[-–—/]|\s[-–—]\s|\s(?:and|to|or)\s|\s(?:и|до|или)\s"
    r"|(?:[-‐‑]?(?:ից|ի))?\s(?:և|եւ|ու|կամ|մինչև|մինչեւ)\s|[-‐‑]?ից\s)(?:[A-Z]{0,3}[$€£¥₽])?"
)
_MORE: Final = re.compile(
    r"\s(?:or|and)\s(?:more|fewer|less)\s|\s(?:и|или)\s(?:более|менее|больше|меньше)\s|\sс\sлишним\s"
    r"|\s(?:և|կամ)\s(?:ավելի|պակաս)\s|[-‐]?(?:ից|ը)?\sավելի\s"
)
_DEFINITE: Final = re.compile(
    r"\b(?:the|these|those|all|no|its|their|his|her|our|other)\s$", re.IGNORECASE
)
_DATE: Final = re.compile(r"(?<![\d./-])\d{1,4}(?P<mark>[./-])\d{1,2}(?P=mark)\d{1,4}(?![\d/]|-\d)")
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)[\s.,-]{0,3}$")
_WORD_AFTER: Final = re.compile(r"[\s-]{0,3}([^\W\d_]+)|\s?[-–]\s?(\d{1,2})(?!\d)")
_IN_A_NAME: Final = (re.compile(r"[a-z]{2,}\s$"), re.compile(r"[\s-][A-Z][a-z]"))
_CURRENCY: Final = re.compile(r"(?:[$€£¥₽֏₴₹]|USD|EUR|AMD|RUB)\s?$")


def in_context(text: str, found: Sequence[Quantity], language: str) -> list[Quantity]:
    """Return the quantities with the readings their surroundings allow, without false numerals."""
    kept: list[Quantity] = []
    uncounted = {place for match in _NOT_COUNTED.finditer(text) for place in range(*match.span())}
    dated = {place for match in _DATE.finditer(text) for place in range(*match.span())}
    for index, quantity in enumerate(found):
        known = quantity.kind == "words" and (
            _is_name(text, quantity) or _is_repeated(text, quantity, language)
        )
        if known or quantity.start in uncounted:
            quantity = replace(quantity, kind="hint")
        following = found[index + 1] if index + 1 < len(found) else None
        if quantity.kind == "roman":
            numeral = _numeral(text, quantity, language)
            if numeral is None:
                continue
            quantity = numeral
        elif quantity.kind == "letter" and not is_behind_a_name(text, quantity):
            continue
        readings = set(quantity.also)
        previous = kept[-1] if kept else None
        readings |= _from_series(text, previous, quantity, following)
        readings |= together(text, previous, quantity, following, language)
        if quantity.kind not in ("hint", "month"):
            readings |= _from_calendar(text, quantity)
            readings |= _from_clock(text, quantity)
        quantity = replace(quantity, also=frozenset(readings - {quantity.value}))
        if quantity.kind == "digits" and quantity.start in dated:
            quantity = replace(quantity, kind="dated")
        kept += _refined(text, quantity)
    return [_beside(text, quantity) for quantity in kept] if language == "en" else kept


def _numeral(text: str, quantity: Quantity, language: str) -> Quantity | None:
    """Return a Roman numeral as it stands in the text, None where it is only letters."""
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    after = text[quantity.end : quantity.end + _REACH]
    if _CENTURY.match(after):
        return quantity
    if before[-1:] in ("-", "&", ".", "'", "’") or after[:1] in ("&", "'", "’"):
        return None
    if len(quantity.text) > 1 and set(quantity.text) <= set("IVXІХ"):
        return quantity
    words = before.split()
    named = bool(words) and words[-1][0].isupper() and before[-1:].isspace()
    if named or language != "en":  # V юбилейный, IX-ը
        return replace(quantity, kind="hint")
    return None


def _from_series(
    text: str, previous: Quantity | None, quantity: Quantity, following: Quantity | None
) -> set[Fraction]:
    """Return what the neighbours add: 1990-95, 5 to 10 million, two decades."""
    readings: set[Fraction] = set()
    if previous and quantity.kind == "digits" and quantity.end - quantity.start == 2:
        year, gap = previous.value, text[previous.end : quantity.start][:4]
        is_year = year.denominator == 1 and 1000 <= year < 2100
        if is_year and year % 100 < quantity.value and _RANGE.fullmatch(gap):
            readings.add(year - year % 100 + quantity.value)
    if following is None or following.start - quantity.end > _REACH or quantity.value >= 1000:
        return readings
    gap = text[quantity.end : following.start]
    if quantity.text.endswith("ից"):  # տասից քսան հազար
        gap = "ից" + gap
    if following.kind == "hint" and following.value in (10, 24, 100, 1000) and len(gap) == 1:
        readings |= {reading * following.value for reading in quantity.readings}
    elif following.value >= 1000 and (_RANGE.fullmatch(gap) or _MORE.fullmatch(gap)):
        power = _power(following)
        if power:
            readings.add(quantity.value * power)
    return readings


def _is_name(text: str, quantity: Quantity) -> bool:
    """Tell whether a numeral is part of a name: `to Six Flags`, but not `Six flags` or a title."""
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    after = text[quantity.end : quantity.end + _REACH]
    return quantity.text[:1].isupper() and bool(
        _IN_A_NAME[0].search(before) and _IN_A_NAME[1].match(after)
    )


def _is_repeated(text: str, quantity: Quantity, language: str) -> bool:
    """Tell whether a small numeral only points back: the two (countries), all three of them."""
    if language != "en" or quantity.value > 3:
        return False
    return bool(_DEFINITE.search(text[max(0, quantity.start - _REACH) : quantity.start]))


def _power(quantity: Quantity) -> int:
    """Return the power that a quantity names in words (20 million: a million), 0 if none."""
    if not any(map(str.isalpha, quantity.text)):
        return 0
    power = 1000
    while quantity.value >= power * 1000:
        power *= 1000
    return power


def _from_calendar(text: str, quantity: Quantity) -> set[Fraction]:
    """Return other ways to say a decade, a century or a short year."""
    value = quantity.value
    if value.denominator > 1 or not 0 < value < 2100:
        return set()
    after = text[quantity.end : quantity.end + _REACH]
    readings: set[Fraction] = set()
    if _CENTURY.match(after) and value <= 21:
        readings.add((value - 1) * 100)
    if value < 100 and quantity.end - quantity.start == 2:
        if text[quantity.start - 1 : quantity.start] in ("'", "’", "‘"):
            readings |= {1900 + value, 2000 + value}
        if value % 10 == 0 and _DECADE.match(after):
            readings.add(1900 + value)
    elif value >= 1000 and value % 10 == 0 and _DECADE.match(after):
        if value % 100 == 0:
            readings.add(value / 100 + 1)
        else:
            readings.add(value % 100)
    return readings


def _from_clock(text: str, quantity: Quantity) -> set[Fraction]:
    """Return the hour on the other clock, twelve or twenty-four hours."""
    after = text[quantity.end : quantity.end + _REACH]
    value = quantity.value
    if value.denominator > 1 or not 0 <= value <= 24:
        return set()
    if noon := _NOON.match(after):
        late = noon["half"] in "pP"
        if value == 12:
            return set() if late else {Fraction(0), Fraction(24)}
        return {value + 12} if late and value < 12 else set()
    if quantity.kind == "digits" and _MINUTES.match(after):
        return {(value + 12) % 24, (value + 12) % 24 or Fraction(24)} if value else {Fraction(24)}
    return set()


def _beside(text: str, quantity: Quantity) -> Quantity:
    """Return the quantity with the words beside it; months go with any day."""
    before = _WORD_BEFORE.search(text[max(0, quantity.start - _REACH) : quantity.start])
    after = _WORD_AFTER.match(text[quantity.end : quantity.end + _REACH])
    first = stems(before[1]) if before and not _is_month(before[1]) else []
    second = stems(after[1] or after[2]) if after and not _is_month(after[1] or "") else []
    return replace(quantity, before="".join(first[:1]), after="".join(second[:1]))


def _is_month(word: str) -> bool:
    meaning = look_up(word.title(), "en")
    return meaning is not None and meaning.role == "month"


def _refined(text: str, quantity: Quantity) -> list[Quantity]:
    """Return the quantity with its final kind, and in parts where it is a time or may be one."""
    if quantity.kind != "digits":
        return [quantity]
    after = text[quantity.end : quantity.end + _REACH]
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    if quantity.value == 0 and len(quantity.text) == 2 and _HOURS.search(before):
        return [replace(quantity, kind="hint")]  # the minutes of 16:00
    if _CURRENCY.search(before) and text[quantity.end - 1].isalpha() and len(quantity.also) == 1:
        (value,) = quantity.also
        return [replace(quantity, value=value, also=frozenset())]
    if runs := _DOTTED_CLOCK.fullmatch(quantity.text):
        hour, minute = map(Fraction, map(int, runs.groups()))
        late = (hour + 12) % 24
        return [replace(quantity, parts=(frozenset((hour, late)), frozenset((minute,))))]
    if _MILITARY.fullmatch(quantity.text) and _ZONE.match(after):
        return _hours_and_minutes(quantity)
    if _ORDINAL.match(after):
        return [replace(quantity, kind="ordinal")]
    return [quantity]


def _hours_and_minutes(quantity: Quantity) -> list[Quantity]:
    """Return the two quantities of a time without a mark: 0230 UTC."""
    middle, text = quantity.start + 2, quantity.text
    hour, minute = Fraction(int(text[:2])), Fraction(int(text[2:]))
    also = frozenset(((hour + 12) % 24,))
    return [
        Quantity(hour, quantity.start, middle, text[:2], "digits", also),
        Quantity(minute, middle, quantity.end, text[2:], "digits" if minute else "hint"),
    ]
