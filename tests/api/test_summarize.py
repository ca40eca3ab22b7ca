from litestar import Litestar
from litestar.testing import TestClient

from service.text.segment import sentences
from tests.tinylang.grammar import Article, articles

Client = TestClient[Litestar]


def exact(client: Client, article: Article) -> bool:
    body = {
        "text": article.text,
        "length": "long",  # of so short an article two sentences are a third
        "max_sentences": 2,
        "translate_to": ["hy", "ru"],
    }
    response = client.post("/v1/summarize", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    return answer["summary"] == article.summary and answer["translations"] == {
        "hy": article.summary_hy,
        "ru": article.summary_ru,
    }


def test_an_article_comes_out_as_its_summary_and_both_translations(client: Client) -> None:
    found = [a for a in articles(3, 50, held_out=True) if len(sentences(a.summary)) == 2][:40]
    assert len(found) == 40
    assert sum(exact(client, article) for article in found) >= 36


def test_the_answer_accounts_for_every_character_and_names_its_models(client: Client) -> None:
    article = articles(4, 1, held_out=True)[0]
    answer = client.post("/v1/summarize", json={"text": article.text, "translate_to": "hy"})
    assert answer.status_code == 400
    answer = client.post("/v1/summarize", json={"text": article.text, "translate_to": ["hy"]})
    body = answer.json()
    usage = body["usage"]
    assert usage["input_characters"] == usage["input_characters_used"] == len(article.text)
    assert usage["chunks"] == 1
    assert usage["input_tokens"] > usage["output_tokens"] > 0
    assert set(body["models"]) == {"summarize", "hy"}
    assert body["models"]["summarize"]["name"] == "tiny-summarizer"
    assert body["models"]["summarize"]["engine"] == "ctranslate2"
    assert body["models"]["summarize"]["quantization"] == "int8"
    timings = body["timings_ms"]
    assert 0 <= timings["queue"] + timings["inference"] <= timings["total"] + 1


def test_usage_counts_what_the_translators_read_and_wrote(client: Client) -> None:
    text = articles(41, 1, held_out=True)[0].text
    asks = ({"text": text}, {"text": text, "translate_to": ["hy", "ru"]})
    alone, both = (client.post("/v1/summarize", json=body).json() for body in asks)
    body = {"text": [sentence["text"] for sentence in alone["sentences"]], "target": ["hy", "ru"]}
    translated = client.post("/v1/translate", json=body).json()
    for tokens in ("input_tokens", "output_tokens"):
        added = both["usage"][tokens] - alone["usage"][tokens]
        assert added == translated["usage"][tokens] > 0


def test_sources_are_the_sentences_that_support_the_summary(client: Client) -> None:
    article = articles(5, 1, held_out=True)[0]
    body = client.post("/v1/summarize", json={"text": article.text}).json()
    first = body["sentences"][0]
    supporting = [article.text[s["start"] : s["end"]] for s in first["sources"]]
    assert supporting[0].split()[:3] == first["text"].split()[:3]


def test_bullets_are_one_line_a_sentence(client: Client) -> None:
    article = next(a for a in articles(6, 20) if a.summary.count(". "))
    body = {"text": article.text, "format": "bullets", "translate_to": ["ru"]}
    answer = client.post("/v1/summarize", json=body).json()
    lines = answer["summary"].split("\n")
    assert len(lines) == len(answer["sentences"]) > 1
    assert all(line.startswith("- ") for line in lines)
    assert answer["translations"]["ru"].count("\n") == answer["summary"].count("\n")


def test_ceilings_hold(client: Client) -> None:
    article = next(a for a in articles(6, 20) if a.summary.count(". "))
    one = client.post("/v1/summarize", json={"text": article.text, "max_sentences": 1}).json()
    assert len(one["sentences"]) == 1
    few = client.post("/v1/summarize", json={"text": article.text, "max_words": 12}).json()
    assert len(few["summary"].split()) <= 12


def test_a_short_text_comes_back_as_it_is(client: Client) -> None:
    answer = client.post("/v1/summarize", json={"text": " One line.\n"}).json()
    assert answer["summary"] == " One line.\n"
    assert [warning["code"] for warning in answer["warnings"]] == ["nothing_to_summarize"]


def test_a_long_article_is_chunked_and_reduced_and_all_of_it_is_read(client: Client) -> None:
    text = "\n\n".join(article.text for article in articles(8, 40))
    answer = client.post("/v1/summarize", json={"text": text}).json()
    assert answer["usage"]["chunks"] > 3
    assert answer["usage"]["input_characters_used"] == len(text)
    assert 0 < len(answer["summary"]) < len(text) / 4


def test_a_text_without_words_is_refused(client: Client) -> None:
    response = client.post("/v1/summarize", json={"text": " …\n🦊 "})
    assert response.status_code == 422
    assert response.json()["title"] == "Nothing to summarize"
    assert response.json()["errors"][0]["field"] == "text"


def test_a_translator_cannot_summarize(client: Client) -> None:
    response = client.post("/v1/summarize", json={"text": "A. B.", "model": "tiny-en-hy"})
    assert response.status_code == 422
    assert response.json()["title"] == "Unsuitable model"


def test_an_unsupported_target_is_refused_before_any_work(client: Client) -> None:
    response = client.post("/v1/summarize", json={"text": "A. B.", "translate_to": ["xx"]})
    assert response.status_code == 422
    assert "en→hy, en→ru" in response.json()["detail"]
    assert [error["field"] for error in response.json()["errors"]] == ["translate_to"]
