from collections.abc import Sequence

import pytest
import sentencex
from hypothesis import example, given, settings
from hypothesis.strategies import sampled_from

from service.text import segment
from service.text.segment import Span, Splitting, sentences, splice, split
from tests.unit.text.strategies import texts

MEGABYTE = 1_000_000


def same(text: str) -> str:
    document = split(text)
    return document.rejoin([s.text for s in document.segments])


@settings(max_examples=500, deadline=None)
@given(texts)
@example("\ud800. \udfff A.\r\n\u2028\x85\0")
def test_splitting_and_rejoining_is_the_identity(text: str) -> None:
    assert same(text) == text


@settings(max_examples=500, deadline=None)
@given(texts)
def test_segments_are_ordered_stripped_spans_within_one_line(text: str) -> None:
    document = split(text)
    position = 0
    for s in document.segments:
        assert position <= s.start < s.end <= len(text)
        assert text[s.start : s.end] == s.text
        assert s.text == s.text.strip()
        assert len((s.text + "x").splitlines()) == 1
        position = s.end


@settings(max_examples=300, deadline=None)
@given(texts)
def test_the_words_of_a_text_are_all_in_its_segments(text: str) -> None:
    text = text.replace("(", "").replace(")", "")  # no lettered list marks
    kept = "".join(s.text for s in split(text).segments)
    assert [c for c in kept if c.isalpha()] == [c for c in text if c.isalpha()]


@settings(max_examples=300, deadline=None)
@given(texts, texts)
def test_paragraphs_hold_every_segment_and_break_at_every_line_end(one: str, two: str) -> None:
    document = split(f"{one}\n{two}")
    groups = document.paragraphs()
    assert tuple(s for group in groups for s in group) == document.segments
    assert all(groups)
    assert len(groups) == sum(bool(split(line).segments) for line in document.text.splitlines())


