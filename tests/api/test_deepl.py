"""DeepL's API as programs without its client speak it: forms, JSON, and what is wrong with them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.access import add_line, line_of
from service.app import create_app
from service.settings import Settings
from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]

TEXTS = [triple.en for triple in sentences(43, 3)]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def translated(client: Client, **request: Any) -> list[dict[str, Any]]:
    response = client.post("/v2/translate", **request)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["translations"]
    return found


def refused(response: Any, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert found["request_id"] == response.headers["x-request-id"]
    message: str = found["message"]
    return message


def test_a_form_says_the_same_as_json(client: Client) -> None:
    options = {"source_lang": "EN", "target_lang": "HY"}
    form = [("text", text) for text in (TEXTS[0], "", TEXTS[1])]
    by_form = translated(
        client, content=urlencode([*form, *options.items()]).encode(), headers=FORM
    )
    by_json = translated(client, json={"text": [TEXTS[0], "", TEXTS[1]], **options})
    assert by_form == by_json
    assert by_form[1]["text"] == "", "an empty text keeps its place"


def test_a_form_spells_lists_and_truths_in_its_own_way(client: Client) -> None:
    form = {
        "text": f"<p>{TEXTS[0]} <x>{TEXTS[1]}</x> <y>{TEXTS[2]}</y></p>",
        "target_lang": "RU",
        "tag_handling": "xml",
        "ignore_tags": "x,y",
        "outline_detection": "1",
        "preserve_formatting": "1",
        "show_billed_characters": "1",
    }
    [by_form] = translated(client, data=form)
    assert f"<x>{TEXTS[1]}</x> <y>{TEXTS[2]}</y>" in by_form["text"]
    assert TEXTS[0] not in by_form["text"]
    json = form | {"ignore_tags": ["x", "y"], "outline_detection": True}
    assert [by_form] == translated(client, json=json)


def test_fields_that_are_not_known_yet_are_ignored(client: Client) -> None:
    body = {"text": [TEXTS[0]], "target_lang": "hy", "of_next_year": {"a": 1}, "context": "News."}
    assert translated(client, json=body) == translated(
        client, json={"text": TEXTS[0], "target_lang": "HY-AM", "source_lang": None}
    )

    again = urlencode(
        [("of_next_year", "1"), ("of_next_year", "2"), ("text", TEXTS[0]), ("target_lang", "HY")]
    )
    assert translated(client, content=again.encode(), headers=FORM)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": ["a"]}, "target_lang: is required"),
        ({"target_lang": "HY"}, "text: is required"),
        ({"text": [], "target_lang": "HY"}, "text: Expected `array` of length >= 1"),
        ({"text": ["a"] * 129, "target_lang": "HY"}, "its length is 129"),
        ({"text": [5], "target_lang": "HY"}, "text[0]: Expected `str`, got `int`"),
        ({"text": "a", "target_lang": "HY", "split_sentences": "2"}, "one of 0, 1, nonewlines"),
        ({"text": "a", "target_lang": "HY", "tag_handling": "md"}, "must be one of html, xml"),
        ({"text": "a", "target_lang": "HY", "formality": "most"}, "formality: must be one of"),
        ({"text": "a", "target_lang": "HY", "outline_detection": False}, "outline_detection: "),
        ({"text": "a", "target_lang": "HY", "splitting_tags": ["p"]}, "splitting_tags: which"),
        ({"text": "a", "target_lang": "HY", "non_splitting_tags": ["p"]}, "non_splitting_tags: "),
        ({"text": "a", "target_lang": "HY", "translation_memory_id": "x"}, "translation_memory_"),
    ],
)
def test_what_is_wrong_is_said_in_deepls_shape(
    client: Client, body: dict[str, Any], message: str
) -> None:
    assert message in refused(client.post("/v2/translate", json=body))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (b"target_lang=HY&target_lang=RU&text=a", "target_lang: is there twice"),
        (b"target_lang=HY&text=%ff", "body: not valid UTF-8"),
        (b"target_lang=HY&text=\xff", "body: not valid UTF-8"),
        (b"text=a&" * 1001, "body: has more than 1000 fields"),
        (b"target_lang=HY&text=a&outline_detection=maybe", "outline_detection: Expected `bool`"),
        (b"", "text: is required"),
        (b"target_lang=HY&text=" + b"%" * 1_000_000, "text has 1000000 characters"),
        (b"target_lang=HY&text=" + b"%D5%A1" * 100_001, "text has 100001 characters"),
    ],
)
def test_a_form_is_read_as_strictly_as_json(client: Client, form: bytes, message: str) -> None:
    assert message in refused(client.post("/v2/translate", content=form, headers=FORM))


def test_what_a_page_may_send_unasked_is_not_read(client: Client) -> None:
    body = b'{"text": "a", "target_lang": "HY"}'
    for media in ("text/plain", "multipart/form-data; boundary=x", ""):
        response = client.post("/v2/translate", content=body, headers={"Content-Type": media})
        assert "must be application/json or application/x-www-form-" in refused(response, 415)
    headers = FORM | {"Origin": "https://elsewhere.example"}
    response = client.post("/v2/translate", content=b"text=a&target_lang=HY", headers=headers)
    assert "pages of other origins" in refused(response, 403)


def test_forms_are_not_kept(client: Client) -> None:
    """Litestar's own reader keeps the last 1024 in memory, users' texts and all."""
    from litestar._parsers import parse_url_encoded_form_data

    before = parse_url_encoded_form_data.cache_info().currsize
    translated(client, data={"text": TEXTS[0], "target_lang": "HY"})
    assert parse_url_encoded_form_data.cache_info().currsize == before


def test_languages_are_asked_for_in_a_query_or_a_body(client: Client) -> None:
    sources = client.get("/v2/languages")
    assert sources.json() == [{"language": "EN", "name": "English"}]
    targets = [
        {"language": "HY", "name": "Armenian", "supports_formality": False},
        {"language": "RU", "name": "Russian", "supports_formality": False},
    ]
    assert client.get("/v2/languages?type=target").json() == targets
    assert client.post("/v2/languages", data={"type": "target"}).json() == targets
    assert client.request("GET", "/v2/languages", data={"type": "target"}).json() == targets
    assert client.request("GET", "/v2/languages", json={"type": "source"}).json() == sources.json()
    assert "must be one of source, target" in refused(client.get("/v2/languages?type=both"))
    assert refused(client.get("/v2/languages?type=%FF")) == "query: not valid UTF-8"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_the_rest_of_the_api_is_said_to_be_absent(client: Client, method: str) -> None:
    for path in ("/v2/write/rephrase", "/v3/style_rules", "/v2/document/a/result", "/v2/usage/x"):
        assert client.request(method, path).status_code == 404
    assert "translate, languages and usage are" in refused(client.request(method, "/v3/x/y"), 404)
    assert "POST /v1/documents" in refused(client.request(method, "/v2/document/a"), 404)


@pytest.fixture(scope="module")
def keyed(tiny_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    path = tmp_path_factory.mktemp("keys") / "keys"
    add_line(path, line_of("newsroom", ["use"], "secret:fx"))
    settings = msgspec.structs.replace(tiny_settings, api_keys_file=path)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "DeepL-Auth-Key secret:fx"},
        {"Authorization": "deepl-auth-key  secret:fx"},
        {"Authorization": "Bearer secret:fx"},
        {"X-API-Key": "secret:fx"},
    ],
)
def test_a_key_is_found_where_deepl_has_it_and_where_we_have(
    keyed: Client, headers: dict[str, str]
) -> None:
    assert keyed.get("/v2/usage", headers=headers).json()["character_limit"] == 10**12


def test_no_key_and_a_wrong_one_are_deepls_403(keyed: Client) -> None:
    assert refused(keyed.get("/v2/usage"), 403) == "a key is required"
    for path in ("/v2/translate", "/v2/languages", "/v2/anything", "/v3/glossaries"):
        wrong = {"Authorization": "DeepL-Auth-Key wrong"}
        assert refused(keyed.post(path, headers=wrong), 403) == "the key is not known"
    form = b"text=a&target_lang=HY&auth_key=secret:fx"
    assert keyed.post("/v2/translate", content=form, headers=FORM).status_code == 403


def test_what_fails_is_not_counted(keyed: Client) -> None:
    headers = {"Authorization": "DeepL-Auth-Key secret:fx"}
    for body in ({"text": "a", "target_lang": "XX"}, {"text": TEXTS[0], "target_lang": "HY"}):
        keyed.post("/v2/translate", json=body, headers=headers)
    assert keyed.get("/v2/usage", headers=headers).json()["character_count"] == len(TEXTS[0])
