"""Tells which numbers of a text have no counterpart in another one.

A number has a counterpart where any reading of it equals any reading of a number over there: 2.5
million and 2 500 000, 20th and XX, 8 p.m. and 20:00. Every doubt is decided for the text, so that
a warning means something. It must not know how numbers are written, nor what a warning is.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from service.text.numbers.pool import Pool, is_in_figures
from service.text.numbers.quantity import Kind, Quantity
from service.text.numbers.reading import read

__all__ = ["Kind", "Quantity", "compare", "quantities"]

_WORDS_KNOWN: Final = frozenset(("en", "hy", "ru"))

# Numerals of a translation that need no counterpart, if they are words: up to these.
_MAX_FREE_NUMERAL: Final = 1
_MAX_FREE_ORDINAL: Final = 3


def quantities(text: str, language: str) -> list[Quantity]:
    """Return the numbers of `text` in order, spans exact and without overlap.

    Words count in English ("en"), Armenian ("hy") and Russian ("ru"); figures and Roman numerals
    in every language. Linear in the length of the text; never raises.
    """
    return read(text, language)


def compare(
    source: str, target: str, languages: tuple[str, str]
) -> tuple[list[Quantity], list[Quantity]]:
    """Return the numbers of `source` lost in `target`, and those only `target` has.

    Figures are demanded wherever they stand, and as often as the source says them; the target may
    repeat them. Numerals in words are demanded above one, ordinals above three: one, first and
    second come and go in good translations (measured on human translations of news, where all
    this doubts 0.5 % of the sentences). Hints (both, decade, hundreds of) are never demanded, but
    stand for a number of the other side. A converted unit does not stand for the original one.
    Where the words of one language are not known, only figures are demanded, of both sides.

    Args:
        source: a sentence.
        target: its translation.
        languages: of the source and of the target.

    Returns:
        Quantities of the source, with spans in it, and quantities of the target.
    """
    source_language, target_language = languages
    said, written = quantities(source, source_language), quantities(target, target_language)
    if _WORDS_KNOWN.issuperset(languages):
        lost = _missing(said, Pool.of(written), every=True)
        return lost, _missing(written, Pool.of(said), every=False)
    asked, given = _figures(source, said), _figures(target, written)
    lost = _missing(asked, Pool.of([*written, *given]), every=True)
    return lost, _missing(given, Pool.of([*said, *asked]), every=False)


def _figures(text: str, found: Iterable[Quantity]) -> list[Quantity]:
    """Return the numbers in figures, by themselves and with what the words around make of them."""
    whole = [quantity for quantity in found if is_in_figures(quantity)]
    figures: list[Quantity] = []
    index = 0
    for bare in filter(is_in_figures, quantities(text, "")):
        while index < len(whole) and whole[index].end <= bare.start:
            index += 1
        within = index < len(whole) and whole[index].start < bare.end
        figures.append(replace(bare, also=bare.also | whole[index].readings) if within else bare)
    return figures


def _missing(found: list[Quantity], pool: Pool, *, every: bool) -> list[Quantity]:
    missing: list[Quantity] = []
    seen: Counter[Fraction] = Counter()
    for quantity in found:
        if not _is_demanded(quantity):
            continue
        matches = pool.count(quantity)
        if every and is_in_figures(quantity):
            seen[quantity.value] += 1
            if matches < seen[quantity.value]:
                missing.append(quantity)
        elif not matches:
            missing.append(quantity)
    return missing


def _is_demanded(quantity: Quantity) -> bool:
    if quantity.kind in ("hint", "month", "letter"):
        return False
    if is_in_figures(quantity):
        return True
    free = _MAX_FREE_ORDINAL if quantity.kind == "ordinal" else _MAX_FREE_NUMERAL
    return quantity.value > free
