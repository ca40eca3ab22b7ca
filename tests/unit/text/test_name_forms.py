import pytest

from service.text.names.forms import country, expansions, family, is_place, known_phrases


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("armenia", "armenian"), ("armenia", "armenians"), ("netherlands", "dutch"),
        ("france", "french"), ("france", "frenchman"), ("us", "americans"), ("uk", "british"),
        ("denmark", "danes"), ("september", "sept"), ("saturday", "sat"), ("islam", "islamist"),
        ("kyiv", "kiev"), ("switzerland", "swiss"), ("philippines", "filipino"),
    ],
)  # fmt: skip
def test_forms_of_one_name_are_of_one_family(one: str, other: str) -> None:
    assert family(one) & family(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("iran", "iraq"), ("austria", "australia"), ("niger", "nigeria"), ("lavrov", "lavrovs"),
     ("slovakia", "slovenia"), ("june", "july"), ("guinea", "guyana")],
)  # fmt: skip
def test_names_that_only_look_alike_are_not(one: str, other: str) -> None:
    assert not family(one) & family(other)


def test_a_capital_stands_for_its_country_and_not_the_other_way_round() -> None:
    assert country("tallinn") == {"estonia"}
    assert not country("estonia")


@pytest.mark.parametrize("word", ["georgia", "georgians", "swiss"])
def test_countries_and_peoples_are_places(word: str) -> None:
    assert is_place(word)


def test_a_word_of_no_table_is_its_own_family_and_no_place() -> None:
    assert family("zolotov") == {"zolotov"}
    assert not is_place("zolotov")
    assert not expansions("zolotov")


def test_every_phrase_leads_to_its_acronym_and_back() -> None:
    assert known_phrases()["european union"] == "eu"
    for phrase, acronym in known_phrases().items():
        assert phrase in expansions(acronym)
