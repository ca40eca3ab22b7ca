"""Token buckets, and the accounts of many clients in bounded memory.

Pure bookkeeping: the caller says what the time is. Knows neither HTTP nor settings.

No library does it: what a request costs in tokens is known when it is answered, so a cost must be
taken in advance and corrected later. `limits` takes a cost once and gives nothing back, and both it
and Litestar's own middleware keep a window of fixed length for every address that ever asked.
"""

import heapq
import math
from dataclasses import dataclass

__all__ = ["Account", "Accounts", "Quotas", "Rate"]

WINDOW_S = 60.0

ROUNDING_S = 1e-6
"""Sums of fractions of a minute are not exact; nobody is refused for so little."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many units a minute, out of a bucket that holds one minute's worth.

    The whole state of a bucket is the moment when it will be full again: taking a unit moves it by
    60 s / `per_minute` (the generic cell rate algorithm, ITU-T I.371, as virtual scheduling). More
    may be taken than there is; the bucket is in debt then and gives nothing until that is paid.

    Who takes at most `per_minute` in every 60 s never has to wait. Who asks `wait_s` before each
    unit gets at most `per_minute` x (1 + t/60) of them in any t seconds: one bucket, and what flows
    in meanwhile.
    """

    per_minute: int

    def taken(self, full_s: float, now_s: float, units: float) -> float:
        """Returns the bucket's new state; a negative number of units is given back."""
        return max(full_s, now_s) + units * WINDOW_S / self.per_minute

    def wait_s(self, full_s: float, now_s: float) -> float:
        """Returns the seconds until one unit can be taken; 0 if it can be now."""
        wait_s = full_s - now_s + WINDOW_S / self.per_minute - WINDOW_S
        return wait_s if wait_s > ROUNDING_S else 0.0

    def used(self, full_s: float, now_s: float) -> int:
        """Returns how many units are missing from the bucket, rounded up; more than it holds: debt.

        What is left is `per_minute` less that.
        """
        missing_s = max(0.0, full_s - now_s - ROUNDING_S)
        return math.ceil(missing_s / WINDOW_S * self.per_minute)


@dataclass(frozen=True, slots=True)
class Quotas:
    """What each client may take; None or 0: as much as it likes."""

    requests: Rate | None
    tokens: Rate | None
    concurrent: int

    @property
    def are_none(self) -> bool:
        """Whether nothing is limited at all."""
        return self.requests is None and self.tokens is None and not self.concurrent


@dataclass(slots=True)
class Account:
    """What one client has taken: when each of its buckets is full again, and what runs now."""

    requests_full_s: float = -math.inf
    tokens_full_s: float = -math.inf
    wrong_keys_full_s: float = -math.inf
    running: int = 0

    @property
    def at_rest_s(self) -> float:
        """When it will be as good as new, if nothing runs."""
        return max(self.requests_full_s, self.tokens_full_s, self.wrong_keys_full_s)


class Accounts:
    """The accounts of the clients seen lately: `max_clients` of them, and those that run something.

    An account at rest is as good as none. When there is no room for another, the tenth that is
    nearest to rest leaves; who wants to get rid of a debt so must first bring nine tenths of
    `max_clients` others deeper into debt.
    """

    def __init__(self, max_clients: int) -> None:
        self._max_clients = max_clients
        self._accounts: dict[str, Account] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def of(self, client: str) -> Account:
        """Returns the account of a client, a new one where there is none."""
        found = self._accounts.get(client)
        if found is None:
            if len(self._accounts) >= self._max_clients:
                self._make_room()
            found = self._accounts[client] = Account()
        return found

    def _make_room(self) -> None:
        idle = (
            (account.at_rest_s, c) for c, account in self._accounts.items() if not account.running
        )
        for _, client in heapq.nsmallest(max(1, self._max_clients // 10), idle):
            del self._accounts[client]
