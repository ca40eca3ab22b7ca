"""The only fake of the tests: an engine that does what a test tells it to, and what goes with it.

Everything around the engine is the service's own: `Loads` makes real runners with real threads.
"""

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from service.batching import JobResult
from service.crew import WARM_UP_TEXT
from service.engines.base import Decoding, Description, Hypothesis, Output, check_sources
from service.models.catalog import Catalog, DirectorySource, ModelSpec
from service.models.registry import Loading, Registry
from service.runner import Flow, ModelInfo, Record, Runner
from service.tasks.judge import Fidelity
from service.text.typography import Typography

PATIENCE_S = 20.0
"""Only a test that is about to fail waits so long."""

END = "</s>"

UNCHECKED = Fidelity(Typography.of(["none"]), extra_tries=0, check=lambda *_: [])
"""For tests of what goes on around the text: it is taken as it comes."""

Answer = Callable[[str, Decoding], str | Hypothesis]

DESCRIPTION = Description("marian", "sentencepiece", max_source_tokens=64, max_target_tokens=512)


def same(text: str, decoding: Decoding) -> str:
    return text


def loud(text: str, decoding: Decoding) -> str:
    return text.upper()


@dataclass(frozen=True)
class Batch:
    """One call of an engine."""

    texts: list[str]
    tokens: list[int]
    decoding: Decoding


class Gate:
    """Holds the engine inside its batch while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._reached = threading.Semaphore(0)

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def go_through(self) -> None:
        self._reached.release()
        assert self._open.wait(PATIENCE_S), "the test never opened the gate"

    async def reached(self) -> None:
        """Returns when a batch that had not been waited for has come to the gate."""
        assert await asyncio.to_thread(self._reached.acquire, timeout=PATIENCE_S)


class FakeEngine:
    """An engine whose tokens are words.

    Args:
        answer: from a source text to its translation or summary. Where it gives a text, the engine
            cuts it at `max_tokens` words. Candidate n > 0 carries the mark ` #n`.
        poison: words that make any batch they are in fail.
        hangs: words that hold any batch they are in at a gate.
        breaks: words that make any batch they are in fail, and all batches after it.
        outputs: what becomes of the outputs of a batch, to break the contract.
        gate: where every batch waits.
        fails_closing: what `close` raises.
    """

    def __init__(
        self,
        answer: Answer = loud,
        description: Description = DESCRIPTION,
        *,
        poison: Collection[str] = (),
        hangs: Mapping[str, Gate] = MappingProxyType({}),
        breaks: Collection[str] = (),
        failure: BaseException | None = None,
        outputs: Callable[[list[Output]], list[Output]] = list,
        gate: Gate | None = None,
        memory_bytes: int = 1000,
        closing_gate: Gate | None = None,
        fails_closing: Exception | None = None,
        fails_warming_up: Exception | None = None,
        workers: int = 1,
    ) -> None:
        self.workers = workers
        self.description = description
        self.memory_bytes = memory_bytes
        self.batches: list[Batch] = []
        self.warm_ups = 0
        self.threads: set[int] = set()
        self.closed_in: int | None = None
        self._answer = answer
        self._poison = set(poison)
        self._hangs = hangs
        self._breaks = set(breaks)
        self._broken = False
        self._failure = failure
        self._outputs = outputs
        self._gate = gate or Gate()
        self._closing_gate = closing_gate or Gate()
        self._fails_closing = fails_closing
        self._fails_warming_up = fails_warming_up

    def encode(self, text: str) -> list[str]:
        return [*(self.description.text_prefix + text).split(), END]

    def generate(self, sources: Sequence[Sequence[str]], decoding: Decoding) -> list[Output]:
        self.threads.add(threading.get_ident())
        assert self.closed_in is None, "used after it was closed"
        if list(map(list, sources)) == [self.encode(WARM_UP_TEXT)]:
            self.warm_ups += 1
            if self._broken:
                raise RuntimeError("broken")
            if self._fails_warming_up:
                raise self._fails_warming_up
            return [Output((Hypothesis("", 0, 0.0, finished=True),))]
        assert all(source[-1] == END for source in sources)
        prefix = len(self.description.text_prefix.split())
        texts = [" ".join(source[prefix:-1]) for source in sources]
        self.batches.append(Batch(texts, list(map(len, sources)), decoding))
        self._gate.go_through()
        words = {word for source in sources for word in source}
        for word in words & self._hangs.keys():
            self._hangs[word].go_through()
        self._broken = self._broken or not self._breaks.isdisjoint(words)
        if self._broken:
            raise RuntimeError("broken")
        check_sources(sources, self.description.max_source_tokens)
        if not self._poison.isdisjoint(words):
            raise self._failure or RuntimeError("poisoned")
        return self._outputs([self._output(text, decoding) for text in texts])

    def _output(self, text: str, decoding: Decoding) -> Output:
        first = self._answer(text, decoding)
        if isinstance(first, str):
            words = first.split()
            kept = words[: decoding.max_tokens]
            finished = len(kept) == len(words)
            first = Hypothesis(" ".join(kept), len(kept), -len(kept) / 10, finished)
        others = [
            replace(first, text=f"{first.text} #{rank}", score=first.score - rank)
            for rank in range(1, decoding.hypotheses)
        ]
        return Output((first, *others))

    def close(self) -> None:
        self._closing_gate.go_through()
        self.closed_in = threading.get_ident()
        if self._fails_closing:
            raise self._fails_closing

    @property
    def texts(self) -> list[str]:
        """Every source it was given, in order."""
        return [text for batch in self.batches for text in batch.texts]


def info(name: str = "m") -> ModelInfo:
    return ModelInfo(name, f"org/{name}", "0" * 40, "Apache-2.0", "fake", "int8")


def runner_of(
    build: Callable[[], FakeEngine],
    name: str = "m",
    *,
    max_jobs: int = 10_000,
    max_batch_tokens: int = 256,
    batch_timeout_s: float = 60.0,
    record: Record | None = None,
) -> Runner:
    """A runner that is not started."""
    return Runner(
        info(name),
        build,
        max_jobs=max_jobs,
        max_batch_tokens=max_batch_tokens,
        batch_wait_s=0.0,
        batch_timeout_s=batch_timeout_s,
        record=record,
    )


async def run(
    runner: Runner, sources: Sequence[Sequence[str]], decoding: Decoding, flow: Flow | None = None
) -> list[JobResult]:
    """Runs one job per source; cancelling it drops those that have not begun."""
    futures = runner.submit(sources, decoding, flow or Flow())
    try:
        return list(await asyncio.gather(*futures))
    finally:
        for future in futures:
            future.cancel()


@asynccontextmanager
async def running(engine: FakeEngine, name: str = "m", *, max_jobs: int = 10_000, **limits: int):
    """A runner over `engine`, closed at the end."""
    runner = await runner_of(lambda: engine, name, max_jobs=max_jobs, **limits).start()
    try:
        yield runner
    finally:
        await runner.close()


class Clock:
    """Time that stands still until a test turns it."""

    EPOCH_S = 1_700_000_000.0

    def __init__(self) -> None:
        self._now = 0.0
        self._jumped = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self.EPOCH_S + self._jumped + self._now

    def jump(self, seconds: float) -> None:
        """Sets the wall clock forward or back, as an operator or a time server does."""
        self._jumped += seconds

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Turns the clock; whoever sleeps until then wakes at its own moment."""
        until = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._now = until


