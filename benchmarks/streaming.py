"""How early a streamed article begins, and what that costs: `python -m benchmarks.streaming`.

The benchmark takes these figures in each of its rounds; alone, this starts the server by itself, on
the checkpoint of the benchmark (`--small` for a trial), and prints them. Must not know: targets.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from benchmarks import load
from benchmarks.bench import Server, spread
from benchmarks.checkpoints import ensure
from benchmarks.contenders import servers
from benchmarks.http_client import Connection, WrongReply
from benchmarks.processes import Process, cpu_s
from benchmarks.texts import Texts, from_checkpoint
from benchmarks.weights import CACHE, Lur, Row

__all__ = ["first_segment", "under_load"]

CLIENTS = 16


class Streamed(Server):
    """A server that is asked for streams."""

    def asking(self, connection: Connection) -> load.Ask:
        async def ask(text: load.Text) -> None:
            await self.follow(connection, text)

        return ask

    async def follow(self, connection: Connection, text: load.Text) -> tuple[float, float]:
        """Returns after how many seconds the first segment came, and the result.

        It raises `WrongReply` where there is none.
        """
        body = {**self.contender.body(text.text), "stream": True}  # type: ignore[dict-item]
        begun, first_s, answer = time.perf_counter(), 0.0, ""
        async for name, data in connection.events(self.contender.path, body):
            if name == "segment" and not first_s:
                first_s = time.perf_counter() - begun
            elif name == "result":
                answer = self.contender.answer(data)
        if not first_s or not answer.strip():
            raise WrongReply(f"the stream of {text.text[:80]!r} has no result")
        return first_s, time.perf_counter() - begun


def first_segment(server: Server, texts: Texts, pairs: int, number: int) -> Mapping[str, float]:
    """Sends articles to one client's connection: their first sentence alone, streamed, and whole.

    All three right after one another, in an order that changes; the ratios are those of medians.
    """
    streamed = Streamed(server.contender, server.process)

    async def go() -> list[tuple[float, ...]]:
        connection = Connection(server.process.port)
        ask = server.asking(connection)

        async def timed(text: load.Text) -> tuple[float, ...]:
            begun = time.perf_counter()
            await ask(text)
            return (time.perf_counter() - begun,)

        found = []
        for pair in range(pairs):
            article, sentences = texts.article_and_sentences(number, 3000 + pair)
            works: list[Callable[[], Awaitable[tuple[float, ...]]]] = [
                partial(timed, sentences[0]),
                partial(streamed.follow, connection, article),
                partial(timed, article),
            ]
            places = [(pair + place) % len(works) for place in range(len(works))]
            times = {place: await works[place]() for place in places}
            found.append((*times[0], *times[1], *times[2]))
        connection.close()
        return found

    columns = zip(*asyncio.run(go()), strict=True)
    alone, first, whole, plain = (statistics.median(column) for column in columns)
    return {
        "first_segment_of_12_vs_one_sentence": first / alone,
        "first_segment_of_12_vs_plain_article": first / plain,
        "streamed_article_vs_plain": whole / plain,
    }


def under_load(server: Server, texts: Texts, seconds: float, number: int) -> Mapping[str, float]:
    """Has clients send articles, plain and streamed, in turns; the ratios of rates and CPU times.

    The CPU time is that of the server for a source token; whatever else the machine does hardly
    changes it.
    """
    kinds = [server, Streamed(server.contender, server.process)]
    rates: dict[Server, float] = {}
    costs: dict[Server, float] = {}
    for kind in kinds[:: 1 if number % 2 else -1]:
        used = cpu_s(server.process.pid)
        span = kind.run(texts.of(number, "article", CLIENTS, 100), seconds)
        used = cpu_s(server.process.pid) - used
        rates[kind] = load.figures(span).tokens_per_s
        costs[kind] = used / sum(request.tokens for request in span.requests)
    plain, streamed = kinds
    return {
        "streamed_16_vs_plain_16": rates[streamed] / rates[plain],
        "streamed_16_vs_plain_16_cpu": costs[streamed] / costs[plain],
    }


def main() -> None:
    """Takes the figures by themselves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--small", action="store_true", help="a small checkpoint, for a trial")
    given = parser.parse_args()
    checkpoint = ensure("opus-mt", CACHE / "checkpoints", small=given.small)
    files = Lur(CACHE / f"lur-{checkpoint.name}", [Row("translator", checkpoint)])
    files.convert()
    contender = servers.lur("lur", files, "translator", target="ru")
    texts = Texts(from_checkpoint(checkpoint), 1)
    rounds: dict[str, list[float]] = {}
    with Process(contender.command, contender.environment, contender.health) as process:
        server = Server(contender, process)
        server.time(*texts.some(4))
        for number in range(1, given.rounds + 1):
            taken = [
                first_segment(server, texts, given.pairs, number),
                under_load(server, texts, given.seconds, number),
            ]
            for name, value in (item for figures in taken for item in figures.items()):
                rounds.setdefault(name, []).append(value)
    print(json.dumps({name: spread(values) for name, values in rounds.items()}, indent=1))


if __name__ == "__main__":
    main()
