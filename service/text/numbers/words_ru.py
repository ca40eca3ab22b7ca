"""The Russian number words in all cases, and the numerals inside adjectives (двухлетний).

Grammar: "Русская грамматика" (1980), volume 1, §§ 1364-1380 (numerals) and § 767 (compounds).
It must not know where in a text a word stands.
"""

import re
from fractions import Fraction
from functools import cache
from typing import Final

from service.text.numbers.word import HALF, QUARTER, THIRD, Word, same, words

__all__ = ["read_russian"]

_SMALL: Final = (
    "ноль/нуль/нуля/ноля/нулю/нулем"
    " один/одна/одно/одни/одного/одной/одному/одним/одном/одну/одною/одних/одними"
    " два/две/двух/двум/двумя/двое/двоих/двоим/двоими"
    " три/трех/трем/тремя/трое/троих/троим/троими"
    " четыре/четырех/четырем/четырьмя/четверо/четверых/четверым"
    " пять/пяти/пятью шесть/шести/шестью семь/семи"
    " восемь/восьми/восьмью/восемью девять/девяти/девятью десять/десяти/десятью"
)
_TEENS: Final = (
    "одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат"
    " девятнадцат"
)
_COLLECTIVES: Final = "четвер пятер шестер семер восьмер девятер десятер"
_HUNDREDS: Final = (
    "двести/двухсот/двумстам/двумястами/двухстах триста/трехсот/тремстам/тремястами/трехстах"
    " четыреста/четырехсот/четыремстам/четырьмястами/четырехстах"
)
_ORDINALS: Final = "перв втор трет четверт пят шест седьм восьм девят десят " + _TEENS
_TENS: Final = "двадцат тридцат сороков пятидесят шестидесят семидесят восьмидесят девяност"
_MONTHS: Final = "январ феврал март апрел ма июн июл август сентябр октябр ноябр декабр"
_MONTH_ENDING: Final = re.compile(r"[йьяеюуа]?|ем|[оае]м|ями?|ях|[ьс]ск\w{2,3}")
# Adjective endings, hard, soft and possessive (третий, третья).
_ADJECTIVE: Final = re.compile(
    r"[ыио]й|ая|ое|[ыи]е|[оеь]?его|ого|[оь]?ему|ому|[ыиь]?им|ым|[ыи]х|ую|ой|ою|ом|ем|[ыи]ми"
    r"|ь[яеию]|ьей|ь[её]м|ьих|ьими"
)
_PLURAL: Final = re.compile(r"[ыи](?:е|х|м|ми)")
_NOUN: Final = re.compile(r"[аыуеоияью]?|[оеая]?[йвм]|ами|ях?|ах|ою|ями|ью")
_PREFIXES: Final[dict[str, int | Fraction]] = {
    "одно": 1, "двух": 2, "двоя": 2, "дву": 2, "трех": 3, "тре": 3, "четырех": 4,
    "пяти": 5, "шести": 6, "семи": 7, "восьми": 8, "девяти": 9, "десяти": 10, "двадцати": 20,
    "тридцати": 30, "сорока": 40, "пятидесяти": 50, "шестидесяти": 60, "семидесяти": 70,
    "восьмидесяти": 80, "девяносто": 90, "сто": 100,
    "двухсот": 200, "трехсот": 300, "четырехсот": 400,
    "пятисот": 500, "тысяче": 1000, "полутора": Fraction(3, 2),
}  # fmt: skip
_TEN_PREFIXES: Final = tuple(stem for stem, value in _PREFIXES.items() if 20 <= value <= 90)
# What follows a numeral inside one word: years, days, hours, storeys, sides, times, ...
_HEAD: Final = re.compile(
    r"(?:лет|годич|дневн|суточ|часов|минут|секунд|месяч|недель|этаж|кратн|сторон|местн|комнат|ступен"
    r"|серий|томн|мерн|языч|значн|процент|метров|километр|колес|палуб|парти|уровн|очков|балль"
    r"|странич|уголь|разов|звезд|мачт|мотор|двигат|осн|слой|полос|цвет|образ|фазн|этап|классн"
    r"|рядн|долларов|рублев|голов|ног|борь|составн|частн|актн|палат|пол[оеюь]|сотлет)\w{0,14}"
)
# These are the numeral in whatever word they start.
_FREE: Final = frozenset(("двух", "дву", "трех", "четырех"))
_FREE_HEAD: Final = re.compile(r"\w{3,14}(?:[ыио]й|ая|ое|ые|ого|ому|ым|ых|ую|ою|ом|ыми)")
_POWER_HEAD: Final = re.compile(r"(тысячн|миллионн|миллиардн)\w{2,3}")
_POWERS: Final = {"тысячн": 10**3, "миллионн": 10**6, "миллиардн": 10**9}
_HALF_OF: Final = {
    "миллиона": 500_000, "миллиарда": 500_000_000, "тысячи": 500, "сотни": 50, "дюжины": 6,
    "года": 6, "часа": 30, "века": 50, "десятка": 5, "суток": 12,
}  # fmt: skip
_MAX_STEM: Final = 20
_MAX_WORD: Final = 40


