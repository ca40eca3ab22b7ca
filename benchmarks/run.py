"""The benchmark: `make bench`, `make bench-quick`.

    python -m benchmarks.run [--quick] [--rounds 5] [--device cpu] [--only lur,mint_pattern]
        [--real CHECKPOINT --target fr --text FILE]

Runs the plan and writes JSON, plots and a table. Must not know: how anything is measured.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import plan as plans
from benchmarks import ratios, report
from benchmarks.plots import draw
from benchmarks.processes import say
from benchmarks.session import Session

RESULTS = Path(__file__).parent / "results"
SAMPLE = Path(__file__).parents[1] / "service" / "sample_article.txt"


def main() -> None:
    """Runs the benchmark that the command line asks for."""
    given = _arguments()
    plan = plans.QUICK if given.quick else plans.FULL
    plan = replace(plan, rounds=given.rounds or plan.rounds)
    only = frozenset(filter(None, given.only.split(",")))
    session = Session(plan, given.device, only, small=given.small)
    result: dict[str, Any] = report.circumstances(plan, given.device)
    result |= session.translators()
    if given.real:
        result["real"] = session.real(given.real, given.target, given.text)
    result["ratios"] = {key: found["median"] for key, found in result["spread"].items()}
    result["targets"] = ratios.verdicts(result["ratios"])
    whole = not (given.quick or given.small or only)
    _write(result, "latest" if whole else "quick")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells, texts and rounds")
    parser.add_argument("--rounds", type=int, help="instead of the plan's")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--only", default="", help="contenders, with commas between; for trials")
    parser.add_argument("--small", action="store_true", help="small checkpoints; for trials")
    parser.add_argument("--real", type=Path, help="a Marian checkpoint of yours, from English")
    parser.add_argument("--target", default="fr", help="the language of --real")
    parser.add_argument("--text", type=Path, default=SAMPLE, help="English sentences for --real")
    return parser.parse_args()


def _write(result: dict[str, Any], name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    content = json.dumps(result, indent=1, ensure_ascii=False)
    file.write_text(f"{content}\n", encoding="utf-8")
    plots = draw(result, RESULTS, "" if name == "latest" else f"{name}-")
    print(report.table(result))
    say(f"written: {', '.join(map(str, [file, *plots]))}")


if __name__ == "__main__":
    main()
