import pytest
from hypothesis import given

from service.text.names.common import is_common
from tests.unit.text.strategies import texts


@pytest.mark.parametrize(
    "word",
    ["the", "house", "houses", "stopped", "planning", "villagers", "happily", "reopened",
     "multi-task", "classification", "unhappily", "themselves", "journalists", "authorities"],
)  # fmt: skip
def test_words_and_what_is_regularly_made_of_them_are_common(word: str) -> None:
    assert is_common(word)


@pytest.mark.parametrize(
    "word",
    ["lavrov", "yerevan", "armenia", "netwoork", "learnning", "gyumri", "zq", "house-lavrov"],
)
def test_names_and_misspelt_words_are_not_common(word: str) -> None:
    assert not is_common(word)


@given(texts)
def test_any_text_has_an_answer(text: str) -> None:
    assert is_common(text) in (True, False)
