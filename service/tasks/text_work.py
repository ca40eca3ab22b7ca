"""Texts into one language with one leased model: split, try, judge, repair, put together.

Everything between the sentences comes back as it was. Knows no request, no route and no cache.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from service.markup.blocks import Block
from service.tasks.aside import aside, weight
from service.tasks.judge import Judge
from service.tasks.passage import Done, Passage
from service.tasks.placing import kept_of
from service.tasks.repair import Repair, Work
from service.tasks.telling import Telling
from service.tasks.told import Told
from service.tasks.trials import LeasedModel, Output
from service.telemetry import metrics
from service.text.consistency import Renderings
from service.text.kept import apart, without
from service.text.segment import Document, Splitting, is_translatable, split

__all__ = ["Done", "TextWork"]


@dataclass(frozen=True, slots=True)
class TextWork:
    """What the texts of one request into one language have in common."""

    model: LeasedModel
    judge: Judge
    repair: Repair
    splitting: Splitting = "lines"

    async def translate(
        self, blocks: Sequence[Block], told: Told | None = None, inputs: Sequence[int] = ()
    ) -> list[Done]:
        """Translates the texts: prepare, run, judge, repair what failed, put together.

        Each step is done for all of them at once: many short texts are as much work as a long one,
        and would hold up the event loop as long. Unless somebody is to be `told`, of each segment
        when it is final, in the order of texts and sentences: see `Telling`.

        Args:
            inputs: for each block which input it is from, where several are from one.
        """
        size = sum(weight(block.text) for block in blocks)
        passages = await aside(size, self._prepared, blocks, inputs or range(len(blocks)))
        if told is not None:
            return await Telling(self.repair, passages, told).run()
        works = [work for passage in passages for work in passage.works.values()]
        outputs = await self.model.run([work.trial for work in works])
        said = sum(len(output.text) for found in outputs for output in found)
        await aside(max(size, said), self._take_in, works, outputs)
        await self.repair.mend(works)
        return await aside(size, lambda: [self._finish(passage) for passage in passages])

    def _prepared(self, blocks: Sequence[Block], inputs: Sequence[int]) -> list[Passage]:
        renderings = {number: Renderings(self.judge.languages) for number in set(inputs)}
        return [
            self._passage(index, block, renderings[number])
            for index, (block, number) in enumerate(zip(blocks, inputs, strict=True))
        ]

    def _passage(self, index: int, block: Block, renderings: Renderings) -> Passage:
        """The text's segments, and a work for each that has words."""
        document = split(block.text, self.judge.languages[0], self.splitting)
        keeping = apart(block.text, document.segments, kept_of(block))
        borders = _borders(block)
        works = {}
        for number, (segment, kept) in enumerate(keeping):
            if not is_translatable(without(segment.text, kept)):
                metrics.SEGMENTS.labels("passed_through").inc()
                continue
            first = bisect_right(borders, segment.start)
            aligned = first < len(borders) and borders[first] < segment.end
            trial = self.model.trial(segment.text, kept=kept, aligned=aligned)
            metrics.SEGMENTS.labels("translated" if len(trial.pieces) == 1 else "cut").inc()
            works[number] = Work(segment, self.judge.terms(segment.text), trial, kept=kept)
        document = Document(block.text, tuple(segment for segment, _ in keeping))
        return Passage(index, document, works, self.judge, renderings)

    def _take_in(self, works: Sequence[Work], outputs: Sequence[Sequence[Output]]) -> None:
        """Judges the first translations."""
        for work, found in zip(works, outputs, strict=True):
            work.take_in(found, self.judge)

    def _finish(self, passage: Passage) -> Done:
        for work in passage.works.values():
            work.settled = True
        passage.go_on()
        return passage.done(self.model.spec, self.model.decoding.hypotheses)


def _borders(block: Block) -> list[int]:
    """Where marks begin and end whose place in a translation is to be found, in order."""
    places = (
        place
        for mark in block.marks
        if not mark.keep or mark.start == mark.end
        for place in (mark.start, mark.end)
    )
    return sorted(set(places))
