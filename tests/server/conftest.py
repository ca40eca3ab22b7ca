"""Starts the service as its users do: a process of its own, on a free port."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TINY_CATALOG

FAULTS = {
    "FAULT_RAISE": "Raisewell",
    "FAULT_MEMORY": "Memorywell",
    "FAULT_NONSENSE": "Nonsensewell",
    "FAULT_BREAK": "Breakwell",
    "FAULT_HANG": "Hangwell",
    "FAULT_SLOW": "Slowwell",
}
"""The words at which `tests.faulty` misbehaves."""


def children(pid: int) -> list[int]:
    """The child processes of a process, whichever of its threads has begun them."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # that thread has ended
            found += map(int, file.read_text().split())
    return found


def until(condition: Callable[[], object], patience_s: float = 60) -> None:
    limit = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < limit, "it never came true"
        time.sleep(0.01)


class Server:
    """A running service.

    Attributes:
        module: what is started.
    """

    module = "service.cli"

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module, "serve", "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=clean | environment,
        )
        self.log: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._find_url()
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def _find_url(self) -> str:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if found := re.search(r"http://(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)", "".join(self.log)):
                return f"http://127.0.0.1:{found[1]}"
            assert self.process.poll() is None, "".join(self.log)
            time.sleep(0.05)
        raise AssertionError("".join(self.log))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Returns the lines of its log of one event."""
        lines = [json.loads(line) for line in list(self.log) if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def stop(self) -> int:
        """Asks it to end, as a container engine does, and returns its exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """Kills it if it still runs, and lets go of it."""
        self.client.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def serve(tiny_cache: Path, tiny_store: object) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*arguments: str, kind: type[Server] = Server, **environment: str) -> Server:
        environment.setdefault("LUR_CATALOG", str(TINY_CATALOG))
        environment.setdefault("LUR_PROFILE", "bundled")
        environment.setdefault("LUR_MODEL_CACHE", str(tiny_cache))
        environment.setdefault("LUR_THREADS", "1")
        environment.setdefault("LUR_OFFLINE", "1")
        started.append(kind(list(arguments), environment))
        return started[-1]

    yield start
    for server in started:
        server.kill()
