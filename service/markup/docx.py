"""Word's .docx (ECMA-376): the words of paragraphs wherever they are, and nothing else.

Translated are the body, tables, text boxes, content controls, headers, footers, footnotes and
endnotes, and what was inserted with changes being tracked. Left as they are: comments, deleted
words, the results of fields but those of links and tables of contents, formulas, code, diagrams and
charts. A digital signature of the file is not valid afterwards.

The archive is opened and written part by part rather than by `python-docx`, which has no footnotes
or text boxes and drops parts that it does not know; with it new documents are made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.markup.blocks import Block
from service.markup.docx_blocks import New, Stretch, stretches_of
from service.markup.docx_items import CODE_STYLES, Fields, Item, attribute, items_of, name_of
from service.markup.docx_package import MAIN, Element, Package
from service.markup.docx_writing import TAGS, fill

__all__ = ["DocxMarkup"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_PARTS = (MAIN, *(f"{_WORD}{n}+xml" for n in ("footnotes", "endnotes", "header", "footer")))
_CORE = "application/vnd.openxmlformats-package.core-properties+xml"
_DC_LANGUAGE = "{http://purl.org/dc/elements/1.1/}language"


@dataclass(slots=True)
class _Paragraph:
    """A paragraph of a part; `twin`: the one that is shown where this one cannot be."""

    element: Element
    items: list[Item]
    stretches: list[Stretch]
    twin: "_Paragraph | None" = None


class DocxMarkup:
    """A .docx file.

    Args:
        language: what proofing takes new words for; "": what it took the old ones for. With one,
            the file is opened to be written, so all of its parts have to be readable.

    Raises:
        UnreadableDocument: see `Package`.
    """

    def __init__(self, data: bytes, language: str = "") -> None:
        self._language = language
        self._package = Package(data)
        self._parts = self._package.parts(*_PARTS)
        self._blocks: list[Block] = []
        self._counts: list[int] = []
        for name in self._parts:
            found = [s.block for s in _own(_paragraphs(self._package.tree(name)))]
            self._blocks += found
            self._counts.append(len(found))
        if language:
            self._core()
            self._package.check_parts()

    @property
    def blocks(self) -> Sequence[Block]:
        """The words: of the body, then of notes, headers and footers; they have no places."""
        return self._blocks

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the file with other blocks in it; with its own ones, byte for byte the same.

        Raises:
            ValueError: there are not as many blocks or marks as there were.
            UnreadableDocument: no language was named, and a part that is copied is damaged.
        """
        if len(blocks) != len(self._blocks):
            raise ValueError(f"{len(blocks)} blocks, and there were {len(self._blocks)}")
        changed: dict[str, Element] = {}
        first = 0
        self._package.begin_again()
        for name, count in zip(self._parts, self._counts, strict=True):
            new = blocks[first : first + count]
            old = self._blocks[first : first + count]
            first += count
            if any(_differ(a, b) for a, b in zip(new, old, strict=True)):
                changed[name] = self._package.tree(name)
                self._rewrite(changed[name], new)
        if changed and self._language:
            changed |= self._core()
        return self._package.written(changed)

    def _rewrite(self, root: Element, blocks: Sequence[Block]) -> None:
        paragraphs = _paragraphs(root)
        numbers = {id(stretch): n for n, stretch in enumerate(_own(paragraphs))}
        for paragraph in paragraphs:
            shown = paragraph.twin or paragraph
            new = [blocks[numbers[id(stretch)]] for stretch in shown.stretches]
            own = paragraph.stretches
            if not any(_differ(a, b.block) for a, b in zip(new, own, strict=True)):
                continue
            items: list[Item | New] = []
            place = 0
            for stretch, block in zip(own, new, strict=True):
                items += paragraph.items[place : stretch.start]
                items += stretch.items(block)
                place = stretch.end
            items += paragraph.items[place:]
            fill(paragraph.element, items, self._language)

    def _core(self) -> dict[str, Element]:
        """The properties of the document, with its new language where they name one."""
        found = {}
        for name in (n for n, kind in self._package.types.items() if kind == _CORE):
            root = self._package.tree(name)
            for element in root.iter(_DC_LANGUAGE):
                element.text = TAGS.get(self._language, self._language)
                found[name] = root
        return found


def _differ(new: Block, old: Block) -> bool:
    return new.text != old.text or new.marks != old.marks


def _own(paragraphs: Sequence[_Paragraph]) -> Iterator[Stretch]:
    """Yields what is translated: a paragraph that stands in for another one is not."""
    for paragraph in paragraphs:
        if paragraph.twin is None:
            yield from paragraph.stretches


def _paragraphs(root: Element) -> list[_Paragraph]:
    """Returns the paragraphs of a part in the order of the file."""
    fields = Fields(root)
    found: list[_Paragraph] = []
    shown: dict[Element, list[_Paragraph]] = {}
    for element in root.iter("{*}p"):
        if name_of(element) != "p" or _is_code(element):
            continue
        items = items_of(element, fields)
        paragraph = _Paragraph(element, items, stretches_of(items))
        found.append(paragraph)
        branch = next(element.iterancestors("{*}Choice", "{*}Fallback"), None)
        if branch is None:
            continue
        if branch.tag.endswith("Choice"):
            shown.setdefault(branch.getparent(), []).append(paragraph)
        elif shown.get(branch.getparent()):
            first = shown[branch.getparent()].pop(0)
            if _alike(first, paragraph):
                paragraph.twin = first
    return found


def _alike(one: _Paragraph, other: _Paragraph) -> bool:
    """Whether two paragraphs say the same in the same way."""
    if len(one.stretches) != len(other.stretches):
        return False
    pairs = zip(one.stretches, other.stretches, strict=True)
    return not any(_differ(a.block, b.block) for a, b in pairs)


def _is_code(paragraph: Element) -> bool:
    for properties in paragraph:
        if name_of(properties) == "pPr":
            styles = [e for e in properties if name_of(e) == "pStyle"]
            return any(attribute(e, "val").lower() in CODE_STYLES for e in styles)
    return False
