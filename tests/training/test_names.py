"""What counts as a name, and that names reach a training as an origin of their own."""

import pytest

from training.cleaning import Pair
from training.names import is_name, ordinary_words
from training.origins import NAMES
from training.selection import select

SENTENCE = Pair(
    "He has to save the file in another folder, or it is lost.",
    "Ему нужно сохранить файл в другой папке, иначе он пропадёт.",
    "debian-mo",
)


def of(source: str, target: str, origin: str = "debian-mo") -> Pair:
    return Pair(source, target, origin)


@pytest.mark.parametrize(
    ("source", "target"),
    [("Yerevan", "Ереван"), ("Johnson City", "Джонсон-Сити"), ("Mont-Tremblant", "Мон-Тремблан")],
)
def test_names_of_places_and_people_are_names(source: str, target: str) -> None:
    assert is_name(of(source, target), "ru", {"save"})


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Save", "Сохранить"),  # an ordinary word
        ("Save Yerevan", "Спасите Ереван"),
        ("Akan", "акан"),  # no capital
        ("Armenian", "Армянский"),  # small in a text
        ("Armenian Dram", "Армянский драм"),
        ("Liberec", "Город Либерец"),  # another number of words
        ("Firefox", "Firefox"),
        ("Yerevan.", "Ереван."),
        ("YEREVAN", "ЕРЕВАН"),
    ],
)
def test_all_else_is_none(source: str, target: str) -> None:
    assert not is_name(of(source, target), "ru", {"save"})


def test_armenian_names() -> None:
    assert is_name(of("Yerevan", "Երևան"), "hy", set())
    assert not is_name(of("Armenian", "Հայերեն"), "hy", set())


def test_a_word_is_ordinary_where_it_is_written_small() -> None:
    assert ordinary_words(["Save it in Yerevan."]) == {"it", "in"}


def test_a_training_takes_names_of_origins_that_have_them_before_the_strings() -> None:
    yerevan, save = of("Yerevan", "Ереван"), of("Save", "Сохранить")
    elsewhere = of("Gyumri", "Гюмри", "tech-docs")
    chosen = select([SENTENCE, save, yerevan, elsewhere], "ru")
    assert [(p.source, p.origin) for p in chosen] == [
        ("Yerevan", NAMES),
        (SENTENCE.source, "debian-mo"),
    ]
    assert NAMES not in [p.origin for p in select([SENTENCE, yerevan], "ru", without=[NAMES])]
