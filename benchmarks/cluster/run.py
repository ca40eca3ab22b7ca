"""`python -m benchmarks.cluster.run`: scaling, and what is lost when a replica goes.

Prints a table and writes `results/cluster.json`. About eight minutes; as root, with haproxy. Must
not know: how what it found is shown.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.cluster.load import Answer, Load
from benchmarks.cluster.replicas import BATCH_JOBS, BATCH_S, Cluster, Replica
from benchmarks.cluster.report import RESULTS, latest_table
from benchmarks.processes import say
from service.machine import usable_cpus

SIZES = (1, 2, 4, 8)
CLIENTS = 24
"""For each replica: three batches of work, so that its queue is never empty."""

MEASURED_S = 24.0
AFTER_S = 15.0
"""How long a replica that goes is away, and how long the load goes on after that."""


async def throughput(size: int) -> dict[str, float]:
    """Returns the rate of so many replicas, and the CPU time that it took around the engines.

    `cpu_share` is of all of the machine's CPUs, engines and clients included.
    """
    with Cluster(size) as cluster:
        async with Load(cluster.url, CLIENTS * size) as load:
            await warm(load)
            proxy_s, all_s, answers = cluster.proxy_cpu_s(), cpu_of_all(cluster), len(load.answers)
            await asyncio.sleep(MEASURED_S)
            rate = load.rate(MEASURED_S)
            proxy_s, all_s = cluster.proxy_cpu_s() - proxy_s, cpu_of_all(cluster) - all_s
            return {
                "requests_per_s": rate,
                "cpu_share": all_s / MEASURED_S / usable_cpus(),
                "proxy_cpu_ms_a_request": 1000 * proxy_s / (len(load.answers) - answers),
            }


def cpu_of_all(cluster: Cluster) -> float:
    """CPU seconds so far of replicas, proxy and clients."""
    replicas = sum(replica.cpu_s() for replica in cluster.replicas)
    return replicas + cluster.proxy_cpu_s() + time.process_time()


async def event(
    name: str, happen: Callable[[Sequence[Replica]], Awaitable[None]]
) -> dict[str, Any]:
    """Lets something happen to three replicas under load."""
    with Cluster(3) as cluster:
        async with Load(cluster.url, 2 * CLIENTS) as load:
            await warm(load)
            began_s = time.monotonic()
            await happen(cluster.replicas)
            await asyncio.sleep(AFTER_S)
        return {"event": name, **seen(load.answers, began_s)}


async def warm(load: Load) -> None:
    """Waits until every client has been answered twice or so."""
    while len(load.answers) < 2 * load.clients:  # noqa: ASYNC110 - nothing is measured yet
        await asyncio.sleep(0.1)


def seen(answers: list[Answer], began_s: float) -> dict[str, Any]:
    """What clients saw: outcomes, and until when an answer took longer than all did before."""
    usual_s = max(a.done_s - a.sent_s for a in answers if a.done_s < began_s)
    late = [a.done_s for a in answers if a.done_s > began_s and a.done_s - a.sent_s > 2 * usual_s]
    outcomes = Counter(answer.outcome for answer in answers)
    del outcomes["right"]
    wrong = outcomes.pop("wrong", 0)
    return {
        "requests": len(answers),
        "wrong": wrong,
        "lost": outcomes.total(),
        "lost_as": dict(outcomes),
        "slowest_before_s": usual_s,
        "slowest_after_s": max(a.done_s - a.sent_s for a in answers if a.done_s > began_s),
        "recovered_after_s": max(late, default=began_s) - began_s,
    }


async def kill(replicas: Sequence[Replica]) -> None:
    await asyncio.to_thread(replicas[0].kill)


async def terminate(replicas: Sequence[Replica]) -> None:
    await asyncio.to_thread(replicas[0].stop)


async def freeze(replicas: Sequence[Replica]) -> None:
    replicas[0].freeze()
    await asyncio.sleep(AFTER_S)
    replicas[0].thaw()


async def cut(replicas: Sequence[Replica]) -> None:
    replicas[0].cut()
    await asyncio.sleep(AFTER_S)
    replicas[0].plug_in()


async def roll(replicas: Sequence[Replica]) -> None:
    """Ends and starts one after the other, as an update does."""
    for replica in replicas:
        await asyncio.to_thread(replica.stop)
        await asyncio.to_thread(replica.start)
        await asyncio.sleep(3)


EVENTS = {
    "killed (SIGKILL)": kill,
    "ended (SIGTERM)": terminate,
    "frozen for 15 s": freeze,
    "its cable pulled for 15 s": cut,
    "all three ended and started in turn": roll,
}


async def main() -> None:
    sizes = {}
    for size in SIZES:
        sizes[size] = await throughput(size)
        say(f"{size} replicas: {json.dumps(sizes[size])}")
    events = []
    for name, happen in EVENTS.items():
        events.append(await event(name, happen))
        say(json.dumps(events[-1]))
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "cpus": usable_cpus(),
        "haproxy": haproxy_version(),
        "engine": {"batch_s": BATCH_S, "batch_jobs": BATCH_JOBS},
        "clients_a_replica": CLIENTS,
        "sizes": sizes,
        "events": events,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(latest_table())


def haproxy_version() -> str:
    return subprocess.check_output(["haproxy", "-v"], text=True).split()[2]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
