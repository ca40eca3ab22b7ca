"""Goes through a block's text and marks in the order in which they are written down.

Knows nothing of what a mark stands for: each format writes its own signs.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from service.markup.blocks import Block

__all__ = ["NO_PARENT", "Step", "weave"]

NO_PARENT = -1


class Step(NamedTuple):
    """Text to write, or the index of a mark that opens or closes here."""

    kind: Literal["text", "open", "close"]
    text: str = ""
    mark: int = NO_PARENT


def weave(block: Block, parents: Sequence[int]) -> Iterator[Step]:
    """Yields the steps that write the block, in time linear in its length but for sorting.

    Whatever was done to the marks, each opens once, closes once and stays inside its parent: one
    that begins before what precedes it has ended, begins there. Of a mark to keep there are only
    its opening and its closing, without what is between them.

    Args:
        parents: for each mark the index of the one around it, or `NO_PARENT`.

    Raises:
        ValueError: there are not as many marks as parents.
    """
    children: dict[int, list[int]] = {}
    for mark, parent in enumerate(parents):
        children.setdefault(parent, []).append(mark)
    marks = block.marks
    if len(marks) != len(parents):
        raise ValueError(f"{len(marks)} marks, and there were {len(parents)}")

    def inside(mark: int) -> Iterator[int]:
        return iter(sorted(children.get(mark, ()), key=lambda m: (marks[m].start, marks[m].end, m)))

    position = 0
    around = [(NO_PARENT, len(block.text), inside(NO_PARENT))]
    while around:
        mark, end, others = around[-1]
        child = next(others, None)
        stop = end if child is None else min(marks[child].start, end)
        if stop > position:
            yield Step("text", block.text[position:stop])
            position = stop
        if child is None:
            around.pop()
            if mark != NO_PARENT:
                yield Step("close", mark=mark)
            continue
        yield Step("open", mark=child)
        last = min(max(marks[child].end, position), end)
        if marks[child].keep:
            position = last
            yield Step("close", mark=child)
        else:
            around.append((child, last, inside(child)))
