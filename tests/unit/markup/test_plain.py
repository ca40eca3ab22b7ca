import codecs
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import InputTooLong, UnreadableDocument
from service.markup.blocks import Block
from service.markup.encoding import decoded
from service.markup.formats import FORMATS, document_of, format_of, markup_of
from service.markup.plain import PlainMarkup

LINES = st.text(alphabet=st.sampled_from("ab \t\r\n\v\x85\u2028\ud800é"), max_size=30)


def texts(text: str) -> list[str]:
    return [block.text for block in PlainMarkup(text).blocks]


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("", []),
        (" \n\t\n", []),
        ("one", ["one"]),
        ("one\ntwo\n", ["one\ntwo"]),
        ("one\r\n\r\ntwo\r\n", ["one", "two"]),
        ("\n\n  one\n \t \n- two\n- three", ["  one", "- two\n- three"]),
    ],
)
def test_a_paragraph_ends_with_an_empty_line(text: str, paragraphs: list[str]) -> None:
    assert texts(text) == paragraphs


@given(LINES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_with_its_own_blocks_a_text_is_what_it_was(text: str) -> None:
    markup = PlainMarkup(text)
    assert markup.rebuilt(markup.blocks) == text.encode("utf-8", "surrogatepass")
    for block in markup.blocks:
        assert text[block.places[0] : block.places[-1]] == block.text


@given(LINES)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_other_words_change_nothing_around_them(text: str) -> None:
    markup = PlainMarkup(text)
    rebuilt = markup.rebuilt([Block("x") for _ in markup.blocks])
    again = PlainMarkup(rebuilt.decode("utf-8", "surrogatepass"))
    assert [block.text for block in again.blocks] == ["x"] * len(markup.blocks)
    outside = text
    for block in reversed(markup.blocks):
        outside = outside[: block.places[0]] + "x" + outside[block.places[-1] :]
    assert rebuilt == outside.encode("utf-8", "surrogatepass")


SET = """\
The minister of energy said on Monday that the new factory would open
next week, and that the workers had been waiting for it for two years
already.

  Indented lines are set as well, and the next one begins as far from the
  edge as the first one.

- An item of a list that is long enough to be set in more than one line and
- another one.

Name: Ani
Age: 40
"""


def test_lines_that_are_set_are_joined_and_set_again() -> None:
    first, second, items, lines = PlainMarkup(SET).blocks
    assert first.text.startswith("The minister of energy said on Monday that the new factory")
    assert "\n" not in first.text + second.text
    assert items.text.count("\n") == lines.text.count("\n") == 1
    for block in (first, second):
        assert len(block.places) == len(block.text) + 1
        for character, place in zip(block.text, block.places, strict=False):
            assert SET[place] == character or (character == " " and SET[place] in "\n ")
    new = [Block(block.text.upper()) for block in (first, second, items, lines)]
    assert PlainMarkup(SET).rebuilt(new).decode() == SET.upper()
    longer = Block("Նախարարը երկուշաբթի օրն ասաց, որ նոր գործարանը կբացվի հաջորդ շաբաթ, և որ "
                   "աշխատողներն արդեն երկու տարի է՝ սպասում են դրան։")  # fmt: skip
    out = PlainMarkup(SET.replace("\n", "\r\n")).rebuilt([longer, *new[1:]]).decode()
    head = out.partition("\r\n\r\n")[0].split("\r\n")
    assert len(head) == 2
    assert " ".join(head) == longer.text


@pytest.mark.parametrize(
    "text",
    [
        "Roses are red,\nviolets are blue,\n" + "x" * 60,
        "A first line that is about sixty characters long, as it is.\nShort.\nAnother.",
        "word " * 40 + "\n" + "word " * 40,
        "Dear all,\n\nA line of the letter that is long enough to be seen as one.\nBye",
    ],
)
def test_other_lines_stay_lines(text: str) -> None:
    assert "\n".join(texts(text)).count("\n") == text.replace("\n\n", "\n").count("\n")


def test_another_number_of_blocks_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        PlainMarkup("a").rebuilt([])


def test_a_million_spaces_are_read_in_time() -> None:
    began = time.process_time()
    assert texts(" " * 1_000_000 + "\n" + "\t\n" * 200_000) == []
    assert time.process_time() - began < 5


# --- Encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "Ա b\r\n\r\nc".encode(),
        codecs.BOM_UTF8 + "Ա b\n".encode(),
        codecs.BOM_UTF16_LE + "Ա b\n😀".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "Ա b\n😀".encode("utf-16-be"),
    ],
)
def test_a_file_comes_back_in_its_own_encoding(data: bytes) -> None:
    document = document_of(data, "text", max_characters=100)
    assert document.written(document.markup.blocks) == data
    first, *rest = document.markup.blocks
    assert first.text.startswith("Ա b")
    changed = document.written([Block("Նոր"), *rest])
    mark, encoding = decoded(data).mark, decoded(data).encoding
    assert changed.startswith(mark + "Նոր".encode(encoding))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"abc\xe9", r"is not valid UTF-8 at byte 3 \(0xe9\)"),
        (codecs.BOM_UTF8 + b"a\xff", r"is not valid UTF-8 at byte 4 \(0xff\)"),
        (codecs.BOM_UTF16_LE + b"a", "is not valid UTF-16 at byte 2"),
        (codecs.BOM_UTF16_BE + b"\xd8\x00\x00a", "is not valid UTF-16 at byte 2"),
        ("Привет".encode("cp1251"), r"is not valid UTF-8 at byte 0 \(0xcf\)"),
    ],
)
def test_another_encoding_is_named_with_the_byte(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said) as refused:
        document_of(data, "text", max_characters=100)
    assert refused.value.field == "file"


def test_a_file_of_text_that_is_far_too_long_is_not_taken_apart() -> None:
    with pytest.raises(InputTooLong) as refused:
        document_of(b"a" * 101, "text", max_characters=100)
    assert (refused.value.field, refused.value.limit, refused.value.actual) == ("file", 100, 101)
    with pytest.raises(InputTooLong) as refused:
        document_of(b"<p>" * 500, "html", max_characters=100)
    assert (refused.value.limit, refused.value.actual) == (1000, 1500)


# --- The table --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.txt", "text"),
        ("A.HTM", "html"),
        ("a.b.html", "html"),
        ("README.md", "markdown"),
        ("x.markdown", "markdown"),
        ("x.SRT", "srt"),
        ("report.docx", "docx"),
        ("report.doc", None),
        ("txt", None),
        ("", None),
    ],
)
def test_a_format_is_known_by_the_ending_of_a_name(name: str, found: str | None) -> None:
    known = format_of(name)
    assert (known and known.name) == found


def test_every_format_is_read_and_no_two_share_an_ending() -> None:
    endings = [ending for one in FORMATS.values() for ending in one.endings]
    assert len(set(endings)) == len(endings)
    cue = "1\n00:00:01,000 --> 00:00:02,000\nThe words.\n"
    for name in ("text", "html", "markdown", "srt"):
        [block, *_] = markup_of(cue, name).blocks
        assert "The words." in block.text
