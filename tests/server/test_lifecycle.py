"""How a process ends: the signals, at every moment, and what becomes of requests meanwhile."""

import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hub import LocalHub
from tests.server.conftest import Server, children, until
from tests.server.test_first_use import CHECKPOINTS, ROWS
from tests.tinylang.grammar import sentences

Serve = Callable[..., Any]

PATIENCE_S = 60.0

SLOW = "Slowwell said that the bridge was old."
BODY = {"text": "The mayor opened a bridge on Monday.", "target": "hy"}


class SlowServer(Server):
    """A server whose engine waits in a batch that holds `SLOW`, as long as the test wants."""

    module = "tests.faulty"

    @property
    def batch_seconds(self) -> float:
        metrics = httpx.get(f"{self.url}/metrics").text
        found = re.search(r'lur_oldest_batch_seconds\{model="tiny-en-hy"\} (\S+)', metrics)
        return float(found[1]) if found else 0.0


def is_stopping(server: Server) -> bool:
    ready = httpx.get(f"{server.url}/health/ready")
    return ready.status_code == 503 and bool(ready.json()["stopping"])


@pytest.fixture
def slow(serve: Serve, tmp_path: Path) -> Callable[..., SlowServer]:
    def start(**environment: str) -> SlowServer:
        return serve(
            kind=SlowServer,
            FAULT_SLOW="Slowwell",
            FAULT_SLOW_S=str(PATIENCE_S),
            FAULT_SLOW_UNTIL=str(tmp_path / "go_on"),
            LUR_WORKERS="1",
            **environment,
        )

    return start


def in_the_engine(
    server: SlowServer, pool: concurrent.futures.Executor
) -> "concurrent.futures.Future[httpx.Response]":
    """A request whose batch has begun and does not end by itself."""
    body = {"text": SLOW, "target": "hy"}
    pending = pool.submit(httpx.post, f"{server.url}/v1/translate", json=body, timeout=PATIENCE_S)
    until(lambda: server.batch_seconds > 0)
    return pending


def refusal(response: httpx.Response) -> str:
    """Checks that it says that the process ends, and returns the title."""
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["connection"] == "close"
    assert int(response.headers["retry-after"]) > 0
    title: str = response.json()["title"]
    return title


