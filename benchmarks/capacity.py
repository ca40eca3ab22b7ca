"""How many replicas so much text a day takes: `python -m benchmarks.capacity`.

    python -m benchmarks.capacity --cpu-seconds-per-1000-tokens 1.9 --characters-per-day 50e6

Knows the formula of docs/capacity.md and which measured figures go into it. Must not know: how
anything was measured.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["Given", "Need", "latest_table", "need"]

ROOT = Path(__file__).parents[1]
LATEST = ROOT / "benchmarks" / "results" / "latest.json"
CLUSTER = ROOT / "benchmarks" / "results" / "cluster.json"
SAMPLE = ROOT / "service" / "sample_article.txt"
TOKENIZER = ROOT / "model_cache" / "bundled" / "bundled-summarizer" / "tokenizer.json"

VOLUMES = (1e6, 1e8, 1e10)
CELL = "single@32"
"""The load whose cost counts: 32 clients with a sentence each, the batches nearly full."""

SUMMARY_TOKENS = 600
"""Of the articles that `summary_s` is the time of (`workload.long_articles`)."""

SENTENCE_CHARACTERS = 120
DAY_S = 86_400
LEAST_REPLICAS = 2
"""One may go, for an update or by itself, and another is there."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the need follows from.

    Attributes:
        cpu_s: CPU seconds of a replica for 1000 tokens of the source, for one target language.
        characters: of the source, for one token.
        peak: the busiest time's rate over the mean of the day.
        utilisation: the share of the rate at full load that is planned with.
        cores: of a replica.
        memory_bytes: of a replica.
        request_characters: of a request.
        request_s: how long a request takes under that load.
        proxy_ms: CPU time of HAProxy for a request, in ms.
    """

    cpu_s: float
    characters: float
    peak: float
    utilisation: float
    cores: int
    memory_bytes: float
    request_characters: float
    request_s: float
    proxy_ms: float


@dataclass(frozen=True, slots=True)
class Need:
    """What so much text a day takes, at its busiest time; `under_way` are requests at once."""

    tokens_per_s: float
    cores: float
    replicas: int
    memory_bytes: float
    requests_per_s: float
    under_way: float
    proxy_cores: float


def need(characters_a_day: float, given: Given) -> Need:
    """Returns what so many characters a day take."""
    per_s = characters_a_day / DAY_S * given.peak
    tokens_per_s = per_s / given.characters
    cores = tokens_per_s / 1000 * given.cpu_s / given.utilisation
    replicas = max(LEAST_REPLICAS, math.ceil(cores / given.cores))
    requests_per_s = per_s / given.request_characters
    return Need(
        tokens_per_s,
        cores,
        replicas,
        replicas * given.memory_bytes,
        requests_per_s,
        requests_per_s * given.request_s,
        requests_per_s * given.proxy_ms / 1000,
    )


def characters_a_token() -> float:
    """Characters of the sample article for one token of the bundled summarizer's vocabulary."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_truncation()
    text = SAMPLE.read_text(encoding="utf-8")
    return len(text) / len(tokenizer.encode(text, add_special_tokens=False).ids)


def measured() -> tuple[Given, Given]:
    """Returns the figures of the committed runs, for translating and for summarizing.

    The latter are a bound: all CPUs for the time of one summary alone, though not all are busy.
    """
    bench, cluster = _read(LATEST), _read(CLUSTER)
    lur = bench["contenders"]["lur"]
    proxy = max(size["proxy_cpu_ms_a_request"] for size in cluster["sizes"].values())
    cpus = bench["machine"]["usable_cpus"]
    translating = Given(
        cpu_s=lur["cells"][CELL]["cpu_s_per_1000_tokens"]["median"],
        characters=characters_a_token(),
        peak=3.0,
        utilisation=0.6,
        cores=cpus,
        memory_bytes=max(lur["peak_bytes"], bench["ratios"]["memory_resident_bytes"]),
        request_characters=SENTENCE_CHARACTERS,
        request_s=lur["cells"][CELL]["p50_ms"]["median"] / 1000,
        proxy_ms=proxy,
    )
    summary_s = bench["ratios"]["summary_s"]
    summarizing = replace(
        translating,
        cpu_s=summary_s * cpus / (SUMMARY_TOKENS / 1000),
        request_characters=SUMMARY_TOKENS * translating.characters,
        request_s=summary_s,
    )
    return translating, summarizing


