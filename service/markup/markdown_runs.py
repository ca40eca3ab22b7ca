"""Inline content of Markdown while it is read, and the passages that it becomes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT

__all__ = ["Context", "Kind", "Passage", "Run", "Sign", "passages_of"]

Context = Literal["paragraph", "item", "definition", "heading", "cell", "image"]
"""What a passage stands in: a sign may mean something in one of them and nothing in another."""

Kind = Literal["em", "strong", "del", "link", "html", "atom"]

KEPT_ELEMENTS = frozenset({"code", "kbd", "samp", "var", "tt", "math", "svg"})
"""Inline HTML whose insides are no language."""

MAX_UNCLOSED = 64
"""So many tags without an end are looked through for the one that an end tag ends."""

_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^>]*)>", re.DOTALL)
_NOT_TRANSLATED = re.compile(r"""\btranslate\s*=\s*["']?no\b""", re.IGNORECASE)


@dataclass(slots=True)
class Sign:
    """What a mark stands for.

    Attributes:
        start, end: where it stands in the text, with its own signs.
        inside: where what it is around begins and ends. What is written of an `atom` is all of it.
        parent: the index of the mark around it.
        name: of an element of HTML.
        keep: whether what is in it is no language.
        label: what a link is looked up by where that is its own words.
    """

    kind: Kind
    start: int
    end: int
    inside: tuple[int, int]
    parent: int = NO_PARENT
    name: str = ""
    keep: bool = False
    label: str | None = None


@dataclass(slots=True)
class Passage:
    """A block and where it stands.

    Attributes:
        end: behind all that is replaced with the block.
        breaks: what stands in the text for each line break of the block.
        inner: passages within it: descriptions of images.
        around: where what stands in the same line or lines begins and ends.
        label: what the image of this description is looked up by where that is its own words.
    """

    start: int
    end: int
    context: Context
    block: Block
    signs: list[Sign]
    breaks: list[str]
    inner: list["Passage"]
    around: tuple[int, int]
    label: str | None = None


@dataclass(slots=True)
class Run:
    """Inline content while it is read.

    Attributes:
        last: where the last event ended.
        places, ends: where each character of `text` begins and ends.
        open: indices of the marks that have begun and not ended.
        unclosed: those of tags without an end.
        breaks: where each line break begins, and where what follows it does.
        broken: whether it is not known yet what follows the last one.
        images: how many images within the description of one are not read to the end.
    """

    context: Context
    start: int
    last: int
    text: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    unclosed: set[int] = field(default_factory=set)
    breaks: list[tuple[int, int]] = field(default_factory=list)
    inner: list[Passage] = field(default_factory=list)
    broken: bool = False
    images: int = 0

    def say(self, said: str, start: int, end: int) -> None:
        """Adds text; where it is not written as it is read, it has one place."""
        self.text += said
        if end - start == len(said):
            self.places += range(start, end)
            self.ends += range(start + 1, end + 1)
        else:
            self.places += [start] * len(said)
            self.ends += [end] * len(said)

    def begin(self, kind: Kind, start: int, end: int, inside: tuple[int, int]) -> Sign:
        """Opens a mark."""
        at = len(self.text)
        parent = self.open[-1] if self.open else NO_PARENT
        self.open.append(len(self.marks))
        self.marks.append(Mark(at, at))
        self.signs.append(Sign(kind, start, end, inside, parent))
        return self.signs[-1]

    def finish(self) -> Sign:
        """Closes the last mark that is open but for tags without an end."""
        index = self.open.pop()
        while self.signs[index].kind == "html":
            self._give_up(index)
            index = self.open.pop()
        return self._close(index)

    def break_line(self, start: int, end: int) -> None:
        """Adds a line break that Markdown shows."""
        self.say("\n", start, end)
        self.ends[-1] = end
        self.breaks.append((start, end))
        self.broken = True

    def html(self, tag: str, start: int, end: int) -> None:
        """Adds a tag of HTML, or a comment."""
        found = _TAG.fullmatch(tag)
        name = found[2].lower() if found else ""
        if name == "br":
            self.break_line(start, end)
        elif found and not found[1] and name not in _VOID and not found[3].endswith("/"):
            sign = self.begin("html", start, end, (end, end))
            sign.name = name
            sign.keep = name in KEPT_ELEMENTS or _NOT_TRANSLATED.search(found[3]) is not None
        elif not (found and found[1] and self.end_tag(name, start, end)):
            self.begin("atom", start, end, (start, end))
            self.finish()

    def end_tag(self, name: str, start: int, end: int) -> bool:
        """Closes the element of this name; returns whether there is one."""
        for depth, index in enumerate(reversed(self.open[-MAX_UNCLOSED:])):
            sign = self.signs[index]
            if sign.kind != "html":
                return False
            if sign.name == name:
                for _ in range(depth):
                    self._give_up(self.open.pop())
                sign.inside, sign.end = (sign.inside[0], start), end
                sign.kind = "atom" if sign.keep else "html"
                self._close(self.open.pop())
                return True
        return False

    def end(self) -> None:
        """Gives up what is still open."""
        while self.open:
            self._give_up(self.open.pop())

    def _close(self, index: int) -> Sign:
        sign = self.signs[index]
        self.marks[index] = Mark(self.marks[index].start, len(self.text), sign.keep)
        return sign

    def _give_up(self, index: int) -> None:
        sign = self.signs[index]
        sign.kind, sign.end = "atom", sign.inside[0]
        self.unclosed.add(index)


