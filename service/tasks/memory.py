"""Remembers what the models said, job by job, so that nothing is computed twice.

It stands between a task and a runner: an edited article costs only its changed sentences. A job is
answered from memory; or by an equal job under way, of whichever request; or by one of its own. Only
what an engine said is remembered: checks, glossary and typography run as ever, so what does not
touch the engine is no part of the key. The key is a digest of all that decides the output: which
model, at which revision, how it was described and quantized, how it decodes, and the source tokens;
not which machine or device computed it.

Knows no text, no task and no disk: a `Shelf` may keep what is remembered longer than the process,
or for others too. Where there are several, the nearest is asked first, and takes what only a
farther one had.
Belongs to one event loop; only waiting leaves it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import Annotated, Any, Protocol

import msgspec

from service.batching import Flow, JobResult
from service.engines.base import Decoding, Description, Hypothesis
from service.runner import Runner
from service.tasks.results import Stopwatch
from service.telemetry import metrics

__all__ = ["Heard", "Hypotheses", "Memory", "Shelf", "UnusableShelf"]

Hypotheses = tuple[Hypothesis, ...]
"""The candidates for one source, best first; never empty."""

Wanted = tuple[Sequence[str], Decoding]

Heard = Callable[[int, Hypotheses], None]
"""Told, by its index, of a job that is answered. Called on the event loop; returns at once."""

Say = Callable[[Mapping[bytes, Hypotheses]], None]

DIGEST_BYTES = 32
"""Whoever found two sources of one digest would read another's translation: no shortcut here."""

ENTRY_BYTES = 300
"""What an entry takes beside its value at most: the key (65), the value's own head (33) and its
place in an `OrderedDict`. Measured with `tracemalloc` on CPython 3.11, 1000 to 175 000 entries: 172
to 214 while they are added, 214 to 298 when as many have left."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Annotated[Hypotheses, msgspec.Meta(min_length=1)]).decode


class UnusableShelf(ValueError):
    """What should keep the memory cannot; the message says what is wrong with it."""


class Shelf(Protocol):
    """Keeps values longer than the process lives. Its troubles stay its own, once it is open.

    Attributes:
        place: where what comes from it is counted, `disk` or `store`.
    """

    place: str

    async def open(self) -> None:
        """Makes it ready. Raises `UnusableShelf`."""

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns the values of those keys that it has; soon, or nothing."""

    def put(self, key: bytes, value: bytes) -> None:
        """Takes a value in, at once; when it is really kept does not matter to anybody."""

    async def close(self) -> None:
        """Keeps what was put, as far as it can in a few seconds."""


@dataclass(slots=True, eq=False)
class Flight:
    """A job under way, and for how many calls it is.

    Attributes:
        landed: the first result or failure; settled while anybody waits.
        tries: the job as it was queued, each with the flow it was queued in.
    """

    landed: "asyncio.Future[JobResult]"
    tries: list[tuple[Flow, "asyncio.Future[JobResult]"]] = field(default_factory=list)
    waiters: int = 0

    def is_as_soon_as(self, flow: Flow, tokens: int) -> bool:
        """Whether `flow`, which is to queue so many tokens, need not queue this job itself.

        Turns belong to flows. A job at the end of a long article comes much later than it would in
        a short request, which then queues it once more; whichever comes first serves both, and the
        other is dropped.
        """
        return any(own is flow or own.waiting_tokens <= tokens for own, _ in self.tries)

    def drop(self) -> None:
        for _, job in self.tries:
            job.cancel()


