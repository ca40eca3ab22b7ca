"""Comparing a sentence with its translation: all checks together, and what they promise."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.checks import CODES, HARD, WEIGHTS, check, failures
from service.text.finding import Finding
from tests.unit.text.strategies import texts

HY = ("en", "hy")
RU = ("en", "ru")
PAIRS = st.sampled_from([HY, RU, ("en", "fr"), ("de", "zh"), ("", "")])


def codes(source: str, target: str, languages: tuple[str, str]) -> set[str]:
    return {finding.code for finding in check(source, target, languages)}


BRIDGE = "The mayor opened the new bridge on Monday."
GOOD = [
    (HY, BRIDGE, "Քաղաքապետը երկուշաբթի օրը բացեց նոր կամուրջը։"),
    (HY, "NATO and the EU met in Brussels.", "ՆԱՏՕ-ն և ԵՄ-ն հանդիպեցին Բրյուսելում։"),
    (HY, "Apple showed the new iPhone.", "Apple-ը ներկայացրեց նոր iPhone-ը։"),
    (HY, "Write to press@example.org today.", "Այսօր գրեք press@example.org-ին։"),
    (HY, "They sang again and again.", "Նրանք նորից ու նորից երգում էին։"),
    (RU, BRIDGE, "Мэр открыл новый мост в понедельник."),
    (RU, "The B-52 flew over Area 51.", "B-52 пролетел над Зоной 51."),
    (RU, "Thousands and thousands of people came.", "Пришли тысячи и тысячи людей."),
    (RU, "The speed was 90 km/h, said the BBC.", "Скорость составляла 90 км/ч, сообщила BBC."),
    (("en", "fr"), BRIDGE, "Le maire a inauguré le nouveau pont lundi."),
]


@pytest.mark.parametrize(("languages", "source", "target"), GOOD)
def test_good_translations_have_no_findings(
    languages: tuple[str, str], source: str, target: str
) -> None:
    assert check(source, target, languages) == []


LINK = "https://example.org/a?b=1"
BAD = [
    ("number_lost", HY, "The fire killed 14 men.", "Հրդեհը տղամարդիկ սպանեց։", "14"),
    ("number_added", RU, "The fire destroyed the mill.", "Пожар уничтожил 25 мельниц.", "25"),
    ("url_lost", HY, f"Read {LINK}.", f"Կարդացեք {LINK}0։", LINK),
    ("repetition", RU, "They chose the plan.", "Они выбрали выбрали план.", "выбрали выбрали"),
    ("untranslated", HY, "He runs a small bakery.", "Նա ունի small bakery։", "small bakery"),
    ("unknown_characters", RU, "He said yes.", "Он сказал ⁇ да.", "⁇"),
]


@pytest.mark.parametrize(("code", "languages", "source", "target", "value"), BAD)
def test_a_fault_is_found_and_named(
    code: str, languages: tuple[str, str], source: str, target: str, value: str
) -> None:
    assert (code, value) in {
        (found.code, found.value) for found in check(source, target, languages)
    }


LONG = (
    "The council decided on Friday to close the old market hall for two years, because the roof"
    " leaks and the traders had complained about the cold since the autumn."
)


@pytest.mark.parametrize("languages", [HY, RU])
def test_a_dropped_rest_is_too_short_and_a_run_away_too_long(languages: tuple[str, str]) -> None:
    whole = {
        HY: "Խորհուրդն ուրբաթ օրը որոշեց երկու տարով փակել հին շուկայի շենքը, քանի որ տանիքից ջուր"
        " է կաթում, իսկ վաճառողներն աշնանից ի վեր բողոքում էին ցրտից։",
        RU: "Совет в пятницу решил закрыть старый крытый рынок на два года, потому что крыша течёт,"
        " а торговцы с осени жаловались на холод.",
    }[languages]
    assert codes(LONG, whole, languages) == set()
    assert "too_short" in codes(LONG, whole[: len(whole) // 2], languages)
    assert "too_long" in codes(LONG, whole * 3, languages)
    [finding] = [found for found in check(LONG, "Այո։", languages) if found.code == "too_short"]
    assert finding.value == f"4 characters for {len(LONG)}"


def test_findings_come_in_the_order_of_the_codes_and_have_a_plain_message() -> None:
    found = check("Pay 300 dollars at https://example.org.", "Pay now now ⁇ 7", HY)
    places = [CODES.index(finding.code) for finding in found]
    assert places == sorted(places)
    assert len(places) >= 4
    assert all(finding.message.endswith(".") for finding in found)


def test_a_copy_of_the_source_is_worse_than_a_translation_with_a_fault() -> None:
    copied = failures(check(LONG, LONG, HY))
    flawed = failures(check("He has 300 sheep.", "Նա ոչխարներ ունի։", HY))
    assert copied > flawed > failures([]) == 0


def test_every_code_has_a_weight_and_hard_ones_are_codes() -> None:
    assert set(WEIGHTS) == set(CODES)
    assert set(CODES) >= HARD
    assert failures([Finding("of_another_check", "x", "It is odd.")]) == 1


@given(source=texts, target=texts, languages=PAIRS)
def test_any_two_texts_can_be_compared(
    source: str, target: str, languages: tuple[str, str]
) -> None:
    for finding in check(source, target, languages):
        assert finding.code in CODES
        assert len(finding.value) <= 60


def test_many_different_addresses_and_scraps_stay_cheap() -> None:
    source = " ".join(f"@user{number}" for number in range(8_000))
    target = " ".join(f"աb{number}" for number in range(8_000))
    started = process_time()
    found = check(source, target, HY)
    assert process_time() - started < 20
    assert sum(finding.code == "url_lost" for finding in found) == 8
