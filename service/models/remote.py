"""What may be wrong with whoever sends a model: a hub, or an archive's server.

Knows neither the one nor the other, and nothing of files.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["WITHOUT_NETWORK", "DownloadError", "asked_wait_s"]

WITHOUT_NETWORK = (
    "where there is no network, bring the models along (`lur pull` elsewhere) and set LUR_OFFLINE=1"
)
"""What to do where nothing can be fetched, for the end of a message."""

_RATE_LIMIT = re.compile(r"\bt\s*=\s*(\d+)")


class DownloadError(Exception):
    """It could not be fetched; the message is for an operator.

    Attributes:
        retry_after_s: how long the other side asks to be left alone; 0 where it does not.
    """

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Returns how many seconds an answer asks to wait; `None` where it says nothing sensible.

    Args:
        headers: with names in lower case; `Retry-After` in either form (RFC 9110, 10.2.3), else
            the `t` of the hub's `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    if said:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())
    found = _RATE_LIMIT.search(headers.get("ratelimit", ""))
    return float(found[1][:9]) if found else None
