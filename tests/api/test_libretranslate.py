"""LibreTranslate's API as its documentation shows it and its own tests check it: JSON and forms."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.access import add_line, line_of
from service.app import create_app
from service.settings import Settings
from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]

TEXTS = [triple.en for triple in sentences(51, 3)]
ARMENIAN = "Նախարարը երեկ եկավ Երևան։"
FRENCH = "Le ministre est arrivé hier à Paris avec toute sa famille."
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def translated(client: Client, **request: Any) -> Any:
    response = client.post("/translate", **request)
    assert response.status_code == 200, response.text
    return response.json()


def refused(response: Any, status: int = 400) -> str:
    """It has LibreTranslate's one field and one of its statuses."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert set(found) == {"error"}
    message: str = found["error"]
    return message


def ours(client: Client, texts: list[str], target: str) -> list[str]:
    body = {"text": texts, "target": target}
    answer = client.post("/v1/translate", json=body).json()
    return [translation["text"] for translation in answer["translations"]]


def test_a_text_is_answered_by_a_text_and_a_list_by_a_list(client: Client) -> None:
    body = {"source": "en", "target": "hy"}
    assert translated(client, json={"q": TEXTS[0], **body}) == {
        "translatedText": ours(client, TEXTS[:1], "hy")[0]
    }
    assert translated(client, json={"q": [*TEXTS, ""], **body}) == {
        "translatedText": [*ours(client, TEXTS, "hy"), ""]
    }


def test_every_kind_of_form_says_the_same_as_json(client: Client) -> None:
    fields = {"q": f"{TEXTS[0]}\n\n{TEXTS[1]}", "source": "en", "target": "ru", "format": "text"}
    by_json = translated(client, json=fields)
    assert translated(client, data=fields) == by_json
    in_parts = {name: (None, value) for name, value in fields.items()}
    assert translated(client, files=in_parts) == by_json
    assert by_json["translatedText"].count("\n\n") == 1


def test_what_a_web_page_sends_without_meaning_it_is_no_wish(client: Client) -> None:
    empty = {"q": "42", "source": "en", "target": "hy", "format": "", "api_key": "", "secret": "x"}
    assert translated(client, json={**empty, "alternatives": 0}) == {"translatedText": "42"}
    assert translated(client, json={**empty, "format": None}) == {"translatedText": "42"}
    assert translated(client, data={**empty, "alternatives": "0"}) == {"translatedText": "42"}


@pytest.mark.parametrize("count", [3, "3", 3.0])
def test_alternatives_come_beside_each_text(client: Client, count: object) -> None:
    body = {"source": "en", "target": "hy", "alternatives": count}
    one = translated(client, json={"q": TEXTS[0], **body})
    assert 1 <= len(one["alternatives"]) <= 3
    assert one["translatedText"] not in one["alternatives"]
    assert (
        translated(client, json={"q": TEXTS[:2], **body})["alternatives"][0]
        == (one["alternatives"])
    )


def test_a_form_may_wish_for_alternatives_too(client: Client) -> None:
    fields = {"q": TEXTS[0], "source": "en", "target": "hy", "alternatives": "2"}
    assert translated(client, data=fields) == translated(client, json={**fields, "alternatives": 2})


def test_html_keeps_its_tags_and_has_no_alternatives(client: Client) -> None:
    body = {"q": f'<p class="green">{TEXTS[0]}</p>', "source": "en", "target": "hy"}
    found = translated(client, json={**body, "format": "html", "alternatives": 2})
    assert found["translatedText"] == f'<p class="green">{ours(client, TEXTS[:1], "hy")[0]}</p>'
    assert found["alternatives"] == []


def test_the_source_need_not_be_named(client: Client) -> None:
    text = " ".join(TEXTS)
    found = translated(client, json={"q": text, "source": "auto", "target": "hy"})
    assert found["translatedText"] == ours(client, [text], "hy")[0]
    assert found["detectedLanguage"]["language"] == "en"
    assert 50 <= found["detectedLanguage"]["confidence"] <= 100


