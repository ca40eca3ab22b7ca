"""What the shared store gains and costs a request: `python -m benchmarks.shared_store`.

Two servers with the bundled models and limits share a `redis-server` or `valkey-server` of this
script's own. One client asks, one request at a time, so the times are those of an idle service.
Knows nothing of how the store is used.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.server.conftest import Server
from tests.store_server import store_server
from tests.tinylang.grammar import sentences

ARTICLES, SENTENCES = 60, 8

ENVIRONMENT = {
    "LUR_PROFILE": "bundled",
    "LUR_OFFLINE": "1",
    "LUR_PRELOAD": "all",
    "LUR_REQUESTS_PER_MINUTE": "1000000",
}


def articles(first: int) -> list[str]:
    return [
        " ".join(triple.en for triple in sentences(seed, SENTENCES))
        for seed in range(first, first + ARTICLES)
    ]


def asked(name: str, server: Server, texts: Iterable[str]) -> None:
    """Prints how long each took, and how many jobs the engine had of them."""
    before, took_ms = jobs(server), []
    for text in texts:
        began = time.perf_counter()
        server.client.post("/v1/translate", json={"text": text, "target": "hy"}).raise_for_status()
        took_ms.append((time.perf_counter() - began) * 1000)
    late = statistics.quantiles(took_ms, n=20)[-1]
    print(
        f"{name:44} first {took_ms[0]:6.1f}  median {statistics.median(took_ms):6.1f}"
        f"  p95 {late:6.1f}  max {max(took_ms):6.1f} ms  {jobs(server) - before:5.0f} jobs"
    )


def jobs(server: Server) -> float:
    lines = server.client.get("/metrics").text.splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith("lur_jobs_total") and 'outcome="done"' in line
    )


def main() -> None:
    """Starts all, asks, prints a table, ends all."""
    known = articles(1)
    with tempfile.TemporaryDirectory() as directory, store_server(Path(directory)) as store:
        one, two = (Server([], ENVIRONMENT | {"LUR_SHARED_URL": store.url}) for _ in range(2))
        alone = Server([], ENVIRONMENT)
        try:
            for number, server in enumerate((one, two, alone)):
                asked("(warming up)", server, articles(100_000 + 1000 * number)[:20])
            asked("without a store, the engine works", alone, known)
            asked("with one, the engine works", one, known)
            asked("another process, from the store", two, known)
            asked("again, from its own memory", two, known)
            store.hang()
            asked("the store hangs, the engine works", one, articles(2000))
            store.go_on()
            time.sleep(9)
            asked("it goes on, the engine works", one, articles(3000))
            store.kill()
            asked("it is killed, the engine works", one, articles(4000))
        finally:
            for server in (one, two, alone):
                server.kill()


if __name__ == "__main__":
    main()
