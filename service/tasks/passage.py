"""One text on its way into another language: its segments become final one after another.

A segment is final when nothing before it can change and its own tries are over; what is said of it
depends on it and on its predecessors alone. Knows neither how a segment is translated nor who is
told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from service.models.catalog import ModelSpec
from service.runner import ModelInfo
from service.tasks.judge import Candidate, Judge
from service.tasks.repair import Work
from service.tasks.results import Caution, Range, TranslatedSegment, Translation, bundled_model
from service.telemetry import metrics
from service.text.alignment import Carrier, Link, relinked
from service.text.consistency import Renderings
from service.text.finding import Finding
from service.text.segment import Document, Segment

__all__ = ["Done", "Passage"]

CUT_SHORT = Finding(
    "repair_cut_short", "", "the time was over before it was translated once more; ask again"
)


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


@dataclass(slots=True, eq=False)
class Passage:
    """A text and the works of its segments.

    Attributes:
        index: of the text.
        works: by the index of the segment; where there is none, nothing is to be translated.
        renderings: how names are rendered in it, and in what is read before it of the same input.
        final: the segments that are, from the first on.
    """

    index: int
    document: Document
    works: Mapping[int, Work]
    judge: Judge
    renderings: Renderings
    final: list[TranslatedSegment] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether all of its segments are."""
        return len(self.final) == len(self.document.segments)

    @property
    def can_go_on(self) -> bool:
        """Whether the next segment can be made final."""
        return not self.is_final and self._is_settled(len(self.final))

    def _is_settled(self, index: int) -> bool:
        work = self.works.get(index)
        return work is None or work.settled

    def go_on(self) -> None:
        """Makes final what can be: segments whose works are settled, up to the first that is not.

        A segment gets a warning where a name is not translated as it was before in the same text.
        """
        while self.can_go_on:
            index = len(self.final)
            segment, work = self.document.segments[index], self.works.get(index)
            text = segment.text if work is None else work.best.text
            findings = self.renderings.read(segment.text, text)
            self.final.append(_translated(index, segment, work, findings))

    def done(self, spec: ModelSpec, candidates: int) -> Done:
        """Puts the text together, when it is final; so many `candidates` of it as differ."""
        works = list(self.works.values())
        ranked = [tuple(self._ranked(rank)) for rank in range(candidates)]
        texts = [self.document.rejoin([one.text for one in segments]) for segments in ranked]
        warnings = [warning for segment in self.final for warning in segment.warnings]
        for warning in warnings:
            metrics.WARNINGS.labels("translate", warning.code).inc()
        if spec.bundled:
            warnings.append(bundled_model(spec.name, spec.worth))
        return Done(
            Translation(
                index=self.index,
                target=self.judge.languages[1],
                text=texts[0],
                alternatives=tuple(dict.fromkeys(t for t in texts[1:] if t != texts[0])),
                segments=tuple(self.final),
                warnings=tuple(warnings),
                others=tuple(ranked[1:]),
            ),
            input_tokens=sum(work.trial.tokens for work in works),
            output_tokens=sum(work.tokens for work in works),
            fallback=next((w.best.model for w in works if w.best.model is not None), None),
        )

    def _ranked(self, rank: int) -> Iterator[TranslatedSegment]:
        """The segments with the candidates of this rank; where there are fewer, with the last."""
        for index, segment in enumerate(self.final):
            work = self.works.get(index)
            if work is None or not rank:
                yield segment
            else:
                said = work.candidates[: rank + 1][-1]
                yield replace(
                    segment,
                    text=said.text,
                    score=said.score,
                    raw=said.raw,
                    repair=said.way,
                    links=_links(said),
                )


def _translated(
    index: int, segment: Segment, work: Work | None, further: list[Finding]
) -> TranslatedSegment:
    source = Range(segment.start, segment.end)
    if work is None:
        warnings = tuple(_caution(finding, index) for finding in further)
        return TranslatedSegment(source, segment.text, None, segment.text, warnings)
    best = work.best
    if work.cut_short:
        further = [*further, CUT_SHORT]
    return TranslatedSegment(
        source,
        best.text,
        best.score,
        best.raw,
        tuple(_caution(finding, index) for finding in (*best.findings, *further)),
        best.way,
        _links(best),
    )


def _links(said: Candidate) -> tuple[Link, ...]:
    """The links of a candidate as its type is set."""
    return tuple(relinked(said.links, Carrier(said.raw, said.text))) if said.links else ()


def _caution(finding: Finding, segment: int) -> Caution:
    value = finding.value or None
    return Caution(finding.code, finding.message, value=value, segment=segment)
