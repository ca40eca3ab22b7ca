"""HTML over HTTP, through the tiny models."""

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.printing import printed
from tests.tinylang.grammar import Triple, sentences

Client = TestClient[Litestar]


def post(client: Client, **body: object) -> dict[str, object]:
    response = client.post("/v1/translate", json=body)
    assert response.status_code == 200, response.text
    [translation] = response.json()["translations"]
    return dict(translation)


@pytest.fixture(scope="module")
def triples() -> list[Triple]:
    return [t for t in sentences(31, 20, held_out=True) if '"' not in t.en][:4]


@pytest.mark.parametrize("code", ["hy", "ru"])
def test_a_page_keeps_its_markup_and_says_what_its_sentences_say(
    client: Client, triples: list[Triple], code: str
) -> None:
    a, b, c, d = triples
    page = (
        "<!DOCTYPE html>\n<HTML lang=en><title>{}</title><script>if (a<b) {{}}</script>\n"
        '<p class=\'x\'>{} <!-- no --><a href="/?a=1&b=2" title="{}">{}</a><pre>  {}</pre></BODY>'
    )
    text = page.format(a.en, b.en, c.en, d.en, a.en)
    found = post(client, text=text, target=code, format="html", segments=True)
    said = [printed(triple, code) for triple in (a, b, c, d)]
    assert found["text"] == page.format(*said, a.en)
    sources = [text[s["source"]["start"] : s["source"]["end"]] for s in found["segments"]]
    assert sources == [a.en, b.en, d.en, c.en]  # a title comes behind the text that it is in
    assert [s["text"] for s in found["segments"]] == [said[0], said[1], said[3], said[2]]


@pytest.mark.parametrize("code", ["hy", "ru"])
def test_a_tag_in_a_sentence_changes_nothing_that_is_said(client: Client, code: str) -> None:
    for triple in sentences(33, 12, held_out=True):
        words = triple.en.split()
        words[1:3] = [f"<b>{words[1]}", f"{words[2]}</b>"]
        found = post(client, text=" ".join(words), target=code, format="html")["text"]
        assert re.sub("</?b>", "", found) == printed(triple, code)
        assert re.findall("</?b>", found) == ["<b>", "</b>"]


def test_a_number_stays_in_its_tag(client: Client) -> None:
    triple = next(t for t in sentences(34, 400) if re.search(r" \d\d ", t.en))
    marked = re.sub(r"(?<= )(\d\d)(?= )", r"<b>\1</b>", triple.en, count=1)
    found = post(client, text=marked, target="ru", format="html")["text"]
    number = re.search(r"<b>(\d\d)</b>", marked)
    assert number is not None
    assert f"<b>{number[1]}</b>" in found


def test_a_page_is_streamed_sentence_by_sentence(client: Client, triples: list[Triple]) -> None:
    a, b, _, _ = triples
    body = {
        "text": f"<p>{a.en}</p><p>{b.en}</p>", "target": "hy", "format": "html", "stream": True,
    }  # fmt: skip
    answer = client.post("/v1/translate", json=body).text
    assert answer.count("event: segment") == 2
    assert "<p>" + printed(a, "hy") in answer


def test_an_unknown_format_is_refused(client: Client) -> None:
    body = {"text": "a", "target": "hy", "format": "docx"}
    response = client.post("/v1/translate", json=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "format"
