"""Starts a server, waits until it answers, and reads what it has used from `/proc`.

Linux only. Must not know: which contender it is, the clients.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["Process", "cpu_s", "free_port", "peak_bytes", "resident_bytes", "say", "tree"]

_TICKS = os.sysconf("SC_CLK_TCK")


def say(line: str) -> None:
    """Tells the user where the run is."""
    print(line, file=sys.stderr, flush=True)


def tree(pid: int) -> Iterator[int]:
    """Yields `pid` and the processes that descend from it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            yield from tree(int(child))


def cpu_s(pid: int) -> float:
    """Returns the CPU seconds of the process tree, ended children that were waited for included."""
    ticks = 0
    for member in tree(pid):
        try:
            stat = Path(f"/proc/{member}/stat").read_text()
        except OSError:
            continue
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / _TICKS


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of the process tree."""
    return sum(_status_bytes(member, "VmRSS") for member in tree(pid))


def peak_bytes(pid: int) -> int:
    """Returns the sum of the largest resident memory that each process of the tree ever had."""
    return sum(_status_bytes(member, "VmHWM") for member in tree(pid))


def free_port() -> int:
    """Returns a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A server on the loopback interface; ends with the `with` block.

    Args:
        command: its arguments; `{port}` in one of them is replaced.
        environment: on top of this process's own, without its `LUR_` variables.
        health: a path that answers 200 when the server is ready.
        patience_s: how long that may take.

    Raises:
        RuntimeError: it ended, or was not ready in time; the end of its output is in the message.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        health: str,
        patience_s: float = 300.0,
    ) -> None:
        self.port = free_port()
        self._health = health
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
        self._output = tempfile.TemporaryFile()  # noqa: SIM115, closed with the process
        self._child = subprocess.Popen(
            [part.replace("{port}", str(self.port)) for part in command],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**inherited, **environment},
        )
        self.pid = self._child.pid
        try:
            self._wait(patience_s)
        except BaseException:
            self.close()
            raise

    def _wait(self, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while not answers(self.port, self._health):
            if self._child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self._child.args!r} is not ready:\n{self.output()}")
            time.sleep(0.02)

    def output(self) -> str:
        """Returns the end of what it printed."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), 4000, max(0, size - 4000)).decode(errors="replace")

    def close(self) -> None:
        """Ends it: SIGTERM, and SIGKILL where that does not help within twenty seconds."""
        members = list(tree(self.pid)) if self._child.poll() is None else []
        self._child.terminate()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for member in members[1:]:
            if resident_bytes(member):
                os.kill(member, 9)
        self._output.close()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def answers(port: int, path: str) -> bool:
    """Returns whether a GET of `path` is answered with 200 now."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            answered: bool = reply.status == 200
            return answered
    except (OSError, urllib.error.URLError):
        return False


def _status_bytes(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    kilobytes = next((line.split()[1] for line in lines if line.startswith(f"{field}:")), "0")
    return int(kilobytes) * 1024  # the file says kB and means KiB
