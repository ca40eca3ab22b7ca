"""Plain text: paragraphs, and lines that stay lines.

A line ends where Python says so. How lines are read inside a paragraph, each for itself or as one,
is up to whoever translates it.
"""

from collections.abc import Iterator, Sequence

from service.markup.blocks import Block

__all__ = ["PlainMarkup"]

_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` splits at."""


class PlainMarkup:
    """A text whose paragraphs are what empty lines separate. Takes every `str`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = list(_paragraphs(text))
        self._blocks = [
            Block(text[start:end], places=tuple(range(start, end + 1)))
            for start, end in self._spans
        ]

    @property
    def blocks(self) -> Sequence[Block]:
        """The paragraphs, without the end of their last line."""
        return self._blocks

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the text with other paragraphs in it.

        Raises:
            ValueError: there are not as many as paragraphs.
        """
        parts: list[str] = []
        position = 0
        for (start, end), block in zip(self._spans, blocks, strict=True):
            parts += (self._text[position:start], block.text)
            position = end
        parts.append(self._text[position:])
        return "".join(parts).encode("utf-8", "surrogatepass")


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each begins and ends."""
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
