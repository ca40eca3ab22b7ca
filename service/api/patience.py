"""Reads bodies no longer than a client deserves, and no more of them than memory can hold.

Wraps the application. What a client does to the connection itself is the server's business.
"""

import asyncio

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from service.errors import SlowClient, Unavailable
from service.telemetry import metrics

__all__ = ["patient"]

MIN_BYTES_PER_S = 4096
"""A client that keeps sending must be so fast on average, or else it holds a connection for hours,
a byte at a time. Some 2G links are a little slower; these have `client_timeout_s` for a start.
Apache's mod_reqtimeout asks for 500 by default."""

MAX_HELD_BYTES = 256 * 1024 * 1024
"""All bodies of requests under way: 200 of the longest, or thousands of articles."""


def patient(app: ASGIApp, client_timeout_s: float, max_bytes: int = MAX_HELD_BYTES) -> ASGIApp:
    """Wraps an ASGI app; what is wrong with a body is raised where the app reads it.

    Raises:
        SlowClient: nothing came for `client_timeout_s`, or it came too slowly.
        Unavailable: the bodies of all requests together are more than `max_bytes`.
        HTTPException: 499, the client left before its body was there; for the log.
    """
    held = _Held(client_timeout_s, max_bytes)

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        body = _Body(held, receive, send)
        try:
            await app(scope, body.receive, body.send)
        finally:
            held.bytes -= body.bytes

    return waiting


class _Held:
    def __init__(self, client_timeout_s: float, max_bytes: int) -> None:
        self.client_timeout_s, self.max_bytes = client_timeout_s, max_bytes
        self.bytes = 0


class _Body:
    """The body of one request while it comes in.

    Its time runs out after `client_timeout_s`; every `MIN_BYTES_PER_S` buy a second, of which no
    more than that timeout can be saved up.
    """

    def __init__(self, held: _Held, receive: Receive, send: Send) -> None:
        self._held, self._receive, self._send = held, receive, send
        self._loop = asyncio.get_running_loop()
        self._until_s = self._loop.time() + held.client_timeout_s
        self._complete = False
        self._given_up = False
        self.bytes = 0

    async def receive(self) -> HTTPReceiveMessage:
        if self._complete:
            return await self._receive()  # type: ignore[return-value]
        try:
            async with asyncio.timeout_at(self._until_s):
                message = await self._receive()
        except TimeoutError:
            raise self._give_up(
                "slow_body", SlowClient(limit_s=self._held.client_timeout_s)
            ) from None
        if message["type"] != "http.request":
            # Litestar 2.25 would call it a failure of the server.
            raise HTTPException(status_code=499, detail="the client closed the connection")
        self._take(len(message["body"]))
        self._complete = not message["more_body"]
        return message

    def _take(self, size: int) -> None:
        self.bytes += size
        self._held.bytes += size
        if self._held.bytes > self._held.max_bytes:
            error = Unavailable("too many bodies are being read at once", retry_after_s=1.0)
            raise self._give_up("bodies", error)
        latest_s = self._loop.time() + self._held.client_timeout_s
        self._until_s = min(self._until_s + size / MIN_BYTES_PER_S, latest_s)

    def _give_up(self, reason: str, error: Exception) -> Exception:
        self._given_up = True
        metrics.CUT_CLIENTS.labels(reason).inc()
        return error

    async def send(self, message: Message) -> None:
        if self._given_up and message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await self._send(message)
