"""Reads the numbers of a text: figures, number words, Roman numerals, and what joins them.

It goes over the text once from left to right; neighbours that belong together (two hundred
thousand, 2.5 million, 10 հազար, полтора миллиона) become one quantity. It must not know what is
said around a number, nor a second text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from service.text.number_context import in_context
from service.text.number_digits import Figure, figures, roman
from service.text.number_word import Word
from service.text.number_words import look_up
from service.text.quantity import Kind, Quantity

__all__ = ["read"]

_LETTERS: Final = re.compile(r"[^\W\d_]+")
_TIGHT: Final = re.compile(r"\+?[\s\xad]{0,2}|\s?[-‐‑]\s?")
_AND: Final = {
    "en": re.compile(r"(?:\s|-)and(?:(?:\s|-)an?)?(?:\s|-)", re.IGNORECASE),
    "hy": re.compile(r"\s(?:և|եւ|ու)\s"),
    "ru": re.compile(r"\s(?:с|и)\s"),
}
_OF: Final = {"en": re.compile(r"(?:\s|-)(?:of\s)?an?(?:\s|-)", re.IGNORECASE)}
_CLOSED: Final = frozenset(("hint", "month", "dozen", "ordinal"))
_VAGUE: Final = frozenset(("hundred", "power", "dozen", "share", "hint"))
_MAX_LINK: Final = 8


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    value: Fraction
    meaning: Figure | Word | None = None  # None: a Roman numeral


@dataclass(slots=True)
class _Sum:
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
        return self.total + (self.current or 0)

    def start(self, token: _Token) -> None:
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

    def take(self, token: _Token, link: str) -> bool:
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


def read(text: str, language: str) -> list[Quantity]:
    """Return the quantities of `text` in order; spans do not overlap. Linear, never raises."""
    found: list[Quantity] = []
    number, run = _Sum(), list[_Token]()
    shorter: _Sum | None = None  # the number as it was before `and`
    for token in _tokens(text, language):
        link = _link(text, run[-1].end, token.start, language) if run else ""
        saved = replace(number, also=set(number.also)) if link == "and" else None
        if link and number.take(token, link):
            run.append(token)
            shorter = saved
            continue
        if shorter and link and _multiplies(token):
            # One hundred and two hundred: what stands behind `and` starts a number of its own.
            found.append(_quantity(text, shorter, run[:-1]))
            number, run = _Sum(), run[-1:]
            number.start(run[0])
            shorter = None
            if number.take(token, link):
                run.append(token)
                continue
        shorter = None
        if run:
            found.append(_quantity(text, number, run))
            run = []
        if isinstance(token.meaning, Word) and token.meaning.role in ("short", "letter"):
            continue
        number, run = _Sum(), [token]
        number.start(token)
    if run:
        found.append(_quantity(text, number, run))
    return in_context(text, found, language)


def _multiplies(token: _Token) -> bool:
    return isinstance(token.meaning, Word) and token.meaning.role in ("hundred", "power")


def _tokens(text: str, language: str) -> Iterator[_Token]:
    """Yield figures and the words that say something about a number, in order."""
    place = 0
    for figure in figures(text, language):
        yield from _words(text, place, figure.start, language)
        yield _Token(figure.start, figure.end, figure.value, figure)
        place = figure.end
    yield from _words(text, place, len(text), language)


def _words(text: str, start: int, end: int, language: str) -> Iterator[_Token]:
    for match in _LETTERS.finditer(text, start, end):
        word = match.group()
        if meaning := look_up(word, language):
            yield _Token(*match.span(), meaning.value, meaning)
        elif word[0].isupper() and (value := roman(word)):
            yield _Token(*match.span(), Fraction(value))


def _link(text: str, start: int, end: int, language: str) -> str:
    """Return how two neighbours are joined: "tight", "and", "of", or "" if they are not."""
    if end - start > _MAX_LINK:
        return ""
    gap = text[start:end]
    if _TIGHT.fullmatch(gap):
        return "tight"
    if language in _AND and _AND[language].fullmatch(gap):
        return "and"
    return "of" if language in _OF and _OF[language].fullmatch(gap) else ""


def _quantity(text: str, number: _Sum, run: list[_Token]) -> Quantity:
    start, end = run[0].start, run[-1].end
    value = number.value
    parts = tuple(frozenset((piece,)) for piece in number.pieces)
    return Quantity(
        value, start, end, text[start:end], _kind(run), frozenset(number.also - {value}), parts
    )


def _kind(run: list[_Token]) -> Kind:
    first, last = run[0].meaning, run[-1].meaning
    if isinstance(last, Word) and last.role == "ordinal":
        return "ordinal"
    if isinstance(first, Figure):
        return "digits"
    if first is None:
        return "roman"
    if first.role == "month":
        return "month"
    if first.role == "plural" or (len(run) == 1 and first.role in _VAGUE):
        return "hint"
    return "words"
