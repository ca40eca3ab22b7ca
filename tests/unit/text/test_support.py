import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.text.support import support

ARTICLE = [
    "The road between Ijevan and Noyemberyan will reopen in May.",
    "It was closed after a landslide destroyed 2 bridges in 2019.",
    "The repair costs 46 million euros.",
    "Yerevan pays 17 million euros and the rest comes from a loan.",
    "Drivers on the road welcomed the news.",
]
vocabulary = st.sampled_from(["road", "bridge", "euro", "Ijevan", "46", "the", "was", "reopen,"])
sentence_lists = st.lists(st.lists(vocabulary, max_size=6).map(" ".join), max_size=12)


def test_the_sentence_with_the_rare_words_is_the_source() -> None:
    assert support(["A landslide had destroyed the bridges."], ARTICLE) == [[1]]


def test_a_number_alone_finds_its_sentence() -> None:
    assert support(["The bill is 46."], ARTICLE) == [[2]]


@pytest.mark.parametrize(
    ("written", "read"),
    [("100,000", "100000"), ("Baku’s", "Baku"), ("votes", "voting"), ("companies", "company")],
)
def test_forms_of_a_word_are_the_same_word(written: str, read: str) -> None:
    assert support([f"x {read}"], ["Nothing here.", f"Zeta {written} gamma"]) == [[1]]


def test_a_second_source_is_given_when_it_explains_the_rest() -> None:
    summary = ["The road shut by a landslide reopens in May at a cost of 46 million euros."]
    assert support(summary, ARTICLE) in ([[0, 2]], [[1, 2]])


def test_sources_come_in_the_order_of_the_text() -> None:
    summary = ["Yerevan pays 17 million from a loan for the landslide that destroyed bridges."]
    assert support(summary, ARTICLE) == [[1, 3]]


def test_no_second_source_where_the_first_explains_everything() -> None:
    assert support([ARTICLE[3]], ARTICLE) == [[3]]


def test_no_second_source_for_a_single_further_word() -> None:
    source = ["Millers, bakers, carters and coopers came to town.", "Weavers stayed."]
    assert support(["Millers, bakers, carters, coopers and weavers came."], source) == [[0]]


def test_one_rare_word_outweighs_two_common_ones() -> None:
    source = [f"The mill road village {n}." for n in range(6)] + ["A harbour."]
    assert support(["A harbour on the mill road."], source) == [[6]]


def test_nothing_in_common_has_no_source() -> None:
    assert support(["Elephants swim.", "", "It was the one."], ARTICLE) == [[], [], []]


def test_of_equal_sentences_the_first_wins() -> None:
    assert support(["Rain fell."], ["Wind blew.", "Rain fell.", "Rain fell."]) == [[1]]


def test_of_two_that_explain_the_same_the_plainer_wins() -> None:
    source = ["Rain fell while a brass band played marches near harbour cranes.", "Rain fell."]
    assert support(["Rain fell."], source) == [[1]]


def test_one_sentence_supports_itself() -> None:
    assert support(["Rain fell."], ["Rain fell."]) == [[0]]


@pytest.mark.parametrize("max_sources", [0, 1, 3])
def test_at_most_so_many_sources(max_sources: int) -> None:
    found = support([" ".join(ARTICLE)], ARTICLE, max_sources)
    assert len(found[0]) == max_sources


@settings(deadline=None)
@given(sentence_lists, sentence_lists)
def test_sources_are_sorted_distinct_indices_one_list_per_sentence(
    summary: list[str], source: list[str]
) -> None:
    found = support(summary, source)
    assert len(found) == len(summary)
    for indices in found:
        assert indices == sorted(set(indices))
        assert all(0 <= index < len(source) for index in indices)


@settings(deadline=None)
@given(sentence_lists)
def test_a_copied_sentence_is_supported_by_itself_or_its_twin(source: list[str]) -> None:
    for sentence, indices in zip(source, support(source, source), strict=True):
        if indices:
            assert set(sentence.casefold().split()) & set(source[indices[0]].casefold().split())


def test_thousands_of_sentences_are_compared_through_the_index() -> None:
    source = [f"Village {n} has {n * 7} houses and a mill." for n in range(5000)]
    summary = [f"There are {n * 7} houses in village {n}." for n in range(1, 51)]
    assert [found[0] for found in support(summary, source)] == list(range(1, 51))
