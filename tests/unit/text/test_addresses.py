"""URLs, e-mail addresses, handles and hashtags: what is one, and whether it came back."""

from time import process_time

import pytest

from service.text.checks.addresses import addresses, lost_addresses, without_addresses

FOUND = [
    ("See https://example.org/a_(b)?c=d&e=f#g.", ["https://example.org/a_(b)?c=d&e=f#g"]),
    ("(http://example.org/path)", ["http://example.org/path"]),
    ("Go to www.example.am, please", ["www.example.am"]),
    ("Go to news.example.co.uk/world today", ["news.example.co.uk/world"]),
    ("Mail first.last+tag@mail.example.org!", ["first.last+tag@mail.example.org"]),
    ("mailto:me@example.org", ["mailto:me@example.org"]),
    ("@lur_news and #հայաստան, #новости", ["@lur_news", "#հայաստան", "#новости"]),
    ("C# is #1, not @ 5 or a@b", []),
    ("Amazon.com grew; at 10 a.m. he left the U.S. for good.", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_addresses_are_found_without_the_punctuation_around_them(
    text: str, expected: list[str]
) -> None:
    assert addresses(text) == expected


KEPT = [
    ("Read https://a.am/news.", "Կարդացեք https://a.am/news։"),
    ("Read https://a.am/news.", "Կարդացեք «https://a.am/news»-ը։"),
    ("On example.org they say", "example.org-ում ասում են"),
    ("Write to me@a.am", "Пишите на me@a.am, пожалуйста"),
    ("By @lur_news", "@lur_news-ի կողմից"),
    ("No address", "Հասցե չկա"),
]


@pytest.mark.parametrize(("source", "target"), KEPT)
def test_an_address_may_be_followed_by_punctuation_or_a_hyphened_ending(
    source: str, target: str
) -> None:
    assert lost_addresses(source, target) == []


LOST = [
    ("Read https://a.am/news.", "Կարդացեք ավելին։", "https://a.am/news"),
    ("Read https://a.am/news.", "Կարդացեք https://a.am/News։", "https://a.am/news"),
    ("Read https://a.am/news.", "Կարդացեք https://a.am/news/2։", "https://a.am/news"),
    ("Read https://a.am.", "Կարդացեք https://a.am.org։", "https://a.am"),
    ("Write to me@a.am", "Пишите на some@a.am", "me@a.am"),
    ("Tag #spring", "Тег #весна", "#spring"),
    ("Ask @lur", "Спросите @lurры", "@lur"),
    ("Ask @lur or @lur", "Спросите @lur", "@lur"),
]


@pytest.mark.parametrize(("source", "target", "address"), LOST)
def test_an_address_that_is_changed_or_gone_is_lost(source: str, target: str, address: str) -> None:
    assert lost_addresses(source, target) == [address]


def test_addresses_are_blanked_in_place() -> None:
    text = "a https://a.am/b c"
    assert without_addresses(text) == "a " + " " * 14 + " c"


def test_a_run_of_closing_brackets_behind_an_address_is_read_once() -> None:
    started = process_time()
    assert addresses("http://a.am/" + ")" * 400_000) == ["http://a.am/"]
    assert process_time() - started < 1


def test_a_bracket_that_opens_in_the_address_closes_in_it() -> None:
    assert addresses("See http://a.am/b_(c)).") == ["http://a.am/b_(c))"]
    assert addresses("(see http://a.am/b)).") == ["http://a.am/b"]
