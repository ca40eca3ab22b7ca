"""Kinds of words of the tiny language, and the Armenian and Russian forms each kind has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """A country: Russian genitive, accusative, instrumental; `v` says "in" it."""

    en: str
    hy: str
    hy_gen: str
    ru_gen: str
    ru_acc: str
    ru_ins: str
    v: str

    @property
    def hy_loc(self) -> str:
        """Where: Իտալիայում, Հայաստանում."""
        return self.hy_gen.removesuffix("ի") + "ում"

    @property
    def hy_abl(self) -> str:
        """From where: Իտալիայից, Հայաստանից."""
        return self.hy_gen.removesuffix("ի") + "ից"

    @property
    def ru_to(self) -> str:
        """To where: в Италию, во Францию."""
        return f"{self.v.split()[0]} {self.ru_acc}"

    @property
    def country(self) -> str:
        """The English name, by which a sentence avoids naming one country twice."""
        return self.en


@dataclass(frozen=True, slots=True)
class City:
    """A city: Armenian nominative and locative, Russian prepositional and accusative."""

    en: str
    hy: str
    hy_loc: str
    ru_prep: str
    ru_acc: str


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing or a person that is counted; Armenian counts in the singular.

    `ru_one` is the accusative after 1 and 21, `ru_few` the genitive singular (2 to 4),
    `ru_many` the genitive plural (5 and more, and 11 to 14).
    """

    en: str
    hy: str
    ru_one: str
    ru_few: str
    ru_many: str


@dataclass(frozen=True, slots=True)
class Title:
    """An office; `hy` without article, Russian nominative, genitive and instrumental."""

    en: str
    hy: str
    ru: str
    ru_gen: str
    ru_ins: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word with one form in each language and, where a verb agrees with it, a Russian gender."""

    en: str
    hy: str
    ru: str
    gender: str = "m"


@dataclass(frozen=True, slots=True)
class Building:
    """A building: Armenian singular and genitive plural, Russian "a new …" and genitive plural."""

    en: str
    en_plural: str
    hy: str
    hy_gen_plural: str
    ru_new: str
    ru_gen_plural: str


@dataclass(frozen=True, slots=True)
class Disaster:
    """A disaster: Armenian with article and genitive, Russian nominative, genitive and gender."""

    en: str
    hy: str
    hy_gen: str
    ru: str
    ru_gen: str
    gender: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month: Armenian genitive and dative, Russian genitive and prepositional."""

    en: str
    hy_gen: str
    hy_dat: str
    ru_gen: str
    ru_prep: str
