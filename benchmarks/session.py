"""One run: the weights, the contenders on them, the rounds, and what they came to.

Knows which contender gets which files and who is measured when. Must not know: targets, files of
results, the command line.
"""

import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import ratios, report, special, streaming
from benchmarks.bench import Bench, Server, Special, spread
from benchmarks.checkpoints import Shape, ensure
from benchmarks.contenders import servers
from benchmarks.contenders.engine import Engine
from benchmarks.contenders.servers import Contender
from benchmarks.offline import Offline
from benchmarks.plan import REAL, Cell, Plan
from benchmarks.processes import Process, say
from benchmarks.summaries import Summaries
from benchmarks.texts import Texts, from_checkpoint, from_file
from benchmarks.weights import CACHE, Lur, Row, argos_packages, plain_conversion
from service.machine import usable_cpus

__all__ = ["Session"]

SEED = 4
TRANSLATOR, BIG, SUMMARIZER, TINY = (
    "bench-opus-mt",
    "bench-tc-big",
    "bench-distilbart",
    "bench-tiny",
)
LIBRETRANSLATE = CACHE / "venv-libretranslate" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Files:
    """The checkpoints of a run, Lur's files of them, and the plain conversion of the translator."""

    translator: Path
    big: Path
    summarizer: Path
    tiny: Path
    lur: Lur
    plain: Path


