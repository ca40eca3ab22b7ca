"""The wire format: what comes in and what goes out, and nothing else.

The structs mirror the tasks' results field by field; `msgspec.convert` does the copying. Their JSON
Schemas are msgspec's own, as it is msgspec that validates. What depends on the settings or on the
catalog has a `$comment`, in whose place `document` puts it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from service.tasks.results import SummaryResult, TranslationResult, Way
from service.tasks.summarize import Format, Length, SummaryRequest
from service.tasks.translate import Quality, TranslationRequest

__all__ = [
    "Body",
    "FieldError",
    "Language",
    "LiveResponse",
    "Model",
    "Problem",
    "ReadyModel",
    "ReadyResponse",
    "SummarizeBody",
    "SummarizeResponse",
    "TranslateBody",
    "TranslateResponse",
]

Text = Annotated[str, Meta(extra_json_schema={"$comment": "text"})]
Code = Annotated[str, Meta(min_length=2, max_length=16, description="ISO 639 code")]
Source = Annotated[Code, Meta(extra_json_schema={"$comment": "source"})]
Target = Annotated[Code, Meta(extra_json_schema={"$comment": "target"})]
Term = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[
    str, Meta(min_length=1, max_length=200, description="a name from `GET /v1/models`")
]
Summarizer = Annotated[Name, Meta(extra_json_schema={"$comment": "summarizer"})]
Translator = Annotated[Name, Meta(extra_json_schema={"$comment": "translator"})]
Stream = Annotated[
    bool, Meta(description="answer with server-sent events, each as soon as it is known")
]


class Body(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """A request body: a field we do not know is an error, not a wish ignored."""


class SummarizeBody(Body, frozen=True):
    """`POST /v1/summarize`."""

    text: Annotated[Text, Meta(min_length=1, description="the article, in English")]
    length: Annotated[
        Length, Meta(description="about 10, 20 or 35 % of the article, within the model's bounds")
    ] = "medium"
    max_sentences: Annotated[int, Meta(ge=1, le=50, description="ceiling in sentences")] | None = (
        None
    )
    max_words: Annotated[int, Meta(ge=5, le=2000, description="ceiling in words")] | None = None
    format: Annotated[Format, Meta(description="`bullets`: one line per sentence")] = "paragraph"
    translate_to: Annotated[
        list[Target], Meta(max_length=16, description="the summary in these languages too")
    ] = []
    model: Summarizer | None = None
    stream: Stream = False

    def request(self) -> SummaryRequest:
        """Returns the task's own words for it."""
        return SummaryRequest(
            text=self.text,
            length=self.length,
            max_sentences=self.max_sentences,
            max_words=self.max_words,
            format=self.format,
            translate_to=tuple(dict.fromkeys(self.translate_to)),
            model=self.model,
        )


class TranslateBody(Body, frozen=True):
    """`POST /v1/translate`."""

    text: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1, max_length=128)],
        Meta(description="one text or up to 128; an empty one stays empty"),
    ]
    target: Annotated[
        Target | Annotated[list[Target], Meta(min_length=1, max_length=16)],
        Meta(description="one language or several"),
    ]
    source: Source = "en"
    quality: Annotated[Quality, Meta(description="beam 1, 2 or 4")] = "balanced"
    alternatives: Annotated[int, Meta(ge=0, le=4, description="further candidates")] = 0
    glossary: Annotated[
        dict[Term, Term | Annotated[list[Term], Meta(min_length=1, max_length=20)]],
        Meta(
            max_length=200,
            description="term of the source → its translation, or all accepted forms, the form to "
            "insert first; for one target",
        ),
    ] = {}
    segments: Annotated[bool, Meta(description="return the sentence pairs")] = False
    model: Translator | None = None
    stream: Stream = False

    def request(self) -> TranslationRequest:
        """Returns the task's own words for it."""
        targets = [self.target] if isinstance(self.target, str) else self.target
        return TranslationRequest(
            texts=(self.text,) if isinstance(self.text, str) else tuple(self.text),
            targets=tuple(dict.fromkeys(targets)),
            source=self.source,
            quality=self.quality,
            alternatives=self.alternatives,
            glossary=self.glossary,
            model=self.model,
        )


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
    def of(cls, result: SummaryResult) -> "SummarizeResponse":
        """Copies a result into the wire's words."""
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
    repair: Way | None


class Translation(Struct, frozen=True):
    """One text in one target language."""

    index: int
    target: str
    text: str
    alternatives: list[str]
    warnings: list[Caution]
    segments: list[TranslatedSegment] | UnsetType = UNSET


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
    def of(cls, result: TranslationResult, *, segments: bool) -> "TranslateResponse":
        """Copies a result into the wire's words, with the sentence pairs where they are wanted."""
        response = msgspec.convert(result, cls, from_attributes=True)
        if segments:
            return response
        plain = [msgspec.structs.replace(t, segments=UNSET) for t in response.translations]
        return msgspec.structs.replace(response, translations=plain)


class Model(Struct, frozen=True):
    """A model and how it stands. `source` is null for a summarizer, whose language is `target`.

    `retry_after_s`: so long a load that failed is not tried again.
    """

    name: str
    task: str
    source: str | None
    target: str
    repository: str
    revision: str
    license: str
    state: Literal["absent", "downloading", "converting", "on_disk", "loading", "ready", "failed"]
    progress: float | None
    reason: str | None
    retry_after_s: float | None
    bytes_on_disk: int
    bytes_in_memory: int
    leases: int
    last_used: str | None
    default: bool


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
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []
    limit: float | None = None
    actual: float | None = None
    progress: float | None = None
