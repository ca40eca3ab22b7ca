"""Ends a uvicorn server in an order that loses no accepted request.

The first signal: requests that are under way go on for the grace time, while new ones are told to
go elsewhere, on old connections and new ones; then the server closes. The second signal: it ends at
once. Knows neither requests nor models: the application refuses what is new by itself.
"""

import asyncio
import logging
import math
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import NoReturn

import uvicorn

__all__ = ["GracefulServer", "leave"]

ANSWER_S = 2.0
"""For the last answers, after the grace time: a line that says the process ends, to each."""

LAST_RESORT_S = 15.0
"""Behind the grace time. If the process is still there then, the kernel ends it: whatever blocks
an interpreter does not block that."""

CLOSE = (b"connection", b"close")

_log = logging.getLogger(__name__)


class GracefulServer(uvicorn.Server):
    """A server that ends well.

    Args:
        config: uvicorn's; its `timeout_graceful_shutdown` is ours to set.
        stopping: set at the first signal.
        grace_s: time for what was accepted before.
    """

    def __init__(self, config: uvicorn.Config, stopping: threading.Event, grace_s: float) -> None:
        config.timeout_graceful_shutdown = math.ceil(ANSWER_S)
        super().__init__(config)
        self._stopping = stopping
        self._grace_s = grace_s

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves until the first signal and its grace.

        SIGHUP is what a terminal sends that is closed: an end like any other, unless `nohup` had it
        ignored.
        """
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self.handle_exit)
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins the end; the second time, ends the process with 128 + the signal's number."""
        if self._stopping.is_set():
            os._exit(128 + sig)
        self._stopping.set()
        self.server_state.default_headers.append(CLOSE)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(math.ceil(self._grace_s + LAST_RESORT_S))
        self.should_exit = True

    def _end_connections(self) -> None:
        """Has every answer end its connection from now on.

        Requests that come get these headers, of which uvicorn makes a new list each second.
        """
        if CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers.append(CLOSE)
        for connection in self.server_state.connections:
            cycle = getattr(connection, "cycle", None)  # not of other protocols than HTTP/1.1
            if cycle is not None:
                cycle.keep_alive = False

    async def on_tick(self, counter: int) -> bool:
        """Does what is to be done ten times a second; returns whether to stop."""
        ends = await super().on_tick(counter)
        if self._stopping.is_set():
            self._end_connections()
        return ends

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits for what was accepted, answering all others; then closes as uvicorn does."""
        accepted = set(self.server_state.tasks)
        _log.info("stopping", extra={"requests": len(accepted), "grace_s": self._grace_s})
        if accepted:
            _, late = await asyncio.wait(accepted, timeout=self._grace_s)
            await self._give_up(late)
        await super().shutdown(sockets)

    async def _give_up(self, late: set[asyncio.Task[None]]) -> None:
        """Cancels what is not done; each is answered that the process ends, if it still can be."""
        if not late:
            return
        _log.warning("grace_over", extra={"requests": len(late)})
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=ANSWER_S)


def leave(code: int) -> NoReturn:
    """Ends the process; a signal that comes now changes nothing any more.

    With threads left in an engine that hangs, the interpreter's own way out could wait or abort.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.shutdown()
    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
