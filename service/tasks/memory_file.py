"""Keeps what the models said in an SQLite file, so that it outlives the process.

The file holds translations and summaries as the models wrote them, and digests of their sources,
never the sources; only its owner may read it. Processes may share it: SQLite's write-ahead log lets
one write while others read. It stays within its bound, those out first that were not written or
read from the file for longest.

It may be slow, full, locked or damaged without anybody noticing but the operator: looking up has a
limit of time, writing goes on behind the answers, and after a failure the file is left alone for a
while. Knows not what the values mean.
"""

import asyncio
import logging
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

import aiosqlite

from service.models.registry import Clock
from service.tasks.memory import UnusableShelf
from service.telemetry import metrics

__all__ = ["MemoryFile"]

_log = logging.getLogger(__name__)

APPLICATION_ID = 0x4C757200
"""`Lur` in the file's header, so that no other program's file is taken for one of ours."""

SCHEMA = 1
SCHEMA_STATEMENTS = (
    "CREATE TABLE said (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL)",
    "CREATE INDEX said_used ON said (used)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA}",
)

BYTES_USED = (
    "SELECT (pages.page_count - free.freelist_count) * size.page_size"
    " FROM pragma_page_count pages, pragma_freelist_count free, pragma_page_size size"
)

KEYS_PER_QUERY = 500
"""SQLite promises 999 parameters."""

LOOKUP_S = 1.0
"""A lookup takes a tenth of a millisecond and a request gains seconds by it; a file that needs
longer than this is not worth waiting for."""

REST_S = 30.0
"""So long the file is left alone after a failure, and that is how often the log may say so."""

BUSY_S = 5
"""How long a write waits for another process's."""

CLOSE_S = 5.0

FRESH_S = 3600
"""Being used is noted once an hour, or every lookup would be a write."""

BACKLOG_BYTES = 8 * 1024 * 1024
"""What may wait to be written; more is not kept."""

SHARE_OUT = 16
"""When the file is full, one sixteenth of its values leaves at a time."""

Failures = (sqlite3.Error, OSError, ValueError, TimeoutError)
"""A connection that is gone is a `ValueError` to aiosqlite."""