async def settle() -> None:
    """Lets every coroutine that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when another thread has made `condition` true."""
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit, "it never came true"
        await asyncio.sleep(0)


def translator_spec(
    name: str = "m", languages: tuple[str, str] = ("en", "hy"), **more: object
) -> ModelSpec:
    source = DirectorySource(Path("/nowhere") / name)
    return ModelSpec(name, "translate", languages, source, "Apache-2.0", **more)  # type: ignore[arg-type]


def summarizer_spec(name: str = "s", **more: object) -> ModelSpec:
    source = DirectorySource(Path("/nowhere") / name)
    return ModelSpec(name, "summarize", ("en",), source, "Apache-2.0", **more)  # type: ignore[arg-type]


def catalog_of(*specs: ModelSpec) -> Catalog:
    """A catalog in which every row is routed, in the order given."""
    routes: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        routes[spec.route] = (*routes.get(spec.route, ()), spec.name)
    return Catalog({spec.name: spec for spec in specs}, routes)


@dataclass
class Loads:
    """A loader of real runners over fake engines.

    Attributes:
        engines: what to load by name; a plain engine where a name is missing.
        sizes: bytes that a model reserves before it loads.
        failures: by name, what the next loads raise.
        held: names whose loads wait until `let_go`.
        begun: names in the order their loads began.
        reserved: names in the order they got their memory.
        cancelled: names whose loads were cancelled while they were held.
        made: every engine ever built, by name.
    """

    engines: dict[str, Callable[[], FakeEngine]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    begun: list[str] = field(default_factory=list)
    reserved: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    made: dict[str, list[FakeEngine]] = field(default_factory=dict)
    max_jobs: int = 10_000
    max_batch_tokens: int = 256
    loading: dict[str, Loading] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, spec: ModelSpec, loading: Loading) -> Runner:
        self.begun.append(spec.name)
        self.loading[spec.name] = loading
        try:
            while spec.name in self.held:
                self._changed.clear()
                await self._changed.wait()
        except asyncio.CancelledError:
            self.cancelled.append(spec.name)
            raise
        if failures := self.failures.get(spec.name):
            raise failures.pop(0)
        size = self.sizes.get(spec.name, 1000)
        await loading.reserve(size)
        self.reserved.append(spec.name)
        build = self.engines.get(spec.name) or (lambda: FakeEngine(memory_bytes=size))
        runner = runner_of(
            lambda: self._made(spec.name, build()),
            spec.name,
            max_jobs=self.max_jobs,
            max_batch_tokens=self.max_batch_tokens,
        )
        return await runner.start()

    def _made(self, name: str, engine: FakeEngine) -> FakeEngine:
        self.made.setdefault(name, []).append(engine)
        return engine

    def let_go(self, name: str) -> None:
        self.held.discard(name)
        self._changed.set()


@asynccontextmanager
async def registry_of(
    loads: Loads,
    clock: Clock | None = None,
    *,
    load_wait_s: float = 20.0,
    idle_unload_s: float = -1.0,
    memory_budget_bytes: int = 0,
    chance: float = 1.0,
) -> AsyncIterator[Registry]:
    """A registry, closed at the end; it waits the longest that it may after a failed load."""
    registry = Registry(
        loads,
        clock or Clock(),
        load_wait_s=load_wait_s,
        idle_unload_s=idle_unload_s,
        memory_budget_bytes=memory_budget_bytes,
        chance=lambda: chance,
    )
    try:
        yield registry
    finally:
        await registry.close()


@dataclass
class Used:
    """What a result says it cost."""

    input_tokens: int = 1
    output_tokens: int = 1


@dataclass
class Done:
    """The least that the work of a request comes to."""

    usage: Used = field(default_factory=Used)
