"""Makes a Word file of a text."""

import io
from collections.abc import Sequence

from docx import Document
from docx.oxml.ns import qn

from service.markup.docx_writing import TAGS, sane

__all__ = ["made"]


def made(title: str, paragraphs: Sequence[str], language: str) -> bytes:
    """Returns a file with a title, where there is one, and paragraphs.

    Args:
        paragraphs: a line break in one stays a line break.
        language: ISO 639 code, for proofing; "": none is named.
    """
    document = Document()
    properties = document.core_properties
    properties.author, properties.comments = "", ""
    properties.title = sane(title)[:255]
    if language:
        tag = sane(TAGS.get(language, language))
        properties.language = tag
        for element in document.styles.element.iter(qn("w:lang")):
            element.set(qn("w:val"), tag)
    if title:
        document.add_heading(sane(title), 0)
    for text in paragraphs:
        document.add_paragraph(sane(text))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()
