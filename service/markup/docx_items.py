"""What stands in a paragraph of a .docx file, flat and in order: text, breaks and things.

WordprocessingML (ECMA-376, part 1, 17.3): a paragraph holds runs, and elements around runs; a run
holds text and things that are no text. Fields (17.16) are runs between marks that may lie anywhere.
It must not know what becomes of any of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from service.markup.docx_package import Element

__all__ = ["Container", "Fields", "Item", "items_of", "name_of"]

NAMESPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
"""Of transitional and of strict files."""

CONTAINERS = frozenset(
    {"hyperlink", "ins", "moveTo", "smartTag", "sdt", "sdtContent", "customXml", "dir", "bdo"}
)
"""Elements around runs whose words are read with those around them."""

LANGUAGE_FIELDS = frozenset({"HYPERLINK", "TOC", "QUOTE", "FORMTEXT"})
"""Fields whose results are language. Those of others are numbers, dates and references."""

CODE_STYLES = frozenset(
    {"code", "sourcecode", "htmlpreformatted", "htmlcode", "verbatimchar", "macrotext"}
    | {"preformattedtext", "sourcetext", "htmlkeyboard", "htmlsample", "htmlvariable"}
)
"""Identifiers of styles, in lower case, as Word, LibreOffice and Pandoc call them."""

SYMBOL_FONTS = ("symbol", "wingdings", "webdings", "zapf dingbats", "mt extra")
"""Their letters are pictures."""

_TEXTS = {"noBreakHyphen": "\u2011"}
_BREAKS = frozenset({"tab", "br", "cr", "ptab"})
_NOTHING = frozenset({"lastRenderedPageBreak", "softHyphen", "proofErr"})
"""Notes of the program about the old words; they go with these."""


@dataclass(slots=True, eq=False)
class FieldRuns:
    """A field around words: the things that open it, and those that close it."""

    opening: list["Item"] = field(default_factory=list)
    closing: list["Item"] = field(default_factory=list)


Container: TypeAlias = Element | FieldRuns


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A text, a break, or another thing.

    Attributes:
        element: what it is in the file.
        run: the run in which it stands; None for what stands beside runs.
        stack: what it stands in, from the outside.
        kept: whether it stays as it is although it may be text.
    """

    kind: Literal["text", "break", "thing"]
    element: Element
    text: str = ""
    run: Element = None
    stack: tuple[Container, ...] = ()
    kept: bool = False

    @property
    def look(self) -> Element:
        """The properties of its run, or None."""
        return (
            None if self.run is None else next((e for e in self.run if name_of(e) == "rPr"), None)
        )


def name_of(element: Element) -> str:
    """Returns the name of an element of WordprocessingML; "" for any other node."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    namespace, _, name = tag[1:].partition("}")
    return name if namespace in NAMESPACES else ""


def attribute(element: Element, name: str) -> str:
    """Returns an attribute of WordprocessingML; "" where it is absent."""
    for namespace in NAMESPACES:
        if (found := element.get(f"{{{namespace}}}{name}")) is not None:
            return str(found)
    return ""


class Fields:
    """The fields of a part: which of its elements are inside one and no language."""

    def __init__(self, root: Element) -> None:
        self.ends: dict[Element, Element] = {}
        self._words: set[Element] = set()
        self._silent: set[Element] = set()
        begun: list[Element] = []
        marks = [element for element in root.iter("{*}fldChar") if name_of(element)]
        for mark in marks:
            kind = attribute(mark, "fldCharType")
            if kind == "begin":
                begun.append(mark)
            elif kind == "end" and begun:
                self.ends[begun.pop()] = mark
        if self.ends:
            self._look_through(root)

    def is_silent(self, element: Element) -> bool:
        """Whether it is a field's code, or its result where that is no language."""
        return element in self._silent

    def holds_words(self, begin: Element) -> bool:
        """Whether the result of the field that begins here is language."""
        return begin in self._words

    def _look_through(self, root: Element) -> None:
        begins = {end: begin for begin, end in self.ends.items()}
        open_fields: list[tuple[Element, list[str]]] = []  # a field's begin, its code so far
        silent = 0  # fields that are open and let nothing through
        for element in root.iter():
            kind = attribute(element, "fldCharType") if name_of(element) == "fldChar" else ""
            if element in self.ends:
                open_fields.append((element, []))
                silent += 1
            if silent:
                self._silent.add(element)
            if not open_fields:
                continue
            begin, code = open_fields[-1]
            if name_of(element) == "instrText":
                code.append(element.text or "")
            elif kind == "separate" and begin not in self._words:
                if "".join(code).split(maxsplit=1)[:1] and _is_language("".join(code)):
                    self._words.add(begin)
                    silent -= 1
            elif kind == "end" and begins.get(element) is begin:
                self._silent.add(element)
                open_fields.pop()
                silent -= begin not in self._words


