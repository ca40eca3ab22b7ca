"""Translates texts: sentences in, sentences out, everything between them as it was.

Knows what translating means; not which models there are, nor how they run, nor HTTP.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from service.batching import Flow, JobResult
from service.engines.base import Decoding, Hypothesis
from service.errors import InputTooLong
from service.models.catalog import Catalog, ModelSpec
from service.models.registry import Registry
from service.runner import ModelInfo, Runner
from service.tasks.cache import ResultCache, together
from service.tasks.results import (
    Caution,
    Range,
    Stopwatch,
    TranslatedSegment,
    Translation,
    TranslationResult,
    TranslationUsage,
    bundled_model,
)
from service.telemetry import metrics
from service.text.normalize import normalize
from service.text.pack import cut
from service.text.segment import Document, Segment, Span, splice, split

__all__ = ["BEAMS", "Quality", "TranslationRequest", "Translator"]

Quality = Literal["fast", "balanced", "best"]
BEAMS: dict[Quality, int] = {"fast": 1, "balanced": 2, "best": 4}

SHORT_TARGET_TOKENS = 256
SHORT_SOURCE_TOKENS = 85
"""A source of up to 85 tokens gets 256 to answer, three times its own; a longer one gets all that
the model has. Two steps and no more, for only jobs of equal decoding share a batch."""


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """What to translate; `targets` without repetition."""

    texts: tuple[str, ...]
    targets: tuple[str, ...]
    source: str = "en"
    quality: Quality = "balanced"
    alternatives: int = 0
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """One segment on its way: as normalised, and the pieces of it that fit the window."""

    segment: Segment
    text: str = ""
    pieces: tuple[Span, ...] = ()
    sources: tuple[list[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """One text in one language, as it is remembered."""

    translation: Translation
    input_tokens: int
    output_tokens: int


class Translator:
    """The task.

    Args:
        max_characters: most characters of one request, all its texts together.
    """

    def __init__(
        self, catalog: Catalog, registry: Registry, results: ResultCache, max_characters: int
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._results = results
        self._max_characters = max_characters

    def check_targets(self, targets: Sequence[str], source: str = "en") -> None:
        """Raises `UnsupportedPair` for the first target that has no model."""
        for target in targets:
            self._catalog.translators(source, target)

    async def translate(
        self, request: TranslationRequest, watch: Stopwatch | None = None
    ) -> TranslationResult:
        """Translates every text into every target; `watch` goes on with the timings of a caller.

        Raises:
            InputTooLong, UnsupportedPair, UnknownModel, UnsuitableModel: the request is at fault.
            Unavailable, InferenceFailed: see `Registry.lease` and `Runner.run`.
        """
        began = time.monotonic()
        characters = sum(map(len, request.texts))
        if characters > self._max_characters:
            raise InputTooLong("text", limit=self._max_characters, actual=characters)
        routes = [
            self._catalog.translators(request.source, target, request.model)
            for target in request.targets
        ]
        watch = watch or Stopwatch()
        columns = await together(
            *(
                self._into(target, specs, request, watch)
                for target, specs in zip(request.targets, routes, strict=True)
            )
        )
        done = [
            replace(item, translation=replace(item.translation, index=index))
            for index, row in enumerate(zip(*(items for _, items in columns), strict=True))
            for item in row
        ]
        return TranslationResult(
            translations=tuple(item.translation for item in done),
            models={
                target: info for target, (info, _) in zip(request.targets, columns, strict=True)
            },
            usage=TranslationUsage(
                input_characters=characters,
                input_tokens=sum(item.input_tokens for item in done),
                output_tokens=sum(item.output_tokens for item in done),
                segments=sum(len(item.translation.segments) for item in done),
            ),
            timings_ms=watch.timings(time.monotonic() - began),
        )

    async def _into(
        self,
        target: str,
        specs: Sequence[ModelSpec],
        request: TranslationRequest,
        watch: Stopwatch,
    ) -> tuple[ModelInfo, list[Done]]:
        """All texts into one language, under one lease and as one flow."""
        async with self._registry.lease(specs) as runner:
            spec = self._catalog.named(runner.info.name)
            work = TextWork(runner, spec, target, _decoding(runner, request), Flow(), watch)
            done = await together(*(self._remembered(work, text) for text in request.texts))
            return runner.info, done

    async def _remembered(self, work: "TextWork", text: str) -> Done:
        info = work.runner.info
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key = ("translate", info, work.target, work.decoding, digest)
        return await self._results.get(
            key, lambda: work.translate(text), lambda done: 1000 + 8 * len(text)
        )


@dataclass(frozen=True, slots=True)
class TextWork:
    """What the texts of one request into one language have in common."""

    runner: Runner
    spec: ModelSpec
    target: str
    decoding: Decoding
    flow: Flow
    watch: Stopwatch

    async def translate(self, text: str) -> Done:
        """Translates one text: prepare, run all sentences as jobs, put together."""
        document, prepared = await asyncio.to_thread(self._prepare, text)
        sources = [source for item in prepared for source in item.sources]
        results = await self._run(sources)
        remaining = iter(results)
        parts = [
            self._put_together(index, item, [next(remaining) for _ in item.pieces])
            for index, item in enumerate(prepared)
        ]
        best = tuple(candidates[0] for candidates in parts)
        texts = [
            document.rejoin([c[min(rank, len(c) - 1)].text for c in parts])
            for rank in range(self.decoding.hypotheses)
        ]
        warnings = [warning for segment in best for warning in segment.warnings]
        if self.spec.bundled:
            warnings.append(bundled_model(self.spec.name, self.spec.worth))
        return Done(
            Translation(
                index=0,
                target=self.target,
                text=texts[0],
                alternatives=tuple(dict.fromkeys(t for t in texts[1:] if t != texts[0])),
                segments=best,
                warnings=tuple(warnings),
            ),
            input_tokens=sum(map(len, sources)),
            output_tokens=sum(result.output.hypotheses[0].tokens for result in results),
        )

    def _prepare(self, text: str) -> tuple[Document, list[Prepared]]:
        document = split(text, self.spec.languages[0])
        return document, [self._prepare_one(segment) for segment in document.segments]

    def _prepare_one(self, segment: Segment) -> Prepared:
        if not segment.translatable:
            metrics.SEGMENTS.labels("passed_through").inc()
            return Prepared(segment)
        text = normalize(segment.text, self.spec.languages[0])
        window = self.runner.description.max_source_tokens
        pieces = tuple(cut(text, window, self.runner.count))
        metrics.SEGMENTS.labels("translated" if len(pieces) == 1 else "cut").inc()
        sources = tuple(self.runner.encode(piece.text) for piece in pieces)
        return Prepared(segment, text, pieces, sources)

    async def _run(self, sources: Sequence[Sequence[str]]) -> list[JobResult]:
        """One job per source; the long ones may answer at length."""
        most = self.runner.description.max_target_tokens
        limits = [
            min(most, SHORT_TARGET_TOKENS) if len(source) <= SHORT_SOURCE_TOKENS else most
            for source in sources
        ]
        groups = [
            [index for index, limit in enumerate(limits) if limit == value]
            for value in sorted(set(limits))
        ]
        answers = await together(
            *(
                self.runner.run(
                    [sources[index] for index in group],
                    replace(self.decoding, max_tokens=limits[group[0]]),
                    self.flow,
                )
                for group in groups
            )
        )
        results: dict[int, JobResult] = {}
        for group, answer in zip(groups, answers, strict=True):
            self.watch.saw(answer)
            results.update(zip(group, answer, strict=True))
        return [results[index] for index in range(len(sources))]

    def _put_together(
        self, index: int, item: Prepared, results: Sequence[JobResult]
    ) -> list[TranslatedSegment]:
        """Returns the candidates for one segment, best first."""
        source = Range(item.segment.start, item.segment.end)
        if not results:
            return [TranslatedSegment(source, item.segment.text, None)]
        outputs = [result.output.hypotheses for result in results]
        candidates = []
        for rank in range(max(map(len, outputs))):
            chosen = [hypotheses[min(rank, len(hypotheses) - 1)] for hypotheses in outputs]
            said = [hypothesis.text.strip() != "" for hypothesis in chosen]
            pairs = zip(item.pieces, chosen, said, strict=True)
            text = splice(item.text, item.pieces, [h.text if ok else p.text for p, h, ok in pairs])
            warnings = tuple(_cautions(index, chosen))
            if not all(said):
                text = text if any(said) else item.segment.text
                message = "the model returned nothing; the source stands in its place"
                warnings += (Caution("untranslated", message, segment=index),)
            candidates.append(TranslatedSegment(source, text, _score(chosen), warnings))
        return candidates


def _decoding(runner: Runner, request: TranslationRequest) -> Decoding:
    count = request.alternatives + 1
    return replace(
        runner.description.decoding,
        beam_size=max(BEAMS[request.quality], count),
        hypotheses=count,
        min_tokens=0,
    )


def _cautions(segment: int, hypotheses: Sequence[Hypothesis]) -> Iterator[Caution]:
    for hypothesis in hypotheses:
        if not hypothesis.finished:
            yield Caution(
                "too_long",
                f"the model was stopped after {hypothesis.tokens} tokens; what follows is missing",
                value=str(hypothesis.tokens),
                segment=segment,
            )


def _score(hypotheses: Sequence[Hypothesis]) -> float:
    """The pieces' scores, weighted by their length."""
    weights = [max(1, hypothesis.tokens) for hypothesis in hypotheses]
    total = sum(h.score * weight for h, weight in zip(hypotheses, weights, strict=True))
    return total / sum(weights)