def test_what_was_accepted_is_answered_and_what_is_new_is_refused(
    slow: Callable[..., SlowServer], tmp_path: Path
) -> None:
    server = slow()
    alone = server.client.post("/v1/translate", json=BODY).json()["translations"][0]["text"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pending = in_the_engine(server, pool)
        queued = pool.submit(
            httpx.post, f"{server.url}/v1/translate", json=BODY | {"quality": "best"}, timeout=60
        )
        until(
            lambda: (
                'lur_queued_jobs{model="tiny-en-hy"} 1.0' in httpx.get(server.url + "/metrics").text
            )
        )
        server.process.terminate()
        until(lambda: is_stopping(server))
        assert httpx.get(f"{server.url}/health/live").json() == {"status": "live"}
        kept = server.client.post("/v1/translate", json=BODY)  # its connection is an old one
        new = httpx.post(f"{server.url}/v1/translate", json=BODY)
        assert [refusal(r) for r in (kept, new)] == ["Shutting down"] * 2
        assert refusal(httpx.get(f"{server.url}/v1/models")) == "Shutting down"
        (tmp_path / "go_on").touch()
        assert [f.result().status_code for f in (pending, queued)] == [200, 200]
        assert queued.result().json()["translations"][0]["text"] == alone
        assert pending.result().headers["connection"] == "close"
    assert server.process.wait(PATIENCE_S) == 0


def test_under_load_each_request_is_answered_right_or_refused(serve: Serve) -> None:
    server = serve()
    texts = [t.en for t in sentences(21, 24, held_out=True)]
    alone = {}
    for text in texts:
        body = {"text": text, "target": "hy"}
        alone[text] = server.client.post("/v1/translate", json=body).json()["translations"][0][
            "text"
        ]
    outcomes: Counter[str] = Counter()
    ended = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            while not ended.is_set():
                number += 1
                text = texts[number % len(texts)]
                # Never the same text twice, so that nothing is remembered: another number.
                body = {"text": f"{text} {text}", "target": "hy", "glossary": {f"x{number}": "y"}}
                try:
                    response = client.post("/v1/translate", json=body)
                except httpx.ConnectError:
                    outcomes["refused"] += 1
                    return
                except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                    outcomes["closed"] += 1  # the moment in which the socket closed
                    continue
                if response.status_code == 200:
                    found = response.json()["translations"][0]["text"]
                    outcomes["right" if found == f"{alone[text]} {alone[text]}" else "wrong"] += 1
                else:
                    outcomes[refusal(response)] += 1

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        try:
            asking = [pool.submit(ask, 1000 * n) for n in range(8)]
            until(lambda: outcomes["right"] > 30)
            server.process.terminate()
            assert server.process.wait(PATIENCE_S) == 0
        finally:
            ended.set()
        for one in asking:
            one.result()
    served = Counter(e["status"] for e in server.events("request") if e["route"] == "/v1/translate")
    assert outcomes["wrong"] == 0
    assert set(served) <= {200, 503}
    assert served[200] - len(texts) == outcomes["right"]  # none that was done went missing
    assert served[503] >= outcomes["Shutting down"]


def test_when_the_grace_is_over_the_rest_is_told_so(slow: Callable[..., SlowServer]) -> None:
    server = slow(LUR_GRACE_S="1")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = in_the_engine(server, pool)
        server.process.terminate()
        assert refusal(pending.result()) == "Shutting down"
    assert server.process.wait(PATIENCE_S) == 0  # though the batch is still in the engine
    assert [e["requests"] for e in server.events("grace_over")] == [1]
    assert [e["runners"] for e in server.events("runners_left_behind")] == [1]


def test_clients_that_do_nothing_keep_no_process_alive(serve: Serve) -> None:
    server = serve(LUR_GRACE_S="1")
    url = httpx.URL(server.url)
    long = " ".join(t.en for t in sentences(22, 300))
    with (
        socket.create_connection((url.host, url.port)) as silent,
        socket.create_connection((url.host, url.port)) as half,
        socket.socket() as deaf,
    ):
        half.sendall(
            b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect((url.host, url.port))
        body = json.dumps({"text": long, "target": ["hy", "ru"], "segments": True}).encode()
        deaf.sendall(
            b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        until(lambda: '"done"' in server.client.get("/metrics").text)
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) == 0
        half.settimeout(PATIENCE_S)
        answer = half.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Shutting down" in answer
        silent.settimeout(PATIENCE_S)
        assert silent.recv(1) == b""


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_it_at_once(
    slow: Callable[..., SlowServer], second: signal.Signals
) -> None:
    server = slow()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = in_the_engine(server, pool)
        server.process.terminate()
        until(lambda: is_stopping(server))
        server.process.send_signal(second)
        assert server.process.wait(PATIENCE_S) == 128 + second
        assert isinstance(pending.exception(), httpx.TransportError)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_that_ask_to_end_are_obeyed_alike(
    serve: Serve, asked: signal.Signals
) -> None:
    server = serve()
    assert server.client.post("/v1/translate", json=BODY).status_code == 200
    server.process.send_signal(asked)
    assert server.process.wait(PATIENCE_S) == 0
    assert len(server.events("stopping")) == 1


class NohupServer(Server):
    """Started as `nohup` does: with SIGHUP ignored, which a child inherits."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            super().__init__(arguments, environment)
        finally:
            signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_does_not_end_what_nohup_started(serve: Serve) -> None:
    server = serve(kind=NohupServer)
    server.process.send_signal(signal.SIGHUP)
    assert server.client.get("/health/ready").json()["stopping"] is False
    assert server.stop() == 0


def catches(process: "subprocess.Popen[str]", number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal (proc(5), SigCgt)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    assert found
    return bool(int(found[1], 16) >> (number - 1) & 1)


def test_a_signal_before_it_listens_ends_it_with_0(tiny_cache: Path) -> None:
    # Not measured: coverage has a handler of its own until the service has set its own.
    hidden = ("LUR_", "COVERAGE_")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=clean | {"LUR_MODEL_CACHE": str(tiny_cache), "LUR_PROFILE": "bundled"},
    )
    try:
        until(lambda: catches(process, signal.SIGTERM))
        process.terminate()
        _, log = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, log
    assert "Traceback" not in log


def test_a_signal_in_a_conversion_ends_it_and_the_next_start_goes_on(
    serve: Serve, tmp_path: Path
) -> None:
    with LocalHub() as hub:
        revision = hub.publish("tiny/opus-mt-tiny-en-hy", CHECKPOINTS / "opus-mt-tiny-en-hy")
        (tmp_path / "rows.toml").write_text(ROWS.format(revision=revision))
        environment = {
            "HF_ENDPOINT": hub.url,
            "LUR_CATALOG": str(tmp_path / "rows.toml"),
            "LUR_MODEL_CACHE": str(tmp_path / "cache"),
            "LUR_OFFLINE": "0",
            "LUR_PRELOAD": "from-hub",
        }
        server = serve(**environment)
        until(lambda: bool(children(server.process.pid)))
        converters = children(server.process.pid)
        assert server.stop() == 0
        until(lambda: not any(Path(f"/proc/{child}").exists() for child in converters))
        server = serve(**environment)
        until(lambda: server.client.get("/health/ready").status_code == 200)
        assert server.client.post("/v1/translate", json=BODY).status_code == 200
        assert server.stop() == 0
