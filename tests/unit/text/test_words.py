import pytest

from service.text.words import count_words, stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("one", 1),
        ("It’s 5 km — no more.", 5),
        ("a\u3000b\nc", 3),
        ("— … 😀", 0),
        ("1,000", 1),
    ],
)
def test_words_are_runs_with_a_letter_or_digit(text: str, expected: int) -> None:
    assert count_words(text) == expected


def test_stems_leave_out_words_without_meaning() -> None:
    assert stems("It was the one with all of them") == ["one"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("vote", "voting"), ("voted", "votes"), ("company", "companies"), ("100,000", "100000"),
     ("Armenia's", "armenia"), ("Baku’s", "BAKU"), ("bridge", "bridges"), ("recent", "recently")],
)  # fmt: skip
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1.5", "15"), ("gas", "gate"), ("May", "Mary"), ("46", "460")]
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stems(one) != stems(other)