class Memory:
    """What the models said, least recently used out first, and the jobs under way.

    Args:
        max_bytes: room in memory, the entries' own weight included; 0 remembers nothing, yet equal
            jobs are still run once.
        shelves: what keeps it longer, the nearest first.
    """

    def __init__(self, max_bytes: int, *shelves: Shelf) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._said: OrderedDict[bytes, bytes] = OrderedDict()
        self._flights: dict[bytes, Flight] = {}
        self._shelves = shelves

    async def open(self) -> None:
        """Opens the shelves.

        Raises:
            UnusableShelf: one cannot be used.
        """
        for shelf in self._shelves:
            await shelf.open()

    async def close(self) -> None:
        """Closes the shelves, when no runner works any more."""
        for shelf in self._shelves:
            await shelf.close()

    async def run(
        self,
        runner: Runner,
        jobs: Sequence[Wanted],
        flow: Flow,
        watch: Stopwatch,
        places: Sequence[int] = (),
        heard: Heard | None = None,
    ) -> list[Hypotheses]:
        """Returns what the model says of each source, decoded so, in order.

        `heard` is told of each as soon as it is known. `places` are those of `Runner.submit`.
        `watch` sees the jobs that this call waited for, from when it did. If the call is cancelled,
        its jobs go on as long as others wait for them; those that nobody waits for are dropped.

        Raises:
            QueueFull, ShuttingDown, ModelUnavailable: of what this call would have queued; it fails
                no other call.
            RefusedInput: the engine failed on one of the sources not long ago.
            InferenceFailed: the engine failed on one of the sources. So it does for every call that
                waits for it: it was tried alone, and trying once more would be the same again.
        """
        keys = _keys(runner, jobs)
        wanted = dict(zip(keys, jobs, strict=True))
        first_places = dict(zip(reversed(keys), reversed(places), strict=True)) if places else {}
        say = _to_each(keys, heard) if heard is not None else None
        _count("shared", len(jobs) - len(wanted))
        found = self._recalled(wanted)
        if self._shelves and len(found) < len(wanted):
            found |= await self._unshelved(wanted.keys() - found.keys())
        # From here to the queue nothing else runs, so no equal job can slip in between.
        if say is not None:
            say(found)
        missing = {key: job for key, job in wanted.items() if key not in found}
        if missing:
            results = await self._fly(runner, missing, flow, first_places, say)
            watch.saw(results.values())
            found |= {key: result.output.hypotheses for key, result in results.items()}
        return [found[key] for key in keys]

    def _recalled(self, keys: Iterable[bytes]) -> dict[bytes, Hypotheses]:
        found = {}
        for key in keys:
            if (value := self._said.get(key)) is not None:
                self._said.move_to_end(key)
                found[key] = _decode(value)
        _count("hit", len(found))
        return found

    async def _unshelved(self, keys: Collection[bytes]) -> dict[bytes, Hypotheses]:
        """Returns what the shelves have, and what has been learnt while they were asked."""
        found: dict[bytes, Hypotheses] = {}
        for number, shelf in enumerate(self._shelves):
            missing = [key for key in keys if key not in found]
            if not missing:
                break
            had = 0
            for key, value in (await shelf.get(missing)).items():
                try:
                    found[key] = _decode(value)
                except (msgspec.DecodeError, UnicodeDecodeError):  # damaged, so it is said anew
                    continue
                had += 1
                self._remember(key, value)
                for nearer in self._shelves[:number]:
                    nearer.put(key, value)
            _count(shelf.place, had)
        return found | self._recalled(key for key in keys if key not in found)

    async def _fly(
        self,
        runner: Runner,
        missing: Mapping[bytes, Wanted],
        flow: Flow,
        places: Mapping[bytes, int],
        say: Say | None,
    ) -> dict[bytes, JobResult]:
        """Waits for equal jobs under way, and for jobs of its own where there are none."""
        began_s = time.monotonic()
        flights: dict[bytes, Flight] = {}
        hearing: dict[bytes, Callable[[asyncio.Future[JobResult]], None]] = {}
        try:
            self._board(runner, missing, flow, places, flights)
            if say is not None:
                hearing = {key: partial(_landed, key, say) for key in flights}
            for key, hear in hearing.items():
                flights[key].landed.add_done_callback(hear)
            landed = [flight.landed for flight in flights.values()]
            done, _ = await asyncio.wait(landed, return_when=asyncio.FIRST_EXCEPTION)
            for one in done:
                one.result()  # raises its failure
            return {key: _since(began_s, flights[key].landed.result()) for key in missing}
        finally:
            for key, hear in hearing.items():
                flights[key].landed.remove_done_callback(hear)
            for key, flight in flights.items():
                self._leave(key, flight)

    def _board(
        self,
        runner: Runner,
        missing: Mapping[bytes, Wanted],
        flow: Flow,
        places: Mapping[bytes, int],
        flights: dict[bytes, Flight],
    ) -> None:
        """Finds a flight for each, equal or its own; whatever it raises, those found are there."""
        tokens = sum(len(source) for source, _ in missing.values())
        own: dict[Decoding, list[bytes]] = {}
        for key, (_, decoding) in missing.items():
            flight = self._flights.get(key)
            if flight is not None and flight.is_as_soon_as(flow, tokens):
                flight.waiters += 1
                flights[key] = flight
            else:
                own.setdefault(decoding, []).append(key)
        _count("shared", len(flights))
        for decoding, keys in own.items():
            sources = [missing[key][0] for key in keys]
            queued = runner.submit(sources, decoding, flow, [places.get(key, 0) for key in keys])
            _count("miss", len(keys))
            for key, job in zip(keys, queued, strict=True):
                flights[key] = self._taken_off(key, flow, job)

    def _taken_off(self, key: bytes, flow: Flow, job: "asyncio.Future[JobResult]") -> Flight:
        """Lets a queued job be found, by itself or beside an equal one that comes too late."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = Flight(asyncio.get_running_loop().create_future())
        flight.tries.append((flow, job))
        flight.waiters += 1
        job.add_done_callback(partial(self._land, key, flight))
        return flight

    def _land(self, key: bytes, flight: Flight, job: "asyncio.Future[JobResult]") -> None:
        """Takes what a job came to, for all who wait for it, and for those who will ask."""
        if job.cancelled():
            return
        failure = job.exception()  # to look at it is to have seen it: asyncio does not complain
        if self._flights.get(key) is not flight:
            return  # nobody waits any more, or an equal job was faster
        del self._flights[key]
        if failure is not None:
            flight.landed.set_exception(failure)
            flight.landed.exception()
        else:
            result = job.result()
            flight.landed.set_result(result)
            # A copy, for msgspec leaves up to a third of what it allocates unused.
            value = bytes(memoryview(_encode(result.output.hypotheses)))
            self._remember(key, value)
            for shelf in self._shelves:
                shelf.put(key, value)
        flight.drop()

    def _leave(self, key: bytes, flight: Flight) -> None:
        flight.waiters -= 1
        if not flight.waiters and self._flights.get(key) is flight:
            del self._flights[key]
            flight.drop()

    def _remember(self, key: bytes, value: bytes) -> None:
        if (before := self._said.pop(key, None)) is not None:
            self._bytes -= len(before) + ENTRY_BYTES
        weight = len(value) + ENTRY_BYTES
        if weight <= self._max_bytes:
            self._said[key] = value
            self._bytes += weight
            while self._bytes > self._max_bytes:
                _, forgotten = self._said.popitem(last=False)
                self._bytes -= len(forgotten) + ENTRY_BYTES
        metrics.CACHE_BYTES.set(self._bytes)


def _keys(runner: Runner, jobs: Iterable[Wanted]) -> list[bytes]:
    """Digests what decides each output; one MessagePack value ends before the next begins."""
    begun: dict[Decoding, blake2b] = {}
    keys = []
    for source, decoding in jobs:
        if decoding not in begun:
            model = _encode((runner.info, _deciding(runner.description), _deciding(decoding)))
            begun[decoding] = blake2b(model, digest_size=DIGEST_BYTES)
        digest = begun[decoding].copy()
        digest.update(_encode(source))
        keys.append(digest.digest())
    return keys


def _to_each(keys: Sequence[bytes], heard: Heard) -> Say:
    """Returns what tells, of keys and their values, whoever listens by the jobs' indices."""
    indices: dict[bytes, list[int]] = {}
    for index, key in enumerate(keys):
        indices.setdefault(key, []).append(index)

    def say(found: Mapping[bytes, Hypotheses]) -> None:
        for key, hypotheses in found.items():
            for index in indices[key]:
                heard(index, hypotheses)

    return say


def _landed(key: bytes, say: Say, flight: "asyncio.Future[JobResult]") -> None:
    if flight.exception() is None:
        say({key: flight.result().output.hypotheses})


def _deciding(what: Description | Decoding) -> Any:
    """A description or a decoding as it is digested: without what it does not ask for.

    So a way to decode that is new one day leaves alone what is remembered.
    """
    fields = msgspec.to_builtins(what)
    for decoding in (fields, fields.get("decoding", {})):
        if decoding.get("aligned") is False:
            del decoding["aligned"]
    return fields


def _since(began_s: float, result: JobResult) -> JobResult:
    """The times of a job as one sees them who waits for it since then."""
    if result.submitted_s >= began_s:
        return result
    return replace(
        result,
        submitted_s=began_s,
        started_s=max(began_s, result.started_s),
        finished_s=max(began_s, result.finished_s),
    )


def _count(outcome: str, jobs: int) -> None:
    if jobs:
        metrics.CACHE_LOOKUPS.labels(outcome).inc(jobs)
