"""The wire format of what comes in; that of what goes out is in `service.answers`.

The JSON Schemas are msgspec's own, as it is msgspec that validates. What depends on the settings or
on the catalog has a `$comment`, in whose place `document` puts it.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from service.answers import (
    FieldError,
    Language,
    LiveResponse,
    Model,
    Problem,
    QualityFigure,
    ReadyModel,
    ReadyResponse,
    SummarizeResponse,
    TranslateResponse,
)
from service.tasks.summarize import Format, Length, SummaryRequest
from service.tasks.translate import Quality, TranslationRequest

__all__ = [
    "Body",
    "FieldError",
    "Language",
    "LiveResponse",
    "Model",
    "Problem",
    "QualityFigure",
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

Glossary = Annotated[
    dict[Term, Term | Annotated[list[Term], Meta(min_length=1, max_length=20)]],
    Meta(
        max_length=200,
        description="term of the source → its translation, or all accepted forms, the form to "
        "insert first; for one target",
    ),
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
    glossary: Glossary = {}
    format: Annotated[
        Literal["text", "html", "markdown"],
        Meta(
            description="what the texts are; markup stays as it is, around the words it was around"
        ),
    ] = "text"
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
            format=self.format,
        )
