"""What the service costs before it does anything: `make footprint`.

Prints the CPU seconds that `import service.app` takes (least of five fresh processes), those of a
whole start and the time of the first request (medians of five), and the resident memory of an idle
server, then of one with the bundled models loaded.
"""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median

from benchmarks.processes import Process, cpu_s, resident_bytes

IMPORT = "import time; import service.app; print(time.process_time())"


def import_cpu_s() -> float:
    runs = [subprocess.check_output([sys.executable, "-c", IMPORT]) for _ in range(5)]
    return min(map(float, runs))


def resident_mb(server: Process) -> float:
    return resident_bytes(server.pid) / 1e6


def ask(server: Process, path: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        response.read()


def serve() -> Process:
    """A fresh service with the bundled models, ready; for a `with` block."""
    command = [sys.executable, "-m", "service.cli", "serve", "--profile", "bundled"]
    return Process([*command, "--port", "{port}", "--log-level", "warning"], {}, "/health/ready")


def start() -> tuple[float, float]:
    """CPU seconds until a fresh process is ready, seconds its first translation takes."""
    with serve() as server:
        ready = cpu_s(server.pid)
        began = time.perf_counter()
        ask(server, "/v1/translate", {"text": "The minister arrived on Monday.", "target": "ru"})
        return ready, time.perf_counter() - began


def main() -> None:
    print(f"import service.app: {import_cpu_s():.2f} s of CPU")
    starts = [start() for _ in range(5)]
    print(f"lur serve until it is ready: {median(s for s, _ in starts):.2f} s of CPU")
    print(f"first translation, bundled model: {median(f for _, f in starts):.2f} s")
    with serve() as server:
        print(f"idle: {resident_mb(server):.0f} MB resident")
        text = (Path(__file__).parents[1] / "service" / "sample_article.txt").read_text()
        ask(server, "/v1/summarize", {"text": text, "translate_to": ["hy", "ru"]})
        print(f"with the three bundled models: {resident_mb(server):.0f} MB resident")


if __name__ == "__main__":
    main()
