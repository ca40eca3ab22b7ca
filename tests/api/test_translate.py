import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.printing import printed
from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]


def post(client: Client, **body: object) -> dict[str, object]:
    response = client.post("/v1/translate", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, object] = response.json()
    return found


@pytest.mark.parametrize("quality", ["fast", "balanced", "best"])
def test_held_out_sentences_translate_exactly(client: Client, quality: str) -> None:
    triples = sentences(21, 100, held_out=True)
    answer = post(client, text=[t.en for t in triples], target=["hy", "ru"], quality=quality)
    found = {(t["index"], t["target"]): t["text"] for t in answer["translations"]}
    expected = {(i, c): printed(t, c) for i, t in enumerate(triples) for c in ("hy", "ru")}
    assert sum(found[key] == expected[key] for key in expected) >= 190
    doubtful = [t for t in answer["translations"] if len(t["warnings"]) > 1]
    assert len(doubtful) <= 4  # every answer has the warning of a bundled model


def test_order_is_by_index_then_by_target_as_asked(client: Client) -> None:
    texts = [t.en for t in sentences(22, 3)]
    answer = post(client, text=texts, target=["ru", "hy", "ru"])
    order = [(t["index"], t["target"]) for t in answer["translations"]]
    assert order == [(0, "ru"), (0, "hy"), (1, "ru"), (1, "hy"), (2, "ru"), (2, "hy")]
    assert set(answer["models"]) == {"hy", "ru"}


def test_layout_comes_back_exactly(client: Client) -> None:
    a, b, c = sentences(23, 3, held_out=True)
    text = f"\n  {a.en}  {b.en}\r\n\r\n- {c.en}\t\n\n1. 42\nhttps://example.org/a?b=1\n🦊\n"
    expected = f"\n  {a.hy}  {b.hy}\r\n\r\n- {c.hy}\t\n\n1. 42\nhttps://example.org/a?b=1\n🦊\n"
    answer = post(client, text=text, target="hy", segments=True)
    [translation] = answer["translations"]
    assert translation["text"] == expected
    sources = [text[s["source"]["start"] : s["source"]["end"]] for s in translation["segments"]]
    assert sources[:3] == [a.en, b.en, c.en]
    scores = [s["score"] for s in translation["segments"]]
    assert all(score < 0 for score in scores[:3])
    assert all(score is None for score in scores[3:])


def test_segments_come_only_when_asked_for(client: Client) -> None:
    answer = post(client, text=sentences(24, 1)[0].en, target="hy")
    assert "segments" not in answer["translations"][0]


def test_empty_and_blank_texts_stay_as_they_are(client: Client) -> None:
    answer = post(client, text=["", " \n ", "2026"], target="ru")
    assert [t["text"] for t in answer["translations"]] == ["", " \n ", "2026"]
    assert answer["usage"]["input_tokens"] == 0


def test_a_sentence_over_the_window_is_cut_not_refused(client: Client) -> None:
    triples = sentences(25, 120, held_out=True)
    text = "; ".join(t.en.rstrip(".") for t in triples) + "."
    answer = post(client, text=text, target="hy", segments=True)
    assert len(answer["translations"][0]["segments"]) == 1
    assert answer["usage"]["input_tokens"] > 1500
    assert 'lur_segments_total{handling="cut"}' in client.get("/metrics").text


def test_alternatives_are_other_texts(client: Client) -> None:
    answer = post(client, text=sentences(26, 1)[0].en, target="hy", alternatives=3)
    [translation] = answer["translations"]
    assert 1 <= len(translation["alternatives"]) <= 3
    assert translation["text"] not in translation["alternatives"]


def test_equal_requests_give_equal_answers_from_the_cache(client: Client) -> None:
    body = {"text": sentences(27, 5)[4].en, "target": "ru"}
    first, second = post(client, **body), post(client, **body)
    assert first["translations"] == second["translations"]
    assert second["timings_ms"]["inference"] == 0
    assert second["usage"] == first["usage"]


def test_languages_say_what_they_are_worth(client: Client) -> None:
    rows = client.get("/v1/languages").json()
    assert [(r["source"], r["target"], r["name"]) for r in rows] == [
        ("en", "hy", "Armenian"),
        ("en", "ru", "Russian"),
    ]
    assert rows[0]["model"] == "tiny-en-hy"
    assert rows[0]["license"] == "Apache-2.0"


def test_a_number_that_the_model_does_not_know_is_reported_or_there(client: Client) -> None:
    text = "The energy minister of Greece bought 123456789012345678 helicopters in 1066."
    answer = post(client, text=text, target=["hy", "ru"], segments=True)
    for translation in answer["translations"]:
        [segment] = translation["segments"]
        lost = [w["value"] for w in segment["warnings"] if w["code"] == "number_lost"]
        for number in ("123456789012345678", "1066"):
            there = number in translation["text"].replace("\u00a0", "").replace(" ", "")
            assert there or number in lost
        assert segment["repair"] in (None, "decoding", "clauses")
    assert "lur_repairs_total" in client.get("/metrics").text


def test_a_glossary_is_enforced_or_its_miss_reported(client: Client) -> None:
    text = "The energy minister of Greece opened a new factory in Beijing on Sunday."
    plain = post(client, text=text, target="hy", segments=True)["translations"][0]
    assert "Պեկինում" in plain["text"]
    kept = post(client, text=text, target="hy", glossary={"Beijing": ["Բեյջին", "Պեկին"]})
    assert [w["code"] for w in kept["translations"][0]["warnings"]] == []
    other = post(client, text=text, target="hy", glossary={"Beijing": "Բեյջին"}, segments=True)
    translation = other["translations"][0]
    missed = [w["value"] for w in translation["warnings"] if w["code"] == "glossary_missed"]
    assert ("Բեյջին" in translation["text"]) != (missed == ["Beijing"])


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"target": ["hy", "ru"], "glossary": {"a": "b"}}, 422, "the targets are hy, ru"),
        ({"target": "hy", "glossary": {" - ": "b"}}, 422, "has no letter"),
        ({"target": "hy", "glossary": {"a": ""}}, 400, "glossary"),
        ({"target": "hy", "glossary": {"a": []}}, 400, "glossary"),
        ({"target": "hy", "glossary": {str(i): "b" for i in range(201)}}, 400, "200"),
        ({"target": "hy", "glossary": ["a"]}, 400, "glossary"),
    ],
)
def test_a_glossary_that_cannot_be_used_is_refused(
    client: Client, body: dict[str, object], status: int, message: str
) -> None:
    response = client.post("/v1/translate", json={"text": "A b.", **body})
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["errors"][0]["field"].startswith("glossary")
    assert message in problem["detail"]
