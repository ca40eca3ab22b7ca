"""One soak: a calm server for the right answers, then a loaded one, and the judgement.

Clients do not wait for each other's answers: requests come at twice the rate at which the server
was measured to answer them, as from a crowd that does not know of its queue.
"""

import asyncio
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from service.models.catalog_file import load_catalog
from service.models.store import Store
from tests.conftest import TINY_CATALOG
from tests.server.conftest import FAULTS, Server
from tests.soak.kinds import (
    Ask,
    bad_asks,
    essence,
    fault_of,
    good_asks,
    is_cut_short,
    verdict,
)
from tests.soak.watch import Sample, growth, sample
from tests.soak.wire import Wire
from tests.tinylang.grammar import sentences

__all__ = ["Report", "soak"]

MODELS = ("tiny-en-hy", "tiny-en-ru", "tiny-summarizer")
OVERLOAD = 2.0
MAX_CHARACTERS = 20_000
MAX_UNDER_WAY = 400
"""Of our own requests: more would measure this process."""

FAULT_SHARE, BAD_SHARE, RUDE_SHARE = 0.02, 0.05, 0.05
COSTLY_PAUSE_S = 20.0
"""Between two faults that cost an engine (it hangs or breaks): each is one incident."""

PHASE_S = 8.0
"""So long the traffic prefers some of the models, so that the others become idle and can leave."""

ADMIN_PAUSE_S = 3.0
DRAIN_S = 120.0

TELLING = (
    r"^lur_(jobs|engine_restarts|refused_inputs|model_loads|model_unloads|cut_clients"
    r"|stuck_engines|queued_jobs)(?:_total)?\{(.*?)\} (\S+)$"
)
"""Samples of the metrics that tell of faults."""

ENVIRONMENT = {
    "LUR_PROFILE": "bundled",
    "LUR_CATALOG": str(TINY_CATALOG),
    "LUR_OFFLINE": "1",
    "LUR_THREADS": "1",
    "LUR_MAX_CHARACTERS": str(MAX_CHARACTERS),
    "LUR_RESULT_CACHE_BYTES": "65536",
    "LUR_QUEUE_JOBS": "128",
    "LUR_DEADLINE_S": "30",
    "LUR_LOAD_WAIT_S": "3",
    "LUR_BATCH_TIMEOUT_S": "5",
    "LUR_CLIENT_TIMEOUT_S": "10",
    "FAULT_HANG_S": "12",
    "FAULT_SLOW_S": "0.3",
}


class SoakServer(Server):
    """A server with faults, of whose log the end is kept."""

    module = "tests.faulty"

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            del self.log[:-2000]

    @property
    def wire(self) -> Wire:
        url = httpx.URL(self.url)
        return Wire(url.host, url.port or 80)

    def end(self) -> int:
        """Asks it to end and returns its exit code."""
        self.process.terminate()
        return self.process.wait(120)


