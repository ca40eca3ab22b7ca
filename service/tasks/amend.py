"""Sees to the sentences of a summary that say what the article does not.

A sentence with a doubtful number or name is said again by the model, or replaced by what the
article says itself, as long as the summary keeps its length; what cannot be helped keeps its
doubts. Knows neither how a doubt is found nor how the model reads.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from service.tasks.lengths import Bounds, Line
from service.tasks.reading import Draft, Prepared, Reader
from service.telemetry import metrics
from service.text.echoes import echoes
from service.text.faithful import replacement
from service.text.finding import Finding
from service.text.support import support
from service.text.trimming import trimmed

__all__ = ["Amended", "amend"]

Outcome = Literal["faithful", "regenerated", "replaced", "flagged"]


@dataclass(frozen=True, slots=True)
class Amended:
    """A sentence as it is given; `doubts` are those that stayed."""

    line: Line
    outcome: Outcome
    doubts: tuple[Finding, ...] = ()


async def amend(
    kept: Sequence[Line], article: Prepared, draft: Draft, reader: Reader, bounds: Bounds
) -> list[Amended]:
    """Checks every sentence against the whole article and amends those with doubts.

    At most one more pass is run: over the chunks that the doubtful sentences came from, with other
    decoding. Of what it says, a sentence may stand in that has no doubts and is supported best by
    the same sentence of the article. Else a shorter form of the doubtful sentence may, or a
    sentence of the article. None makes the length worse than it was.
    """
    work = _Amending(article, reader, bounds, list(kept))
    doubtful = await asyncio.to_thread(work.doubtful)
    if doubtful:
        chunks = await asyncio.to_thread(work.origins, doubtful, draft.chunks)
        said = await reader.otherwise(article, chunks) if chunks else []
        await asyncio.to_thread(work.amend, doubtful, said)
    found = work.outcome()
    for amended in found:
        metrics.FAITHFULNESS.labels(amended.outcome).inc()
    return found


class _Amending:
    """The sentences of one summary while they are seen to. What reads text runs in a thread."""

    def __init__(
        self, article: Prepared, reader: Reader, bounds: Bounds, lines: list[Line]
    ) -> None:
        self._article = article
        self._reader = reader
        self._bounds = bounds
        self._lines = lines
        self._outcomes: dict[int, Outcome] = {}
        self._doubts: list[tuple[Finding, ...]] = []

    def doubtful(self) -> list[int]:
        """Checks every sentence, once; what stands in for one later has no doubts."""
        self._doubts = [tuple(self._article.facts.doubts(line.text)) for line in self._lines]
        return [index for index, doubts in enumerate(self._doubts) if doubts]

    def origins(self, indices: Sequence[int], chunks: Sequence[range]) -> list[range]:
        """Returns the chunks that support these sentences best, in order."""
        places = self._places([self._lines[i].text for i in indices])
        wanted = {place for place in places if place is not None}
        return [
            chunk for chunk in chunks if any(self._article.segments[u] in wanted for u in chunk)
        ]

    def _places(self, texts: Sequence[str]) -> list[int | None]:
        """Returns for each text the sentence of the article that supports it best."""
        found = support(texts, self._article.sentences, 1)
        return [indices[0] if indices else None for indices in found]

    def amend(self, indices: Sequence[int], said: Sequence[str]) -> None:
        places = dict(zip(said, self._places(said), strict=True))
        own = self._places([self._lines[i].text for i in indices])
        for index, place in zip(indices, own, strict=True):
            for outcome, text in self._candidates(index, place, places):
                if self._may_stand(text, index):
                    self._lines[index] = self._line(text)
                    self._outcomes[index] = outcome
                    self._doubts[index] = ()
                    break

    def _candidates(
        self, index: int, place: int | None, places: Mapping[str, int | None]
    ) -> Iterator[tuple[Outcome, str]]:
        """Yields what may stand for a sentence, the best first."""
        line = self._lines[index]
        for text, other in places.items():
            if other is not None and other == place:
                yield "regenerated", text
        for text in trimmed(line.text):
            yield "replaced", text
        others = [other for i, other in enumerate(self._lines) if i != index]
        room = self._bounds.max_words
        if room is not None:
            room -= sum(other.words for other in others)
        taken = [other.text for other in others]
        own = replacement(line.text, self._article.sentences, taken, room)
        if own is not None:
            yield "replaced", own

    def _may_stand(self, text: str, index: int) -> bool:
        line = self._line(text)
        others = [*self._lines[:index], *self._lines[index + 1 :]]
        lines = [*self._lines[:index], line, *self._lines[index + 1 :]]
        return (
            not self._article.facts.doubts(text)
            and not echoes(line.stems, (other.stems for other in others))
            and not any(echoes(other.stems, [line.stems]) for other in others)
            and (
                self._bounds.are_met(lines)
                or self._bounds.distance(lines) <= self._bounds.distance(self._lines)
            )
        )

    def _line(self, text: str) -> Line:
        return Line.of(text, self._reader.size(text))

    def outcome(self) -> list[Amended]:
        return [
            Amended(line, "flagged" if doubts else self._outcomes.get(index, "faithful"), doubts)
            for index, (line, doubts) in enumerate(zip(self._lines, self._doubts, strict=True))
        ]
