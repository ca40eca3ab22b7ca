"""What the service can be asked: the methods of both clients, each written once.

Knows the routes and their fields; nothing of how anything is sent, or of how the service works.
"""

import json
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, Unpack
from urllib.parse import quote

from service.answers import (
    DocumentResponse,
    Language,
    Model,
    ReadyResponse,
    SegmentEvent,
    SentenceEvent,
    SummarizeResponse,
    TranslateResponse,
)
from service.client.calls import Call, answered, streamed

__all__ = ["DocumentOptions", "Methods", "SummaryOptions", "TranslationOptions"]

Texts: TypeAlias = str | Sequence[str]


class SummaryOptions(TypedDict, total=False):
    """What `POST /v1/summarize` takes beside the text."""

    length: Literal["short", "medium", "long"]
    max_sentences: int | None
    max_words: int | None
    format: Literal["paragraph", "bullets"]
    translate_to: Sequence[str]
    model: str | None


class Translating(TypedDict, total=False):
    """What every translation takes."""

    source: str
    quality: Literal["fast", "balanced", "best"]
    glossary: Mapping[str, str | Sequence[str]]
    model: str | None


class TranslationOptions(Translating, total=False):
    """What `POST /v1/translate` takes beside texts and targets."""

    format: Literal["text", "html", "markdown"]
    alternatives: int
    segments: bool


class DocumentOptions(Translating, total=False):
    """What `POST /v1/documents` takes beside the file and the target."""

    format: Literal["text", "html", "markdown", "srt", "docx"] | None


def _summary(
    text: str, options: SummaryOptions, *, stream: bool = False
) -> Call[SentenceEvent, SummarizeResponse]:
    """Returns what `POST /v1/summarize` is asked."""
    body = {"text": text, **options, "stream": stream}
    return Call("POST", "/v1/summarize", SummarizeResponse, {"json": body}, SentenceEvent)


def _translation(
    text: str | Sequence[str],
    target: str | Sequence[str],
    options: TranslationOptions,
    *,
    stream: bool = False,
) -> Call[SegmentEvent, TranslateResponse]:
    """Returns what `POST /v1/translate` is asked."""
    body = {"text": text, "target": target, **options, "stream": stream}
    return Call("POST", "/v1/translate", TranslateResponse, {"json": body}, SegmentEvent)


def _document(path: Path, target: str, options: DocumentOptions) -> Call[Any, DocumentResponse]:
    """Returns what `POST /v1/documents` is asked; reads the file.

    Raises:
        OSError: it cannot be read.
    """
    name = os.fsencode(path.name).decode("utf-8", "replace")  # a path may be no UTF-8
    given = {key: value for key, value in options.items() if value is not None}
    fields = {n: v if isinstance(v, str) else json.dumps(v) for n, v in given.items()}
    content = {
        "files": {"file": (name, path.read_bytes())},
        "data": {"target": target, **fields},
        "headers": {"Accept": "application/json"},
    }
    return Call("POST", "/v1/documents", DocumentResponse, content)


class Methods:
    """What both clients can do."""

    @answered
    def summarize(
        self, text: str, **options: Unpack[SummaryOptions]
    ) -> Call[SentenceEvent, SummarizeResponse]:
        """Summarizes an English article: `lur.summarize(text, length="short").summary`."""
        return _summary(text, options)

    @streamed
    def stream_summarize(
        self, text: str, **options: Unpack[SummaryOptions]
    ) -> Call[SentenceEvent, SummarizeResponse]:
        """Gives each sentence, and its translations, once they are final; the answer last.

        Who closes what this returns, as `with contextlib.closing(...)` does, ends the work.
        """
        return _summary(text, options, stream=True)

    @answered
    def translate(
        self, text: Texts, target: Texts, **options: Unpack[TranslationOptions]
    ) -> Call[SegmentEvent, TranslateResponse]:
        """Translates one text or several: `lur.translate(text, "hy").translations[0].text`."""
        return _translation(text, target, options)

    @streamed
    def stream_translate(
        self, text: Texts, target: Texts, **options: Unpack[TranslationOptions]
    ) -> Call[SegmentEvent, TranslateResponse]:
        """Gives each sentence once it and all before it are final; the answer last."""
        return _translation(text, target, options, stream=True)

    @answered
    def translate_document(
        self, path: str | PathLike[str], target: str, **options: Unpack[DocumentOptions]
    ) -> Call[Any, DocumentResponse]:
        """Translates a file: `Path(answer.name).write_bytes(answer.file)` keeps the result."""
        return _document(Path(path), target, options)

    @answered
    def languages(self) -> Call[Any, list[Language]]:
        """Lists the pairs that can be translated, and what their models are worth."""
        return Call("GET", "/v1/languages", list[Language])

    @answered
    def models(self) -> Call[Any, list[Model]]:
        """Lists the models and how they stand."""
        return Call("GET", "/v1/models", list[Model])

    @answered
    def load(self, name: str) -> Call[Any, Model]:
        """Begins to load a model; `models` tells how far it is."""
        return Call("POST", f"/v1/models/{quote(name, '')}/load", Model)

    @answered
    def unload(self, name: str) -> Call[Any, Model]:
        """Unloads a model as soon as nobody uses it."""
        return Call("POST", f"/v1/models/{quote(name, '')}/unload", Model)

    @answered
    def ready(self) -> Call[Any, ReadyResponse]:
        """Says whether requests can be answered at once: `lur.ready().status == "ready"`."""
        return Call("GET", "/health/ready", ReadyResponse, statuses=(200, 503))
