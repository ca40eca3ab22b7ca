"""From bytes to text and back: UTF-8, and UTF-16 where a byte order mark says so."""

import codecs
from collections.abc import Sequence
from typing import NamedTuple

from service.errors import UnreadableDocument
from service.markup.blocks import Block, Markup

__all__ = ["Encoded", "Text", "decoded"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Text(NamedTuple):
    """A text, the mark that stood before it, and its encoding."""

    text: str
    mark: bytes
    encoding: str


def decoded(data: bytes) -> Text:
    """Returns what a file says, without its byte order mark.

    Raises:
        UnreadableDocument: it is not in one of the encodings, and since which byte.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    try:
        return Text(data[len(mark) :].decode(encoding), mark, encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        place = len(mark) + error.start
        byte = f"byte {place}" + (f" (0x{data[place]:02x})" if place < len(data) else "")
        raise UnreadableDocument(
            f"is not valid {name} at {byte}; text files are read as UTF-8, or as UTF-16 with a "
            "byte order mark"
        ) from None


class Encoded:
    """A markup of text that comes back in the encoding in which the file was."""

    def __init__(self, inner: Markup, mark: bytes, encoding: str) -> None:
        self._inner, self._mark, self._encoding = inner, mark, encoding

    @property
    def blocks(self) -> Sequence[Block]:
        """Those of the text; places count from behind the byte order mark."""
        return self._inner.blocks

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the file with other blocks in it."""
        rebuilt = self._inner.rebuilt(blocks)
        if self._encoding != "utf-8":
            rebuilt = rebuilt.decode().encode(self._encoding)
        return self._mark + rebuilt