def latest_table() -> str:
    """Returns the table of the documents, from the committed runs."""
    translating, summarizing = measured()
    rows = [*_head(), *_rows("translate", VOLUMES, translating)]
    rows += _rows("summarize, at most", VOLUMES, summarizing)
    return "\n".join([*rows, "", _circumstances(translating), "", _price(translating, summarizing)])


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _head() -> list[str]:
    return [
        "| what | characters a day | tokens/s at the peak | cores | replicas | memory "
        "| requests/s | at once | HAProxy's cores |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]


def _rows(what: str, volumes: Sequence[float], given: Given) -> Iterator[str]:
    for volume in volumes:
        found = need(volume, given)
        yield (
            f"| {what} | {_number(volume)} | {_number(found.tokens_per_s)} "
            f"| {_number(found.cores)} | {found.replicas} | {_number(found.memory_bytes / 1e9)} GB "
            f"| {_number(found.requests_per_s)} | {_number(found.under_way)} "
            f"| {_number(found.proxy_cores)} |"
        )


def _number(value: float) -> str:
    """Two digits that count, and groups of three; what is next to nothing as such."""
    if value < 0.01:
        return "< 0.01"
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.{max(0, digits)}f}".replace(",", " ")


def _circumstances(given: Given) -> str:
    return (
        f"{given.cpu_s:.2g} CPU s a 1000 tokens, {given.characters:.1f} characters a token, a peak "
        f"of {given.peak:g} times the mean, {given.utilisation:.0%} of the full rate in use, "
        f"replicas of {given.cores} cores and {given.memory_bytes / 1e9:.2g} GB, "
        f"{given.request_characters:.0f} characters and {given.request_s:.2g} s a request, "
        f"{given.proxy_ms:.2g} ms of HAProxy for each."
    )


def _price(translating: Given, summarizing: Given) -> str:
    each = [
        need(1e6, replace(given, peak=1.0)).cores * DAY_S / 3600
        for given in (translating, summarizing)
    ]
    return (
        f"So a million characters cost {each[0]:.2f} core hours for each target language, and at "
        f"most {each[1]:.2f} for their summaries, where replicas come and go with the load; "
        f"{translating.peak:g} times that where they stand ready for the peak."
    )


def main() -> None:
    """Prints the table for what the command line says."""
    given, _ = measured()
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--characters-per-day", type=float, help="three of them by default")
    for flag, default, meaning in (
        ("--cpu-seconds-per-1000-tokens", given.cpu_s, "of a replica under full load"),
        ("--characters-per-token", given.characters, "of your texts: `usage` in each answer"),
        ("--peak", given.peak, "the busiest time's rate over the day's mean"),
        ("--utilisation", given.utilisation, "share of the full rate that is planned with"),
        ("--memory-gb", given.memory_bytes / 1e9, "of a replica"),
        ("--characters-per-request", given.request_characters, "for HAProxy's share"),
        ("--seconds-per-request", given.request_s, "under full load"),
        ("--proxy-ms", given.proxy_ms, "CPU time of HAProxy for a request"),
    ):
        parser.add_argument(
            flag, type=float, default=default, help=f"{meaning} [default: {default:.2g}]"
        )
    parser.add_argument("--cores", type=int, default=given.cores, help="of a replica")
    asked = parser.parse_args()
    own = Given(
        cpu_s=asked.cpu_seconds_per_1000_tokens,
        characters=asked.characters_per_token,
        peak=asked.peak,
        utilisation=asked.utilisation,
        cores=asked.cores,
        memory_bytes=asked.memory_gb * 1e9,
        request_characters=asked.characters_per_request,
        request_s=asked.seconds_per_request,
        proxy_ms=asked.proxy_ms,
    )
    volumes = (asked.characters_per_day,) if asked.characters_per_day else VOLUMES
    print("\n".join([*_head(), *_rows("translate", volumes, own), "", _circumstances(own)]))


if __name__ == "__main__":
    main()
