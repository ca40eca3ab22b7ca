"""Runs of inline markup: text and the tags in it, between two borders of blocks.

Of a run the shortest stretch becomes a block that has all of its text and no half of a pair of
tags; what is before and behind it stays where it is. Knows no elements.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT

__all__ = ["Passage", "Piece", "Run", "Written"]

_WHITE_OR_NOT = re.compile(r"(?P<white>[\t\n\f\r ]++)|[^\t\n\f\r ]++")

MAX_KEPT_CHARACTERS = 200
"""Of what is kept in a sentence and is longer, a model is not told."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a mark is written: `start` to `inner_start` before, `inner_end` to `end` behind.

    Of a mark to keep, and of one without an inside, all is written before.
    """

    start: int
    inner_start: int
    inner_end: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start` to `end` of the input, which one block stands for.

    Attributes:
        marks: how each mark of the block is written.
        parents: for each mark the one around it.
        quote: of the value of an attribute, where it has one; None where this is no value.
    """

    start: int
    end: int
    block: Block
    marks: tuple[Written, ...] = ()
    parents: tuple[int, ...] = ()
    quote: str | None = None


@dataclass(slots=True, eq=False)
class Piece:
    """A tag, or something else that is no text, at character `at` of a run.

    Attributes:
        partner: of a tag that opens, the one that closes, and the other way round.
        last: of what is kept, where it ends in the run's characters.
    """

    kind: Literal["tag", "close", "keep"]
    start: int
    end: int
    at: int
    partner: "Piece | None" = None
    last: int = 0


@dataclass(slots=True)
class Run:
    """A run that is being read.

    Attributes:
        collapses: several white characters count as one space, as they do in HTML.
        kept: where what is kept began, while it is read.
    """

    collapses: bool
    characters: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    kept: Piece | None = None

    def write(self, said: str, start: int, end: int) -> None:
        """Takes text in: what is read, and where in the input that is written.

        Where the two are of one length, each character has its place; else it is a reference.
        """
        if len(said) != end - start:
            self._add(said, [start] * len(said), [end] * len(said))
        elif not self.collapses:
            self._add(said, range(start, end), range(start + 1, end + 1))
        else:
            for found in _WHITE_OR_NOT.finditer(said):
                first, last = start + found.start(), start + found.end()
                if found["white"] is None:
                    self._add(found[0], range(first, last), range(first + 1, last + 1))
                elif self.characters and self.characters[-1] not in " \n":
                    self._add(" ", [first], [last])
                elif self.pieces and self.pieces[-1].end == first and self.kept is None:
                    self.pieces[-1].end = last  # a tag and the white behind it stay together

    def _add(self, said: str, starts: Iterable[int], ends: Iterable[int]) -> None:
        self.characters.extend(said)
        self.starts.extend(starts)
        self.ends.extend(ends)

    def tag(self, start: int, end: int) -> Piece:
        """Takes a tag in, or anything that has no text."""
        piece = Piece("tag", start, end, len(self.characters))
        self.pieces.append(piece)
        return piece

    def close(self, opened: Piece, start: int, end: int) -> None:
        """Takes the tag in that closes one of this run."""
        piece = Piece("close", start, end, len(self.characters), opened)
        opened.partner = piece
        self.pieces.append(piece)

    def keep(self, start: int, end: int) -> Piece:
        """Begins what comes back as it is: until `kept_until`, or not at all."""
        self.kept = self.tag(start, end)
        return self.kept

    def kept_until(self, end: int, *, told: bool) -> None:
        """Ends what comes back as it is; a model is `told` of its text, where it has any."""
        piece, self.kept = self.kept, None
        assert piece is not None
        size = len(self.characters) - piece.at
        if not told or size > MAX_KEPT_CHARACTERS or "\n" in self.characters[piece.at :]:
            self._cut(piece.at)
        piece.kind, piece.end, piece.last = "keep", end, len(self.characters)

    def line_break(self, start: int, end: int) -> None:
        """Takes something in that ends a line."""
        at = len(self.characters)
        if self.kept is None:
            self.pieces.append(Piece("keep", start, end, at, last=at + 1))
        self._add("\n", [start], [end])

    def _cut(self, size: int) -> None:
        for one in (self.characters, self.starts, self.ends):
            del one[size:]

    def passage(self) -> Passage | None:
        """Ends the run; None where it has no words."""
        if self.kept is not None:  # what was never closed is not kept in a sentence
            self._cut(self.kept.at)
            self.kept = None
        first, last = self._edges()
        if not self._has_words(first, last):
            return None
        inside = self._stretch(first, last)
        start = min([self.starts[first], *(piece.start for piece in inside)])
        end = max([self.ends[last - 1], *(_end(piece) for piece in inside)])
        pieces = [piece for piece in self.pieces if start <= piece.start and piece.end <= end]
        self._fill(pieces, self.starts[first], self.ends[last - 1])
        return self._made(first, last, start, end, pieces)

    def _edges(self) -> tuple[int, int]:
        text = "".join(self.characters)
        return len(text) - len(text.lstrip()), len(text.rstrip())

    def _has_words(self, first: int, last: int) -> bool:
        position = first
        for piece in self.pieces:
            if piece.kind == "keep":
                if any(map(str.isalpha, self.characters[position : max(position, piece.at)])):
                    return True
                position = max(position, piece.last)
        return any(map(str.isalpha, self.characters[position:last]))

    def _stretch(self, first: int, last: int) -> list[Piece]:
        """The pieces that the text cannot do without: around some of it, yet not around all."""
        found = []
        for piece in self.pieces:
            if piece.kind != "close":
                end = piece.partner.at if piece.partner else max(piece.at, piece.last)
                if piece.at < last and end > first and not (piece.at <= first and end >= last):
                    found.append(piece)
        return found

    def _fill(self, pieces: Sequence[Piece], first: int, last: int) -> None:
        """Gives white at the edges of the text that has tags around it to these."""
        behind = first
        for piece in reversed([p for p in pieces if p.end <= first]):
            piece.end, behind = behind, piece.start
        before = last
        for piece in [p for p in pieces if p.start >= last]:
            piece.start, before = before, piece.end

    def _made(
        self, first: int, last: int, start: int, end: int, pieces: Sequence[Piece]
    ) -> Passage:
        marks: list[Mark] = []
        written: list[Written] = []
        parents: list[int] = []
        opened: list[int] = []
        for piece in pieces:
            closing = piece.partner
            if piece.kind == "close":
                opened.pop()
                continue
            until = closing.at if closing else max(piece.at, piece.last)
            begin, stop = (min(max(place, first), last) - first for place in (piece.at, until))
            parents.append(opened[-1] if opened else NO_PARENT)
            if closing is not None:
                opened.append(len(marks))
                written.append(Written(piece.start, piece.end, closing.start, closing.end))
            else:
                written.append(Written(piece.start, piece.end, piece.end, piece.end))
            marks.append(Mark(begin, stop, keep=piece.kind == "keep"))
        text = "".join(self.characters[first:last])
        places = (*self.starts[first:last], self.ends[last - 1])
        block = Block(text, tuple(marks), places)
        return Passage(start, end, block, tuple(written), tuple(parents))


def _end(piece: Piece) -> int:
    return piece.partner.end if piece.partner else piece.end
