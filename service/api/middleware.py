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
from typing import Any, Protocol, TypeVar

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.api.limits import Usage, spent
from service.api.raw_problems import RawProblem
from service.errors import DeadlineExceeded, ServiceError
from service.telemetry import metrics

__all__ = ["Result", "observed", "request_id", "within"]


class Result(Protocol):
    """What the work of a request comes to."""

    @property
    def usage(self) -> Usage: ...


R = TypeVar("R", bound=Result)

STOPPED = RawProblem(503, "Shutting down", "this process is stopping", retry_after_s=5.0)
"""The grace time is over and this request is not done: `ShuttingDown`, out of Litestar's reach."""

_SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
_QUIET = ("/health/live", "/health/ready", "/metrics")

_access = logging.getLogger("service.access")
_log = logging.getLogger(__name__)


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
    """Wraps an ASGI app: `X-Request-ID` on every response, one log line, metrics by route.

    Where an answer began well and ended in an error, `scope["state"]["outcome"]` is the status to
    count.

    A request that is cancelled from outside, as uvicorn does when the grace time is over, is
    answered with 503; uvicorn itself would say 500.
    """

    async def observing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status, identity = time.monotonic(), 0, request_id(scope)

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
        except asyncio.CancelledError:
            if status:
                raise
            await _answer(STOPPED, identity, sending)
        finally:
            outcome = scope.get("state", {}).get("outcome")
            _record(scope, identity, outcome or status or 500, time.monotonic() - began)

    return observing


async def _answer(problem: RawProblem, identity: str, send: Send) -> None:
    headers, body = problem.response(identity)
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _record(scope: Any, identity: str, status: int, seconds: float) -> None:
    route = scope.get("path_template") or "unmatched"
    method = scope["method"] if route != "unmatched" else "any"
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    _access.log(
        logging.DEBUG if route in _QUIET else logging.INFO,
        "request",
        extra={
            "request_id": identity,
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            **({"key": scope["state"]["client"]} if "client" in scope["state"] else {}),
        },
    )


async def within(
    request: Request[Any, Any, Any], work: Coroutine[Any, Any, R], deadline_s: float
) -> R:
    """Awaits `work`, unless the client leaves or the deadline passes; then it is cancelled.

    Litestar does not cancel a handler whose client has left. Returns or raises only when `work` has
    ended and so has let go of its models. What the result cost is settled with the client's limits.

    Raises:
        DeadlineExceeded: `deadline_s` passed, whatever the work was waiting for.
        HTTPException: 499, the client left; nobody reads it but the log.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            result = _result(task)
            spent(request.scope, result.usage)
            return result
        if gone.done():
            raise HTTPException(status_code=499, detail="the client closed the connection")
        raise DeadlineExceeded(limit_s=deadline_s)
    finally:
        await _end(task, gone)


def _result(task: asyncio.Task[R]) -> R:
    if task.cancelled():  # not by us; left alone, it would look as if this request was cancelled
        raise RuntimeError("the work was cancelled from within")
    return task.result()


async def _end(task: asyncio.Task[Any], gone: asyncio.Task[None]) -> None:
    """Cancels both and waits for them; what the work raises instead of ending is logged."""
    given_up = not task.done()
    task.cancel()
    gone.cancel()
    outcome: object = (await asyncio.gather(task, gone, return_exceptions=True))[0]
    if given_up and isinstance(outcome, Exception) and not isinstance(outcome, ServiceError):
        _log.error("failed_when_given_up", exc_info=outcome)


async def _disconnected(request: Request[Any, Any, Any]) -> None:
    """Returns when the client has left. The body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
