import pytest
from hypothesis import given

from service.text.alignment import Carrier, Link, linked, relinked
from service.text.normalize import normalize
from service.text.typography import typeset
from tests.unit.text.strategies import texts


@pytest.mark.parametrize(
    ("before", "after", "word", "found"),
    [
        ("a “word”, then", 'a "word," then', "word", "word"),
        ("Նա եւ ես", "Նա և ես", "ես", "ես"),
        ("Նա եւ ես", "Նա և ես", "Նա", "Նա"),
        ("100,000 men", "100\xa0000 men", "100,000", "100\xa0000"),
        ("2.5 %", "2,5 %", "%", "%"),
        ("Ինչ է դա?", "Ի՞նչ է դա։", "Ինչ", "Ի՞նչ"),
        ("one two", "one x two", "two", "two"),
        ("… !", "…!", "!", None),
    ],
)
def test_words_are_found_again(before: str, after: str, word: str, found: str | None) -> None:
    start = before.index(word)
    place = Carrier(before, after).carried(start, start + len(word))
    assert (after[slice(*place)] if place else None) == found


@given(texts)
def test_in_the_same_text_every_letter_is_where_it_is(text: str) -> None:
    carrier = Carrier(text, text)
    for place, character in enumerate(text):
        if character.isalnum():
            assert carrier.carried(place, place + 1) == (place, place + 1)


@given(texts)
def test_places_keep_their_order(text: str) -> None:
    for after in (normalize(text), typeset(text, "hy", text)):
        carrier = Carrier(text, after)
        found = [place for i in range(len(text)) if (place := carrier.carried(i, i + 1))]
        assert found == sorted(found)
        assert all(0 <= start < end <= len(after) for start, end in found)


def test_tokens_are_tied_to_the_characters_that_they_are() -> None:
    links = list(
        linked(
            "Le ministre parle.",
            ["▁Le", "▁minis", "tre", "▁parle", "."],
            [[(1, 255)], [(2, 204), (3, 51)], [(2, 255)], [(3, 255)], [(4, 255)]],
            "The minister speaks.",
            [">>fra<<", "▁The", "▁minister", "▁speaks", ".", "</s>"],
        )
    )
    assert links == [
        Link(0, 2, 0, 3, 1.0),
        Link(3, 8, 4, 12, 0.8),
        Link(3, 8, 13, 19, 0.2),
        Link(8, 11, 4, 12, 1.0),
        Link(12, 17, 13, 19, 1.0),
    ]
    carrier = Carrier("Le ministre parle.", "« Le ministre » parle !")
    assert next(relinked(links, carrier)) == Link(2, 4, 0, 3, 1.0)
