"""Adds up a number word by word: two hundred thousand and five, 2.5 million, две трети.

It must not know where in a text the words stand, nor how their neighbourhood was found: it is told
that a word follows directly ("tight"), behind "and", or behind "of a" ("of").
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from service.text.numbers.digits import Figure
from service.text.numbers.word import Word

__all__ = ["Sum", "Token"]

_CLOSED: Final = frozenset(("hint", "month", "dozen", "ordinal", "numeral"))


@dataclass(frozen=True, slots=True)
class Token:
    """A figure, a number word, or a Roman numeral (no meaning), and where it stands."""

    start: int
    end: int
    value: Fraction
    meaning: Figure | Word | None = None


@dataclass(slots=True)
class Sum:
    """A number that grows word by word, as in `two hundred thousand and five`."""

    total: Fraction = Fraction(0)
    current: Fraction | None = None
    power: Fraction | None = None
    closed: bool = False
    figures: bool = False  # `current` was written in figures
    pieces: tuple[Fraction, ...] = ()  # where they may be separate numbers
    also: set[Fraction] = field(default_factory=set)

    @property
    def value(self) -> Fraction:
        """What has been said so far."""
        return self.total + (self.current or 0)

    def start(self, token: Token) -> None:
        """Begin with the first word of the number."""
        meaning = token.meaning
        if isinstance(meaning, Word) and meaning.role in ("power", "plural"):
            self.total = self.power = meaning.value
            self.closed = meaning.last
            return
        self.current = token.value
        if isinstance(meaning, Figure):
            self.figures = True
            self.also.update(meaning.also)
            self.pieces = meaning.parts
        elif isinstance(meaning, Word):
            self.also.update(meaning.also)
            self.closed = meaning.last or meaning.role in _CLOSED
        else:
            self.closed = True

    def take(self, token: Token, link: str) -> bool:
        """Add what follows if it belongs to this number; `link` says what stands between."""
        meaning = token.meaning
        if self.closed or meaning is None:
            return False
        if isinstance(meaning, Figure):
            return link == "tight" and self._take_figure(meaning)
        taken = self._take_word(meaning, link)
        self.closed = self.closed or (taken and meaning.last)
        return taken

    def _take_word(self, meaning: Word, link: str) -> bool:
        match meaning.role:
            case "add":
                return self._take_small(meaning.value, link)
            case "ordinal":
                return self._take_ordinal(meaning.value, link)
            case "hundred":
                return link == "tight" and self._take_hundred()
            case "power" | "plural":
                return self._take_power(meaning.value, link)
            case "short":
                return self.figures and link == "tight" and self._take_power(meaning.value, link)
            case "letter":
                return link == "tight" and self._take_letter(meaning.value)
            case "dozen":
                return link != "and" and self._take_dozen(meaning.value)
            case "share":
                return self._take_share(meaning.value, link)
            case _:
                return False

    def _take_small(self, value: Fraction, link: str) -> bool:
        if link == "of" or (link == "and" and self.power is None and (self.current or 0) < 100):
            return False
        if self.current is None:
            if self.power is None or value >= self.power:
                return False
            self.current = value
            return True
        if self.figures or not _has_room(self.current, value):
            return False
        self.current += value
        return True

    def _take_ordinal(self, value: Fraction, link: str) -> bool:
        if value < 100 and self._take_small(value, link):
            self.closed = True
            return True
        if self.figures and value >= 1000 and link == "tight" and self._take_power(value, link):
            self.closed = True  # 850-миллионный
            return True
        if link != "tight" or self.total or self.current is None or value < 3:
            return False
        if self.current.denominator > 1 or not 0 < self.current < value:
            return False
        self.pieces = (self.current, value)
        self.current /= value
        self.closed = True
        return True

    def _take_hundred(self) -> bool:
        if self.current is None:
            self.current = Fraction(100)
        elif 0 < self.current < 100:
            self.current *= 100
        else:
            return False
        return True

    def _take_power(self, value: Fraction, link: str) -> bool:
        if link == "and" or (link == "of" and (self.current is None or self.current >= 1)):
            return False
        if self.power is not None and self.power == value:
            return False
        if self.current is None and self.total >= value:
            return False  # so no number has more digits than two powers
        if self.power is not None and (self.power < value) != (self.current is None):
            return False  # five thousand million; but: a thousand million
        if self.current is None:
            self.total *= value
        else:
            self.total += self.current * value
        self.also = {reading * value for reading in self.also if self.figures}
        self.current, self.power, self.pieces, self.figures = None, value, (), False
        return True

    def _take_letter(self, value: Fraction) -> bool:
        """Keep both readings: 5m may be metres or millions."""
        if not self.figures or self.current is None or self.total:
            return False
        self.also.add(self.current * value)
        self.closed = True
        return True

    def _take_dozen(self, value: Fraction) -> bool:
        if self.current is None or self.total or self.current >= 100:
            return False
        # A dozen of one language is a ten of another: two dozen, երկու տասնյակ, два десятка.
        self.also = {self.current, self.current * 10, self.current * 12}
        self.current *= value
        self.closed = True
        return True

    def _take_share(self, value: Fraction, link: str) -> bool:
        if self.current is None or self.current.denominator > 1:
            return False
        if link == "and":
            self.current += value
        elif link == "tight" and not self.total and 0 < self.current < 10 and not self.figures:
            self.pieces = (self.current, 1 / value)
            self.current *= value
        else:
            return False
        return True

    def _take_figure(self, figure: Figure) -> bool:
        if figure.value.denominator > 1:  # 1½, 1 1/2
            if self.current is None or self.pieces or not self.figures or figure.value >= 1:
                return False
            self.pieces = (self.current, *figure.parts) if figure.parts else ()
            self.current += figure.value
            return True
        if self.current is not None or self.power is None or figure.parts:
            return False
        if figure.value >= self.power:
            return False
        self.pieces = (self.total, figure.value)
        self.current, self.figures = figure.value, True
        return True


def _has_room(current: Fraction, value: Fraction) -> bool:
    """Tell whether `value` fits into the zeros at the end of `current` (20 + 1, 300 + 45)."""
    if current.denominator > 1 or value.denominator > 1 or not 0 < value < current:
        return False
    place: int = 10 ** len(str(value.numerator))
    return current.numerator % place == 0
