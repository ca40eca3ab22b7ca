"""What one client may ask for: requests a minute, tokens a minute, requests at once, wrong keys.

A client is a key's name where keys are used, else an address. A guard lets a request in before its
body is read; the wrapper around the application settles what it cost when it is answered. Knows
neither what a key looks like nor what the work is.
"""

import ipaddress
import math
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.api.buckets import Accounts, Rate
from service.errors import TooManyRequests, TooManyTokens, Unavailable
from service.settings import Settings
from service.telemetry import metrics

__all__ = ["Limits", "Usage", "address_of", "client_of", "failed", "spent"]

MAX_CLIENTS = 10_000
"""Accounts that are kept; some 400 bytes each."""

WRONG_KEYS_PER_MINUTE = 60
"""Of one address; then it is told to wait. Against guessing it is the key's own 128 random bits
and more that help."""

BYTES_A_TOKEN = 4
"""A rule of thumb for English (help.openai.com, "What are tokens and how to count them"). It only
bridges the time until the real figure is known."""

WORKED = (499, 500, 504)
"""Answers after which models may have worked although there is no result: the estimate stands."""

CONCURRENT_RETRY_S = 1.0

_TOO_MANY_REQUESTS = partial(TooManyRequests, "requests a minute")
_TOO_MANY_WRONG_KEYS = partial(TooManyRequests, "wrong keys a minute")


