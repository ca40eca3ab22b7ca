"""Finds what there is to translate in a Markdown text, and where it stands.

`pyromark` (pulldown-cmark) says what is what, and in which bytes. It must not know what is written
in place of a text.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from service.markup.markdown_runs import Context, Kind, Passage, Run, passages_of
from service.markup.runs import MAX_KEPT_CHARACTERS

if TYPE_CHECKING:
    from pyromark import Markdown

__all__ = ["encodable", "parser", "read"]

_NO_LANGUAGE = ("CodeBlock", "MetadataBlock", "HtmlBlock")
_EMPHASIS: dict[str, Kind] = {"Emphasis": "em", "Strong": "strong", "Strikethrough": "del"}
_SURROGATE = re.compile("[\ud800-\udfff]")


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


class _Reading:
    """Takes in what the parser says, event by event."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.passages: list[Passage] = []
        self._runs: list[Run] = []
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
            found = passages_of(run, self.text)
            self.passages += run.inner if found is None else found

    def _context(self, name: str, start: int) -> Context:
        if name == "Heading" and self.text.startswith("#", start):
            return "heading"
        if name == "Item" or (name == "Paragraph" and self._contexts[-1:] == ["item"]):
            return "item"
        found: dict[str, Context] = {"TableCell": "cell", "DefinitionListDefinition": "definition"}
        return found.get(name, "paragraph")

    def _run(self, start: int) -> Run:
        """Returns what is being read, where it goes on at `start`."""
        escaped = self.text[start - 1 : start] == "\\"
        if not self._runs:
            context = self._contexts[-1] if self._contexts else "paragraph"
            self._runs.append(Run(context, start - escaped, start - escaped))
        run = self._runs[-1]
        if run.broken:
            run.breaks[-1] = (run.breaks[-1][0], start - (escaped and start > run.last))
            run.broken = False
        return run

    def _inline(self, run: Run, kind: str, value: str, start: int, end: int) -> None:
        if kind in ("InlineMath", "DisplayMath") and self._is_money(value, end):
            kind, value = "Text", self.text[start:end]
        if kind == "Text":
            run.say(value, start, end)
            if value and start > run.last and self.text[start - 1] == "\\":
                run.places[-len(value)] = start - 1  # the event is about what the escape protects
        elif kind == "SoftBreak":
            run.say(" ", start, end)
        elif kind == "HardBreak":
            run.break_line(start, end)
        elif kind == "InlineHtml":
            run.html(value, start, end)
        else:
            is_told = kind != "FootnoteReference" and len(value) <= MAX_KEPT_CHARACTERS
            said = value if is_told else ""
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
            self._runs.append(Run("image", run.last, run.last))

    def _link_ends(self, name: str) -> None:
        found: list[Passage] = []
        run = self._runs[-1]
        if name == "Image" and run.context == "image":
            if run.images:
                run.images -= 1
            else:
                self._runs.pop()
                self._runs[-1].last = run.last
                found = passages_of(run, self.text) or []
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
