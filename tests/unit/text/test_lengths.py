"""The length of a translation against that of its source."""

import pytest

from service.text.checks.lengths import deviation, is_too_long, is_too_short

HY = ("en", "hy")


def test_the_deviation_is_the_delta_of_gale_and_church() -> None:
    # (l2 - l1 c) / sqrt(l1 s²) with c = 1.115 and s² = 3.17 for Armenian.
    assert deviation("x" * 100, "x" * 130, HY) == pytest.approx((130 - 111.5) / (317**0.5))
    assert deviation("x" * 100, "x" * 111, HY) == pytest.approx(0, abs=0.05)


def test_a_long_sentence_has_a_spread_that_grows_with_it() -> None:
    short = deviation("x" * 250, "x" * 200, HY)
    assert deviation("x" * 2_500, "x" * 2_000, HY) == pytest.approx(short)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("UN", "Միավորված ազգերի կազմակերպություն"),
        ("United Nations Organization", "ՄԱԿ"),
        ("Yes.", "Այո։"),
        ("Good morning, ladies and gentlemen!", "Բարի լույս, տիկնայք և պարոնայք"),
    ],
)
def test_short_texts_have_slack(source: str, target: str) -> None:
    assert not is_too_short(source, target, HY)
    assert not is_too_long(source, target, HY)


def test_a_target_that_stops_without_a_full_stop_is_sooner_too_short() -> None:
    source = "x" * 99 + "."
    target = "y" * 80
    assert is_too_short(source, target, HY)
    assert not is_too_short(source, target + "։", HY)
    assert not is_too_short("x" * 100, target, HY)


@pytest.mark.parametrize("languages", [HY, ("en", "ru"), ("en", "fr")])
def test_nothing_is_too_short_for_words_but_not_for_none(languages: tuple[str, str]) -> None:
    assert is_too_short("Yes.", "", languages)
    assert is_too_short("Yes.", "։", languages)
    assert not is_too_short("...", "", languages)


def test_other_pairs_have_wide_bounds_and_ideographs_weigh_more() -> None:
    source = "x" * 200
    assert not is_too_short(source, "y" * 110, ("en", "fr"))
    assert is_too_short(source, "y" * 40, ("en", "fr"))
    assert not is_too_short(source, "字" * 60, ("en", "zh"))
    assert not is_too_long(source, "y" * 350, ("en", "fr"))
    assert is_too_long(source, "y" * 700, ("en", "fr"))
