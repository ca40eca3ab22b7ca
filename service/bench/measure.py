"""Measures one model in one thread layout, through the tasks themselves: checks, queue and batches.

Knows how the tasks are asked; nothing of what its figures are good for. Each measurement has a
process of its own: threads, memory and the allocator's habits end with it.
"""

import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module, resources
from itertools import count
from pathlib import Path

import msgspec

from service.core import ENGINES, Core, build_core
from service.engines.base import Layout
from service.models.catalog import ModelSpec
from service.settings import Settings
from service.tasks.summarize import SummaryRequest
from service.tasks.translate import TranslationRequest
from service.text.segment import sentences

__all__ = ["Figure", "Measured", "measure"]

SHARE_ALONE = 0.3
"""Of the time goes to one text alone, the rest to many at once."""

SENTENCES_A_WORKER, ARTICLES_A_WORKER = 32, 2
"""Requests at once, so that every worker finds full batches."""

MIN_ROUNDS = 3
"""A median of fewer says nothing; slow models take longer than they were given for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Repeated measurements: their median, and the quartiles: half of them lie in between."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Summarizes at least two values."""
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one model did in one layout.

    Attributes:
        unit: what `per_s` and `alone_ms` count: a `sentence` translated, an `article` summarized.
        alone_ms: one text while nothing else runs.
        per_s: texts a second with many at once.
        tokens_per_s: source tokens a second with many at once.
        memory_bytes: peak resident memory that the model added; None where it cannot be read.
        process_bytes: resident memory of the process before, its libraries included.
    """

    model: str
    unit: str
    workers: int
    threads: int
    alone_ms: Figure
    per_s: Figure
    tokens_per_s: Figure
    memory_bytes: int | None
    process_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Load:
    """Work for one kind of model; `ask` answers with the source tokens that it took."""

    unit: str
    alone: Iterator[str]
    many: Iterator[str]
    at_once_a_worker: int
    ask: Callable[[str], Awaitable[int]]


def measure(settings: Settings, model: str, layout: Layout, seconds: float) -> Measured:
    """Measures a model that is on disk, in a fresh process, in about so many seconds.

    Args:
        settings: of a command, which waits for a load as long as it takes.

    Raises:
        ServiceError: the model cannot be had or fails.
        OSError, BrokenProcessPool: the process could not begin, or died (no memory left).
    """
    chosen = _for_measuring(settings, layout)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_in_child, chosen, model, layout, seconds).result()


def _for_measuring(settings: Settings, layout: Layout) -> Settings:
    """No result may come from a cache or go into one, and none may need another model or a repair.

    What is remembered outside the process belongs to the service in production, and the limits
    are for its clients.
    """
    return msgspec.structs.replace(
        settings,
        workers=layout.workers,
        threads=layout.threads,
        queue_jobs=sys.maxsize,
        max_characters=sys.maxsize,
        result_cache_bytes=0,
        result_cache_file=None,
        shared_url=None,
        shared_password_file=None,
        repair_tries=0,
        preload=(),
        idle_unload_s=-1.0,
    )


def _in_child(settings: Settings, model: str, layout: Layout, seconds: float) -> Measured:
    return asyncio.run(_measure(build_core(settings), model, layout, seconds))


async def _measure(core: Core, model: str, layout: Layout, seconds: float) -> Measured:
    spec = core.catalog.named(model)
    load = _load(core, spec)
    import_module(ENGINES[spec.engine][0])  # the libraries are shared by all models
    before = _resident_bytes("VmRSS")
    async with core.running(), core.registry.lease([spec]):
        await load.ask(next(load.alone))  # the first one imports and allocates
        alone = await _rounds(load.ask, load.alone, 1, seconds * SHARE_ALONE)
        at_once = load.at_once_a_worker * layout.workers
        rounds = await _rounds(load.ask, load.many, at_once, seconds * (1 - SHARE_ALONE))
    peak = _resident_bytes("VmHWM")
    return Measured(
        model=model,
        unit=load.unit,
        workers=layout.workers,
        threads=layout.threads,
        alone_ms=Figure.of([spent * 1000 for spent, _ in alone]),
        per_s=Figure.of([at_once / spent for spent, _ in rounds]),
        tokens_per_s=Figure.of([tokens / spent for spent, tokens in rounds]),
        memory_bytes=None if peak is None or before is None else max(0, peak - before),
        process_bytes=before,
    )


async def _rounds(
    ask: Callable[[str], Awaitable[int]], texts: Iterator[str], at_once: int, seconds: float
) -> list[tuple[float, int]]:
    """Asks for `at_once` texts again and again; each round's seconds and source tokens."""
    rounds: list[tuple[float, int]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < MIN_ROUNDS or time.perf_counter() < end:
        chosen = [next(texts) for _ in range(at_once)]
        began = time.perf_counter()
        tokens = await asyncio.gather(*map(ask, chosen))
        rounds.append((time.perf_counter() - began, sum(tokens)))
    return rounds


def _load(core: Core, spec: ModelSpec) -> _Load:
    if spec.task == "summarize":

        async def summarize(text: str) -> int:
            summary = await core.summarizer.summarize(SummaryRequest(text, model=spec.name))
            return summary.usage.input_tokens

        return _Load("article", _articles(), _articles(), ARTICLES_A_WORKER, summarize)
    source, target = spec.languages

    async def translate(text: str) -> int:
        request = TranslationRequest((text,), (target,), source, model=spec.name)
        return (await core.translator.translate(request)).usage.input_tokens

    found = sorted(_sample(), key=len)
    middle = found[len(found) // 2]
    return _Load("sentence", _numbered([middle]), _numbered(found), SENTENCES_A_WORKER, translate)


def _sample() -> list[str]:
    text = resources.files("service").joinpath("sample_article.txt").read_text("utf-8")
    return [sentence for sentence in sentences(text) if sentence.endswith(".")]


def _numbered(chosen: Sequence[str]) -> Iterator[str]:
    """These sentences over and over, no two alike: equal ones would share one run."""
    for number in count(1):
        for sentence in chosen:
            yield f"{sentence[:-1]} ({number})."


def _articles() -> Iterator[str]:
    """The sample article over and over, beginning at another of its sentences each time."""
    found = _sample()
    for number in count():
        turned = number % len(found)
        yield f"Report {number}. " + " ".join(found[turned:] + found[:turned])


def _resident_bytes(field: str) -> int | None:
    """Reads `VmRSS` (now) or `VmHWM` (the peak) of this process; None without Linux' files."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith(field)), None)
    return None if line is None else int(line.split()[1]) * 1024
