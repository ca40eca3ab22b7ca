"""Streams of a real process: what comes when, and what becomes of the work of who leaves."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import FAULTS, Server, until
from tests.tinylang.grammar import sentences

PATIENCE_S = 60.0

ARTICLE = [t.en for t in sentences(51, 40, held_out=True)]
SLOW = "Slowwell said that the bridge was old."


class Slow(Server):
    """A server whose engine stays in a batch with `SLOW`; one at a time, nothing remembered.

    Attributes:
        go_on: a file with which it goes on.
    """

    module = "tests.talkative"
    go_on: Path

    def metric(self, name: str, **labels: str) -> float:
        wanted = "".join(rf'(?=[^}}]*{key}="{value}")' for key, value in labels.items())
        text = httpx.get(f"{self.url}/metrics", timeout=PATIENCE_S).text
        found = re.search(rf"^{name}\{{{wanted}[^}}]*\}} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    @property
    def batches(self) -> float:
        return self.metric("lur_inference_seconds_count", model="tiny-en-hy")

    def answers(self) -> list[int]:
        return [e["status"] for e in self.events("request") if e["route"] == "/v1/translate"]


Serve = Callable[..., Slow]


@pytest.fixture
def slow(serve: Callable[..., Slow], tmp_path: Path) -> Serve:
    def start(**environment: str) -> Slow:
        defaults = {
            "LUR_WORKERS": "1",
            "LUR_RESULT_CACHE_BYTES": "0",
            "LUR_REPAIR_TRIES": "0",
            "FAULT_SLOW_S": str(PATIENCE_S),
            "FAULT_SLOW_UNTIL": str(tmp_path / "go_on"),
        }
        server = serve(kind=Slow, **{**defaults, **FAULTS, **environment})
        server.go_on = tmp_path / "go_on"
        return server

    return start


class Reader:
    """Reads a stream event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.comments = 0

    def next(self) -> tuple[str, Any]:
        name = ""
        for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        raise AssertionError("the stream has ended")

    def segment(self) -> int:
        """Returns the number of the next segment; how far models are is passed over."""
        name, data = self.next()
        while name == "model":
            name, data = self.next()
        assert name == "segment", data
        number: int = data["segment"]
        return number

    def rest(self) -> list[tuple[str, Any]]:
        found = []
        while not found or found[-1][0] not in ("result", "error"):
            found.append(self.next())
        assert list(self._lines) == [""]
        return found


@contextmanager
def streaming(server: Server, text: str) -> Iterator[Reader]:
    body = {"text": text, "target": "hy", "stream": True}
    url = f"{server.url}/v1/translate"
    with httpx.stream("POST", url, json=body, timeout=PATIENCE_S) as response:
        assert response.status_code == 200
        yield Reader(response)


def test_segments_come_while_the_engine_is_at_others(slow: Serve) -> None:
    server = slow()
    with streaming(server, "\n".join([*ARTICLE[:9], SLOW, *ARTICLE[9:]])) as reader:
        assert [reader.segment() for _ in range(9)] == list(range(9))
        until(lambda: server.metric("lur_oldest_batch_seconds", model="tiny-en-hy") > 0)
        assert server.batches == 2
        server.go_on.touch()
        events = reader.rest()
    assert [d["segment"] for n, d in events if n == "segment"] == list(range(9, 41))
    assert events[-1][0] == "result"
    plain = httpx.post(
        f"{server.url}/v1/translate",
        json={"text": "\n".join([*ARTICLE[:9], SLOW, *ARTICLE[9:]]), "target": "hy"},
        timeout=PATIENCE_S,
    ).json()
    assert events[-1][1]["translations"] == plain["translations"]


def test_a_silence_is_filled_with_comments(slow: Serve) -> None:
    server = slow()
    with streaming(server, f"{ARTICLE[0]}\n{SLOW}") as reader:
        assert reader.segment() == 0
        until(lambda: server.metric("lur_oldest_batch_seconds", model="tiny-en-hy") > 1)
        server.go_on.touch()
        assert [name for name, _ in reader.rest()] == ["segment", "result"]
    assert reader.comments >= 2


def test_who_leaves_has_no_further_batch(slow: Serve) -> None:
    server = slow()
    with streaming(server, "\n".join([ARTICLE[0], SLOW, *ARTICLE[1:]])) as reader:
        assert reader.segment() == 0
        until(lambda: server.metric("lur_oldest_batch_seconds", model="tiny-en-hy") > 0)
        assert server.metric("lur_queued_jobs", model="tiny-en-hy") > 20
    until(lambda: server.answers() == [499])
    before = server.batches
    server.go_on.touch()
    server.client.post("/v1/translate", json={"text": ARTICLE[0], "target": "hy"})
    assert server.batches == before + 2  # the one that ran, and that of the next request
    assert server.metric("lur_jobs_total", model="tiny-en-hy", outcome="dropped") >= 40 - 4


def test_a_stream_that_was_accepted_is_finished_before_the_process_ends(slow: Serve) -> None:
    server = slow()
    with streaming(server, "\n".join([ARTICLE[0], SLOW, *ARTICLE[1:]])) as reader:
        assert reader.segment() == 0
        server.process.terminate()
        until(lambda: httpx.get(f"{server.url}/health/ready").json()["stopping"])
        assert httpx.post(f"{server.url}/v1/translate", json={}).status_code == 503
        server.go_on.touch()
        events = reader.rest()
    assert events[-1][0] == "result"
    assert server.process.wait(PATIENCE_S) == 0
    assert server.answers().count(200) == 1


def test_when_the_grace_is_over_the_last_event_says_so(slow: Serve) -> None:
    server = slow(LUR_GRACE_S="1")
    with streaming(server, f"{ARTICLE[0]}\n{SLOW}") as reader:
        assert reader.segment() == 0
        server.process.terminate()
        ((name, problem),) = reader.rest()
    assert (name, problem["title"], problem["status"]) == ("error", "Shutting down", 503)
    assert server.process.wait(PATIENCE_S) == 0
    assert server.answers() == [503]
