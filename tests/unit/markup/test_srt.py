import time
from dataclasses import replace
from datetime import timedelta

import pytest
import srt  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import UnreadableDocument
from service.markup.blocks import Block, Mark
from service.markup.srt import SRTMarkup

FILE = """\
1
00:00:01,000 --> 00:00:02,500
{\\an8}<i>The minister of energy said</i>

2
00:00:02,600 --> 00:00:04,000
<i>that the factory,
which is new,</i>

3
00:00:04,100 --> 00:00:06,000 X1:40 X2:600
<i>would open soon.</i>

4
00:00:07,000 --> 00:00:08,000
- Really?
- Yes, <b>really</b>.

5
00:00:09,000 --> 00:00:10,000
♪ 12 ♪
"""


def texts(file: str) -> list[str]:
    return [block.text for block in SRTMarkup(file).blocks]


def rebuilt(file: str, *blocks: Block) -> str:
    return SRTMarkup(file).rebuilt(blocks).decode()


def cue(number: int, text: str, begins_ms: int | None = None) -> str:
    begins_ms = number * 1000 if begins_ms is None else begins_ms
    begin, end = (
        srt.timedelta_to_srt_timestamp(timedelta(milliseconds=ms))
        for ms in (begins_ms, begins_ms + 900)
    )
    return f"{number}\n{begin} --> {end}\n{text}\n\n"


def test_a_sentence_over_several_cues_is_one_block_with_one_mark() -> None:
    first, second = SRTMarkup(FILE).blocks
    assert first.text == (
        "The minister of energy said that the factory, which is new, would open soon."
    )
    assert first.marks == (Mark(0, len(first.text)),)
    assert second.text == "- Really?\n- Yes, really."
    assert second.marks == (Mark(17, 23),)


@pytest.mark.parametrize(
    "file", [FILE, FILE.replace("\n", "\r\n"), FILE.strip(), f"\n\n{FILE}\n\n"]
)
def test_with_its_own_blocks_a_file_is_what_it_was(file: str) -> None:
    markup = SRTMarkup(file)
    assert markup.rebuilt(markup.blocks) == file.encode()
    for block in markup.blocks:
        assert len(block.places) == len(block.text) + 1
        for character, place in zip(block.text, block.places, strict=False):
            assert file[place] == character or character in " \n"


def test_a_translation_is_dealt_out_over_the_cues_at_the_ends_of_words() -> None:
    new = (
        "Le ministre de l'énergie a déclaré que l'usine, qui est nouvelle, ouvrirait prochainement "
        "ses portes au public."
    )
    _, other = SRTMarkup(FILE).blocks
    out = rebuilt(FILE, Block(new, (Mark(0, len(new)),)), other)
    cues = list(srt.parse(out))
    assert [one.content for one in cues[:3]] == [
        "{\\an8}<i>Le ministre de l'énergie\na déclaré que l'usine,</i>",
        "<i>qui est nouvelle,\nouvrirait prochainement</i>",
        "<i>ses portes au public.</i>",
    ]
    old = list(srt.parse(FILE))
    assert [(c.index, c.start, c.end, c.proprietary) for c in cues] == [
        (c.index, c.start, c.end, c.proprietary) for c in old
    ]
    assert [c.content for c in cues[3:]] == [c.content for c in old[3:]]


def test_fewer_words_than_cues_are_not_lost() -> None:
    _, other = SRTMarkup(FILE).blocks
    cues = list(srt.parse(rebuilt(FILE, Block("Так.", (Mark(0, 4),)), other)))
    assert [one.content for one in cues[:3]] == ["{\\an8}<i>Так.</i>", "", ""]


def test_a_line_that_would_be_too_long_becomes_two() -> None:
    file = cue(1, "Short words.")
    words = "Это очень длинное предложение, которое не помещается в одну строку."
    [one] = srt.parse(rebuilt(file, Block(words)))
    assert one.content == "Это очень длинное предложение,\nкоторое не помещается в одну строку."


