"""What the service costs before it does anything: `make footprint`.

Prints the CPU seconds that `import service.app` takes (least of five fresh processes), those of a
whole start and the time of the first request (medians of five), and the resident memory of an idle
server, then of one with the bundled models loaded.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

IMPORT = "import time; import service.app; print(time.process_time())"
PORT = 18765


def import_cpu_s() -> float:
    runs = [subprocess.check_output([sys.executable, "-c", IMPORT]) for _ in range(5)]
    return min(map(float, runs))


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def ask(path: str, body: dict[str, object] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        answer: bytes = response.read()
    return answer


def cpu_s(pid: int) -> float:
    """User and system time of a process: fields 14 and 15 of /proc/PID/stat, proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server() -> Iterator[int]:
    """A fresh service with the bundled models, ready; gives its process id."""
    command = [sys.executable, "-m", "service.cli", "serve", "--profile", "bundled"]
    process = subprocess.Popen([*command, "--port", str(PORT), "--log-level", "warning"])
    try:
        while True:
            try:
                ask("/health/live")
                ask("/health/ready")
                break
            except OSError:
                time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def start() -> tuple[float, float]:
    """CPU seconds until a fresh process is ready, seconds its first translation takes."""
    with server() as pid:
        ready = cpu_s(pid)
        began = time.perf_counter()
        ask("/v1/translate", {"text": "The minister arrived on Monday.", "target": "ru"})
        return ready, time.perf_counter() - began


def main() -> None:
    print(f"import service.app: {import_cpu_s():.2f} s of CPU")
    starts = [start() for _ in range(5)]
    print(f"lur serve until it is ready: {median(s for s, _ in starts):.2f} s of CPU")
    print(f"first translation, bundled model: {median(f for _, f in starts):.2f} s")
    with server() as pid:
        print(f"idle: {resident_mb(pid):.0f} MB resident")
        text = (Path(__file__).parents[1] / "service" / "sample_article.txt").read_text()
        ask("/v1/summarize", {"text": text, "translate_to": ["hy", "ru"]})
        print(f"with the three bundled models: {resident_mb(pid):.0f} MB resident")


if __name__ == "__main__":
    main()
