"""The rounds: every server is up, and each round goes through all cells in a shuffled order.

Knows how a cell, the engine and the special measurements are taken. Must not know: targets, files.
"""

import asyncio
import itertools
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks import load
from benchmarks.contenders.engine import Engine
from benchmarks.contenders.servers import Contender
from benchmarks.http_client import Connection, WrongReply
from benchmarks.offline import Offline
from benchmarks.plan import Cell
from benchmarks.processes import Process, cpu_s, peak_bytes, say
from benchmarks.texts import Texts

__all__ = ["Bench", "Server", "Special", "spread"]

Measured = dict[str, Any]
Special = Callable[[int], Mapping[str, float]]
"""From the number of a round to figures by name."""


class Server:
    """A contender that runs: its process, and how to ask it."""

    def __init__(self, contender: Contender, process: Process) -> None:
        self.contender, self.process = contender, process

    def asking(self, connection: Connection) -> load.Ask:
        """Returns the function that sends a text and refuses a reply without one.

        It raises `WrongReply`, and so ends the run.
        """
        contender = self.contender

        async def ask(text: load.Text) -> None:
            reply = await connection.post(contender.path, contender.body(text.text))
            if not contender.answer(reply).strip():
                raise WrongReply(f"{contender.name} answered with nothing to {text.text[:80]!r}")

        return ask

    def time(self, *texts: load.Text) -> float:
        """Returns the seconds that one client takes to send the texts one after another."""
        span = self.run([iter(texts)], 1e9)
        return span.ended - span.begun

    def answers(self, texts: Sequence[load.Text]) -> list[str]:
        """Returns what it says to the texts, sent one after another."""

        async def go() -> list[str]:
            connection = Connection(self.process.port)
            c = self.contender
            try:
                return [c.answer(await connection.post(c.path, c.body(t.text))) for t in texts]
            finally:
                connection.close()

        return asyncio.run(go())

    def run(self, queues: Sequence[Any], duration_s: float) -> load.Span:
        """Runs a client for each of the queues; see `load.run`."""

        async def go() -> load.Span:
            connections = [Connection(self.process.port) for _ in queues]
            try:
                asks = [self.asking(connection) for connection in connections]
                return await load.run(asks, queues, duration_s)
            finally:
                for connection in connections:
                    connection.close()

        try:
            return asyncio.run(go())
        except Exception:
            say(self.process.output())
            raise


class Bench:
    """Some servers and an engine on the same weights.

    Attributes:
        rounds: for each contender and cell the figures of each round; `engine` is a contender
            whose cells are `offline`, `trimmed` and `alone`.
        special: for each special measurement its value in each round.
    """

    def __init__(
        self,
        servers: Mapping[str, Server],
        engine: Engine,
        offline: Offline,
        texts: Texts,
    ) -> None:
        self._servers, self._engine, self._offline, self._texts = servers, engine, offline, texts
        self.rounds: dict[str, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))
        self.special: dict[str, list[float]] = defaultdict(list)

    def round(
        self,
        number: int,
        cells: Sequence[Cell],
        engine_s: float,
        others: Mapping[str, Special],
    ) -> None:
        """Measures everything once, in an order of its own.

        Args:
            number: of the round; the texts follow from it.
            cells: of the servers.
            engine_s: how long the engine works offline.
            others: special measurements; each is called with the number.
        """
        works: list[tuple[str, Callable[[], None]]] = [
            (f"{c.contender} {c.key}", lambda c=c: self._cell(c, number))  # type: ignore[misc]
            for c in cells
        ]
        for cell in ("offline", "trimmed"):
            works.append(
                (f"engine {cell}", lambda cell=cell: self._engine_offline(number, engine_s, cell))  # type: ignore[misc]
            )
        works.append(("engine alone", lambda: self._engine_alone(number, engine_s / 2)))
        works += [
            (name, lambda name=name, take=take: self._take(take, number))  # type: ignore[misc]
            for name, take in others.items()
        ]
        random.Random(number).shuffle(works)
        for position, (name, work) in enumerate(works, 1):
            begun = time.perf_counter()
            work()
            took_s = time.perf_counter() - begun
            say(f"round {number} {position}/{len(works)} {name}: {took_s:.1f} s")

    def _cell(self, cell: Cell, number: int) -> None:
        server = self._servers[cell.contender]
        queues = self._texts.of(number, cell.load, cell.clients, self._count(cell))
        pid = server.process.pid
        used = cpu_s(pid)
        span = server.run(queues, cell.duration_s)
        used = cpu_s(pid) - used
        tokens = sum(request.tokens for request in span.requests)
        self.rounds[cell.contender][cell.key].append(
            asdict(load.figures(span))
            | {
                "cpu_s_per_1000_tokens": 1000 * used / tokens,
                "client_cpu_share": span.client_cpu_s / (span.ended - span.begun),
            }
        )

    def _count(self, cell: Cell) -> int:
        """Texts enough for a server that is three times as fast as the engine."""
        size = 12 if cell.load in {"article", "mixed"} else 1
        if cell.clients == 1:
            return max(2, round(cell.duration_s / (size * self._offline.alone_s)))
        return round(3 * cell.duration_s * self._offline.sentences_per_s / size) + cell.clients

    def _engine_offline(self, number: int, seconds: float, cell: str) -> None:
        """The texts of `single@32`, all in one call."""
        count = max(32, round(seconds * self._offline.sentences_per_s))
        queue = self._texts.of(number, "single", 32, count)[0]
        texts = list(itertools.islice(queue, count))
        used = cpu_s(self._engine.pid)
        took_s = self._offline.translate(self._engine, texts, cell)
        used = cpu_s(self._engine.pid) - used
        tokens = sum(text.tokens for text in texts)
        self.rounds["engine"][cell].append(
            {
                "requests": count,
                "requests_per_s": count / took_s,
                "tokens_per_s": tokens / took_s,
                "cpu_s_per_1000_tokens": 1000 * used / tokens,
            }
        )

    def _engine_alone(self, number: int, seconds: float) -> None:
        """The texts of `single@1`, one call each."""
        count = max(4, round(seconds / self._offline.alone_s))
        texts = list(self._texts.of(number, "single", 1, count)[0])
        used = cpu_s(self._engine.pid)
        times = self._offline.one_by_one(self._engine, texts)
        used = cpu_s(self._engine.pid) - used
        tokens = sum(text.tokens for text in texts)
        latencies = {f"p{p}_ms": 1e3 * load.percentile(times, p) for p in (50, 95, 99)}
        self.rounds["engine"]["alone"].append(
            {
                "requests": count,
                "requests_per_s": count / sum(times),
                "tokens_per_s": tokens / sum(times),
                "cpu_s_per_1000_tokens": 1000 * used / tokens,
                **latencies,
            }
        )

    def _take(self, take: Special, number: int) -> None:
        for key, value in take(number).items():
            self.special[key].append(value)

    def idle_cpu_share(self, seconds: float = 1.0) -> dict[str, float]:
        """Returns the share of a core that each server burns when nobody asks it anything."""
        time.sleep(0.5)
        before = {name: cpu_s(server.process.pid) for name, server in self._servers.items()}
        time.sleep(seconds)
        return {
            name: (cpu_s(server.process.pid) - before[name]) / seconds
            for name, server in self._servers.items()
        }

    def peak_bytes(self) -> dict[str, int]:
        """Returns the most resident memory that each server, and the engine, ever had."""
        peaks = {name: peak_bytes(server.process.pid) for name, server in self._servers.items()}
        return peaks | {"engine": peak_bytes(self._engine.pid)}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Returns median, least and most."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