def test_each_text_of_a_list_is_detected_and_one_that_is_translated_already_stays(
    client: Client,
) -> None:
    text = " ".join(TEXTS)
    found = translated(client, data={"q": [text, ARMENIAN], "source": "auto", "target": "hy"})
    assert found["translatedText"] == [ours(client, [text], "hy")[0], ARMENIAN]
    assert [each["language"] for each in found["detectedLanguage"]] == ["en", "hy"]
    assert found["detectedLanguage"][1]["confidence"] == 100


@pytest.mark.parametrize("text", ["OK", "42", "😀", " "])
def test_what_no_one_can_say_is_taken_for_what_can_be_translated(client: Client, text: str) -> None:
    found = translated(client, json={"q": text, "source": "auto", "target": "hy"})
    assert found["detectedLanguage"] == {"confidence": 0, "language": "en"}


def test_a_language_that_no_model_translates_is_named(client: Client) -> None:
    body = {"q": [" ".join(TEXTS), FRENCH], "source": "auto", "target": "hy"}
    message = refused(client.post("/translate", json=body))
    assert message == "no model translates fr→hy; available: en→hy, en→ru"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"q": None}, "Invalid request: missing q parameter"),
        ({"q": ""}, "Invalid request: missing q parameter"),
        ({"q": []}, "Invalid request: missing q parameter"),
        ({"source": None}, "Invalid request: missing source parameter"),
        ({"target": ""}, "Invalid request: missing target parameter"),
        ({"target": "zz"}, "no model translates en→zz; available: en→hy, en→ru"),
        ({"source": "zz"}, "no model translates zz→hy; available: en→hy, en→ru"),
        ({"source": "auto", "target": "zz"}, "no model translates auto→zz; available: "),
        ({"format": "xml"}, "xml format is not supported"),
        ({"alternatives": "abc"}, "Invalid request: alternatives parameter is not a number"),
        ({"alternatives": 5}, "Invalid request: alternatives parameter must be <= 4"),
        ({"q": ["a"] * 129}, "q has 129 texts, at most 128 are accepted"),
        ({"q": ["a" * 50_000, "b" * 50_001]}, "q has 100001 characters, at most 100000"),
        ({"q": 5}, "q: Expected `str | array | null`, got `int`"),
        ({"q": ["a", None]}, "q[1]: Expected `str`, got `null`"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    client: Client, fields: dict[str, Any], message: str
) -> None:
    body = {"q": "A b.", "source": "en", "target": "hy", **fields}
    assert message in refused(client.post("/translate", json=body))


def test_a_form_is_told_the_same(client: Client) -> None:
    fields = {"source": "en", "target": "hy", "q": "a" * 100_001}
    assert "q has 100001" in refused(client.post("/translate", data=fields))
    assert "missing q" in refused(client.post("/translate", data={**fields, "q": ""}))
    fields |= {"q": "A b.", "alternatives": "abc"}
    assert "not a number" in refused(client.post("/translate", data=fields))


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"", "application/json", "body"),
        (b"[]", "application/json", "body: Expected `object`, got `array`"),
        (b'{"q": "a", "q": "b"}', "application/json", "q: is there twice"),
        (b"q=a&source=en&source=fr", FORM["Content-Type"], "source: is there twice"),
        (b"q=%ff&source=en", FORM["Content-Type"], "not valid UTF-8"),
        (b"q=\xff", FORM["Content-Type"], "not valid UTF-8"),
        (b"&".join([b"a=b"] * 1001), FORM["Content-Type"], "more than 1000 fields"),
        (b"q=a", "text/plain", "Content-Type: must be application/json or "),
        (b"q=a", "multipart/form-data", "no valid multipart form"),
        (b"--x\r\n", "multipart/form-data; boundary=x", "no valid multipart form"),
        (b"--y\r\n", "multipart/form-data; boundary=x", "no valid multipart form"),
    ],
)
def test_what_cannot_be_read_is_refused(
    client: Client, content: bytes, kind: str, message: str
) -> None:
    response = client.post("/translate", content=content, headers={"Content-Type": kind})
    assert message in refused(response)


