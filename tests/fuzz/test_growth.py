import re

import pytest

from tests.fuzz.growth import FAMILIES, Work, exponent, text_of
from tests.fuzz.works import WORKS

CHARACTERS = 8_000
SUSPECTED = 1.4
MAX_EXPONENT = 1.5

WHOLES = {
    "check, a long source",
    "compare fr",
    "compare hy",
    "judge fr",
    "judge hy",
    "judge ru",
    "KnownNumbers.missing",
    "KnownNumbers.read",
}
"""They do what other works do one by one, so some texts are enough."""
SOME = (
    "everything mixed",
    "different names",
    "different numbers",
    "different sentences",
    "digits and spaces",
    "glued addresses",
    "grouped digits",
    "number words",
)


def growth(work: Work, family: str) -> float:
    """The exponent; a suspected one is measured again, on texts twice and four times as long."""
    found = exponent(work, family, CHARACTERS)
    for times in (2, 4):
        if found > SUSPECTED:
            found = exponent(work, family, times * CHARACTERS, runs=4)
    return found


@pytest.mark.parametrize("name", list(WORKS))
def test_no_work_takes_more_than_linear_time(name: str) -> None:
    families = SOME if name in WHOLES else FAMILIES
    found = {family: growth(WORKS[name], family) for family in families}
    assert {family: e for family, e in found.items() if e > MAX_EXPONENT} == {}


def test_a_quadratic_work_is_seen() -> None:
    def work(text: str) -> int:
        return sum(text[:end].count("b") for end in range(0, len(text), 2))

    assert exponent(work, "one letter", CHARACTERS) > MAX_EXPONENT


def test_marks_sorted_in_quadratic_time_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.text.names._MARK", re.compile("(?!)"))
    assert exponent(WORKS["names.fold"], "a letter and marks", CHARACTERS) > MAX_EXPONENT


def test_a_linear_work_is_not() -> None:
    assert growth(lambda text: [c.upper() for c in text * 20], "names") < SUSPECTED


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_has_its_length_and_a_letter(family: str) -> None:
    assert len(text_of(family, 1_000)) == 1_000
    assert text_of(family, 1_000)[-1] == "a"
