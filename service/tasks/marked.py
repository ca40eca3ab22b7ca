"""Translates texts with markup: their blocks as texts, the marks put where they belong afterwards.

A mark goes where the words went that it was around; none is lost, none is doubled, and of two one
still contains the other or they are apart. Knows no format: what a mark is does not matter here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.markup.blocks import Block, Markup
from service.markup.formats import markup_of
from service.tasks.aside import aside
from service.tasks.placing import placed
from service.tasks.results import Caution, Range, TranslatedSegment, Translation, TranslationResult
from service.tasks.told import Event, SegmentDone, TextDone, Told

if TYPE_CHECKING:
    from service.tasks.results import Stopwatch
    from service.tasks.translate import TranslationRequest, Translator

__all__ = ["MarkedResult", "translate_markup", "translate_texts"]


@dataclass(frozen=True, slots=True)
class MarkedResult:
    """What became of inputs with markup.

    Attributes:
        result: as for plain texts, one translation for each input and target; its segments are the
            sentences of all blocks, their `source` in the input, their text without markup.
        blocks: for each input and target the blocks, as `Markup.rebuilt` wants them.
    """

    result: TranslationResult
    blocks: tuple[Mapping[str, tuple[Block, ...]], ...]


async def translate_texts(
    translator: Translator,
    request: TranslationRequest,
    watch: Stopwatch | None = None,
    told: Told | None = None,
) -> TranslationResult:
    """Translates the texts of a request as the format says that they are in.

    Raises:
        InputTooLong: the texts are, their markup included.
        Other errors: see `Translator.translate`.
    """
    characters = sum(map(len, request.texts))
    translator.check_length(characters)
    markups = await aside(
        characters,
        lambda: [markup_of(text, request.format, request.ignore_tags) for text in request.texts],
    )
    marked = await translate_markup(translator, request, markups, told, watch)
    usage = replace(marked.result.usage, input_characters=characters)
    return replace(marked.result, usage=usage)


async def translate_markup(
    translator: Translator,
    request: TranslationRequest,
    markups: Sequence[Markup],
    told: Told | None = None,
    watch: Stopwatch | None = None,
) -> MarkedResult:
    """Translates what is language in the markups; `request.texts` are ignored.

    Raises: see `Translator.translate`; the characters of all blocks count.
    """
    work = _Marked(request, markups)
    plain = replace(
        request,
        texts=tuple(block.text for block in work.flat),
        marks=tuple(block.marks for block in work.flat),
        inputs=tuple(work.inputs),
        splitting="none" if request.splitting == "none" else "lines",
        format="text",
        ignore_tags=(),
    )
    found = await translator.translate(plain, watch, None if told is None else work.telling(told))
    size = sum(len(block.text) for block in work.flat) * len(request.targets)
    return await aside(size, work.result, found)


class _Marked:
    """The blocks of several inputs, as the texts of one request."""

    def __init__(self, request: TranslationRequest, markups: Sequence[Markup]) -> None:
        self._targets = request.targets
        self._markups = markups
        self.flat = [block for markup in markups for block in markup.blocks]
        self.inputs = [i for i, markup in enumerate(markups) for _ in markup.blocks]
        self._told_segments: dict[tuple[int, str], int] = {}

    def telling(self, told: Told) -> Told:
        """Returns what makes events about blocks ones about inputs, for `told`."""

        def tell(event: Event) -> None:
            match event:
                case SegmentDone(index, target, _, translated):
                    here = (self.inputs[index], target)
                    number = self._told_segments.get(here, 0)
                    self._told_segments[here] = number + 1
                    segment = _in_input(self.flat[index], translated, number)
                    told(SegmentDone(here[0], target, number, segment))
                case TextDone():
                    pass  # an input is whole when all of its blocks are
                case _:
                    told(event)

        return tell

    def result(self, found: TranslationResult) -> MarkedResult:
        """Puts the inputs together again."""
        count = len(self._targets)
        blocks: list[dict[str, tuple[Block, ...]]] = []
        translations: list[Translation] = []
        first = 0
        for index, markup in enumerate(self._markups):
            end = first + len(markup.blocks)
            here: dict[str, tuple[Block, ...]] = {}
            for place, target in enumerate(self._targets):
                parts = found.translations[first * count + place : end * count : count]
                here[target], translation = self._input(index, target, self.flat[first:end], parts)
                translations.append(translation)
            blocks.append(here)
            first = end
        return MarkedResult(replace(found, translations=tuple(translations)), tuple(blocks))

    def _input(
        self, index: int, target: str, own: Sequence[Block], parts: Sequence[Translation]
    ) -> tuple[tuple[Block, ...], Translation]:
        blocks: list[Block] = []
        segments: list[TranslatedSegment] = []
        warnings: list[Caution] = []
        for block, part in zip(own, parts, strict=True):
            done, stay = placed(block, part.segments)
            blocks.append(done)
            for number, segment in enumerate(part.segments):
                segments.append(_in_input(block, segment, len(segments), stays=number in stay))
                warnings += segments[-1].warnings
            for warning in part.warnings:
                if warning.segment is None and warning not in warnings:
                    warnings.append(warning)
        markup = self._markups[index]
        text = _rebuilt(markup, blocks)
        ranks = min((len(part.others) for part in parts), default=0)
        alternatives = [
            _rebuilt(
                markup,
                [placed(block, part.others[r])[0] for block, part in zip(own, parts, strict=True)],
            )
            for r in range(ranks)
        ]
        return tuple(blocks), Translation(
            index,
            target,
            text,
            tuple(dict.fromkeys(other for other in alternatives if other != text)),
            tuple(segments),
            tuple(warnings),
        )


def _rebuilt(markup: Markup, blocks: Sequence[Block]) -> str:
    """The input rebuilt; empty where it is no text."""
    if any(block.text and not block.places for block in markup.blocks):
        return ""
    return markup.rebuilt(blocks).decode(errors="surrogatepass")


def _in_input(
    block: Block, segment: TranslatedSegment, number: int, *, stays: bool = False
) -> TranslatedSegment:
    """A segment of a block as one of the input: the `number`th, where it stands there."""
    start, end = segment.source.start, segment.source.end
    if stays:
        text = block.text[start:end]
        warning = Caution("kept_changed", STAYS)
        segment = replace(
            segment, text=text, score=None, warnings=(*segment.warnings, warning), repair=None
        )
    if block.places:
        start, end = block.places[start], block.places[end]
    warnings = tuple(replace(warning, segment=number) for warning in segment.warnings)
    return replace(segment, source=Range(start, end), warnings=warnings, links=())


STAYS = "what must stay as it is came back in another order, so the sentence is not translated"
