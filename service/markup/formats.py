"""The formats: their names, how their files are called, and who takes them apart.

The libraries that read them are imported when a format is first asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from service.errors import InputTooLong
from service.markup.blocks import Markup
from service.markup.encoding import File, decoded

__all__ = [
    "FORMATS",
    "FileFormat",
    "Format",
    "TextFormat",
    "document_of",
    "format_of",
    "markup_of",
]

TextFormat = Literal["text", "html", "xml", "markdown"]
"""What a text of a request may be: every `str` is one of each of them."""

FileFormat = Literal["text", "html", "markdown", "srt", "docx"]
"""What a file may be."""

MARKUP_FACTOR = 10
"""A file of text may have so many times the characters that are translated of it: pages of news
sites are markup for nine tenths."""


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a format are called and announced (IANA's media types).

    Attributes:
        endings: in lower case; the first is the usual one.
        shown: whether it can be written to a terminal.
    """

    name: FileFormat
    endings: tuple[str, ...]
    media_type: str
    shown: bool = True


FORMATS: Mapping[FileFormat, Format] = {
    one.name: one
    for one in (
        Format("text", (".txt",), "text/plain"),
        Format("html", (".html", ".htm"), "text/html"),
        Format("markdown", (".md", ".markdown"), "text/markdown"),
        Format("srt", (".srt",), "application/x-subrip"),
        Format(
            "docx",
            (".docx",),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            shown=False,
        ),
    )
}


def format_of(file_name: str) -> Format | None:
    """Returns the format that the ending of a file's name says; None for any other ending."""
    lower = file_name.lower()
    return next((one for one in FORMATS.values() if lower.endswith(one.endings)), None)


def markup_of(
    text: str,
    format: TextFormat | Literal["srt"],  # noqa: A002 - what the field is called
    ignore_tags: Sequence[str] = (),
) -> Markup:
    """Takes a text apart.

    Args:
        ignore_tags: elements of HTML and XML whose insides stay as they are.

    Raises:
        UnreadableDocument: it is no SRT.
    """
    match format:
        case "text":
            from service.markup.plain import PlainMarkup

            return PlainMarkup(text)
        case "markdown":
            from service.markup.markdown import MarkdownMarkup

            return MarkdownMarkup(text)
        case "srt":
            from service.markup.srt import SRTMarkup

            return SRTMarkup(text)
        case "html" | "xml":
            from service.markup.html import HTMLMarkup

            return HTMLMarkup(text, ignore_tags=tuple(ignore_tags), xml=format == "xml")


def document_of(
    data: bytes,
    format: FileFormat,  # noqa: A002 - what the field is called
    *,
    max_characters: int,
    language: str = "",
) -> File:
    """Takes a file apart. May take a second where it is large: not on an event loop.

    Args:
        max_characters: of the text in it that are ever translated; what is far longer is not read.
        language: of what will be put in its place, for formats that note it.

    Raises:
        UnreadableDocument: the bytes are no such file, or one that unpacks to too much.
        InputTooLong: a file of text, with its markup, is too long.
    """
    if format == "docx":
        from service.markup.docx import DocxMarkup

        return File(DocxMarkup(data, language))
    text, mark, encoding = decoded(data)
    limit = max_characters * (1 if format == "text" else MARKUP_FACTOR)
    if len(text) > limit:
        raise InputTooLong("file", limit=limit, actual=len(text))
    return File(markup_of(text, format), mark, encoding)