class Session:
    """A run of a plan.

    Args:
        plan: what is measured.
        device: `cpu` or `cuda`.
        only: names of contenders; empty for all.
        small: take small checkpoints throughout; the figures mean nothing.
    """

    def __init__(self, plan: Plan, device: str, only: frozenset[str], *, small: bool) -> None:
        self._plan, self._device, self._only, self._small = plan, device, only, small

    def translators(self) -> dict[str, Any]:
        """Measures everything that has a target, on the checkpoints of `checkpoints`."""
        files = self._files()
        texts = Texts(from_checkpoint(files.translator), SEED)
        contenders = [self._lur("lur", files.lur), *self._peers(files)]
        remembering = self._lur("lur_remembering", files.lur, result_cache_bytes=32 * 1024 * 1024)
        summaries = Summaries(self._plan, files.lur, SUMMARIZER, files.summarizer, self._device)
        with ExitStack() as stack:
            up = _start(stack, [*contenders, remembering, *summaries.contenders])
            engine = stack.enter_context(Engine())
            offline = Offline(files.lur.directory(TRANSLATOR), files.plain, self._device)
            outputs = _warm_up([up[c.name] for c in (*contenders, remembering)], texts)
            offline.calibrate(engine, texts.some(48 * usable_cpus()))
            summaries.prepare(up, engine)
            bench = Bench({c.name: up[c.name] for c in contenders}, engine, offline, texts)
            idle = bench.idle_cpu_share()
            others: dict[str, Special] = {
                "cold start": partial(special.cold_start, contenders[0], texts),
                "alone": partial(
                    special.alone, up["lur"], engine, offline, texts, self._plan.alone
                ),
                "pairs": partial(special.one_by_one, up["lur"], texts, self._plan.pairs),
                "first segment": partial(
                    streaming.first_segment, up["lur"], texts, 4 * self._plan.pairs
                ),
                "streams": partial(streaming.under_load, up["lur"], texts, self._plan.engine_s),
                "resubmit": partial(special.resubmit, up["lur_remembering"], texts),
                "summaries": summaries.take,
            }
            cells = [cell for cell in self._plan.cells if cell.contender in up]
            for number in range(1, self._plan.rounds + 1):
                bench.round(number, cells, self._plan.engine_s, others)
            peaks = bench.peak_bytes()
        bench.special |= {k: [v] for k, v in self._afterwards(files, bench, texts).items()}
        return {
            "checkpoints": [p.name for p in (files.translator, files.big, files.summarizer)],
            "engine": {**offline.chosen, "calibration": offline.calibration},
            "idle_cpu_share": idle,
            "outputs": outputs,
            "contenders": report.contenders(bench.rounds, contenders, peaks),
            "spread": _spreads(ratios.ratios(bench.rounds, bench.special)),
        }

    def _files(self) -> Files:
        def checkpoint(shape: Shape, *, small: bool) -> Path:
            return ensure(shape, CACHE / "checkpoints", small=small or self._small)

        less = self._plan.small_summarizer
        translator, tiny = checkpoint("opus-mt", small=False), checkpoint("opus-mt", small=True)
        big, summarizer = checkpoint("tc-big", small=less), checkpoint("distilbart", small=less)
        rows = [
            Row(TRANSLATOR, translator),
            Row(BIG, big, target_token=">>rus<<"),
            Row(SUMMARIZER, summarizer, "summarize"),
            Row(TINY, tiny),
        ]
        lur = Lur(CACHE / f"lur-{translator.name}-{summarizer.name}", rows)
        say("converting what is not converted yet")
        lur.convert()
        plain = plain_conversion(translator, CACHE / "plain")
        return Files(translator, big, summarizer, tiny, lur, plain)

    def _lur(
        self, name: str, lur: Lur, model: str = TRANSLATOR, target: str = "ru", **settings: object
    ) -> Contender:
        return servers.lur(name, lur, model, target=target, device=self._device, **settings)

    def _peers(self, files: Files) -> list[Contender]:
        device, plain, checkpoint = self._device, files.plain, files.translator
        cpus = usable_cpus()
        found = [
            servers.transformers("transformers", checkpoint, lock=True, device=device),
            servers.transformers("transformers_unlocked", checkpoint, lock=False, device=device),
            servers.one_call("nllb_pattern", plain, threads=(1, 0), cuts=False, device=device),
            servers.one_call("mint_pattern", plain, threads=(cpus, 1), cuts=True, device=device),
        ]
        if self._wants("libretranslate"):
            packages = argos_packages(plain, CACHE / "argos", "ru")
            home = CACHE / "libretranslate-home"
            home.mkdir(exist_ok=True)
            found.append(
                servers.libretranslate(
                    "libretranslate", LIBRETRANSLATE, packages, home, "ru", device
                )
            )
        return [contender for contender in found if self._wants(contender.name)]

    def _wants(self, name: str) -> bool:
        return not self._only or name in self._only

    def _afterwards(self, files: Files, bench: Bench, texts: Texts) -> dict[str, float]:
        """Measures memory and the queue, when no server is up any more."""
        say("memory and queue")
        text = texts.some(1)[0].text
        asked: dict[str, tuple[str, object]] = {
            name: ("/v1/translate", {"text": text, "target": "ru", "model": name})
            for name in (TRANSLATOR, BIG)
        }
        asked[SUMMARIZER] = ("/v1/summarize", {"text": text * 20, "model": SUMMARIZER})
        small = Texts(from_checkpoint(files.tiny), SEED)
        tiny = self._lur("lur", files.lur, TINY)
        used = [row["cpu_s_per_1000_tokens"] for row in bench.rounds["engine"]["offline"]]
        tokens = statistics.mean(text.tokens for text in texts.some(200))
        return {
            **special.resident(self._lur("lur", files.lur), files.lur, asked),
            **special.flat(tiny, small, self._plan.flat_requests),
            **special.queue(statistics.median(used) * tokens / 1000),
        }

    def real(self, checkpoint: Path, target: str, text: Path) -> dict[str, Any]:
        """Measures engine, Lur and `transformers` on a Marian checkpoint of the user's own.

        No text goes into the result: it is the user's.

        Args:
            checkpoint: in the hub's layout.
            target: its language.
            text: a file of English sentences.
        """
        name = f"real-{checkpoint.name}"
        lur = Lur(CACHE / f"lur-{name}", [Row(name, checkpoint, target=target, patience=None)])
        lur.convert()
        plain = plain_conversion(checkpoint, CACHE / "plain")
        texts = Texts(from_file(text, plain / "source.spm"), SEED)
        contenders = [
            self._lur("lur", lur, name, target),
            servers.transformers(
                "transformers", checkpoint, lock=True, early=False, device=self._device
            ),
        ]
        cells = [
            Cell(contender.name, load, clients, 5.0)
            for contender in contenders
            for load, clients in (REAL if contender.name == "lur" else REAL[:2])
        ]
        with ExitStack() as stack:
            up = _start(stack, contenders)
            engine = stack.enter_context(Engine())
            _warm_up(list(up.values()), texts)
            offline = Offline(lur.directory(name), plain, self._device, patience=None)
            offline.calibrate(engine, texts.some(48 * usable_cpus()))
            bench = Bench(up, engine, offline, texts)
            for number in range(1, self._plan.rounds + 1):
                bench.round(number, cells, self._plan.engine_s, {})
            peaks = bench.peak_bytes()
        return {
            "checkpoint": checkpoint.name,
            "engine": {**offline.chosen, "calibration": offline.calibration},
            "contenders": report.contenders(bench.rounds, contenders, peaks),
            "ratios": _spreads(ratios.ratios(bench.rounds, bench.special)),
        }


def _spreads(values: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    return {key: spread(column) for key, column in values.items()}


def _start(stack: ExitStack, contenders: Sequence[Contender]) -> dict[str, Server]:
    """Starts all at once; each ends with the stack."""
    say(f"starting {', '.join(contender.name for contender in contenders)}")

    def start(contender: Contender) -> Server:
        process = Process(contender.command, contender.environment, contender.health)
        stack.callback(process.close)
        return Server(contender, process)

    with ThreadPoolExecutor(len(contenders)) as pool:
        running = list(pool.map(start, contenders))
    return {server.contender.name: server for server in running}


def _warm_up(up: Sequence[Server], texts: Texts) -> dict[str, list[str]]:
    """Sends each a few sentences, twice; returns how its answers begin, for the reader."""
    sentences = texts.some(4)
    said = {}
    for server in up:
        server.time(*sentences)
        said[server.contender.name] = [text[:100] for text in server.answers(sentences)]
    return said
