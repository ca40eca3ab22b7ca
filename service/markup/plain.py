"""Plain text: paragraphs, between empty lines.

Lines stay lines, unless a text is set in lines of one width, as mails and old books are. There a
sentence goes on in the next line; what becomes of it is set in lines of that width again. A line
ends where Python says so.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.markup.blocks import Block

__all__ = ["PlainMarkup"]

MIN_WIDTH, MAX_WIDTH = 50, 100
"""Of lines that are set: mails have 65 to 78 characters (RFC 5322, 2.1.1), books up to 100."""

NEARLY = 0.8
"""The longest line of a paragraph that is set has at least so much of the longest of all."""

_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` splits at."""

_SENTENCE_END = re.compile(r"[.!?:;…։][\"”’»)]*$")
_ITEM = re.compile(r"\s*(?:[-–—*+•>#|]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)])\s")
"""A line that begins so begins something."""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Characters `start` to `end` of a text.

    Attributes:
        width: of its lines, if they are set; else 0.
        between: what ends a line that is set and begins the next one.
    """

    start: int
    end: int
    block: Block
    width: int = 0
    between: str = ""


class PlainMarkup:
    """A text whose paragraphs are what empty lines separate. Takes every `str`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._width = max((len(line.rstrip()) for line in text.splitlines()), default=0)
        self._paragraphs = [self._paragraph(start, end) for start, end in _spans(text)]

    @property
    def blocks(self) -> Sequence[Block]:
        """The paragraphs, without the end of their last line; lines that are set are joined."""
        return [paragraph.block for paragraph in self._paragraphs]

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the text with other paragraphs in it.

        Raises:
            ValueError: there are not as many as paragraphs.
        """
        parts: list[str] = []
        position = 0
        for old, new in zip(self._paragraphs, blocks, strict=True):
            parts += (self._text[position : old.start], self._set(old, new))
            position = old.end
        parts.append(self._text[position:])
        return "".join(parts).encode("utf-8", "surrogatepass")

    def _paragraph(self, start: int, end: int) -> _Paragraph:
        said = self._text[start:end]
        lines = said.splitlines(keepends=True)
        width = max(len(line.rstrip()) for line in lines)
        if not self._is_set(lines, width):
            return _Paragraph(start, end, Block(said, places=tuple(range(start, end + 1))))
        text, places = "", list[int]()
        place = start
        for line in lines:
            words = line.strip() if text else line.rstrip()
            begin = place + line.index(words)
            if text:
                text += " "
                places.append(begin - 1)
            text += words
            places += range(begin, begin + len(words))
            place += len(line)
        first, second = lines[:2]
        between = first[len(first.rstrip(_ENDS)) :] + second[: len(second) - len(second.lstrip())]
        return _Paragraph(start, end, Block(text, places=(*places, end)), width, between)

    def _is_set(self, lines: Sequence[str], width: int) -> bool:
        """Whether no line ends earlier than the next word makes it, and some amid a sentence."""
        if len(lines) < 2 or not MIN_WIDTH <= self._width <= MAX_WIDTH:
            return False
        ended = [line.rstrip() for line in lines[:-1]]
        return (
            width >= self._width * NEARLY
            and not any(map(_ITEM.match, lines[1:]))
            and not all(map(_SENTENCE_END.search, ended))
            and all(
                len(line) + 1 + len(after.split(maxsplit=1)[0]) > width
                for line, after in zip(ended, lines[1:], strict=True)
            )
        )

    def _set(self, old: _Paragraph, new: Block) -> str:
        if not old.width:
            return new.text
        if new.text == old.block.text:
            return self._text[old.start : old.end]
        indent = old.between.lstrip(_ENDS)
        lines = textwrap.wrap(
            new.text,
            old.width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return old.between.removesuffix(indent).join(lines)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each paragraph begins and ends."""
    position, start, end = 0, -1, -1
    for line in text.splitlines(keepends=True):
        if line.strip():
            if start < 0:
                start = position
            end = position + len(line.rstrip(_ENDS))
        elif start >= 0:
            yield start, end
            start = -1
        position += len(line)
    if start >= 0:
        yield start, end
