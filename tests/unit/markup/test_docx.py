import io
import time
from dataclasses import replace
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from service.markup.blocks import Block, Mark
from service.markup.docx import DocxMarkup
from tests.unit.markup.docx_files import (
    field,
    of_paragraphs,
    opened,
    run,
    saved,
    unpacked,
    with_everything,
    words,
)

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BOLD = "<w:b/>"
ITALIC = "<w:i/>"


def blocks(*inside: str) -> list[Block]:
    return list(DocxMarkup(of_paragraphs(*inside)).blocks)


def rebuilt(inside: str, *new: Block, language: str = "") -> Any:
    """The paragraph, as `python-docx` sees it, with other blocks in it."""
    return opened(DocxMarkup(of_paragraphs(inside), language).rebuilt(new)).paragraphs[0]


def looks(paragraph: Any) -> list[tuple[str, bool, bool]]:
    return [(one.text, bool(one.bold), bool(one.italic)) for one in paragraph.runs]


def simple_field(code: str, result: str) -> str:
    return f'<w:fldSimple w:instr="{code}">{result}</w:fldSimple>'


def uppercase(data: bytes, language: str = "hy") -> bytes:
    markup = DocxMarkup(data, language)
    return markup.rebuilt([replace(block, text=block.text.upper()) for block in markup.blocks])


# --- What is found ----------------------------------------------------------------------------


def test_words_are_found_wherever_they_are_each_once() -> None:
    assert [block.text.strip() for block in DocxMarkup(with_everything()).blocks] == [
        "The energy report",
        "The minister of energy opened a new factory in Beijing.",
        "A point of a list.",
        "Country",
        "Price",
        "Greece",
        "A table in a table.",
        "A high price.",
        "See the long report for more.",
        "Left of the tab.",
        "Right of the tab.",
        "Above the break.",
        "Below the break.",
        "The words of a box.",
        "On page 7 there is another link to read.",
        "This was added.",
        "A place with a name and a note.",
        "The words of a note.",
        "A header line.",
        "A footer line.",
    ]


def test_runs_that_look_alike_are_one_text_without_marks() -> None:
    split = run("The min", '<w:lang w:val="en-US"/>') + "<w:proofErr w:type='spellStart'/>"
    [block] = blocks(split + run("ister ", "<w:noProof/>") + run("opened it."))
    assert block == Block("The minister opened it.")


def test_what_looks_different_is_marked_and_what_looks_alike_is_not() -> None:
    [block] = blocks(run("A ") + run("bold", BOLD) + run(" move", BOLD) + run(" by the minister."))
    assert block == Block("A bold move by the minister.", (Mark(2, 11),))


def test_where_most_is_bold_the_rest_is_marked() -> None:
    [block] = blocks(run("Almost all of it is bold ", BOLD) + run("but this"))
    assert block == Block("Almost all of it is bold but this", (Mark(25, 33),))


@pytest.mark.parametrize(
    ("inside", "text", "kept"),
    [
        (run("On page ") + field(" PAGE ", run("7")) + run(" there."), "On page 7 there.", "7"),
        (
            run("See ") + simple_field(" REF x ", run("Table 1")) + run(" now"),
            "See Table 1 now",
            "Table 1",
        ),
        (run("Call ") + run("f(x)", '<w:rStyle w:val="HTMLCode"/>') + run(" now"), "Call f(x) now",
         "f(x)"),
        (run("By ") + simple_field(" AUTHOR ", run("A.")) + run(" now"), "By A. now", "A."),
        (run("Be ") + run("J", '<w:rFonts w:ascii="Wingdings"/>') + run(" now"), "Be J now", "J"),
    ],
)  # fmt: skip
def test_what_is_no_language_is_kept(inside: str, text: str, kept: str) -> None:
    [block] = blocks(inside)
    assert block.text == text
    [mark] = [mark for mark in block.marks if mark.keep]
    assert text[mark.start : mark.end] == kept
    words_around = f"Ա {kept} բ"
    paragraph = rebuilt(inside, Block(words_around, (Mark(2, 2 + len(kept), keep=True),)))
    assert "".join(paragraph._p.xpath(".//w:t/text()")) == words_around
    old = of_paragraphs(inside)
    for name in ("instrText", "rFonts", "rStyle", "fldSimple"):
        count = len(list(opened(old).paragraphs[0]._p.iter(W + name)))
        assert len(list(paragraph._p.iter(W + name))) == count


@pytest.mark.parametrize(
    "inside",
    [
        '<w:pPr><w:pStyle w:val="SourceCode"/></w:pPr>' + run("x = 1"),
        field(" BIBLIOGRAPHY ", run("Author, Title.")),
        '<w:del w:id="1" w:author="A"><w:r><w:delText>gone</w:delText></w:r></w:del>',
        run("123 – 456"),
        "",
    ],
)
def test_what_holds_no_language_is_no_block(inside: str) -> None:
    assert blocks(inside) == []


