"""Pools that the slots of a sentence are filled from: a size and a seeded draw.

Knows numerals and what they govern, and who can act; knows no sentences.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tests.tinylang.forms import Country, Noun, Title, Word
from tests.tinylang.lexicon import (
    COUNTRIES,
    FIRST_NAMES,
    INSTITUTIONS,
    MONTHS,
    SURNAMES,
    TITLES,
    WEEKDAYS,
)

T = TypeVar("T")
DAYS_PER_MONTH = 28


class Pool(Protocol):
    """What a slot is filled from."""

    @property
    def size(self) -> int:
        """How many different values there are."""

    def draw(self, rng: random.Random) -> object:
        """One of them."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in the three languages; `country` is the English name of the country it names."""

    en: str
    hy: str
    ru: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Quantity(Phrase):
    """A counted noun; `ru` is accusative, `ru_gen` genitive ("at least", "to")."""

    ru_gen: str = ""


@dataclass(frozen=True, slots=True)
class Actor(Phrase):
    """A subject with its Russian gender: m, f or n."""

    gender: str = "m"


@dataclass(frozen=True, slots=True)
class Official(Phrase):
    """An official as an object: Armenian genitive and dative, Russian genitive and instrumental."""

    hy_gen: str = ""
    hy_dat: str = ""
    ru_gen: str = ""
    ru_ins: str = ""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two different countries."""

    first: Country
    second: Country


def choose(rng: random.Random, items: Sequence[T]) -> T:
    """One of `items`, the same for the same seed in every Python version."""
    return items[rng.randrange(len(items))]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A pool over a list of words."""

    items: Sequence[object]

    @property
    def size(self) -> int:
        """How many words there are."""
        return len(self.items)

    def draw(self, rng: random.Random) -> object:
        """One word, all equally likely."""
        return choose(rng, self.items)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pool given by its size and its way of drawing."""

    size: int
    draw: Callable[[random.Random], object]


def government(value: int) -> str:
    """Which form a Russian numeral governs: one (21), few (22) or many (11, 25)."""
    if value % 100 in (11, 12, 13, 14):
        return "many"
    return {1: "one", 2: "few", 3: "few", 4: "few"}.get(value % 10, "many")


def grouped(value: int) -> str:
    """Digits as Armenian and Russian write them: 5450, but 12 450."""
    return f"{value:,}".replace(",", " ") if value >= 10_000 else str(value)


def quantity(value: int, noun: Noun) -> Quantity:
    """`value` of `noun`, two or more."""
    digits, kind = grouped(value), government(value)
    accusative = {"one": noun.ru_one, "few": noun.ru_few, "many": noun.ru_many}[kind]
    genitive = noun.ru_few if kind == "one" else noun.ru_many
    return Quantity(
        en=f"{value:,} {noun.en}",
        hy=f"{digits} {noun.hy}",
        ru=f"{digits} {accusative}",
        ru_gen=f"{digits} {genitive}",
    )


def _number(rng: random.Random, low: int, high: int) -> int:
    """A number whose length is drawn before its digits; endings 00 to 24 are made frequent."""
    lengths = range(len(str(low)), len(str(high)) + 1)
    length = choose(rng, lengths)
    value = rng.randrange(max(low, 10 ** (length - 1)), min(high, 10**length - 1) + 1)
    if value >= 100 and rng.random() < 0.25:
        value = value - value % 100 + rng.randrange(25)
    return value


def quantities(nouns: Sequence[Noun], low: int, high: int) -> Drawn:
    """The pool of `low` to `high` of each noun."""
    return Drawn(
        size=len(nouns) * (high - low + 1),
        draw=lambda rng: quantity(_number(rng, low, high), choose(rng, nouns)),
    )


def _official(title: Title, country: Country) -> Official:
    return Official(
        en=f"the {title.en} of {country.en}",
        hy=f"{country.hy_gen} {title.hy}~",
        ru=f"{title.ru} {country.ru_gen}",
        country=country.en,
        hy_gen=f"{country.hy_gen} {title.hy}ի",
        hy_dat=f"{country.hy_gen} {title.hy}ին",
        ru_gen=f"{title.ru_gen} {country.ru_gen}",
        ru_ins=f"{title.ru_ins} {country.ru_gen}",
    )


def draw_person(rng: random.Random) -> Actor:
    """Somebody: an official of a country, or an official by name."""
    title = choose(rng, TITLES)
    if rng.random() < 0.5:
        official = _official(title, choose(rng, COUNTRIES))
        return Actor(official.en, official.hy, official.ru, official.country)
    first, last = choose(rng, FIRST_NAMES), choose(rng, SURNAMES)
    return Actor(
        en=f"{title.en.title()} {first.en} {last.en}",
        hy=f"{title.hy} {first.hy} {last.hy}",
        ru=f"{title.ru} {first.ru} {last.ru}",
        gender=first.gender,
    )


def draw_body(rng: random.Random) -> Actor:
    """An institution of a country."""
    name, country = choose(rng, INSTITUTIONS), choose(rng, COUNTRIES)
    return Actor(
        en=f"the {name.en} of {country.en}",
        hy=f"{country.hy_gen} {name.hy}",
        ru=f"{name.ru} {country.ru_gen}",
        country=country.en,
        gender=name.gender,
    )


def draw_day(rng: random.Random) -> Phrase:
    """A weekday or a date."""
    if rng.random() < 0.5:
        word: Word = choose(rng, WEEKDAYS)
        return Phrase(word.en, word.hy, word.ru)
    month, day = choose(rng, MONTHS), rng.randrange(1, DAYS_PER_MONTH + 1)
    return Phrase(f"on {month.en} {day}", f"{month.hy_gen} {day}-ին", f"{day} {month.ru_gen}")


def draw_period(rng: random.Random) -> Phrase:
    """A month or a year."""
    if rng.random() < 0.5:
        month = choose(rng, MONTHS)
        return Phrase(f"in {month.en}", month.hy_dat, f"в {month.ru_prep}")
    year = 2001 + rng.randrange(25)
    return Phrase(f"in {year}", f"{year} թվականին", f"в {year} году")


def _rivals(rng: random.Random) -> Rivals:
    first = choose(rng, COUNTRIES)
    return Rivals(first, choose(rng, [other for other in COUNTRIES if other is not first]))


def _score(rng: random.Random) -> Phrase:
    won = rng.randrange(1, 8)
    lost = rng.randrange(won)
    return Phrase(f"{won}-{lost}", f"{won}:{lost}", f"{won}:{lost}")


def _year(rng: random.Random) -> Phrase:
    year = str(2027 + rng.randrange(24))
    return Phrase(year, year, year)


OFFICIALS = Drawn(
    len(TITLES) * len(COUNTRIES),
    lambda rng: _official(choose(rng, TITLES), choose(rng, COUNTRIES)),
)
NAMED_ACTORS = len(TITLES) * len(FIRST_NAMES) * len(SURNAMES)
PERSON_ACTORS = len(TITLES) * len(COUNTRIES) + NAMED_ACTORS
BODY_ACTORS = len(INSTITUTIONS) * len(COUNTRIES)
DAY_COUNT = len(WEEKDAYS) + len(MONTHS) * DAYS_PER_MONTH
PERIOD_COUNT = len(MONTHS) + 25
RIVALS = Drawn(len(COUNTRIES) * (len(COUNTRIES) - 1), _rivals)
SCORES = Drawn(28, _score)
YEARS = Drawn(24, _year)
