"""Measurements that are no load on a server: a cold start, a changed article, a summary, memory.

Each returns its figures under the names that they have in the results. Must not know: targets.
"""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.bench import Server
from benchmarks.contenders.engine import Engine
from benchmarks.contenders.servers import Contender
from benchmarks.http_client import Connection
from benchmarks.load import Text
from benchmarks.offline import Offline
from benchmarks.processes import Process, cpu_s, resident_bytes
from benchmarks.queue_overhead import job_cost_s
from benchmarks.texts import Texts
from benchmarks.weights import Lur

RESUBMITTED_SENTENCES = 40
"""An article of some 1000 tokens. Twelve sentences share batches so well that one of them alone
takes more than a fifth of the time of all."""

__all__ = ["alone", "cold_start", "flat", "one_by_one", "queue", "resident", "resubmit"]


def cold_start(contender: Contender, texts: Texts, number: int) -> Mapping[str, float]:
    """Starts a fresh server that loads no model yet, and sends it the first translation.

    CPU time is that of the whole process until `/health/ready` has answered 200.
    """
    article, sentences = texts.article_and_sentences(number, 1000)
    del article
    lazy = replace(contender, environment={**contender.environment, "LUR_PRELOAD": ""})
    with Process(lazy.command, lazy.environment, lazy.health) as process:
        used = cpu_s(process.pid)
        first_s = Server(lazy, process).time(sentences[0])
    return {"cold_start_cpu_s": used, "first_request_s": first_s}


def alone(
    server: Server, engine: Engine, offline: Offline, texts: Texts, pairs: int, number: int
) -> Mapping[str, float]:
    """Gives each sentence to the engine directly and to the server, right after one another.

    Both have the same files, and the engine the threads that are best for one sentence.
    """
    _, sentences = texts.article_and_sentences(number, 2000, pairs)

    async def go() -> list[tuple[float, float]]:
        connection = Connection(server.process.port)
        ask = server.asking(connection)
        found = []
        for place, text in enumerate(sentences):
            called_s = offline.one_by_one(engine, [text])[0] if place % 2 else 0.0
            begun = time.perf_counter()
            await ask(text)
            served_s = time.perf_counter() - begun
            found.append((served_s, called_s or offline.one_by_one(engine, [text])[0]))
        connection.close()
        return found

    times = asyncio.run(go())
    served, called = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "p50_alone_vs_engine": served / called,
        "p50_alone_minus_engine_ms": 1e3 * statistics.median(a - b for a, b in times),
    }


def one_by_one(server: Server, texts: Texts, pairs: int, number: int) -> Mapping[str, float]:
    """Sends articles whole and sentence by sentence: one client, the same sentences."""
    whole_s = parts_s = 0.0
    for pair in range(pairs):
        article, sentences = texts.article_and_sentences(number, pair)
        if pair % 2:
            parts_s += server.time(*sentences)
        whole_s += server.time(article)
        if not pair % 2:
            parts_s += server.time(*sentences)
    return {"article_vs_one_by_one": parts_s / whole_s}


def resubmit(server: Server, texts: Texts, number: int) -> Mapping[str, float]:
    """Sends an article, then again with one sentence changed, to a server that remembers."""
    first_s = again_s = 0.0
    for pair in (100, 101):
        article, sentences = texts.article_and_sentences(number, pair, RESUBMITTED_SENTENCES)
        _, others = texts.article_and_sentences(number, pair + 500)
        parts = [sentence.text for sentence in sentences]
        parts[random.Random(pair).randrange(len(parts))] = others[0].text
        first_s += server.time(article)
        again_s += server.time(replace(article, text=" ".join(parts)))
    return {"resubmit_one_changed_vs_first": again_s / first_s}


def resident(
    contender: Contender, files: Lur, asked: Mapping[str, tuple[str, object]]
) -> Mapping[str, float]:
    """Loads models into one server, asks each of them once, and compares memory with files.

    Args:
        contender: the server, whose own texts do not matter.
        files: where the models are.
        asked: for each model the path and the body of a request.
    """
    with Process(contender.command, contender.environment, contender.health) as process:
        for path, body in asked.values():

            def same(_: str, body: object = body) -> object:
                return body

            server = Server(replace(contender, path=path, body=same, answer=str), process)
            server.time(Text("any", 1, "single"))
        used = resident_bytes(process.pid)
    size = sum(f.stat().st_size for name in asked for f in files.directory(name).iterdir())
    return {
        "memory_vs_files": used / size,
        "memory_over_files_bytes": used - 1.2 * size,
        "memory_resident_bytes": used,
        "memory_files_bytes": size,
    }


def flat(contender: Contender, texts: Texts, requests: int) -> Mapping[str, float]:
    """Compares resident memory after `requests` small requests more with that after a tenth."""
    clients = 8
    queue = texts.of(0, "short", clients, requests)[0]
    with Process(contender.command, contender.environment, contender.health) as process:
        server = Server(contender, process)
        used = []
        for count in (max(500, requests // 10), requests):
            server.run([itertools.islice(queue, count)] * clients, 1e9)
            used.append(resident_bytes(process.pid))
    return {"memory_flat": used[1] / used[0], "memory_flat_requests": requests}


def queue(engine_cpu_s: float) -> Mapping[str, float]:
    """Returns what the queue costs with 1000 jobs waiting, as shares of the engine's CPU time.

    Args:
        engine_cpu_s: CPU seconds of the engine for a sentence, of this run.
    """
    way_s, choosing_s = job_cost_s(1000)
    return {
        "queue_overhead_1000_waiting": way_s / engine_cpu_s,
        "queue_overhead_choosing": choosing_s / engine_cpu_s,
        "queue_job_cpu_s": way_s,
    }
