"""What the service can be asked: the methods of its clients, and how their answers are read.

Pure: the same for a client that waits and for one that awaits. Knows the wire; nothing of how
anything is sent, or of how the service works.
"""

import functools
import json
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)
from urllib.parse import quote

import httpx2
import msgspec

from service.answers import (
    DocumentResponse,
    Language,
    Model,
    ModelEvent,
    Problem,
    ReadyResponse,
    SegmentEvent,
    SentenceEvent,
    SummarizeResponse,
    TranslateResponse,
)
from service.failing import LurError, Patience, problem

__all__ = [
    "RESULT",
    "Awaiting",
    "Call",
    "DocumentOptions",
    "SummaryOptions",
    "TranslationOptions",
    "Waiting",
]

E = TypeVar("E")
K = TypeVar("K")
T = TypeVar("T")
P = ParamSpec("P")
Now = TypeVar("Now")
Later = TypeVar("Later")

RESULT = "result"
"""The event that is the last one of a stream that succeeds."""

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


@dataclass(frozen=True)
class Call(Generic[E, T]):
    """One question: how it is sent, and how what comes back is read.

    Attributes:
        content: what httpx2 builds a request of, beside method and path.
        event: what the segments of a stream are.
        statuses: of answers; all others are problems.
    """

    method: str
    path: str
    answer: type[T]
    content: Mapping[str, Any] = field(default_factory=dict)
    event: type[E] | None = None
    statuses: tuple[int, ...] = (200, 202)

    def read(self, response: httpx2.Response) -> T:
        """Returns the answer.

        Raises:
            LurError: it says what went wrong; or something else than the service has spoken.
        """
        if response.status_code not in self.statuses:
            raise LurError.of(response)
        return _decoded(response.content, self.answer)

    def read_event(
        self, event: httpx2.ServerSentEvent, patience: Patience
    ) -> Iterator[ModelEvent | E | T]:
        """Yields what an event of a stream says; nothing for a kind that a later service knows.

        Raises:
            LurError: it says what went wrong, or is none of the service's.
        """
        if event.event == "error":
            raise LurError(_decoded(event.data, Problem))
        if event.event == "model":
            yield _decoded(event.data, ModelEvent)
        if event.event == "segment" and self.event is not None:
            patience.end()
            yield _decoded(event.data, self.event)
        if event.event == RESULT:
            patience.end()
            yield _decoded(event.data, self.answer)


def _decoded(content: bytes | str, kind: type[K]) -> K:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LurError(problem(200, "No answer of this service", error)) from error


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
    given = {name: value for name, value in options.items() if value is not None}
    fields = {n: v if isinstance(v, str) else json.dumps(v) for n, v in given.items()}
    content = {
        "files": {"file": (path.name, path.read_bytes())},
        "data": {"target": target, **fields},
        "headers": {"Accept": "application/json"},
    }
    return Call("POST", "/v1/documents", DocumentResponse, content)


class _Method(Generic[P, Now, Later]):
    """A method written once: what returns `Now` of a `Waiting` client, returns `Later` else."""

    def __init__(self, call: Callable[Concatenate[Any, P], Call[Any, Any]], send: str) -> None:
        self._call, self._send = call, send

    @overload
    def __get__(self, client: "Waiting", kind: type) -> Callable[P, Now]: ...
    @overload
    def __get__(self, client: "Awaiting", kind: type) -> Callable[P, Later]: ...
    def __get__(self, client: Any, kind: type) -> Any:
        @functools.wraps(self._call)
        def method(*args: P.args, **options: P.kwargs) -> Any:
            return getattr(client, self._send)(self._call(client, *args, **options))

        return method if client else self._call


def _answered(
    call: Callable[Concatenate[Any, P], Call[Any, T]],
) -> _Method[P, T, Coroutine[Any, Any, T]]:
    return _Method(call, "_answer")


def _streamed(
    call: Callable[Concatenate[Any, P], Call[E, T]],
) -> _Method[P, Generator[ModelEvent | E | T], AsyncGenerator[ModelEvent | E | T]]:
    return _Method(call, "_events")


class Methods:
    """What both clients can do."""

    @_answered
    def summarize(
        self, text: str, **options: Unpack[SummaryOptions]
    ) -> Call[SentenceEvent, SummarizeResponse]:
        """Summarizes an English article: `lur.summarize(text, length="short").summary`."""
        return _summary(text, options)

    @_streamed
    def stream_summarize(
        self, text: str, **options: Unpack[SummaryOptions]
    ) -> Call[SentenceEvent, SummarizeResponse]:
        """Gives each sentence, and its translations, once they are final; the answer last.

        Who closes what this returns, as `with contextlib.closing(...)` does, ends the work.
        """
        return _summary(text, options, stream=True)

    @_answered
    def translate(
        self, text: Texts, target: Texts, **options: Unpack[TranslationOptions]
    ) -> Call[SegmentEvent, TranslateResponse]:
        """Translates one text or several: `lur.translate(text, "hy").translations[0].text`."""
        return _translation(text, target, options)

    @_streamed
    def stream_translate(
        self, text: Texts, target: Texts, **options: Unpack[TranslationOptions]
    ) -> Call[SegmentEvent, TranslateResponse]:
        """Gives each sentence once it and all before it are final; the answer last."""
        return _translation(text, target, options, stream=True)

    @_answered
    def translate_document(
        self, path: str | PathLike[str], target: str, **options: Unpack[DocumentOptions]
    ) -> Call[Any, DocumentResponse]:
        """Translates a file: `Path(answer.name).write_bytes(answer.file)` keeps the result."""
        return _document(Path(path), target, options)

    @_answered
    def languages(self) -> Call[Any, list[Language]]:
        """Lists the pairs that can be translated, and what their models are worth."""
        return Call("GET", "/v1/languages", list[Language])

    @_answered
    def models(self) -> Call[Any, list[Model]]:
        """Lists the models and how they stand."""
        return Call("GET", "/v1/models", list[Model])

    @_answered
    def load(self, name: str) -> Call[Any, Model]:
        """Begins to load a model; `models` tells how far it is."""
        return Call("POST", f"/v1/models/{quote(name, '')}/load", Model)

    @_answered
    def unload(self, name: str) -> Call[Any, Model]:
        """Unloads a model as soon as nobody uses it."""
        return Call("POST", f"/v1/models/{quote(name, '')}/unload", Model)

    @_answered
    def ready(self) -> Call[Any, ReadyResponse]:
        """Says whether requests can be answered at once: `lur.ready().status == "ready"`."""
        return Call("GET", "/health/ready", ReadyResponse, statuses=(200, 503))


class Waiting(Methods):
    """Of a client whose methods return answers."""


class Awaiting(Methods):
    """Of a client whose methods return what is to be awaited."""
