"""Keeps what the models said in the shared store, so that other processes need not say it again.

It holds translations and summaries as the models wrote them, and digests of their sources, never
the sources. An entry is called `lur:said:1:` and the digest, which tells model, revision and
decoding apart but not machines; the number is that of this format. A value is a digest of key and
value, then the value, the same that the file keeps: what another program left there, what was cut
off, or an answer to another question, is not believed. That is against accidents. Who may write to
the store could put words into answers; so it wants a password and a network of its own.

Each entry leaves `keep_s` after it was written, or earlier where the store has to make room
(`maxmemory-policy allkeys-lru`). Writing goes on behind the answers and is given up while the store
is away. Knows not what the values mean.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import islice

from service.shared import PREFIX, NoAnswer
from service.shared.store import Client, SharedStore
from service.telemetry import metrics

__all__ = ["MemoryShared", "framed", "name_of"]

NAME = f"{PREFIX}said:1:"

SEAL_BYTES = 16

MAX_VALUE_BYTES = 64 * 1024
"""A sentence with its candidates has some hundred bytes, a summary some thousand."""

KEYS_PER_QUESTION = 500
"""1.4 ms of the event loop on two cores, and 0.5 ms of the store, which serves one at a time."""

VALUES_PER_WRITE = 100
"""1.8 ms of the event loop."""

BACKLOG_BYTES = 8 * 1024 * 1024
"""What may wait to be written; more is not kept."""

CLOSE_S = 2.0


def name_of(key: bytes) -> str:
    """Returns what an entry is called in the store."""
    return NAME + key.hex()


def framed(key: bytes, value: bytes) -> bytes:
    """Returns a value as the store keeps it."""
    return _seal(key, value) + value


def _seal(key: bytes, value: bytes) -> bytes:
    return blake2b(value, digest_size=SEAL_BYTES, key=key, person=b"lur-said").digest()


def _unframed(key: bytes, found: object) -> bytes | None:
    """Returns the value, or nothing where that is not what `framed` made of this key."""
    if not isinstance(found, bytes) or len(found) > SEAL_BYTES + MAX_VALUE_BYTES:
        return None
    seal, value = found[:SEAL_BYTES], found[SEAL_BYTES:]
    return value if seal == _seal(key, value) else None


class MemoryShared:
    """A shelf for `Memory`.

    Args:
        store: opened and closed by whoever made it; it is open while this is.
        keep_s: how long an entry stays.
    """

    place = "store"

    def __init__(self, store: SharedStore, keep_s: int) -> None:
        self._store = store
        self._keep_s = keep_s
        self._backlog: dict[bytes, bytes] = {}
        self._backlog_bytes = 0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begins to write what is put."""
        self._writing = asyncio.create_task(self._keep_writing())

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns the values of those keys that it has; nothing where the store does not answer."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), KEYS_PER_QUESTION):
            some = keys[start : start + KEYS_PER_QUESTION]
            try:
                values = await self._store.ask(lambda c, some=some: c.mget(map(name_of, some)))  # type: ignore[misc]
            except NoAnswer:
                break
            for key, sealed in zip(some, values, strict=False):
                if sealed is None:
                    continue
                if (value := _unframed(key, sealed)) is None:
                    metrics.CACHE_STORE.labels("not_believed").inc()
                else:
                    found[key] = value
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Has a value written soon; drops it where too much waits already or the store is away."""
        if (
            self._store.is_away
            or len(value) > MAX_VALUE_BYTES
            or self._backlog_bytes + len(value) > BACKLOG_BYTES
        ):
            metrics.CACHE_STORE.labels("dropped").inc()
            return
        self._backlog_bytes += len(value) - len(self._backlog.get(key, b""))
        self._backlog[key] = value
        self._changed.set()
        self._settled.clear()

    async def settled(self) -> None:
        """Returns when all that was put is written, or given up."""
        await self._settled.wait()

    async def close(self) -> None:
        """Writes what waits; gives up after `CLOSE_S`."""
        if self._writing is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.settled()
        self._writing.cancel()
        self._writing = None

    async def _keep_writing(self) -> None:
        """Writes what has come since the last time, as often as something comes."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            said, self._backlog, self._backlog_bytes = self._backlog, {}, 0
            entries = iter(said.items())
            while some := list(islice(entries, VALUES_PER_WRITE)):
                metrics.CACHE_STORE.labels(await self._written(some)).inc(len(some))
            if not self._changed.is_set():
                self._settled.set()

    async def _written(self, entries: Sequence[tuple[bytes, bytes]]) -> str:
        async def write(client: Client) -> None:
            pipeline = client.pipeline(transaction=False)
            for key, value in entries:
                pipeline.set(name_of(key), framed(key, value), ex=self._keep_s)
            await pipeline.execute()

        try:
            await self._store.tell(write)
        except NoAnswer:
            return "dropped"
        return "written"