def test_a_table_of_contents_over_paragraphs_is_language_and_its_page_numbers_are_not() -> None:
    begin, middle = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
        ('<w:r><w:fldChar w:fldCharType="separate"/></w:r>'),
    )
    entry = run("The first chapter") + "<w:r><w:tab/></w:r>" + field(" PAGEREF _1 ", run("5"))
    contents = begin + '<w:r><w:instrText> TOC \\o "1-3" </w:instrText></w:r>' + middle + entry
    found = blocks(contents, entry + '<w:r><w:fldChar w:fldCharType="end"/></w:r>', run("Text."))
    assert [one.text for one in found] == ["The first chapter", "The first chapter", "Text."]


def test_a_field_that_never_ends_hides_nothing() -> None:
    assert [b.text for b in blocks('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + run("Words"),
                                   run("More."))] == ["Words", "More."]  # fmt: skip


# --- What comes back --------------------------------------------------------------------------


def test_with_its_own_blocks_a_file_is_what_it_was() -> None:
    data = with_everything()
    markup = DocxMarkup(data, "hy")
    assert markup.rebuilt(markup.blocks) == data


def test_paragraph_by_paragraph_only_words_change() -> None:
    data = with_everything()
    out = uppercase(data)
    assert words(out) == [text.upper() for text in words(data)]
    for old, new in zip(opened(data).paragraphs, opened(out).paragraphs, strict=True):
        assert old.style.name == new.style.name
        assert old.alignment == new.alignment
    old_parts, new_parts = unpacked(data), unpacked(out)
    assert list(old_parts) == list(new_parts)
    changed = {name for name, part in new_parts.items() if part != old_parts[name]}
    assert changed == {
        *("word/document.xml", "word/footnotes.xml", "word/header1.xml", "word/footer1.xml"),
        "docProps/core.xml",
    }


@pytest.mark.parametrize(
    "name",
    ["drawing", "tbl", "sectPr", "hyperlink", "footnoteReference", "bookmarkStart", "bookmarkEnd",
     "delText", "ins", "del", "tab", "br", "instrText", "fldChar", "pStyle", "txbxContent"],
)  # fmt: skip
def test_nothing_but_text_is_lost_or_doubled(name: str) -> None:
    data = with_everything()
    old, new = (
        etree.fromstring(unpacked(one)["word/document.xml"]) for one in (data, uppercase(data))
    )
    assert len(list(old.iter(W + name))) == len(list(new.iter(W + name))) > 0


def test_looks_and_links_go_with_their_words() -> None:
    inside = (
        run("The ") + run("bold", BOLD) + run(" and the ") + run("slanted", ITALIC) + run(" one")
    )
    [block] = blocks(inside)
    assert [block.text[m.start : m.end] for m in block.marks] == ["bold", "slanted"]
    new = Block("Շեղ և թավ բառեր", (Mark(6, 9), Mark(0, 3)))
    assert looks(rebuilt(inside, new)) == [
        ("Շեղ", False, True),
        (" և ", False, False),
        ("թավ", True, False),
        (" բառեր", False, False),
    ]


def test_a_link_moves_as_a_whole_with_the_looks_in_it() -> None:
    link = f'<w:hyperlink w:anchor="x">{run("the ", ITALIC)}{run("report", BOLD)}</w:hyperlink>'
    inside = run("See ") + link + run(".")
    [block] = blocks(inside)
    assert block.text == "See the report."
    paragraph = rebuilt(inside, Block("Zprávu viz.", (Mark(0, 6), Mark(0, 6))))
    [moved] = paragraph.hyperlinks
    assert (moved.text, moved.fragment) == ("Zprávu", "x")
    assert paragraph.text == "Zprávu viz."


def test_words_around_a_note_stay_around_it() -> None:
    inside = run("A note") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + run(" here.")
    [block] = blocks(inside)
    assert block == Block("A note here.", (Mark(6, 6),))
    paragraph = rebuilt(inside, Block("Այստեղ նշում։", (Mark(12, 12),)))
    kinds = [child.tag for one in paragraph.runs for child in one._r]
    assert kinds == [W + "t", W + "footnoteReference", W + "t"]
    assert [one.text for one in paragraph.runs] == ["Այստեղ նշում", "", "։"]


def test_a_range_never_ends_before_it_begins() -> None:
    inside = (
        run("A ")
        + '<w:bookmarkStart w:id="1" w:name="x"/>'
        + run("place")
        + '<w:bookmarkEnd w:id="1"/>'
        + run(" here.")
    )
    paragraph = rebuilt(inside, Block("Here a place.", (Mark(12, 12), Mark(5, 5))))
    names = [etree.QName(child).localname for child in paragraph._p]
    assert names == ["r", "bookmarkStart", "r", "bookmarkEnd", "r"]


def test_a_link_made_of_a_field_is_around_its_words() -> None:
    inside = run("See ") + field(' HYPERLINK "https://x.org" ', run("this")) + run(" now.")
    [block] = blocks(inside)
    assert block == Block("See this now.", (Mark(4, 8),))
    paragraph = rebuilt(inside, Block("Այս է։", (Mark(0, 3),)))
    kinds = [
        child.get(W + "fldCharType") or child.text for one in paragraph.runs for child in one._r
    ]
    assert kinds == ["begin", ' HYPERLINK "https://x.org" ', "separate", "Այս", "end", " է։"]