def test_edge_characters_are_those_python_calls_space_and_the_invisible_ones() -> None:
    assert set(segment._SPACES) == {c for c in map(chr, range(0x110000)) if c.isspace()}
    assert not any(c.isprintable() for c in segment._INVISIBLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Smith met Dr. Jones. They left.", ["Mr. Smith met Dr. Jones.", "They left."]),
        ("The U.S. Senate voted. It was late.", ["The U.S. Senate voted.", "It was late."]),
        ("No. 5 is out. It was Jan. 3. Ok.", ["No. 5 is out.", "It was Jan. 3.", "Ok."]),
        ("Prices rose 3.5 percent. It cost $3.50.", ["Prices rose 3.5 percent.", "It cost $3.50."]),
        ("Wait... he said so. Then…", ["Wait... he said so.", "Then…"]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ("“It is done,” Costa said. He left.", ["“It is done,” Costa said.", "He left."]),
        ('"Why?" she asked. "Now!" he said.', ['"Why?" she asked.', '"Now!" he said.']),
        ("“It is over.” He left.", ["“It is over.”", "He left."]),
        ("“Let us go. Now,” he said. Ok.", ["“Let us go. Now,” he said.", "Ok."]),
        ("He came at 6 a.m. Monday. Then sat.", ["He came at 6 a.m. Monday.", "Then sat."]),
        ("At 5 p.m. EST it ended. Ok.", ["At 5 p.m. EST it ended.", "Ok."]),
        ("At 3 p.m. Jan. 5 it began.", ["At 3 p.m. Jan. 5 it began."]),
        ("It was 6 p.m. He left.", ["It was 6 p.m.", "He left."]),
        ("See vol. 3 of it. Ok.", ["See vol. 3 of it.", "Ok."]),
        ("It cost 5 mln. in all. Ok.", ["It cost 5 mln. in all.", "Ok."]),
        ("A non-U.S. firm won. Ok.", ["A non-U.S. firm won.", "Ok."]),
        ("He said so. ) Then he left.", ["He said so. )", "Then he left."]),
        ("He said so.) and left.", ["He said so.) and left."]),
        ("One sentence.Another one.", ["One sentence.", "Another one."]),
        ("It is at https://a.org/b.html. Go.", ["It is at https://a.org/b.html.", "Go."]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_long_quotation_is_cut_at_its_sentences_and_keeps_its_speaker() -> None:
    text = (
        "“My grandfather planted every walnut tree along this road after the great flood, and "
        "Dr. Petrosyan measured all of them one spring. Nobody asked the village before they cut "
        "the first forty down. It was a shame,” Lusine Hakobyan said in Ijevan."
    )
    assert [s[-24:] for s in sentences(text)] == [
        "ed all of them one spring."[-24:],
        "cut the first forty down."[-24:],
        "se Hakobyan said in Ijevan."[-24:],
    ]


@pytest.mark.parametrize(
    "layout",
    ["- ", "  * ", "• ", "1. ", "12) ", "(3) ", "(a) ", "b) ", "(iv) ", "– ", "— ", "## ", "> > ",
     "- [x] ", "\t", "\ufeff", "\u202b", "> - 1. "],
)  # fmt: skip
def test_indentation_and_list_marks_are_layout(layout: str) -> None:
    (only,) = split(layout + "Bread, milk\t\u2069 \r\n").segments
    assert (only.text, only.start) == ("Bread, milk", len(layout))


@pytest.mark.parametrize(
    "text", ["1.", "---", "-5 degrees", "2019. Ok", "#now we go", "3.5 percent"]
)
def test_what_only_looks_like_a_list_mark_stays(text: str) -> None:
    assert split(text).segments[0].start == 0


@pytest.mark.parametrize(
    "text",
    ["12.5 %", "😀 👩\u200d🚀", "…", "***", "№ 5", "https://a.am/b?c=d", "www.a.am",
     "me@x.am, you@y.org", "@me #now", "(https://a.am)", "a.am/b", "HTTP://A.AM", "mailto:me@x.am",
     "me@x.am 2024-01-02"],
)  # fmt: skip
def test_segments_without_words_pass_through(text: str) -> None:
    assert [s.translatable for s in split(text).segments] == [False]


@pytest.mark.parametrize("text", ["Ok", "See https://a.am now", "5 km", "Mail me@x.am", "Ё", "a.m.",
                                  "@ home", "A # sign"])  # fmt: skip
def test_segments_with_words_are_translatable(text: str) -> None:
    assert [s.translatable for s in split(text).segments] == [True]


@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\n\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
)
def test_every_line_end_ends_a_segment_and_a_paragraph(end: str) -> None:
    document = split(f"One line{end}another line")
    assert [len(group) for group in document.paragraphs()] == [1, 1]
    assert document.rejoin(["1", "2"]) == f"1{end}2"


@pytest.mark.parametrize("text", ["", " ", "\n \r\n", "\ufeff", "\0"])
def test_a_text_of_layout_has_no_segments(text: str) -> None:
    assert split(text).segments == ()
    assert split(text).rejoin([]) == text


@pytest.mark.parametrize("replacements", [[], ["a"], ["a", "b", "c"]])
def test_rejoin_wants_one_replacement_per_segment(replacements: Sequence[str]) -> None:
    with pytest.raises(ValueError, match="zip"):
        split("One. Two.").rejoin(replacements)


def test_splice_keeps_what_lies_outside_the_spans() -> None:
    assert splice("a-bc-d", [Span(0, 1, "a"), Span(2, 4, "bc")], ["", "XYZ"]) == "-XYZ-d"


@pytest.mark.parametrize("language", ["en", "ru", "de", "zz", "", "en-US", "\0"])
def test_any_language_name_is_taken(language: str) -> None:
    assert [s.text for s in split("It is so. We go.", language).segments] == ["It is so.", "We go."]


def test_sentencex_panic_on_wide_space_between_capital_and_full_stop() -> None:
    for space in segment._SPACES:
        for text in (f"J.B C{space}.-d", f"Й{space}.-d. B"):
            assert same(text) == text


@settings(max_examples=300, deadline=None)
@given(texts)
def test_sentencex_gives_back_every_character_of_what_it_is_shown(text: str) -> None:
    for line in text.splitlines():
        shown = segment._shadow(line)
        assert len(shown) == len(line)
        assert "".join(sentencex.segment("en", shown)) == shown


def test_a_long_line_splits_as_its_sentences_do_one_by_one() -> None:
    body = [f"“It is so. We met in town {n},” Mr. Abovyan said, 7 to {n}." for n in range(400)]
    assert sentences(" ".join(body)) == body


def test_a_sentence_almost_as_long_as_the_window_ends_where_it_ends() -> None:
    body = ["So " * 560 + "it goes.", *(f"We met in town {n}." for n in range(40))]
    assert sentences(" ".join(body)) == body


def test_a_sentence_longer_than_the_window_stays_whole() -> None:
    body = "so " * segment._MAX_WINDOW_CHARACTERS + "it goes."
    assert sentences(f"First. {body} Last.") == ["First.", body, "Last."]


HARD = ["a", "a. ", "((((", "“a ", "\"A. ", "A. B", "- ", " ", "“", ").", "\ud800", "a@", "\u200d",
        "http://", "“It is so. We go", "1. "]  # fmt: skip


@pytest.mark.parametrize("unit", HARD)
def test_sentencex_is_shown_at_most_three_times_the_text(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    real = sentencex.segment

    def recording(language: str, text: str) -> list[str]:
        shown.append(len(text))
        parts: list[str] = real(language, text)
        return parts

    monkeypatch.setattr(sentencex, "segment", recording)
    for size in (50_000, 100_000):
        shown.clear()
        split(unit * (size // len(unit)))
        assert sum(shown) <= 3 * size
        assert max(shown, default=0) <= segment._MAX_WINDOW_CHARACTERS


@pytest.mark.parametrize("unit", [*HARD, "\n", "a\r\n"])
def test_a_megabyte_of_anything_comes_back(unit: str) -> None:
    """The tests' time-out is the bound: quadratic work would take minutes."""
    text = unit * (MEGABYTE // 4 // len(unit))
    assert same(text) == text


WRAPPED = "The minister arrived\nin Yerevan. He left\r\non Monday.\n\nNothing else\n  happened. \n"


def test_a_sentence_of_wrapped_lines_ends_with_its_paragraph_at_the_latest() -> None:
    document = split(WRAPPED, splitting="paragraphs")
    assert [s.text for s in document.segments] == [
        "The minister arrived\nin Yerevan.",
        "He left\r\non Monday.",
        "Nothing else\n  happened.",
    ]
    assert document.rejoin(["A.", "B.", "C."]) == "A. B.\n\nC. \n"


def test_a_text_that_is_not_to_be_split_is_one_sentence_without_its_edges() -> None:
    [one] = split(f"\n - {WRAPPED}", splitting="none").segments
    assert one.text == WRAPPED.strip()
    assert split(" \n\t", splitting="none").segments == ()


@settings(max_examples=300, deadline=None)
@given(texts, sampled_from(["paragraphs", "none"]))
@example("\x85\n\u2028A.\n B\r\n", "paragraphs")
def test_however_it_is_split_a_text_is_put_together_again(text: str, splitting: Splitting) -> None:
    document = split(text, splitting=splitting)
    assert document.rejoin([s.text for s in document.segments]) == text
    assert all(text[s.start : s.end] == s.text for s in document.segments)
    assert splitting == "paragraphs" or len(document.segments) <= 1


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Name\tAge\tCity\nAnn Lee\tthirty\tNew York\n",
         ["Name", "Age", "City", "Ann Lee", "thirty", "New York"]),
        ("Revenue        5 million\n", ["Revenue", "5 million"]),
        ("web server   is up \t\xa0 two days", ["web server", "is up", "two days"]),
        ("- Name\tIt is so. We go.\t", ["Name", "It is so.", "We go."]),
        ("1.\tBread\tthe baker", ["Bread", "the baker"]),
    ],
)  # fmt: skip
def test_a_tab_or_many_spaces_part_the_columns_of_a_line(text: str, columns: list[str]) -> None:
    document = split(text)
    assert [s.text for s in document.segments] == columns
    assert document.rejoin(columns) == text
    if "\n" not in text.rstrip():
        assert split(text, splitting="paragraphs") == document


@pytest.mark.parametrize(
    "text", ["We went  home.", "We went\n\thome.", "We went \t\nhome.", "We went\r\n     home."]
)
def test_two_spaces_and_the_edges_of_wrapped_lines_part_nothing(text: str) -> None:
    assert [s.text for s in split(text, splitting="paragraphs").segments] == [text]


def test_a_megabyte_of_columns_is_split_in_little_time() -> None:
    for gap in ("\t", "   ", " " * 1000 + "\n"):
        text = ("so" + gap) * (MEGABYTE // (2 + len(gap)))
        assert len(split(text, splitting="paragraphs").segments) >= 1
        assert same(text) == text


def test_a_megabyte_of_short_lines_is_one_paragraph_in_little_time() -> None:
    text = "We go on.\n" * (MEGABYTE // 10)
    assert len(split(text, splitting="paragraphs").segments) == MEGABYTE // 10
