"""One pair: what is mended, what is refused."""

import pytest

from training.cleaning import MOST_WORDS, Pair, clean, words


def cleaned(source: str, target: str, least_words: int = 1) -> tuple[str, str] | None:
    done = clean(Pair(source, target, "here"), "ru", least_words)
    return done and (done.source, done.target)


def test_a_good_pair_stays_as_it_is() -> None:
    assert cleaned("The council met on Monday.", "Совет собрался в понедельник.") == (
        "The council met on Monday.",
        "Совет собрался в понедельник.",
    )


def test_punctuation_is_the_base_models_on_one_side_and_the_printed_one_on_the_other() -> None:
    pair = cleaned("He said: “We’re ready.”", 'Он сказал: "Мы готовы".')
    assert pair == ('He said: "We\'re ready."', "Он сказал: «Мы готовы».")


def test_a_list_mark_and_blanks_before_marks_go() -> None:
    pair = cleaned("- Open the file , then save it .", "- Откройте файл , затем сохраните его .")
    assert pair == ("Open the file, then save it.", "Откройте файл, затем сохраните его.")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Delete <b>all</b> of the files?", "Удалить <b>все</b> файлы?"),
        ("Cannot open file %s for reading.", "Не удаётся открыть файл %s для чтения."),
        ("See https://example.org for more.", "Подробнее на https://example.org."),
        ("Use the --force option with care.", "Осторожно используйте параметр --force."),
        ("DELETE EVERYTHING NOW", "УДАЛИТЬ ВСЁ"),
        ("The council met on Monday.", "The council met on Monday."),
        ("The council met on Monday.", "Совет."),
        ("The council met.", "Совет собрался в понедельник и долго говорил о погоде и дорогах."),
        ("It sold 1,250 cars last year.", "В прошлом году было продано 1350 машин."),
        ("В понедельник собрался совет.", "Совет собрался в понедельник."),
        ("12 + 14", "12 + 14"),
        ("and so on " * (MOST_WORDS // 3 + 1), "и так далее " * (MOST_WORDS // 3 + 1)),
    ],
)
def test_what_is_not_worth_training_on_is_refused(source: str, target: str) -> None:
    assert cleaned(source, target) is None


@pytest.mark.parametrize(
    "target", ["Продано 1250 машин за год.", "Продано 1 250 машин за год.", "Продано 1.250 машин."]
)
def test_numbers_agree_whatever_parts_their_groups(target: str) -> None:
    assert cleaned("It sold 1,250 cars a year.", target) is not None


def test_short_english_is_refused_where_it_is_mostly_menus() -> None:
    assert cleaned("Save the file", "Сохранить файл", least_words=4) is None
    assert cleaned("Save the file", "Сохранить файл", least_words=3) is not None


def test_words_are_lower_case_and_without_numbers() -> None:
    assert words("The U.S. sold 12 well-known Cars") == [
        "the",
        "u",
        "s",
        "sold",
        "well-known",
        "cars",
    ]


def test_a_language_whose_script_is_unknown_is_an_error() -> None:
    with pytest.raises(KeyError):
        clean(Pair("One two.", "Eins zwei.", "here"), "de")
