"""Replicas of the service, each on a host of its own, behind the HAProxy of `deploy/compose`.

A host is a network namespace with one address on a bridge; its cable can be pulled. Needs root,
iproute2 and haproxy. The engine is the bundled translators' with a fixed cost for every batch
(`tests.faulty`), so that replicas on one machine do not take each other's CPU.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.processes import cpu_s

__all__ = ["BATCH_JOBS", "BATCH_S", "WORD", "Cluster", "Replica", "configuration"]

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "compose" / "haproxy.cfg"
NETWORK = "10.203.0"
BRIDGE = "lur-br"
PORT = 8000

WORD = "slowly"
BATCH_S = 1.0
BATCH_JOBS = 8
"""A batch takes so long however many jobs it has, and has so many at most: 8 jobs a second. That
is seldom enough for clients, proxy and all that is around the engines to take little of two CPUs;
or the machine would be what is measured."""

SENTENCE_TOKENS = 32
"""Padded tokens of a sentence of `load`, at least; a batch's budget is so many for each job."""

SETTINGS = {
    "LUR_PROFILE": "bundled",
    "LUR_PRELOAD": "bundled-en-hy",
    "LUR_OPEN": "yes",
    "LUR_WORKERS": "1",
    "LUR_THREADS": "1",
    "LUR_RESULT_CACHE_BYTES": "0",
    "LUR_REPAIR_TRIES": "0",
    "LUR_MAX_BATCH_TOKENS": str(BATCH_JOBS * SENTENCE_TOKENS),
    "FAULT_SLOW": WORD,
    "FAULT_SLOW_S": str(BATCH_S),
}


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Replica:
    """One process on one host."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.address = f"{NETWORK}.{number + 10}"
        self._host, self._cable = f"lur-{number}", f"lur-v{number}"
        self._process: subprocess.Popen[bytes] | None = None

    def attach(self) -> None:
        """Makes its host and plugs it in."""
        run("ip", "netns", "add", self._host)
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "eth0", "netns", self._host)
        run("ip", "link", "set", self._cable, "master", BRIDGE, "up")
        run("ip", "-n", self._host, "addr", "add", f"{self.address}/24", "dev", "eth0")
        run("ip", "-n", self._host, "link", "set", "eth0", "up")
        run("ip", "-n", self._host, "link", "set", "lo", "up")

    def detach(self) -> None:
        """Takes its host away, whatever of it is there."""
        self.kill()
        # A host goes some time after its name; its cable would be in the way of the next run's.
        for command in (["ip", "link", "del", self._cable], ["ip", "netns", "del", self._host]):
            subprocess.run(command, capture_output=True, check=False)

    def cpu_s(self) -> float:
        """CPU seconds of its process so far."""
        return cpu_s(self._process.pid) if self._process is not None else 0.0

    def start(self) -> None:
        """Starts the service; returns when it is ready."""
        serve = [sys.executable, "-m", "tests.faulty", "serve", "--host", self.address]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LUR_", "FAULT_"))}
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", self._host, *serve, "--port", str(PORT)],
            env=clean | SETTINGS,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while not self.is_ready():
            if time.monotonic() > until or self._process.poll() is not None:
                raise RuntimeError(f"replica {self.number} does not start")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        try:
            url = f"http://{self.address}:{PORT}/health/ready"
            with urllib.request.urlopen(url, timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """As a machine does that loses its power."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """As an orchestrator does; returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        code, self._process = self._process.wait(60), None
        return code

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Pulls its cable: what is under way gets neither an answer nor an end."""
        run("ip", "link", "set", self._cable, "down")

    def plug_in(self) -> None:
        run("ip", "link", "set", self._cable, "up")


class Cluster:
    """So many replicas behind one HAProxy; `url` is where it listens."""

    url = f"http://127.0.0.1:{PORT + 10_100}"

    def __init__(self, size: int) -> None:
        self.replicas = [Replica(number) for number in range(size)]
        self._files = tempfile.TemporaryDirectory()
        self._proxy: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Cluster":
        self._clear()
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for replica in self.replicas:
            replica.attach()
            replica.start()
        path = Path(self._files.name) / "haproxy.cfg"
        address = self.url.removeprefix("http://")
        path.write_text(configuration(self.replicas, address, path.parent))
        self._proxy = subprocess.Popen(["haproxy", "-f", str(path)], stderr=subprocess.DEVNULL)
        time.sleep(3)  # its checks have found the replicas
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.wait()
        self._clear()
        self._files.cleanup()

    def proxy_cpu_s(self) -> float:
        """CPU seconds of HAProxy so far."""
        assert self._proxy is not None
        return cpu_s(self._proxy.pid)

    def _clear(self) -> None:
        """Takes away what is there, of a run that was killed too."""
        for replica in self.replicas:
            replica.detach()
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)


def configuration(replicas: Sequence[Replica], address: str, directory: Path) -> str:
    """The configuration that ships, with addresses in place of names, and no other change.

    Args:
        replicas: where requests go.
        address: where HAProxy listens.
        directory: where its socket for statistics is.
    """
    text = CONFIGURATION.read_text()
    template = re.compile(r"^ +server-template .* init-addr \S+(.*)$", re.MULTILINE)
    [options] = template.findall(text)
    servers = "\n".join(
        f"    server lur{replica.number} {replica.address}:{PORT}{options}" for replica in replicas
    )
    text, templates = template.subn(servers, text)
    text, binds = re.subn(r"bind :8000", f"bind {address}", text)
    text, sockets = re.subn(r"/tmp/haproxy", f"{directory}/haproxy", text)
    assert templates == binds == sockets == 1
    return text
