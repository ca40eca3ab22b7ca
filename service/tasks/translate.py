"""Translates texts: sentences in, sentences out, everything between them as it was.

Knows what translating means; not which models there are, nor how they run, nor HTTP.
"""

import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from service.batching import Flow
from service.engines.base import Decoding
from service.errors import InputTooLong, UnsupportedPair, UnusableGlossary
from service.markup.blocks import Block, Mark
from service.markup.formats import TextFormat
from service.models.catalog import Catalog, ModelSpec
from service.models.registry import Registry
from service.runner import ModelInfo, Runner
from service.tasks.aside import SHORT_CHARACTERS
from service.tasks.judge import NO_GLOSSARY, Fidelity, Judge
from service.tasks.leasing import leased
from service.tasks.marked import translate_texts
from service.tasks.memory import Memory
from service.tasks.repair import Fallback, Repair
from service.tasks.results import Stopwatch, TranslationResult, TranslationUsage
from service.tasks.text_work import Done, TextWork
from service.tasks.together import together
from service.tasks.told import Told
from service.tasks.trials import LeasedModel
from service.text.glossary import Glossary
from service.text.segment import Splitting

__all__ = ["BEAMS", "Quality", "Splitting", "TextFormat", "TranslationRequest", "Translator"]

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
        splitting: what no sentence goes beyond.
        format: what the texts are; of those that are not plain text only what is language is
            translated, and its markup stays.
        ignore_tags: elements of HTML or XML whose content stays as it is.
        marks: of each text, where texts are blocks that were taken out of such a format.
        inputs: of each text, which input it was taken out of.
    """

    texts: tuple[str, ...]
    targets: tuple[str, ...]
    source: str = "en"
    quality: Quality = "balanced"
    alternatives: int = 0
    glossary: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    model: str | None = None
    splitting: Splitting = "lines"
    format: TextFormat = "text"
    ignore_tags: tuple[str, ...] = ()
    marks: tuple[tuple[Mark, ...], ...] = ()
    inputs: tuple[int, ...] = ()


class Translator:
    """The task.

    Args:
        memory: answers what the models have said before.
        max_characters: most characters of one request, all its texts together.
        fidelity: the typography, the checks and the repairs.
        deadline_s: time one request may take; repairs keep within it.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        memory: Memory,
        max_characters: int,
        fidelity: Fidelity | None = None,
        deadline_s: float = math.inf,
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._memory = memory
        self._max_characters = max_characters
        self._fidelity = fidelity or Fidelity()
        self._deadline_s = deadline_s

    def stopwatch(self) -> Stopwatch:
        """Returns the time of a request that begins now."""
        return Stopwatch(self._deadline_s)

    def check_length(self, characters: int) -> None:
        """Raises `InputTooLong` where a request has more characters than it may."""
        if characters > self._max_characters:
            raise InputTooLong("text", limit=self._max_characters, actual=characters)

    def check_targets(
        self, targets: Sequence[str], source: str = "en", field: str | None = None
    ) -> None:
        """Raises `UnsupportedPair` for the first target that has no model; `field` names them."""
        for target in targets:
            try:
                self._catalog.translators(source, target)
            except UnsupportedPair as error:
                error.field = field or error.field
                raise

    async def translate(
        self,
        request: TranslationRequest,
        watch: Stopwatch | None = None,
        told: Told | None = None,
    ) -> TranslationResult:
        """Translates every text into every target; `watch` goes on with the timings of a caller.

        Whoever is `told` hears of each segment as soon as it and all before it are final; that
        costs batches, as the first sentence does not wait for others. The answer is the same.

        Raises:
            InputTooLong, UnsupportedPair, UnusableGlossary, UnknownModel, UnsuitableModel: the
                request is at fault.
            Unavailable, InferenceFailed: see `Registry.lease` and `Memory.run`.
        """
        if request.format != "text":
            return await translate_texts(self, request, watch, told)
        began = time.monotonic()
        characters = sum(map(len, request.texts))
        self.check_length(characters)
        glossary = _glossary(request)
        routes = [
            self._catalog.translators(request.source, target, request.model)
            for target in request.targets
        ]
        watch = watch or self.stopwatch()
        columns = await together(
            *(
                self._into(target, specs, request, glossary, watch, told)
                for target, specs in zip(request.targets, routes, strict=True)
            )
        )
        done = [item for row in zip(*(items for _, items in columns), strict=True) for item in row]
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
        told: Told | None,
    ) -> tuple[ModelInfo, list[Done]]:
        """All texts into one language, under one lease and as one flow."""
        async with leased(self._registry, specs, watch, told) as runner:
            if sum(map(len, request.texts)) > SHORT_CHARACTERS:
                runner.check_room()
            flow = Flow() if told is None else Flow(ahead_jobs=1)
            model = self._leased(runner, request, watch, flow)
            judge = Judge(
                (request.source, target),
                self._fidelity,
                glossary.over(self._fidelity.glossaries.get(model.spec.route, NO_GLOSSARY)),
            )
            behind = specs[specs.index(model.spec) + 1 :]
            fallback = self._fallback(behind[0], request, watch) if behind else None
            work = TextWork(model, judge, Repair(model, judge, fallback), request.splitting)
            marks = request.marks or [()] * len(request.texts)
            blocks = [Block(*one) for one in zip(request.texts, marks, strict=True)]
            return runner.info, await work.translate(blocks, told, request.inputs)

    def _leased(
        self, runner: Runner, request: TranslationRequest, watch: Stopwatch, flow: Flow
    ) -> LeasedModel:
        spec = self._catalog.named(runner.info.name)
        decoding = _decoding(runner, request)
        return LeasedModel(runner, spec, decoding, flow, watch, self._memory)

    def _fallback(self, spec: ModelSpec, request: TranslationRequest, watch: Stopwatch) -> Fallback:
        """Returns what leases the next model of the route, without waiting long for it."""

        @asynccontextmanager
        async def lease() -> AsyncIterator[LeasedModel]:
            async with self._registry.spare(spec, FALLBACK_WAIT_S) as runner:
                yield self._leased(runner, request, watch, Flow())

        return lease


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
