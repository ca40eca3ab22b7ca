"""One connection at a time, over real sockets, with an application that only echoes."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from prometheus_client import REGISTRY
from uvicorn.server import ServerState

from service.http_protocol import ConnectionLimits, protocol

TIMEOUT_S = 0.3
PATIENCE_S = 20.0

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

App = Callable[[Any, Any, Any], Any]


class Echo:
    """Answers with the body it was sent, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.left = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", scope["path"] != "/unread"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            body += message["body"]
            more = message["more_body"]
        self.seen.append({"headers": list(scope["headers"]), "body": body})
        await self.gate.wait()
        if scope["path"] == "/stream":
            await self.stream(send)
            return
        if scope["path"] == "/large":
            body = b"x" * 20_000_000
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def stream(self, send: Any) -> None:
        """Twenty million bytes, each piece when the one before has been read."""
        headers = [(b"content-length", b"20000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(200):
            body = b"x" * 100_000
            await send({"type": "http.response.body", "body": body, "more_body": number < 199})


class Served:
    """A listening socket with our protocol behind it."""

    def __init__(self, app: App, port: int, state: ServerState) -> None:
        self.app, self.port, self.state = app, port, state
        self.clients: list[Client] = []

    async def open(self) -> "Client":
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Reads one response."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(re.findall(r"(?m)^([\w-]+): (.*)\r$", head))
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head.split()[1]), headers, body

    async def rest(self) -> bytes:
        """Reads until the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def rest_while_sending(self, piece: bytes) -> bytes:
        """Reads until the server closes, and sends `piece` again and again until then."""

        async def trickle() -> None:
            while True:
                await self.send(piece)
                await asyncio.sleep(TIMEOUT_S / 10)

        sending = asyncio.create_task(trickle())
        rest = await self.rest()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return rest

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def serving(app: App, **limits: Any) -> AsyncIterator[Served]:
    config = uvicorn.Config(app, log_config=None, ws="none", proxy_headers=False, lifespan="off")
    config.load()
    state = ServerState()
    kind = protocol(
        ConnectionLimits(**{"client_timeout_s": TIMEOUT_S, "max_connections": 100} | limits)
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: kind(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
    )
    served = Served(app, server.sockets[0].getsockname()[1], state)
    try:
        yield served
    finally:
        server.close()
        for client in served.clients:
            await client.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await settled(lambda: not state.connections and not state.tasks)


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def cut(reason: str) -> float:
    return REGISTRY.get_sample_value("lur_cut_clients_total", {"reason": reason}) or 0.0


def problem(answer: tuple[int, dict[str, str], bytes], status: int) -> dict[str, Any]:
    found, headers, body = answer
    assert found == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    document: dict[str, Any] = json.loads(body)
    assert document["status"] == status
    assert document["type"].startswith("urn:lur:problem:")
    assert document["instance"] == headers["x-request-id"]
    return document


async def test_requests_of_one_connection_are_answered_one_after_the_other() -> None:
    async with serving(Echo()) as served:
        client = await served.open()
        for text in (b"one", b"", b"three"):
            await client.send(POST % len(text) + text)
            assert (await client.answer())[::2] == (200, text)


async def test_a_head_in_pieces_is_as_good_as_whole() -> None:
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        for byte in POST % 2 + b"ab":
            await client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.answer())[2] == b"ab"


async def test_what_a_request_weighed_is_not_held_against_the_next_one() -> None:
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        for _ in range(3):
            request = POST % 600_000 + b"x" * 600_000
            for piece in (request[:20], request[20:70], request[70:]):
                await client.send(piece)
                await asyncio.sleep(0.01)
            assert len((await client.answer())[2]) == 600_000


@pytest.mark.parametrize("begin", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: "])
async def test_a_head_that_stops_coming_is_answered_with_408(begin: bytes) -> None:
    before = cut("slow_head")
    async with serving(Echo()) as served:
        client = await served.open()
        await client.send(begin)
        document = problem(await client.answer(), 408)
        assert document["detail"] == f"the request did not arrive within {TIMEOUT_S} s"
        assert await client.rest() == b""
    assert cut("slow_head") == before + 1


async def test_a_head_that_trickles_in_is_answered_with_408() -> None:
    async with serving(Echo()) as served:
        client = await served.open()

        async def trickle() -> None:
            await client.send(b"GET / HTTP/1.1\r\nX: ")
            while True:
                await client.send(b"a")
                await asyncio.sleep(TIMEOUT_S / 10)

        sending = asyncio.create_task(trickle())
        problem(await client.answer(), 408)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_connection_that_brings_nothing_is_closed_without_a_word() -> None:
    async with serving(Echo()) as served:
        client = await served.open()
        assert await client.rest() == b""


async def test_empty_lines_do_not_keep_a_connection_alive() -> None:
    async with serving(Echo()) as served:
        client = await served.open()
        await client.send(GET)
        await client.answer()
        assert await client.rest_while_sending(b"\r\n") == b""


async def test_the_time_for_a_head_does_not_run_while_a_request_is_answered() -> None:
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        app.gate.clear()
        await client.send(GET)
        await asyncio.sleep(3 * TIMEOUT_S)
        app.gate.set()
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\n%s\r\n"
        % (b"".join(b"X-%d: %s\r\n" % (i, b"a" * 990) for i in range(70))),
        b"GET / HTTP/1.1\r\n%s\r\n" % (b"a:\r\n" * 101),
        b"GET /%s" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\n%s" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nX: %s" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nX: %s" % (b"a" * 700_000),
    ],
)
async def test_a_head_that_is_too_large_is_answered_with_431(head: bytes) -> None:
    app = Echo()
    async with serving(app, client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        await client.send(head)
        document = problem(await client.answer(), 431)
        assert document["detail"] == "at most 65536 bytes and 100 headers are accepted"
    assert app.seen == []


async def test_a_head_just_within_the_limits_is_fine() -> None:
    head = b"GET / HTTP/1.1\r\nX: %s\r\n%s\r\n" % (b"a" * 64_000, b"a:\r\n" * 99)
    async with serving(Echo()) as served:
        client = await served.open()
        await client.send(head)
        assert (await client.answer())[0] == 200
        await client.send(GET)
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"EHLO example.org\r\n",
        b"\x00" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_with_400(garbage: bytes) -> None:
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        await client.send(garbage)
        problem(await client.answer(), 400)
        assert await client.rest() == b""
    assert app.seen == []


async def test_garbage_after_a_request_does_not_spoil_its_answer() -> None:
    async with serving(Echo()) as served:
        client = await served.open()
        await client.send(POST % 2 + b"ab" + b"\x00garbage\r\n\r\n")
        status, headers, body = await client.answer()
        assert (status, body, headers["connection"]) == (200, b"ab", "close")
        assert await client.rest() == b""


async def test_garbage_within_a_body_ends_the_request() -> None:
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        await client.send(CHUNKED + b"2\r\nab\r\nnot a size\r\n")
        problem(await client.answer(), 400)
        await settled(lambda: app.left == 1)
    assert app.seen == []


async def test_of_requests_sent_at_once_only_the_first_is_served() -> None:
    """However many they are: they would wait in memory."""
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        app.gate.clear()
        await client.send(GET * 10_000)
        await settled(lambda: len(app.seen) == 1)
        app.gate.set()
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await client.rest() == b""
    assert len(app.seen) == 1


async def test_a_client_that_leaves_early_is_noticed_even_if_it_sent_too_much() -> None:
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        app.gate.clear()
        await client.send(GET * 10)
        await settled(lambda: len(app.seen) == 1)
        await client.close()
        await settled(lambda: not served.state.connections)
        app.gate.set()


@pytest.mark.parametrize("whole", [True, False])
async def test_an_offer_to_upgrade_is_declined_and_the_request_served(whole: bool) -> None:
    """Java's client offers HTTP/2 with its first request, also with one that has a body."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    request = (POST % 2).replace(b"Host", offer + b"Host") + b"ab"
    app = Echo()
    async with serving(app, client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        for _ in range(2):
            for piece in [request] if whole else [bytes([byte]) for byte in request]:
                await client.send(piece)
                await asyncio.sleep(0)
            assert (await client.answer())[::2] == (200, b"ab")
        assert len(app.seen) == 2


async def test_trailers_never_become_headers() -> None:
    app = Echo()
    async with serving(app) as served:
        client = await served.open()
        await client.send(CHUNKED + b"2\r\nab\r\n0\r\nX-API-Key: forged\r\n\r\n")
        assert (await client.answer())[2] == b"ab"
    assert dict(app.seen[0]["headers"]) == {b"host": b"x", b"transfer-encoding": b"chunked"}


@pytest.mark.parametrize(
    "flood",
    [
        b"0\r\n" + b"a:b\r\n" * 200_000,
        b"0\r\nX: " + b"a" * 1_000_000,
        b"1;" + b"a" * 1_000_000,
        b"1;%s\r\na\r\n" % (b"a" * 1000) * 1000,
    ],
)
async def test_a_chunked_body_cannot_hide_endless_data(flood: bytes) -> None:
    app = Echo()
    async with serving(app, client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        await client.send(CHUNKED)

        async def pour() -> None:
            await client.send(flood)

        pouring = asyncio.create_task(pour())
        status, *_ = await client.answer()
        assert status in {400, 431}
        await asyncio.gather(pouring, return_exceptions=True)
    assert app.seen == []


async def test_a_body_of_tiny_chunks_is_fine() -> None:
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        await client.send(CHUNKED + b"1\r\na\r\n" * 300_000 + b"0\r\n\r\n")
        assert (await client.answer())[2] == b"a" * 300_000


async def test_a_body_that_nobody_reads_is_thrown_away_and_the_connection_goes_on() -> None:
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        await client.send((POST % 1_000_000).replace(b"POST /", b"POST /unread"))
        assert (await client.answer())[0] == 200
        await client.send(b"x" * 1_000_000 + GET)
        assert (await client.answer())[0] == 200


def send_all_then_read(port: int, data: bytes) -> bytes:
    """As many clients do; one that is reset while it sends never comes to read."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


async def test_a_client_that_ends_the_connection_sees_why_it_was_refused_within_its_body() -> None:
    head = (POST % 20_000_000).replace(b"POST /", b"POST /unread")
    head = head.replace(b"Host: x", b"Host: x\r\nConnection: close")
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        said = await asyncio.to_thread(send_all_then_read, served.port, head + b"x" * 20_000_000)
        assert said.startswith(b"HTTP/1.1 200")


async def test_what_comes_after_nonsense_does_not_keep_its_answer_from_the_client() -> None:
    async with serving(Echo()) as served:
        said = await asyncio.to_thread(send_all_then_read, served.port, b"\0" * 5_000_000)
        assert said.startswith(b"HTTP/1.1 400")


async def test_a_connection_that_hears_a_client_out_ends_by_itself() -> None:
    async with serving(Echo(), client_timeout_s=PATIENCE_S) as served:
        client = await served.open()
        await client.send(b"nonsense\r\n\r\n")
        assert (await client.answer())[0] == 400
        await settled(lambda: not served.state.connections)  # though the client keeps its side open


async def test_a_body_that_nobody_reads_and_that_never_ends_is_cut_off() -> None:
    async with serving(Echo()) as served:
        client = await served.open()
        await client.send((POST % 1_000_000).replace(b"POST /", b"POST /unread"))
        assert (await client.answer())[0] == 200
        assert await client.rest_while_sending(b"x") == b""


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    before = cut("slow_reader")
    async with serving(Echo()) as served:
        client = await served.open()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET.replace(b"GET /", b"GET /large"))
        await settled(lambda: cut("slow_reader") == before + 1)
        await settled(lambda: not served.state.connections)


@pytest.mark.parametrize("path", [b"/large", b"/stream"])
async def test_a_client_that_reads_slowly_but_steadily_gets_all_of_its_answer(path: bytes) -> None:
    async with serving(Echo(), client_timeout_s=1.0) as served:
        client = await served.open()
        await client.send(GET.replace(b"/", path, 1))
        await client.reader.readuntil(b"\r\n\r\n")
        size, loop = 0, asyncio.get_running_loop()
        until = loop.time() + 2.5
        while size < 20_000_000:
            size += len(await client.reader.read(2**17 if loop.time() < until else 2**20))
            if loop.time() < until:
                await asyncio.sleep(0.03)


async def test_a_new_connection_takes_the_place_of_the_one_that_has_been_idle_longest() -> None:
    async with serving(Echo(), max_connections=3, client_timeout_s=PATIENCE_S) as served:
        clients = [await served.open() for _ in range(3)]
        for client in (clients[1], clients[2], clients[0]):  # so the second is idle longest
            await client.send(GET)
            await client.answer()
        late = await served.open()
        await late.send(GET)
        assert (await late.answer())[0] == 200
        assert await clients[1].rest() == b""
        for client in (clients[2], clients[0]):
            await client.send(GET)
            assert (await client.answer())[0] == 200


async def test_a_connection_with_a_request_is_never_given_up_for_a_new_one() -> None:
    app = Echo()
    async with serving(app, max_connections=2, client_timeout_s=PATIENCE_S) as served:
        app.gate.clear()
        busy = [await served.open() for _ in range(2)]
        for client in busy:
            await client.send(GET)
        await settled(lambda: len(app.seen) == 2)
        late = await served.open()
        answer = await late.answer()
        assert problem(answer, 503)["detail"] == "too many connections are open"
        assert answer[1]["retry-after"] == "1"
        app.gate.set()
        for client in busy:
            assert (await client.answer())[0] == 200


async def test_shutdown_ends_idle_connections_and_lets_answers_finish() -> None:
    app = Echo()
    async with serving(app) as served:
        idle, busy = await served.open(), await served.open()
        await idle.send(GET)
        await idle.answer()
        app.gate.clear()
        await busy.send(GET)
        await settled(lambda: len(app.seen) == 2)
        for connection in list(served.state.connections):
            connection.shutdown()
        assert await idle.rest() == b""
        app.gate.set()
        status, headers, _ = await busy.answer()
        assert (status, headers["connection"]) == (200, "close")
