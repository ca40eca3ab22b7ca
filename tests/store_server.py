"""A Valkey or Redis of the tests' own: Debian's, as a process that can be stopped and killed.

Without one these tests are skipped, and say so; with STORE_TESTS=required they fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from valkey import Valkey

PROGRAMS = ("valkey-server", "redis-server")


class StoreServer:
    """A server on a port of its own, which it keeps when it starts again.

    Attributes:
        url: without a password.
    """

    def __init__(self, program: str, directory: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self._command = [
            *(program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)),
            *("--save", "", "--appendonly", "no", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                assert time.monotonic() < limit, "it does not start"
                assert self._process.poll() is None, "it ended"
                time.sleep(0.01)

    def hang(self) -> None:
        """Has it do nothing, and yet be connected, until `go_on`."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    @contextmanager
    def client(self, **options: str) -> Iterator["Valkey[bytes]"]:
        """Somebody else who uses it."""
        client: Valkey[bytes] = Valkey(port=self.port, **options)  # type: ignore[arg-type]
        try:
            yield client
        finally:
            client.close()

    def names(self, pattern: str = "*") -> list[bytes]:
        with self.client() as client:
            return sorted(client.keys(pattern))


@contextmanager
def store_server(directory: Path, *options: str) -> Iterator[StoreServer]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = f"no shared store to test with: {' and '.join(PROGRAMS)} missing"
        if os.environ.get("STORE_TESTS") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    server = StoreServer(program, directory, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