def _is_language(code: str) -> bool:
    words = code.split(maxsplit=1)
    return bool(words) and words[0].upper() in LANGUAGE_FIELDS


def items_of(paragraph: Element, fields: Fields) -> list[Item]:
    """Returns what stands in a paragraph, with the fields around words as containers."""
    items = list(_walk(paragraph, (), fields, kept=False))
    places = {id(item.element): place for place, item in enumerate(items)}
    found: list[Item] = []
    place = 0
    while place < len(items):
        item = items[place]
        end = places.get(id(fields.ends.get(item.element)), -1)
        inside = items[place:end]
        depth = len(item.stack)
        if (
            end < place
            or not fields.holds_words(item.element)
            or any(one.stack[:depth] != item.stack for one in items[place : end + 1])
        ):
            found.append(item)
            place += 1
            continue
        code = 1 + next(i for i, one in enumerate(inside) if _is_separator(one.element))
        around = FieldRuns(inside[:code], [items[end]])
        for one in inside[code:]:
            stack = (*item.stack, around, *one.stack[depth:])
            found.append(replace(one, stack=stack))
        place = end + 1
    return found


def _is_separator(element: Element) -> bool:
    return attribute(element, "fldCharType") == "separate"


def _walk(
    element: Element, stack: tuple[Container, ...], fields: Fields, *, kept: bool
) -> Iterator[Item]:
    for child in element:
        name = name_of(child)
        if name == "r":
            yield from _in_run(child, stack, fields, kept=kept)
        elif name == "fldSimple":
            if _is_language(attribute(child, "instr")):
                yield from _walk(child, (*stack, child), fields, kept=kept)
            else:
                result = "".join(map(_words, child.iter("{*}t")))
                yield Item("thing", child, result, stack=stack, kept=True)
        elif name == "sdt":
            for content in child:
                if name_of(content) == "sdtContent":
                    yield from _walk(content, (*stack, child), fields, kept=kept)
        elif name in CONTAINERS:
            yield from _walk(child, (*stack, child), fields, kept=kept)
        elif name not in _NOTHING and not name.endswith("Pr"):
            yield Item("thing", child, stack=stack)


def _in_run(
    run: Element, stack: tuple[Container, ...], fields: Fields, *, kept: bool
) -> Iterator[Item]:
    kept = kept or _is_symbolic(run)
    for child in run:
        name = name_of(child)
        silent = kept or fields.is_silent(child)
        if name == "t":
            yield Item("text", child, _words(child), run, stack, silent)
        elif name in _TEXTS:
            yield Item("text", child, _TEXTS[name], run, stack, silent)
        elif name in _BREAKS and not silent:
            yield Item("break", child, "", run, stack)
        elif name not in ("rPr", *_NOTHING):
            yield Item("thing", child, "", run, stack, silent)


def _words(element: Element) -> str:
    """What is seen of a text: without `xml:space` the spaces at its ends do not count."""
    text = "".join(element.itertext()).translate(_SPACES)
    preserved = element.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
    return text if preserved else text.strip(" ")


_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


def _is_symbolic(run: Element) -> bool:
    """Whether the letters of a run are pictures or code."""
    for look in run:
        if name_of(look) != "rPr":
            continue
        for part in look:
            if name_of(part) == "rStyle" and attribute(part, "val").lower() in CODE_STYLES:
                return True
            if name_of(part) == "rFonts":
                font = (attribute(part, "ascii") or attribute(part, "hAnsi")).lower()
                return font.startswith(SYMBOL_FONTS)
    return False
