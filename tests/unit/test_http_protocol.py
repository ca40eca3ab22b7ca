"""Whatever a client sends, in whatever pieces, a clock runs for its connection or it is closed."""

import asyncio
from itertools import pairwise
from typing import Any

import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from service.http_protocol import ConnectionLimits, LimitedProtocol, protocol

PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\n",
        b"HEAD / HTTP/1.0\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n",
        b"Host: x\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Connection: Upgrade\r\n",
        b"Upgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"X: ",
        b"a" * 70_000,
        b"a:\r\n" * 60,
        b"\r\n",
        b"\n",
        b"hello",
        b"5\r\nhello\r\n",
        b"5;x=y\r\n",
        b"0\r\n",
        b"0\r\n\r\n",
        b"T: v\r\n",
        b"\x00\xff",
    ]
)
MESSAGES = st.lists(PIECES | st.binary(max_size=20), min_size=1, max_size=25).map(b"".join)


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.ended = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 1) if name in {"peername", "sockname"} else default

    def write(self, data: Any) -> None:
        assert not self.closed, "written after the end"
        assert not self.ended, "written after its end was said"
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def echo(scope: Any, receive: Any, send: Any) -> None:
    more = scope["method"] == "POST"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def talk(first: bytes, data: bytes, cuts: list[int]) -> None:
    config = uvicorn.Config(echo, log_config=None, ws="none", proxy_headers=False, lifespan="off")
    config.load()
    kind: Any = protocol(ConnectionLimits(client_timeout_s=1000.0, max_connections=10))
    state = ServerState()
    connection: LimitedProtocol = kind(config=config, server_state=state, app_state={})
    wire = Wire()
    connection.connection_made(wire)
    bounds = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for piece in (first, *(data[begin:end] for begin, end in pairwise(bounds))):
        if wire.closed:
            break
        connection.data_received(piece)
        assert_watched(connection, wire)
        for _ in range(4):  # the application comes to answer
            await asyncio.sleep(0)
        assert_watched(connection, wire)
    connection.connection_lost(None)
    await asyncio.gather(*state.tasks)
    assert connection._head_timer is None
    assert connection.timeout_keep_alive_task is None
    assert not state.connections


def assert_watched(connection: LimitedProtocol, wire: Wire) -> None:
    """An application that waits for a body has a clock of its own, as has a lingering transport."""
    clocks = (connection._head_timer, connection.timeout_keep_alive_task)
    assert wire.closed or wire.ended or connection._answering or any(clocks)


FIRST = st.sampled_from(
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 50\r\n\r\n",  # answered before its body is there
    ]
)


@given(FIRST, MESSAGES, st.lists(st.integers(0, 10**6), max_size=10))
def test_no_connection_is_ever_without_a_clock(first: bytes, data: bytes, cuts: list[int]) -> None:
    asyncio.run(talk(first, data, cuts))


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from([b"GET", b"POST"]),
        st.sampled_from([b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"X: y\r\n"]),
        st.sampled_from([b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]),
    ),
    min_size=1,
    max_size=5,
)


@given(REQUESTS, st.lists(st.integers(0, 10**6), max_size=10))
def test_valid_requests_one_at_a_time_are_all_answered_however_they_are_cut(
    requests: list[tuple[bytes, bytes, bytes]], cuts: list[int]
) -> None:
    bodies = {b"": b"", b"Content-Length: 5\r\n": b"hello"}
    messages = [
        b"%s / HTTP/1.1\r\nHost: x\r\n%s%s\r\n%s"
        % (method, more, framing, bodies.get(framing, b"5\r\nhello\r\n0\r\n\r\n"))
        for method, more, framing in requests
    ]

    async def one_by_one() -> bytes:
        config = uvicorn.Config(
            echo, log_config=None, ws="none", proxy_headers=False, lifespan="off"
        )
        config.load()
        kind: Any = protocol(ConnectionLimits(client_timeout_s=1000.0, max_connections=10))
        connection: LimitedProtocol = kind(config=config, server_state=ServerState(), app_state={})
        wire = Wire()
        connection.connection_made(wire)
        for message in messages:
            bounds = sorted({0, len(message), *(cut % len(message) for cut in cuts)})
            for begin, end in pairwise(bounds):
                connection.data_received(message[begin:end])
                for _ in range(4):
                    await asyncio.sleep(0)
        connection.connection_lost(None)
        return wire.written

    answers = asyncio.run(one_by_one())
    assert answers.count(b"HTTP/1.1 204") == len(messages)
    assert answers.count(b"HTTP/1.1") == len(messages)
