"""What is shown in `examples/` runs as a user runs it: a process beside a running service."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.server.conftest import serve

__all__ = ["serve"]

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example:
    """Starts a program of `examples/` that talks to a service."""

    def __init__(self, name: str, server: str) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
        self._command = [sys.executable, str(EXAMPLES / name)]
        self._environment = clean | {"LUR_SERVER": server, "PYTHONIOENCODING": "utf-8"}

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *map(str, arguments)],
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            timeout=100,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Starts it as a terminal does: a shell's background jobs, and their children, are deaf to
        Ctrl-C.
        """
        return subprocess.Popen(
            [*self._command, *map(str, arguments)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )


@pytest.fixture
def running() -> Iterator[Callable[[subprocess.Popen[str]], subprocess.Popen[str]]]:
    """Takes a process, and sees to it that it ends with the test."""
    processes: list[subprocess.Popen[str]] = []

    def keep(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        processes.append(process)
        return process

    yield keep
    for process in processes:
        process.kill()
        process.communicate()
