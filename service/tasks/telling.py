"""Works on texts and tells of each segment as soon as it and all before it are final.

The model is given everything at once, in the order of the text, so that the queue sees what there
is and fills its batches; its flow begins with the first sentence alone (`Flow.ahead_jobs`). What
has been translated is judged at once. What fails is repaired while the rest goes on, and goes
before it, for who reads waits for it first.

Knows no request, no route and no cache.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from service.tasks.aside import aside, weight
from service.tasks.passage import Done, Passage
from service.tasks.repair import Repair, Work
from service.tasks.told import Begun, SegmentDone, TextDone, Told
from service.tasks.trials import Output

__all__ = ["Telling"]


class Telling:
    """Some texts in one language, on their way; for one `run`."""

    def __init__(self, repair: Repair, passages: Sequence[Passage], told: Told) -> None:
        self._repair, self._passages, self._told = repair, passages, told
        self._model, self._judge = repair.model, repair.judge
        self._target = repair.judge.languages[1]
        self._works = [work for passage in passages for work in passage.works.values()]
        self._landed: list[tuple[Work, list[Output]]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: BaseException | None = None
        self._news = asyncio.Event()
        self._done: list[Done] = []

    async def run(self) -> list[Done]:
        """Tells of every segment, text by text, and returns the texts.

        If it fails or is cancelled, all it has begun is cancelled and has ended.

        Raises:
            Unavailable, InferenceFailed: see `Memory.run`; what was told of before stands.
        """
        segments = sum(len(passage.document.segments) for passage in self._passages)
        self._told(Begun(self._target, segments))
        for place, work in enumerate(self._works):
            work.place = place
        trials = [work.trial for work in self._works]
        self._start(self._model.run(trials, [work.place for work in self._works], self._hear))
        try:
            await self._tell()
            while self._tasks or self._landed:
                await self._news.wait()
                await asyncio.sleep(0)  # the rest of its batch
                self._news.clear()
                await self._take_in()
                await self._tell()
                if self._failure is not None:
                    raise self._failure
            return self._done
        finally:
            await self._end()

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._failure = self._failure or failure
        self._news.set()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, index: int, outputs: list[Output]) -> None:
        self._landed.append((self._works[index], outputs))
        self._news.set()

    async def _take_in(self) -> None:
        """Judges what has come, and has repaired what fails."""
        landed, self._landed = self._landed, []
        size = sum(weight(work.segment.text) for work, _ in landed)
        said = sum(len(output.text) for _, outputs in landed for output in outputs)
        await aside(max(size, said), self._judge_all, landed)
        failing = [work for work, _ in landed if work.best.failures]
        if failing:
            self._start(self._mend(failing))

    def _judge_all(self, landed: Sequence[tuple[Work, Sequence[Output]]]) -> None:
        for work, outputs in landed:
            work.take_in(outputs, self._judge)
            work.settled = not work.best.failures

    async def _mend(self, works: Sequence[Work]) -> None:
        await self._repair.mend(works)
        for work in works:
            work.settled = True

    async def _tell(self) -> None:
        """Tells of what is final by now."""
        for passage in self._passages[len(self._done) :]:
            begin = len(passage.final)
            if passage.can_go_on:
                await aside(weight(passage.document.text), passage.go_on)
            for number, segment in enumerate(passage.final[begin:], begin):
                self._told(SegmentDone(passage.index, self._target, number, segment))
            if not passage.is_final:
                return
            spec, candidates = self._model.spec, self._model.decoding.hypotheses
            done = await aside(weight(passage.document.text), passage.done, spec, candidates)
            self._done.append(done)
            self._told(TextDone(passage.index, self._target, done.translation))
