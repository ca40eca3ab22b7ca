"""The HTTP client that the hub's own client is made to use: how long it waits, what it believes.

Left to itself, huggingface_hub 2.4 asks for the list of files without any time limit, sleeps for as
long as a `Retry-After` says, reads a list without end into memory, and takes an answer's ETag for a
file name, so that one with `../` in it would be written outside the cache. None of this can be set,
but the client itself can (`set_client_factory`).

Knows nothing of what is asked for, or where it goes.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from service.models.progress import Watch
from service.models.remote import DownloadError, asked_wait_s

__all__ = ["install", "watched"]

TIMEOUT_S = 30.0
"""For connecting, and between two pieces of an answer, where the hub's client sets no limit."""

LONGEST_NAP_S = 5.0
"""A wait that the hub asks for is slept through up to here; a longer one ends the attempt."""

MAX_LIST_BYTES = 64 * 2**20
"""Of an answer that is no file of known size. A list names a thousand files in some 300 kB."""

_PLAIN_ETAG = re.compile(r'(?:W/)?"?[0-9A-Za-z_+=:-][0-9A-Za-z_.+=:-]*"?')

_installing = threading.Lock()
"""`cache` calls a function twice where two threads come before it is done."""

_watch: ContextVar[Watch | None] = ContextVar("_watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """What is asked of the hub in this thread meanwhile is counted, and ends, with `watch`."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def install() -> None:
    """Makes the hub's client use this one, for the whole process; the first call counts.

    From any thread. To install it twice would close the client that other threads are using.
    """
    with _installing:
        _installed()


@cache
def _installed() -> None:
    import httpx2
    from huggingface_hub import get_session, set_client_factory

    hooks = get_session().event_hooks  # what the hub's client does before each request

    class Client(httpx2.Client):
        def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
            watch = _watch.get()
            if watch:
                watch.check()
            limits = request.extensions.get("timeout") or {}
            request.extensions["timeout"] = {
                part: limits.get(part) or TIMEOUT_S for part in ("connect", "read", "write", "pool")
            }
            response = super().send(request, stream=True, **options)
            try:
                _judge(request.method, response.status_code, response.headers, watch)
                response.stream = Counted(response.stream, watch, _most(stream, watch))
                if not stream:
                    response.read()
            except BaseException:
                response.close()
                raise
            return response

    class Counted(httpx2.SyncByteStream):
        """Passes on what comes in, as long as there is not too much and nobody has given up."""

        def __init__(self, inner: Any, watch: Watch | None, most: int) -> None:
            self._inner, self._watch, self._most = inner, watch, most

        def __iter__(self) -> Iterator[bytes]:
            count = 0
            for piece in self._inner:
                if self._watch:
                    self._watch.received(len(piece))
                count += len(piece)
                if count > self._most:
                    raise DownloadError("the hub sends more than it announced")
                yield piece

        def close(self) -> None:
            self._inner.close()

    set_client_factory(lambda: Client(event_hooks=hooks, follow_redirects=True, timeout=TIMEOUT_S))


def _most(stream: bool, watch: Watch | None) -> int:
    announced = watch.total_bytes if stream and watch else 0
    return max(announced + 2**20, MAX_LIST_BYTES)


def _judge(method: str, status: int, headers: Any, watch: Watch | None) -> None:
    """Looks at an answer before the hub's client does.

    Raises:
        DownloadError: it asks for a long wait, or would lead the client astray.
    """
    if status >= 400 and watch:
        watch.remark = f"its last answer was {status}"
    if status in {429, 503}:
        wait_s = asked_wait_s(headers)
        if wait_s is not None and wait_s > LONGEST_NAP_S:
            raise DownloadError(
                f"the hub answered {status} and asks to wait {wait_s:.0f} s", retry_after_s=wait_s
            )
    if method == "HEAD" and status < 400:
        for name in ("etag", "x-linked-etag"):
            said = headers.get(name)
            if said is not None and not _PLAIN_ETAG.fullmatch(said):
                raise DownloadError("the hub's answer has an ETag that is none")
