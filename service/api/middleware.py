"""What happens around every request: its id, its log line, its metrics; and giving up on one.

The observer wraps Litestar's own ASGI handler, because unmatched paths (404, 405) never reach a
Litestar middleware.
"""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import DeadlineExceeded
from service.telemetry import metrics

__all__ = ["observed", "request_id", "within"]

T = TypeVar("T")

_SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
_QUIET = ("/health/live", "/health/ready", "/metrics")

_log = logging.getLogger("service.access")


def request_id(scope: Scope) -> str:
    """Returns the caller's `X-Request-ID` if it is sane, else one of our own; always the same."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        sent = dict(scope["headers"]).get(b"x-request-id", b"")
        sane = _SANE_ID.fullmatch(sent) is not None
        state["request_id"] = sent.decode("ascii") if sane else uuid.uuid4().hex
    found: str = state["request_id"]
    return found


def observed(app: ASGIApp) -> ASGIApp:
    """Wraps an ASGI app: `X-Request-ID` on every response, one log line, metrics by route."""

    async def observing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status, identity = time.monotonic(), 500, request_id(scope)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", identity.encode()),
                ]
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            _record(scope, identity, status, time.monotonic() - began)

    return observing


def _record(scope: Any, identity: str, status: int, seconds: float) -> None:
    route = scope.get("path_template") or "unmatched"
    method = scope["method"] if route != "unmatched" else "any"
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    _log.log(
        logging.DEBUG if route in _QUIET else logging.INFO,
        "request",
        extra={
            "request_id": identity,
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        },
    )


async def within(
    request: Request[Any, Any, Any], work: Coroutine[Any, Any, T], deadline_s: float
) -> T:
    """Awaits `work`, unless the client leaves or the deadline passes; then it is cancelled.

    Litestar does not cancel a handler whose client has left.

    Raises:
        DeadlineExceeded: `deadline_s` passed.
        HTTPException: 499, the client left; nobody reads it but the log.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise HTTPException(status_code=499, detail="the client closed the connection")
        raise DeadlineExceeded(limit_s=deadline_s)
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request[Any, Any, Any]) -> None:
    """Returns when the client has left. The body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
