"""Runs the blocks of a document: a shell, scripts and a server, in a directory of their own.

Knows nothing of answers.
"""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Self

from tests.docs.blocks import ROOT, Block

__all__ = ["BlockFailed", "Session"]

PORT = "8000"
"""The port that the documents speak of."""

LINKED = ("service", "tests", "examples", "model_cache/bundled", "deploy")
"""What of a checkout the documents may read."""

KERNELS = {"CT2_FORCE_CPU_ISA": "AVX2", "CT2_USE_MKL": "0", "ONEDNN_MAX_CPU_ISA": "AVX2"}
"""Processors round otherwise, and of two words that are nearly as likely the summarizer then takes
the other one: by the kernels for AVX, AVX2 and AVX-512 and by MKL's the sample article got three
summaries. So these are computed as on any x86-64 processor with AVX2."""

BLOCK_S = 120
START_S = 60
END_S = 45


class BlockFailed(AssertionError):
    """A block did not do what it should; the message shows what it printed."""


class Session:
    """What a reader has: a checkout with its environment, and a server once it is started."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lur-docs-")
        self.directory = Path(self._folder.name)
        self.port = str(_free_port())
        self._server: subprocess.Popen[bytes] | None = None
        self._printed = self.directory / ".printed"
        for name in LINKED:
            if (ROOT / name).exists():
                link = self.directory / name
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(ROOT / name)
        (self.directory / ".curlrc").write_text("silent\nshow-error\nmax-time = 100\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            with suppress(BlockFailed) if error else nullcontext():  # the first failure is told
                self._end_server()
        finally:
            self._folder.cleanup()

    def run(self, block: Block, enough: Callable[[str], bool]) -> str:
        """Does what a block says and returns what it prints; nothing for a file.

        Args:
            block: what to do.
            enough: whether a server has printed all that is waited for.

        Raises:
            BlockFailed: it ended with another code than 0, or did not end.
        """
        if "file" in block.marks:
            (self.directory / block.marks["file"]).write_text(block.text, encoding="utf-8")
            return ""
        if "serves" in block.marks:
            return self._start(block.marks["serves"] or block.text, enough)
        command = ["bash", "-euo", "pipefail", "-c", self._with_port(block.text)]
        if block.kind == "python":
            command = [sys.executable, "-c", self._with_port(block.text)]
        try:
            done = subprocess.run(
                command,
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=BLOCK_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BlockFailed(f"did not end within {BLOCK_S} s: {error.output!r}") from error
        printed = self._as_shown(done.stdout)
        if done.returncode:
            raise BlockFailed(f"ended with code {done.returncode}:\n{printed}{self._log()}")
        return printed

    def _start(self, command: str, enough: Callable[[str], bool]) -> str:
        self._end_server()
        with self._printed.open("wb") as output:
            self._server = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._with_port(command)],
                cwd=self.directory,
                env=self._environment() | {"LUR_PORT": self.port},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await(self._lives, "it never answered")
        with suppress(BlockFailed):  # whoever compares says what is missing
            self._await(lambda: enough(self._log()), "it never printed that")
        return self._log()

    def _await(self, condition: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + START_S
        while not condition():
            assert self._server is not None
            if self._server.poll() is not None or time.monotonic() > until:
                raise BlockFailed(f"{otherwise}:\n{self._log()}")
            time.sleep(0.05)

    def _lives(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=5)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _end_server(self) -> None:
        """Presses Ctrl-C, as a reader would.

        Raises:
            BlockFailed: it did not end, or not well.
        """
        server, self._server = self._server, None
        if server is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGINT)
        try:
            code = server.wait(END_S)
        except subprocess.TimeoutExpired as error:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            raise BlockFailed(f"the server did not end:\n{self._log()}") from error
        if code not in (0, -signal.SIGINT, 128 + signal.SIGINT):
            raise BlockFailed(f"the server ended with code {code}:\n{self._log()}")

    def _log(self) -> str:
        return self._as_shown(self._printed.read_bytes()) if self._printed.exists() else ""

    def _environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LUR_", "HF_"))}
        return (
            clean
            | KERNELS
            | {
                "HOME": str(self.directory),
                "CURL_HOME": str(self.directory),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean.get('PATH', '')}",
                "PYTHONPATH": str(ROOT),
                "NO_PROXY": "127.0.0.1",
                "LUR_OFFLINE": "1",
                "LUR_MODEL_CACHE": str(self.directory / "model_cache"),
            }
        )

    def _with_port(self, text: str) -> str:
        return re.sub(rf"\b{PORT}\b", self.port, text)

    def _as_shown(self, output: bytes) -> str:
        text = output.decode("utf-8", errors="replace")
        for folder in (str(self.directory.resolve()), str(self.directory), str(ROOT)):
            text = text.replace(f"{folder}/", "")
        return re.sub(rf"\b{self.port}\b", PORT, text)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
