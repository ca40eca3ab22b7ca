"""Parts of words: `2` of `CO2`, `st` of `1st`, found again in the words that render theirs."""

import pytest

from service.tasks.word_parts import Part, ends_of, folded, words_of


def part_of(marked: str) -> Part | None:
    """The part of a sentence that stands in brackets."""
    first, last = marked.index("["), marked.index("]") - 1
    source = marked.replace("[", "").replace("]", "")
    return Part.of(source, words_of(source), first, last)


@pytest.mark.parametrize(
    "marked",
    ["a [word]", "[two words]", "[one] 2", "well-[known] man", "the [(25)]", "[, ]a", "a [− ]b",
     "[the mini]ster", "a[ b]", "a [%] b", "it[’]s"],
)  # fmt: skip
def test_what_is_no_part_of_one_word(marked: str) -> None:
    assert part_of(marked) is None


@pytest.mark.parametrize(
    ("marked", "said", "found", "is_sure"),
    [
        ("CO[2]", "CO2", "2", True),
        ("CO[2],", "CO2-ի", "2", True),
        ("the H[2]O", "H2O-ն", "2", True),
        ("H2O[2]", "h2o2", "2", True),
        ("25 km[2]", "կմ2", "2", True),
        ("25 km[2]", "կմ2-ում", "2", True),
        ("25 km[2]", "25", None, None),
        ("25 km[2]", "2010", None, None),
        ("note[1]", "նշում11", None, None),
        ("note1[1]", "նշում11", "1", True),
        ("the 3[rd]", "3-րդ", "րդ", True),
        ("the 3[rd]", "3-й", "й", True),
        ("the 3[rd]", "13-րդ", None, None),
        ("the 3[rd]", "երրորդ", None, None),
        ("[G]20", "G20-ը", "G", True),
        ("[G]20", "Մ20", "Մ", True),
        ("10[-6]", "10-6", "6", True),
        ("10[\u22126]", "10\u22126", "6", True),
        ("in 2010.[1]", "1", "1", True),
        ("in 2010.[1]", "2010-ին", None, None),
        ("in[cap]able", "incapable", "cap", True),
        ("[cat]s", "chats", None, None),
        ("cat[s]", "chats", "s", False),
        ("[T]he", "նախարարն", "ն", False),
        ("[T]he", "5", None, None),
        ("to[ma]to", "mammoth", None, None),
        ("tom[ato]", "пом", None, None),
        ("[İ]stanbul", "İSTANBUL", "İ", True),
    ],
)
def test_a_part_is_found_by_its_letters_and_those_of_the_rest(
    marked: str, said: str, found: str | None, is_sure: bool | None
) -> None:
    part = part_of(marked)
    assert part is not None
    fit = part.in_word(folded(said))
    if found is None:
        assert fit is None
    else:
        assert fit is not None
        assert (said[fit.start : fit.end], fit.sure) == (found, is_sure)


@pytest.mark.parametrize(
    ("marked", "is_another"),
    [("CO[2]", True), ("3[rd]", True), ("[1]st", True), ("H[2]O", True), ("un[able]", False),
     ("[T]he", False), ("10[6]", False), ("10[-6]", True)],
)  # fmt: skip
def test_an_index_is_of_another_kind_than_its_word(marked: str, is_another: bool) -> None:
    part = part_of(marked)
    assert part is not None
    assert part.is_of_another_kind == is_another


def test_what_begins_and_ends_within_words_has_a_part_of_each() -> None:
    source = "The energy minister"
    head, tail = ends_of(source, words_of(source), 5, 14)
    assert head is not None
    assert tail is not None
    assert (head.word[head.start : head.end], head.around) == ("nergy", (4, 10))
    assert (tail.word[tail.start : tail.end], tail.around) == ("min", (11, 19))
    assert ends_of(source, words_of(source), 5, 7) == (None, None)
    assert ends_of(source, words_of(source), 4, 19) == (None, None)
