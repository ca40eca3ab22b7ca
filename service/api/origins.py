"""By which names the service may be called, and from which web pages.

What runs in a browser can send requests from inside a network or a machine that its author cannot
reach. Keys would keep it out; this is for services that ask for none.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from litestar.config.cors import CORSConfig
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from service.access import is_loopback
from service.api.bodies import Refused
from service.api.schemas import FieldError
from service.api.security import rule_here
from service.settings import Settings, SettingsError

__all__ = ["HostCheck", "OriginCheck", "allowed_hosts", "cors_config"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""They change nothing (RFC 9110, 9.2.1)."""


class HostCheck(ASGIMiddleware):
    """Lets a request go on if its `Host` is one of the service's names.

    Without it a web page could talk to a service on this machine by having its own name resolved
    to 127.0.0.1 (DNS rebinding): for the browser that is the page's own origin.

    Args:
        names: see `allowed_hosts`.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, names: frozenset[str] | None) -> None:
        self._names = names or frozenset()
        self._any = names is None or "*" in names
        self._suffixes = tuple(name[1:] for name in self._names if name.startswith("*."))

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if not self._any and not rule_here(scope).any_host:
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if not hosts or not all(map(self._is_ours, hosts)):
                message = "not a name of this service (LUR_ALLOWED_HOSTS lists them)"
                raise Refused(FieldError("Host", message))
        await next_app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        found = re.fullmatch(r"(\[[^]]*\]|[^:]+)(:\d*)?", host.lower())
        if found is None:
            return False
        return found[1] in self._names or found[1].endswith(self._suffixes)


class OriginCheck(ASGIMiddleware):
    """Lets a request that may change something go on unless a page of another origin sends it.

    A browser sends a `POST` without a body wherever a page tells it to, and only hides the answer.
    Programs that are no browsers send neither of the headers that are looked at.

    Args:
        origins: those whose pages may call the service all the same, or `*`.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        method = scope["method"] if scope["type"] == ScopeType.HTTP else "GET"
        if method not in SAFE_METHODS and self._is_foreign(Headers.from_scope(scope)):
            message = "pages of other origins may not call (LUR_CORS_ORIGINS lists those that may)"
            raise Refused(FieldError("Origin", message), 403)
        await next_app(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        """What browsers say of a page (Fetch Metadata, 2.4), or else the origin itself.

        The scheme is not compared: a proxy may have taken TLS away.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if "*" in self._origins or origin in self._origins or site in ("same-origin", "none"):
            return False
        if site is not None or origin is None:
            return site is not None
        return origin.partition("://")[2] != headers.get("host", "").lower()


def allowed_hosts(settings: Settings) -> frozenset[str] | None:
    """Returns the names that the service answers to, in lower case; None: to any.

    Without names of the operator's own: the machine's, on a loopback address, else any.

    Raises:
        SettingsError: one is neither a name, nor `*.` and a name, nor `*`.
    """
    if not settings.allowed_hosts:
        if not is_loopback(settings.host):
            return None
        return frozenset(map(_host, ("localhost", "127.0.0.1", "::1", settings.host)))
    names = frozenset(map(_host, settings.allowed_hosts))
    for name in names:
        if not re.fullmatch(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", name):
            raise SettingsError(
                f"LUR_ALLOWED_HOSTS: {name!r} is no name without scheme and port, like example.org"
            )
    return names


def _host(name: str) -> str:
    """Spells it as a `Host` header does."""
    lower = name.lower()
    try:
        return f"[{ipaddress.IPv6Address(lower)}]"
    except ValueError:
        return lower


def cors_config(settings: Settings) -> CORSConfig | None:
    """Returns which pages of other origins may call the service; None: none may.

    Credentials of the browser's own (cookies) are never let through: there are none.

    Raises:
        SettingsError: one is neither an origin nor `*`.
    """
    for origin in settings.cors_origins:
        if origin != "*" and not _is_origin(origin):
            raise SettingsError(
                f"LUR_CORS_ORIGINS: {origin!r} is no origin like https://example.org"
            )
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
        expose_headers=[
            *("Content-Disposition", "Lur-Warnings"),
            *("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"),
        ],
        allow_credentials=False,
    )


def _is_origin(text: str) -> bool:
    """Whether it is spelt as browsers spell one (RFC 6454, 6.2): no path, lower case."""
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    plain = re.fullmatch(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]", host or "") is not None
    return plain and text == f"{parts.scheme}://{host}{port}"
