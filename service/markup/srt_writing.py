"""Sets words in subtitles: which of them in which cue, and in how many lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT, weave

__all__ = ["Cut", "dealt"]

MAX_LINE_CHARACTERS: Final = 42
"""Of a line of Latin or Cyrillic script (Netflix, Timed Text Style Guide, General Requirements)."""

PAUSE_CHARACTERS: Final = 8
"""So far from where a cue would end by measure it ends at a mark of punctuation instead."""

_PAUSE: Final = re.compile(r"[,;:.!?…–—։՝՞՜)»”]$")


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cue said of a text: the characters `start` to `end`, in so many lines.

    Attributes:
        longest: characters of its longest line.
        before: what stands before its words.
    """

    start: int
    end: int
    lines: int
    longest: int
    before: str = ""


def dealt(
    block: Block,
    parents: Sequence[int],
    tags: Sequence[tuple[str, str]],
    cuts: Sequence[Cut],
) -> list[str]:
    """Returns what each cue says of a block, with its tags and line breaks.

    A tag that is open where a cue ends is closed there and opened again in the next one. Every cue
    says something if there are as many words as cues.

    Args:
        parents: for each mark the index of the one around it.
        tags: for each mark what opens and what closes it.
        cuts: what the cues said before.
    """
    ends = _ends(block.text, [cut.end - cut.start for cut in cuts])
    found = []
    for cut, (start, end) in zip(cuts, pairwise([0, *ends]), strict=True):
        inside = block.text[start:end]
        first = start + len(inside) - len(inside.lstrip())
        last = max(first, start + len(inside.rstrip()))
        text = _set(block.text[first:last], cut)
        found.append(cut.before + _tagged(text, block, parents, tags, first, last))
    return found


def _ends(text: str, weights: Sequence[int]) -> list[int]:
    """Returns where each of the stretches ends that a text is cut into, the last one last."""
    spaces = [found.start() for found in re.finditer(r"\s+", text.rstrip())]
    whole, ends, used = max(1, sum(weights)), [], 0
    for number, weight in enumerate(accumulate(weights[:-1]), 1):
        left = len(weights) - 1 - number  # so many cues need a word of their own behind this one
        choice = range(used, max(used, len(spaces) - left))
        if not choice:
            ends.append(len(text))
            continue
        aim = len(text) * weight / whole
        best = min(choice, key=lambda at: _distance(text, spaces[at], aim))
        ends.append(spaces[best])
        used = best + 1
    return [*ends, len(text)]


def _distance(text: str, at: int, aim: float) -> float:
    pause = _PAUSE.search(text, max(0, at - 1), at) is not None
    return abs(at - aim) - PAUSE_CHARACTERS * pause


def _set(text: str, cut: Cut) -> str:
    """Puts line breaks in place of spaces, where there are none yet that mean something."""
    longest = max(MAX_LINE_CHARACTERS, cut.longest)
    lines = max(cut.lines, 2) if len(text) > longest else min(cut.lines, 1 + len(text) // 20)
    if "\n" in text or lines < 2:
        return text
    characters = list(text)
    for end in _ends(text, [1] * lines)[:-1]:
        if 0 < end < len(text):
            characters[end] = "\n"
    return "".join(characters)


def _tagged(
    text: str,
    block: Block,
    parents: Sequence[int],
    tags: Sequence[tuple[str, str]],
    first: int,
    last: int,
) -> str:
    """Writes the characters `first` to `last` of a block, spelt as `text`, with their tags."""
    here: dict[int, int] = {NO_PARENT: NO_PARENT}
    chosen: list[int] = []
    marks: list[Mark] = []
    around: list[int] = []
    behind = last + (last == len(block.text))
    for index, mark in enumerate(block.marks):
        here[index] = here[parents[index]]
        point = mark.start == mark.end and first <= mark.start < behind
        if point or (mark.start < last and mark.end > first):
            around.append(here[parents[index]])
            here[index] = len(marks)
            chosen.append(index)
            marks.append(Mark(max(0, mark.start - first), min(last, mark.end) - first))
    return "".join(
        step.text if step.kind == "text" else tags[chosen[step.mark]][step.kind == "close"]
        for step in weave(Block(text, tuple(marks)), around)
    )
