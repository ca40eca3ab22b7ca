"""Has our own models do what is evaluated, through the tasks that serve users.

Knows the tasks and how to give them their work in portions; nothing of scores or checks.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from service.core import Core
from service.errors import InputTooLong, NothingToSummarize
from service.evaluate.inputs import EvaluationError, Row
from service.evaluate.summaries import Summaries
from service.evaluate.translation import Corpus, System
from service.tasks.results import SummaryResult, Translation
from service.tasks.summarize import SummaryRequest
from service.tasks.together import together
from service.tasks.translate import Quality, TranslationRequest
from service.text.segment import Span, splice

__all__ = ["Progress", "summarize", "translate"]

Progress = Callable[[str, int, int], None]
"""Called with what is at work, how much of it is done, and how much there is."""

LINES_AT_ONCE: Final = 64
ARTICLES_AT_ONCE: Final = 8
"""What a model gets at a time: enough for full batches, few enough to show progress."""


async def translate(
    core: Core,
    corpus: Corpus,
    models: Sequence[str | None],
    quality: Quality,
    progress: Progress,
) -> list[System]:
    """Translates a corpus with each of the models; None is what serves the pair.

    Raises:
        EvaluationError: a line is longer than one request may be.
        UnsupportedPair, UnknownModel, UnsuitableModel: said before any model works.
        ServiceError: see `Translator.translate`.
    """
    for model in models:
        core.catalog.translators(*corpus.languages, model)
    return [await _translate(core, corpus, model, quality, progress) for model in models]


async def summarize(
    core: Core, data: Path, rows: Sequence[Row], models: Sequence[str | None], progress: Progress
) -> list[Summaries]:
    """Summarizes the articles with each of the models; None is what serves summaries.

    Raises:
        EvaluationError: an article is longer than one request may be, or has no words.
        UnknownModel, UnsuitableModel: said before any model works.
        ServiceError: see `Summarizer.summarize`.
    """
    for model in models:
        core.catalog.summarizers(model)
    return [await _summarize(core, data, rows, model, progress) for model in models]


async def _translate(
    core: Core, corpus: Corpus, model: str | None, quality: Quality, progress: Progress
) -> System:
    source, target = corpus.languages
    raw, final = [""] * len(corpus.lines), [""] * len(corpus.lines)
    name, done, total = model or f"{source}-{target}", 0, len(corpus.places)
    for places in _portions(corpus, core.settings.max_characters):
        progress(name, done, total)
        request = TranslationRequest(
            tuple(corpus.lines[place] for place in places),
            (target,),
            source=source,
            quality=quality,
            model=model,
        )
        try:
            result = await core.translator.translate(request)
        except InputTooLong as error:
            raise EvaluationError(f"{corpus.path}, line {places[0] + 1}: {error}") from error
        name, done = result.models[target].name, done + len(places)
        for place, translation in zip(places, result.translations, strict=True):
            final[place] = translation.text
            raw[place] = _raw(corpus.lines[place], translation)
    progress(name, done, total)
    return System(name, tuple(raw), tuple(final))


async def _summarize(
    core: Core, data: Path, rows: Sequence[Row], model: str | None, progress: Progress
) -> Summaries:
    async def one(row: Row) -> SummaryResult:
        try:
            return await core.summarizer.summarize(SummaryRequest(row.article, model=model))
        except (InputTooLong, NothingToSummarize) as error:
            raise EvaluationError(f"{data}, line {row.line}: {error}") from error

    name = model or "summarize"
    texts: list[str] = []
    while len(texts) < len(rows):
        progress(name, len(texts), len(rows))
        portion = rows[len(texts) : len(texts) + ARTICLES_AT_ONCE]
        results = await together(*map(one, portion))
        name = results[0].models["summarize"].name
        texts += [result.summary for result in results]
    progress(name, len(texts), len(rows))
    return Summaries(name, tuple(texts))


def _portions(corpus: Corpus, max_characters: int) -> list[list[int]]:
    """Cuts the work in requests that are neither too many lines nor too long."""
    portions: list[list[int]] = []
    size = 0
    for place in corpus.places:
        length = len(corpus.lines[place])
        size += length
        if not portions or len(portions[-1]) == LINES_AT_ONCE or size > max_characters:
            portions.append([])
            size = length
        portions[-1].append(place)
    return portions


def _raw(line: str, translation: Translation) -> str:
    """Returns the line as the model alone would have it."""
    spans = [Span(segment.source.start, segment.source.end, "") for segment in translation.segments]
    return splice(line, spans, [segment.raw for segment in translation.segments])
