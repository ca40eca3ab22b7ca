"""Finds what there is to translate in a Markdown text, and where it stands.

`pyromark` (pulldown-cmark) says what is what, and in which bytes. It must not know what is written
in place of a text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from service.markup.blocks import Block, Mark
from service.markup.weave import NO_PARENT

if TYPE_CHECKING:
    from pyromark import Markdown

__all__ = ["Context", "Passage", "Sign", "encodable", "parser", "read"]

Context = Literal["paragraph", "item", "definition", "heading", "cell", "image"]
"""What a passage stands in: a sign may mean something in one of them and nothing in another."""

Kind = Literal["em", "strong", "del", "link", "html", "atom"]

KEPT_ELEMENTS = frozenset({"code", "kbd", "samp", "var", "tt", "math", "svg"})
"""Inline HTML whose insides are no language."""

MAX_UNCLOSED = 64
"""So many tags without an end are looked through for the one that an end tag ends."""

_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
_NO_LANGUAGE = ("CodeBlock", "MetadataBlock", "HtmlBlock")
_EMPHASIS: dict[str, Kind] = {"Emphasis": "em", "Strong": "strong", "Strikethrough": "del"}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^>]*)>", re.DOTALL)
_NOT_TRANSLATED = re.compile(r"""\btranslate\s*=\s*["']?no\b""", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


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


def parser(resolve: Callable[[Any], tuple[str, str] | None] | None = None) -> "Markdown":
    """Returns a parser; `resolve` is asked for the target of a link that the text lacks."""
    from pyromark import Markdown, Options

    options = (
        Options.ENABLE_TABLES
        | Options.ENABLE_FOOTNOTES
        | Options.ENABLE_STRIKETHROUGH
        | Options.ENABLE_TASKLISTS
        | Options.ENABLE_HEADING_ATTRIBUTES
        | Options.ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options.ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options.ENABLE_MATH
        | Options.ENABLE_GFM
        | Options.ENABLE_DEFINITION_LIST
    )
    return Markdown(options=options, broken_link_callback=resolve)


def encodable(text: str) -> str:
    """Returns a text of the same length that UTF-8 can hold."""
    return _SURROGATE.sub("\ufffd", text)


def read(text: str, markdown: "Markdown") -> list[Passage]:
    """Returns the passages of a text in reading order, in time linear in its length."""
    reading = _Reading(encodable(text))
    for event, span in markdown.events_with_range(reading.text):
        reading.take(event, reading.place(span["start"]), reading.place(span["end"]))
    reading.flush()
    return reading.passages


@dataclass(slots=True)
class _Run:
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


class _Reading:
    """Takes in what the parser says, event by event."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.passages: list[Passage] = []
        self._runs: list[_Run] = []
        self._contexts: list[Context] = []
        self._skipped = 0
        self._places = None if text.isascii() else list(_places(text))

    def place(self, byte: int) -> int:
        """Returns which character begins at a byte of UTF-8."""
        return byte if self._places is None else self._places[byte]

    def take(self, event: Any, start: int, end: int) -> None:
        """Takes in what stands from `start` to `end`."""
        kind, value = (event, "") if isinstance(event, str) else next(iter(event.items()))
        name = next(iter(value)) if isinstance(value, dict) else str(value)
        tag = kind in ("Start", "End")
        if tag and name in _NO_LANGUAGE:
            self.flush()
            self._skipped += 1 if kind == "Start" else -1
        elif self._skipped or kind in ("Html", "Rule", "TaskListMarker"):
            self.flush()
        elif not tag:
            self._inline(self._run(start), kind, str(value), start, end)
        elif name in _EMPHASIS or name in ("Link", "Image"):
            self._inline_tag(kind, name, value, start, end)
        else:
            self.flush()
            if kind == "Start":
                self._contexts.append(self._context(name, start))
            else:
                self._contexts.pop()

    def flush(self) -> None:
        """Ends the passage that is being read, if one is."""
        if self._runs:
            run = self._runs.pop()
            found = _passage(run, self.text)
            self.passages += run.inner if found is None else found

    def _context(self, name: str, start: int) -> Context:
        if name == "Heading" and self.text.startswith("#", start):
            return "heading"
        if name == "Item" or (name == "Paragraph" and self._contexts[-1:] == ["item"]):
            return "item"
        found: dict[str, Context] = {"TableCell": "cell", "DefinitionListDefinition": "definition"}
        return found.get(name, "paragraph")

    def _run(self, start: int) -> _Run:
        """Returns what is being read, where it goes on at `start`."""
        escaped = self.text[start - 1 : start] == "\\"
        if not self._runs:
            context = self._contexts[-1] if self._contexts else "paragraph"
            self._runs.append(_Run(context, start - escaped, start - escaped))
        run = self._runs[-1]
        if run.broken:
            run.breaks[-1] = (run.breaks[-1][0], start - (escaped and start > run.last))
            run.broken = False
        return run

    def _inline(self, run: _Run, kind: str, value: str, start: int, end: int) -> None:
        if kind in ("InlineMath", "DisplayMath") and self._is_money(value, end):
            kind, value = "Text", self.text[start:end]
        if kind == "Text":
            run.say(value, start, end)
            if value and start > run.last and self.text[start - 1] == "\\":
                run.places[-len(value)] = start - 1  # the event is about what the escape protects
        elif kind == "SoftBreak":
            run.say(" ", start, end)
        elif kind == "HardBreak":
            _break(run, start, end)
        elif kind == "InlineHtml":
            _html(run, value, start, end)
        else:
            said = "" if kind == "FootnoteReference" else value
            run.begin("atom", start, end, (start, end)).keep = bool(said)
            run.say(said, start, end)
            run.finish()
        run.last = end

    def _is_money(self, formula: str, end: int) -> bool:
        """Whether dollar signs are that: by Pandoc's rule, or by a number with words behind it."""
        following = self.text[end : end + 1]
        return following.isdecimal() or (formula[:1].isdecimal() and " " in formula)

    def _inline_tag(self, kind: str, name: str, value: Any, start: int, end: int) -> None:
        if name in _EMPHASIS and kind == "Start":
            size = 1 if name == "Emphasis" or not self.text.startswith("~~", start) else 2
            size = 2 if name == "Strong" else size
            run = self._run(start)
            run.begin(_EMPHASIS[name], start, end, (start + size, end - size))
            run.last = start + size
        elif name in _EMPHASIS:
            run = self._runs[-1]
            run.broken = False
            run.last = run.finish().end
        elif kind == "Start":
            self._link_begins(name, value[name]["link_type"], start, end)
        else:
            self._link_ends(name)

    def _link_begins(self, name: str, kind: Any, start: int, end: int) -> None:
        run = self._run(start)
        if kind == "Collapsed":
            end += 2  # pulldown-cmark 0.13 leaves the brackets out
        sign = run.begin("link", start, end, (start + 1 + (name == "Image"), end))
        sign.label = "" if kind in ("Collapsed", "Shortcut") else None
        sign.keep = kind in ("Autolink", "Email") or (name == "Image" and run.context == "image")
        run.last = sign.inside[0]
        if name == "Image" and run.context == "image":
            run.images += 1
        elif name == "Image":
            self._runs.append(_Run("image", run.last, run.last))

    def _link_ends(self, name: str) -> None:
        found: list[Passage] = []
        run = self._runs[-1]
        if name == "Image" and run.context == "image":
            if run.images:
                run.images -= 1
            else:
                self._runs.pop()
                self._runs[-1].last = run.last
                found = _passage(run, self.text) or []
                run = self._runs[-1]
        run.broken = False
        sign = run.finish()
        sign.inside = (sign.inside[0], run.last)
        if sign.label is not None:
            sign.label = self.text[sign.inside[0] : run.last]
        for one in found:
            one.end, one.label = (one.end, None) if sign.label is None else (sign.end, sign.label)
        if sign.keep or name == "Image":
            sign.kind = "atom"
        run.inner += found
        run.last = sign.end


def _places(text: str) -> Iterator[int]:
    """Yields for each byte of a text in UTF-8, and last for its end, the character it is of."""
    for index, character in enumerate(text):
        point = ord(character)
        for _ in range(1 + (point > 0x7F) + (point > 0x7FF) + (point > 0xFFFF)):
            yield index
    yield len(text)


def _break(run: _Run, start: int, end: int) -> None:
    run.say("\n", start, end)
    run.ends[-1] = end
    run.breaks.append((start, end))
    run.broken = True


def _html(run: _Run, tag: str, start: int, end: int) -> None:
    found = _TAG.fullmatch(tag)
    name = found[2].lower() if found else ""
    if name == "br":
        _break(run, start, end)
        return
    if found and not found[1] and name not in _VOID and not found[3].endswith("/"):
        sign = run.begin("html", start, end, (end, end))
        sign.name = name
        sign.keep = name in KEPT_ELEMENTS or _NOT_TRANSLATED.search(found[3]) is not None
    elif not (found and found[1] and run.end_tag(name, start, end)):
        run.begin("atom", start, end, (start, end))
        run.finish()


def _passage(run: _Run, source: str) -> list[Passage] | None:
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


def _inside(
    run: _Run, start: int, end: int, first: int, last: int
) -> tuple[list[Mark], list[Sign]]:
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
