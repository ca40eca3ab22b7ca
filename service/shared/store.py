"""The shared store's client, and when it is asked.

The client is valkey-py, Valkey's own: pure Python, and it speaks to Redis as well. (Litestar takes
redis-py too, but none newer than 5.2.) It is used as it is and not through `ValkeyStore`, which
Litestar makes of it: that store has neither MGET nor SET for many keys at once, nothing atomic for
limits, and its scripts call `server.call`, which Redis 7 does not know.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from valkey.asyncio import BlockingConnectionPool, SSLConnection, Valkey
from valkey.asyncio.connection import Connection
from valkey.commands.core import AsyncScript
from valkey.credentials import CredentialProvider
from valkey.exceptions import ResponseError, ValkeyError
from valkey.exceptions import TimeoutError as TooSlow

from service.shared import PREFIX, NoAnswer
from service.shared.address import Address
from service.telemetry import metrics

__all__ = ["Client", "SharedStore"]

_log = logging.getLogger(__name__)

ANSWER_S = 0.05
"""So long an answer is waited for: it takes a fraction of a millisecond, and a sentence that has to
be translated instead takes tens of them."""

SOCKET_S = 1.0
"""A connection, or a command that nobody waits for any more, ends after this."""

REST_S = 1.0
MAX_REST_S = 8.0
"""It is tried again after `REST_S`, then after twice as long, at most after `MAX_REST_S`, over one
connection: a name that cannot be resolved holds one of the event loop's few threads for ten
seconds."""

QUIET_S = 60.0
"""Between two lines of the log that say the same."""

CONNECTIONS = 4
"""All of them are made before the store is asked anything, so no request waits for one."""

T = TypeVar("T")

Client: TypeAlias = Valkey

Work = Callable[[Client], Awaitable[T]]
"""Commands to the store."""


class SharedStore:
    """The store, as long as the process runs. Lives on one event loop.

    Attributes:
        when_reached: called whenever it answers (again); returns at once.
    """

    def __init__(self, address: Address) -> None:
        self.when_reached: list[Callable[[], None]] = []
        self._address = address
        self._client: Client = Valkey(connection_pool=_pool(address))
        self._scripts: list[str] = []
        self._is_open = False
        self._is_away = True
        self._reaching: asyncio.Task[None] | None = None
        self._works: set[asyncio.Task[Any]] = set()
        self._answered_s = -math.inf
        self._said_s: dict[str, float] = {}

    @property
    def is_away(self) -> bool:
        """Whether it is of no use to ask it."""
        return self._is_away

    async def open(self) -> None:
        """Tries once whether it is there, and goes on trying if it is not."""
        self._is_open = True
        metrics.SHARED_STORE_AWAY.set(1)
        if not await self._reach():
            self._reaching = asyncio.create_task(self._keep_reaching())

    async def close(self) -> None:
        """Ends what is under way, which takes `SOCKET_S`, and lets go of the store."""
        self._is_open, self._is_away = False, True
        if self._reaching is not None:
            self._reaching.cancel()
            await asyncio.wait({self._reaching})
        if self._works:
            await asyncio.wait(self._works)
        with suppress(ValkeyError, OSError):  # it closes all the same
            await self._client.aclose(close_connection_pool=True)

    def script(self, source: str) -> AsyncScript:
        """Returns a script, to be called by what the store is asked or told.

        The store is taught those that are known when it is opened before it is asked anything.
        """
        self._scripts.append(source)
        return self._client.register_script(source)

    async def ask(self, work: Work[T]) -> T:
        """Returns what the store answers, within `ANSWER_S`.

        The commands are never cancelled: one that ends in the middle would leave its answer to the
        next. They are not waited for any more.

        Raises:
            NoAnswer: there is none.
        """
        task, asked_s = self._begun(work), time.monotonic()
        await asyncio.wait({task}, timeout=ANSWER_S)
        if task.done():
            return task.result()
        if self._answered_s < asked_s:  # nobody in time; else it is a crowd, maybe our own
            self._lost("slow", f"no answer within {ANSWER_S * 1000:.0f} ms")
        else:
            metrics.SHARED_STORE_FAILURES.labels("slow").inc()
        raise NoAnswer

    async def tell(self, work: Work[T]) -> T:
        """Returns what the store answers, however long it takes; not for a request to wait for.

        Raises:
            NoAnswer: there is none.
        """
        task = self._begun(work)
        await asyncio.wait({task})
        return task.result()

    def soon(self, work: Work[Any], failed: Callable[[], None] = lambda: None) -> None:
        """Has the store told something in the background; `failed` is called if it was not."""

        def done(task: asyncio.Task[Any]) -> None:
            if task.cancelled() or task.exception() is not None:
                failed()

        try:
            self._begun(work).add_done_callback(done)
        except NoAnswer:
            failed()

    def _begun(self, work: Work[T]) -> "asyncio.Task[T]":
        if self._is_away:
            raise NoAnswer
        return self._at_work(self._do(work))

    def _at_work(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._works.discard(task)
        if not task.cancelled():
            task.exception()  # to look at it is to have seen it: asyncio does not complain

    async def _do(self, work: Work[T]) -> T:
        asked_s = time.monotonic()
        try:
            found = await work(self._client)
        except ResponseError as error:  # it answers; the next question may be another matter
            metrics.SHARED_STORE_FAILURES.labels("refused").inc()
            self._say("shared_store_refuses", self._reason(error))
            raise NoAnswer from error
        except Exception as error:  # the client's boundary: who speaks another language, too
            slow = isinstance(error, TooSlow | TimeoutError)
            self._lost("slow" if slow else "connection", self._reason(error))
            raise NoAnswer from error
        if (now := time.monotonic()) - asked_s < ANSWER_S:
            self._answered_s = now
        return found

    def _lost(self, kind: str, reason: str) -> None:
        metrics.SHARED_STORE_FAILURES.labels(kind).inc()
        if self._is_away or not self._is_open:
            return
        self._is_away = True
        metrics.SHARED_STORE_AWAY.set(1)
        self._say("shared_store_gone", reason)
        self._reaching = asyncio.create_task(self._keep_reaching())

    async def _keep_reaching(self) -> None:
        rest_s = REST_S
        while True:
            await asyncio.sleep(rest_s)
            if await self._reach():
                return
            rest_s = min(2 * rest_s, MAX_REST_S)

    async def _reach(self) -> bool:
        """Asks it what no request waits for: to keep something, which a copy or a full one refuses.

        Not through `_do`, for it is away until this is answered.
        """
        probing = self._at_work(self._probe())
        await asyncio.wait({probing})
        if (error := probing.exception()) is not None:
            self._say("shared_store_gone", self._reason(error))
            return False
        self._is_away = not self._is_open
        metrics.SHARED_STORE_AWAY.set(0)
        _log.info("shared_store_reached", extra={"host": self._address.host})
        for told in self.when_reached:
            told()
        return True

    async def _probe(self) -> None:
        if not await self._client.set(f"{PREFIX}probe", b"1", ex=60):
            raise ValkeyError("it does not say that it keeps anything")
        connecting = (self._client.ping() for _ in range(CONNECTIONS))
        for answer in await asyncio.gather(*connecting, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
        for script in self._scripts:
            await self._client.script_load(script)
        asked_s = time.monotonic()
        await self._client.ping()
        if time.monotonic() - asked_s > ANSWER_S:
            raise TooSlow(f"it answers later than within {ANSWER_S * 1000:.0f} ms")

    def _say(self, event: str, reason: str) -> None:
        now = time.monotonic()
        if now - self._said_s.get(event, -QUIET_S) >= QUIET_S:
            self._said_s[event] = now
            extra = {"host": self._address.host, "port": self._address.port, "reason": reason}
            _log.warning(event, extra=extra)

    def _reason(self, error: BaseException) -> str:
        """What went wrong. A server that does not know AUTH says with what it was called."""
        said = str(error).partition(", with args")[0]
        with suppress(OSError, ValueError):
            for secret in self._address.credentials()[-1:]:
                said = said.replace(secret, "…")
        return f"{type(error).__name__}: {said}"


class _Credentials(CredentialProvider):
    """Reads the password for each connection, so that a new one needs no restart."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def get_credentials(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._address.credentials()


def _pool(address: Address) -> BlockingConnectionPool:
    options: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "db": address.database,
        "socket_timeout": SOCKET_S,
        "socket_keepalive": True,
        "lib_name": None,  # two answers less for each connection
        "lib_version": None,
    }
    if address.password is not None or address.password_file is not None:
        options["credential_provider"] = _Credentials(address)
    kind: type[Connection] = Connection
    if address.tls:
        kind = SSLConnection
        options["ssl_check_hostname"] = True  # its default believes a certificate of any host
    patience: Any = SOCKET_S  # declared as a whole number; it goes to asyncio as it is
    return BlockingConnectionPool(CONNECTIONS, patience, kind, **options)