@pytest.mark.parametrize("number", [b"1" * 5000, b"1" * 5000 + b".5", b"1e999"])
def test_a_field_that_is_not_known_may_hold_any_number(client: Client, number: bytes) -> None:
    body = b'{"q": "42", "source": "en", "target": "hy", "x": ' + number + b"}"
    headers = {"Content-Type": "application/json"}
    assert client.post("/translate", content=body, headers=headers).status_code == 200


def test_the_breaks_between_texts_count_for_nothing(client: Client) -> None:
    assert client.post("/detect", json={"q": ["a" * 50_000] * 2}).status_code == 200
    long = client.post("/detect", json={"q": ["a" * 50_000, "b" * 50_001]})
    assert refused(long) == "q has 100001 characters, at most 100000 are accepted"


def test_a_part_whose_header_is_not_utf8_is_refused_in_words(client: Client) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="\xe9"\r\n\r\na\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    said = refused(client.post("/translate", content=body, headers=headers))
    assert said == "body: no valid multipart form: a part's header is not valid UTF-8"


def test_a_part_that_is_no_text_is_refused(client: Client) -> None:
    for part, message in (
        (("a.txt", b"A b."), "q: must be a text, not a file"),
        ((None, b"\xff\xfe"), "q: not valid UTF-8"),
    ):
        assert refused(client.post("/translate", files={"q": part})) == message
    many = {f"field{number}": (None, "a") for number in range(1001)}
    assert "no valid multipart form" in refused(client.post("/translate", files=many))


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    message = refused(client.post("/translate", content=b"x" * 1_265_537, headers=FORM), 413)
    assert "1265536" in message


def test_fields_in_an_address_are_not_looked_at(client: Client) -> None:
    address = "/translate?q=a&source=en&target=hy"
    assert "missing q" in refused(client.post(address, data={"x": "y"}))


def test_languages_are_detected_in_percent_the_likeliest_first(client: Client) -> None:
    for request in ({"json": {"q": FRENCH}}, {"data": {"q": FRENCH}}):
        response = client.post("/detect", **request)  # type: ignore[arg-type]
        assert response.status_code == 200
        first, *others = response.json()
        assert first["language"] == "fr"
        assert first["confidence"] > 80
        assert all(other["confidence"] < 20 for other in others)
    assert client.post("/detect", json={"q": ARMENIAN}).json() == [
        {"confidence": 100, "language": "hy"}
    ]


def test_several_texts_are_detected_together(client: Client) -> None:
    found = client.post("/detect", json={"q": [ARMENIAN, FRENCH]}).json()
    assert {each["language"] for each in found} >= {"hy", "fr"}
    assert all(each["confidence"] < 80 for each in found)


@pytest.mark.parametrize("text", ["42 + 1", "😀", " ", "http://a.example"])
def test_what_has_no_words_has_no_language(client: Client, text: str) -> None:
    assert client.post("/detect", json={"q": text}).json() == [{"confidence": 0, "language": "en"}]


def test_nothing_to_detect_is_refused(client: Client) -> None:
    assert refused(client.post("/detect", json={})) == "Invalid request: missing q parameter"
    assert "Content-Type" in refused(client.post("/detect"))
    assert "q has 100001" in refused(client.post("/detect", json={"q": "a" * 100_001}))
    assert client.get("/detect").status_code == 405


def test_every_language_is_listed_with_what_it_is_translated_into(client: Client) -> None:
    assert client.get("/languages").json() == [
        {"code": "en", "name": "English", "targets": ["hy", "ru"]},
        {"code": "hy", "name": "Armenian", "targets": []},
        {"code": "ru", "name": "Russian", "targets": []},
    ]


def test_a_page_finds_its_settings(client: Client) -> None:
    assert client.get("/frontend/settings").json() == {
        "apiKeys": False,
        "charLimit": 100_000,
        "filesTranslation": False,
        "frontendTimeout": 500,
        "keyRequired": False,
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": "hy", "name": "Armenian"},
        },
        "suggestions": False,
        "supportedFilesFormat": [],
    }


