"""Hugging Face's inference API as programs without its client speak it, and what it is refused."""

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

TEXTS = [triple.en for triple in sentences(61, 40)]
ARTICLE = " ".join(TEXTS)


def answered(client: Client, path: str, **body: object) -> Any:
    response = client.post(f"/hf/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def refused(response: Any, status: int, kind: str) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert found["error_type"] == kind
    message: str = found["error"]
    return message


def ours(client: Client, target: str, *texts: str, **more: object) -> list[str]:
    body = {"text": texts, "target": target, **more}
    answer = client.post("/v1/translate", json=body).json()
    return [translation["text"] for translation in answer["translations"]]


def test_a_summary_is_the_one_of_our_own_api(client: Client) -> None:
    found = answered(client, "summarization", inputs=ARTICLE)
    summary = client.post("/v1/summarize", json={"text": ARTICLE}).json()["summary"]
    assert found == [{"summary_text": summary}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_length": 31},
        {"generate_parameters": {"max_length": 31}},
        {"generate_parameters": {"max_new_tokens": 31, "max_length": 1000}},
    ],
)
def test_a_ceiling_in_tokens_is_one_in_words(client: Client, parameters: object) -> None:
    [found] = answered(client, "summarization", inputs=ARTICLE, parameters=parameters)
    body = {"text": ARTICLE, "max_words": 20}
    assert found["summary_text"] == client.post("/v1/summarize", json=body).json()["summary"]
    assert len(found["summary_text"].split()) <= 20


def test_the_usual_parameters_of_a_tutorial_are_taken(client: Client) -> None:
    usual = {"min_length": 30, "max_length": 130, "do_sample": False}
    for parameters in (usual, {"generate_parameters": usual}):
        response = client.post(
            "/hf/summarization", json={"inputs": ARTICLE, "parameters": parameters}
        )
        assert response.status_code == 200
        told = response.headers["x-hf-warning"]
        assert told.startswith("parameters; without effect: min_length (")
        assert "max_length" not in told


def test_what_has_no_effect_is_told_with_the_reason(client: Client) -> None:
    parameters = {
        "clean_up_tokenization_spaces": True,
        "truncation": "longest_first",
        "generate_parameters": {"temperature": 0.7, "max_length": 20, "early_stopping": True},
    }
    body = {"inputs": TEXTS[0], "parameters": parameters, "options": {"wait_for_model": True}}
    response = client.post("/hf/translation/hy", json=body)
    assert response.status_code == 200, response.text
    told = response.headers["x-hf-warning"]
    names = ("clean_up_tokenization_spaces", "truncation", "temperature", "max_length", "options")
    assert all(f"{name} (" in told for name in (*names, "early_stopping"))
    assert "x-hf-warning" not in client.post("/hf/translation/hy", json={"inputs": "42"}).headers


def test_the_target_is_named_in_the_path_or_by_a_parameter(client: Client) -> None:
    [expected] = ours(client, "hy", TEXTS[0])
    for code in ("hy", "HY", "hye_Armn", "hy_AM"):
        assert answered(client, f"translation/{code}", inputs=TEXTS[0]) == [
            {"translation_text": expected}
        ]
        named = {"src_lang": "en_XX", "tgt_lang": code}
        assert answered(client, "translation", inputs=TEXTS[0], parameters=named) == [
            {"translation_text": expected}
        ]


def test_a_list_is_answered_by_a_list(client: Client) -> None:
    found = answered(client, "translation/ru", inputs=[*TEXTS[:3], ""])
    expected = [*ours(client, "ru", *TEXTS[:3]), ""]
    assert [each["translation_text"] for each in found] == expected


