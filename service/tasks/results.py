"""What the tasks give back: plain data. Spans are in code points of the input."""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.batching import JobResult
from service.runner import ModelInfo
from service.text.alignment import Link

__all__ = [
    "Caution",
    "Range",
    "Stopwatch",
    "SummaryResult",
    "SummarySentence",
    "SummaryUsage",
    "Timings",
    "TranslatedSegment",
    "Translation",
    "TranslationResult",
    "TranslationUsage",
    "Way",
    "bundled_model",
]


Way = Literal["placeholders", "decoding", "clauses", "fallback"]
"""How a segment that failed a check was translated once more."""


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of the input: characters `start` to `end`, `end` excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning: what the caller should not believe unseen.

    Attributes:
        code: one of the closed set in the API's contract.
        value: what it is about (the number, the model), where there is such a thing.
        segment, sentence: which one, by index, where it is about one.
    """

    code: str
    message: str
    value: str | None = None
    segment: int | None = None
    sentence: int | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds: until the first job began, from there to the last job's end, and altogether."""

    queue: float
    inference: float
    total: float


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """One sentence.

    Attributes:
        score: None where nothing was translated.
        raw: as the model wrote it, before typography; the text itself where it passed through.
        repair: the extra try that it comes from, where the first one failed a check.
        links: between `text` and its source, both from their first character on; of texts that
            have marks.
    """

    source: Range
    text: str
    score: float | None
    raw: str
    warnings: tuple[Caution, ...] = ()
    repair: Way | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Translation:
    """One text in one target language.

    Attributes:
        others: the segments of what else was asked for; `alternatives` are those that differ.
    """

    index: int
    target: str
    text: str
    alternatives: tuple[str, ...]
    segments: tuple[TranslatedSegment, ...]
    warnings: tuple[Caution, ...]
    others: tuple[tuple[TranslatedSegment, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class TranslationUsage:
    """What went in and out; every target counts."""

    input_characters: int
    input_tokens: int
    output_tokens: int
    segments: int


@dataclass(frozen=True, slots=True)
class TranslationResult:
    """The answer to a translation request.

    `models` by target language; `hy-fallback` where a segment comes from the fallback model.
    """

    translations: tuple[Translation, ...]
    models: Mapping[str, ModelInfo]
    usage: TranslationUsage
    timings_ms: Timings


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """One sentence of the summary, and the stretches of the article that support it best."""

    text: str
    sources: tuple[Range, ...]
    translations: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryUsage:
    """What went in and out, of the translators too.

    `input_characters_used` were read by the summarizer, or are layout.
    """

    input_characters: int
    input_tokens: int
    output_tokens: int
    chunks: int
    input_characters_used: int


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """The answer to a summary request; `models` by `summarize` and by target language."""

    summary: str
    translations: Mapping[str, str]
    sentences: tuple[SummarySentence, ...]
    warnings: tuple[Caution, ...]
    models: Mapping[str, ModelInfo]
    usage: SummaryUsage
    timings_ms: Timings


def bundled_model(name: str, worth: str) -> Caution:
    """Returns the warning of every answer that a bundled model had a part in."""
    return Caution("bundled_model", f"{name}: {worth}", value=name)


class Stopwatch:
    """The time of one request: how much is left, and when its jobs were submitted, begun, done.

    Args:
        limit_s: the request's deadline, from now; who passes it is cancelled by others.
    """

    def __init__(self, limit_s: float = math.inf) -> None:
        self._jobs: list[JobResult] = []
        self._until_s = time.monotonic() + limit_s

    def left_s(self) -> float:
        """Returns the seconds until the deadline, at least 0; `inf` where there is none."""
        return max(0.0, self._until_s - time.monotonic())

    def saw(self, results: Iterable[JobResult]) -> None:
        self._jobs.extend(results)

    def timings(self, total_s: float) -> Timings:
        """Returns the figures; queue and inference are 0 where every result was remembered."""
        queue = inference = 0.0
        if self._jobs:
            started = min(job.started_s for job in self._jobs)
            queue = started - min(job.submitted_s for job in self._jobs)
            inference = max(job.finished_s for job in self._jobs) - started
        return Timings(*(round(1000 * seconds, 1) for seconds in (queue, inference, total_s)))
