"""Bad input gets a clear answer: which field, which limit, which value."""

import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service import errors
from service.api.problems import STATUSES
from service.settings import Settings

Client = TestClient[Litestar]

JSON = {"Content-Type": "application/json"}


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:lur:problem:")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == response.headers["x-request-id"]
    return document


def test_every_error_has_a_status() -> None:
    kinds = {getattr(errors, name) for name in errors.__all__}
    assert set(STATUSES) == kinds


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"text": "a"}, "target", "is required"),
        ({"target": "hy"}, "text", "is required"),
        ({"text": 5, "target": "hy"}, "text", "Expected `str | array`, got `int`"),
        ({"text": "a", "target": "hy", "zz": 1}, "zz", "is not a field of this request"),
        (
            {"text": ["a"] * 129, "target": "hy"},
            "text",
            "Expected `array` of length <= 128; its length is 129",
        ),
        (
            {"text": "a", "target": ["hy", "x"]},
            "target[1]",
            "Expected `str` of length >= 2; its length is 1",
        ),
        (
            {"text": "a", "target": "hy", "alternatives": 9},
            "alternatives",
            "Expected `int` <= 4, not 9",
        ),
        (
            {"text": "a", "target": "hy", "quality": "good"},
            "quality",
            "must be one of balanced, best, fast",
        ),
        ([1], "body", "Expected `object`, got `array`"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected_and_found(
    client: Client, body: object, field: str, message: str
) -> None:
    document = problem(client.post("/v1/translate", json=body), 400)
    assert document["errors"] == [{"field": field, "message": message}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a JSON object is required, there is none"),
        (b"{", "Input data was truncated"),
        (b'{"text": "\\ud800", "target": "hy"}', "JSON is malformed"),
        (b"\xff\xfe", "not valid UTF-8 at byte 0"),
        (b'{"text": "\xff", "target": "hy"}', "not valid UTF-8"),
    ],
)
def test_a_body_that_is_not_json_is_a_400(client: Client, content: bytes, message: str) -> None:
    document = problem(client.post("/v1/translate", content=content, headers=JSON), 400)
    assert document["errors"][0]["field"] == "body"
    assert message in document["errors"][0]["message"]


def test_a_text_over_the_limit_says_limit_and_length(client: Client) -> None:
    for path, body in (
        ("/v1/summarize", {"text": "a" * 100_001}),
        ("/v1/translate", {"text": ["a" * 50_000, "b" * 50_001], "target": "hy"}),
    ):
        document = problem(client.post(path, json=body), 422)
        assert (document["limit"], document["actual"]) == (100_000, 100_001)
        assert document["errors"][0]["field"] == "text"


def test_the_longest_text_fits_even_when_every_character_is_escaped_twice(client: Client) -> None:
    text = json.dumps("🦊" * 100_000)
    content = f'{{"text": {text}, "target": "hy"}}'.encode()
    assert client.post("/v1/translate", content=content, headers=JSON).status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    document = problem(client.post("/v1/summarize", content=b"x" * 1_265_537, headers=JSON), 413)
    assert document["limit"] == 1_265_536
    assert document["actual"] == 1_265_537


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1/nothing", "/v1/models/a/b/load", "/docs/nothing", "/docs/assets/no.js"],
)
def test_an_unknown_path_is_a_problem(client: Client, path: str) -> None:
    problem(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/translate", "OPTIONS, POST"),
        ("GET", "/v1/summarize", "OPTIONS, POST"),
        ("TRACE", "/v1/translate", "OPTIONS, POST"),
        ("DELETE", "/v1/models", "GET, HEAD, OPTIONS"),
        ("POST", "/health/live", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_allowed_is_a_problem_that_says_which_are(
    client: Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allowed
    options = client.options(path)
    assert options.status_code == 204
    assert options.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/health/live", "/v1/models", "/metrics", "/openapi.json"]
)
def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-security-policy", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_head_where_there_is_no_get_has_no_body_either(client: Client) -> None:
    response = client.head("/v1/translate")
    assert response.status_code == 405
    assert response.content == b""
    assert response.headers["allow"] == "OPTIONS, POST"


def test_head_is_counted_by_its_route(client: Client) -> None:
    client.head("/v1/languages")
    line = 'lur_requests_total{method="HEAD",route="/v1/languages",status="200"} 1.0'
    assert line in client.get("/metrics").text


def test_an_unknown_model_is_a_404_that_lists_the_known(client: Client) -> None:
    body = {"text": "a", "target": "hy", "model": "gpt"}
    document = problem(client.post("/v1/translate", json=body), 404)
    assert "tiny-en-hy" in document["detail"]


def test_a_sane_request_id_is_kept_and_a_wild_one_replaced(client: Client) -> None:
    kept = client.get("/health/live", headers={"X-Request-ID": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    replaced = client.get("/health/live", headers={"X-Request-ID": "a b;<script>"})
    assert len(replaced.headers["x-request-id"]) == 32


def test_a_number_in_a_string_is_not_a_number(client: Client) -> None:
    body = {"text": "42", "target": "hy", "alternatives": "1"}
    document = problem(client.post("/v1/translate", json=body), 400)
    assert document["errors"][0]["field"] == "alternatives"


def test_debug_tracebacks_stay_off(
    tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LITESTAR_DEBUG=1` would show them, were `debug` left open."""
    from service.app import create_app

    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    assert create_app(tiny_settings).debug is False
