"""Translates texts: sentences in, sentences out, everything between them as it was.

Knows what translating means; not which models there are, nor how they run, nor HTTP.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from service.batching import Flow
from service.engines.base import Decoding
from service.errors import InputTooLong, UnusableGlossary
from service.models.catalog import Catalog, ModelSpec
from service.models.registry import Registry
from service.runner import ModelInfo, Runner
from service.tasks.cache import ResultCache, together
from service.tasks.judge import NO_GLOSSARY, Fidelity, Judge
from service.tasks.repair import Fallback, Repair, Work
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
from service.tasks.trials import LeasedModel, Output
from service.telemetry import metrics
from service.text.consistency import inconsistent
from service.text.finding import Finding
from service.text.glossary import Glossary
from service.text.segment import Document, Segment, split

__all__ = ["BEAMS", "Quality", "TranslationRequest", "Translator"]

Quality = Literal["fast", "balanced", "best"]
BEAMS: dict[Quality, int] = {"fast": 1, "balanced": 2, "best": 4}

FALLBACK_WAIT_S = 3.0
"""How long a repair waits for the fallback model, which the request does not depend on."""


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """What to translate.

    Attributes:
        targets: without repetition.
        glossary: term of the source to its translation, or to all accepted forms, the one to
            insert first; for one target only.
    """

    texts: tuple[str, ...]
    targets: tuple[str, ...]
    source: str = "en"
    quality: Quality = "balanced"
    alternatives: int = 0
    glossary: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """One text in one language, as it is remembered.

    Attributes:
        complete: every repair that applies was tried; otherwise it is not remembered.
        fallback: the model of the segments that the first one failed at, if any is.
    """

    translation: Translation
    input_tokens: int
    output_tokens: int
    complete: bool = True
    fallback: ModelInfo | None = None


class Translator:
    """The task.

    Args:
        max_characters: most characters of one request, all its texts together.
        fidelity: the typography, the checks and the repairs.
        deadline_s: time one request may take; repairs keep within it.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        results: ResultCache,
        max_characters: int,
        fidelity: Fidelity | None = None,
        deadline_s: float = math.inf,
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._results = results
        self._max_characters = max_characters
        self._fidelity = fidelity or Fidelity()
        self._deadline_s = deadline_s

    def check_targets(self, targets: Sequence[str], source: str = "en") -> None:
        """Raises `UnsupportedPair` for the first target that has no model."""
        for target in targets:
            self._catalog.translators(source, target)

    async def translate(
        self, request: TranslationRequest, watch: Stopwatch | None = None
    ) -> TranslationResult:
        """Translates every text into every target; `watch` goes on with the timings of a caller.

        Raises:
            InputTooLong, UnsupportedPair, UnusableGlossary, UnknownModel, UnsuitableModel: the
                request is at fault.
            Unavailable, InferenceFailed: see `Registry.lease` and `Runner.run`.
        """
        began = time.monotonic()
        characters = sum(map(len, request.texts))
        if characters > self._max_characters:
            raise InputTooLong("text", limit=self._max_characters, actual=characters)
        glossary = _glossary(request)
        routes = [
            self._catalog.translators(request.source, target, request.model)
            for target in request.targets
        ]
        watch = watch or Stopwatch(self._deadline_s)
        columns = await together(
            *(
                self._into(target, specs, request, glossary, watch)
                for target, specs in zip(request.targets, routes, strict=True)
            )
        )
        done = [
            replace(item, translation=replace(item.translation, index=index))
            for index, row in enumerate(zip(*(items for _, items in columns), strict=True))
            for item in row
        ]
        models = {target: info for target, (info, _) in zip(request.targets, columns, strict=True)}
        for item in done:
            if item.fallback is not None:
                models[f"{item.translation.target}-fallback"] = item.fallback
        return TranslationResult(
            translations=tuple(item.translation for item in done),
            models=models,
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
        glossary: Glossary,
        watch: Stopwatch,
    ) -> tuple[ModelInfo, list[Done]]:
        """All texts into one language, under one lease and as one flow."""
        async with self._registry.lease(specs) as runner:
            model = self._leased(runner, request, watch)
            judge = Judge(
                (request.source, target),
                self._fidelity,
                glossary.over(self._fidelity.glossaries.get(model.spec.route, NO_GLOSSARY)),
            )
            behind = specs[specs.index(model.spec) + 1 :]
            fallback = self._fallback(behind[0], request, watch) if behind else None
            work = TextWork(model, judge, Repair(model, judge, fallback))
            done = await together(*(self._remembered(work, text) for text in request.texts))
            return runner.info, done

    def _leased(self, runner: Runner, request: TranslationRequest, watch: Stopwatch) -> LeasedModel:
        spec = self._catalog.named(runner.info.name)
        return LeasedModel(runner, spec, _decoding(runner, request), Flow(), watch)

    def _fallback(self, spec: ModelSpec, request: TranslationRequest, watch: Stopwatch) -> Fallback:
        """Returns what leases the next model of the route, without waiting long for it."""

        @asynccontextmanager
        async def lease() -> AsyncIterator[LeasedModel]:
            async with self._registry.spare(spec, FALLBACK_WAIT_S) as runner:
                yield self._leased(runner, request, watch)

        return lease

    async def _remembered(self, work: "TextWork", text: str) -> Done:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key = (
            "translate",
            work.model.runner.info,
            work.judge.languages,
            work.model.decoding,
            work.judge.glossary,
            work.repair.fallback is not None,
            digest,
        )
        return await self._results.get(
            key,
            lambda: work.translate(text),
            lambda done: 1000 + 8 * len(text) if done.complete else math.inf,
        )


@dataclass(frozen=True, slots=True)
class TextWork:
    """What the texts of one request into one language have in common."""

    model: LeasedModel
    judge: Judge
    repair: Repair

    async def translate(self, text: str) -> Done:
        """Translates one text: prepare, run, judge, repair what failed, put together."""
        document, works = await asyncio.to_thread(self._prepare, text)
        outputs = await self.model.run([work.trial for work in works])
        await asyncio.to_thread(self._take_in, works, outputs)
        complete = await self.repair.mend(works)
        return await asyncio.to_thread(self._finish, document, works, complete)

    def _prepare(self, text: str) -> tuple[Document, list[Work]]:
        """The text's segments, and a work for each that has words."""
        document = split(text, self.judge.languages[0])
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

    def _finish(self, document: Document, works: Sequence[Work], complete: bool) -> Done:
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
            complete=complete,
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


def _glossary(request: TranslationRequest) -> Glossary:
    if request.glossary and len(request.targets) > 1:
        targets = ", ".join(request.targets)
        raise UnusableGlossary(f"a glossary is for one target language, the targets are {targets}")
    try:
        return Glossary.of(request.glossary)
    except ValueError as error:
        raise UnusableGlossary(str(error)) from error


def _decoding(runner: Runner, request: TranslationRequest) -> Decoding:
    count = request.alternatives + 1
    return replace(
        runner.description.decoding,
        beam_size=max(BEAMS[request.quality], count),
        hypotheses=count,
        min_tokens=0,
    )
