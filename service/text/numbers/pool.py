"""The numbers of one text, for asking how many of them can stand for a number of another one.

It must not know which of the two is a translation or a summary, nor what follows from an answer.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Self

from service.text.numbers.quantity import Quantity

__all__ = ["Pool", "is_in_figures"]


class Pool:
    """The readings of the numbers of one text, each with how many numbers have it."""

    def __init__(self) -> None:
        self.letters: Counter[Fraction] = Counter()
        self.months: Counter[Fraction] = Counter()
        self.values: Counter[Fraction] = Counter()
        self.readings: Counter[Fraction] = Counter()

    @classmethod
    def of(cls, found: Iterable[Quantity]) -> Self:
        """Return the pool of these numbers, in time linear in how many there are."""
        pool = cls()
        for quantity in found:
            pool.add(quantity)
        return pool

    def add(self, quantity: Quantity) -> None:
        """Take one more number in."""
        if quantity.kind == "month":
            self.months[quantity.value] += 1
            return
        if quantity.kind == "letter":
            self.letters[quantity.value] += 1
            return
        values = {quantity.value}.union(*quantity.parts)
        self.values.update(values)
        self.readings.update(values | quantity.also)

    def count(self, quantity: Quantity) -> int:
        """Return how many numbers can stand for this one, at least by the value of one of both.

        Two secondary readings never meet: 1830s and 1930s are both "the thirties".
        """
        count = self.readings[quantity.value]
        count += sum(self.values[reading] for reading in quantity.also)
        if quantity.kind == "dated":
            count += self.months[quantity.value]
        if quantity.kind == "roman" or (quantity.kind == "ordinal" and not is_in_figures(quantity)):
            count += self.letters[quantity.value]
        if not count and quantity.parts:
            count = min(sum(map(self.values.__getitem__, part)) for part in quantity.parts)
        return count


def is_in_figures(quantity: Quantity) -> bool:
    """Tell whether a number is written in figures, if only in part (2.5 million)."""
    return any(map(str.isnumeric, quantity.text))
