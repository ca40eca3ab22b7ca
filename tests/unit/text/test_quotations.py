"""What is quoted, and whether the article has the words."""

import pytest
from hypothesis import given

from service.text.faithful import Article
from service.text.quotations import KnownQuotations, quotations
from tests.unit.text.strategies import texts

TEXT = (
    "“We will not wait for anyone,” Zolyan told reporters on Tuesday. “The road is narrow, and the"
    " bridge,” she added, “isn’t safe for lorries.”\n"
    '"It\'s a state-of-the-art plan that costs 46 million euros", said the mayor. He called it the'
    " best plan in a hundred years. Critics call the plan «a bridge to nowhere at all»."
)
KNOWN = KnownQuotations.read(TEXT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("“We go,” he said, “now.”", ["We go,", "now."]),
        ('"We go," he said, "now."', ["We go,", "now."]),
        ("Он сказал «Мы идём».", ["Мы идём"]),
        ('or so," the mayor of Ijevan said, "or never.', []),
        ("“We go, he said.", []),
        ("“We go\nnow,” he said.", []),
        ("‘We go now,’ he said. It's the dogs' day.", []),
        ('A 6" pipe and a 7" pipe.', []),
        ("“He said “so” twice”", ["so"]),
        ("", []),
    ],
)
def test_what_stands_between_a_pair_of_marks_is_quoted(text: str, found: list[str]) -> None:
    assert quotations(text) == found


@pytest.mark.parametrize(
    "sentence",
    [
        "“We will not wait for anyone,” Zolyan said.",
        '"We will not wait for anyone", Zolyan said.',
        "«we WILL not  wait for anyone!» Zolyan said.",
        "Zolyan said that they “will not wait for anyone.”",
        "“We … wait for anyone,” she said.",
        "“[The city] will not wait … for anyone,” she said.",
        "The bridge “isn't safe for lorries,” she said.",
        "“The road is narrow, and the bridge isn't safe for lorries,” she said.",
        "It is “a state of the art plan” of 46 million euros.",
        "It is “the best plan in a hundred years”, he said.",
        "She calls it “a lie”, and the mayor “nonsense”.",
        "It is a bridge to nowhere, and nobody said so.",
        'go to Ijevan," the minister of transport said, "if you can.',
    ],
)
def test_the_words_of_the_article_may_be_quoted(sentence: str) -> None:
    assert KNOWN.missing(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "doubted"),
    [
        ("“We will not wait for you,” she said.", ["We will not wait for you,"]),
        ("“We will wait for anyone,” she said.", ["We will wait for anyone,"]),
        ("“The bridge is safe for lorries,” she said.", ["The bridge is safe for lorries,"]),
        ('He called it "the worst plan in years".', ["the worst plan in years"]),
        ("“We wait … for anyone”, “We wait … for anyone”.", ["We wait … for anyone"]),
        ("«A bridge to nowhere» costs “47 million euros”.", ["47 million euros"]),
    ],
)
def test_words_that_nobody_said_are_doubted(sentence: str, doubted: list[str]) -> None:
    assert KNOWN.missing(sentence) == doubted
    found = [doubt for doubt in Article.read(TEXT).doubts(sentence) if "quotation" in doubt.code]
    assert [(doubt.code, doubt.value) for doubt in found] == [
        ("quotation_not_in_source", quotation) for quotation in doubted
    ]


@given(texts)
def test_a_text_quotes_nothing_that_it_does_not_say(text: str) -> None:
    assert KnownQuotations.read(text).missing(text) == []
