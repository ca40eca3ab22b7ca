"""What the service costs before it does anything: `make footprint`.

Prints the CPU seconds that `import service.app` takes (least of five fresh processes) and the
resident memory of an idle server, then of one with the bundled models loaded.
"""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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


def main() -> None:
    print(f"import service.app: {import_cpu_s():.2f} s of CPU")
    command = [sys.executable, "-m", "service.cli", "serve", "--profile", "bundled"]
    server = subprocess.Popen([*command, "--port", str(PORT), "--log-level", "warning"])
    try:
        while True:
            try:
                ask("/health/live")
                break
            except OSError:
                time.sleep(0.1)
        print(f"idle: {resident_mb(server.pid):.0f} MB resident")
        text = (Path(__file__).parents[1] / "service" / "sample_article.txt").read_text()
        ask("/v1/summarize", {"text": text, "translate_to": ["hy", "ru"]})
        print(f"with the three bundled models: {resident_mb(server.pid):.0f} MB resident")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
