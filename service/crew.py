"""One engine and the threads that work it.

An engine is built and warmed up in a thread that belongs to it; where it runs several batches at
once, as many threads less one help with those. Whoever of them leaves last closes it. So an engine
in which a call hangs is closed when that call returns, if ever, and nobody waits for that. Knows
neither task nor spec, nor who replaces an engine.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from service.batching import Batcher, Shift
from service.engines.base import Decoding, Engine

__all__ = ["WARM_UP_TEXT", "Crew"]

WARM_UP_TEXT = "Warm up."


class Crew:
    """The threads of one engine; `Crew.ready` makes it.

    Attributes:
        engine: what they work.
        shift: what the queue knows of them.
    """

    def __init__(self, name: str, engine: Engine) -> None:
        self.engine = engine
        self.shift = Shift(engine.generate, self._is_sound)
        self._name = name
        self._inside = 0
        self._lock = threading.Lock()

    @classmethod
    def ready(cls, name: str, build: Callable[[], Engine]) -> "Crew":
        """Builds an engine and warms it up, in the thread that will work it.

        Raises:
            BaseException: whatever building or the first batch raised; nothing is left of it.
        """
        crew = cls(name, build())
        try:
            crew._warm_up()
        except BaseException:
            crew.engine.close()  # the error's traceback would keep the weights in memory
            raise
        return crew

    def work(self, batcher: Batcher, left: Callable[["Crew"], None]) -> None:
        """Runs batches in this thread and others, until the queue or the engine is at its end.

        When the last thread is out, the engine is closed, and `left` is called.
        """
        workers = self.engine.workers
        self._inside = workers
        for number in range(2, workers + 1):
            thread = threading.Thread(
                target=self._work,
                args=(batcher, left),
                name=f"{self._name}-{number}",
                daemon=True,  # an engine that hangs must not keep the process from ending
            )
            try:
                thread.start()
            except RuntimeError:  # the machine gives no more; fewer serve as well
                self._go(left)
        self._work(batcher, left)

    def _work(self, batcher: Batcher, left: Callable[["Crew"], None]) -> None:
        try:
            batcher.work(self.shift)
        finally:
            self._go(left)

    def _go(self, left: Callable[["Crew"], None]) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
        try:
            self.engine.close()
        finally:
            left(self)

    def _warm_up(self) -> None:
        self.engine.generate([self.engine.encode(WARM_UP_TEXT)], Decoding(max_tokens=2))

    def _is_sound(self) -> bool:
        """Whether the engine still does what it did when it was begun."""
        with suppress(BaseException):  # the engine's boundary: it may raise what it likes
            self._warm_up()
            return True
        return False