@cache
def _forms() -> dict[str, Word]:
    """Return the words that are listed form by form."""
    table = {
        **words("add", _SMALL, 0),
        **words("ordinal", ""),
        **same("add", 40, "сорок сорока"),
        **same("add", 90, "девяносто девяноста"),
        **same("add", 100, "сто ста"),
        **same("add", Fraction(3, 2), "полтора полторы полутора", 18, 90),
        **same("add", 150, "полтораста"),
        **same("short", 10**3, "тыс"),
        **same("short", 10**6, "млн"),
        **same("short", 10**9, "млрд"),
        **same("short", 10**12, "трлн"),
        **same("share", THIRD, "треть трети третей третям", 3),
        **same("ordinal", 3, "третью", THIRD),
        **same("hint", 1, "единожды час"),
        **same("hint", 2, "оба обе обоих обеих обоим обеим обоими обеими дважды вдвое вдвоем двойня"
               " пара пару пары паре парой пар парами"),
        **same("hint", 3, "трижды втрое втроем трио тройня тройка"),
        **same("hint", 4, "четырежды вчетверо вчетвером квартет"),
        **same("hint", 5, "впятеро впятером пятилетка"),
        **same("hint", 7, "семью"),  # a family as well
        **same("hint", 10, "десятилетие"),
        **same("hint", 12, "полдень полудня полудню", 0),
        **same("hint", 0, "полночь полночи полуночи", 12, 24),
        **same("hint", 24, "сутки суток суткам сутками"),
    }  # fmt: skip
    for value, stem in enumerate(_TEENS.split(), 11):
        table |= same("add", value, f"{stem}ь {stem}и {stem}ью")
    for value, stem in enumerate(_COLLECTIVES.split(), 4):
        table |= same("add", value, f"{stem}о {stem}ых {stem}ым {stem}ыми")
    for value, stem in ((20, "двадцат"), (30, "тридцат")):
        table |= same("add", value, f"{stem}ь {stem}и {stem}ью")
    for value, stem in ((50, "пят"), (60, "шест"), (70, "сем"), (80, "восем")):
        oblique = "восьм" if value == 80 else stem
        table |= same("add", value, f"{stem}ьдесят {oblique}идесяти {stem}ьюдесятью")
    for value, forms in enumerate(_HUNDREDS.split(), 2):
        table |= same("add", value * 100, forms.replace("/", " "))
    for value, stem in enumerate(("пят", "шест", "сем", "восем", "девят"), 5):
        oblique = "восьм" if value == 8 else stem
        table |= same(
            "add",
            value * 100,
            f"{stem}ьсот {oblique}исот {oblique}истам {stem}ьюстами {oblique}истах",
        )
    return table