@dataclass
class Report:
    """What came of it; `faults` is empty if all was well."""

    seed: int
    seconds: float
    capacity_per_s: float = 0.0
    outcomes: Counter[tuple[str, int]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def growth(self) -> dict[str, tuple[float, float, bool]]:
        return growth(self.samples)

    def blame(self, what: str) -> None:
        """Notes what must not be, and says so at once; the first hundred are kept."""
        if len(self.faults) < 100:
            self.faults.append(f"seed {self.seed}: {what}")
            sys.stderr.write(self.faults[-1] + "\n")

    def plain(self) -> dict[str, Any]:
        """Returns it for JSON."""
        found = asdict(self)
        del found["samples"]
        found["outcomes"] = {f"{kind} {status}": n for (kind, status), n in self.outcomes.items()}
        found["growth"] = self.growth
        return found

    def __str__(self) -> str:
        total = sum(self.outcomes.values())
        lines = [
            f"seed {self.seed}, {self.seconds:.0f} s, capacity {self.capacity_per_s:.0f}/s, "
            f"{total} requests ({total / max(1.0, self.seconds):.0f}/s)"
        ]
        kinds = sorted({kind for kind, _ in self.outcomes})
        for kind in kinds:
            by = {status: n for (k, status), n in sorted(self.outcomes.items()) if k == kind}
            lines.append(f"  {kind:20} " + "  ".join(f"{s}: {n}" for s, n in by.items()))
        for name, (first, last, flat) in self.growth.items():
            lines.append(f"  {name:20} {first:.0f} -> {last:.0f} {'' if flat else 'GROWS'}")
        lines += [f"  {name} {value:g}" for name, value in sorted(self.metrics.items())]
        lines.append(f"{len(self.faults)} faults" if self.faults else "all well")
        return "\n".join(lines)


def prepare(cache: Path) -> int:
    """Converts the tiny models; returns a budget that holds two of the three."""
    store = Store(cache)
    sizes = sorted(
        store.ensure(spec).bytes_on_disk for spec in load_catalog("bundled", TINY_CATALOG).routed()
    )
    return sum(sizes[-2:]) + sizes[0] // 2


def soak(seconds: float, seed: int, cache: Path) -> Report:
    """Runs one and returns the report.

    Args:
        seconds: how long the load lasts.
        seed: what everything asked is drawn from.
        cache: a model cache; the tiny models are converted into it if they are not there.
    """
    report = Report(seed, seconds)
    budget = prepare(cache)
    environment = ENVIRONMENT | {"LUR_MODEL_CACHE": str(cache)}
    calm = SoakServer([], environment | {"LUR_RESULT_CACHE_BYTES": "0"})
    try:
        asks = asyncio.run(answered(calm.wire, good_asks(seed)))
        report.capacity_per_s = asyncio.run(capacity(calm.wire, asks))
        calm.end()
    finally:
        calm.kill()
    loaded = SoakServer([], environment | FAULTS | {"LUR_MEMORY_BUDGET_BYTES": str(budget)})
    try:
        asyncio.run(Load(loaded, asks, report).run())
        report.metrics = numbers(loaded.client.get("/metrics").text)
        if (code := loaded.end()) != 0:
            report.blame(f"exit code {code}: {''.join(loaded.log[-20:])}")
    finally:
        loaded.kill()
    for name, (first, last, flat) in report.growth.items():
        if not flat:
            report.blame(f"{name} grew from {first:.0f} to {last:.0f}")
    return report


async def answered(wire: Wire, asks: list[Ask]) -> list[Ask]:
    """Asks each request alone, twice, and notes the answer.

    Raises:
        AssertionError: one has no answer, or not always the same.
    """
    found = []
    for ask in asks:
        first, again = [await wire.send(ask.method, ask.path, ask.body) for _ in range(2)]
        assert first.status == again.status == 200, (ask, first)
        assert essence(first) == essence(again), ask
        found.append(replace(ask, answer=essence(first)))
    return found


async def capacity(wire: Wire, asks: list[Ask], seconds: float = 5.0) -> float:
    """Returns how many requests a second are answered to 16 clients that ask without a pause."""
    done, until = 0, time.monotonic() + seconds

    async def client(number: int) -> None:
        nonlocal done
        rng = random.Random(number)
        while time.monotonic() < until:
            ask = rng.choice(asks)
            answer = await wire.send(ask.method, ask.path, ask.body)
            done += answer.status == 200

    await asyncio.gather(*map(client, range(16)))
    return done / seconds


def numbers(text: str) -> dict[str, float]:
    """Returns the metrics that tell of faults, summed over their labels but the telling one."""
    found: dict[str, float] = {}
    for name, labels, value in re.findall(TELLING, text, re.MULTILINE):
        label = re.search(r'(outcome|reason|why)="(\w+)"', labels)
        key = f"lur_{name}" + (f" {label[2]}" if label else "")
        found[key] = found.get(key, 0.0) + float(value)
    return found


class Load:
    """The load on one server, and what is wrong with its answers."""

    def __init__(self, server: SoakServer, asks: list[Ask], report: Report) -> None:
        self._server, self._wire = server, server.wire
        self._asks, self._report = asks, report
        self._rng = random.Random(report.seed)
        self._bad = bad_asks(MAX_CHARACTERS)
        self._lines = [triple.en for triple in sentences(report.seed + 1, 200, held_out=True)]
        self._under_way: set[asyncio.Task[None]] = set()
        self._preferred: frozenset[str] = frozenset()
        self._costly_s = 0.0
        self._until = time.monotonic() + report.seconds

    async def run(self) -> None:
        """Asks until the time is over, then waits for the queue to empty and asks all once more."""
        helpers = [asyncio.create_task(work) for work in
                   (self._sample(), self._administer(), self._look())]  # fmt: skip
        for fault in FAULTS:  # each at least once
            self._begin(self._ask(fault_of(self._rng, fault, self._lines)))
        rate = OVERLOAD * self._report.capacity_per_s
        due = phase = time.monotonic()
        while (now := time.monotonic()) < self._until:
            if now >= phase:
                phase = now + PHASE_S
                routes = ["hy", "ru", "summarize"]
                self._preferred = frozenset(self._rng.sample(routes, self._rng.randrange(1, 4)))
            if len(self._under_way) < MAX_UNDER_WAY:
                self._begin(self._draw())
            due = max(due + self._rng.expovariate(rate), now - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN_S)
        if self._under_way:
            self._report.blame(f"{len(self._under_way)} requests were never answered")
        await self._recover()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report.blame(f"a client failed: {error!r}")

    def _draw(self) -> Any:
        """Returns the next request's life."""
        rng, chance = self._rng, self._rng.random()
        if chance < FAULT_SHARE:
            fault = rng.choice(sorted(FAULTS))
            if fault in ("FAULT_HANG", "FAULT_BREAK"):
                if time.monotonic() < self._costly_s:
                    fault = "FAULT_RAISE"
                else:
                    self._costly_s = time.monotonic() + COSTLY_PAUSE_S
            return self._ask(fault_of(rng, fault, self._lines))
        if chance < FAULT_SHARE + BAD_SHARE:
            return self._ask(rng.choice(self._bad))
        ask = rng.choice(self._asks)
        while not ask.models <= self._preferred and rng.random() < 0.95:
            ask = rng.choice(self._asks)
        if chance < FAULT_SHARE + BAD_SHARE + RUDE_SHARE:
            return self._be_rude(ask)
        return self._ask(ask)

    async def _ask(self, ask: Ask) -> None:
        answer = await self._wire.send(ask.method, ask.path, ask.body, ask.content_type)
        self._report.outcomes[ask.kind, answer.status] += 1
        if is_cut_short(answer):
            self._report.outcomes["repair cut short", answer.status] += 1
        if fault := verdict(ask, answer):
            self._report.blame(f"{ask.kind} {ask.body[:300]!r}: {fault}")

    async def _be_rude(self, ask: Ask) -> None:
        manner, pause_s = self._rng.choice(["leaves", "half", "dawdles"]), self._rng.random()
        with suppress(OSError):
            if manner == "leaves":
                await self._wire.leave(ask.path, ask.body, pause_s)
            elif manner == "half":
                await self._wire.send_half(ask.path, ask.body, pause_s)
            else:
                answer = await self._wire.dawdle(ask.path, ask.body, 8, pause_s / 4)
                self._report.outcomes["dawdles", answer.status] += 1
                if answer.status and (fault := verdict(ask, answer)):
                    self._report.blame(f"{ask.kind}, slowly: {fault}")
                return
        self._report.outcomes[manner, 0] += 1

    async def _administer(self) -> None:
        while True:
            name, what = self._rng.choice(MODELS), self._rng.choice(["load", "unload", "unload"])
            path = f"/v1/models/{name}/{what}"
            await self._ask(Ask(what, path, right={202, 503}))
            await asyncio.sleep(ADMIN_PAUSE_S)

    async def _look(self) -> None:
        while True:
            for path in ("/v1/models", "/v1/languages", "/metrics", "/health/live"):
                await self._ask(Ask(path, path, method="GET", right={200}))
            ready = await self._wire.send("GET", "/health/ready")
            self._report.outcomes["/health/ready", ready.status] += 1
            if ready.status not in (200, 503):
                self._report.blame(f"/health/ready: {ready.status}")
            await asyncio.sleep(1.0)

    async def _sample(self) -> None:
        while True:
            self._report.samples.append(sample(self._server.process.pid))
            await asyncio.sleep(0.5)

    async def _recover(self) -> None:
        """The queue empties, nobody holds a model, and every good request is answered again."""
        await self._come_true("jobs wait that nobody asked for", lambda: not self._queued())
        await self._come_true("leases were never given back", lambda: not self._leases())
        for ask in self._asks:
            limit = time.monotonic() + DRAIN_S
            while (answer := await self._wire.send(ask.method, ask.path, ask.body)).status == 503:
                if time.monotonic() > limit:
                    break
                await asyncio.sleep(0.2)
            fault = verdict(replace(ask, right={200}), answer)
            if fault is None and is_cut_short(answer):
                fault = "no time to repair it, though nothing else is asked"
            if fault:
                self._report.blame(f"afterwards, {ask.kind}: {fault}")

    async def _come_true(self, otherwise: str, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + DRAIN_S
        while not condition():
            if time.monotonic() > limit:
                self._report.blame(otherwise)
                return
            await asyncio.sleep(0.2)

    def _queued(self) -> float:
        return numbers(self._server.client.get("/metrics").text).get("lur_queued_jobs", 0.0)

    def _leases(self) -> int:
        models = self._server.client.get("/v1/models").json()
        return sum(model["leases"] for model in models)
