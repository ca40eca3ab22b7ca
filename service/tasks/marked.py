"""Translates texts with markup: their blocks as texts, the marks put where they belong afterwards.

A mark goes where the words went that it was around; none is lost, none is doubled, and of two one
still contains the other or they are apart. Knows no format: what a mark is does not matter here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.markup.blocks import Block, Mark, Markup
from service.tasks.results import Translation, TranslationResult

if TYPE_CHECKING:
    from service.tasks.translate import TranslationRequest, Translator

__all__ = ["MarkedResult", "translate_markup"]


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


async def translate_markup(
    translator: Translator, request: TranslationRequest, markups: Sequence[Markup]
) -> MarkedResult:
    """Translates what is language in the markups; `request.texts` are ignored.

    Raises: see `Translator.translate`.
    """
    flat = [block for markup in markups for block in markup.blocks]
    plain = replace(
        request, texts=tuple(block.text for block in flat), format="text", ignore_tags=()
    )
    found = await translator.translate(plain)
    count = len(request.targets)
    blocks: list[dict[str, tuple[Block, ...]]] = []
    translations: list[Translation] = []
    first = 0
    for index, markup in enumerate(markups):
        end = first + len(markup.blocks)
        here: dict[str, tuple[Block, ...]] = {}
        for place, target in enumerate(request.targets):
            parts = found.translations[first * count + place : end * count : count]
            here[target] = tuple(
                Block(part.text, _in_proportion(own, part.text))
                for own, part in zip(flat[first:end], parts, strict=True)
            )
            text = markup.rebuilt(here[target]).decode(errors="surrogatepass")
            warnings = tuple(w for part in parts for w in part.warnings)
            segments = tuple(s for part in parts for s in part.segments)
            translations.append(Translation(index, target, text, (), segments, warnings))
        blocks.append(here)
        first = end
    return MarkedResult(replace(found, translations=tuple(translations)), tuple(blocks))


def _in_proportion(own: Block, text: str) -> tuple[Mark, ...]:
    """The marks of a block as far into the translation as they were into the text."""
    share = len(text) / max(1, len(own.text))
    return tuple(
        replace(mark, start=round(mark.start * share), end=round(mark.end * share))
        for mark in own.marks
    )
