"""Clients that leave, dawdle, talk nonsense or come in crowds; against a real process."""

import concurrent.futures
import http.client
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TINY_CATALOG
from tests.server.conftest import Server
from tests.tinylang.grammar import sentences

Serve = Callable[..., Server]

PATIENCE_S = 60.0

TINY = {"text": "42", "target": "hy"}


@pytest.fixture(scope="module")
def impatient(tiny_cache: Path, tiny_store: object) -> Iterator[Server]:
    """A server that waits two seconds for its clients, and no longer."""
    server = Server(
        [],
        {
            "LUR_CATALOG": str(TINY_CATALOG),
            "LUR_PROFILE": "bundled",
            "LUR_MODEL_CACHE": str(tiny_cache),
            "LUR_THREADS": "1",
            "LUR_OFFLINE": "1",
            "LUR_CLIENT_TIMEOUT_S": "2",
        },
    )
    server.client.post("/v1/translate", json=TINY).raise_for_status()
    yield server
    assert server.stop() == 0
    server.kill()


@contextmanager
def connected(server: Server, *, receive_bytes: int | None = None) -> Iterator[socket.socket]:
    url = httpx.URL(server.url)
    with socket.socket() as client:
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(PATIENCE_S)
        client.connect((url.host, url.port))
        yield client


