"""From bytes to text and back: UTF-8, and UTF-16 where a byte order mark says so."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.errors import UnreadableDocument
from service.markup.blocks import Block, Markup

__all__ = ["File", "Text", "decoded"]

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


@dataclass(frozen=True, slots=True)
class File:
    """A file that is taken apart.

    Attributes:
        mark, encoding: of a file of text, how it was written.
    """

    markup: Markup
    mark: bytes = b""
    encoding: str = "utf-8"

    def written(self, blocks: Sequence[Block]) -> bytes:
        """Returns the file with other blocks in it, a text in the encoding in which it was."""
        rebuilt = self.markup.rebuilt(blocks)
        if self.encoding != "utf-8":
            rebuilt = rebuilt.decode().encode(self.encoding)
        return self.mark + rebuilt
