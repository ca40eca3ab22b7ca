"""Reads the numbers of a text: figures, number words, Roman numerals, and what joins them.

It goes over the text once from left to right; neighbours that belong together (two hundred
thousand, 2.5 million, 10 հազար, полтора миллиона) become one quantity. It must not know what is
said around a number, nor a second text.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from service.text.numbers.context import in_context
from service.text.numbers.digits import Figure, figures, roman
from service.text.numbers.quantity import Kind, Quantity
from service.text.numbers.sums import Sum, Token
from service.text.numbers.word import Word
from service.text.numbers.words import look_up

__all__ = ["read"]

_LETTERS: Final = re.compile(r"[^\W\d_]+")
_TIGHT: Final = re.compile(r"\+?[\s\xad]{0,2}|\s?[-‐‑]\s?")
_AND: Final = {
    "en": re.compile(r"(?:\s|-)and(?:(?:\s|-)an?)?(?:\s|-)", re.IGNORECASE),
    "hy": re.compile(r"\s(?:և|եւ|ու)\s"),
    "ru": re.compile(r"\s(?:с|и)\s"),
}
_OF: Final = {"en": re.compile(r"(?:\s|-)(?:of\s)?an?(?:\s|-)", re.IGNORECASE)}
_VAGUE: Final = frozenset(("hundred", "power", "dozen", "share", "hint"))
_MAX_LINK: Final = 8


def read(text: str, language: str) -> list[Quantity]:
    """Return the quantities of `text` in order; spans do not overlap. Linear, never raises."""
    found: list[Quantity] = []
    number, run = Sum(), list[Token]()
    shorter: Sum | None = None  # the number as it was before `and`
    for token in _tokens(text, language):
        link = _link(text, _end(text, run[-1]), token.start, language) if run else ""
        saved = replace(number, also=set(number.also)) if link == "and" else None
        if link and number.take(token, link):
            run.append(token)
            shorter = saved
            continue
        if shorter and link and _multiplies(token):
            # One hundred and two hundred: what stands behind `and` starts a number of its own.
            found.append(_quantity(text, shorter, run[:-1]))
            number, run = Sum(), run[-1:]
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
        number, run = Sum(), [token]
        number.start(token)
    if run:
        found.append(_quantity(text, number, run))
    return in_context(text, found, language)


def _end(text: str, token: Token) -> int:
    """Return where a token ends, with the full stop of an abbreviation (5 тыс. 600)."""
    short = isinstance(token.meaning, Word) and token.meaning.role == "short"
    return token.end + (short and text[token.end : token.end + 1] == ".")


def _multiplies(token: Token) -> bool:
    return isinstance(token.meaning, Word) and token.meaning.role in ("hundred", "power")


def _tokens(text: str, language: str) -> Iterator[Token]:
    """Yield figures and the words that say something about a number, in order."""
    place = 0
    for figure in figures(text, language):
        yield from _words(text, place, figure.start, language)
        yield Token(figure.start, figure.end, figure.value, figure)
        place = figure.end
    yield from _words(text, place, len(text), language)


def _words(text: str, start: int, end: int, language: str) -> Iterator[Token]:
    for match in _LETTERS.finditer(text, start, end):
        word = match.group()
        if meaning := look_up(word, language):
            yield Token(*match.span(), meaning.value, meaning)
        elif word[0].isupper() and (value := roman(word)):
            yield Token(*match.span(), Fraction(value))


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


def _quantity(text: str, number: Sum, run: list[Token]) -> Quantity:
    start, end = run[0].start, run[-1].end
    value = number.value
    parts = tuple(frozenset((piece,)) for piece in number.pieces)
    return Quantity(
        value, start, end, text[start:end], _kind(run), frozenset(number.also - {value}), parts
    )


def _kind(run: list[Token]) -> Kind:
    first, last = run[0].meaning, run[-1].meaning
    if isinstance(last, Word) and last.role == "ordinal":
        return "ordinal"
    if isinstance(first, Figure):
        return "digits"
    if first is None:
        return "roman"
    if first.role == "month":
        return "month"
    if first.role == "numeral":
        return "letter"
    if first.role == "plural" or (len(run) == 1 and first.role in _VAGUE):
        return "hint"
    return "words"
