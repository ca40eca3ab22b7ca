"""The figures that have a target, from what a run measured.

Ratios of two things of one round are taken in that round, then the median of the rounds. Must not
know: how anything was measured, how it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["TARGETS", "Target", "ratios", "show", "verdicts"]

Rounds = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""For each contender and cell the figures of each round."""

PEERS = ("transformers", "transformers_unlocked", "libretranslate", "nllb_pattern", "mint_pattern")


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio shall be: at least `least`, at most `most`; `meaning` is for people."""

    key: str
    meaning: str
    least: float | None = None
    most: float | None = None
    unit: str = ""

    def met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    @property
    def words(self) -> str:
        return " and ".join(
            f"{sign} {show(bound, self.unit)}"
            for sign, bound in (("≥", self.least), ("≤", self.most))
            if bound is not None
        )


def show(value: float, unit: str) -> str:
    """Returns a figure as people read it; bytes as MB, shares as a percentage."""
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    if unit == "share":
        return f"{value:.2%}".replace("%", " %")
    return f"{value:.2f} {unit or '×'}"


TARGETS = (
    Target("throughput_32_vs_engine", "32 clients, to the engine offline", least=0.90),
    Target("throughput_32_vs_trimmed_engine", "the same, to the engine on the files Lur made"),
    Target("throughput_32_vs_best_peer", "32 clients, to the best peer", least=3.0),
    Target("p50_alone_vs_engine", "a sentence alone, to a call of the engine", most=1.10),
    Target("p50_alone_minus_engine_ms", "what is on top of that call", most=3.0, unit="ms"),
    Target("article_vs_one_by_one", "12 sentences one after another, to the article", least=3.0),
    Target(
        "first_segment_of_12_vs_one_sentence",
        "first segment of a streamed article, to its first sentence alone",
        most=2.0,
    ),
    Target("streamed_article_vs_plain", "a streamed article, to a plain one"),
    Target("streamed_16_vs_plain_16", "16 clients with streamed articles, to 16 with plain ones"),
    Target("streamed_16_vs_plain_16_cpu", "the same, the server's CPU time for a token"),
    Target("short_p95_mixed_vs_alone", "p95 of a sentence beside articles, to it alone", most=3.0),
    Target("summarize_vs_transformers", "transformers' time for a summary, to Lur's", least=4.0),
    Target("cold_start_cpu_s", "CPU time until ready", most=1.0, unit="s"),
    Target("first_request_s", "first translation of a fresh process", most=1.5, unit="s"),
    Target("memory_vs_files", "three models in memory, to their files"),
    Target("memory_over_files_bytes", "memory above 1.2 × the files", most=200e6, unit="bytes"),
    Target("memory_flat", "memory after 10 000 more requests, to before", most=1.05),
    Target(
        "queue_overhead_1000_waiting", "CPU of the queue, 1000 waiting", most=0.01, unit="share"
    ),
    Target("resubmit_one_changed_vs_first", "an article with one changed sentence", most=0.20),
)


def ratios(rounds: Rounds, special: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Returns each ratio of each round; a single value where it was measured once.

    Args:
        rounds: of the translators.
        special: ratios that were measured as such; they are passed on.
    """
    lur, engine = rounds["lur"], rounds["engine"]
    rate = _column(lur["single@32"], "tokens_per_s")
    best = [
        max(values)
        for values in zip(
            *(
                _column(rounds[peer]["single@32"], "tokens_per_s")
                for peer in PEERS
                if "single@32" in rounds.get(peer, {})
            ),
            strict=True,
        )
    ]
    found = {
        "throughput_32_vs_engine": _over(rate, _column(engine["offline"], "tokens_per_s")),
        "throughput_32_vs_trimmed_engine": _over(rate, _column(engine["trimmed"], "tokens_per_s")),
        "throughput_32_vs_one_by_one": _over(rate, _column(engine["alone"], "tokens_per_s")),
    }
    if best:
        found["throughput_32_vs_best_peer"] = _over(rate, best)
    if "mixed@16" in lur and "short@1" in lur:
        mixed = [figures["kinds"]["single"]["p95_ms"] for figures in lur["mixed@16"]]
        found["short_p95_mixed_vs_alone"] = _over(mixed, _column(lur["short@1"], "p50_ms"))
    return found | {key: list(values) for key, values in special.items()}


def verdicts(values: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Returns for each target that was measured what it is and whether it is met."""
    found = {
        target.key: {"target": target.words, "met": target.met(values[target.key])}
        for target in TARGETS
        if target.key in values and target.words
    }
    if over := found.get("memory_over_files_bytes"):  # one target, seen from two sides
        found["memory_vs_files"] = {"target": "≤ 1.20 × + 200 MB", "met": over["met"]}
    return found


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [row[key] for row in rows]


def _over(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]
