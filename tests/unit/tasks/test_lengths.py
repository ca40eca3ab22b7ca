from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engines.base import Decoding
from service.tasks.lengths import SHARES, TOLERANCE, Bounds, Length, Line, choose, shortfall

T5 = Decoding(min_tokens=30, max_tokens=120)
LENGTHS: tuple[Length, ...] = ("short", "medium", "long")


def bounds(goal: int = 100, **ceilings: int | None) -> Bounds:
    least, most = round(goal * (1 - TOLERANCE)), round(goal * (1 + TOLERANCE))
    sought = (round(goal * 0.75), round(goal * 1.25))
    return Bounds(goal, least, most, sought, 100_000, **ceilings)


def lines(*tokens: int, name: str = "a") -> list[Line]:
    """Sentences of so many tokens, with half as many words, that have nothing in common."""
    return [
        Line(f"{name}{i}", size, (size + 1) // 2, frozenset({f"{name}{i}"}))
        for i, size in enumerate(tokens)
    ]


def texts(found: Sequence[Line]) -> str:
    return " ".join(line.text for line in found)


class TestBounds:
    @pytest.mark.parametrize(
        ("length", "tokens", "goal"),
        [
            ("short", 200, 30),
            ("short", 500, 50),
            ("medium", 500, 100),
            ("long", 200, 70),
            ("long", 500, 120),
            ("short", 50_000, 120),
        ],
    )
    def test_the_goal_is_a_share_within_the_models_own_bounds(
        self, length: Length, tokens: int, goal: int
    ) -> None:
        found = Bounds.of("word " * tokens, tokens, length, T5)
        assert (found.goal, found.least, found.most) == (goal, goal / 2, goal * 3 / 2)

    def test_a_ceiling_in_words_lowers_the_goal_by_the_articles_own_tokens_a_word(self) -> None:
        found = Bounds.of("word " * 400, 600, "long", T5, max_words=20)
        assert (found.goal, found.least, found.most) == (30, 15, 45)

    def test_a_summary_has_fewer_tokens_than_its_article(self) -> None:
        assert Bounds.of("word " * 30, 40, "long", T5).most == 39

    @given(
        st.integers(1, 30_000),
        st.integers(0, 80),
        st.integers(1, 200),
        st.none() | st.integers(5, 2000),
    )
    def test_goals_are_in_order_and_bounds_do_not_cross(
        self, tokens: int, least: int, more: int, max_words: int | None
    ) -> None:
        own = Decoding(min_tokens=least, max_tokens=least + more)
        found = [Bounds.of("w " * tokens, tokens, n, own, None, max_words) for n in LENGTHS]
        goals = [each.goal for each in found]
        assert goals == sorted(goals)
        assert goals[-1] <= own.max_tokens
        assert all(each.least <= each.most < tokens for each in found)

    def test_only_a_long_summary_is_filled_up_and_only_a_short_one_shortened_within_the_tolerance(
        self,
    ) -> None:
        found = {n: Bounds.of("word " * 340, 340, n, T5) for n in LENGTHS}
        said = lines(30, 16)
        kept = {n: sum(x.tokens for x in choose(said, [], found[n])) for n in LENGTHS}
        assert kept == {"short": 30, "medium": 46, "long": 46}
        more = lines(40, name="m")
        filled = {n: texts(choose(lines(40), more, found[n])) for n in LENGTHS}
        assert filled == {"short": "a0", "medium": "a0", "long": "a0 m0"}

    def test_shares_are_those_of_the_contract(self) -> None:
        assert SHARES == {"short": 0.10, "medium": 0.20, "long": 0.35}


class TestMet:
    @pytest.mark.parametrize(
        ("tokens", "ceilings", "met"),
        [
            ((50,), {}, True),
            ((49,), {}, False),
            ((75, 75), {}, True),
            ((75, 76), {}, False),
            ((10,), {"max_sentences": 1}, True),
            ((60, 20), {"max_sentences": 1}, False),
            ((60,), {"max_words": 30}, True),
            ((62,), {"max_words": 30}, False),
            ((), {}, False),
        ],
    )
    def test_it_is_met_between_both_tolerances_and_under_the_ceilings(
        self, tokens: tuple[int, ...], ceilings: dict[str, int], met: bool
    ) -> None:
        found = lines(*tokens)
        assert bounds(**ceilings).are_met(found) is met
        assert (shortfall(found, bounds(**ceilings)) is None) is met

    def test_a_summary_with_more_characters_than_its_article_is_not(self) -> None:
        assert not Bounds(100, 50, 150, (75, 125), max_characters=4).are_met(lines(50, 50))
        assert Bounds(100, 50, 150, (75, 125), max_characters=5).are_met(lines(50, 50))

    @pytest.mark.parametrize(
        ("tokens", "ceilings", "lacking"),
        [
            ((60,), {}, 40),
            ((80,), {}, 0),
            ((60, 60), {}, 0),
            ((60,), {"max_sentences": 1}, 0),
            ((), {}, 100),
        ],
    )
    def test_what_is_lacking_is_what_would_reach_the_goal(
        self, tokens: tuple[int, ...], ceilings: dict[str, int], lacking: int
    ) -> None:
        assert bounds(**ceilings).lacks(lines(*tokens)) == lacking


class TestChoose:
    @pytest.mark.parametrize(
        ("said", "more", "kept"),
        [
            ((40, 40, 40, 40), (), "a0 a1 a2"),
            ((60, 60, 60), (), "a0 a1"),
            ((90, 60), (), "a0"),
            ((40,), (20, 30, 50), "a0 m0 m1"),
            ((60,), (40,), "a0 m0"),
            ((80,), (20,), "a0"),
            ((40,), (200, 30, 50), "a0 m1 m2"),
            ((160, 40, 50), (), "a1 a2"),
            ((30, 140, 40), (), "a0 a2"),
            ((), (60, 30), "m0 m1"),
            ((160,), (80,), "m0"),
            ((10,), (), "a0"),
            ((160,), (170,), "a0"),
            ((), (), ""),
        ],
    )
    def test_leading_sentences_then_others_as_near_the_goal_as_can_be(
        self, said: tuple[int, ...], more: tuple[int, ...], kept: str
    ) -> None:
        found = choose(lines(*said), lines(*more, name="m"), bounds())
        assert texts(found) == kept

    def test_the_shortest_is_kept_where_none_is_under_the_ceiling_in_words(self) -> None:
        limits = bounds(10, max_words=5)
        found = choose(lines(40, 22), lines(14, 18, name="m"), limits)
        assert texts(found) == "m0"
        caution = shortfall(found, limits)
        assert caution is not None
        assert (caution.code, caution.value) == ("length_not_reached", "5")

    def test_over_the_ceiling_a_sentence_is_better_than_a_shorter_line_without_an_end(self) -> None:
        limits = bounds(10, max_words=5)
        ended = Line("It ended.", 22, 11, frozenset({"end"}))
        assert choose([], [*lines(14, name="heading"), ended], limits) == [ended]

    def test_nothing_is_said_twice(self) -> None:
        same = Line("again", 30, 15, frozenset({"a0"}))
        found = choose([*lines(30), same], [same, *lines(40, name="m")], bounds())
        assert texts(found) == "a0 m0"

    sizes = st.lists(st.integers(1, 90), max_size=12)

    @given(
        sizes,
        sizes,
        st.integers(10, 120),
        st.none() | st.integers(1, 5),
        st.none() | st.integers(5, 90),
    )
    def test_a_length_that_is_met_is_reported_so_and_nothing_passes_a_ceiling_for_another(
        self, said, more, goal: int, max_sentences: int | None, max_words: int | None
    ) -> None:
        limits = bounds(goal, max_sentences=max_sentences, max_words=max_words)
        offered = [*lines(*said), *lines(*more, name="m")]
        found = choose(offered[: len(said)], offered[len(said) :], limits)
        assert bool(found) == bool(offered)
        places = [offered.index(line) for line in found]
        assert places == sorted(set(places))
        assert len(found) <= (max_sentences or len(found))
        words = sum(line.words for line in found)
        fits = [line for line in offered if line.words <= (max_words or line.words)]
        if fits and max_words is not None:
            assert words <= max_words
        if any(limits.are_met([line]) for line in offered[:1]):
            assert limits.are_met(found)
