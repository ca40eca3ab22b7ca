"""Summarizes an article, and translates the summary in the same call.

Knows what is asked and what is answered; how a text becomes short is `condense`'s. Knows neither
which models there are, nor how they run, nor HTTP.
"""

import time
from dataclasses import dataclass, replace
from typing import Literal

from service.batching import Flow
from service.errors import InputTooLong, NothingToSummarize
from service.models.catalog import Catalog
from service.models.registry import Registry
from service.runner import ModelInfo, Runner
from service.tasks.aside import SHORT_CHARACTERS
from service.tasks.condense import Condensed, Condensing, Length
from service.tasks.leasing import leased
from service.tasks.memory import Memory
from service.tasks.results import (
    Caution,
    Stopwatch,
    SummaryResult,
    SummarySentence,
    SummaryUsage,
    Translation,
    TranslationResult,
    bundled_model,
)
from service.tasks.told import Begun, Event, ModelAwaited, SentenceDone, TextDone, Told
from service.tasks.translate import TranslationRequest, Translator
from service.telemetry import metrics

__all__ = ["Format", "Length", "Summarizer", "SummaryRequest"]

Format = Literal["paragraph", "bullets"]


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """What to summarize; `translate_to` without repetition."""

    text: str
    length: Length = "medium"
    max_sentences: int | None = None
    max_words: int | None = None
    format: Format = "paragraph"
    translate_to: tuple[str, ...] = ()
    model: str | None = None


class Summarizer:
    """The task.

    Args:
        memory: answers what the model has said before.
        max_characters: longest article.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        memory: Memory,
        translator: Translator,
        max_characters: int,
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._memory = memory
        self._translator = translator
        self._max_characters = max_characters

    async def summarize(self, request: SummaryRequest, told: Told | None = None) -> SummaryResult:
        """Summarizes an article and translates the summary.

        Whoever is `told` hears of the article's chunks as they are read, of all sentences of the
        summary when that is chosen, and of each translation of one as soon as it is final.

        Raises:
            InputTooLong, NothingToSummarize, UnsupportedPair, UnknownModel, UnsuitableModel: the
                request is at fault; said before any model works.
            Unavailable, InferenceFailed: see `Registry.lease` and `Memory.run`.
        """
        began = time.monotonic()
        if len(request.text) > self._max_characters:
            raise InputTooLong("text", limit=self._max_characters, actual=len(request.text))
        if not any(map(str.isalnum, request.text)):
            raise NothingToSummarize
        specs = self._catalog.summarizers(request.model)
        self._translator.check_targets(request.translate_to, field="translate_to")
        watch = self._translator.stopwatch()
        async with leased(self._registry, specs, watch, told) as runner:
            if len(request.text) > SHORT_CHARACTERS:
                runner.check_room()
            info = runner.info
            condensed = await self._condensed(runner, request, watch, told)
        if told is not None:
            for index, said in enumerate(condensed.sentences):
                told(SentenceDone(index, None, said.text, said.sources, said.warnings))
        translated = await self._translated(request, condensed, watch, told)
        return SummaryResult(
            summary=_summary(request, condensed),
            translations=_joined_translations(request, translated),
            sentences=_sentences(condensed, translated),
            warnings=(
                *condensed.warnings,
                *_doubts(translated),
                *self._bundled(info, translated),
            ),
            models={"summarize": info, **(translated.models if translated else {})},
            usage=_usage(condensed, translated),
            timings_ms=watch.timings(time.monotonic() - began),
        )

    async def _condensed(
        self, runner: Runner, request: SummaryRequest, watch: Stopwatch, told: Told | None
    ) -> Condensed:
        work = Condensing(
            runner,
            request.length,
            request.max_sentences,
            request.max_words,
            Flow(),
            watch,
            self._memory,
            told,
        )
        condensed = await work.condense(request.text)
        for warning in condensed.warnings:
            metrics.WARNINGS.labels("summarize", warning.code).inc()
        return condensed

    async def _translated(
        self, request: SummaryRequest, condensed: Condensed, watch: Stopwatch, told: Told | None
    ) -> TranslationResult | None:
        """Each sentence is a text of its own, so that sentence and translation stay together."""
        if not request.translate_to:
            return None
        texts = tuple(sentence.text for sentence in condensed.sentences)
        return await self._translator.translate(
            TranslationRequest(texts=texts, targets=request.translate_to),
            watch,
            _of_sentences(told, len(texts)) if told else None,
        )

    def _bundled(
        self, info: ModelInfo, translated: TranslationResult | None
    ) -> tuple[Caution, ...]:
        """One for each bundled model that had a part in the answer."""
        models = [info, *(translated.models.values() if translated else ())]
        specs = [self._catalog.named(model.name) for model in models]
        return tuple(bundled_model(spec.name, spec.worth) for spec in specs if spec.bundled)


def _usage(condensed: Condensed, translated: TranslationResult | None) -> SummaryUsage:
    """The tokens of all models."""
    usage = condensed.usage
    if translated is None:
        return usage
    return replace(
        usage,
        input_tokens=usage.input_tokens + translated.usage.input_tokens,
        output_tokens=usage.output_tokens + translated.usage.output_tokens,
    )


def _summary(request: SummaryRequest, condensed: Condensed) -> str:
    if condensed.verbatim and request.format == "paragraph":
        return request.text
    return _joined([sentence.text for sentence in condensed.sentences], request.format)


def _joined(texts: list[str], form: Format) -> str:
    if form == "bullets":
        return "\n".join(f"- {text}" for text in texts)
    return " ".join(texts)


def _joined_translations(
    request: SummaryRequest, translated: TranslationResult | None
) -> dict[str, str]:
    if translated is None:
        return {}
    return {
        target: _joined(
            [t.text for t in translated.translations if t.target == target], request.format
        )
        for target in request.translate_to
    }


def _sentences(
    condensed: Condensed, translated: TranslationResult | None
) -> tuple[SummarySentence, ...]:
    """Puts translations, and what is doubtful about them, beside their sentences."""
    by_sentence: dict[int, dict[str, str]] = {}
    for translation in translated.translations if translated else ():
        by_sentence.setdefault(translation.index, {})[translation.target] = translation.text
    doubts = _doubts(translated)
    return tuple(
        SummarySentence(
            sentence.text,
            sentence.sources,
            by_sentence.get(index, {}),
            (*sentence.warnings, *(doubt for doubt in doubts if doubt.sentence == index)),
        )
        for index, sentence in enumerate(condensed.sentences)
    )


def _doubts(translated: TranslationResult | None) -> list[Caution]:
    """What is doubtful about the translations, with the language and the summary's sentence."""
    translations = translated.translations if translated else ()
    return [doubt for translation in translations for doubt in _doubts_of(translation)]


def _doubts_of(translation: Translation) -> list[Caution]:
    return [
        replace(
            warning,
            message=f"{translation.target}: {warning.message}",
            sentence=translation.index,
            segment=None,
        )
        for segment in translation.segments
        for warning in segment.warnings
    ]


def _of_sentences(told: Told, sentences: int) -> Told:
    """Returns what tells of the translation of a summary: each of its texts is a sentence."""

    def hear(event: Event) -> None:
        if isinstance(event, TextDone):
            done, doubts = event.translation, _doubts_of(event.translation)
            told(SentenceDone(event.index, event.target, done.text, warnings=tuple(doubts)))
        elif isinstance(event, Begun):
            told(Begun(event.target, sentences))
        elif isinstance(event, ModelAwaited):
            told(event)

    return hear
