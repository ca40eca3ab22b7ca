"""One loaded model: its threads, its queue, its warm-up and its end.

The engine is built, warmed up and closed in one thread that belongs to it; where it runs several
batches at once, as many threads less one help with those. Knows no task and no spec.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass

from service.batching import Batcher, Flow, JobResult
from service.engines.base import Decoding, Description, Engine

__all__ = ["Flow", "ModelInfo", "Runner"]

WARM_UP_TEXT = "Warm up."

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model did the work, in the words of the answer."""

    name: str
    repository: str
    revision: str
    license: str
    engine: str
    quantization: str


class Runner:
    """A model that runs. Made by `Runner.start`.

    Attributes:
        info: what an answer says of the model.
    """

    def __init__(
        self,
        info: ModelInfo,
        build: Callable[[], Engine],
        *,
        max_jobs: int,
        max_batch_tokens: int,
        batch_wait_s: float,
    ) -> None:
        self.info = info
        self._batcher = Batcher(
            info.name,
            lambda sources, decoding: self._engine.generate(sources, decoding),  # noqa: PLW0108
            max_jobs=max_jobs,
            max_batch_tokens=max_batch_tokens,
            batch_wait_s=batch_wait_s,
        )
        self._engine: Engine
        self._started: Future[None] = Future()
        self._stopped: Future[None] = Future()
        # A daemon: an engine that hangs must not keep the process from ending.
        self._thread = threading.Thread(
            target=self._live, args=(build,), name=f"runner-{info.name}", daemon=True
        )

    async def start(self) -> "Runner":
        """Builds the engine in its thread, warms it up and returns when it is ready.

        If it is cancelled, the thread frees the engine as soon as it is built.

        Raises:
            Exception: whatever building or the first batch raised; the thread is gone then.
        """
        self._started.set_running_or_notify_cancel()  # from here on only the thread settles it
        self._thread.start()
        try:
            await asyncio.wrap_future(self._started)
        except asyncio.CancelledError:
            self._batcher.close()
            raise
        return self

    def _live(self, build: Callable[[], Engine]) -> None:
        try:
            engine = self._engine = build()
            try:
                engine.generate([engine.encode(WARM_UP_TEXT)], Decoding(max_tokens=2))
            except BaseException:
                engine.close()  # the error's traceback would keep the weights in memory
                raise
        except BaseException as error:
            self._started.set_exception(error)
            self._stopped.set_result(None)
            return
        self._batcher.expect(engine.workers)
        self._started.set_result(None)
        try:
            with closing(engine):
                self._work(engine.workers)
        finally:
            self._stopped.set_result(None)

    def _work(self, workers: int) -> None:
        """Runs batches in this thread and others, until all of them are done."""
        others = [
            threading.Thread(
                target=self._batcher.work, name=f"runner-{self.info.name}-{number}", daemon=True
            )
            for number in range(2, workers + 1)
        ]
        for thread in others:
            thread.start()
        self._batcher.work()
        for thread in others:
            thread.join()

    @property
    def description(self) -> Description:
        return self._engine.description

    @property
    def memory_bytes(self) -> int:
        return self._engine.memory_bytes

    @property
    def is_full(self) -> bool:
        """Whether the queue would refuse a job now."""
        return self._batcher.is_full

    def encode(self, text: str) -> list[str]:
        """Returns the source tokens of `text`, special ones included. From any thread.

        Half a surrogate pair becomes U+FFFD: the tokenizers refuse what UTF-8 cannot write.
        """
        return self._engine.encode(_SURROGATES.sub("\ufffd", text))

    def count(self, text: str) -> int:
        """Returns how many tokens `text` takes in the window, special ones included."""
        return len(self.encode(text))

    def submit(
        self, sources: Sequence[Sequence[str]], decoding: Decoding, flow: Flow
    ) -> list["asyncio.Future[JobResult]"]:
        """Queues one job per source, all or none, and returns at once; a future for each.

        Cancelling a future drops its job if that has not begun; `InferenceFailed` is its failure.

        Raises:
            QueueFull, ShuttingDown: nothing was queued.
        """
        return [asyncio.wrap_future(f) for f in self._batcher.submit(sources, decoding, flow)]

    async def close(self) -> None:
        """Finishes what was accepted, frees the engine and returns when the thread is done."""
        self._batcher.close()
        await asyncio.shield(asyncio.wrap_future(self._stopped))
