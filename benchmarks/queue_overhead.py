"""What the queue costs and wastes, with an engine that costs nothing or sleeps.

`python -m benchmarks.queue_overhead` prints, for sentences of 25 tokens on average (standard
deviation 12):
- overhead: CPU time of a batch's whole way (submit, take, results, metrics) and of taking it alone,
  as a share of the 100 ms that an engine takes for some 64 sentences;
- padding: the share of a batch's padded tokens that are no job's, with 512-token chunks in between
  too;
- wait: throughput of clients that come back at once, without waiting for company and with, on
  engines of a fixed cost a batch and a cost a job.
"""

import asyncio
import gc
import random
import threading
import time
from collections.abc import Sequence

from service.batching import Batcher, Flow, Shift
from service.batching.workers import Worker
from service.engines.base import Decoding, Hypothesis, Output

ENGINE_S = 0.1
BATCHES = 300
MAX_BATCH_TOKENS = 2048
OUTPUT = Output((Hypothesis("x", 1, -0.5, finished=True),))

Sources = Sequence[Sequence[str]]


def lengths(rng: random.Random, count: int, long_share: float) -> list[int]:
    return [
        512 if rng.random() < long_share else max(3, min(80, round(rng.gauss(25, 12))))
        for _ in range(count)
    ]


class Load:
    """A queue in which as many jobs as leave it come again."""

    def __init__(self, waiting: int, *, decodings: int, per_flow: int, long_share: float) -> None:
        rng = random.Random(1)
        words = [["x"] * tokens for tokens in range(513)]
        kinds = [Decoding(max_tokens=100 + i) for i in range(decodings)]
        self._flows = [
            ([words[n] for n in lengths(rng, per_flow, long_share)], rng.choice(kinds))
            for _ in range((waiting + 100 * BATCHES) // per_flow)
        ]
        self._batcher = Batcher(
            "benchmark",
            max_jobs=10**9,
            max_batch_tokens=MAX_BATCH_TOKENS,
            batch_wait_s=0.0,
        )
        self._per_flow = per_flow
        self.jobs = self.tokens = self.padded = 0
        self._missing = waiting
        self._fill()

    def _fill(self) -> None:
        while self._missing >= self._per_flow and self._flows:
            sources, decoding = self._flows.pop()
            self._batcher.submit(sources, decoding, Flow())
            self._missing -= self._per_flow

    def _run(self, sources: Sources, decoding: Decoding) -> list[Output]:
        self.jobs += len(sources)
        self.tokens += sum(map(len, sources))
        self.padded += len(sources) * max(map(len, sources))
        self._missing += len(sources)
        return [OUTPUT] * len(sources)

    def measure(self) -> tuple[float, float]:
        """Returns CPU seconds of a batch: its whole way, and the taking."""
        worker = Worker(Shift(self._run))
        gc.freeze()  # what waits to be submitted is no cost of the queue
        taking = 0.0
        begun = time.thread_time()
        for _ in range(BATCHES):
            before = time.thread_time()
            self._batcher._next_batch(worker)
            taking += time.thread_time() - before
            self._batcher._run_batch(worker)
            self._fill()
        return (time.thread_time() - begun) / BATCHES, taking / BATCHES


def job_cost_s(waiting: int) -> tuple[float, float]:
    """Returns the CPU seconds that the queue takes for a job: its whole way, and the choosing.

    Medians of five runs with `waiting` sentences in the queue, a job a request.
    """
    found = []
    for _ in range(5):
        load = Load(waiting, decodings=1, per_flow=1, long_share=0.0)
        measured = load.measure()
        found.append([seconds * BATCHES / load.jobs for seconds in measured])
    way, taking = (sorted(values)[2] for values in zip(*found, strict=True))
    return way, taking


def overhead_and_padding() -> None:
    print("waiting decodings jobs/flow long |  jobs/batch  way ms     %  take ms     %  padding %")
    for waiting, decodings, per_flow, long_share in [
        (32, 1, 1, 0.0),
        (256, 1, 1, 0.0),
        (1000, 1, 1, 0.0),
        (1000, 4, 1, 0.0),
        (1000, 1, 20, 0.0),
        (1000, 4, 40, 0.0),
        (5000, 1, 1, 0.0),
        (1000, 1, 1, 0.03),
        (1000, 1, 20, 0.03),
    ]:
        runs = []
        for _ in range(5):
            load = Load(waiting, decodings=decodings, per_flow=per_flow, long_share=long_share)
            runs.append(load.measure())
        way_s, taking_s = sorted(runs)[len(runs) // 2]
        jobs = load.jobs / BATCHES
        print(
            f"{waiting:7} {decodings:9} {per_flow:9} {long_share:4.0%} | {jobs:11.1f}"
            f" {way_s * 1e3:7.2f} {way_s / ENGINE_S:6.2%} {taking_s * 1e3:7.2f}"
            f" {taking_s / ENGINE_S:6.2%} {1 - load.tokens / load.padded:9.1%}",
            flush=True,
        )


async def served_per_s(
    clients: int, *, fixed_s: float, per_job_s: float, client_s: float, wait_s: float
) -> float:
    """Returns the throughput of clients that need `client_s` of CPU between two requests."""

    def run(sources: Sources, decoding: Decoding) -> list[Output]:
        time.sleep(fixed_s + per_job_s * len(sources))
        return [OUTPUT] * len(sources)

    batcher = Batcher(
        "benchmark", max_jobs=10**9, max_batch_tokens=MAX_BATCH_TOKENS, batch_wait_s=wait_s
    )
    thread = threading.Thread(target=batcher.work, args=(Shift(run),))
    thread.start()
    served = 0
    begun = time.perf_counter()

    async def client() -> None:
        nonlocal served
        while time.perf_counter() < begun + 2:
            busy_until = time.perf_counter() + client_s
            while time.perf_counter() < busy_until:
                pass
            (future,) = batcher.submit([["x"] * 25], Decoding(), Flow())
            await asyncio.wrap_future(future)
            served += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    took_s = time.perf_counter() - begun
    batcher.close()
    thread.join()
    return served / took_s


def wait_for_company() -> None:
    print("\nengine ms     client ms | requests/s without and with a wait of 1 ms, by clients")
    for fixed_ms, per_job_ms, client_ms in [
        (5.0, 0.0, 0.0),
        (5.0, 0.0, 0.5),
        (5.0, 1.0, 0.5),
        (30.0, 3.0, 1.0),
        (30.0, 10.0, 1.0),
    ]:
        cells = []
        for clients in (1, 4, 16, 32):
            without, with_wait = (
                asyncio.run(
                    served_per_s(
                        clients,
                        fixed_s=fixed_ms / 1e3,
                        per_job_s=per_job_ms / 1e3,
                        client_s=client_ms / 1e3,
                        wait_s=wait_s,
                    )
                )
                for wait_s in (0.0, 0.001)
            )
            cells.append(f"{clients}: {without:.0f} {with_wait:.0f}")
        print(
            f"{fixed_ms:4.0f} + {per_job_ms:2.0f} a job  {client_ms:4.1f} | {'   '.join(cells)}",
            flush=True,
        )


if __name__ == "__main__":
    overhead_and_padding()
    wait_for_company()
