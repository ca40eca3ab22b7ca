"""`python -m benchmarks.cluster.run`: scaling, and what is lost when a replica goes.

Prints a table and writes `results/cluster.json`. About four minutes; as root, with haproxy.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cluster.load import Answer, Load
from benchmarks.cluster.replicas import BATCH_JOBS, BATCH_S, Cluster, Replica
from benchmarks.processes import say

RESULTS = Path(__file__).parents[1] / "results" / "cluster.json"

CLIENTS = 24
"""For each replica: three batches of work, so that its queue is never empty."""

WARM_S, MEASURED_S = 4.0, 12.0
AFTER_S = 15.0
"""How long the load goes on after a replica has gone, and how long before."""


async def throughput(size: int) -> float:
    with Cluster(size) as cluster:
        async with Load(cluster.url, CLIENTS * size) as load:
            await asyncio.sleep(WARM_S + MEASURED_S)
            return load.rate(MEASURED_S)


async def event(name: str, happen: Callable[[Replica], Awaitable[None]]) -> dict[str, Any]:
    """Lets something happen to one of three replicas under load."""
    with Cluster(3) as cluster:
        async with Load(cluster.url, 2 * CLIENTS) as load:
            await warm(load)
            began_s = time.monotonic()
            await happen(cluster.replicas[0])
            await asyncio.sleep(AFTER_S)
        return {"event": name, **seen(load.answers, began_s)}


async def warm(load: Load) -> None:
    """Waits until every client has been answered several times."""
    while len(load.answers) < 4 * load.clients:  # noqa: ASYNC110 - nothing is measured yet
        await asyncio.sleep(0.1)


def seen(answers: list[Answer], began_s: float) -> dict[str, Any]:
    """What clients saw: outcomes, and until when an answer took longer than all did before."""
    usual_s = max(a.done_s - a.sent_s for a in answers if a.done_s < began_s)
    late = [a.done_s for a in answers if a.done_s > began_s and a.done_s - a.sent_s > 2 * usual_s]
    outcomes = Counter(answer.outcome for answer in answers)
    return {
        "requests": len(answers),
        "wrong": outcomes.pop("wrong", 0),
        "lost": len(answers) - outcomes.pop("right"),
        "lost_as": dict(outcomes),
        "slowest_before_s": usual_s,
        "slowest_after_s": max(a.done_s - a.sent_s for a in answers if a.done_s > began_s),
        "recovered_after_s": max(late, default=began_s) - began_s,
    }


async def kill(replica: Replica) -> None:
    await asyncio.to_thread(replica.kill)


async def terminate(replica: Replica) -> None:
    await asyncio.to_thread(replica.stop)


async def freeze(replica: Replica) -> None:
    replica.freeze()
    await asyncio.sleep(AFTER_S)
    replica.thaw()


async def cut(replica: Replica) -> None:
    replica.cut()
    await asyncio.sleep(AFTER_S)
    replica.plug_in()


async def rolling() -> dict[str, Any]:
    """Ends and starts one replica after the other, as an update does."""
    with Cluster(3) as cluster:
        async with Load(cluster.url, 2 * CLIENTS) as load:
            await warm(load)
            began_s = time.monotonic()
            for replica in cluster.replicas:
                await asyncio.to_thread(replica.stop)
                await asyncio.to_thread(replica.start)
                await asyncio.sleep(3)
        return {"event": "rolling update", **seen(load.answers, began_s)}


async def main() -> None:
    rates = {}
    for size in (1, 2, 4):
        rates[size] = await throughput(size)
        say(f"{size} replicas: {rates[size]:.1f} requests/s")
    events = []
    for name, happen in {"kill": kill, "SIGTERM": terminate, "freeze": freeze, "cut": cut}.items():
        events.append(await event(name, happen))
        say(json.dumps(events[-1]))
    events.append(await rolling())
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "engine": {"batch_s": BATCH_S, "batch_jobs": BATCH_JOBS},
        "clients_a_replica": CLIENTS,
        "requests_per_s": rates,
        "scaling": {size: rate / (size * rates[1]) for size, rate in rates.items()},
        "events": events,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def table(result: dict[str, Any]) -> str:
    rows = ["| replicas | requests/s | of linear |", "| --- | --- | --- |"]
    for size, rate in result["requests_per_s"].items():
        rows.append(f"| {size} | {rate:.1f} | {result['scaling'][size]:.2f} |")
    rows += [
        "",
        "| what happens to one of three | requests | wrong | lost | slowest answer before, after "
        "| usual again after |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in result["events"]:
        rows.append(
            f"| {one['event']} | {one['requests']} | {one['wrong']} | {one['lost']} | "
            f"{one['slowest_before_s']:.1f} s, {one['slowest_after_s']:.1f} s | "
            f"{one['recovered_after_s']:.1f} s |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