def passages_of(run: Run, source: str) -> list[Passage] | None:
    """Returns the passage of a run, and before and behind it those that are none of its own.

    Spaces, images and the like at its edges are left where they are. None where it has no words.
    """
    run.end()
    text = "".join(run.text)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    kept = [mark for mark in run.marks if mark.keep]
    if not any(map(str.isalpha, _without(text, kept))):
        return None
    covering = [
        (mark, sign)
        for mark, sign in zip(run.marks, run.signs, strict=True)
        if mark.start < min(last, mark.end) and mark.end > first
    ]
    start = min([run.places[first], *(s.start for m, s in covering if m.start <= first)])
    end = max([run.ends[last - 1], *(s.end for m, s in covering if m.end >= last)])
    marks, signs = _inside(run, start, end, first, last)
    before = [one for one in run.inner if one.start < start]
    inner = [one for one in run.inner if start <= one.start < end]
    behind = [one for one in run.inner if one.start >= end]
    skipped, ended = text[:first].count("\n"), text[:last].count("\n")
    breaks = [source[begin:stop] for begin, stop in run.breaks[skipped:ended]]
    places = (*run.places[first:last], run.ends[last - 1])
    block = Block(text[first:last], tuple(marks), places)
    around = (run.start, run.last)
    found = Passage(start, end, run.context, block, signs, breaks, inner, around)
    return [*before, found, *behind]


def _without(text: str, marks: list[Mark]) -> Iterator[str]:
    """Yields what of a text stands outside of these marks, which nest."""
    position = 0
    for mark in marks:
        yield from text[position : mark.start]
        position = max(position, mark.end)
    yield from text[position:]


def _inside(run: Run, start: int, end: int, first: int, last: int) -> tuple[list[Mark], list[Sign]]:
    """The marks between two places of the source, for the characters `first` to `last`."""
    marks: list[Mark] = []
    signs: list[Sign] = []
    numbers: dict[int, int] = {NO_PARENT: NO_PARENT}
    for index, (mark, sign) in enumerate(zip(run.marks, run.signs, strict=True)):
        parent = numbers[sign.parent]
        if sign.end <= start or sign.start >= end or index in run.unclosed:
            numbers[index] = parent
        if start < sign.end and sign.start < end:
            if index not in run.unclosed:
                numbers[index] = len(marks)
            sign.parent = parent
            signs.append(sign)
            begin, stop = (min(max(at, first), last) - first for at in (mark.start, mark.end))
            marks.append(Mark(begin, stop, mark.keep))
    return marks, signs