def test_what_is_turned_off_says_so(client: Client) -> None:
    assert refused(client.post("/suggest", data={"q": "a", "s": "b"}), 403) == (
        "Suggestions are disabled on this server."
    )
    message = refused(client.post("/translate_file", files={"file": ("a.txt", b"A b.")}), 403)
    assert "POST /v1/documents" in message


def test_doubts_are_counted_in_a_header(client: Client) -> None:
    text = "The energy minister of Greece bought 123456789012345678 helicopters in 1066."
    body = {"q": text, "source": "en", "target": "hy"}
    response = client.post("/translate", json=body)
    answer = client.post("/v1/translate", json={"text": text, "target": "hy"}).json()
    assert int(response.headers["lur-warnings"]) == len(answer["translations"][0]["warnings"])


def test_a_page_of_another_origin_cannot_send_a_form(client: Client) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    fields = {"q": "A b.", "source": "en", "target": "hy"}
    for path in ("/translate", "/detect"):
        assert "LUR_CORS_ORIGINS" in refused(client.post(path, data=fields, headers=headers), 403)


def test_the_document_describes_our_own_api_alone(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert not {"/translate", "/detect", "/languages", "/hf/translation"} & set(paths)


@pytest.fixture(scope="module")
def keyed(tiny_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    path: Path = tmp_path_factory.mktemp("keys") / "keys"
    add_line(path, line_of("newsroom", ["use"], "secret"))
    add_line(path, line_of("scraper", ["metrics"], "other"))
    with TestClient(
        create_app(msgspec.structs.replace(tiny_settings, api_keys_file=path))
    ) as client:
        yield client


def test_a_key_comes_in_the_body_or_a_header(keyed: Client) -> None:
    body = {"q": "42", "source": "en", "target": "hy"}
    with_key = {**body, "api_key": "secret"}
    for request in (
        {"json": with_key},
        {"data": with_key},
        {"files": {name: (None, value) for name, value in with_key.items()}},
        {"json": body, "headers": {"Authorization": "Bearer secret"}},
        {"json": {**body, "api_key": None}, "headers": {"X-API-Key": "secret"}},
    ):
        response = keyed.post("/translate", **request)  # type: ignore[arg-type]
        assert response.status_code == 200, response.text
    assert keyed.post("/detect", data={"q": ARMENIAN, "api_key": "secret"}).status_code == 200


def test_without_a_right_key_it_is_forbidden(keyed: Client) -> None:
    body = {"q": "42", "source": "en", "target": "hy"}
    for path in ("/translate", "/detect"):
        assert refused(keyed.post(path, json=body), 403) == "a key is required"
        assert refused(keyed.post(path, content=b"q"), 403) == "a key is required"
        wrong = {**body, "api_key": "wrong"}
        assert refused(keyed.post(path, json=wrong), 403) == "the key is not known"
        scraper = {**body, "api_key": "other"}
        assert "lacks the scope" in refused(keyed.post(path, data=scraper), 403)
    assert refused(keyed.post("/translate?api_key=secret", json=body), 403) == "a key is required"


def test_languages_and_settings_need_no_key(keyed: Client) -> None:
    assert keyed.get("/languages").status_code == 200
    settings = keyed.get("/frontend/settings").json()
    assert settings["apiKeys"] is settings["keyRequired"] is True


def test_too_many_requests_are_asked_to_slow_down(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, requests_per_minute=1)
    body = {"q": "42", "source": "en", "target": "hy"}
    with TestClient(create_app(settings)) as client:
        assert client.post("/translate", json=body).status_code == 200
        response = client.post("/detect", json=body)
        assert refused(response, 429).startswith("Slowdown: 2 requests a minute")
        assert int(response.headers["retry-after"]) > 0


def test_detection_costs_no_tokens(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, tokens_per_minute=1000)
    with TestClient(create_app(settings)) as client:
        response = client.post("/detect", json={"q": FRENCH * 50})
        assert response.status_code == 200
        after = client.post("/detect", json={"q": FRENCH * 50})
        assert after.status_code == 200
