import pytest
from hypothesis import given

from service.text.clauses import clauses, continued
from service.text.segment import splice
from tests.unit.text.strategies import texts


def cut(text: str) -> list[str]:
    return [span.text for span in clauses(text)]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        (
            "The old bridge was closed in 2019, and the new one cost 45 million.",
            ["The old bridge was closed in 2019,", "and the new one cost 45 million."],
        ),
        (
            "When the rain stopped in May, the farmers returned to their fields.",
            ["When the rain stopped in May,", "the farmers returned to their fields."],
        ),
        (
            "Thousands of people came back — but many of them found nothing left.",
            ["Thousands of people came back", "but many of them found nothing left."],
        ),
        (
            "He read the letter twice; she did not even look up.",
            ["He read the letter twice;", "she did not even look up."],
        ),
    ],
)
def test_clauses_are_parted_where_they_meet(sentence: str, found: list[str]) -> None:
    assert cut(sentence) == found


@pytest.mark.parametrize(
    "sentence",
    [
        "He bought apples, pears, plums, and figs.",
        "The school, the old one, is closed.",
        "It cost 1,234,567 euros in all.",
        "The town (which was founded by monks, who came from the north) is old.",
        'She said "I will come tomorrow, and you will wait for me there" twice.',
        "A short one.",
        "well-known half-truths - yes",
        "",
    ],
)
def test_what_has_no_seam_stays_together(sentence: str) -> None:
    assert cut(sentence) == [sentence]


@given(texts)
def test_clauses_lose_nothing_but_spaces_and_dashes_between_them(text: str) -> None:
    spans = clauses(text)
    assert splice(text, spans, [span.text for span in spans]) == text
    between = splice(text, spans, [""] * len(spans))
    assert all(character.isspace() or character in "–—-" for character in between)
    assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.parametrize(
    ("clause", "translation", "joined"),
    [
        ("The bridge was closed,", "Կամուրջը փակ էր։", "Կամուրջը փակ էր,"),
        ("The bridge was closed,", "Կամուրջը փակ էր,", "Կամուրջը փակ էր,"),
        ("The bridge was closed;", "Мост был закрыт.", "Мост был закрыт;"),
        ("The bridge was closed", "Мост был закрыт.", "Мост был закрыт"),
        ("The bridge was closed.", "Мост был закрыт.", "Мост был закрыт."),
        ("The bridge,", "…", "…,"),
        ("The bridge,", "։", "։"),
    ],
)
def test_a_clause_inside_a_sentence_does_not_end_it(clause, translation, joined) -> None:
    assert continued(clause, translation) == joined
