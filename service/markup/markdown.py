"""Markdown: its paragraphs, headings, cells and descriptions of images, with their inline markup.

CommonMark with tables, footnotes, strikethrough, task lists, alerts, definition lists, formulas and
front matter. Code, HTML, formulas, the targets of links and front matter stay as they are. A
paragraph that changes comes back as one line: a line break that Markdown does not show is a space.

What is written in place of a text is read again; where it would say something else than it should,
it is written once more with more care.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from service.markup.blocks import Block, Mark
from service.markup.markdown_reading import encodable, parser, read
from service.markup.markdown_runs import Context, Passage, Sign
from service.markup.markdown_writing import Care, said, written
from service.markup.weave import NO_PARENT

__all__ = ["MarkdownMarkup"]

_New: TypeAlias = Mapping[int, Block]
"""What is not as it was, by the identity of its passage."""

_AROUND: dict[Context, tuple[str, str]] = {
    "paragraph": ("", ""),
    "item": ("- ", ""),
    "definition": ("1\n: ", ""),
    "heading": ("# ", ""),
    "cell": ("| ", " |\n|-|\n"),
    "image": ("![", "](1)"),
}
"""What makes a text alone what a passage of each context is."""


class MarkdownMarkup:
    """A text in Markdown. Takes every `str`: nothing is an error there."""

    def __init__(self, text: str) -> None:
        self._text = text
        plain = parser()
        self._passages = read(text, plain)
        labels = frozenset(map(_folded, plain.reference_definitions(encodable(text))))
        self._again = parser(
            lambda link: ("1", "") if _folded(link["reference"]) in labels else None
        )

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks; the description of an image comes after the text in which it stands."""
        return [passage.block for passage in self._flat()]

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the text with other blocks in it.

        Raises:
            ValueError: there are not as many blocks or marks as there were.
        """
        new = {
            id(passage): block
            for passage, block in zip(self._flat(), blocks, strict=True)
            if block.text != passage.block.text or block.marks != passage.block.marks
        }
        rebuilt = self._spliced(0, len(self._text), self._passages, new)
        return rebuilt.encode("utf-8", "surrogatepass")

    def _flat(self) -> Iterator[Passage]:
        for passage in self._passages:
            yield passage
            yield from passage.inner

    def _spliced(self, start: int, end: int, inside: Sequence[Passage], new: _New) -> str:
        """What stands between two places, with what is new in it."""
        parts, position = [], start
        first, behind = (bisect_left(inside, place, key=_start) for place in (start, end))
        for passage in inside[first:behind]:
            parts.append(self._text[position : passage.start])
            if id(passage) in new:
                parts.append(self._rewritten(passage, new))
            else:
                parts.append(self._spliced(passage.start, passage.end, passage.inner, new))
            position = passage.end
        return "".join([*parts, self._text[position:end]])

    def _rewritten(self, passage: Passage, new: _New) -> str:
        block = new[id(passage)]
        rewritten = written(
            passage,
            *self._readable(passage, block),
            lambda start, end: self._spliced(start, end, passage.inner, new),
            passage.breaks,
        )
        return rewritten if passage.label is None else f"{rewritten}][{passage.label}]"

    def _readable(self, passage: Passage, block: Block) -> tuple[Block, Care]:
        """Returns the block and how to write it so that it is read as what it is.

        What cannot be where it is, like a comment at the beginning of a line, is put at the end.
        """
        at_end = replace(block, marks=tuple(_points_at_end(block, passage.signs)))
        ways: list[tuple[Block, Care]] = [(block, "plain"), (block, "full"), (at_end, "full")]
        return next((way for way in ways if self._is_read(passage, *way)), ways[-1])

    def _is_read(self, passage: Passage, block: Block, care: Care) -> bool:
        breaks = [one if one.startswith("<") else "\\\n" for one in passage.breaks]
        text = written(passage, block, care, lambda start, end: self._text[start:end], breaks)
        begin, end = passage.around
        before, behind = _AROUND[passage.context]
        notes = [
            f"\n\n{self._text[sign.start : sign.end]}: 1"
            for sign in passage.signs
            if sign.kind == "atom" and self._text.startswith("[^", sign.start)
        ]
        line = [self._text[begin : passage.start], text, self._text[passage.end : end]]
        found = read("".join([before, *line, behind, *notes]), self._again)
        if passage.context != "image":
            found = [one for one in found if one.context != "image"]
        if len(found) != 1:
            return False
        return said(found[0].block, found[0].signs) == said(block, passage.signs)


def _points_at_end(block: Block, signs: Sequence[Sign]) -> Iterator[Mark]:
    """The marks; those around nothing at the end of what they are in."""
    found: list[Mark] = []
    for mark, sign in zip(block.marks, signs, strict=True):
        if mark.start == mark.end:
            end = len(block.text) if sign.parent == NO_PARENT else found[sign.parent].end
            mark = replace(mark, start=end, end=end)
        found.append(mark)
    yield from found


def _start(passage: Passage) -> int:
    return passage.start


def _folded(label: str) -> str:
    """Spells a label as it is compared (CommonMark 0.31, 4.7)."""
    return " ".join(label.split()).casefold()
