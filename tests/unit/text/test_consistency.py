from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.consistency import inconsistent
from service.text.transliteration import likeness
from tests.unit.text.strategies import texts


def _found(language: str, *pairs: tuple[str, str]) -> list[tuple[int, str]]:
    return [(index, f.value) for index, f in inconsistent(pairs, ("en", language))]


FIRST_HY = ("The mayor, Helmut Brandauer, spoke.", "Խոսեց քաղաքապետ Հելմուտ Բրանդաուերը։")
FIRST_RU = ("The mayor, Helmut Brandauer, spoke.", "Выступил мэр Хельмут Брандауэр.")
LATER = "Later Brandauer went home."


@pytest.mark.parametrize(
    ("language", "first", "later", "found"),
    [
        ("hy", FIRST_HY, "Հետո Բրանդաուերը գնաց տուն։", []),
        ("hy", FIRST_HY, "Հետո Բրանդաուե՛րն էլ գնաց տուն։", []),
        ("hy", FIRST_HY, "Բրանդաուերի գնալը հետո էր։", []),
        ("hy", FIRST_HY, "Հետո նա գնաց տուն։", []),
        ("hy", FIRST_HY, "Հետո Պետրոսյանը գնաց տուն։", []),
        ("hy", FIRST_HY, "Հետո Բրենդուերը գնաց տուն։", ["Brandauer"]),
        ("hy", FIRST_HY, "Հետո Brandauer-ը գնաց տուն։", ["Brandauer"]),
        ("ru", FIRST_RU, "Потом Брандауэра отвезли домой.", []),
        ("ru", FIRST_RU, "Потом с Брандауэром говорили.", []),
        ("ru", FIRST_RU, "Потом он пошёл домой.", []),
        ("ru", FIRST_RU, "Потом Брэндойер пошёл домой.", ["Brandauer"]),
        ("ru", FIRST_RU, "Потом Brandauer пошёл домой.", ["Brandauer"]),
        ("fr", ("Brandauer spoke.", "Brandauer a parlé."), "Branduer est parti.", []),
    ],
)  # fmt: skip
def test_a_name_is_called_as_in_its_first_segment(
    language: str, first: tuple[str, str], later: str, found: list[str]
) -> None:
    assert _found(language, first, (LATER, later)) == [(1, value) for value in found]


@pytest.mark.parametrize(
    "pairs",
    [
        # translated, not transliterated
        [("He left Germany.", "Նա լքեց Գերմանիան։"), ("In Germany he sang.", "Նա երգեց այնտեղ։")],
        # another word of the first segment sounds like the name only by chance
        [("He met Oleg Tamm.", "Նա հանդիպեց Վազգենին։"), ("Tamm left.", "Թամը գնաց։")],
        # an adjective made of the name
        [("He left Ravenstadt.", "Նա լքեց Ռավենշտադը։"),
         ("A Ravenstadt club", "Ռավենշտադյան ակումբ")],
        # a title that was left as it is
        [("He left Ravenstadt.", "Նա լքեց Ռավենշտադը։"),
         ("The Ravenstadt Morning Star wrote", "Գրեց Ravenstadt Morning Star-ը։")],
        # two names alike
        [("Dravik met Dravika.", "Դրավիկը հանդիպեց Դրավիկային։"), ("Dravik left.", "Նա գնաց։")],
    ],
)  # fmt: skip
def test_what_is_not_sure_is_not_said(pairs: list[tuple[str, str]]) -> None:
    assert _found("hy", *pairs) == []


def test_a_name_is_followed_from_where_its_rendering_is_known() -> None:
    pairs = [
        ("Talks with Ravenstadt", "Բանակցություններ"),
        ("He left Ravenstadt.", "Նա լքեց Ռավենշտադը։"),
        ("Snow fell.", "Ձյուն եկավ։"),
        ("Ravenstadt won.", "Ռեյվենստադը հաղթեց։"),
    ]
    ((index, finding),) = inconsistent(pairs, ("en", "hy"))
    assert index == 3
    assert finding.code == "name_inconsistent"
    assert finding.value == "Ravenstadt"
    assert finding.message.endswith("segment 1")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Shakespeare", "Շեքսպիրի"),
        ("Churchill", "Չերչիլը"),
        ("Washington", "Վաշինգտոնում"),
        ("Michael", "Մայքլը"),
        ("Petrosyan", "Պետրոսյանից"),
        ("Zhukov", "Жукова"),
        ("Kharkiv", "Харьков"),
        ("Phillips", "Филлипсом"),
        ("Johnson", "Джонсону"),
        ("Brown", "Браун"),
    ],
)
def test_a_name_is_like_its_transliteration(name: str, word: str) -> None:
    assert likeness(name, word) > 0.6


@pytest.mark.parametrize(
    ("name", "word"),
    [("Washington", "Պետրոսյան"), ("Brown", "Москва"), ("Michael", "Սառա"), ("Zhukov", "Меркель")],
)
def test_a_name_is_unlike_other_names(name: str, word: str) -> None:
    assert likeness(name, word) < 0.5


@given(st.lists(st.tuples(texts, texts), max_size=4), st.sampled_from(["hy", "ru", "fr"]))
def test_any_texts_are_accepted(pairs: list[tuple[str, str]], language: str) -> None:
    for index, finding in inconsistent(pairs * 2, ("en", language)):
        assert finding.value in pairs[index % len(pairs)][0]


def test_documents_full_of_names_take_bounded_time() -> None:
    letters = "abdegiklmnoprstuvz"
    made = [f"{a}{b}{c}ansko".title() for a in letters for b in letters for c in letters]
    lines = [" ".join(made[at : at + 20]) for at in range(0, len(made), 20)]
    target = " ".join("Բան" + "ադեզ"[i % 4] + "կլմնրս"[i % 6] * (i % 7) for i in range(30))
    began = process_time()
    inconsistent([(f"we saw {line}", target) for line in lines * 2], ("en", "hy"))
    assert process_time() - began < 20
