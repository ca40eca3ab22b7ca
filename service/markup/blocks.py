"""What every format is to whoever works on its text: blocks of plain text, with marks on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Block", "Mark", "Markup"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something around characters `start` to `end` of a block's text: two tags, a run of type.

    Where both are equal it stands between characters: a line break, an image, an anchor.

    Attributes:
        keep: what is inside must come back as it is (`<code>`, `translate="no"`).
    """

    start: int
    end: int
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of language that is read as one: a paragraph, a cell, the value of an attribute.

    Attributes:
        text: without markup and with its characters as they are read (`&amp;` is `&`).
        marks: they nest: of two, one contains the other or they share no character. Outer ones
            come before inner ones, earlier ones before later ones. The index of a mark is its
            identity.
        places: for each character of `text`, where in the input it begins, and last where the
            text ends; empty where the input is no text.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    places: tuple[int, ...] = ()


class Markup(Protocol):
    """An input taken apart. Its own constructor says what it raises."""

    @property
    def blocks(self) -> Sequence[Block]:
        """What there is to translate, in reading order."""

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the input with other blocks in it; of UTF-8 where it is text.

        With its own blocks that is the input, byte for byte where it is text.

        Args:
            blocks: as many as there are; each has the marks of the block in whose place it comes,
                by index, nested like them; siblings may have changed their order.
        """
