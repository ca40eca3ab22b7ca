"""Limits of a client, met through the application."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.access import add_line, line_of
from service.api.limits import WRONG_KEYS_PER_MINUTE
from service.app import create_app
from service.settings import Settings

Client = TestClient[Litestar]

TINY = {"text": "42", "target": "hy"}


@pytest.fixture
def limited(tiny_settings: Settings) -> Any:
    @contextmanager
    def start(**limits: Any) -> Iterator[Client]:
        with TestClient(create_app(msgspec.structs.replace(tiny_settings, **limits))) as client:
            yield client

    return start


def refused(response: Any, title: str = "Too many requests") -> dict[str, Any]:
    assert response.status_code == 429, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1
    document: dict[str, Any] = response.json()
    assert document["title"] == title
    assert document["actual"] > document["limit"]
    return document


def test_requests_for_work_are_limited_and_others_are_not(limited: Any) -> None:
    with limited(requests_per_minute=2) as client:
        for rest in (1, 0):
            response = client.post("/v1/translate", json=TINY)
            assert response.status_code == 200
            assert response.headers["ratelimit-policy"] == '"requests";q=2;w=60'
            assert response.headers["ratelimit"].startswith(f'"requests";r={rest};t=')
        document = refused(client.post("/v1/summarize", json={"text": "Hello."}))
        assert (document["limit"], document["actual"]) == (2, 3)
        assert document["detail"] == "3 requests a minute of this client, at most 2 are served"
        for path in ("/health/live", "/v1/models", "/v1/languages", "/metrics"):
            assert client.get(path).status_code == 200
        assert 'lur_limited_requests_total{limit="requests"}' in client.get("/metrics").text


def test_files_and_texts_count_for_one_client(limited: Any) -> None:
    file = {"file": ("a.txt", b"42", "text/plain")}
    with limited(requests_per_minute=2) as client:
        assert client.post("/v1/translate", json=TINY).status_code == 200
        answer = client.post("/v1/documents?target=hy", files=file)
        assert answer.headers["ratelimit"].startswith('"requests";r=0;')
        refused(client.post("/v1/translate", json=TINY))
        refused(client.post("/v1/documents?target=hy", files=file))


def test_a_refused_request_is_refused_before_its_body_is_looked_at(limited: Any) -> None:
    with limited(requests_per_minute=1) as client:
        assert client.post("/v1/translate", json=TINY).status_code == 200
        headers = {"content-type": "application/json"}
        refused(client.post("/v1/translate", content=b"{", headers=headers))


def test_tokens_are_counted_in_and_out_after_the_answer(limited: Any) -> None:
    with limited(tokens_per_minute=100_000) as client:
        response = client.post("/v1/translate", json={"text": "Hello. " * 50, "target": "hy"})
        usage = response.json()["usage"]
        used = usage["input_tokens"] + usage["output_tokens"]
        assert used > 100
        left = int(response.headers["ratelimit"].split(";r=")[1].split(";")[0])
        assert 100_000 - used <= left <= 100_000 - used + 5000  # a second flows in, or three


def test_a_client_in_debt_waits_and_mistakes_cost_no_tokens(limited: Any) -> None:
    with limited(tokens_per_minute=20) as client:
        for _ in range(3):
            assert client.post("/v1/translate", json={"text": "a" * 500}).status_code == 400
            unknown = {"text": "a" * 500, "target": "xx"}
            assert client.post("/v1/translate", json=unknown).status_code == 422
        assert client.post("/v1/translate", json=TINY | {"text": "Hello. " * 30}).status_code == 200
        document = refused(client.post("/v1/translate", json=TINY), "Too many tokens")
        assert document["detail"].endswith("tokens a minute of this client, at most 20 are served")


def test_one_at_a_time_is_enough_for_who_sends_one_at_a_time(limited: Any) -> None:
    with limited(concurrent_requests=1) as client:
        for body in (TINY, {"text": 5}, TINY, {"text": "x", "target": "xx"}, TINY):
            assert client.post("/v1/translate", json=body).status_code in {200, 400, 422}


def test_errors_of_the_client_say_what_is_left_too(limited: Any) -> None:
    with limited(requests_per_minute=2) as client:
        assert (
            client.post("/v1/translate", json={}).headers["ratelimit"].startswith('"requests";r=1')
        )


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Two keys that are called as their secrets are."""
    path = tmp_path / "keys"
    for name in ("daily", "weekly"):
        add_line(path, line_of(name, ["use"], name))
    return path


def ask(client: Client, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return client.post("/v1/translate", json=TINY, headers=headers).status_code


def test_every_key_has_limits_of_its_own(limited: Any, keys: Path) -> None:
    with limited(requests_per_minute=1, api_keys_file=keys) as client:
        assert [ask(client, key) for key in ("daily", "weekly", "daily", "weekly")] == [
            *(200, 200),
            *(429, 429),
        ]


def test_an_address_that_guesses_keys_is_told_to_wait_and_right_keys_still_work(
    limited: Any, keys: Path
) -> None:
    with limited(api_keys_file=keys) as client:
        found = Counter(ask(client, f"guess {number}") for number in range(100))
        assert set(found) == {401, 429}
        assert found[401] >= WRONG_KEYS_PER_MINUTE
        assert ask(client, "daily") == 200
        headers = {"X-API-Key": "one more"}
        refused(client.get("/v1/models", headers=headers))


def test_the_openapi_document_knows_of_limits_and_slow_clients(limited: Any) -> None:
    with limited() as client:
        paths = json.loads(client.get("/openapi.json").text)["paths"]
    for path in ("/v1/summarize", "/v1/translate"):
        assert {"408", "429"} <= set(paths[path]["post"]["responses"])
