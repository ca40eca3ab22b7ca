"""Makes .docx files for tests: with everything in them, or with one paragraph of raw XML."""

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

NAMESPACES = (
    nsdecls("w", "r", "wp", "a", "pic")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    + ' xmlns:v="urn:schemas-microsoft-com:vml"'
    + ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    + ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)
"""One red dot."""


def paragraph(inside: str) -> Any:
    """A paragraph of raw XML, where `w:` and the other usual prefixes mean what they do."""
    return parse_xml(f"<w:p {NAMESPACES}>{inside}</w:p>")


def run(text: str, look: str = "") -> str:
    """A run of raw XML."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def saved(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def of_paragraphs(*inside: str) -> bytes:
    """A file whose body is these paragraphs."""
    document = Document()
    for one in inside:
        document.element.body.insert(-1, paragraph(one))
    return saved(document)


def opened(data: bytes) -> Any:
    return Document(io.BytesIO(data))


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


UNDERLINED = '<w:u w:val="single"/>'


def with_everything() -> bytes:
    """A file with headings, looks, a link, a list, tables, a picture, notes, boxes and fields."""
    document = Document()
    document.core_properties.language = "en-GB"
    document.core_properties.title = "The report"
    document.add_heading("The energy report", 1)
    text = document.add_paragraph("The minister of ")
    text.add_run("energy").bold = True
    text.add_run(" opened a ")
    text.add_run("new").italic = True
    text.add_run(" factory in Beijing.")
    document.add_paragraph("A point of a list.", style="List Bullet")
    document.add_picture(io.BytesIO(PICTURE))
    table = document.add_table(2, 2)
    table.style = "Table Grid"
    for row, words in enumerate((("Country", "Price"), ("Greece", "A high price."))):
        for column, word in enumerate(words):
            table.cell(row, column).text = word
    inner = table.cell(1, 0).add_table(1, 1)
    inner.cell(0, 0).text = "A table in a table."
    section = document.sections[0]
    section.header.paragraphs[0].text = "A header line."
    section.footer.paragraphs[0].text = "A footer line."
    body = document.element.body
    relation = document.part.relate_to(
        "https://example.org/",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
        is_external=True,
    )
    for inside in (
        run("See ")
        + f'<w:hyperlink r:id="{relation}">{run("the long report", UNDERLINED)}</w:hyperlink>'
        + run(" for more."),
        run("Left of the tab.") + "<w:r><w:tab/></w:r>" + run("Right of the tab."),
        run("Above the break.") + "<w:r><w:br/></w:r>" + run("Below the break."),
        BOX,
        run("On page ")
        + field(" PAGE ", run("7"))
        + run(" there is ")
        + field(' HYPERLINK "https://example.org/" ', run("another link"))
        + run(" to read."),
        '<w:ins w:id="90" w:author="A">'
        + run("This was added.")
        + '</w:ins><w:del w:id="91" w:author="A"><w:r>'
        + "<w:delText>This was deleted.</w:delText></w:r></w:del>",
        '<w:bookmarkStart w:id="1" w:name="here"/>'
        + run("A place")
        + '<w:bookmarkEnd w:id="1"/>'
        + run(" with a name and a note")
        + '<w:r><w:footnoteReference w:id="2"/></w:r>'
        + run("."),
    ):
        body.insert(-1, paragraph(inside))
    return with_footnotes(saved(document), "The words of a note.")


def field(code: str, result: str) -> str:
    """A field of runs."""
    begin, middle, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    )
    return (
        f'{begin}<w:r><w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
        f"{middle}{result}{end}"
    )


_IN_BOX = f"<w:p>{run('The words of a box.')}</w:p>"
BOX = (
    "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline>"
    "<wp:extent cx='2000000' cy='500000'/><wp:docPr id='7' name='Box'/>"
    "<a:graphic><a:graphicData uri='http://schemas.microsoft.com/office/word/2010/"
    "wordprocessingShape'><wps:wsp><wps:cNvSpPr txBox='1'/><wps:spPr/><wps:txbx>"
    f"<w:txbxContent>{_IN_BOX}</w:txbxContent></wps:txbx><wps:bodyPr/></wps:wsp>"
    "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    "</mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>"
    f"{_IN_BOX}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


def with_footnotes(data: bytes, words: str) -> bytes:
    """Adds a part of footnotes, which `python-docx` cannot make; the note has the number 2."""
    parts = unpacked(data)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    types = parts["[Content_Types].xml"].decode()
    override = f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'
    parts["[Content_Types].xml"] = types.replace("</Types>", override).encode()
    relations = parts["word/_rels/document.xml.rels"].decode()
    link = (
        '<Relationship Id="rId900" Target="footnotes.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/footnotes"/></Relationships>'
    )
    parts["word/_rels/document.xml.rels"] = relations.replace("</Relationships>", link).encode()
    separators = "".join(
        f'<w:footnote w:type="{kind}" w:id="{number}">'
        f"<w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>"
        for number, kind in enumerate(("separator", "continuationSeparator"))
    )
    note = (
        '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>'
        f"{run(' ' + words)}</w:p></w:footnote>"
    )
    parts["word/footnotes.xml"] = (
        f"<w:footnotes {NAMESPACES}>{separators}{note}</w:footnotes>".encode()
    )
    return packed(parts)


def words(data: bytes) -> list[str]:
    """What `python-docx` reads in the body, paragraph by paragraph, tables behind."""
    document = opened(data)
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    return [p.text for p in document.paragraphs] + cells


def without_words(xml: bytes) -> bytes:
    """XML without what stands in its texts."""
    return re.sub(rb">[^<]+<", b"><", xml)
