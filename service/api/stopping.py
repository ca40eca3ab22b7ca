"""Refuses new requests while the process ends.

What was accepted before goes on. Knows neither signals nor how long that may take.
"""

from threading import Event

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from service.errors import ShuttingDown

__all__ = ["StoppingCheck"]

STILL_ANSWERED = ("/health/live", "/health/ready", "/metrics")
"""Who watches the process wants to see it end."""


class StoppingCheck(ASGIMiddleware):
    """Lets a request go on unless `stopping` is set: then it is `ShuttingDown`."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, stopping: Event) -> None:
        self._stopping = stopping

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if self._stopping.is_set() and scope.get("path_template") not in STILL_ANSWERED:
            raise ShuttingDown
        await next_app(scope, receive, send)
