"""Inputs that an engine fails on, hangs on, breaks on or lacks memory for; in a real process."""

import concurrent.futures
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import TINY_CATALOG
from tests.server.conftest import FAULTS, Server, until
from tests.tinylang.grammar import sentences

PATIENCE_S = 60.0

NEIGHBOURS = [triple.en for triple in sentences(11, 10, held_out=True)]


class Faulty(Server):
    """A server whose engine misbehaves on `FAULTS`; one batch at a time, no result kept."""

    module = "tests.faulty"

    def __init__(self, environment: dict[str, str], go_on: Path) -> None:
        super().__init__([], environment | {"FAULT_SLOW_UNTIL": str(go_on)})
        self.go_on = go_on

    def post(self, text: str, target: str = "hy") -> httpx.Response:
        body = {"text": text, "target": target}
        return httpx.post(f"{self.url}/v1/translate", json=body, timeout=PATIENCE_S)

    def translation(self, text: str) -> str:
        return translation_of(self.post(text))

    def metric(self, name: str, **labels: str) -> float:
        wanted = "".join(rf'(?=[^}}]*{key}="{value}")' for key, value in labels.items())
        found = re.search(rf"^{name}\{{{wanted}[^}}]*\}} (\S+)$", self.metrics(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def metrics(self) -> str:
        return self.client.get("/metrics").text


Serve = Callable[..., Faulty]


@pytest.fixture
def serve(tiny_cache: Path, tiny_store: object, tmp_path: Path) -> Iterator[Serve]:
    started: list[Faulty] = []

    def start(**environment: str) -> Faulty:
        defaults = {
            "LUR_CATALOG": str(TINY_CATALOG),
            "LUR_PROFILE": "bundled",
            "LUR_MODEL_CACHE": str(tiny_cache),
            "LUR_THREADS": "1",
            "LUR_WORKERS": "1",
            "LUR_OFFLINE": "1",
            "LUR_RESULT_CACHE_BYTES": "0",
            "LUR_REPAIR_TRIES": "0",
            "FAULT_SLOW_S": str(PATIENCE_S),
        }
        started.append(Faulty(defaults | FAULTS | environment, tmp_path / "go_on"))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def translation_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    text: str = response.json()["translations"][0]["text"]
    return text


def together(server: Faulty, texts: list[str]) -> list[httpx.Response]:
    """Posts all while the engine is busy with something else, so that they meet in a batch."""
    with concurrent.futures.ThreadPoolExecutor(len(texts) + 1) as pool:
        busy = pool.submit(server.post, "Slowwell spoke.")
        until(lambda: server.metric("lur_oldest_batch_seconds", model="tiny-en-hy") > 0)
        pending = [pool.submit(server.post, text) for text in texts]
        until(lambda: server.metric("lur_queued_jobs", model="tiny-en-hy") == len(texts))
        server.go_on.touch()
        assert busy.result().status_code == 200
        return [one.result() for one in pending]


def culprit(word: str) -> str:
    return f"{word} said that the bridge was old."


@pytest.mark.parametrize("word", ["Raisewell", "Memorywell", "Nonsensewell"])
def test_neighbours_of_an_input_that_fails_get_what_they_would_get_alone(
    serve: Serve, word: str
) -> None:
    server = serve()
    alone = [server.translation(text) for text in NEIGHBOURS]
    *neighbours, bad = together(server, [*NEIGHBOURS, culprit(word)])
    assert [translation_of(response) for response in neighbours] == alone
    assert bad.status_code == 500
    assert bad.json()["title"] == "Inference failed"
    again = server.post(culprit(word))
    assert (again.status_code, again.json()["title"]) == (422, "Refused input")
    article = server.post(" ".join([*NEIGHBOURS, culprit(word)]))
    assert article.status_code == 422
    assert server.translation(NEIGHBOURS[0]) == alone[0]
    assert server.metric("lur_refused_inputs_total", model="tiny-en-hy") == 2
    assert server.metric("lur_engine_restarts_total", model="tiny-en-hy") == 0
    assert word not in "".join(server.log)
    assert server.stop() == 0


def test_neighbours_of_an_input_that_hangs_go_on_with_another_engine(serve: Serve) -> None:
    server = serve(LUR_BATCH_TIMEOUT_S="8", LUR_PRELOAD="tiny-en-hy")
    alone = [server.translation(text) for text in NEIGHBOURS]
    *neighbours, bad = together(server, [*NEIGHBOURS, culprit("Hangwell")])
    assert [translation_of(response) for response in neighbours] == alone
    assert bad.status_code == 500
    began = time.monotonic()
    again = server.post(culprit("Hangwell"))
    assert (again.status_code, again.json()["title"]) == (422, "Refused input")
    assert time.monotonic() - began < 8  # it was not tried
    assert server.translation(NEIGHBOURS[0]) == alone[0]
    until(lambda: server.metric("lur_stuck_engines", model="tiny-en-hy") == 2)
    restarts = server.metric("lur_engine_restarts_total", model="tiny-en-hy", reason="hang")
    assert restarts == 2
    assert server.client.get("/health/live").status_code == 200
    assert server.client.get("/health/ready").status_code == 200
    hung, hung_alone = server.events("batch_hung")
    assert hung["jobs"] == len(NEIGHBOURS) + 1
    assert hung_alone["jobs"] == 1
    assert len(server.events("engine_restarted")) == 2
    assert "Hangwell" not in "".join(server.log)
    assert server.stop() == 0


def test_an_engine_that_breaks_is_replaced_and_nobody_else_is_blamed(serve: Serve) -> None:
    server = serve()
    alone = [server.translation(text) for text in NEIGHBOURS]
    *neighbours, bad = together(server, [*NEIGHBOURS, culprit("Breakwell")])
    assert [translation_of(response) for response in neighbours] == alone
    assert bad.status_code == 500
    assert server.post(culprit("Breakwell")).status_code == 422
    assert server.translation(NEIGHBOURS[0]) == alone[0]
    until(
        lambda: server.metric("lur_engine_restarts_total", model="tiny-en-hy", reason="broken") == 2
    )
    assert server.metric("lur_stuck_engines", model="tiny-en-hy") == 0
    assert server.stop() == 0


def test_a_flood_of_inputs_that_hang_ends_with_a_model_that_says_so(serve: Serve) -> None:
    server = serve(LUR_BATCH_TIMEOUT_S="1", LUR_PRELOAD="tiny-en-hy")
    statuses = [server.post(f"{n}: {culprit('Hangwell')}").status_code for n in range(6)]
    assert statuses == [500] * 4 + [503] * 2
    refused = server.post(NEIGHBOURS[0])
    assert refused.status_code == 503
    assert "Retry-After" in refused.headers
    assert "4 of its engines hang" in refused.json()["detail"]
    translation_of(server.post(NEIGHBOURS[0], "ru"))  # other models are well
    ready = server.client.get("/health/ready")
    assert ready.status_code == 503
    assert "4 of its engines hang" in ready.json()["models"][0]["reason"]
    assert server.metric("lur_stuck_engines", model="tiny-en-hy") == 4
    assert server.events("runner_stuck")
    assert server.stop() == 0


def test_a_process_in_which_an_engine_hangs_ends_in_time_and_with_code_0(serve: Serve) -> None:
    """The grace time is for who waits; then nobody does, and the engine is left as it is."""
    server = serve(LUR_GRACE_S="2")
    server.translation(NEIGHBOURS[0])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(server.post, culprit("Hangwell"))
        until(lambda: server.metric("lur_oldest_batch_seconds", model="tiny-en-hy") > 0)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 25
        with suppress(httpx.HTTPError):
            assert hanging.result().status_code >= 500
