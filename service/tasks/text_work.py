"""Texts into one language with one leased model: split, try, judge, repair, put together.

Everything between the sentences comes back as it was. Knows no request, no route and no cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.runner import ModelInfo
from service.tasks.aside import aside, weight
from service.tasks.judge import Judge
from service.tasks.repair import Repair, Work
from service.tasks.results import Caution, Range, TranslatedSegment, Translation, bundled_model
from service.tasks.trials import LeasedModel, Output
from service.telemetry import metrics
from service.text.consistency import inconsistent
from service.text.finding import Finding
from service.text.segment import Document, Segment, Splitting, split

__all__ = ["Done", "TextWork"]


@dataclass(frozen=True, slots=True)
class Done:
    """One text in one language.

    Attributes:
        fallback: the model of the segments that the first one failed at, if any is.
    """

    translation: Translation
    input_tokens: int
    output_tokens: int
    fallback: ModelInfo | None = None


@dataclass(frozen=True, slots=True)
class TextWork:
    """What the texts of one request into one language have in common."""

    model: LeasedModel
    judge: Judge
    repair: Repair
    splitting: Splitting = "lines"

    async def translate(self, texts: Sequence[str]) -> list[Done]:
        """Translates the texts: prepare, run, judge, repair what failed, put together.

        Each step is done for all of them at once: many short texts are as much work as a long one,
        and would hold up the event loop as long.
        """
        size = sum(map(weight, texts))
        prepared = await aside(size, lambda: [self._prepare(text) for text in texts])
        works = [work for _, found in prepared for work in found]
        outputs = await self.model.run([work.trial for work in works])
        said = sum(len(output.text) for found in outputs for output in found)
        await aside(max(size, said), self._take_in, works, outputs)
        await self.repair.mend(works)
        return await aside(size, lambda: [self._finish(*one) for one in prepared])

    def _prepare(self, text: str) -> tuple[Document, list[Work]]:
        """The text's segments, and a work for each that has words."""
        document = split(text, self.judge.languages[0], self.splitting)
        works = []
        for segment in document.segments:
            if not segment.translatable:
                metrics.SEGMENTS.labels("passed_through").inc()
                continue
            trial = self.model.trial(segment.text)
            metrics.SEGMENTS.labels("translated" if len(trial.pieces) == 1 else "cut").inc()
            works.append(Work(segment, self.judge.terms(segment.text), trial))
        return document, works

    def _take_in(self, works: Sequence[Work], outputs: Sequence[Sequence[Output]]) -> None:
        """Judges the first translations."""
        for work, found in zip(works, outputs, strict=True):
            work.tokens = found[0].tokens
            work.add([self.judge.judge(work.segment.text, work.terms, output) for output in found])

    def _finish(self, document: Document, works: Sequence[Work]) -> Done:
        by_segment = {work.segment: work for work in works}
        ranked = [
            _segments(index, segment, by_segment.get(segment))
            for index, segment in enumerate(document.segments)
        ]
        best = _consistent([candidates[0] for candidates in ranked], document, self.judge)
        count = self.model.decoding.hypotheses
        texts = [
            document.rejoin([c[min(rank, len(c) - 1)].text for c in ranked])
            for rank in range(count)
        ]
        warnings = [warning for segment in best for warning in segment.warnings]
        for warning in warnings:
            metrics.WARNINGS.labels("translate", warning.code).inc()
        spec = self.model.spec
        if spec.bundled:
            warnings.append(bundled_model(spec.name, spec.worth))
        return Done(
            Translation(
                index=0,
                target=self.judge.languages[1],
                text=texts[0],
                alternatives=tuple(dict.fromkeys(t for t in texts[1:] if t != texts[0])),
                segments=tuple(best),
                warnings=tuple(warnings),
            ),
            input_tokens=sum(work.trial.tokens for work in works),
            output_tokens=sum(work.tokens for work in works),
            fallback=next((w.best.model for w in works if w.best.model is not None), None),
        )


def _segments(index: int, segment: Segment, work: Work | None) -> list[TranslatedSegment]:
    """The candidates for one segment, best first."""
    source = Range(segment.start, segment.end)
    if work is None:
        return [TranslatedSegment(source, segment.text, None, raw=segment.text)]
    return [
        TranslatedSegment(
            source,
            candidate.text,
            candidate.score,
            candidate.raw,
            tuple(_caution(finding, index) for finding in candidate.findings),
            candidate.way,
        )
        for candidate in work.candidates
    ]


def _consistent(
    segments: Sequence[TranslatedSegment], document: Document, judge: Judge
) -> list[TranslatedSegment]:
    """Adds a warning where a name is not translated as it was before in the same text."""
    found = list(segments)
    pairs = [
        (source.text, segment.text)
        for source, segment in zip(document.segments, segments, strict=True)
    ]
    for index, finding in inconsistent(pairs, judge.languages):
        warnings = (*found[index].warnings, _caution(finding, index))
        found[index] = replace(found[index], warnings=warnings)
    return found


def _caution(finding: Finding, segment: int) -> Caution:
    value = finding.value or None
    return Caution(finding.code, finding.message, value=value, segment=segment)