@cache
def _adjectives() -> dict[str, Word]:
    """Return the stems that take the endings of adjectives."""
    table = words("ordinal", _ORDINALS) | same("ordinal", 100, "сот")
    for place, stem in enumerate(_TENS.split(), 2):
        table |= same("ordinal", place * 10, stem)
    return {
        **table,
        **same("ordinal", 1000, "тысячн"),
        **same("ordinal", 10**6, "миллионн"),
        **same("ordinal", 10**9, "миллиардн"),
        **same("hint", 24, "круглосуточн суточн"),
        **same("hint", 1, "единственн одиночн единичн"),
        **same("hint", 2, "двойн парн двоичн сдвоенн обоюдн"),
        **same("hint", 3, "тройн"),
        **same("hint", 6, "полугодов полугодич"),
        **same("hint", 12, "полуденн", 0),
        **same("hint", 0, "нулев", 2000),
    }


@cache
def _nouns() -> dict[str, Word]:
    """Return the stems that take the endings of nouns."""
    return {
        **same("power", 10**3, "тысяч"),
        **same("power", 10**6, "миллион"),
        **same("power", 10**9, "миллиард биллион"),
        **same("power", 10**12, "триллион"),
        **same("plural", 100, "сотн сотен"),
        **same("dozen", 10, "десятк десяток", 12),
        **same("dozen", 12, "дюжин"),
        **same("share", HALF, "половин", 2, 30, 50),
        **same("share", QUARTER, "четверт", 4, 15, 25),
        **same("hint", 2, "двойк двоечк двойник близнец двойняш"),
        **same("hint", 3, "тройк тройняш трилоги"),
        **same("hint", 4, "четверк"),
        **same("hint", 5, "пятерк"),
        **same("hint", 6, "шестерк полугоди"),
        **same("hint", 7, "семерк"),
        **same("hint", 8, "восьмерк"),
        **same("hint", 9, "девятк"),
        **same("hint", 50, "полтинник"),
        **same("hint", QUARTER, "четвертьфинал", 8),
        **same("hint", HALF, "полуфинал"),
        **same("hint", 10, "десятилети"),
        **same("hint", 100, "столети век"),
        **same("hint", 1000, "тысячелети"),
    }


def read_russian(word: str) -> Word | None:
    """Return what a Russian word says about a number, None if nothing."""
    if len(word) > _MAX_WORD:
        return None
    folded = word.casefold().replace("ё", "е")
    if meaning := _forms().get(folded):
        return meaning
    for cut in range(min(len(folded), _MAX_STEM), 1, -1):
        stem, ending = folded[:cut], folded[cut:]
        if meaning := _inflected(stem, ending) or _compound(stem, ending):
            return meaning
    return None


def _inflected(stem: str, ending: str) -> Word | None:
    adjective = _adjectives().get(stem)
    if adjective and _ADJECTIVE.fullmatch(ending):
        if 20 <= adjective.value <= 90 and _PLURAL.fullmatch(ending):
            return Word(adjective.value, adjective.role, (1900 + adjective.value,))
        return adjective
    noun = _nouns().get(stem)
    if noun and _NOUN.fullmatch(ending):
        return noun
    month = _months().get(stem)
    return month if month and _MONTH_ENDING.fullmatch(ending) else None


@cache
def _months() -> dict[str, Word]:
    return words("month", _MONTHS)


def _compound(stem: str, ending: str) -> Word | None:
    if stem in ("пол", "полу") and ending in _HALF_OF:
        counts = ending.startswith("милли")
        return Word(Fraction(_HALF_OF[ending]), "add" if counts else "hint", (HALF,))
    value = _prefix(stem)
    if value is None:
        return None
    if power := _POWER_HEAD.fullmatch(ending):
        return Word(value * _POWERS[power[1]], "ordinal")
    if _HEAD.fullmatch(ending) or (stem in _FREE and _FREE_HEAD.fullmatch(ending)):
        return Word(value, "hint")
    return None


def _prefix(stem: str) -> Fraction | None:
    if stem in _PREFIXES:
        return Fraction(_PREFIXES[stem])
    if stem.endswith("надцати"):
        return _forms()[stem].value if stem in _forms() else None
    for ten in _TEN_PREFIXES:
        unit = _PREFIXES.get(stem.removeprefix(ten), 0)
        if stem.startswith(ten) and 1 < unit < 10:
            return Fraction(_PREFIXES[ten] + unit)
    return None
