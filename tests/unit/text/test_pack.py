from itertools import accumulate, combinations, pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.text.pack import cut, pack
from service.text.segment import splice
from tests.unit.text.strategies import texts

SENTENCE = (
    "The minister, who had arrived late, said that the road would open in May; the mayor replied "
    "that the bridge was not ready, and engineers from both towns asked for another 18 months "
    "because the river had risen again: nobody could say when it would fall"
)


def words(text: str) -> int:
    return len(text.split())


@settings(max_examples=400, deadline=None)
@given(texts, st.integers(1, 30))
def test_pieces_fit_and_rejoin_exactly(text: str, max_tokens: int) -> None:
    pieces = cut(text, max_tokens, len)
    assert all(len(piece.text) <= max_tokens for piece in pieces)
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    assert all(a.end <= b.start for a, b in pairwise(pieces))
    assert splice(text, pieces, [piece.text for piece in pieces]) == text
    assert not splice(text, pieces, [""] * len(pieces)).strip()


def test_a_text_that_fits_is_one_piece_unchanged() -> None:
    (piece,) = cut("  It fits. ", 2, words)
    assert (piece.start, piece.end, piece.text) == (0, 11, "  It fits. ")


def test_cuts_fall_at_clause_marks() -> None:
    assert [p.text[-8:] for p in cut(SENTENCE, 30, words)] == ["t ready,", "uld fall"]


def test_a_semicolon_is_a_better_place_than_a_nearer_comma() -> None:
    text = "the boats lay in the old harbour; the sailors sat there, on the wall of the harbour"
    assert [p.text[-8:] for p in cut(text, 10, words)] == ["harbour;", " harbour"]


def test_without_clause_marks_cuts_fall_before_conjunctions() -> None:
    text = "the boats lay in the harbour of the old town and the sailors sat on the wall of it"
    assert [piece.text.split()[0] for piece in cut(text, 12, words)] == ["the", "and"]


def test_without_anything_else_cuts_fall_at_spaces() -> None:
    assert {len(p.text) % 4 for p in cut("abc " * 99 + "abc", 7, words)} == {3}


@pytest.mark.parametrize("max_tokens", range(5, 40))
def test_pieces_are_balanced(max_tokens: int) -> None:
    sizes = [words(piece.text) for piece in cut(SENTENCE, max_tokens, words)]
    assert sum(sizes) == words(SENTENCE)
    assert len(sizes) == 1 or min(sizes) * 4 >= max(sizes)
    assert len(sizes) <= 1 + 2 * words(SENTENCE) // max_tokens


@pytest.mark.parametrize("character", ["é\u0323\u0307", "🇦🇲", "👍🏽", "👩\u200d🚀", "कि"])
def test_a_hard_cut_splits_no_character(character: str) -> None:
    for piece in cut(character * 50, 16, len):
        assert piece.text == character * (len(piece.text) // len(character))


def test_a_character_longer_than_the_window_is_cut_all_the_same() -> None:
    assert max(len(p.text) for p in cut("e" + "\u0301" * 5000, 100, len)) <= 100


def test_a_code_point_with_too_many_tokens_is_an_error() -> None:
    with pytest.raises(ValueError, match="a single character has 4 tokens, max_tokens is 3"):
        cut("漢字", 3, lambda text: 4 * len(text))


@pytest.mark.parametrize(
    "unit", ["a", "ab ", "(", " ,", "— ", "🇦", "\u0301", "👩\u200d", ". ", "a" + " " * 99, "and "]
)
def test_counting_work_is_bounded(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    counted = 0

    def count(piece: str) -> int:
        nonlocal counted
        counted += len(piece)
        return len(piece)

    pieces = cut(text, 500, count)
    assert splice(text, pieces, [piece.text for piece in pieces]) == text
    assert counted <= 11 * len(text)  # log2(200 000 / 500) = 8.6


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(20, 60))
def test_chunks_are_whole_consecutive_and_as_few_as_can_be(sizes: list[int], limit: int) -> None:
    chunks = pack(sizes, limit)
    assert [index for chunk in chunks for index in chunk] == list(range(len(sizes)))
    assert all(chunk and sum(sizes[i] for i in chunk) <= limit for chunk in chunks)
    fewest, used = min(len(sizes), 1), 0
    for size in sizes:
        fewest, used = (fewest, used + size) if used + size <= limit else (fewest + 1, size)
    assert len(chunks) == fewest


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(20, 60))
def test_chunks_are_nearly_as_even_as_can_be(sizes: list[int], limit: int) -> None:
    chunks = pack(sizes, limit)
    best = min(
        max(sum(sizes[a:b]) for a, b in pairwise((0, *cuts, len(sizes))))
        for cuts in combinations(range(1, len(sizes)), len(chunks) - 1)
    )
    assert max(sum(sizes[i] for i in chunk) for chunk in chunks) <= best + max(sizes)


def test_equal_sentences_make_equal_chunks() -> None:
    assert pack([10] * 9, 40) == [range(3), range(3, 6), range(6, 9)]


def test_no_short_last_chunk_is_left() -> None:
    assert pack([9, 9, 9, 9, 1], 36) == [range(2), range(2, 5)]


def test_nothing_makes_no_chunks() -> None:
    assert pack([], 10) == []


def test_a_sentence_over_the_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="a sentence has 11 tokens, max_tokens is 10"):
        pack([1, 11], 10)


def test_a_chunk_ends_with_a_paragraph_where_that_is_nearly_as_even() -> None:
    sizes = [10] * 12
    assert pack(sizes, 70) == [range(6), range(6, 12)]
    assert pack(sizes, 70, breaks={0, 5}) == [range(5), range(5, 12)]
    assert pack(sizes, 70, breaks={0, 7}) == [range(7), range(7, 12)]


def test_a_paragraph_that_ends_far_from_an_even_share_moves_no_chunk() -> None:
    assert pack([10] * 12, 90, breaks={0, 3, 9}) == [range(6), range(6, 12)]


def test_no_chunk_more_is_made_for_the_sake_of_paragraphs() -> None:
    assert pack([10] * 12, 60, breaks={5, 10}) == [range(6), range(6, 12)]


sized_paragraphs = st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=8), max_size=20)


@given(sized_paragraphs, st.integers(20, 60))
def test_with_paragraphs_chunks_are_whole_consecutive_and_as_few(
    paragraphs: list[list[int]], limit: int
) -> None:
    sizes = [size for paragraph in paragraphs for size in paragraph]
    starts = set(accumulate(map(len, paragraphs), initial=0))
    chunks = pack(sizes, limit, starts)
    assert [index for chunk in chunks for index in chunk] == list(range(len(sizes)))
    assert all(chunk and sum(sizes[i] for i in chunk) <= limit for chunk in chunks)
    assert len(chunks) == len(pack(sizes, limit))


@pytest.mark.parametrize("sizes", [[1] * 200_000, [0] * 200_000, [0, 0, 0, 9] * 50_000])
def test_packing_takes_linear_time(sizes: list[int]) -> None:
    started = perf_counter()
    chunks = pack(sizes, 1000, range(0, len(sizes), 3))
    assert chunks[-1].stop == len(sizes)
    assert perf_counter() - started < 5  # takes 0.2 s
