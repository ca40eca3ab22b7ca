"""Texts into one language with one leased model: split, try, judge, repair, put together.

Everything between the sentences comes back as it was. Knows no request, no route and no cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.tasks.aside import aside, weight
from service.tasks.judge import Judge
from service.tasks.passage import Done, Passage
from service.tasks.repair import Repair, Work
from service.tasks.telling import Telling
from service.tasks.told import Told
from service.tasks.trials import LeasedModel, Output
from service.telemetry import metrics
from service.text.segment import Splitting, split

__all__ = ["Done", "TextWork"]


@dataclass(frozen=True, slots=True)
class TextWork:
    """What the texts of one request into one language have in common."""

    model: LeasedModel
    judge: Judge
    repair: Repair
    splitting: Splitting = "lines"

    async def translate(self, texts: Sequence[str], told: Told | None = None) -> list[Done]:
        """Translates the texts: prepare, run, judge, repair what failed, put together.

        Each step is done for all of them at once: many short texts are as much work as a long one,
        and would hold up the event loop as long. Unless somebody is to be `told`, of each segment
        when it is final, in the order of texts and sentences: see `Telling`.
        """
        size = sum(map(weight, texts))
        passages = await aside(size, self._prepared, texts)
        if told is not None:
            return await Telling(self.repair, passages, told).run()
        works = [work for passage in passages for work in passage.works.values()]
        outputs = await self.model.run([work.trial for work in works])
        said = sum(len(output.text) for found in outputs for output in found)
        await aside(max(size, said), self._take_in, works, outputs)
        await self.repair.mend(works)
        return await aside(size, lambda: [self._finish(passage) for passage in passages])

    def _prepared(self, texts: Sequence[str]) -> list[Passage]:
        return [self._passage(index, text) for index, text in enumerate(texts)]

    def _passage(self, index: int, text: str) -> Passage:
        """The text's segments, and a work for each that has words."""
        document = split(text, self.judge.languages[0], self.splitting)
        works = {}
        for number, segment in enumerate(document.segments):
            if not segment.translatable:
                metrics.SEGMENTS.labels("passed_through").inc()
                continue
            trial = self.model.trial(segment.text)
            metrics.SEGMENTS.labels("translated" if len(trial.pieces) == 1 else "cut").inc()
            works[number] = Work(segment, self.judge.terms(segment.text), trial)
        return Passage(index, document, works, self.judge)

    def _take_in(self, works: Sequence[Work], outputs: Sequence[Sequence[Output]]) -> None:
        """Judges the first translations."""
        for work, found in zip(works, outputs, strict=True):
            work.take_in(found, self.judge)

    def _finish(self, passage: Passage) -> Done:
        for work in passage.works.values():
            work.settled = True
        passage.go_on()
        return passage.done(self.model.spec, self.model.decoding.hypotheses)
