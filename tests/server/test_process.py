"""The service as a process: start, load, stop."""

import concurrent.futures
import json
import re
import time
from collections.abc import Callable

import httpx

from tests.printing import printed
from tests.server.conftest import Server
from tests.tinylang.grammar import Triple, sentences

Serve = Callable[..., Server]


def test_it_serves_and_ends_with_code_0(serve: Serve) -> None:
    server = serve()
    assert server.client.get("/health/live").json() == {"status": "live"}
    triple = sentences(1, 1)[0]
    body = {"text": triple.en, "target": "hy"}
    answer = server.client.post("/v1/translate", json=body).json()
    assert answer["translations"][0]["text"] == printed(triple, "hy")
    assert server.stop() == 0


def test_sentences_of_32_clients_meet_in_batches_and_never_mix(serve: Serve) -> None:
    server = serve(LUR_WORKERS="1")  # more of them than cores to spare would leave nobody waiting
    triples = sentences(2, 256, held_out=True)

    def ask(triple: Triple) -> int:
        body = {"text": triple.en, "target": ["hy", "ru"]}
        answer = httpx.post(f"{server.url}/v1/translate", json=body, timeout=60).json()
        found = [t["text"] for t in answer["translations"]]
        return sum(found[i] == printed(triple, code) for i, code in enumerate(("hy", "ru")))

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(ask, triples)) >= 0.95 * 2 * len(triples)
    metrics = server.client.get("/metrics").text
    found = {
        name: float(re.search(rf'{name}\{{model="tiny-en-hy"\}} (\S+)', metrics)[1])  # type: ignore[index]
        for name in ("lur_batch_jobs_count", "lur_batch_jobs_sum")
    }
    assert found["lur_batch_jobs_sum"] / found["lur_batch_jobs_count"] > 1.5


def test_sigterm_lets_accepted_requests_finish(serve: Serve) -> None:
    server = serve()
    text = " ".join(t.en for t in sentences(3, 400))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = pool.submit(
            server.client.post, "/v1/translate", json={"text": text, "target": "hy"}
        )
        while 'route="/v1/translate"' not in httpx.get(f"{server.url}/metrics").text:
            jobs = httpx.get(f"{server.url}/metrics").text
            if re.search(r'lur_jobs_total\{model="tiny-en-hy",outcome="done"\} [1-9]', jobs):
                break
        assert server.stop() == 0
        response = pending.result()
    assert response.status_code == 200
    assert len(response.json()["translations"][0]["text"]) > 1000


def test_work_stops_when_the_client_leaves(serve: Serve) -> None:
    server = serve(LUR_MAX_BATCH_TOKENS="128")
    server.client.post("/v1/translate", json={"text": "Hello.", "target": "hy"})
    text = " ".join(t.en for t in sentences(4, 1200))
    try:
        server.client.post(
            "/v1/translate",
            json={"text": text, "target": "hy", "quality": "best"},
            timeout=httpx.Timeout(60, read=0.5),
        )
        raise AssertionError("the request was meant to take longer")
    except httpx.ReadTimeout:
        server.client.close()

    def done() -> float:
        metrics = httpx.get(f"{server.url}/metrics").text
        return float(
            re.search(r'lur_jobs_total\{model="tiny-en-hy",outcome="done"\} (\S+)', metrics)[1]  # type: ignore[index]
        )

    until = time.monotonic() + 20
    while (before := done()) != (time.sleep(0.3) or done()):  # type: ignore[func-returns-value]
        assert time.monotonic() < until
    assert before < 1100
    assert any(json.loads(line).get("status") == 499 for line in server.log)


def test_the_log_is_json_and_never_holds_the_text(serve: Serve) -> None:
    server = serve()
    secret = "Zanzibarite"
    server.client.post("/v1/translate", json={"text": f"The {secret} spoke.", "target": "hy"})
    server.client.post("/v1/translate", json={"text": f"The {secret}", "target": "xx"})
    server.client.post("/v1/translate", json={"text": secret, "target": 5})
    assert server.stop() == 0
    events = [json.loads(line) for line in server.log]
    requests = [event for event in events if event["event"] == "request"]
    assert [event["status"] for event in requests] == [200, 422, 400]
    assert all(event["request_id"] and event["ms"] >= 0 for event in requests)
    assert secret not in "".join(server.log)


def test_a_wrong_setting_ends_the_start_with_one_line(serve: Serve) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "service.cli", "serve", "--deadline-s", "soon"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "Error: LUR_DEADLINE_S='soon': Expected `float`, got `str`\n"
