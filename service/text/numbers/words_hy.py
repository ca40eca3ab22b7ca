"""The Armenian number words: reformed (Eastern) spelling, with cases, articles and compounds.

Numerals take the endings of nouns (երկուսին, հինգից), join below a hundred (քսանմեկ) and stand
inside adjectives (երկօրյա, տասնհինգամյա). Grammar: Dum-Tragut, "Armenian: Modern Eastern Armenian"
(2009), 2.4 Numerals. It must not know where in a text a word stands.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Final

from service.text.numbers.word import HALF, QUARTER, Word, same, words

__all__ = ["read_armenian"]

_UNITS: Final = "մեկ երկու երեք չորս հինգ վեց յոթ ութ ինն"
_TENS: Final = "տասն քսան երեսուն քառասուն հիսուն վաթսուն յոթանասուն ութսուն իննսուն"
_MONTHS: Final = (
    "հունվար փետրվար մարտ ապրիլ մայիս հունիս հուլիս օգոստոս սեպտեմբեր հոկտեմբեր նոյեմբեր դեկտեմբեր"
)
# Number, then case, then article or possessive, all optional.
_CASE: Final = r"(?:ներ|եր)?(?:ի|ից|ով|ում|ու|ուց|վա|յան)?(?:ը|ն|ս|դ)?"
_ENDING: Final = re.compile(r"ս?" + _CASE)
_ORDINAL: Final = re.compile(r"ե?րորդ(?:ական)?" + _CASE)
_DECADE: Final = re.compile(r"ական" + _CASE)
_VAGUE: Final = re.compile(r"(?:ավոր|անոց|ական|ամյա|պատիկ)" + _CASE)
_AND_HALF: Final = re.compile(r"ս?ուկես" + _CASE)
# What follows a numeral inside one word: days, months, years, hours, storeys, sides, times, ...
_HEAD: Final = re.compile(
    r"ն?ա?(?:ամյա|ամսյա|ամսեկ|օրյա|օրեկ|ժամյա|ժամանոց|րոպե|շաբաթ|հարկ|տար|անոց|նոց|կողմ|լեզ|չափ"
    r"|անկյուն|նկյուն|մաս|դար|գույն|պատ|ապատ|կի|ակի|փուլ|տեղ|գլխ|ոտ|հատոր|մետր|անիվ|նիշ|նիստ"
    r"|մարտ|սերիա|գիծ|գծ|ձև|տող|յակ|ակ|վորյակ|կենցաղ|սենյակ|պալատ|շերտ|ատամ|աստիճան)\w{0,12}"
)
# Only the last word of a numeral is inflected (Dum-Tragut, 2.4.1).
_LAST: Final = re.compile(r"ս?(?:ներ)?(?:ի[նսդ]?|ից|ով|ում)|ս?ներ[ընս]?|սը?")
# Behind these anything counts but the names of weekdays (երեքշաբթի is Tuesday).
_FREE_HEAD: Final = re.compile(r"(?!շաբթ)\w{3,14}")
# երկ- is two, but not in երկիր, երկար, երկինք, երկուշաբթի (country, long, sky, Monday).
_FREE_TWO: Final = re.compile(r"(?![աինու]|ր|յուղ)\w{3,14}")
_MAX_CORE: Final = 20
_MAX_WORD: Final = 40


@cache
def _cores() -> dict[str, int]:
    """Return the bare numerals from 1 to 999 that are written as one word."""
    units = dict(zip(_UNITS.split(), range(1, 10), strict=True))
    cores = {**units, "ինը": 9, "տաս": 10}
    for place, ten in enumerate(_TENS.split(), 1):
        cores[ten] = place * 10
        for unit, value in (*units.items(), ("ինը", 9)):
            cores[ten + unit] = place * 10 + value
    for unit, value in list(units.items())[1:]:
        cores[unit + "հարյուր"] = value * 100
    return cores


@cache
def _prefixes() -> dict[str, int]:
    """Return the short forms that only stand inside other words."""
    short = {"երկ": 2, "երկու": 2, "եռ": 3, "երեք": 3, "քառ": 4, "հնգ": 5, "մի": 1, "յոթն": 7}
    for ten in _TENS.split()[2:]:  # երեսուն, but երեսնամյա
        short[ten.removesuffix("ուն") + "ն"] = _cores()[ten]
    return {**_cores(), **short, "ութն": 8, "հարյուր": 100, "հազար": 1000, "կրկն": 2}


@cache
def _nouns() -> dict[str, Word]:
    """Return the words that take the endings of nouns, by stem."""
    return {
        **same("add", 0, "զրո"),
        **same("add", 1, "մի"),
        **same("hundred", 100, "հարյուր"),
        **same("power", 10**3, "հազար"),
        **same("power", 10**6, "միլիոն"),
        **same("power", 10**9, "միլիարդ"),
        **same("power", 10**12, "տրիլիոն"),
        **same("short", 10**3, "հազ հզր"),
        **same("short", 10**6, "մլն"),
        **same("short", 10**9, "մլրդ մլդ"),
        **same("short", 10**12, "տրլն"),
        **same("share", HALF, "կես", 2, 30, 50),
        **same("share", QUARTER, "քառորդ", 4, 15, 25),
        **same("dozen", 10, "տասնյակ", 12),
        **same("dozen", 12, "դյուժին"),
        **same("dozen", 100, "հարյուրյակ"),
        **same("ordinal", 1, "առաջին նախ"),
        **same("ordinal", 2, "երկրորդ"),
        **same("ordinal", 3, "երրորդ"),
        **same("ordinal", 4, "չորրորդ"),
        **same("hint", 1, "միակ միայնակ եզակի"),
        **same("hint", 2, "զույգ զուգ կրկնակի կրկնապատիկ երկակի երկիցս երկյակ երկվորյակ դուետ"
               " երկուսով կրկնապատկ"),
        **same("hint", 3, "եռակի եռապատիկ եռյակ եռիցս եռագրություն եռանկյուն"),
        **same("hint", 4, "քառակի քառապատիկ քառյակ"),
        **same("hint", 5, "հնգյակ հնգակի հնգապատիկ"),
        **same("hint", 10, "տասնամյակ"),
        **same("hint", 100, "դար հարյուրամյակ"),
        **same("hint", 1000, "հազարամյակ"),
        **same("hint", 6, "կիսամյակ"),
        **same("hint", QUARTER, "քառորդեզրափակիչ", 8),
        **same("hint", HALF, "կիսաեզրափակիչ"),
        **same("hint", 12, "կեսօր", 0),
        **same("hint", 0, "կեսգիշեր", 12, 24),
        **same("hint", 24, "շուրջօրյա"),
        **words("month", _MONTHS),
    }  # fmt: skip


@cache
def _numerals() -> dict[str, Word]:
    """Return the numerals of rulers from 1 to 39: capitals of the alphabet (ԺԴ is 14)."""
    table: dict[str, Word] = {}
    for ten, letter in enumerate(("", "Ժ", "Ի", "Լ")):
        table |= same("numeral", ten * 10, letter)
        table |= words("numeral", " ".join(letter + unit for unit in "ԱԲԳԴԵԶԷԸԹ"), ten * 10 + 1)
    return table


def read_armenian(word: str) -> Word | None:
    """Return what an Armenian word says about a number, None if nothing."""
    if len(word) > _MAX_WORD:
        return None
    if numeral := _numerals().get(word):
        return numeral
    folded = word.casefold().replace("եւ", "և")
    for cut in range(min(len(folded), _MAX_CORE), 1, -1):
        stem = folded[:cut]
        for meaning in _meanings(stem, folded[cut:]):
            return meaning
    return None


def _meanings(stem: str, ending: str) -> Iterator[Word]:
    noun = _nouns().get(stem)
    if noun:
        if _ENDING.fullmatch(ending):
            yield replace(noun, last=True) if _LAST.fullmatch(ending) else noun
        elif noun.role in ("power", "hundred") and _VAGUE.fullmatch(ending):
            yield Word(noun.value, "plural")
        elif noun.role in ("power", "hundred") and _ORDINAL.fullmatch(ending):
            yield Word(noun.value, "ordinal")
    core = _cores().get(stem)
    if core is not None:
        value = Fraction(core)
        if _ENDING.fullmatch(ending):
            yield Word(value, "add", last=bool(_LAST.fullmatch(ending)))
        elif _ORDINAL.fullmatch(ending):
            yield Word(value, "ordinal")
        elif _DECADE.fullmatch(ending):
            yield Word(value, "hint", (1900 + value,))
        elif _AND_HALF.fullmatch(ending):
            yield Word(value + HALF, "add")
    prefix = _prefixes().get(stem)
    free = core is not None and (3 <= core <= 5 or core > 10) and _FREE_HEAD.fullmatch(ending)
    free = free or (stem == "երկ" and _FREE_TWO.fullmatch(ending))
    if prefix is not None and (free or _HEAD.fullmatch(ending)):
        yield Word(Fraction(prefix), "hint")
