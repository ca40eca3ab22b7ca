"""Finds out which language texts are in, and translates those whose language nobody named.

Knows which languages can be translated, and when a guess is good enough to go by. Knows neither how
a language is recognized, nor HTTP.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from service.errors import InvalidRequest, UnsupportedPair
from service.markup.formats import markup_of
from service.models.catalog import Catalog
from service.tasks.placing import kept_of
from service.tasks.results import Timings, Translation, TranslationResult, TranslationUsage
from service.tasks.translate import TranslationRequest, Translator
from service.text.detect import Guess, detect
from service.text.kept import without

__all__ = ["AUTO", "DetectedTranslation", "Detection", "Detector", "Guess"]

AUTO = "auto"
"""In place of a source language: whichever the text is in."""

SURE = 0.5
"""From here on a text is taken for what it looks like, even if that cannot be translated."""


@dataclass(frozen=True, slots=True)
class Detection:
    """The languages a text may be in, the likeliest first; none where nobody can say."""

    guesses: tuple[Guess, ...]
    usage: TranslationUsage


@dataclass(frozen=True, slots=True)
class DetectedTranslation:
    """A translation, and of each text the language that it was taken to be in."""

    result: TranslationResult
    sources: tuple[Guess, ...]

    @property
    def usage(self) -> TranslationUsage:
        return self.result.usage


class Detector:
    """The task. The languages of the catalog are expected."""

    def __init__(self, catalog: Catalog, translator: Translator) -> None:
        self._pairs = catalog.pairs()
        self._known = frozenset(code for pair in self._pairs for code in pair)
        self._translator = translator

    async def detect(self, text: str) -> Detection:
        """Guesses the language of a text.

        Raises:
            InputTooLong: the request is at fault.
        """
        [guesses] = await self._guesses([text])
        return Detection(guesses, _no_tokens(len(text)))

    async def translate(self, request: TranslationRequest) -> DetectedTranslation:
        """Translates into one target; where `source` is `AUTO`, from the language of the texts.

        A text that is in the target language already comes back as it is. One whose language is not
        sure is taken for one that can be translated.

        Raises:
            UnsupportedPair: a text is surely in a language that no model translates.
            InvalidRequest: the texts are in several languages that can be translated.
            Otherwise as `Translator.translate`.
        """
        if request.source != AUTO:
            result = await self._translator.translate(request)
            return DetectedTranslation(result, (Guess(request.source, 1.0),) * len(request.texts))
        [target] = request.targets
        guesses = await self._guesses(request.texts, lambda text: _words(text, request))
        sources = tuple(self._source(found, target) for found in guesses)
        return DetectedTranslation(await self._translated(request, sources), sources)

    def _source(self, guesses: Sequence[Guess], target: str) -> Guess:
        """Returns what to take a text for that may be in these languages."""
        translatable = [source for source, into in self._pairs if into == target]
        if not translatable:
            raise UnsupportedPair(AUTO, target, self._pairs)
        if guesses and (guesses[0].language == target or guesses[0].confidence >= SURE):
            if guesses[0].language not in (target, *translatable):
                raise UnsupportedPair(guesses[0].language, target, self._pairs)
            return guesses[0]
        possible = (guess for guess in guesses if guess.language in translatable)
        return next(possible, Guess(translatable[0], 0.0))

    async def _translated(
        self, request: TranslationRequest, sources: Sequence[Guess]
    ) -> TranslationResult:
        """Translates what is not in the target language yet, and puts the rest between."""
        [target] = request.targets
        foreign = [index for index, source in enumerate(sources) if source.language != target]
        languages = sorted({sources[index].language for index in foreign})
        if len(languages) > 1:
            found = ", ".join(languages)
            raise InvalidRequest(f"the texts are in several languages ({found}): name the source")
        done = [Translation(i, target, text, (), (), ()) for i, text in enumerate(request.texts)]
        if not foreign:
            usage = _no_tokens(sum(map(len, request.texts)))
            return TranslationResult(tuple(done), {}, usage, Timings(0.0, 0.0, 0.0))
        texts = tuple(request.texts[index] for index in foreign)
        result = await self._translator.translate(
            replace(request, texts=texts, source=languages[0])
        )
        for index, translation in zip(foreign, result.translations, strict=True):
            done[index] = replace(translation, index=index)
        return replace(result, translations=tuple(done))

    async def _guesses(
        self, texts: Sequence[str], words: Callable[[str], str] = str
    ) -> list[tuple[Guess, ...]]:
        self._translator.check_length(sum(map(len, texts)))
        return await asyncio.to_thread(lambda: [detect(words(text), self._known) for text in texts])


def _words(text: str, request: TranslationRequest) -> str:
    """Returns what of a text is language, as it is read: what will be translated, and no more."""
    if request.format == "text":
        return text
    blocks = markup_of(text, request.format, request.ignore_tags).blocks
    return "\n".join(without(block.text, kept_of(block)) for block in blocks)


def _no_tokens(characters: int) -> TranslationUsage:
    return TranslationUsage(characters, 0, 0, 0)
