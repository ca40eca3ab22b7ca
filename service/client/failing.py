"""What goes wrong between a client and the service, and when another try may mend it.

Pure decisions; knows the problem documents, and nothing of what is asked or how it is sent.
"""

import email.utils
import math
import random
import time
from types import TracebackType
from typing import Self

import httpx2
import msgspec

from service.answers import Problem

__all__ = ["LurError", "Patience", "cut_off", "problem"]

WORTH_ANOTHER_TRY = (429, 502, 503)
"""Too many requests, a proxy that does not reach the service, and a service that cannot now."""

LOST = (httpx2.NetworkError, httpx2.ConnectTimeout, httpx2.RemoteProtocolError)
"""No answer came. Nothing that is asked here changes anything twice, so that it may be asked again;
but a service that was silent for long would be silent again (`ReadTimeout`)."""

LOST_TRIES = 4
"""A service that is restarted comes back; one that is not there does not."""

BACKOFF_S = 0.5
MAX_BACKOFF_S = 8.0


class LurError(Exception):
    """What went wrong, in the words of the service's problem document.

    Attributes:
        status: of HTTP; 0 where there was no answer.
        type: a name of its kind for programs, such as `urn:lur:problem:queue-full`.
        title: its kind in words.
        detail: what it is this time.
        errors: the fields of the request that are to blame, if any are.
        limit, actual: the limit that was passed, and the measured value.
        progress: 0..1 where a model is on its way.
        retry_after_s: when asking again makes sense, in seconds.
        request_id: by which the service's log knows it.
    """

    def __init__(self, said: Problem) -> None:
        super().__init__(f"{said.title}: {said.detail}")
        self.type, self.title = said.type, said.title
        self.status, self.detail = said.status, said.detail
        self.errors, self.limit, self.actual = said.errors, said.limit, said.actual
        self.progress, self.retry_after_s = said.progress, said.retry_after_s
        self.request_id = said.instance

    @classmethod
    def of(cls, response: httpx2.Response) -> "LurError":
        """Reads what the service answered, or what a proxy answered in its place."""
        wait_s = _retry_after_s(response.headers.get("retry-after", ""))
        try:
            found = msgspec.json.decode(response.content, type=Problem)
        except msgspec.DecodeError:
            found = problem(response.status_code, response.reason_phrase, response.text)
        wait_s = found.retry_after_s if wait_s is None else wait_s
        return cls(msgspec.structs.replace(found, retry_after_s=wait_s))


def problem(status: int, title: str, detail: object) -> Problem:
    """Returns what no problem document says."""
    return Problem("about:blank", title, status, str(detail).strip()[:500], instance="")


def cut_off() -> LurError:
    """Returns what a stream is that ends before its result."""
    return LurError(problem(0, "No answer", "the stream ended before its result"))


def _retry_after_s(value: str) -> float | None:
    """Reads seconds, or a date (RFC 9110, 10.2.3)."""
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


class Patience:
    """Bears the failures of one call that another try may mend.

    A context for each try. Where it swallows a failure, `pause_s` says how long to wait: what the
    service asks for and some more, by chance, so that not all who were told the same come back at
    once. What would take longer than is left is not waited for: the caller learns at once what
    `retry_after_s` is. Any other failure of the connection becomes a `LurError` too.
    """

    def __init__(self, limit_s: float) -> None:
        self._until_s = time.monotonic() + limit_s
        self._tries = 0
        self.pause_s = 0.0

    def end(self) -> None:
        """Bears nothing from now on: a part of the answer has been handed on."""
        self._until_s = -math.inf

    def __enter__(self) -> Self:
        self._tries += 1
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        self.pause_s = _pause_s(error, self._tries)
        if time.monotonic() + self.pause_s < self._until_s:
            return True
        if isinstance(error, httpx2.HTTPError):
            raise LurError(problem(0, "No answer", str(error) or type(error).__name__)) from error
        return False


def _pause_s(error: BaseException | None, tries: int) -> float:
    """How long to wait after so many tries, the last of which failed so; `inf`: for ever."""
    most_s = min(BACKOFF_S * 2.0 ** min(tries, 10), MAX_BACKOFF_S)
    if isinstance(error, LurError) and error.status in WORTH_ANOTHER_TRY:
        if error.retry_after_s is not None:
            return error.retry_after_s + _chance(0.0, most_s)
    elif not (isinstance(error, LOST) and tries < LOST_TRIES):
        return math.inf
    return _chance(most_s / 2, most_s)


def _chance(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311 - no secret
