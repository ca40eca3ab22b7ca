"""How long work on one model says where it is, and how it is told to stop, or given up."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from service.errors import ShuttingDown
from service.models.remote import DownloadError

__all__ = ["Progress", "Stalled", "Watch"]

LEAST_BYTES = 2**18
"""What must come in within the patience of `Watch.call`: with 60 s, some 4 kB a second. Slower, a
model of 300 MB would take a day; a sender that trickles for ever is as good as one that hangs."""

T = TypeVar("T")


class Stalled(DownloadError):
    """Whoever sends has sent nothing, or next to nothing, for too long."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the work on one model is; `total_bytes` is 0 where nobody knows."""

    state: Literal["downloading", "converting"]
    done_bytes: int = 0
    total_bytes: int = 0

    @property
    def fraction(self) -> float | None:
        """0..1, or `None` where nobody knows."""
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else None


@dataclass(slots=True)
class Watch:
    """One caller's eyes and hands on the work: it is told the progress, and may cancel.

    Attributes:
        report: called from the caller's thread or the downloading one, often.
        cancelled: set it, and the work ends with `ShuttingDown` within a fraction of a second.
        remark: what the other side last said, for the reason if it then sends nothing.
    """

    report: Callable[[Progress], None]
    cancelled: threading.Event = field(default_factory=threading.Event)
    remark: str = ""
    _done: int = 0
    _total: int = 0
    _received: int = 0
    _stalled: Stalled | None = None

    @property
    def total_bytes(self) -> int:
        """Of the download that was begun; 0 where nobody knows."""
        return self._total

    def check(self) -> None:
        """Goes on, or not.

        Raises:
            ShuttingDown: the work is to stop.
            Stalled: it was given up; this is for the thread that was left behind.
        """
        if self.cancelled.is_set():
            raise ShuttingDown
        if self._stalled is not None:
            raise Stalled(str(self._stalled))

    def pause(self, seconds: float) -> None:
        """Waits, but not past a cancellation."""
        self.cancelled.wait(seconds)
        self.check()

    def waiting(self, state: Literal["downloading", "converting"]) -> None:
        """Says that work of unknown length goes on."""
        self.check()
        self.report(Progress(state))

    def begin(self, total_bytes: int, done_bytes: int = 0) -> None:
        """Begins to count the bytes of a download."""
        self._total, self._done = total_bytes, done_bytes
        self.advance(0)

    def advance(self, count: int) -> None:
        """Counts bytes that came in.

        Raises:
            ShuttingDown: the work is to stop.
        """
        self.received(count)
        self._done += count
        self.report(Progress("downloading", self._done, self._total))

    def received(self, count: int) -> None:
        """Says that bytes came in, without counting them as progress.

        Raises:
            ShuttingDown, Stalled: see `check`.
        """
        self.check()
        self._received += count

    def call(self, work: Callable[[], T], patience_s: float) -> T:
        """Runs blocking network work in a thread of its own, which a cancellation abandons.

        A library that waits for a server cannot be interrupted: the thread is left to notice by
        itself (`advance`, `received`), or to end with the process.

        Raises:
            Stalled: fewer than `LEAST_BYTES` came in within `patience_s`.
        """
        future: Future[T] = Future()

        def body() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=body, daemon=True, name="download").start()
        since, had = time.monotonic(), self._received
        while True:
            try:
                return future.result(timeout=0.05)
            except TimeoutError:
                if future.done():
                    raise
                self.check()
            if time.monotonic() - since > patience_s:
                if self._received - had < LEAST_BYTES:
                    self._stalled = self._stall(self._received - had, patience_s)
                    raise self._stalled
                since, had = time.monotonic(), self._received

    def _stall(self, came: int, patience_s: float) -> Stalled:
        sent = f"only {came} bytes" if came else "nothing"
        remark = f"; {self.remark}" if self.remark else ""
        return Stalled(f"{sent} came in within {patience_s:g} s{remark}")
