"""What batches can reach with clients that wait for their answers: no engine, no clock.

`python -m benchmarks.simulation` lets clients in a closed loop share workers by the rules of
`service.batching.turns`, on an engine whose decoding step takes `RATIO + jobs` units of time, as a
batch of int8 Marian takes it on one core. A sentence that has ended leaves the step, but its client
waits for the end of the batch. Printed is the throughput over that of an engine that always has 32
sentences in each worker, which is what it does offline.
"""

import heapq
import itertools
import random
from collections.abc import Sequence

from service.batching.jobs import Flow, Job
from service.batching.turns import Turns
from service.engines.base import Decoding

RATIO = 4.0
"""Of a step's fixed time to that of one job in it; see `service.batching.pace`."""

OFFLINE_JOBS = 32
TARGET_PER_SOURCE = 1.3
PATIENCE = 0.05
"""How long a worker waits for the clients of its last batch, as a share of its time."""


def batch_time(jobs: Sequence[Job]) -> float:
    """Returns the time of a batch: each step costs `RATIO` and one for each job still in it."""
    ends = sorted(TARGET_PER_SOURCE * job.tokens for job in jobs)
    steps = (end - begun for begun, end in itertools.pairwise([0.0, *ends]))
    return sum(step * (RATIO + len(ends) - done) for done, step in enumerate(steps))


def throughput(clients: int, workers: int, *, waits: bool, until: float = 300_000.0) -> float:
    """Returns target tokens per unit of time, over those of the engine offline.

    Args:
        clients: each sends its next sentence `PATIENCE / 3` of a batch's time after its answer.
        waits: whether a worker waits for the clients of its last batch.
    """
    rng = random.Random(1)
    turns = Turns(1024)
    turns.workers = workers
    events: list[tuple[float, int, list[Job] | int]] = []
    number = itertools.count()
    idle, now, done = workers, 0.0, 0.0

    def send(count: int) -> None:
        for _ in range(count):
            tokens = max(5, min(80, round(rng.gauss(25, 12))))
            turns.add([Job((), Decoding(), Flow(), now, tokens)])

    def begin() -> None:
        nonlocal idle
        while idle and (batch := turns.take()):
            idle -= 1
            heapq.heappush(events, (now + batch_time(batch), next(number), batch))

    send(clients)
    begin()
    while now < until:
        now, _, what = heapq.heappop(events)
        if isinstance(what, int):
            send(what)
            idle += waits
        else:
            turns.finish(what)
            idle += not waits
            done += sum(TARGET_PER_SOURCE * job.tokens for job in what)
            back = now + batch_time(what) * PATIENCE / 3
            if waits:
                heapq.heappush(events, (back, next(number), len(what)))
                continue
            for place in range(len(what)):  # they come one by one
                later = now + (back - now) * (place + 1) / len(what)
                heapq.heappush(events, (later, next(number), 1))
        begin()
    return done / now / (workers / (1 + RATIO / OFFLINE_JOBS))


def main() -> None:
    print("clients | not waiting for the last batch's clients, and waiting")
    for clients in (4, 16, 32, 64, 128):
        cells = [f"{throughput(clients, 2, waits=waits):.2f}" for waits in (False, True)]
        print(f"{clients:7} | {' '.join(cells)}")


if __name__ == "__main__":
    main()
