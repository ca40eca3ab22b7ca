"""Streams through the application, with the tiny models."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.answers import ModelEvent, Problem, SegmentEvent, SentenceEvent
from service.app import create_app
from service.settings import Settings
from tests.tinylang.grammar import articles, sentences

Client = TestClient[Litestar]

ABSENT = """
[models.absent]
task = "translate"
source = "en"
target = "hy"
hub = "nobody/nothing"
revision = "0000000000000000000000000000000000000000"
license = "Apache-2.0"

[routes]
en-hy = ["absent"]
"""


@pytest.fixture
def fresh(tiny_settings: Settings) -> Any:
    @contextmanager
    def start(**changes: Any) -> Iterator[Client]:
        with TestClient(create_app(msgspec.structs.replace(tiny_settings, **changes))) as client:
            yield client

    return start


def stream(client: Client, path: str, **body: object) -> list[tuple[str, Any]]:
    response = client.post(path, json={**body, "stream": True})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = response.text.split("\n\n")
    assert blocks.pop() == ""
    pairs = [block.split("\n") for block in blocks if not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(data[6:])) for name, data in pairs]


def unavailable(client: Client) -> float:
    """How many translations this process has answered with 503, for whichever test."""
    counted = r'lur_requests_total\{method="POST",route="/v1/translate",status="503"\} (\S+)'
    found = re.search(counted, client.get("/metrics").text)
    return float(found[1]) if found else 0.0


def named(events: list[tuple[str, Any]], name: str) -> list[Any]:
    return [data for found, data in events if found == name]


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


def test_a_translation_comes_in_segments_and_as_the_plain_answer(client: Client) -> None:
    a, b, c, d = (t.en for t in sentences(41, 4, held_out=True))
    body = {"text": [f"\n  {a}  {b}\r\n\r\n- {c}\t42\n", d], "target": ["hy", "ru"]}
    events = stream(client, "/v1/translate", segments=True, **body)
    plain = client.post("/v1/translate", json={**body, "segments": True}).json()
    assert events[-1][0] == "result"
    assert timeless(events[-1][1]) == timeless(plain)
    segments = [msgspec.convert(data, SegmentEvent) for data in named(events, "segment")]
    for translation in plain["translations"]:
        text = body["text"][translation["index"]]
        own = [
            segment
            for segment in segments
            if (segment.index, segment.target) == (translation["index"], translation["target"])
        ]
        assert [segment.segment for segment in own] == list(range(len(own)))
        expected = [
            {"index": translation["index"], "target": translation["target"], "segment": n, **pair}
            for n, pair in enumerate(translation["segments"])
        ]
        assert msgspec.to_builtins(own) == expected
        rebuilt, end = "", 0
        for segment in own:
            rebuilt += text[end : segment.source.start] + segment.text
            end = segment.source.end
        assert rebuilt + text[end:] == translation["text"]


def test_a_result_has_segments_only_where_they_are_asked_for(client: Client) -> None:
    events = stream(client, "/v1/translate", text=sentences(42, 1)[0].en, target="hy")
    assert named(events, "segment")
    assert "segments" not in events[-1][1]["translations"][0]


def test_a_summary_comes_sentence_by_sentence_and_so_do_its_translations(client: Client) -> None:
    article = articles(43, 1, held_out=True)[0]
    body = {"text": article.text, "length": "long", "translate_to": ["hy", "ru"]}
    events = stream(client, "/v1/summarize", **body)
    plain = client.post("/v1/summarize", json=body).json()
    assert timeless(events[-1][1]) == timeless(plain)
    said = [msgspec.convert(data, SentenceEvent) for data in named(events, "segment")]
    own = [sentence for sentence in said if sentence.target is None]
    assert own == said[: len(own)]
    assert [sentence.text for sentence in own] == [s["text"] for s in plain["sentences"]]
    assert [msgspec.to_builtins(s.sources) for s in own] == [
        sentence["sources"] for sentence in plain["sentences"]
    ]
    for target in ("hy", "ru"):
        found = [sentence for sentence in said if sentence.target == target]
        assert [s.index for s in found] == list(range(len(own)))
        assert [s.text for s in found] == [s["translations"][target] for s in plain["sentences"]]
        assert {s.sources for s in found} == {None}
    warnings = [w for s in said for w in msgspec.to_builtins(s.warnings)]
    expected = [w for s in plain["sentences"] for w in s["warnings"]]
    assert sorted(map(str, warnings)) == sorted(map(str, expected))


def test_a_model_that_is_waited_for_is_told_of_and_one_that_is_there_is_not(fresh: Any) -> None:
    with fresh() as client:
        text = sentences(44, 1)[0].en
        first = stream(client, "/v1/translate", text=text, target="hy")
        models = [msgspec.convert(data, ModelEvent) for data in named(first, "model")]
        assert [name for name, _ in first] == [*["model"] * len(models), "segment", "result"]
        assert [models[0].state, models[-1].state] == ["loading", "ready"]
        assert {(m.name, m.task, m.source, m.target) for m in models} == {
            ("tiny-en-hy", "translate", "en", "hy")
        }
        again = stream(client, "/v1/translate", text=text, target="hy")
        assert [name for name, _ in again] == ["segment", "result"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "a", "target": "xx"}, 422),
        ({"text": "a"}, 400),
        ({"text": "a", "target": "hy", "stream": "yes"}, 400),
        ({"text": "a", "target": "hy", "model": "nobody"}, 404),
        ({"text": "a", "target": "hy", "model": "tiny-summarizer"}, 422),
        ({"text": "a", "target": ["hy", "ru"], "glossary": {"a": "b"}}, 422),
    ],
)
def test_a_request_that_cannot_be_served_gets_a_plain_problem(
    client: Client, body: dict[str, object], status: int
) -> None:
    response = client.post("/v1/translate", json={"stream": True, **body})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_what_fails_later_is_the_last_event_and_counted_as_what_it_is(
    fresh: Any, tmp_path: Any
) -> None:
    (tmp_path / "rows.toml").write_text(ABSENT)
    with fresh(catalog=tmp_path / "rows.toml", tokens_per_minute=1000) as client:
        before = unavailable(client)
        events = stream(client, "/v1/translate", text="word " * 100, target="hy")
        assert [name for name, _ in events] == [*["model"] * (len(events) - 1), "error"]
        assert len(events) > 1
        problem = msgspec.convert(events[-1][1], Problem)
        assert (problem.status, problem.title) == (503, "Model unavailable")
        assert problem.retry_after_s
        assert unavailable(client) == before + 1
        refused = client.post("/v1/translate", json={"text": 5})
        left = int(refused.headers["ratelimit"].split(";r=")[1].split(";")[0])
        assert left >= 990  # no model has worked for it


def test_tokens_are_counted_when_the_stream_has_ended(fresh: Any) -> None:
    with fresh(tokens_per_minute=100_000) as client:
        events = stream(client, "/v1/translate", text="Hello. " * 50, target="hy")
        usage = events[-1][1]["usage"]
        used = usage["input_tokens"] + usage["output_tokens"]
        assert used > 100
        after = client.post("/v1/translate", json={"text": 5})
        left = int(after.headers["ratelimit"].split(";r=")[1].split(";")[0])
        assert 100_000 - used <= left <= 100_000 - used + 5000  # a second flows in, or three


def test_one_stream_at_a_time_is_enough_for_who_reads_it_to_its_end(fresh: Any) -> None:
    with fresh(concurrent_requests=1) as client:
        for _ in range(3):
            assert stream(client, "/v1/translate", text="Hello.", target="hy")


def test_a_stream_has_the_headers_of_every_answer(client: Client) -> None:
    body = {"text": "Hello.", "target": "hy", "stream": True}
    response = client.post("/v1/translate", json=body, headers={"X-Request-ID": "mine"})
    assert response.headers["x-request-id"] == "mine"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/v1/summarize", "/v1/translate"])
def test_the_document_says_what_a_stream_is(client: Client, path: str) -> None:
    document = client.get("/openapi.json").json()
    answer = document["paths"][path]["post"]["responses"]["200"]["content"]
    assert set(answer) == {"application/json", "text/event-stream"}
    events = answer["text/event-stream"]["schema"]["oneOf"]
    names = [event["properties"]["event"]["const"] for event in events]
    assert names == ["model", "segment", "result", "error"]
    assert {"ModelEvent", "SegmentEvent", "SentenceEvent"} <= set(document["components"]["schemas"])