class MemoryFile:
    """A shelf for `Memory`.

    Args:
        path: the file; made where there is none, its directory is not.
        max_bytes: of the file, without its write-ahead log of a few megabytes.
    """

    place = "disk"

    def __init__(self, path: Path, max_bytes: int, clock: Clock) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._backlog: dict[bytes, bytes] = {}
        self._backlog_bytes = 0
        self._read_again: set[bytes] = set()
        self._rest_until_s = math.inf  # until it is open
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._connections = AsyncExitStack()
        self._reader: aiosqlite.Connection
        self._writer: aiosqlite.Connection
        self._writing: asyncio.Task[None]

    def check(self) -> None:
        """Looks at the file, if there is one, and changes nothing.

        Raises:
            UnusableShelf: its directory is missing, or it is damaged or another program's.
        """
        try:
            if self._path.exists():
                with closing(sqlite3.connect(self._path, timeout=BUSY_S)) as connection:
                    _is_new(connection)
            elif not self._path.parent.is_dir():
                raise OSError("there is no such directory")
        except Failures as error:
            raise UnusableShelf(f"{self._path}: {error}") from error

    async def open(self) -> None:
        """Makes or checks the file, and begins to write what is put. Once only.

        Raises:
            UnusableShelf: it cannot be opened, is damaged, or is another program's or version's.
        """
        try:
            await asyncio.to_thread(_prepare, self._path)
            async with AsyncExitStack() as opening:
                self._writer = await opening.enter_async_context(self._connection())
                await self._writer.execute_fetchall("PRAGMA synchronous = NORMAL")
                self._reader = await opening.enter_async_context(self._connection())
                await self._reader.execute_fetchall("PRAGMA query_only = 1")
                self._connections = opening.pop_all()
        except Failures as error:
            raise UnusableShelf(f"{self._path}: {error}") from error
        self._rest_until_s = 0.0
        self._writing = asyncio.create_task(self._keep_writing())

    def _connection(self) -> aiosqlite.Connection:
        return aiosqlite.connect(self._path, timeout=BUSY_S)

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns the values of those keys that it has; nothing where the file fails."""
        if self._rests:
            return {}
        now = int(self._clock.time())
        found: dict[bytes, bytes] = {}
        try:
            async with asyncio.timeout(LOOKUP_S):
                for start in range(0, len(keys), KEYS_PER_QUERY):
                    some = keys[start : start + KEYS_PER_QUERY]
                    marks = ",".join("?" * len(some))
                    rows = await self._reader.execute_fetchall(
                        f"SELECT key, value, used FROM said WHERE key IN ({marks})",  # noqa: S608
                        some,
                    )
                    for key, value, used in rows:
                        found[key] = value
                        if now - used >= FRESH_S:
                            self._read_again.add(key)
        except Failures as error:
            self._failed("read", error)
        if self._read_again:
            self._has_changed()
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Has a value written soon; drops it where too much waits already or the file fails."""
        if self._rests or self._backlog_bytes + len(value) > BACKLOG_BYTES:
            metrics.CACHE_FILE.labels("dropped").inc()
            return
        self._backlog_bytes += len(value) - len(self._backlog.get(key, b""))
        self._backlog[key] = value
        self._has_changed()

    def _has_changed(self) -> None:
        self._changed.set()
        self._settled.clear()

    async def settled(self) -> None:
        """Returns when all that was put is written, or given up."""
        await self._settled.wait()

    async def close(self) -> None:
        """Writes what waits and lets go of the file; gives up each after `CLOSE_S`."""
        for work in (self.settled, self._connections.aclose):
            try:
                async with asyncio.timeout(CLOSE_S):
                    await work()
            except Failures as error:
                self._failed("write", error)
            self._writing.cancel()
        self._rest_until_s = math.inf

    async def _keep_writing(self) -> None:
        """Writes what has come since the last time, all at once, as often as something comes."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            said = list(self._backlog.items())
            again, self._read_again = self._read_again, set()
            self._backlog, self._backlog_bytes = {}, 0
            try:
                await self._write(said, again)
            except Failures as error:
                metrics.CACHE_FILE.labels("dropped").inc(len(said))
                self._failed("write", error)
                await self._roll_back()
            else:
                metrics.CACHE_FILE.labels("written").inc(len(said))
            if not self._changed.is_set():
                self._settled.set()

    async def _write(self, said: Iterable[tuple[bytes, bytes]], again: Iterable[bytes]) -> None:
        now = int(self._clock.time())
        await self._writer.executemany(
            "INSERT OR REPLACE INTO said VALUES (?, ?, ?)", [(*entry, now) for entry in said]
        )
        await self._writer.executemany(
            "UPDATE said SET used = ? WHERE key = ?", [(now, key) for key in again]
        )
        while await self._number(BYTES_USED) > self._max_bytes:
            least = await self._number("SELECT count(*) FROM said") // SHARE_OUT + 1
            cursor = await self._writer.execute(
                "DELETE FROM said WHERE key IN (SELECT key FROM said ORDER BY used LIMIT ?)",
                (least,),
            )
            if cursor.rowcount < 1:
                break
        await self._writer.commit()

    async def _number(self, query: str) -> int:
        ((number,),) = await self._writer.execute_fetchall(query)
        return int(number)

    async def _roll_back(self) -> None:
        try:
            await self._writer.rollback()
        except Failures as error:
            self._failed("write", error)

    @property
    def _rests(self) -> bool:
        return self._clock.monotonic() < self._rest_until_s

    def _failed(self, doing: str, error: Exception) -> None:
        metrics.CACHE_FILE.labels(f"{doing}_failed").inc()
        if not self._rests:
            reason = f"{type(error).__name__}: {error}"
            _log.warning("memory_file_failed", extra={"doing": doing, "reason": reason})
        self._rest_until_s = self._clock.monotonic() + REST_S


def _prepare(path: Path) -> None:
    """Makes a new file, or refuses what is none of ours and leaves it as it is."""
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_new(connection):
            for statement in SCHEMA_STATEMENTS:
                connection.execute(statement)
        connection.execute("COMMIT")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise OSError(f"its file system does not let processes share it (mode {mode})")


def _is_new(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing in it at all.

    Raises:
        OSError: there is something, and it is none of ours.
    """

    def number(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    owner, version = number("PRAGMA application_id"), number("PRAGMA user_version")
    if number("SELECT count(*) FROM sqlite_master") == owner == version == 0:
        return True
    if owner != APPLICATION_ID:
        raise OSError("is a database of another program")
    if version != SCHEMA:
        raise OSError(f"is of version {version}, not {SCHEMA}; delete it or name another")
    return False
