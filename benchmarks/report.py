"""What a run found, as data and as a Markdown table.

Must not know: how anything was measured, how it is drawn.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.contenders.servers import Contender
from benchmarks.plan import Plan
from benchmarks.ratios import TARGETS, show
from service.machine import usable_cpus

__all__ = ["circumstances", "contenders", "latest_table", "table"]

LATEST = Path(__file__).parent / "results" / "latest.json"
LIBRARIES = ("ctranslate2", "torch", "transformers", "litestar", "uvicorn", "sentencepiece")
LIBRETRANSLATE = ("libretranslate", "argos-translate-lt", "ctranslate2", "waitress")
METRICS = (
    "requests_per_s",
    "tokens_per_s",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "cpu_s_per_1000_tokens",
    "client_cpu_share",
)
SHOWN = ("single@1", "single@32", "article@1", "article@16", "mixed@16")


def circumstances(plan: Plan, device: str) -> dict[str, Any]:
    """Returns when, where, on what and with which versions a run took place."""
    root = Path(__file__).parents[1]
    return {
        "quick": plan.name == "quick",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git(root, "rev-parse", "HEAD"),
        "changed_files": len(_git(root, "status", "--porcelain", "-uno").splitlines()),
        "rounds": plan.rounds,
        "device": device,
        "machine": {
            "cpu": _cpu_model(),
            "cpus": os.cpu_count(),
            "usable_cpus": usable_cpus(),
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "libretranslate_versions": _other_versions(),
        "memory_flat_requests": plan.flat_requests,
        "small_summarizer": plan.small_summarizer,
    }


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", root, *arguments], check=False, capture_output=True, text=True
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _other_versions() -> dict[str, str]:
    """Returns the versions in LibreTranslate's own environment."""
    python = Path(__file__).parent / ".cache" / "venv-libretranslate" / "bin" / "python"
    if not python.exists():
        return {}
    code = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    )
    output = subprocess.check_output([python, "-c", code, *LIBRETRANSLATE], text=True)
    versions: dict[str, str] = json.loads(output)
    return versions


def contenders(
    rounds: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    measured: Sequence[Contender],
    peaks: Mapping[str, int],
) -> dict[str, Any]:
    """Returns each contender's cells: the median, least and most of each figure over the rounds.

    `vs` holds a cell's source tokens per second over those of the engine offline and, for Lur, of
    each peer in the same cell; the median of the rounds.
    """
    labels = {"engine": "CTranslate2, offline"} | {c.name: c.label for c in measured}
    offline = rounds["engine"]["offline"]
    found: dict[str, Any] = {}
    for name, cells in rounds.items():
        cell: dict[str, Any]
        found[name] = {"label": labels[name], "peak_bytes": peaks[name], "cells": {}}
        for key, rows in cells.items():
            cell = {m: _spread([row[m] for row in rows]) for m in METRICS if m in rows[0]}
            cell["requests"] = sum(row["requests"] for row in rows)
            cell["vs"] = {"engine": _rate(rows, offline)}
            if name == "lur":
                cell["vs"] |= {
                    peer: _rate(rows, others[key])
                    for peer, others in rounds.items()
                    if peer not in {"lur", "engine"} and key in others
                }
            kinds = rows[0].get("kinds", {})
            if len(kinds) > 1:
                cell["kinds"] = {
                    kind: {p: _spread([row["kinds"][kind][p] for row in rows]) for p in kinds[kind]}
                    for kind in kinds
                }
            found[name]["cells"][key] = cell
    return found


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _rate(rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> float:
    rates = (
        float(a["tokens_per_s"] / b["tokens_per_s"]) for a, b in zip(rows, others, strict=True)
    )
    return statistics.median(rates)


def latest_table(file: Path = LATEST) -> str:
    """Returns the table of the last whole run, which is committed; empty where there is none."""
    if not file.exists():
        return ""
    return table(json.loads(file.read_text(encoding="utf-8")))


def table(result: Mapping[str, Any]) -> str:
    """Returns the results in Markdown: the ratios with their targets, then the contenders."""
    machine = result["machine"]
    circumstance = (
        f"{machine['cpu']}, {machine['usable_cpus']} CPUs, {result['device']}; medians of "
        f"{result['rounds']} interleaved rounds (least to most), {result['date'][:10]}"
        f"{'; the quick run' if result['quick'] else ''}."
    )
    return "\n".join([*_ratio_rows(result), "", *_contender_rows(result), "", circumstance])


def _ratio_rows(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| what | measured | target | |"
    yield "| --- | --- | --- | --- |"
    for target in TARGETS:
        if target.key not in result["ratios"]:
            continue
        spread = result["spread"][target.key]
        said = show(spread["median"], target.unit)
        if spread["min"] != spread["max"]:
            said += f" ({show(spread['min'], target.unit)} to {show(spread['max'], target.unit)})"
        verdict = result["targets"].get(target.key)
        if verdict:
            yield (
                f"| {target.meaning} | {said} | {verdict['target']} | "
                f"{'met' if verdict['met'] else '**missed**'} |"
            )
        else:
            yield f"| {target.meaning} | {said} | | |"


def _contender_rows(result: Mapping[str, Any]) -> Iterator[str]:
    found = result["contenders"]
    offline = found["engine"]["cells"]["offline"]
    yield (
        "| contender | one client: p50 | 32 clients: sentences/s | p95 | to the engine "
        "| CPU s a 1000 tokens | article, one client: p50 | peak memory |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    alone = _cell(found["engine"]["cells"].get("alone"), "p50_ms")
    yield (
        f"| {found['engine']['label']} | {alone} | {_cell(offline, 'requests_per_s')} | | 1 | "
        f"{_cell(offline, 'cpu_s_per_1000_tokens')} "
        f"| | {_megabytes(found['engine'])} |"
    )
    trimmed = found["engine"]["cells"]["trimmed"]
    yield (
        f"| the same, on the files Lur made | | {_cell(trimmed, 'requests_per_s')} | "
        f"| {trimmed['vs']['engine']:.2f} | {_cell(trimmed, 'cpu_s_per_1000_tokens')} | | |"
    )
    for name in sorted(found, key=lambda n: -_order(found[n])):
        if name == "engine":
            continue
        cells = found[name]["cells"]
        many = cells.get("single@32")
        share = f"{many['vs']['engine']:.2f}" if many else ""
        yield (
            f"| {found[name]['label']} | {_cell(cells.get('single@1'), 'p50_ms')} "
            f"| {_cell(many, 'requests_per_s')} | {_cell(many, 'p95_ms')} | {share} "
            f"| {_cell(many, 'cpu_s_per_1000_tokens')} "
            f"| {_cell(cells.get('article@1'), 'p50_ms')} "
            f"| {_megabytes(found[name])} |"
        )


def _megabytes(contender: Mapping[str, Any]) -> str:
    return f"{contender['peak_bytes'] / 1e6:.0f} MB"


def _order(contender: Mapping[str, Any]) -> float:
    cell = contender["cells"].get("single@32")
    return cell["requests_per_s"]["median"] if cell else 0.0


def _cell(cell: Mapping[str, Any] | None, metric: str) -> str:
    if cell is None or metric not in cell:
        return ""
    value: float = cell[metric]["median"]
    return f"{value:.0f} ms" if metric.endswith("_ms") else f"{value:.1f}"
