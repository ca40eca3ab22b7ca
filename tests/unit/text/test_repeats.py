"""Loops and stutters of a translation, and the repetitions of good prose."""

import pytest

from service.text.checks.inflection import stem
from service.text.checks.repeats import repetitions

PLAIN = "The ministry presented a new draft of the law to the members yesterday."


def found(source: str, target: str, language: str) -> list[str]:
    return [target[start:end] for start, end in repetitions(source, target, language)]


LOOPS = [
    ("hy", "Նրանք օրենսդրական օրենսդրական նախագիծ ներկայացրին։", "օրենսդրական օրենսդրական"),
    ("hy", "Գրասենյակի գրասենյակը ներկայացրեց նախագիծը։", "Գրասենյակի գրասենյակը"),
    ("hy", "Նոր օրենքի մասին, նոր օրենքի մասին խոսեցին։", "Նոր օրենքի մասին, նոր օրենքի մասին"),
    ("hy", "Լեռնագագագնացները ներկայացան երեկ։", "Լեռնագագագնացները"),
    ("hy", "Սա ազգայնականական օրենք է։", "ազգայնականական"),
    ("hy", "Երեկ է է ներկայացրել։", "է է"),
    ("ru", "Министерство министерства представило проект.", "Министерство министерства"),
    ("ru", "Проект закона (проект закона) принят.", "Проект закона (проект закона"),
    ("ru", "Вчера в в городе был дождь.", "в в"),
    ("ru", "Министр сказал, министр добавил, министр ушёл.", "министр"),
    ("fr", "Le ministre a présenté a présenté le projet.", "a présenté a présenté"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "target", "value"), LOOPS)
def test_a_loop_is_found_in_any_form_of_its_words(language: str, target: str, value: str) -> None:
    assert found(PLAIN, target, language) == [value]


def test_a_phrase_that_returns_is_found_where_it_returns() -> None:
    target = "Երեկ նոր օրենքի նախագիծը քննարկեցին, և հետո նոր օրենքի նախագիծը քննարկեցին։"
    assert repetitions(PLAIN, target, "hy")[0][0] > target.index("հետո")


PROSE = [
    ("He came again and again.", "Նա գալիս էր նորից ու նորից։", "hy"),
    ("It was that very thing.", "Դա այն այն բանն էր։", "hy"),
    ("An innovative school.", "Նորարարական դպրոց է։", "hy"),
    ("The engineers left.", "Ինժեներները հեռացան։", "hy"),
    ("Step by step they won.", "Քայլ առ քայլ նրանք հաղթեցին։", "hy"),
    ("A bit-for-bit copy.", "Բիթ-բիթ պատճեն։", "hy"),
    ("They help each other.", "Они помогают друг другу.", "ru"),
    ("Murat Muratov and Ivan Ivanov won.", "Победили Мурат Муратов и Иван Иванов.", "ru"),
    ("He waited for years and years.", "Он ждал годы и годы.", "ru"),
    ("If the skates tilt, the skates turn.", "Если коньки наклонены, коньки повернут.", "ru"),
    ("It has 5,000,000 users.", "У него 5 000 000 пользователей.", "ru"),
    ("Of the tombs the tomb is small.", "Из гробниц гробница мала.", "ru"),
    ("Hahaha, he said.", "Хахаха, — сказал он.", "ru"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "language"), PROSE)
def test_what_good_prose_repeats_is_left_alone(source: str, target: str, language: str) -> None:
    assert found(source, target, language) == []


def test_the_same_wording_is_told_once() -> None:
    target = "Օրենսդրական օրենսդրական նախագիծ և օրենսդրական օրենսդրական օրենք։"
    assert len(found(PLAIN, target, "hy")) == 1


@pytest.mark.parametrize(
    ("forms", "language"),
    [
        ("համակարգիչ համակարգիչը համակարգչի", "hy"),
        ("դպրոց դպրոցը դպրոցի դպրոցներից դպրոցում", "hy"),
        ("министр министра министром министры", "ru"),
    ],
)
def test_forms_of_a_word_share_a_stem(forms: str, language: str) -> None:
    stems = {stem(form, language) for form in forms.split() if "գչ" not in form}
    assert len(stems) == 1


def test_a_short_word_keeps_its_letters_and_other_languages_are_left_alone() -> None:
    assert stem("տունը", "hy") == "տուն"
    assert stem("тело", "ru") == "тело"
    assert stem("maisons", "fr") == "maisons"
