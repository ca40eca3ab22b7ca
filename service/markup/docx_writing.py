"""Puts items into a paragraph of a .docx file, each in a run and in what it stands in."""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from service.markup.docx_blocks import New
from service.markup.docx_items import Container, FieldRuns, Item, attribute, name_of
from service.markup.docx_package import Element

__all__ = ["fill", "sane"]

TAGS: Final = {"hy": "hy-AM", "ru": "ru-RU", "en": "en-US", "fr": "fr-FR", "de": "de-DE"}
"""Languages as Word's proofing knows them (MS-LCID); it takes any other tag of BCP 47 as well."""

_PAIRS: Final = {
    "bookmarkEnd": "bookmarkStart",
    "commentRangeEnd": "commentRangeStart",
    "permEnd": "permStart",
}
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) has no way to write."""


def sane(text: str) -> str:
    """Returns a text with U+FFFD for every character that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def fill(paragraph: Element, items: Sequence[Item | New], language: str) -> None:
    """Gives a paragraph these contents in place of its own, which they may be taken from.

    Args:
        language: of words that are new, for proofing; "": as it was.
    """
    writer = _Writer(paragraph, language)
    ordered = _ends_after_starts(items)
    for child in list(paragraph):
        if name_of(child) != "pPr":
            paragraph.remove(child)
    for item in ordered:
        writer.put(item)
    writer.close()


def _ends_after_starts(items: Sequence[Item | New]) -> list[Item | New]:
    """Exchanges the two marks of a range where the end would come first."""
    ordered = list(items)
    ends: dict[tuple[str, str], int] = {}
    for place, item in enumerate(ordered):
        if isinstance(item, New):
            continue
        name, identity = name_of(item.element), attribute(item.element, "id")
        if name in _PAIRS:
            ends[_PAIRS[name], identity] = place
        elif (name, identity) in ends:
            end = ends[name, identity]
            ordered[place], ordered[end] = ordered[end], item
    return ordered


class _Writer:
    def __init__(self, paragraph: Element, language: str) -> None:
        self._paragraph = paragraph
        self._language = language
        self._namespace = etree.QName(paragraph).namespace
        self._open: list[tuple[Container, Element]] = []
        self._run: tuple[Element, Element] | None = None  # as it was, and as it is made

    def put(self, item: Item | New) -> None:
        """Writes an item behind all others."""
        self._reach(item.stack)
        if isinstance(item, New):
            self._run = None
            self._into().append(self._new_run(item))
        elif item.run is None:
            self._run = None
            self._into().append(item.element)
        else:
            if self._run is None or self._run[0] is not item.run:
                made = self._shell(item.run)
                if item.look is not None:
                    made.append(deepcopy(item.look))
                self._into().append(made)
                self._run = (item.run, made)
            self._run[1].append(item.element)

    def close(self) -> None:
        """Ends everything that is open."""
        self._reach(())

    def _into(self) -> Element:
        return self._open[-1][1] if self._open else self._paragraph

    def _reach(self, stack: tuple[Container, ...]) -> None:
        """Closes and opens containers until those are open in which the next item stands."""
        shared = 0
        while shared < min(len(self._open), len(stack)) and self._open[shared][0] is stack[shared]:
            shared += 1
        while len(self._open) > shared:
            container, _ = self._open.pop()
            self._run = None
            if isinstance(container, FieldRuns):
                self._things(container.closing)
        for container in stack[shared:]:
            self._run = None
            if isinstance(container, FieldRuns):
                self._things(container.opening)
                self._open.append((container, self._into()))
                continue
            made = self._shell(container)
            self._into().append(made)
            if name_of(container) == "sdt":
                made = etree.SubElement(made, f"{{{self._namespace}}}sdtContent")
            self._open.append((container, made))

    def _things(self, items: Sequence[Item]) -> None:
        for item in items:
            run = self._shell(item.run)
            if item.look is not None:
                run.append(deepcopy(item.look))
            run.append(deepcopy(item.element))
            self._into().append(run)

    def _shell(self, element: Element) -> Element:
        """A copy of an element and its properties, without what stands in it."""
        made = etree.Element(element.tag, element.attrib, element.nsmap)
        if name_of(element) != "r":
            made.extend(deepcopy(e) for e in element if name_of(e).endswith("Pr"))
        return made

    def _new_run(self, new: New) -> Element:
        run = etree.Element(f"{{{self._namespace}}}r", nsmap=self._paragraph.nsmap)
        look = None if new.look is None else deepcopy(new.look)
        if self._language:
            look = self._speaking(look)
        if look is not None:
            run.append(look)
        text = etree.SubElement(run, f"{{{self._namespace}}}t")
        text.text = sane(new.text)
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        return run

    def _speaking(self, look: Element) -> Element:
        """Sets the language of a run's properties; a change of them that is tracked comes last."""
        if look is None:
            look = etree.Element(f"{{{self._namespace}}}rPr", nsmap=self._paragraph.nsmap)
        found = next((e for e in look if name_of(e) == "lang"), None)
        if found is None:
            found = etree.Element(f"{{{self._namespace}}}lang")
            tracked = len(look) > 0 and name_of(look[-1]) == "rPrChange"
            look.insert(len(look) - tracked, found)
        found.set(f"{{{self._namespace}}}val", TAGS.get(self._language, self._language))
        return look
