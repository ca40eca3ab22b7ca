"""LibreTranslate's Python client, unchanged, against a running service."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest
from libretranslatepy import LibreTranslateAPI

from service.access import add_line, line_of
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

TEXTS = [triple.en for triple in sentences(81, 4)]


def said(error: HTTPError) -> str:
    with error:
        found = json.loads(error.read())
    assert set(found) == {"error"}
    message: str = found["error"]
    return message


def test_the_client_translates_detects_and_lists(serve: Callable[..., Server]) -> None:
    server = serve()
    client = LibreTranslateAPI(server.url)
    text = "\n".join(TEXTS)
    answer = server.client.post("/v1/translate", json={"text": text, "target": "hy"}).json()
    expected = answer["translations"][0]["text"]
    assert client.translate(text, "en", "hy", timeout=60) == expected
    assert client.translate(text, "auto", "hy", timeout=60) == expected
    assert client.translate(expected, "auto", "hy", timeout=60) == expected
    assert client.detect(text, timeout=60)[0]["language"] == "en"
    assert client.detect(expected, timeout=60) == [{"confidence": 100, "language": "hy"}]
    assert [row["code"] for row in client.languages(timeout=60)] == ["en", "hy", "ru"]
    with pytest.raises(HTTPError) as caught:
        client.translate(text, "en", "es", timeout=60)
    assert caught.value.code == 400
    assert said(caught.value).startswith("no model translates en→es")
    assert server.stop() == 0


def test_the_client_sends_its_key_in_the_form(serve: Callable[..., Server], tmp_path: Path) -> None:
    add_line(tmp_path / "keys", line_of("newsroom", ["use"], "secret"))
    server = serve(LUR_API_KEYS_FILE=str(tmp_path / "keys"))
    client = LibreTranslateAPI(f"{server.url}/", api_key="secret")
    assert client.translate("42", "en", "hy", timeout=60) == "42"
    assert client.languages(timeout=60)[0]["code"] == "en"
    for key, message in (("wrong", "the key is not known"), (None, "a key is required")):
        with pytest.raises(HTTPError) as caught:
            LibreTranslateAPI(server.url, api_key=key).translate("42", "en", "hy", timeout=60)
        assert (caught.value.code, said(caught.value)) == (403, message)
    assert "secret" not in "".join(server.log)
