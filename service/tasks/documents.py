"""Translates files: taken apart, translated as texts with markup, and put together again.

Knows no format and nothing of HTTP. What a file holds beside text costs memory and a thread, so
only a few are taken apart at a time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from service.errors import InputTooLong
from service.markup.encoding import File
from service.markup.formats import FileFormat, document_of
from service.tasks.aside import aside
from service.tasks.marked import translate_markup
from service.tasks.results import TranslationResult, TranslationUsage
from service.tasks.told import Told
from service.tasks.translate import TranslationRequest, Translator

__all__ = ["Documents", "TranslatedDocument"]

T = TypeVar("T")

MAX_AT_ONCE = 2
"""Files that are taken apart or put together at the same time. The largest take some 300 MB."""


@dataclass(frozen=True, slots=True)
class TranslatedDocument:
    """A file in another language."""

    data: bytes
    result: TranslationResult

    @property
    def usage(self) -> TranslationUsage:
        """What it cost."""
        return self.result.usage


class Documents:
    """The task.

    Args:
        max_characters: most characters of the text in one file.
    """

    def __init__(self, translator: Translator, max_characters: int) -> None:
        self._translator = translator
        self._max_characters = max_characters
        self._places = asyncio.Semaphore(MAX_AT_ONCE)

    async def translate(
        self,
        request: TranslationRequest,
        data: bytes,
        format: FileFormat,  # noqa: A002 - what the field is called
        told: Told | None = None,
    ) -> TranslatedDocument:
        """Translates a file into the one target of a request, whose texts are ignored.

        Whoever is `told` hears of each sentence, as of a text's.

        Raises:
            UnreadableDocument: the file is not of its format.
            InputTooLong: it is too long.
            And what `Translator.translate` raises.
        """
        watch = self._translator.stopwatch()
        [target] = request.targets
        self._translator.check_targets(request.targets, request.source)
        file = await self.open(data, format, target)
        marked = await translate_markup(self._translator, request, [file.markup], told, watch)
        blocks = marked.blocks[0][target]
        return TranslatedDocument(
            await self._aside(len(data), lambda: file.written(blocks)), marked.result
        )

    async def open(
        self,
        data: bytes,
        format: FileFormat,  # noqa: A002 - what the field is called
        language: str = "",
    ) -> File:
        """Takes a file apart.

        Args:
            language: of the words that will be put into it.

        Raises:
            UnreadableDocument, InputTooLong: see `translate`.
        """
        limit = self._max_characters
        file = await self._aside(
            len(data), lambda: document_of(data, format, max_characters=limit, language=language)
        )
        characters = sum(len(block.text) for block in file.markup.blocks)
        if characters > limit:
            raise InputTooLong("file", limit=limit, actual=characters)
        return file

    async def _aside(self, size: int, work: Callable[[], T]) -> T:
        async with self._places:
            return await aside(size, work)
