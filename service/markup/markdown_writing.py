"""Writes a passage of Markdown in other words.

Plainly first; whoever reads the result again may ask for more care, which cannot be misread but
does not look like what people write.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Literal

from service.markup.blocks import Block, Mark
from service.markup.markdown_runs import Passage, Sign
from service.markup.weave import Step, weave

__all__ = ["Care", "said", "written"]

Care = Literal["plain", "full"]

_HTML_TAGS: Final = ("em", "strong", "del")
_SIGNIFICANT: Final = re.compile(r"[\\`*_\[\]<>&~$|#]")
_LINE_START: Final = re.compile(r"(?m)^(\s*)(?:([-+=:])|(\d{1,9})([.)]))")
_ELSEWHERE: Final = re.compile(r"(?m)(^|\\*)(\[\^|^:)")
"""Of a note or a definition: whether it is one is said by what stands elsewhere in the text."""

_GAP: Final = "\ufffc"
"""Stands for what is kept, where only what is said counts."""


def written(
    passage: Passage,
    block: Block,
    care: Care,
    source: Callable[[int, int], str],
    breaks: list[str],
) -> str:
    """Returns the Markdown of a block in place of a passage's own.

    Args:
        care: `plain` as people write, or `full`: every character so that it can mean nothing
            else, and emphasis in HTML.
        source: what stands between two places of the text.
        breaks: what to write for each line break; what the block has more becomes spaces.
    """
    careful = care == "full"
    parents = [sign.parent for sign in passage.signs]
    trimmed = replace(block, marks=tuple(_tight(block, passage.signs)))
    left = iter(breaks)
    parts: list[str] = []
    for step in weave(trimmed, parents):
        if step.kind == "text":
            text = _escaped(step.text, passage, careful=careful)
            parts += (next(left, " ") if part == "\n" else part for part in re.split("(\n)", text))
            continue
        sign, mark = passage.signs[step.mark], trimmed.marks[step.mark]
        empty = mark.start == mark.end and sign.kind in _HTML_TAGS
        if sign.kind == "link" and careful and parts and parts[-1].endswith("!"):
            parts[-1] = parts[-1][:-1] + "\\!"
        if not empty and (sign.kind != "atom" or step.kind == "open"):
            parts.append(_sign(sign, step, source, careful=careful))
    return "".join(parts).strip(" \t\n")


def _sign(sign: Sign, step: Step, source: Callable[[int, int], str], *, careful: bool) -> str:
    """What stands where a mark begins or ends."""
    first, last = sign.inside
    if sign.kind == "atom":
        return source(sign.start, sign.end)
    if careful and sign.kind in _HTML_TAGS:
        return f"<{'/' * (step.kind == 'close')}{sign.kind}>"
    if step.kind == "open":
        return source(sign.start, first)
    return source(last, sign.end) if sign.label is None else f"][{sign.label}]"


def _tight(block: Block, signs: list[Sign]) -> Iterator[Mark]:
    """The marks, of which emphasis does not begin or end with a space: it could not."""
    for mark, sign in zip(block.marks, signs, strict=True):
        inside = block.text[mark.start : mark.end]
        if sign.kind in _HTML_TAGS and inside != inside.strip():
            start = mark.start + len(inside) - len(inside.lstrip())
            yield replace(mark, start=start, end=max(start, mark.start + len(inside.rstrip())))
        else:
            yield mark


def _escaped(text: str, passage: Passage, *, careful: bool) -> str:
    """Writes text so that it is read as text."""
    if not careful:
        text = _ELSEWHERE.sub(r"\1\1\\\2", text)
        return text.replace("|", r"\|") if passage.context == "cell" else text
    text = _SIGNIFICANT.sub(r"\\\g<0>", text)
    if passage.context == "heading":
        text = text.replace("{", "&#123;").replace("}", "&#125;")
    return _LINE_START.sub(_not_a_marker, text)


def _not_a_marker(found: re.Match[str]) -> str:
    """Keeps a line from beginning like an item of a list, an underline or a definition."""
    spaces, sign, number, stop = found.groups()
    return f"{spaces}\\{sign}" if sign else f"{spaces}{number}\\{stop}"


def said(block: Block, signs: list[Sign]) -> tuple[str, list[tuple[str, int, int]]]:
    """Returns what a reader sees of a block: its characters but for spaces, and what is on them.

    Two blocks of which this is the same are read alike. What is kept counts as one character; marks
    around nothing do not count.
    """
    characters: list[str] = []
    at = [0]
    kept = 0
    ends = {mark.start: mark.end for mark in block.marks if mark.keep and mark.end > mark.start}
    for index, character in enumerate(block.text):
        if index in ends and index >= kept:
            characters.append(_GAP)
            kept = ends[index]
        elif index >= kept and not character.isspace():
            characters.append(character)
        at.append(len(characters))
    marks = [
        (sign.name or sign.kind, at[mark.start], at[mark.end])
        for mark, sign in zip(block.marks, signs, strict=True)
        if at[mark.end] > at[mark.start]
    ]
    return "".join(characters), sorted(marks)
