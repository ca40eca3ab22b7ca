import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.text.kept import MAX_KEPT, apart, hidden, shown, spots, without
from service.text.segment import Span, split
from tests.unit.text.strategies import texts


def spans(text: str, *words: str) -> list[Span]:
    """Where the words are, one behind the other."""
    found, at = [], 0
    for word in words:
        at = text.index(word, at)
        found.append(Span(at, at + len(word), word))
        at += len(word)
    return found


@pytest.mark.parametrize(
    ("sentence", "words", "text", "places"),
    [
        ("run a.b now", ["a.b"], "jetzt a.b", ["a.b"]),
        ("run a.b now", ["a.b"], "jetzt a.B", None),
        ("run a.b now", ["a.b"], "a.b a.b", None),
        ("run a.b now", ["a.b"], "jetzt", None),
        ("see a or b", ["a", "b"], "b und a", ["a", "b"]),
        ("a 5 and 5", ["5"], "5 und 5", ["5"]),
        ("run it", ["it"], "items", None),
        ("run it", ["it"], "it-ի", ["it"]),
        ("x() x", ["x()", "x"], "x x()", ["x()", "x"]),
        ("ab a", ["a"], "ab", None),
        ("two ints", ["int"], "zwei int", ["int"]),
        ("two ints", ["int"], "zwei", None),
        ("CtrlC stops", ["Ctrl", "C"], "CtrlC", ["Ctrl", "C"]),
    ],
)  # fmt: skip
def test_what_is_kept_is_there_as_it_is_and_as_often(
    sentence: str, words: list[str], text: str, places: list[str] | None
) -> None:
    found = spots(text, sentence, spans(sentence, *words))
    assert (found and [text[start:end] for start, end in found]) == places


def test_of_equals_the_first_is_the_first() -> None:
    sentence = "x a x b x"
    kept = [Span(4, 5, "x"), Span(8, 9, "x")]
    assert spots("x x x", sentence, kept) == [(2, 3), (4, 5)]


@given(texts, st.lists(st.integers(0, 40), min_size=2, max_size=8))
def test_what_is_hidden_is_shown_again(text: str, places: list[int]) -> None:
    if any("\ue000" <= c <= "\uf8ff" for c in text):
        return
    ends = sorted({place for place in places if place <= len(text)})
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    assert shown(hidden(text, pairs), text, pairs) == text


@settings(max_examples=200, deadline=None)
@given(texts, st.lists(st.integers(0, 200), max_size=80))
@example("One. Two. Three. Four", [2, 12])
@example("a " * 80, list(range(160)))
@example("0000\r", [0, 5])
@example(" 0000", [0, 3])
def test_no_segment_ends_in_what_is_kept_and_nothing_else_is_lost(
    text: str, places: list[int]
) -> None:
    ends = sorted({place for place in places if place <= len(text)})
    kept = [Span(a, b, text[a:b]) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    found = apart(text, split(text).segments, kept)
    before = 0
    for segment, own in found:
        assert before <= segment.start < segment.end
        assert text[segment.start : segment.end] == segment.text
        assert len(own) <= MAX_KEPT
        assert all(segment.text[one.start : one.end] == one.text for one in own)
        before = segment.end
    edges = {edge for segment, _ in found for edge in (segment.start, segment.end)}
    for one in kept:
        if one.text.strip():
            inside = [e for e in edges if one.start < e < one.end]
            assert not [
                e for e in inside if text[one.start : e].strip() and text[e : one.end].strip()
            ]
    left = {
        place for segment in split(text).segments for place in range(segment.start, segment.end)
    }
    ours = {place for segment, _ in found for place in range(segment.start, segment.end)}
    held = {place for one in kept for place in range(one.start, one.end)}
    assert not [p for p in left - ours - held if not text[p].isspace()]


def test_a_sentence_without_what_it_keeps_has_its_other_words() -> None:
    assert without("run a.b or c", spans("run a.b or c", "a.b", "c")) == "run   or  "
