"""What every language's typography promises: names, idempotence, digits, addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.typography import CLASSICAL, RULES, Rule, Typography, typeset
from tests.unit.text.strategies import texts

EVERYTHING = Typography(frozenset(RULES))
PIECES = [
    "նա", "եւ", "Եւ", "ինչ", "Որտեղ", "տունը", "թե", "ու", "ւ", "ն", "թ.", "ՄԱԿ", "ին", "այլն",
    "եվ", "он", "В", "Ереван", "мы", "№", "NASA", "o", "h", "No.", "a.am", "x@y.am", "10:30",
    "100,000", "1.5", "5", "%", "2", ".", ",", ":", "։", "՝", "՞", "՛", "՜", "!", "?", "...",
    "…", "․․․", ";", "-", "–", "—", "--", "«", "»", "„", "“", "”", '"', "'", "`", "´", "(", ")",
    " ", "  ", "\n", "\xa0", "\ue000", "&#39;", "#tag", "@me",
    ":)", ";-)", ":(",
]  # fmt: skip
broken = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
spaced = st.lists(st.sampled_from(PIECES), max_size=24).map(" ".join)
sources = st.sampled_from(
    ["", "He came. She left.", "He said:", "100,000 and 1.5% in 5-2 of No. 5", "“A.” 10,000"]
)
languages = st.sampled_from(["hy", "ru"])
all_rules = st.sampled_from([Typography(), EVERYTHING, Typography.of([CLASSICAL])])


def digits(text: str) -> str:
    return "".join(re.findall(r"\d", text))


@given(texts | broken | spaced, languages, sources | texts, all_rules)
def test_a_second_pass_changes_nothing(
    text: str, language: str, source: str, rules: Typography
) -> None:
    once = typeset(text, language, source, rules)
    assert typeset(once, language, source, rules) == once


@given(texts | broken | spaced, languages, sources | texts)
def test_digits_are_never_changed(text: str, language: str, source: str) -> None:
    assert digits(typeset(text, language, source, EVERYTHING)) == digits(text)


@given(texts | broken, st.sampled_from(["en", "fr", "de", "ka", "hyw", "xx", ""]))
def test_other_languages_are_left_alone(text: str, language: str) -> None:
    assert typeset(text, language, "source", EVERYTHING) == text


@given(texts | broken | spaced)
def test_no_rules_no_change(text: str) -> None:
    assert typeset(text, "hy", rules=Typography.of(["none"])) == text


@pytest.mark.parametrize("language", ["hy", "ru"])
@pytest.mark.parametrize(
    "address",
    [
        "https://lur.am/a,b?c=d:e...f",
        "http://x.am/«",
        "www.lur.am/եւ",
        "me.and-you+us@lur.am",
        "lur.am",
        "sub.domain.co.uk/path--x",
        "@news_am",
        "#Երևան",
        "&#39;",
        "&quot;",
    ],
)
def test_addresses_are_kept(language: str, address: str) -> None:
    kept = address.rstrip("«")
    text = {"hy": f"Տես {kept} և գնա", "ru": f"Смотри {kept} и иди"}[language]
    assert typeset(text, language, rules=EVERYTHING).count(kept) == 1


@pytest.mark.parametrize("smiley", [":)", ";)", ":-)", ";-)", ":))", ":(", ":-(", ":D", ":P"])
def test_smileys_are_kept(smiley: str) -> None:
    for text in (f"Բարև {smiley}", f"Բարև {smiley} Կտեսնվենք։", f"Նա (Անին) գնաց {smiley}\nԲարև։"):
        assert typeset(text, "hy", "Hello :) See you.", EVERYTHING) == text
    for text in (f"Привет {smiley}", f"Привет {smiley} Увидимся.", f"Привет (да) {smiley}\nПока."):
        assert typeset(text, "ru", "Hello :) See you.", EVERYTHING) == text


def test_a_smiley_that_touches_its_word_is_one_too() -> None:
    assert typeset("Բարև:)", "hy", "Hello :)") == "Բարև:)"
    assert typeset("(Բարև:))", "hy", "(Hello :))") == "(Բարև:))"


def test_a_colon_within_brackets_is_no_smiley() -> None:
    assert typeset("Նա եկավ (երեկ :)", "hy", "He came (yesterday.)") == "Նա եկավ (երեկ։)"
    assert typeset("Նա գնաց (ոչ (եկավ:))", "hy", "He left (no (he came))") == "Նա գնաց (ոչ (եկավ։))"
    assert typeset("Он пришёл (вчера ;)", "ru", "He came (yesterday;)") == "Он пришёл (вчера;)"
    assert typeset("(\nԲարև :)", "hy", "(\nHello :)") == "(\nԲարև :)"


def test_a_private_character_of_the_text_is_kept() -> None:
    assert typeset("նա \ue000 եւ a.am \ue000", "hy") == "նա \ue000 և a.am \ue000"


def test_language_tags_count_by_their_first_part() -> None:
    for tag in ("hy", "HY", "hy-AM", "hy_AM"):
        assert typeset("եւ", tag) == "և"


@pytest.mark.parametrize("rule", list(RULES.values()), ids=list(RULES))
def test_each_rule_says_what_it_does_and_who_says_so(rule: Rule) -> None:
    description, source = rule.description, rule.source
    assert re.fullmatch(r"(hy|ru)(-[a-z]+)+", rule.name)
    assert re.fullmatch(r".{5,100}", description)
    assert source


def test_changes_turn_rules_on_and_off_in_order() -> None:
    assert Typography.of([]) == Typography()
    assert not Typography.of(["-hy-yev"]).applies("hy-yev")
    assert Typography.of(["ru-no-break-spaces"]).applies("ru-no-break-spaces")
    assert Typography.of(["none", "+hy-yev"]).on == {"hy-yev"}
    assert Typography.of(["none", "default"]) == Typography()
    assert not Typography.of([" -HY-Colon "]).applies("hy-colon")


def test_equal_changes_make_equal_and_hashable_rules() -> None:
    first, second = Typography.of(["-hy-yev", "hy-colon"]), Typography.of(["hy-colon", "-hy-yev"])
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize("change", ["hy-nothing", "-hy-nothing", "+", ""])
def test_unknown_rules_are_named(change: str) -> None:
    with pytest.raises(ValueError, match=change.strip("+-") or "unknown typography rule"):
        Typography.of([change])
