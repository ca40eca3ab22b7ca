import json
import re

from litestar import Litestar
from litestar.testing import TestClient

from tests.tinylang.grammar import sentences

Client = TestClient[Litestar]


def test_the_document_has_every_path_with_problem_bodies(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/summarize",
        "/v1/translate",
        "/v1/documents",
        "/v1/documents/text",
        "/v1/documents/docx",
        "/v1/languages",
        "/v1/models",
        "/v1/models/{name}/load",
        "/v1/models/{name}/unload",
        "/health/live",
        "/health/ready",
        "/metrics",
    }
    for path in ("/v1/summarize", "/v1/translate"):
        operation = document["paths"][path]["post"]
        expected = {"200", "400", "408", "413", "415", "422", "429", "503", "504"}
        assert expected <= set(operation["responses"])
        content = operation["responses"]["422"]["content"]
        assert set(content) == {"application/problem+json"}
        [example] = operation["requestBody"]["content"]["application/json"]["schema"]["examples"]
        response = client.post(path, json=example)
        assert response.status_code == 200, response.text


def test_the_document_says_what_this_service_takes(client: Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    article = schemas["SummarizeBody"]["properties"]["text"]
    text = schemas["TranslateBody"]["properties"]["text"]
    assert article["maxLength"] == 100_000
    assert [one.get("items", one)["maxLength"] for one in text["anyOf"]] == [100_000, 100_000]
    translate = schemas["TranslateBody"]
    assert translate["additionalProperties"] is False
    assert translate["properties"]["source"]["enum"] == ["en"]
    assert translate["properties"]["target"]["anyOf"][0]["enum"] == ["hy", "ru"]
    assert "tiny-en-hy" in translate["properties"]["model"]["anyOf"][0]["enum"]
    assert "tiny-summarizer" not in translate["properties"]["model"]["anyOf"][0]["enum"]
    assert "$comment" not in str(document)


def test_every_reference_of_the_document_leads_somewhere(client: Client) -> None:
    text = client.get("/openapi.json").text
    found = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert len(found) > 10
    assert found <= set(json.loads(text)["components"]["schemas"])


def test_the_document_promises_a_request_id_and_when_to_ask_again(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    answers = [
        (status, answer)
        for path in paths.values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
    ]
    assert all(answer["headers"]["X-Request-ID"]["required"] for _, answer in answers)
    problems = [(s, a) for s, a in answers if "application/problem+json" in a["content"]]
    later = [answer for status, answer in problems if status in ("429", "503")]
    assert later
    assert all(answer["headers"]["Retry-After"]["required"] for answer in later)


def test_the_page_asks_nobody_but_this_service(client: Client) -> None:
    page = client.get("/docs").text
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert links
    assert not [link for link in links if not link.startswith(("/", "data:"))]
    for link in links:
        if link.startswith("/"):
            assert client.get(link).status_code == 200


def test_its_files_are_compressed_and_not_sent_to_who_has_them(client: Client) -> None:
    address = "/docs/assets/swagger-ui-bundle.js"
    found = client.get(address)
    assert found.headers["content-encoding"] == "gzip"
    assert int(found.headers["content-length"]) < len(found.content) / 3
    for refusal in ("gzip;q=0", "br, GZIP; q=0.0", "identity"):
        plain = client.get(address, headers={"Accept-Encoding": refusal})
        assert "content-encoding" not in plain.headers
        assert plain.content == found.content
    again = client.get(address, headers={"If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_metrics_count_what_happened(client: Client) -> None:
    client.post("/v1/translate", json={"text": sentences(31, 1)[0].en, "target": "hy"})
    client.get("/nothing/here")
    text = client.get("/metrics").text
    for line in (
        r'lur_requests_total\{method="POST",route="/v1/translate",status="200"\} [1-9]',
        r'lur_requests_total\{method="any",route="unmatched",status="404"\} [1-9]',
        r'lur_inference_seconds_count\{model="tiny-en-hy"\} [1-9]',
        r'lur_queue_seconds_count\{model="tiny-en-hy"\} [1-9]',
        r'lur_batch_jobs_sum\{model="tiny-en-hy"\} [1-9]',
        r'lur_batch_tokens_sum\{model="tiny-en-hy"\} [1-9]',
        r'lur_model_loads_total\{model="tiny-en-hy",outcome="done"\} [1-9]',
        r'lur_result_cache_lookups_total\{outcome="miss"\} [1-9]',
        r"lur_resident_models [1-9]",
    ):
        assert re.search(line, text), line