class Usage(Protocol):
    """What a result says it cost."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


def address_of(scope: Scope) -> str:
    """Returns the address a request counts for: one of IPv4, or a network of 64 bits of IPv6.

    A host may choose the last 64 bits of its address as it likes and change them at any time
    (RFC 4291, 2.5.4; RFC 8981), so it would be a new client with each request. What is no address
    (a proxy may send any word) counts for one client, all of it together.
    """
    host, _ = scope.get("client") or ("", 0)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address.packed[:8] + bytes(8), 64)))
    return str(address)


def client_of(scope: Scope) -> str:
    """Returns whom a request counts for: `key:` and its name, or `address:` and its address."""
    name = scope.get("state", {}).get("client")
    return f"address:{address_of(scope)}" if name is None else f"key:{name}"


class Limits:
    """The limits of one application and what its clients have used of them.

    Lives on one event loop. A second process would count for itself.

    Args:
        settings: `requests_per_minute`, `tokens_per_minute` and `concurrent_requests`, 0 for none;
            `max_characters`, which is what a body of unknown length is taken for.
        now: the time, in seconds since some moment; never goes back.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.monotonic,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self.requests = Rate(settings.requests_per_minute) if settings.requests_per_minute else None
        self.tokens = Rate(settings.tokens_per_minute) if settings.tokens_per_minute else None
        self.concurrent = settings.concurrent_requests
        self.wrong_keys = Rate(WRONG_KEYS_PER_MINUTE)
        self.accounts = Accounts(max_clients)
        self.now = now
        self._longest_tokens = settings.max_characters // BYTES_A_TOKEN

    async def guard(
        self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
    ) -> None:
        """Lets a request for work in, before its body is read. A guard for Litestar.

        Raises:
            TooManyRequests, TooManyTokens: the client has used up what it may.
        """
        if self.requests or self.tokens or self.concurrent:
            visit = Visit(self, client_of(connection.scope))
            connection.scope["state"]["visit"] = visit
            visit.enter(self._estimate(connection.headers.get("content-length", "")))

    def _estimate(self, content_length: str) -> int:
        known = re.fullmatch(r"[0-9]{1,18}", content_length) is not None
        longest = self._longest_tokens  # a text cannot have more, however it is spelt
        return min(longest, int(content_length) // BYTES_A_TOKEN) if known else longest

    def wrong_key(self, scope: Scope) -> None:
        """Counts a wrong key against the address that sent it.

        A right key is not asked about here, so others of its address cannot lock it out.

        Raises:
            TooManyRequests: there were too many; an address that goes on gets no other answer.
        """
        account, now = self.accounts.of(f"address:{address_of(scope)}"), self.now()
        full_s = account.wrong_keys_full_s
        _check("wrong_keys", self.wrong_keys, full_s, now, _TOO_MANY_WRONG_KEYS)
        account.wrong_keys_full_s = self.wrong_keys.taken(account.wrong_keys_full_s, now, 1)

    def around(self, app: ASGIApp) -> ASGIApp:
        """Wraps an ASGI app: what its guard let in is settled, and answers say what is left."""

        async def limiting(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start" and (visit := _visit(scope)):
                    visit.answer(message["status"])
                    message["headers"] = [*message.get("headers", ()), *visit.headers()]
                await send(message)

            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            try:
                await app(scope, receive, sending)
            finally:
                if visit := _visit(scope):
                    visit.leave()

        return limiting


class Visit:
    """One request of a client, from the guard to the end of its answer."""

    def __init__(self, limits: Limits, client: str) -> None:
        self._limits = limits
        self._account = limits.accounts.of(client)
        self._inside = False
        self._reserved: int | None = None

    def enter(self, tokens: int) -> None:
        """Takes a request and an estimate of its tokens, or nothing at all.

        Raises:
            TooManyRequests, TooManyTokens: which limit, and how long to wait.
        """
        limits, account, now = self._limits, self._account, self._limits.now()
        if limits.concurrent and account.running >= limits.concurrent:
            metrics.LIMITED_REQUESTS.labels("concurrent").inc()
            raise TooManyRequests(
                "requests at once",
                limit=limits.concurrent,
                actual=account.running + 1,
                retry_after_s=CONCURRENT_RETRY_S,
            )
        _check("requests", limits.requests, account.requests_full_s, now, _TOO_MANY_REQUESTS)
        _check("tokens", limits.tokens, account.tokens_full_s, now, TooManyTokens)
        account.running += 1
        self._inside = True
        if limits.requests:
            account.requests_full_s = limits.requests.taken(account.requests_full_s, now, 1)
        if limits.tokens:
            self._reserved = 0
            self._take(tokens)

    def _take(self, tokens: int) -> None:
        """Makes the reservation `tokens`, more or less than it was."""
        rate, account = self._limits.tokens, self._account
        if rate is not None and self._reserved is not None:
            more = tokens - self._reserved
            account.tokens_full_s = rate.taken(account.tokens_full_s, self._limits.now(), more)
            self._reserved = tokens

    def settle(self, tokens: int) -> None:
        """Replaces the estimate by what was really used; the first time counts."""
        self._take(tokens)
        self._reserved = None

    def answer(self, status: int) -> None:
        """Settles what is left to settle: with nothing, where no model can have worked."""
        if status >= 400 and status not in WORKED:
            self.settle(0)

    def leave(self) -> None:
        """Ends it. The estimate stands if nobody has said better."""
        if self._inside:
            self._inside = False
            self._account.running -= 1

    def headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yields what is left of each limit (draft-ietf-httpapi-ratelimit-headers-10).

        `q` is the quota and `w` its window in seconds, `r` what remains and `t` the seconds until
        all of it is there again.
        """
        now, account = self._limits.now(), self._account
        buckets = [
            (name, rate, full_s)
            for name, rate, full_s in (
                ("requests", self._limits.requests, account.requests_full_s),
                ("tokens", self._limits.tokens, account.tokens_full_s),
            )
            if rate is not None
        ]
        if not buckets:
            return
        policies = (f'"{name}";q={rate.per_minute};w=60' for name, rate, _ in buckets)
        states = (
            f'"{name}";r={max(0, rate.per_minute - rate.used(full_s, now))}'
            f";t={max(0, math.ceil(full_s - now)) if full_s > now else 0}"
            for name, rate, full_s in buckets
        )
        yield b"ratelimit-policy", ", ".join(policies).encode()
        yield b"ratelimit", ", ".join(states).encode()


def spent(scope: Scope, usage: Usage) -> None:
    """Settles a request with what its result says it cost."""
    if visit := _visit(scope):
        visit.settle(usage.input_tokens + usage.output_tokens)


def failed(scope: Scope, status: int) -> None:
    """Settles a request that failed when its answer had begun, as if this were its status."""
    if visit := _visit(scope):
        visit.answer(status)


def _visit(scope: Scope) -> Visit | None:
    visit: Visit | None = scope.get("state", {}).get("visit")
    return visit


def _check(
    label: str, rate: Rate | None, full_s: float, now_s: float, error: Callable[..., Unavailable]
) -> None:
    if rate is None or not (wait_s := rate.wait_s(full_s, now_s)):
        return
    metrics.LIMITED_REQUESTS.labels(label).inc()
    used = rate.used(full_s, now_s)
    raise error(limit=rate.per_minute, actual=used + 1, retry_after_s=wait_s)
