"""What a run of the cluster found, as a Markdown table. Must not know: how it was measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "latest_table", "table"]

RESULTS = Path(__file__).parents[1] / "results" / "cluster.json"


def latest_table(file: Path = RESULTS) -> str:
    """Returns the tables of the committed run."""
    return table(json.loads(file.read_text(encoding="utf-8")))


def table(result: Mapping[str, Any]) -> str:
    """Returns the results in Markdown: how the rate grows, then what a replica's end costs."""
    alone = result["sizes"]["1"]["requests_per_s"]
    rows = [
        "| replicas | requests/s | of linear | CPU of the machine in use |",
        "| --- | --- | --- | --- |",
    ]
    for size, found in result["sizes"].items():
        rate = found["requests_per_s"]
        rows.append(
            f"| {size} | {rate:.1f} | {rate / alone / int(size):.2f} | {found['cpu_share']:.0%} |"
        )
    rows += [
        "",
        "| one of three replicas is | requests | wrong | lost | slowest answer before, after "
        "| usual again after |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in result["events"]:
        rows.append(
            f"| {one['event']} | {one['requests']} | {one['wrong']} | {one['lost']} "
            f"| {one['slowest_before_s']:.1f} s, {one['slowest_after_s']:.1f} s "
            f"| {one['recovered_after_s']:.1f} s |"
        )
    engine = result["engine"]
    circumstance = (
        f"{result['cpus']} CPUs, HAProxy {result['haproxy']}; engines that take "
        f"{engine['batch_s']:g} s for a batch of at most {engine['batch_jobs']}, "
        f"{result['clients_a_replica']} clients a replica; {result['date']}."
    )
    return "\n".join([*rows, "", circumstance])