def test_line_breaks_are_written_as_the_file_writes_them() -> None:
    file = cue(1, "One line\nand another.").replace("\n", "\r\n")
    out = rebuilt(file, Block("Eine erste Zeile und eine zweite."))
    assert "Eine erste Zeile\r\nund eine zweite.\r\n" in out
    assert "\n" not in out.replace("\r\n", "")


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (["One sentence.", "Another one."], ["One sentence.", "Another one."]),
        (["It goes", "on here."], ["It goes on here."]),
        (["It goes,", "Lavrov said."], ["It goes, Lavrov said."]),
        (["no full stops", "Anywhere at all"], ["no full stops", "Anywhere at all"]),
        (["no full stops", "but small letters"], ["no full stops but small letters"]),
        (["He said", "- What?", "- That."], ["He said", "- What?", "- That."]),
        (["[DOOR OPENS]", "and he came in."], ["[DOOR OPENS]", "and he came in."]),
        (["a"] * 7 + ["b."], ["a a a a a", "a a b."]),
    ],
)
def test_cues_are_joined_where_a_sentence_goes_on(cues: list[str], expected: list[str]) -> None:
    assert texts("".join(cue(n, text) for n, text in enumerate(cues, 1))) == expected


def test_after_a_pause_something_else_is_said() -> None:
    assert texts(cue(1, "It goes") + cue(2, "on here.", 10_000)) == ["It goes", "on here."]


@pytest.mark.parametrize(
    ("said", "block", "new", "out"),
    [
        ("<i>a</i> b", Block("a b", (Mark(0, 1),)), Block("B A", (Mark(2, 3),)), "B <i>A</i>"),
        ("<i>a b", Block("a b", (Mark(0, 3),)), Block("A B", (Mark(0, 3),)), "<i>A B"),
        ("a</i> b", Block("a b", (Mark(1, 1),)), Block("A B", (Mark(1, 1),)), "A</i> B"),
        (
            '<font color="#f00"><b>a</b></font>',
            Block("a", (Mark(0, 1), Mark(0, 1))),
            Block("A", (Mark(0, 1), Mark(0, 1))),
            '<font color="#f00"><b>A</b></font>',
        ),
        ("a < b & c <x>", Block("a < b & c <x>"), Block("A < B"), "A < B"),
    ],
)
def test_tags_stay_on_their_words(said: str, block: Block, new: Block, out: str) -> None:
    file = cue(1, said)
    [found] = SRTMarkup(file).blocks
    assert replace(found, places=()) == block
    assert rebuilt(file, new) == cue(1, out)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("", "has no line of times"),
        ("Just a text.\n", "has no line of times"),
        ("WEBVTT\n\n" + FILE, "has in line 1 neither a number nor times"),
    ],
)
def test_what_is_no_srt_is_refused(file: str, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        SRTMarkup(file)


WORDS = st.text(alphabet="ab .,!-<i>/{}\\é", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=6), st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_cues_are_those_that_the_package_srt_reads(
    cues: list[list[str]], data: st.DataObject
) -> None:
    file = "".join(cue(n, "\n".join(lines)) for n, lines in enumerate(cues, 1))
    markup = SRTMarkup(file)
    assert markup.rebuilt(markup.blocks) == file.encode()
    new = [replace(block, text=block.text.upper()) for block in markup.blocks]
    old, out = list(srt.parse(file)), list(srt.parse(markup.rebuilt(new).decode()))
    assert [(c.index, c.start, c.end) for c in out] == [(c.index, c.start, c.end) for c in old]
    said = ["".join(c.content.upper() for c in found).split() for found in (old, out)]
    assert "".join(said[0]) == "".join(said[1])


@pytest.mark.parametrize(
    "file",
    [
        "1" * 300_000,
        "\n" * 300_000,
        cue(1, "1" * 300_000),
        cue(1, "<i" * 100_000),
        cue(1, "{\\" * 100_000),
        cue(1, "<i>" * 30_000),
        cue(1, "a\n" * 100_000),
        "".join(cue(n, "and") for n in range(1, 5000)),
    ],
)
def test_hostile_files_are_read_in_time(file: str) -> None:
    began = time.process_time()
    try:
        markup = SRTMarkup(file)
    except UnreadableDocument:
        markup = None
    if markup is not None:
        markup.rebuilt([Block("x y", block.marks) for block in markup.blocks])
    assert time.process_time() - began < 10