@pytest.mark.parametrize(("language", "tag"), [("hy", "hy-AM"), ("ru", "ru-RU"), ("ka", "ka")])
def test_new_words_are_proofed_in_their_language(language: str, tag: str) -> None:
    look = '<w:b/><w:lang w:val="en-US" w:eastAsia="ja-JP"/>'
    paragraph = rebuilt(run("Words", look), Block("Նոր"), language=language)
    [one] = paragraph.runs
    assert one.bold
    [lang] = one._r.iter(W + "lang")
    assert (lang.get(W + "val"), lang.get(W + "eastAsia")) == (tag, "ja-JP")


def test_the_language_of_the_document_is_named_where_it_was() -> None:
    out = uppercase(with_everything(), "ru")
    assert opened(out).core_properties.language == "ru-RU"
    assert opened(out).core_properties.title == "The report"


def test_characters_that_xml_cannot_hold_are_seen_to_be_missing() -> None:
    assert rebuilt(run("Words"), Block("a\0b\x1b\ud800c")).text == "a\ufffdb\ufffd\ufffdc"


def test_a_box_that_is_there_twice_says_the_same_twice() -> None:
    xml = etree.fromstring(unpacked(uppercase(with_everything()))["word/document.xml"])
    boxes = ["".join(one.itertext()) for one in xml.iter(W + "txbxContent")]
    assert boxes == ["THE WORDS OF A BOX."] * 2


def test_strict_files_are_read_too() -> None:
    from tests.unit.markup.docx_files import packed

    parts = unpacked(of_paragraphs(run("Words")))
    strict = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
    name = "word/document.xml"
    parts[name] = parts[name].replace(W[1:-1].encode(), strict)
    markup = DocxMarkup(packed(parts), "hy")
    [block] = markup.blocks
    assert block.text == "Words"
    out = unpacked(markup.rebuilt([Block("Նոր")]))[name]
    assert W[1:-1].encode() not in out
    assert "Նոր".encode() in out


def test_another_number_of_blocks_or_marks_is_an_error() -> None:
    markup = DocxMarkup(of_paragraphs(run("A ") + run("b", BOLD)))
    with pytest.raises(ValueError, match="0 blocks"):
        markup.rebuilt([])
    with pytest.raises(ValueError, match="0 marks"):
        markup.rebuilt([Block("c")])


PARTS = st.sampled_from(
    [
        *(run(text, look) for text in ("a ", "Bc", "-") for look in ("", BOLD, ITALIC)),
        "<w:r><w:tab/></w:r>",
        '<w:bookmarkStart w:id="1" w:name="x"/>',
        '<w:bookmarkEnd w:id="1"/>',
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        field(" PAGE ", run("7")),
        field(" HYPERLINK x ", run("link")),
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
        f'<w:hyperlink w:anchor="x">{run("in ")}{run("link", BOLD)}</w:hyperlink>',
        f'<w:ins w:id="3" w:author="A">{run("new")}</w:ins>',
        f"<w:sdt><w:sdtPr/><w:sdtContent>{run('control')}</w:sdtContent></w:sdt>",
        "<w:r><w:t>x</w:t><w:br/><w:t>y</w:t></w:r>",
    ]
)


@given(st.lists(PARTS, max_size=8))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_paragraph_comes_back_with_other_words_and_all_else(parts: list[str]) -> None:
    data = of_paragraphs("".join(parts))
    markup = DocxMarkup(data)
    assert markup.rebuilt(markup.blocks) == data
    new = [replace(block, text=block.text.upper()) for block in markup.blocks]
    out = markup.rebuilt(new)
    for block in markup.blocks:
        assert all(0 <= m.start <= m.end <= len(block.text) for m in block.marks)
    old, changed = (opened(one).paragraphs[0]._p for one in (data, out))
    for name in ("tab", "br", "bookmarkStart", "bookmarkEnd", "footnoteReference", "fldChar"):
        assert len(list(old.iter(W + name))) == len(list(changed.iter(W + name)))
    texts = ["".join(one.itertext(W + "t")) for one in (old, changed)]
    assert texts[0].upper() == texts[1].upper()


def test_a_long_document_takes_seconds_at_most() -> None:
    document = Document()
    for number in range(100):
        text = document.add_paragraph()
        for word in range(30):
            text.add_run(f"word{word} ").bold = (word + number) % 3 == 0
    data = saved(document)
    began = time.process_time()
    uppercase(data)
    assert time.process_time() - began < 20


def test_a_made_file_says_what_was_asked() -> None:
    from service.markup.docx_making import made

    document = Document(io.BytesIO(made("Title", ["One\nline", "Two\0"], "hy")))
    assert [p.text for p in document.paragraphs] == ["Title", "One\nline", "Two\ufffd"]
    properties = document.core_properties
    assert (properties.title, properties.language, properties.author) == ("Title", "hy-AM", "")
    assert made("\x01", ["\uffff"], "a\x15\n").startswith(b"PK"), "whatever is said"
