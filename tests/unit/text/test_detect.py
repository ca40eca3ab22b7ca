import time

import pytest

from service.text.detect import detect
from tests.shapes import SHAPES

KNOWN = {"en", "hy", "ru"}


def first(text: str) -> tuple[str, float]:
    guess = detect(text, KNOWN)[0]
    return guess.language, guess.confidence


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The minister arrived in Yerevan on Monday with a delegation.", "en"),
        ("THE MINISTER ARRIVED IN YEREVAN ON MONDAY WITH A DELEGATION.", "en"),
        ("Министр прибыл в Ереван в понедельник вместе с делегацией.", "ru"),
        ("Նախարարը երկուշաբթի օրը պատվիրակության հետ ժամանեց Երևան։", "hy"),
        ("Le ministre est arrivé lundi à Erevan avec une délégation.", "fr"),
        ("Der Minister traf am Montag mit einer Delegation in Eriwan ein.", "de"),
        ("Міністр прибув до Єревана в понеділок разом з делегацією.", "uk"),
        ("მინისტრი ორშაბათს ჩავიდა ერევანში დელეგაციასთან ერთად.", "ka"),
        ("وصل الوزير إلى يريفان يوم الاثنين برفقة وفد كبير.", "ar"),
        ("部长星期一率代表团抵达埃里温进行访问。", "zh"),
        ("大臣は月曜日に代表団とともにエレバンに到着しました。", "ja"),
        ("東京 オリンピック 開会式 ひらく", "ja"),
    ],
)
def test_a_sentence_is_recognized_with_confidence(text: str, language: str) -> None:
    found, confidence = first(text)
    assert found == language
    assert confidence > 0.8


@pytest.mark.parametrize("text", ["և", "Երևան", "ԵՐԵՎԱՆ", "«Բարև»", "Ա."])
def test_an_armenian_letter_is_armenian(text: str) -> None:
    assert first(text) == ("hy", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "42",
        "1 000 000 $",
        "😀",
        "...",
        "https://example.org/the/news",
        "news@example.org",
    ],
)
def test_of_what_has_no_words_nothing_is_said(text: str) -> None:
    assert detect(text, KNOWN) == ()


@pytest.mark.parametrize("text", ["OK", "TV", "a", "minister", "lol", "Ciao", "Yerevan"])
def test_of_a_word_that_may_be_anything_nothing_is_claimed(text: str) -> None:
    assert sum(guess.confidence for guess in detect(text, KNOWN)) < 0.5


def test_a_guess_that_is_hardly_one_is_not_made() -> None:
    assert detect("OK", KNOWN) == ()
    assert all(guess.confidence >= 0.05 for guess in detect("Hello", KNOWN))


def test_confidence_grows_with_the_text() -> None:
    text = "The minister said on Monday that the road will be opened next week"
    sure = [first(text[:characters])[1] for characters in (12, 24, 41, 67)]
    assert sure == sorted(sure)
    assert sure[-1] > 0.95


def test_a_mixed_text_is_nobodys_for_sure() -> None:
    english = "The minister arrived in Yerevan on Monday with a delegation."
    russian = "Министр прибыл в Ереван в понедельник вместе с делегацией."
    armenian = "Նախարարը երկուշաբթի օրը պատվիրակության հետ ժամանեց Երևան։"
    both = detect(f"{english} {armenian}", KNOWN)
    assert {guess.language for guess in both[:2]} == {"en", "hy"}
    assert all(0.3 < guess.confidence < 0.7 for guess in both[:2])
    three = detect(f"{english} {russian} {armenian}", KNOWN)
    assert {guess.language for guess in three} == KNOWN
    assert all(guess.confidence < 0.5 for guess in three)


def test_a_name_or_an_address_in_other_letters_changes_little() -> None:
    text = "Reuters: նախարարը երեկ ասաց, որ https://example.org/news/of/the/day հասցեն սխալ է։"
    assert first(text) >= ("hy", 0.8)


def test_what_is_expected_is_preferred_where_little_is_known() -> None:
    assert first("Hello world")[0] == "en"
    assert detect("Привет")[0].confidence < first("Привет")[1]


def test_no_language_is_guessed_in_letters_that_are_not_its_own() -> None:
    for text in ("see", "OK no a b", "see world", "ab cd ef gh"):
        assert {"hy", "ru"}.isdisjoint(guess.language for guess in detect(text, KNOWN))


def test_guesses_are_few_ordered_and_add_up_to_one_at_most() -> None:
    for text in ("Dobro jutro", "Buenos días", "Bonjour", "Hello world", "да"):
        sure = [guess.confidence for guess in detect(text)]
        assert 1 <= len(sure) <= 3
        assert sure == sorted(sure, reverse=True)
        assert sum(sure) <= 1 + 1e-6


@pytest.mark.parametrize("shape", SHAPES)
def test_any_text_is_looked_at_in_a_moment(shape: str) -> None:
    detect("warm up")
    text = SHAPES[shape](200_000)
    began = time.process_time()
    guesses = detect(text, KNOWN)
    assert time.process_time() - began < 2
    assert all(0 < guess.confidence <= 1 + 1e-6 for guess in guesses)


def test_spaces_before_a_text_do_not_hide_it() -> None:
    assert first(" \n" * 5000 + "This is a text in English.")[0] == "en"


def test_lone_surrogates_are_letters_of_nobody() -> None:
    assert detect("\ud800 \udfff") == ()
