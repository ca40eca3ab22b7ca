"""Hugging Face's own client, unchanged, against a running service: sync and async."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from service.access import add_line, line_of
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

TEXTS = [triple.en for triple in sentences(71, 40)]
ARTICLE = " ".join(TEXTS)


def ours(server: Server, text: str, target: str) -> str:
    body = {"text": text, "target": target}
    answer = server.client.post("/v1/translate", json=body).raise_for_status().json()
    translated: str = answer["translations"][0]["text"]
    return translated


async def test_both_clients_summarize_and_translate(
    serve: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve()
    expected = server.client.post("/v1/summarize", json={"text": ARTICLE}).json()["summary"]
    hy, ru = ours(server, TEXTS[0], "hy"), ours(server, TEXTS[0], "ru")
    with InferenceClient(f"{server.url}/hf/summarization") as client:
        assert client.summarization(ARTICLE).summary_text == expected
        short = client.summarization(
            ARTICLE, generate_parameters={"max_length": 31, "min_length": 10, "do_sample": False}
        )
        assert len(short.summary_text.split()) <= 20
        [record] = [r for r in caplog.records if "without effect" in r.getMessage()]
        assert record.levelno == logging.WARNING
        assert "min_length" in record.getMessage()
        armenian = client.translation(TEXTS[0], model=f"{server.url}/hf/translation/hy")
        assert armenian.translation_text == hy
    with InferenceClient(model=f"{server.url}/hf/translation") as client:
        found = client.translation(TEXTS[0], src_lang="eng_Latn", tgt_lang="rus_Cyrl")
        assert found.translation_text == ru
    async with AsyncInferenceClient(f"{server.url}/hf/summarization") as eventual:
        assert (await eventual.summarization(ARTICLE)).summary_text == expected
        into = f"{server.url}/hf/translation/hy"
        assert (await eventual.translation(TEXTS[0], model=into)).translation_text == hy
    assert server.stop() == 0


async def test_both_clients_raise_their_own_errors_with_our_words(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    add_line(tmp_path / "keys", line_of("newsroom", ["use"], "secret"))
    server = serve(LUR_API_KEYS_FILE=str(tmp_path / "keys"))
    into = f"{server.url}/hf/translation"
    with InferenceClient(into, token="secret") as client:
        assert client.translation("42", src_lang="en", tgt_lang="hy").translation_text == "42"
        with pytest.raises(BadRequestError, match="one of hy, ru"):
            client.translation(TEXTS[0])
        with pytest.raises(HfHubHTTPError, match="no model translates en→fr") as caught:
            client.translation(TEXTS[0], src_lang="en", tgt_lang="fr")
        assert caught.value.response.status_code == 422
        with pytest.raises(BadRequestError, match="answers are not sampled"):
            client.translation(
                TEXTS[0],
                src_lang="en",
                tgt_lang="hy",
                generate_parameters={"do_sample": True},
            )
    async with AsyncInferenceClient(into, token="wrong") as eventual:
        with pytest.raises(HfHubHTTPError, match="the key is not known") as caught:
            await eventual.translation(TEXTS[0], src_lang="en", tgt_lang="hy")
        assert caught.value.response.status_code == 401


async def test_a_model_that_is_not_there_is_a_503_at_once(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(LUR_CATALOG="", LUR_PROFILE="light", LUR_MODEL_CACHE=str(tmp_path))
    with (
        InferenceClient(f"{server.url}/hf/translation/hy") as client,
        pytest.raises(HfHubHTTPError, match="opus-mt-en-hy is unavailable") as caught,
    ):
        client.translation(TEXTS[0])
    assert caught.value.response.status_code == 503
    assert caught.value.response.json()["estimated_time"] > 0
