"""What a task tells while it works, so that nobody has to wait for the end to see a beginning.

Plain data. Knows neither how anything is worked out nor who listens.
"""

from collections.abc import Callable
from dataclasses import dataclass

from service.models.registry import ModelStatus
from service.tasks.results import Caution, Range, TranslatedSegment, Translation

__all__ = [
    "Begun",
    "ChunksRead",
    "Event",
    "ModelAwaited",
    "SegmentDone",
    "SentenceDone",
    "TextDone",
    "Told",
]


@dataclass(frozen=True, slots=True)
class ModelAwaited:
    """The request waits for this model, or has just got it: then it is `ready`."""

    status: ModelStatus


@dataclass(frozen=True, slots=True)
class Begun:
    """So many segments, or sentences of a summary, will be told of for this target."""

    target: str
    segments: int


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """A segment of a translation is final: after checks and repair, with all its warnings.

    Attributes:
        index: of the text.
        segment: which one of that text.
    """

    index: int
    target: str
    segment: int
    translated: TranslatedSegment


@dataclass(frozen=True, slots=True)
class TextDone:
    """A text is final; told right after its last segment."""

    index: int
    target: str
    translation: Translation


@dataclass(frozen=True, slots=True)
class ChunksRead:
    """Of the chunks that a pass over an article reads, so many are read."""

    done: int
    chunks: int


@dataclass(frozen=True, slots=True)
class SentenceDone:
    """A sentence of a summary is final, or its translation is.

    Attributes:
        index: of the sentence.
        target: None for the sentence itself.
        sources: what in the article supports it; of the sentence itself.
    """

    index: int
    target: str | None
    text: str
    sources: tuple[Range, ...] = ()
    warnings: tuple[Caution, ...] = ()


Event = ModelAwaited | Begun | SegmentDone | TextDone | ChunksRead | SentenceDone

Told = Callable[[Event], None]
"""Called on the event loop; must return at once. For each text and target in reading order."""
