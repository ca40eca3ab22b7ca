"""What the service answers: for the API, which writes it, and for the client, which reads it.

The structs mirror the tasks' results field by field; `msgspec.convert` does the copying. Their JSON
Schemas are in the OpenAPI document. A value of an enumeration is any string to a reader: a client
must not fail on a word that a later service knows. Knows nothing of ours, and neither end of it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "Caution",
    "DocumentResponse",
    "FieldError",
    "Language",
    "LiveResponse",
    "Model",
    "ModelEvent",
    "ModelUse",
    "Problem",
    "QualityFigure",
    "Range",
    "ReadyModel",
    "ReadyResponse",
    "SegmentEvent",
    "SentenceEvent",
    "SummarizeResponse",
    "SummarySentence",
    "SummaryUsage",
    "Timings",
    "TranslateResponse",
    "TranslatedSegment",
    "Translation",
    "TranslationUsage",
]

STATES = ("absent", "downloading", "converting", "on_disk", "loading", "ready", "failed")
REPAIRS = ("placeholders", "decoding", "clauses", "fallback")
State = Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
Repair = Annotated[str, Meta(extra_json_schema={"enum": list(REPAIRS)})]


class Range(Struct, frozen=True):
    """Characters `start` to `end` of the input, `end` excluded, in Unicode code points."""

    start: int
    end: int


class Caution(Struct, frozen=True, omit_defaults=True):
    """A warning: what not to believe unseen."""

    code: str
    message: str
    sentence: int | None = None
    segment: int | None = None
    value: str | None = None


class ModelUse(Struct, frozen=True):
    """The model that did the work."""

    name: str
    repository: str
    revision: str
    license: str
    engine: str
    quantization: str


class Timings(Struct, frozen=True):
    """Milliseconds."""

    queue: float
    inference: float
    total: float


class SummarySentence(Struct, frozen=True):
    """A sentence of the summary, and what in the article supports it."""

    text: str
    sources: list[Range]
    translations: dict[str, str]
    warnings: list[Caution]


class SummaryUsage(Struct, frozen=True):
    """What went in and out."""

    input_characters: int
    input_tokens: int
    output_tokens: int
    chunks: int
    input_characters_used: int


class SummarizeResponse(Struct, frozen=True):
    """The answer to `POST /v1/summarize`."""

    summary: str
    translations: dict[str, str]
    sentences: list[SummarySentence]
    warnings: list[Caution]
    models: dict[str, ModelUse]
    usage: SummaryUsage
    timings_ms: Timings

    @classmethod
    def of(cls, result: object) -> "SummarizeResponse":
        """Copies a task's result into the wire's words."""
        return msgspec.convert(result, cls, from_attributes=True)


class TranslatedSegment(Struct, frozen=True):
    """A sentence pair.

    `score` is null where nothing was translated; `repair` names the extra try the text comes from
    where the first one failed a check.
    """

    source: Range
    text: str
    score: float | None
    warnings: list[Caution]
    repair: Repair | None


class Translation(Struct, frozen=True, omit_defaults=True):
    """One text in one target language. `segments` are there only where they were asked for."""

    index: int
    target: str
    text: str
    alternatives: list[str]
    warnings: list[Caution]
    segments: list[TranslatedSegment] | None = None


class TranslationUsage(Struct, frozen=True):
    """What went in and out; every target counts."""

    input_characters: int
    input_tokens: int
    output_tokens: int
    segments: int


class TranslateResponse(Struct, frozen=True):
    """The answer to `POST /v1/translate`: by index, then by target in the order asked."""

    translations: list[Translation]
    models: dict[str, ModelUse]
    usage: TranslationUsage
    timings_ms: Timings

    @classmethod
    def of(cls, result: object, *, segments: bool) -> "TranslateResponse":
        """Copies a task's result into the wire's words, with the sentence pairs if wanted."""
        response = msgspec.convert(result, cls, from_attributes=True)
        if segments:
            return response
        plain = [msgspec.structs.replace(t, segments=None) for t in response.translations]
        return msgspec.structs.replace(response, translations=plain)


class DocumentResponse(Struct, frozen=True):
    """A translated file and what is known of its text, whose segments are always there."""

    file: bytes
    name: str
    media_type: str
    translation: Translation
    models: dict[str, ModelUse]
    usage: TranslationUsage
    timings_ms: Timings

    @classmethod
    def of(cls, file: bytes, name: str, media_type: str, result: object) -> "DocumentResponse":
        """Copies the result of the task beside the file."""
        known = TranslateResponse.of(result, segments=True)
        [translation] = known.translations
        return cls(file, name, media_type, translation, known.models, known.usage, known.timings_ms)


class Model(Struct, frozen=True):
    """A model and how it stands. `source` is null for a summarizer, whose language is `target`.

    `worth`: what to expect of it, in a sentence; empty where its row of the catalog says nothing.
    `retry_after_s`: so long a load that failed is not tried again.
    """

    name: str
    task: str
    source: str | None
    target: str
    repository: str
    revision: str
    license: str
    worth: str
    state: State
    progress: float | None
    reason: str | None
    retry_after_s: float | None
    bytes_on_disk: int
    bytes_in_memory: int
    leases: int
    last_used: str | None
    default: bool


class ModelEvent(Struct, frozen=True):
    """A stream's `model`: one that the work waits for; the last of them is `ready`."""

    name: str
    task: str
    source: str | None
    target: str
    state: State
    progress: float | None


class SegmentEvent(Struct, frozen=True):
    """A stream's `segment` of a translation: the sentence `segment` of the text `index`.

    It is final. What stands between two sentences is what stands there in the input.
    """

    index: int
    target: str
    segment: int
    source: Range
    text: str
    score: float | None
    warnings: list[Caution]
    repair: Repair | None


class SentenceEvent(Struct, frozen=True, omit_defaults=True):
    """A stream's `segment` of a summary: its sentence `index`, or that in the language `target`.

    `sources` come with the sentence itself, for which `target` is null.
    """

    index: int
    target: str | None
    text: str
    warnings: list[Caution]
    sources: list[Range] | None = None


class QualityFigure(Struct, frozen=True):
    """A published or measured figure."""

    metric: str
    test_set: str
    value: float
    source: str


class Language(Struct, frozen=True):
    """A pair that can be translated; `name` is the target's, in English."""

    source: str
    target: str
    name: str
    model: str
    license: str
    quality: QualityFigure | None


class LiveResponse(Struct, frozen=True):
    """The process serves."""

    status: Literal["live"] = "live"


class ReadyModel(Struct, frozen=True):
    """A model that `LUR_PRELOAD` names. `serves`: it, or the spare of its route, is ready."""

    name: str
    state: str
    serves: bool
    served_by: str | None
    progress: float | None
    reason: str | None
    retry_after_s: float | None


class ReadyResponse(Struct, frozen=True):
    """Whether requests can be answered at once, and if not, why.

    `troubles`: models whose engine hangs or is lost, and how; `stopping`: the process ends.
    """

    status: Literal["ready", "not_ready"]
    models: list[ReadyModel]
    full_queues: list[str]
    troubles: dict[str, str]
    stopping: bool


class FieldError(Struct, frozen=True):
    """A field that is to blame."""

    field: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457). `retry_after_s` is what `Retry-After` says, where it does."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []
    limit: float | None = None
    actual: float | None = None
    progress: float | None = None
    retry_after_s: float | None = None
