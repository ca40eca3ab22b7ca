import pytest
from hypothesis import given

from service.text.echoes import AKIN, echoes, is_taken_from, meaning
from tests.unit.text.strategies import texts

SAID = "The council opened the repaired bridge over the river on Monday."


def is_echo(sentence: str, *earlier: str) -> bool:
    return echoes(meaning(sentence), map(meaning, earlier))


@pytest.mark.parametrize(
    "sentence",
    [
        SAID,
        "On Monday the council opens the repaired bridges over the rivers.",
        "The bridge was opened on Monday.",
        "THE COUNCIL OPENED THE BRIDGE!",
        "The council opened a repaired wooden bridge on Monday.",
    ],
)
def test_a_sentence_of_words_that_were_said_is_an_echo(sentence: str) -> None:
    assert is_echo(sentence, "Nobody spoke.", SAID)


@pytest.mark.parametrize(
    "sentence",
    [
        "The mayor thanked the engineers.",
        "The council opened a school beside the bridge.",
        "The council opened the repaired bridge over the river on Monday, a year after the flood"
        " tore away its pillars.",
        "The council opened bridge 7 over the river on Monday.",
    ],
)
def test_a_sentence_that_says_something_new_is_none(sentence: str) -> None:
    assert not is_echo(sentence, SAID)


def test_words_of_several_sentences_together_make_no_echo() -> None:
    assert not is_echo("The mayor opened the school.", "The mayor spoke.", "A school was opened.")


def test_sentences_without_words_of_meaning_are_compared_as_they_are() -> None:
    assert is_echo("Yes.", "YES. ")
    assert not is_echo("Only if it is so.", "How?")


@given(texts)
def test_every_text_echoes_itself_and_nothing_echoes_nothing(text: str) -> None:
    assert is_echo(text, text)
    assert not is_echo(text)


def test_less_is_enough_to_be_about_the_same_thing() -> None:
    sentence = "The council opened a bridge in heavy snow on Monday."
    assert not is_echo(sentence, SAID)
    assert echoes(meaning(sentence), [meaning(SAID)], AKIN)


@pytest.mark.parametrize(
    ("sentence", "taken"),
    [
        ("The council opened the bridge on Monday.", True),
        ("The council opened the bridge quickly.", True),
        ("The council, led by a retired sailor, opened the bridge with music.", False),
    ],
)
def test_a_sentence_is_taken_from_one_that_has_most_of_its_words(
    sentence: str, taken: bool
) -> None:
    assert is_taken_from(meaning(sentence), meaning(SAID)) is taken
