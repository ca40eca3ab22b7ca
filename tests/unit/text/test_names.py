import time

import pytest
from hypothesis import given

from service.text.names import fold, names, tokens
from tests.unit.text.strategies import texts


def found(text: str) -> list[str]:
    return [name.text for name in names(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mayor met Anahit Grigoryan in Gyumri.", ["Anahit Grigoryan", "Gyumri"]),
        ("A letter from S. Petrov arrived.", ["S. Petrov"]),
        ("They played works by Ludwig van Beethoven.", ["Ludwig van Beethoven"]),
        ("It was read by Omar bin Khalid and Anna de la Cruz.",
         ["Omar bin Khalid", "Anna de la Cruz"]),
        ("We saw O'Hare and Jean-Claude Morel on Al-Jazeera.",
         ["O'Hare", "Jean-Claude Morel", "Al-Jazeera"]),
        ("It fell in the U.S. and at NATO and on the iPhone.", ["U.S.", "NATO", "iPhone"]),
        ("The report names AT&T and GPT-4.", ["AT&T", "GPT-4"]),
        ("They spoke to Dr. Karen Saroyan and Mr. Zolyan.", ["Karen Saroyan", "Zolyan"]),
        ("A talk with U.S. President Zolyan.", ["U.S.", "Zolyan"]),
        ("The song of Martin Luther King was sung.", ["Martin Luther King"]),
        ("It is Chelsea's Mendy who won.", ["Chelsea", "Mendy"]),
        ("It closed on Tuesday, 4 May.", ["Tuesday", "May"]),
        ("The office in Tōkyō shut.", ["Tōkyō"]),
        ("The office in To\u0304kyo\u0304 shut.", ["To\u0304kyo\u0304"]),
        ("See https://Example.org/Some-Page and @SomeOne, Zolyan.", ["Zolyan"]),
        ("nothing here, and I am sure of it.", []),
        ("The President and the Prime Minister spoke.", []),
        ("", []),
    ],
)  # fmt: skip
def test_runs_of_capitals_with_their_particles_are_names(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Villagers left. Doctors stayed.", []),
        ("Zolyan left. Doctors stayed.", ["Zolyan"]),
        ("Georgia signed.", ["Georgia"]),
        ("Polish farmers signed.", ["Polish"]),
        ("UN officers left.", ["UN"]),
        ("CLICK here.", []),
        ("May is late.", []),
        ("Tuesday is late.", ["Tuesday"]),
        ("He said: “Bakers won,” and “Zolyan lost.”", ["Zolyan"]),
        ("Retired teacher Zolyan left.", ["Zolyan"]),
        ("Critics Zolyan and Petrosyan left.", ["Zolyan", "Petrosyan"]),
    ],
)
def test_the_first_word_of_a_sentence_is_a_name_only_for_sure(
    text: str, expected: list[str]
) -> None:
    assert found(text) == expected


def test_who_knows_the_document_says_what_is_ordinary() -> None:
    assert found("Blorbs fell.") == ["Blorbs"]
    assert names("Blorbs fell.", lambda word: word == "blorbs") == []


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Tōkyō's", "tokyo"), ("Al-Jazeera", "aljazeera"), ("U.S.", "us"), ("O’Hare", "ohare"),
        ("Łódź", "lodz"), ("Ørsted", "orsted"), ("To\u0304kyo\u0304", "tokyo"), ("UN’S", "un"),
        ("Strauß", "strauss"), ("Lavrov", "lavrov"), ("", ""),
    ],
)  # fmt: skip
def test_spellings_of_a_name_fold_to_one_form(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(texts)
def test_names_and_tokens_of_any_text_are_where_they_say(text: str) -> None:
    for token in tokens(text):
        assert text[token.start : token.end] == token.text
    end = 0
    for name in names(text):
        assert text[name.start : name.end] == name.text
        assert name.start >= end
        assert name.tokens
        end = name.end


def test_a_letter_under_thousands_of_marks_folds_in_linear_time() -> None:
    start = time.process_time()
    assert fold("e" + "\u0301\u0323" * 50_000) == "e"
    assert time.process_time() - start < 1
