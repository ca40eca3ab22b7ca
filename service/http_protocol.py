"""HTTP/1.1 as uvicorn speaks it, with the limits it lacks (Kludex/uvicorn#157).

A connection must bring the head of a request in time, a head of a sane size, and take its answer;
one request at a time; and there are only so many connections. Whoever breaks a rule is told what,
where it can still be told, and cut off.

Bodies are the application's to wait for (`service.api.patience`), until it has answered: what still
comes then is thrown away for a while. Knows neither paths nor keys.
"""

import asyncio
import logging
import uuid
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.api.raw_problems import RawProblem
from service.lingering import LingeringTransport
from service.telemetry import metrics

__all__ = ["ConnectionLimits", "protocol"]

MAX_OVERHEAD_BYTES = 512 * 1024
MAX_OVERHEAD_SHARE = 8
"""What a chunked body may take beside itself: sizes and line ends (5 bytes for a chunk of one),
extensions and trailers; and what came in the same read before it (256 KiB in asyncio)."""

MIN_BYTES_PER_S = 4096
"""So fast must an answer be read, over each client timeout."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may do.

    Attributes:
        client_timeout_s: for the head of a request, from the connection's begin or the answer
            before; and for reading on in an answer.
        max_connections: with so many, a new one takes the place of the one that has been without
            a request for the longest; if all have one, it is refused.
        max_head_bytes: of request line and headers. Other servers allow 8 to 64 KiB.
        max_headers: their number. Apache's and gunicorn's own limit is 100.
    """

    client_timeout_s: float
    max_connections: int
    max_head_bytes: int = 64 * 1024
    max_headers: int = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a connection ends, for the metric, and what the client is told."""

    reason: str
    problem: RawProblem


INVALID = Fault("invalid_http", RawProblem(400, "Bad request", "this is not valid HTTP/1.1"))
CROWDED = Fault(
    "crowded",
    RawProblem(503, "Unavailable", "too many connections are open", retry_after_s=1.0),
)


def protocol(limits: ConnectionLimits) -> type[HttpToolsProtocol]:
    """Returns the class to give uvicorn as `http`."""
    return type("LimitedProtocol", (LimitedProtocol,), {"limits": limits})


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    No pipelining: a request that comes before the answer to the one before is not read, and the
    connection ends with that answer (RFC 9112, 9.3.2 lets a server do so, and has clients try
    again). Uvicorn would hold any number of them in memory.
    """

    limits: ConnectionLimits

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deaf = False  # what comes is thrown away; only its end is noticed
        self._fault: Fault | None = None
        self._in_head = False
        self._in_message = False
        self._head_bytes = 0
        self._message_bytes = 0
        self._before_message = 0
        self._body_bytes = 0
        self._waiting_since_s = self.loop.time()
        self._head_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._drained = False

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _is_leaving(self) -> bool:
        """Whether its descriptor is free in a moment: it is closing, and hears nobody out."""
        transport: Any = self.transport
        closing: bool = transport.is_closing() and not transport.lingers
        return closing

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        lingering = LingeringTransport(transport, self._hears_out)
        super().connection_made(lingering)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.max_connections and not self._make_room():
            self._refuse(CROWDED)
        else:
            self._expect_head()

    def _make_room(self) -> bool:
        """Ends the connection that has been without a request for the longest, if there is one."""
        waiting = [
            connection
            for connection in self.connections
            if isinstance(connection, LimitedProtocol)
            and connection is not self
            and not connection._answering
            and not connection._is_leaving
        ]
        if not waiting:
            return False
        metrics.CUT_CLIENTS.labels(CROWDED.reason).inc()
        min(waiting, key=lambda connection: connection._waiting_since_s).transport.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting_head()
        if self._reader_timer is not None:
            self._reader_timer.cancel()
        super().connection_lost(exc)

    # What comes in.

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._before_message = len(data) if self._in_message else 0
        try:
            self._feed(data)
        except httptools.HttpParserError:
            if not self._deaf:
                self._refuse(self._fault or INVALID)
            return
        self._message_bytes += len(data)
        if self._in_head and self._message_bytes > self.limits.max_head_bytes:
            self._refuse(self._large_head())  # a line without end, which no callback has seen yet
        elif self._in_message and not self._in_head and self._overhead_is_large():
            self._refuse(INVALID)
        elif not self._answering:
            self._expect_head()

    def _feed(self, data: bytes) -> None:
        """Parses `data`; of an offer to speak another protocol, as if it had not been made.

        Java's client offers HTTP/2 with its first request. The parser stops behind the head of such
        a request and would never give its body, so the head is parsed once more without the offer.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            headers = [(name, value) for name, value in self.headers if name != b"upgrade"]
            if len(headers) == len(self.headers):
                raise httptools.HttpParserError("CONNECT") from None
            version = self.parser.get_http_version().encode()
            lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
            lines += [b"%s: %s" % header for header in headers]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.feed_data(b"\r\n".join([*lines, b"", b""]) + data[offer.args[0] :])

    def _overhead_is_large(self) -> bool:
        overhead = self._message_bytes - self._body_bytes
        return overhead > MAX_OVERHEAD_BYTES + MAX_OVERHEAD_SHARE * self._body_bytes

    def on_message_begin(self) -> None:
        if self._answering:
            self._end_after_answer()
            raise ValueError("one request at a time")
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_bytes = self._body_bytes = 0
        self._message_bytes = -self._before_message

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + len(b": \r\n"))
        if self._in_head:
            super().on_header(name, value)
            if len(self.headers) > self.limits.max_headers:
                self._fault = self._large_head()
                raise ValueError("too many headers")
        # Else it is a trailer: it comes after all who look at headers have looked.

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.limits.max_head_bytes:
            self._fault = self._large_head()
            raise ValueError("too large a head")

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # see `_feed`
        self._in_head = False
        self._stop_expecting_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._in_head:
            self._in_message = False
            super().on_message_complete()

    def _large_head(self) -> Fault:
        most = f"{self.limits.max_head_bytes} bytes and {self.limits.max_headers} headers"
        problem = RawProblem(431, "Request header fields too large", f"at most {most} are accepted")
        return Fault("large_head", problem)

    # Slow clients.

    def _expect_head(self) -> None:
        if self._head_timer is None:
            timeout_s = self.limits.client_timeout_s
            self._head_timer = self.loop.call_later(timeout_s, self._head_is_late)

    def _stop_expecting_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head:
            detail = f"the request did not arrive within {self.limits.client_timeout_s:g} s"
            self._refuse(Fault("slow_head", RawProblem(408, "Request timeout", detail)))
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        self._waiting_since_s = self.loop.time()
        super().on_response_complete()
        self._watch_reader()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._drained = True
        super().resume_writing()

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._reader_timer is None:
            self._drained = False
            timeout_s = self.limits.client_timeout_s
            self._reader_timer = self.loop.call_later(timeout_s, self._check_reader, left)

    def _check_reader(self, left_before: int) -> None:
        self._reader_timer = None
        due = self.limits.client_timeout_s * MIN_BYTES_PER_S
        if self._drained or self.transport.get_write_buffer_size() <= max(0, left_before - due):
            self._watch_reader()
        else:
            metrics.CUT_CLIENTS.labels("slow_reader").inc()
            self.transport.abort()

    # The end.

    def _hears_out(self) -> bool:
        """Whether the client may not be at the end of what it sends; then nobody listens to it.

        Where connections are too many, none is kept for that.
        """
        unread = (self._in_message or self._deaf) and self._fault is not CROWDED
        self._deaf |= unread
        return unread

    def _end_after_answer(self) -> None:
        """Hears no more; the connection ends with the answer under way."""
        self._deaf = True
        self.cycle.keep_alive = False

    def _refuse(self, fault: Fault) -> None:
        """Ends the connection, and says why unless an answer is under way, which goes first."""
        metrics.CUT_CLIENTS.labels(fault.reason).inc()
        self._fault = fault
        identity = uuid.uuid4().hex
        _log.debug("connection_refused", extra={"reason": fault.reason, "request_id": identity})
        self._deaf = True
        if self._answering and (self.cycle.response_started or not self.cycle.more_body):
            self.cycle.keep_alive = False
            return
        headers, body = fault.problem.response(identity)
        headers += [*self.server_state.default_headers, (b"x-request-id", identity.encode())]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[fault.problem.status], *lines, b"\r\n", body]))
        self.transport.close()
