"""A number as a text says it. Knows no language and no second text."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

__all__ = ["Kind", "Quantity"]

Kind = Literal["digits", "words", "ordinal", "roman", "dated", "month", "hint", "letter"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a text says it.

    Attributes:
        value: the likeliest reading; a time of day gives two quantities, hours and minutes.
        start: where it starts in the text, in code points.
        end: where it ends.
        text: `original[start:end]`.
        kind: `digits`, `words` (twenty), `ordinal` (20th, twentieth), `roman`, `dated` (each
            number of 04.07.2015), `month` (July), `letter` (the Բ of Գարեգին Բ, which only stands
            for a Roman numeral or an ordinal), or `hint`: what can stand for a number but is no
            claim (both, decade, a lone Roman I, the 2 of km2).
        also: other readings of the whole ('95 is 1995, 8 p.m. is 20).
        parts: readings of its runs of digits, where it may be several numbers (20.30 is a time).
        before: the word in front of it, small letters without ending; only of English text.
        after: the word behind it, in the same form, or the other number of a score.
    """

    value: Fraction
    start: int
    end: int
    text: str
    kind: Kind
    also: frozenset[Fraction] = frozenset()
    parts: tuple[frozenset[Fraction], ...] = ()
    before: str = ""
    after: str = ""

    @property
    def readings(self) -> frozenset[Fraction]:
        """All values of the whole."""
        return self.also | {self.value}