@pytest.mark.parametrize(("beams", "quality"), [(1, "fast"), (3, "balanced"), (5, "best")])
def test_the_number_of_beams_is_the_quality(client: Client, beams: int, quality: str) -> None:
    parameters = {"generate_parameters": {"num_beams": beams}}
    found = answered(client, "translation/hy", inputs=TEXTS[:8], parameters=parameters)
    expected = ours(client, "hy", *TEXTS[:8], quality=quality)
    assert [each["translation_text"] for each in found] == expected


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("translation", {"inputs": "A."}, "parameters.tgt_lang: is required: one of hy, ru"),
        (
            "translation/ru",
            {"inputs": "A.", "parameters": {"tgt_lang": "hy"}},
            "parameters.tgt_lang: is hy, but the path says ru",
        ),
        ("translation/hy", {}, "inputs: is required"),
        ("translation/hy", {"inputs": ""}, "inputs: Expected `str` of length >= 1"),
        ("translation/hy", {"inputs": []}, "inputs: Expected `array` of length >= 1"),
        ("translation/hy", {"inputs": "A.", "stream": True}, "stream: is not a field"),
        (
            "translation/hy",
            {"inputs": "A.", "parameters": {"num_beam": 4}},
            "parameters.num_beam: is not a field",
        ),
        (
            "translation/hy",
            {"inputs": "A.", "parameters": {"generate_parameters": {"do_sample": True}}},
            "parameters.do_sample: answers are not sampled",
        ),
        (
            "translation/hy",
            {"inputs": "A.", "parameters": {"num_return_sequences": 2}},
            "parameters.num_return_sequences: there is one answer",
        ),
        (
            "translation/hy",
            {"inputs": "A.", "parameters": {"generate_parameters": {"num_beams": 0}}},
            "parameters.generate_parameters.num_beams: Expected `int` >= 1, not 0",
        ),
        (
            "translation/hy",
            {"inputs": "A.", "parameters": {"truncation": "yes"}},
            "parameters.truncation: must be one of do_not_truncate, ",
        ),
        ("summarization", {"inputs": ["A."]}, "inputs: Expected `str`, got `array`"),
        (
            "summarization",
            {"inputs": "A.", "parameters": {"max_length": 7}},
            "parameters.max_length: no sentence is so short; 8 at least",
        ),
        (
            "summarization",
            {"inputs": "A.", "parameters": {"generate_parameters": {"max_new_tokens": 3.0}}},
            "parameters.max_new_tokens: no sentence is so short; 8 at least",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_by_its_name(
    client: Client, path: str, body: object, message: str
) -> None:
    found = refused(client.post(f"/hf/{path}", json=body), 400, "bad_request")
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("path", "inputs", "kind", "message"),
    [
        ("translation/zz", "A.", "unsupported_language_pair", "no model translates en→zz"),
        ("translation/hy", "a" * 100_001, "input_too_long", "inputs has 100001 characters"),
        ("summarization", "a" * 100_001, "input_too_long", "inputs has 100001 characters"),
        ("summarization", "...", "nothing_to_summarize", "text holds no words"),
    ],
)
def test_an_input_at_fault_is_a_422(
    client: Client, path: str, inputs: str, kind: str, message: str
) -> None:
    found = refused(client.post(f"/hf/{path}", json={"inputs": inputs}), 422, kind)
    assert found.startswith(message)


def test_a_form_is_not_taken(client: Client) -> None:
    response = client.post("/hf/translation/hy", data={"inputs": "A."})
    assert "Content-Type" in refused(response, 415, "unsupported_media_type")


def test_a_model_that_cannot_be_had_is_a_503_that_says_when_to_ask_again(
    tiny_settings: Settings, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(
        tiny_settings, catalog=None, profile="light", model_cache=tmp_path / "none"
    )
    with TestClient(create_app(settings)) as client:
        response = client.post("/hf/translation/hy", json={"inputs": "A."})
    assert "opus-mt-en-hy" in refused(response, 503, "model_unavailable")
    wait_s = response.json()["estimated_time"]
    assert 0 < wait_s <= int(response.headers["retry-after"])


def test_a_model_that_is_being_loaded_is_a_503_too(tiny_settings: Settings) -> None:
    settings = msgspec.structs.replace(tiny_settings, load_wait_s=0.0)
    with TestClient(create_app(settings)) as client:
        response = client.post("/hf/translation/hy", json={"inputs": "A."})
        assert "tiny-en-hy is " in refused(response, 503, "model_not_ready")
        assert response.json()["estimated_time"] == 10


def test_doubts_are_counted_in_a_header(client: Client) -> None:
    text = "The energy minister of Greece bought 123456789012345678 helicopters in 1066."
    response = client.post("/hf/translation/hy", json={"inputs": text})
    answer = client.post("/v1/translate", json={"text": text, "target": "hy"}).json()
    assert int(response.headers["lur-warnings"]) == len(answer["translations"][0]["warnings"])
    summary = client.post("/hf/summarization", json={"inputs": ARTICLE})
    answer = client.post("/v1/summarize", json={"text": ARTICLE}).json()
    assert int(summary.headers["lur-warnings"]) == len(answer["warnings"])


def test_a_key_is_asked_for(tiny_settings: Settings, tmp_path: Path) -> None:
    add_line(tmp_path / "keys", line_of("newsroom", ["use"], "secret"))
    settings = msgspec.structs.replace(tiny_settings, api_keys_file=tmp_path / "keys")
    with TestClient(create_app(settings)) as client:
        for path in ("summarization", "translation", "translation/hy"):
            response = client.post(f"/hf/{path}", json={"inputs": "A."})
            assert refused(response, 401, "unauthorized") == "a key is required"
        headers = {"Authorization": "Bearer secret"}
        response = client.post("/hf/translation/hy", json={"inputs": "42"}, headers=headers)
        assert response.json() == [{"translation_text": "42"}]
