"""Reads the fenced blocks of a document, and what is to become of each.

Knows nothing of running and comparing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

__all__ = ["DOCUMENTS", "ROOT", "Block", "Unexplained", "blocks_of", "with_answers"]

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*.md")),
)

RUNNABLE = ("sh", "python")
MARKS = ("file", "serves", "not run")

_FENCE = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]* -->\n)*)^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (?P<name>" + "|".join(MARKS) + r")(?:: (?P<value>.*))? -->")


class Unexplained(ValueError):
    """A block of which nobody says what it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        start, end: where its text is in the document.
        line: of its fence, from 1.
        marks: what the comments before it say, by name.
        answer: the block behind it, if that is what it should print.
    """

    kind: str
    text: str
    start: int
    end: int
    line: int
    marks: dict[str, str] = field(default_factory=dict)
    answer: "Block | None" = None

    @property
    def title(self) -> str:
        """Its first line, for people."""
        return self.text.strip().split("\n")[0]


def blocks_of(document: str) -> list[Block]:
    """Returns the blocks of a document in order; answers are in the blocks that give them.

    Raises:
        Unexplained: a block is neither run nor an answer nor marked, or a fence is indented.
    """
    if hidden := re.search(r"^[ \t>]+(?:```|~~~)|^~~~", document, re.MULTILINE):
        line = document.count("\n", 0, hidden.start()) + 1
        raise Unexplained(f"line {line}: a fence is three backticks at the beginning of a line")
    found: list[Block] = []
    for block in _fences(document):
        if block.marks or block.kind in RUNNABLE:
            found.append(block)
        elif found and _is_answered_by(found[-1], block, document):
            found[-1] = replace(found[-1], answer=block)
        else:
            raise Unexplained(f"line {block.line}: nothing says what this is: {block.title}")
    return found


def with_answers(document: str, answers: dict[int, str]) -> str:
    """Returns the document with other text in the blocks that begin at these places."""
    for block in sorted(_fences(document), key=lambda block: -block.start):
        if block.start in answers:
            document = document[: block.start] + answers[block.start] + document[block.end :]
    return document


def _fences(document: str) -> Iterator[Block]:
    for found in _FENCE.finditer(document):
        marks = {mark["name"]: mark["value"] or "" for mark in _MARK.finditer(found["marks"])}
        yield Block(
            kind=found["kind"],
            text=found["text"],
            start=found.start("text"),
            end=found.end("text"),
            line=document.count("\n", 0, found.start("kind")) + 1,
            marks=marks,
        )


def _is_answered_by(block: Block, other: Block, document: str) -> bool:
    between = document[block.end : other.start].split("\n")[1:-2]
    runs = "not run" not in block.marks and "file" not in block.marks
    return runs and block.answer is None and not any(between)
