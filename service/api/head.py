"""HEAD: what GET would answer, without its body (RFC 9110, 9.3.2), on every path that has a GET.

Load balancers look with it whether a service lives. Litestar routes by method and has no answer.
Knows no path.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["answering_head"]


def answering_head(app: ASGIApp) -> ASGIApp:
    """Wraps an ASGI app that knows no HEAD; `Allow` names it where it names GET."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def naming(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, _with_head(value) if name == b"allow" else value)
                    for name, value in message.get("headers", ())
                ]
            await send(message)

        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        if scope["method"] != "HEAD":
            await app(scope, receive, naming)
            return
        asked = {**scope, "method": "GET"}

        def tell() -> None:
            """Says what others look for: the route, for one, when the answer gets its headers."""
            scope.update({**asked, "method": "HEAD"})  # type: ignore[typeddict-item]

        async def without_body(message: Message) -> None:
            tell()
            if message["type"] == "http.response.body":
                message["body"] = b""
            await naming(message)

        try:
            await app(asked, receive, without_body)  # type: ignore[arg-type]
        finally:
            tell()

    return answering


def _with_head(allow: bytes) -> bytes:
    methods = {method.strip() for method in allow.split(b",")}
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))
