import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.text.normalize import normalize
from tests.unit.text.strategies import texts

MARKS = "aB1 .,!?:;%()[]\"'`´‘’“”„‚–—…«»\xa0\u202fºCcm。．？％\t"
marks = st.text(st.sampled_from(MARKS), max_size=60)
FULL_WIDTH = {
    ord(wide): ascii_ for wide, ascii_ in zip("０１２３４５６７８９", "0123456789", strict=True)
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“We go,” he said.", '"We go," he said.'),
        ("„We go“, he said.", '"We go," he said.'),
        ("“done”, and left.", '"done," and left.'),
        ("He said “so”.", 'He said "so."'),
        ("It’s the ’90s, isn‘t it", "It's the '90s, isn't it"),
        ("‘so’ ´it´ `is`", "'so' 'it' 'is'"),
        ("a ''b'' c", 'a " b " c'),
        ("2019–2020", "2019-2020"),
        ("here — there", "here - there"),
        ("here—there", "here - there"),
        ("Wait… what?", "Wait... what?"),
        ("«so» «\xa0it\xa0» is", '"so" "it" is'),
        ("the\xa0«\xa0it\xa0»\xa0is", 'the "it" is'),
        ("«\u202fso\u202f» «\xa0\xa0it\xa0\xa0»", '"so" "it"'),
        ("f(x) and ( y )", "f (x) and (y)"),
        ("5 % ; 6\xa0% : ok", "5%; 6%: ok"),
        ("（ok）：１２３％", "(ok):123%"),
        ("a\tb\r\nc\u2028d", "a b c d"),
        ("  a   b  ", "a b"),
    ],
)
def test_punctuation_becomes_that_of_the_training_data(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_an_opening_quotation_mark_stays_before_its_ellipsis() -> None:
    assert normalize("“…and so”, the “.com” years") == '"...and so," the ".com" years'


def test_a_no_break_space_in_a_number_becomes_no_full_stop() -> None:
    assert normalize("100\xa0000 and 5\u202f000") == "100 000 and 5 000"


def test_quotation_marks_move_in_english_only() -> None:
    assert normalize("„so“, da", "ru") == '"so", da'


@pytest.mark.parametrize(
    "mark", ["\xad", "\u200b", "\u2060", "\ufeff", "\u202e", "\u200d", "\u2069"]
)
def test_format_characters_leave_their_word_whole(mark: str) -> None:
    assert normalize(f"co{mark}operate") == "cooperate"


@pytest.mark.parametrize("mark", ["\0", "\x07", "\x1b", "\x85", "\ud800", "\ue000", "\uffff"])
def test_control_characters_become_a_space(mark: str) -> None:
    assert normalize(f"a{mark}b") == "a b"


def test_composition_is_left_to_the_model() -> None:
    assert normalize("e\u0301 \ufb01") == "e\u0301 \ufb01"


@settings(max_examples=500, deadline=None)
@given(texts | marks, st.sampled_from(["en", "ru", "fr"]))
@example('""""",,,' * 20, "en")
@example("\xa0" * 50 + ":" + ' "' * 50 + ",", "en")
def test_doing_it_twice_changes_nothing(text: str, language: str) -> None:
    once = normalize(text, language)
    assert normalize(once, language) == once


@settings(max_examples=500, deadline=None)
@given(texts | marks)
def test_letters_and_digits_all_come_back_in_order(text: str) -> None:
    kept = [c for c in normalize(text) if c.isalnum()]
    assert kept == [c for c in text.translate(FULL_WIDTH) if c.isalnum()]


@settings(max_examples=500, deadline=None)
@given(texts | marks)
def test_the_result_is_one_clean_line_of_utf_8(text: str) -> None:
    result = normalize(text)
    result.encode()
    assert result == " ".join(result.split())
    assert not any(unicodedata.category(c)[0] == "C" for c in result)


@settings(max_examples=300, deadline=None)
@given(texts | marks)
def test_no_two_words_are_glued(text: str) -> None:
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    words = [w for w in visible.translate(FULL_WIDTH).split() if w.isalpha() and w.isascii()]
    result = normalize(text)
    assert all(word in result for word in words)


def test_many_threads_get_what_one_thread_gets() -> None:
    inputs = [f"“{n}” — it’s {n}\xa0%, isn‘t it…" for n in range(200)]
    expected = [normalize(text) for text in inputs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(normalize, inputs)) == expected


@pytest.mark.parametrize(
    "unit", ['"', '",', "\xa0", "\xa0:", "''", "(", ") ", " :", "…", "«\xa0", "."]
)
def test_long_runs_of_marks_settle(unit: str) -> None:
    once = normalize("a" + unit * 20_000 + ",")
    assert normalize(once) == once