def head(path: str, size: int, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Content-Length: {size}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def whole(path: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    return head(path, len(content)) + content


def rest(client: socket.socket) -> bytes:
    """Reads until the server closes."""
    found = b""
    try:
        while data := client.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(client)
    response.begin()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()


def problem(client: socket.socket, status: int) -> dict[str, Any]:
    found, headers, body = answer(client)
    assert found == status, body
    assert headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(body)
    assert document["instance"] == headers["x-request-id"]
    return document


def metric(server: Server, name: str, **labels: str) -> float:
    """The sum over all label sets that hold these labels."""
    text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
    wanted = [f'{k}="{v}"' for k, v in labels.items()]
    found = re.findall(rf"(?m)^{name}(?:\{{(.*)\}})? (\S+)$", text)
    return sum(float(value) for has, value in found if all(w in has for w in wanted))


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


def memory_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def statuses(server: Server) -> Counter[int]:
    lines = [json.loads(line) for line in list(server.log)]
    return Counter(line["status"] for line in lines if line["event"] == "request")


# Dawdling.


def test_half_a_body_and_silence_is_a_408_and_the_end(impatient: Server) -> None:
    with connected(impatient) as client:
        client.sendall(head("/v1/translate", 100) + b'{"text": ')
        document = problem(client, 408)
        assert (document["limit"], document["title"]) == (2.0, "Request timeout")
        assert rest(client) == b""
    assert metric(impatient, "lur_cut_clients_total", reason="slow_body") >= 1


def test_a_body_one_byte_at_a_time_is_a_408(impatient: Server) -> None:
    with connected(impatient) as client:
        client.sendall(head("/v1/translate", 1000))
        client.setblocking(False)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                client.send(b" ")
            except ConnectionError:
                break
            try:
                if client.recv(1, socket.MSG_PEEK):
                    break
            except BlockingIOError:
                time.sleep(0.05)
        client.settimeout(PATIENCE_S)
        problem(client, 408)


def test_a_head_without_an_end_is_a_408(impatient: Server) -> None:
    with connected(impatient) as client:
        client.sendall(b"POST /v1/translate HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        problem(client, 408)
        assert rest(client) == b""


def test_a_slow_sender_that_goes_on_is_served(impatient: Server) -> None:
    """Longer than the timeout, in all."""
    content = json.dumps({"text": "1 " * 15_000, "target": "hy"}).encode()
    step = len(content) // 10 + 1
    with connected(impatient) as client:
        client.sendall(head("/v1/translate", len(content)))
        for at in range(0, len(content), step):
            time.sleep(0.3)
            client.sendall(content[at : at + step])
        status, _, body = answer(client)
    assert status == 200
    assert json.loads(body)["translations"][0]["text"] == "1 " * 15_000


def test_a_client_that_leaves_within_its_body_is_no_error(impatient: Server) -> None:
    before = statuses(impatient)
    with connected(impatient) as client:
        client.sendall(head("/v1/translate", 100) + b'{"text": ')
        time.sleep(0.1)
    eventually(lambda: statuses(impatient)[499] == before[499] + 1)
    assert statuses(impatient)[500] == before[500] == 0


def test_a_slow_reader_is_cut_off_and_holds_nothing(impatient: Server) -> None:
    """The answer is larger than what the kernel takes (4 MB by Linux' defaults)."""
    before = metric(impatient, "lur_cut_clients_total", reason="slow_reader")
    body = {"text": "1\n" * 50_000, "target": ["hy", "ru"], "segments": True}
    with connected(impatient, receive_bytes=4096) as client:
        client.sendall(whole("/v1/translate", body))
        eventually(
            lambda: metric(impatient, "lur_cut_clients_total", reason="slow_reader") > before
        )
        head, _, found = rest(client).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length is not None
    assert len(found) < int(length[1])


def test_a_thousand_idle_connections_keep_nobody_out(impatient: Server) -> None:
    url = httpx.URL(impatient.url)
    before = descriptors(impatient)
    clients = []
    try:
        for _ in range(1200):
            clients.append(socket.create_connection((url.host, url.port), timeout=PATIENCE_S))
            clients[-1].sendall(b"GET /health/li")
        assert httpx.get(f"{impatient.url}/health/live", timeout=PATIENCE_S).status_code == 200
    finally:
        for client in clients:
            client.close()
    eventually(lambda: descriptors(impatient) <= before + 5)


# Nonsense.


@pytest.mark.parametrize(
    ("garbage", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
    ],
)
def test_nonsense_gets_a_problem_document_and_the_door(
    impatient: Server, garbage: bytes, status: int
) -> None:
    with connected(impatient) as client:
        client.sendall(garbage)
        problem(client, status)
        assert rest(client) == b""


def test_garbage_behind_a_request_leaves_its_answer_alone(impatient: Server) -> None:
    with connected(impatient) as client:
        client.sendall(whole("/v1/translate", TINY) + b"\x00\xffgarbage")
        status, headers, body = answer(client)
        assert (status, headers["connection"]) == (200, "close")
        assert json.loads(body)["translations"][0]["text"] == "42"
        assert rest(client) == b""


def test_nonsense_is_counted_and_does_not_fill_the_log(impatient: Server) -> None:
    before, lines = (
        metric(impatient, "lur_cut_clients_total", reason="invalid_http"),
        len(impatient.log),
    )
    for _ in range(20):
        with connected(impatient) as client:
            client.sendall(b"nonsense\r\n\r\n")
            rest(client)
    assert metric(impatient, "lur_cut_clients_total", reason="invalid_http") == before + 20
    assert len(impatient.log) - lines < 20


# Who is who.


def ask_from(server: Server, forwarded: str) -> int:
    headers = {
        "X-Forwarded-For": forwarded,
        "Forwarded": f"for={forwarded}",
        "X-Real-IP": forwarded,
    }
    return server.client.post("/v1/translate", json=TINY, headers=headers).status_code


def test_nobody_becomes_another_client_by_saying_so(serve: Serve) -> None:
    server = serve(LUR_REQUESTS_PER_MINUTE="2", FORWARDED_ALLOW_IPS="*")
    found = [ask_from(server, f"192.0.2.{number}") for number in range(4)]
    assert found == [200, 200, 429, 429]


def test_a_trusted_proxy_says_who_its_client_is_and_clients_cannot(serve: Serve) -> None:
    server = serve(LUR_REQUESTS_PER_MINUTE="2", LUR_TRUSTED_PROXIES="127.0.0.0/8,::1")
    assert [ask_from(server, f"192.0.2.{number}") for number in range(4)] == [200] * 4
    forged = [ask_from(server, f"198.51.100.{number}, 192.0.2.99") for number in range(4)]
    assert forged == [200, 200, 429, 429]


# Leaving.


class SlowServer(Server):
    """Its one worker takes two seconds for a batch in which somebody does something slowly."""

    module = "tests.faulty"


@pytest.fixture
def slow(serve: Serve) -> Callable[..., Server]:
    def start(**environment: str) -> Server:
        defaults = {
            "LUR_WORKERS": "1",
            "LUR_REPAIR_TRIES": "0",
            "FAULT_SLOW": "slowly",
            "FAULT_SLOW_S": "2",
        }
        server = serve(kind=SlowServer, **defaults | environment)
        server.client.post("/v1/translate", json={"text": "Hello.", "target": "hy"})
        return server

    return start


def slow_body(number: int) -> dict[str, str]:
    return {"text": f"Slowly number {number} arrived.", "target": "hy"}


def test_nothing_is_computed_for_clients_that_leave_the_queue(slow: Callable[..., Server]) -> None:
    server = slow(FAULT_SLOW_S="5")
    before = metric(server, "lur_jobs_total", outcome="done")
    with connected(server) as first:
        first.sendall(whole("/v1/translate", slow_body(0)))
        eventually(lambda: metric(server, "lur_queued_jobs") == 0)
        others = []
        for number in range(1, 21):
            others.append(socket.create_connection(first.getpeername(), timeout=PATIENCE_S))
            others[-1].sendall(whole("/v1/translate", slow_body(number)))
        eventually(lambda: metric(server, "lur_queued_jobs") > 0)
        for client in others:
            client.close()
        assert answer(first)[0] == 200
    eventually(lambda: statuses(server)[499] == 20)
    eventually(lambda: metric(server, "lur_queued_jobs") == 0)
    assert metric(server, "lur_jobs_total", outcome="done") == before + 1
    assert metric(server, "lur_jobs_total", outcome="dropped") == 20


def test_a_client_that_leaves_while_its_batch_runs_is_let_go_at_once(
    slow: Callable[..., Server],
) -> None:
    server = slow(FAULT_SLOW_S="600", LUR_BATCH_TIMEOUT_S="0")
    with connected(server) as client:
        client.sendall(whole("/v1/translate", slow_body(0)))
        eventually(lambda: metric(server, "lur_queued_jobs") == 0)
        time.sleep(0.2)
    eventually(lambda: statuses(server)[499] == 1)


def test_the_deadline_covers_queue_and_engine(slow: Callable[..., Server]) -> None:
    server = slow(FAULT_SLOW_S="600", LUR_BATCH_TIMEOUT_S="0", LUR_DEADLINE_S="1")
    with connected(server) as running, connected(server) as queued:
        running.sendall(whole("/v1/translate", slow_body(0)))
        queued.sendall(whole("/v1/translate", slow_body(1)))
        for client in (running, queued):
            document = problem(client, 504)
            assert (document["title"], document["limit"]) == ("Deadline exceeded", 1.0)


def test_who_is_not_served_within_the_grace_time_is_told_so(slow: Callable[..., Server]) -> None:
    """Uvicorn cancels what is left, and would answer 500."""
    server = slow(FAULT_SLOW_S="600", LUR_BATCH_TIMEOUT_S="0", LUR_GRACE_S="1")
    with connected(server) as client:
        client.sendall(whole("/v1/translate", slow_body(0)))
        eventually(lambda: metric(server, "lur_requests_total", route="/metrics") >= 2)
        server.process.terminate()
        assert problem(client, 503)["title"] == "Shutting down"


def test_a_queue_that_is_full_for_long_refuses_at_once_and_recovers_at_once(
    slow: Callable[..., Server],
) -> None:
    server = slow(LUR_QUEUE_JOBS="4", FAULT_SLOW_S="1")
    memory = memory_bytes(server)
    refusals_s: list[float] = []
    found: Counter[int] = Counter()
    until = time.monotonic() + 4

    def ask(worker: int) -> None:
        with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            number = worker
            while time.monotonic() < until:
                number += 100
                began = time.monotonic()
                response = client.post("/v1/translate", json=slow_body(number))
                found[response.status_code] += 1
                if response.status_code == 503:
                    assert response.json()["title"] == "Queue full"
                    assert response.headers["retry-after"] == "1"
                    refusals_s.append(time.monotonic() - began)
                    time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for task in [pool.submit(ask, worker) for worker in range(16)]:
            task.result()
    assert set(found) == {200, 503}
    assert len(refusals_s) > 20
    assert sorted(refusals_s)[len(refusals_s) * 95 // 100] < 1.0
    assert memory_bytes(server) - memory < 50_000_000
    assert server.client.post("/v1/translate", json=TINY).status_code == 200
    assert server.client.get("/health/ready").status_code == 200
    assert metric(server, "lur_queued_jobs") == 0


# Crowds.


def test_thousands_of_tiny_requests_leave_nothing_behind(impatient: Server) -> None:
    url = httpx.URL(impatient.url)
    triples = sentences(11, 40)

    def ask(worker: int, requests: int) -> Counter[int]:
        found: Counter[int] = Counter()
        client = http.client.HTTPConnection(url.host, url.port, timeout=PATIENCE_S)
        headers = {"Content-Type": "application/json"}
        for number in range(requests):
            text = triples[(worker + number) % 40].en if number % 4 == 0 else "42"
            client.request(
                "POST", "/v1/translate", json.dumps({"text": text, "target": "hy"}), headers
            )
            response = client.getresponse()
            response.read()
            found[response.status] += 1
        client.close()
        return found

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(ask, range(50), [20] * 50))
        memory, open_files = memory_bytes(impatient), descriptors(impatient)
        found = sum(pool.map(ask, range(50), [60] * 50), Counter())
    assert found == {200: 3000}
    assert memory_bytes(impatient) - memory < 20_000_000
    eventually(lambda: descriptors(impatient) <= open_files)
    assert metric(impatient, "lur_queued_jobs") == 0
