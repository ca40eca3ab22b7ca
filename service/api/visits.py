"""One request of a client: what it takes of the client's limits, gives back, and tells of them.

Where processes share a ledger it decides, and the account of this process follows it: when the
ledger does not answer, the process goes on from there by itself. So do answers that say what is
left: as this process last heard.
"""

import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal

from service.api.buckets import Account, Quotas, Rate
from service.api.ledger import Ledger, Limit, Taken
from service.errors import TooManyRequests, TooManyTokens, Unavailable
from service.shared import NoAnswer
from service.telemetry import metrics

__all__ = ["Visit", "refusal"]

WORKED = (499, 500, 504)
"""Answers after which models may have worked although there is no result: the estimate stands."""

CONCURRENT_RETRY_S = 1.0

_ERRORS: Mapping[str, Callable[..., Unavailable]] = {
    "requests": partial(TooManyRequests, "requests a minute"),
    "tokens": TooManyTokens,
}


class Visit:
    """A request, from the guard to the end of its answer.

    Args:
        quotas: what each client may take.
        account: what this client has taken, as this process knows it.
        now: the time of the account.
        client: what the ledger knows it by.
    """

    def __init__(
        self,
        quotas: Quotas,
        account: Account,
        now: Callable[[], float],
        client: str,
        ledger: Ledger | None = None,
    ) -> None:
        self._quotas, self._account, self._now = quotas, account, now
        self._client, self._ledger = client, ledger
        self._name = secrets.token_hex(8) if ledger else ""
        self._inside = False
        self._reserved: int | None = None
        self._is_written = False  # in the ledger
        self._may_have_place = False  # there, although nobody has said so

    async def begin(self, tokens: int) -> None:
        """Takes a request and an estimate of its tokens, or nothing at all.

        Raises:
            TooManyRequests, TooManyTokens: which limit, and how long to wait.
        """
        if self._ledger is not None:
            self._may_have_place = True
            try:
                taken = await self._ledger.take(self._client, tokens, self._name)
            except NoAnswer:
                metrics.LIMITED_ALONE.inc()
            else:
                return self._follow(taken, tokens)
        return self.enter(tokens)

    def enter(self, tokens: int) -> None:
        """Does as `begin`, by the account of this process alone."""
        quotas, account, now = self._quotas, self._account, self._now()
        if quotas.concurrent and account.running >= quotas.concurrent:
            raise self._refused("concurrent", account.running, now)
        for limit, rate, full_s in self._buckets():
            if rate.wait_s(full_s, now):
                raise self._refused(limit, account.running, now)
        if quotas.requests:
            account.requests_full_s = quotas.requests.taken(account.requests_full_s, now, 1)
        self._let_in(0)
        self._take(tokens)

    def _follow(self, taken: Taken, tokens: int) -> None:
        """Does what the ledger says."""
        quotas, account, now = self._quotas, self._account, self._now()
        if quotas.requests:
            account.requests_full_s = now + taken.requests_missing_s
        if quotas.tokens:
            account.tokens_full_s = now + taken.tokens_missing_s
        if taken.refused_by is not None:
            self._may_have_place = False
            raise self._refused(taken.refused_by, taken.running, now)
        self._is_written = True
        self._let_in(tokens)

    def _let_in(self, reserved: int) -> None:
        self._account.running += 1
        self._inside = True
        if self._quotas.tokens:
            self._reserved = reserved

    def _refused(self, limit: Limit, running: int, now: float) -> Unavailable:
        if limit == "concurrent":
            metrics.LIMITED_REQUESTS.labels(limit).inc()
            return TooManyRequests(
                "requests at once",
                limit=self._quotas.concurrent,
                actual=running + 1,
                retry_after_s=CONCURRENT_RETRY_S,
            )
        ((rate, full_s),) = (
            (rate, full_s) for name, rate, full_s in self._buckets() if name == limit
        )
        return refusal(limit, rate, full_s, now, _ERRORS[limit])

    def _buckets(self) -> Iterator[tuple[Literal["requests", "tokens"], Rate, float]]:
        if self._quotas.requests is not None:
            yield "requests", self._quotas.requests, self._account.requests_full_s
        if self._quotas.tokens is not None:
            yield "tokens", self._quotas.tokens, self._account.tokens_full_s

    def _take(self, tokens: int) -> None:
        """Makes the reservation `tokens`, more or less than it was."""
        rate, account = self._quotas.tokens, self._account
        if rate is not None and self._reserved is not None:
            more = tokens - self._reserved
            account.tokens_full_s = rate.taken(account.tokens_full_s, self._now(), more)
            self._reserved = tokens
            if self._ledger is not None and self._is_written:
                self._ledger.add(self._client, more)

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
        if self._ledger is not None and self._may_have_place:
            self._may_have_place = False
            self._ledger.leave(self._client, self._name)

    def headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yields what is left of each limit (draft-ietf-httpapi-ratelimit-headers-10).

        `q` is the quota and `w` its window in seconds, `r` what remains and `t` the seconds until
        all of it is there again.
        """
        now, buckets = self._now(), list(self._buckets())
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


def refusal(
    label: str, rate: Rate, full_s: float, now_s: float, error: Callable[..., Unavailable]
) -> Unavailable:
    """Returns what to say to a client whose bucket is empty, and counts it."""
    metrics.LIMITED_REQUESTS.labels(label).inc()
    return error(
        limit=rate.per_minute,
        actual=rate.used(full_s, now_s) + 1,
        retry_after_s=rate.wait_s(full_s, now_s),
    )
