"""Draws a run: throughput by clients, latencies, ratios with their targets.

Must not know: how anything was measured.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.ratios import TARGETS, show

__all__ = ["draw"]

COLOURS = {
    "lur": "#0b6e4f",
    "engine": "#444444",
    "libretranslate": "#d1495b",
    "mint_pattern": "#edae49",
    "nllb_pattern": "#c77d0a",
    "transformers": "#3d5a80",
    "transformers_unlocked": "#98c1d9",
}
INK, GRID = "#222222", "#dddddd"


def draw(result: Mapping[str, Any], directory: Path, prefix: str = "") -> list[Path]:
    """Writes the plots as SVG files and returns them; none where matplotlib is not installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return []
    mpl.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "axes.facecolor": "white",
            "axes.edgecolor": GRID,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "svg.fonttype": "path",
            "svg.hashsalt": "lur",
        }
    )
    written = []
    for name, paint in {"throughput": _throughput, "latency": _latency, "ratios": _ratios}.items():
        figure = paint(plt, result)
        file = directory / f"{prefix}{name}.svg"
        figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
        written.append(file)
    return written


def _throughput(plt: Any, result: Mapping[str, Any]) -> Any:
    """Source tokens per second by clients, single sentences and articles."""
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 4.2), sharey=True)
    found = result["contenders"]
    limit = found["engine"]["cells"]["offline"]["tokens_per_s"]["median"]
    loads = (("single", "single sentences"), ("article", "12-sentence articles"))
    for panel, (load, title) in zip(panels, loads, strict=True):
        panel.axhline(limit, color=COLOURS["engine"], linestyle="--", linewidth=1.2)
        panel.annotate(
            "the engine offline",
            (0.02, limit),
            xycoords=("axes fraction", "data"),
            va="bottom",
            size=9,
        )
        for name, contender in found.items():
            points = sorted(
                (int(key.partition("@")[2]), cell["tokens_per_s"])
                for key, cell in contender["cells"].items()
                if key.startswith(f"{load}@")
            )
            if not points:
                continue
            clients = [n for n, _ in points]
            middle = [rate["median"] for _, rate in points]
            errors = [
                [rate["median"] - rate["min"] for _, rate in points],
                [rate["max"] - rate["median"] for _, rate in points],
            ]
            panel.errorbar(
                clients,
                middle,
                yerr=errors,
                label=contender["label"],
                color=COLOURS.get(name, INK),
                marker="o",
                markersize=5,
                linewidth=2.4 if name == "lur" else 1.6,
                capsize=3,
            )
        panel.set_xscale("log", base=2)
        panel.set_xticks([1, 4, 16, 32, 64], ["1", "4", "16", "32", "64"])
        panel.set_xlim(0.8, 80)
        panel.set_ylim(bottom=0)
        panel.set_title(title, loc="left")
        panel.set_xlabel("clients at once")
        panel.grid(axis="y", color=GRID)
    panels[0].set_ylabel("source tokens per second")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper center", ncols=3, frameon=False, bbox_to_anchor=(0.5, 0)
    )
    return figure


def _latency(plt: Any, result: Mapping[str, Any]) -> Any:
    """Median to 99th percentile of a sentence's latency, one client and 32."""
    from matplotlib import ticker

    figure, panels = plt.subplots(1, 2, figsize=(9.5, 3.6), sharex=True, sharey=True)
    found = result["contenders"]
    names = sorted(
        (name for name in found if "single@32" in found[name]["cells"]),
        key=lambda name: -found[name]["cells"]["single@32"]["p95_ms"]["median"],
    )
    for panel, key, title in (
        (panels[0], "single@1", "one client"),
        (panels[1], "single@32", "32 clients"),
    ):
        for row, name in enumerate(names):
            cell = found[name]["cells"].get(key)
            if cell is None:
                continue
            low, high, top = (cell[p]["median"] for p in ("p50_ms", "p95_ms", "p99_ms"))
            colour = COLOURS.get(name, INK)
            panel.plot([low, top], [row, row], color=colour, linewidth=1.4)
            panel.plot([low, high], [row, row], color=colour, linewidth=6, solid_capstyle="butt")
            panel.plot([low], [row], "o", color=colour, markersize=9)
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(ticker.LogLocator(10, subs=(1, 3)))
        panel.xaxis.set_major_formatter(lambda x, _: f"{x:g} ms" if x < 1000 else f"{x / 1000:g} s")
        panel.xaxis.set_minor_formatter(ticker.NullFormatter())
        panel.tick_params(axis="x", labelsize=9)
        panel.set_title(title, loc="left")
        panel.grid(axis="x", color=GRID)
    panels[0].set_yticks(range(len(names)), [found[name]["label"] for name in names])
    panels[0].set_ylim(-0.6, len(names) - 0.4)
    figure.supxlabel("dot: p50, bar: to p95, line: to p99", size=10)
    figure.tight_layout()
    return figure


def _ratios(plt: Any, result: Mapping[str, Any]) -> Any:
    """Every ratio over its target: right of the line is met."""
    shown = [t for t in TARGETS if t.key in result["targets"] and (t.least or t.most)]
    figure, panel = plt.subplots(figsize=(6.0, 0.36 * len(shown) + 0.8))
    for row, target in enumerate(reversed(shown)):
        value = result["ratios"][target.key]
        margin = value / target.least if target.least else (target.most or 0) / max(value, 1e-9)
        margin = min(max(margin, 0.1), 10.0)
        met = result["targets"][target.key]["met"]
        colour = COLOURS["lur"] if met else COLOURS["libretranslate"]
        panel.barh(row, margin - 1, left=1, color=colour, height=0.6)
        said = f"{show(value, target.unit)}  (target {target.words})"
        panel.annotate(said, (1.01, row), xycoords=("axes fraction", "data"), va="center", size=9)
    panel.axvline(1, color=INK, linewidth=1)
    panel.set_xscale("log")
    panel.set_xlim(0.1, 10)
    panel.set_xticks([0.1, 0.5, 1, 2, 10], ["÷ 10", "÷ 2", "target", "× 2", "× 10"])
    panel.xaxis.set_minor_locator(plt.NullLocator())
    panel.set_yticks(range(len(shown)), [target.meaning for target in reversed(shown)])
    panel.grid(axis="x", color=GRID)
    panel.set_title("better than the target: to the right", loc="left")
    return figure
