"""What one client may ask for: requests a minute, tokens a minute, requests at once, wrong keys.

A client is a key's name where keys are used, else an address. A guard lets a request in before its
body is read; the wrapper around the application settles what it cost when it is answered. Knows
neither what a key looks like nor what the work is.
"""

import ipaddress
import re
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.api.buckets import Accounts, Quotas, Rate
from service.api.ledger import Ledger
from service.api.visits import Visit, refusal
from service.errors import TooManyRequests
from service.settings import Settings

if TYPE_CHECKING:
    from service.shared.store import SharedStore

__all__ = ["Limits", "Usage", "address_of", "client_of", "failed", "spent"]

MAX_CLIENTS = 10_000
"""Accounts that are kept; some 400 bytes each."""

WRONG_KEYS_PER_MINUTE = 60
"""Of one address; then it is told to wait. Against guessing it is the key's own 128 random bits
and more that help."""

BYTES_A_TOKEN = 4
"""A rule of thumb for English (help.openai.com, "What are tokens and how to count them"). It only
bridges the time until the real figure is known."""

SENDING_S = 30.0
"""For what is neither work nor waiting for the client: a request that runs is over by then."""

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

    Lives on one event loop. Other processes count for themselves, unless they share a store; wrong
    keys each counts for itself.

    Args:
        settings: `requests_per_minute`, `tokens_per_minute` and `concurrent_requests`, 0 for none;
            `max_characters`, which is what a body of unknown length is taken for; `deadline_s` and
            `client_timeout_s`, which say when a request of a process that died cannot run any more.
        now: the time, in seconds since some moment; never goes back.
        store: what processes share, so that they limit a client as one.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.monotonic,
        max_clients: int = MAX_CLIENTS,
        store: "SharedStore | None" = None,
    ) -> None:
        self.quotas = Quotas(
            Rate(settings.requests_per_minute) if settings.requests_per_minute else None,
            Rate(settings.tokens_per_minute) if settings.tokens_per_minute else None,
            settings.concurrent_requests,
        )
        self.wrong_keys = Rate(WRONG_KEYS_PER_MINUTE)
        self.accounts = Accounts(max_clients)
        self.now = now
        self._longest_tokens = settings.max_characters // BYTES_A_TOKEN
        self._ledger: Ledger | None = None
        if store is not None and not self.quotas.are_none:
            place_s = settings.deadline_s + settings.client_timeout_s + SENDING_S
            self._ledger = Ledger(store, self.quotas, place_s)

    def __deepcopy__(self, _: dict[int, object]) -> "Limits":
        """Returns itself: Litestar copies each router with whatever its guards belong to."""
        return self

    def visit(self, client: str) -> Visit:
        """Returns a request of this client that has not begun."""
        return Visit(self.quotas, self.accounts.of(client), self.now, client, self._ledger)

    async def guard(
        self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
    ) -> None:
        """Lets a request for work in, before its body is read. A guard for Litestar.

        Raises:
            TooManyRequests, TooManyTokens: the client has used up what it may.
        """
        if not self.quotas.are_none:
            visit = self.visit(client_of(connection.scope))
            connection.scope["state"]["visit"] = visit
            await visit.begin(self._estimate(connection.headers.get("content-length", "")))

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
        rate, full_s = self.wrong_keys, account.wrong_keys_full_s
        if rate.wait_s(full_s, now):
            raise refusal("wrong_keys", rate, full_s, now, _TOO_MANY_WRONG_KEYS)
        account.wrong_keys_full_s = rate.taken(full_s, now, 1)

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
