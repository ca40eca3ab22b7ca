"""Processes that share a store: each need not say what another said, and they limit as one."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.access import add_line, line_of
from tests.server.conftest import Server, until
from tests.store_server import StoreServer, store_server
from tests.tinylang.grammar import sentences

PASSWORD = "hunter2hunter2"

Serve = Callable[..., Server]


class Patient(Server):
    """One that waits for the store, however crowded the machine."""

    module = "tests.patient"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreServer]:
    with store_server(tmp_path, "--requirepass", PASSWORD) as started:
        yield started


@pytest.fixture
def sharing(serve: Serve, store: StoreServer, tmp_path: Path) -> Serve:
    password = tmp_path / "password"
    password.write_text(PASSWORD)

    def start(kind: type[Server] = Server, **environment: str) -> Server:
        environment["LUR_SHARED_URL"] = store.url
        return serve(kind=kind, LUR_SHARED_PASSWORD_FILE=str(password), **environment)

    return start


def article(seed: int, count: int = 3) -> dict[str, str]:
    return {"text": " ".join(triple.en for triple in sentences(seed, count)), "target": "hy"}


def metric(server: Server, name: str) -> float:
    """The value of a metric; with labels where the name has some."""
    found = re.search(
        rf"^{re.escape(name)} (\S+)$", server.client.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else 0.0


def done(server: Server) -> float:
    return metric(server, 'lur_jobs_total{model="tiny-en-hy",outcome="done"}')


def test_the_second_answers_from_what_the_first_did_and_both_limit_as_one(
    sharing: Serve, store: StoreServer, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    add_line(keys, line_of("daily", ["admin"], "secret-of-the-daily"))
    limits = {"LUR_REQUESTS_PER_MINUTE": "8", "LUR_API_KEYS_FILE": str(keys)}
    one, two = sharing(Patient, **limits), sharing(Patient, **limits)
    for server in (one, two):
        server.client.headers["authorization"] = "Bearer secret-of-the-daily"
    first = one.client.post("/v1/translate", json=article(1))
    assert first.status_code == 200
    assert done(one) >= 3
    with store.client(password=PASSWORD) as client:
        until(lambda: len(client.keys("lur:said:*")) >= 3)
    second = two.client.post("/v1/translate", json=article(1))
    assert second.json()["translations"] == first.json()["translations"]
    assert done(two) == 0
    assert metric(two, 'lur_result_cache_lookups_total{outcome="store"}') >= 3
    assert first.headers["ratelimit"].startswith('"requests";r=7;')
    assert second.headers["ratelimit"].startswith('"requests";r=6;')
    answers = [s.client.post("/v1/translate", json=article(1)) for s in [one, two] * 4]
    assert sorted(a.status_code for a in answers)[:6] == [200] * 6
    assert answers[-1].status_code == 429, "a minute's worth is used up"
    assert metric(one, "lur_limited_alone_total") == 0

    shown = [one.client.get(path).text for path in ("/metrics", "/v1/models", "/health/ready")]
    assert not [text for text in [*shown, *one.log, *two.log] if PASSWORD in text]
    with store.client(password=PASSWORD) as client:
        said = [client.get(key) or b"" for key in client.keys("lur:said:*")]
    assert not [value for value in said if article(1)["text"][:20].encode() in value]


@contextmanager
def asking(*servers: Server) -> Iterator[list[tuple[int, float]]]:
    """Asks all of them for something new, without pause; the statuses and how long they took."""
    found: list[tuple[int, float]] = []
    enough = threading.Event()

    def ask(server: Server, seed: int) -> None:
        while not enough.is_set():
            began = time.monotonic()
            answer = server.client.post("/v1/translate", json=article(seed, 2))
            found.append((answer.status_code, time.monotonic() - began))
            seed += 1

    threads = [
        threading.Thread(target=ask, args=(server, 1000 * number))
        for number, server in enumerate(servers * 2)
    ]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def test_a_store_that_hangs_dies_and_comes_back_fails_no_request(
    sharing: Serve, store: StoreServer
) -> None:
    one, two = servers = [sharing(LUR_REQUESTS_PER_MINUTE="100000") for _ in range(2)]

    def away(said: float) -> Callable[[], bool]:
        return lambda: [metric(server, "lur_shared_store_away") for server in servers] == [said] * 2

    until(away(0))
    with asking(*servers) as calm:
        time.sleep(0.7)
    usual_s = max(took_s for _, took_s in calm)
    with asking(*servers) as found:
        store.hang()
        until(away(1))
        time.sleep(0.3)
        store.go_on()
        until(away(0))
        store.kill()
        until(away(1))
        store.start()
        until(away(0))
        time.sleep(0.3)
    assert {status for status, _ in found} == {200}
    assert max(took_s for _, took_s in found) < usual_s + 1
    for server in (one, two):
        assert metric(server, "lur_limited_alone_total") > 0
        assert metric(server, 'lur_shared_store_failures_total{reason="slow"}') <= 20, "asked on"
        assert len(server.events("shared_store_gone")) == 1, "not again within a minute"
        assert PASSWORD not in "".join(server.log)


def test_one_that_is_not_there_at_the_start_does_not_keep_from_serving(
    sharing: Serve, store: StoreServer
) -> None:
    store.kill()
    server = sharing()
    assert server.client.post("/v1/translate", json=article(5)).status_code == 200
    assert metric(server, "lur_shared_store_away") == 1
    until(lambda: bool(server.events("shared_store_gone")))
    store.start()
    until(lambda: metric(server, "lur_shared_store_away") == 0)
    assert server.client.post("/v1/translate", json=article(6)).status_code == 200
    assert server.stop() == 0
    with store.client(password=PASSWORD) as client:
        assert client.keys("lur:said:*"), "what was put last is kept at the end"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"LUR_SHARED_URL": f"http://:{PASSWORD}@store"}, "LUR_SHARED_URL: it does not begin"),
        ({"LUR_SHARED_URL": f"valkey://:{PASSWORD}@store:x"}, "LUR_SHARED_URL: its host"),
        ({"LUR_SHARED_PASSWORD_FILE": "/nowhere"}, "LUR_SHARED_PASSWORD_FILE: LUR_SHARED_URL"),
        (
            {"LUR_SHARED_URL": "valkey://store", "LUR_SHARED_PASSWORD_FILE": "/nowhere"},
            "LUR_SHARED_PASSWORD_FILE=/nowhere: ",
        ),
    ],
    ids=["scheme", "port", "alone", "missing"],
)
def test_a_wrong_address_is_named_and_not_quoted(environment: dict[str, str], named: str) -> None:
    command = [sys.executable, "-m", "service.cli", "serve", "--profile", "bundled", "--port", "0"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert named in ended.stderr
    assert PASSWORD not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
