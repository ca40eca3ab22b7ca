"""How long work on one model says where it is, and how it is told to stop."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from service.errors import ShuttingDown

__all__ = ["Progress", "Watch"]

T = TypeVar("T")


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
    """

    report: Callable[[Progress], None]
    cancelled: threading.Event = field(default_factory=threading.Event)
    _done: int = 0
    _total: int = 0

    def check(self) -> None:
        """Raises `ShuttingDown` if the work is to stop."""
        if self.cancelled.is_set():
            raise ShuttingDown

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
        self.check()
        self._done += count
        self.report(Progress("downloading", self._done, self._total))

    def call(self, work: Callable[[], T]) -> T:
        """Runs blocking network work in a thread of its own, which a cancellation abandons.

        A library that waits for a server cannot be interrupted: the thread is left to notice by
        itself (`advance`), or to end with the process.
        """
        future: Future[T] = Future()

        def body() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=body, daemon=True, name="download").start()
        while True:
            try:
                return future.result(timeout=0.05)
            except TimeoutError:
                if future.done():
                    raise
                self.check()
