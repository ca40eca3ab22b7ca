"""When a load that failed is tried again.

Knows no clock and no dice: it is told the time, and given a random number.
"""

from dataclasses import dataclass

from service.errors import ModelUnavailable

__all__ = ["Backoff"]

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0
"""A failed load is tried again after at most 5 s, then twice as long, at most 300 s."""

MAX_DOUBLINGS = 6
"""5 s doubled so often is more than 300 s; doubled without end it would overflow."""

MAX_ASKED_S = 3600.0
"""A cause may ask for a longer wait (a hub's `Retry-After`), but for no longer than an hour: what
a broken proxy says must not put a model away for days."""


@dataclass(slots=True)
class Backoff:
    """The failures of one model's loads since the last that went well.

    Attributes:
        failure: the last one; None after a success.
    """

    failure: ModelUnavailable | None = None
    _failures: int = 0
    _retry_at: float = 0.0

    def failed(self, error: ModelUnavailable, now: float, chance: float) -> float:
        """Takes a failure in and returns after how many seconds the load may be tried again.

        Half of the doubled delay is kept, the other half is drawn: processes that failed together,
        at one hub, do not come back together, and none comes back at once. That is the "equal
        jitter" of M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.

        Args:
            error: its `retry_after_s` is what the cause asks for, and counts where it is longer;
                it becomes the returned delay.
            now: monotonic, in seconds.
            chance: uniform in 0..1.
        """
        longest = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures, MAX_DOUBLINGS))
        asked = min(MAX_ASKED_S, error.retry_after_s or 0.0)
        delay = max(longest / 2 + chance * longest / 2, asked)
        self._failures += 1
        self.failure, self._retry_at = error, now + delay
        error.retry_after_s = delay
        return delay

    def succeeded(self) -> None:
        """Forgets every failure."""
        self.failure, self._failures = None, 0

    def waive(self) -> None:
        """Lets the load be tried now; the failures still count."""
        self._retry_at = 0.0

    def left_s(self, now: float) -> float:
        """Returns how long the load is not to be tried; 0 where nothing failed."""
        return max(0.0, self._retry_at - now) if self.failure is not None else 0.0
