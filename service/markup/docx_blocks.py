"""From the items of a paragraph to blocks, and from blocks to items again.

Words that look like most words around them have no mark; others have one that says how they look.
What stands around runs, a link or an insertion, is a mark too, and so is everything else that is
not text. A tab or a line break ends a block: it lays text out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from lxml import etree  # type: ignore[import-untyped]

from service.markup.blocks import Block, Mark
from service.markup.docx_items import Container, Item, name_of
from service.markup.docx_package import Element
from service.markup.weave import NO_PARENT, weave

__all__ = ["New", "Stretch", "stretches_of"]

UNSEEN = frozenset({"lang", "noProof", "rPrChange"})
"""Properties of runs that do not show."""


@dataclass(slots=True)
class _Unit:
    """Items that stay together: a text, a thing, or what is kept.

    Attributes:
        look: how a text looks.
        key: the same for looks that cannot be told apart.
    """

    items: list[Item]
    text: str
    kept: bool
    look: Element = None
    key: bytes = b""

    @classmethod
    def of(cls, item: Item) -> "_Unit":
        if item.kind != "text":
            return cls([item], item.text, kept=True)
        look = item.look
        return cls([item], item.text, kept=False, look=look, key=_key(look))

    @property
    def stack(self) -> tuple[Container, ...]:
        return self.items[0].stack


@dataclass(slots=True)
class Sign:
    """What a mark stands for: a container, a look, or things as they are.

    Attributes:
        look: how words in it look; for a container, most of them.
    """

    parent: int
    container: Container | None = None
    look: Element = None
    things: list[Item] | None = None


@dataclass(frozen=True, slots=True)
class New:
    """Words in place of others, how they look and what they stand in."""

    text: str
    look: Element
    stack: tuple[Container, ...]


@dataclass(slots=True)
class Stretch:
    """Items `start` to `end` of a paragraph, which a block stands for."""

    start: int
    end: int
    block: Block
    signs: list[Sign]
    look: Element

    def items(self, block: Block) -> Iterator[Item | New]:
        """Yields the items of another block in place of this one.

        Raises:
            ValueError: it does not have the same number of marks.
        """
        looks, stack = [self.look], list[Container]()
        for step in weave(block, [sign.parent for sign in self.signs]):
            if step.kind == "text":
                yield New(step.text, looks[-1], tuple(stack))
                continue
            sign = self.signs[step.mark]
            if sign.things is not None:
                if step.kind == "open":
                    yield from sign.things
            elif step.kind == "close":
                looks.pop()
                if sign.container is not None:
                    stack.pop()
            else:
                looks.append(sign.look)
                if sign.container is not None:
                    stack.append(sign.container)


def stretches_of(items: Sequence[Item]) -> list[Stretch]:
    """Returns the stretches of a paragraph that have words in them, in order."""
    found = []
    place = 0
    for is_break, group in groupby(items, key=lambda item: item.kind == "break"):
        stretch = list(group)
        if not is_break and (one := _stretch(stretch, place)) is not None:
            found.append(one)
        place += len(stretch)
    return found


def _stretch(items: list[Item], place: int) -> Stretch | None:
    """What is between two breaks, without the things at its edges, which stay where they are."""
    texts = [index for index, item in enumerate(items) if item.text]
    if not texts or not any(
        character.isalpha() for item in items if not item.kept for character in item.text
    ):
        return None
    first, behind = texts[0], texts[-1] + 1
    while first and items[first].kept and items[first - 1].kept:
        first -= 1
    while behind < len(items) and items[behind - 1].kept and items[behind].kept:
        behind += 1
    layout = _Layout()
    units = list(_units(items[first:behind]))
    look = _most(units, 0)
    layout.lay(units, 0, NO_PARENT, look)
    block = Block("".join(layout.text), tuple(layout.marks))
    return Stretch(place + first, place + behind, block, layout.signs, look)


def _units(items: Sequence[Item]) -> Iterator[_Unit]:
    """Yields what stays together: of things, each that is kept with its neighbours."""
    together: list[Item] = []
    for item in items:
        if item.kept and (not together or together[-1].stack == item.stack):
            together.append(item)
            continue
        if together:
            yield _kept(together)
            together = []
        if item.kept:
            together = [item]
        else:
            yield _Unit.of(item)
    if together:
        yield _kept(together)


def _kept(items: list[Item]) -> _Unit:
    return _Unit(items, "".join(item.text for item in items), kept=True)


@dataclass(slots=True)
class _Layout:
    """A block while it is made.

    Attributes:
        length: characters so far.
    """

    text: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    length: int = 0

    def lay(self, units: Sequence[_Unit], depth: int, parent: int, look: Element) -> None:
        """Takes in units that stand at a depth or deeper, where most words look like `look`."""
        place = 0
        while place < len(units):
            unit = units[place]
            end = place + 1
            if len(unit.stack) > depth:
                container = unit.stack[depth]
                while end < len(units) and units[end].stack[depth : depth + 1] == (container,):
                    end += 1
                inside = units[place:end]
                sign = Sign(parent, container=container, look=_most(inside, depth + 1))
                with_mark = self._begin(sign)
                self.lay(inside, depth + 1, with_mark, sign.look)
                self._end(with_mark)
            elif unit.kept:
                self._thing(unit, parent)
            else:
                end = _same_look(units, place, depth)
                self._words(units[place:end], parent, look)
            place = end

    def _words(self, units: Sequence[_Unit], parent: int, look: Element) -> None:
        """Units of one look, things between them included."""
        number = parent
        if units[0].key != _key(look):
            number = self._begin(Sign(parent, look=units[0].look))
        for unit in units:
            if unit.kept:
                self._thing(unit, number)
            else:
                self._say(unit.text)
        if number != parent:
            self._end(number)

    def _thing(self, unit: _Unit, parent: int) -> None:
        number = self._begin(Sign(parent, things=unit.items))
        self._say(unit.text)
        self._end(number, keep=bool(unit.text))

    def _say(self, text: str) -> None:
        self.text.append(text)
        self.length += len(text)

    def _begin(self, sign: Sign) -> int:
        self.signs.append(sign)
        self.marks.append(Mark(self.length, self.length))
        return len(self.signs) - 1

    def _end(self, number: int, *, keep: bool = False) -> None:
        self.marks[number] = Mark(self.marks[number].start, self.length, keep)


def _same_look(units: Sequence[_Unit], place: int, depth: int) -> int:
    """Where the units end that look like the one at `place`, with what has no words between."""
    key = units[place].key
    end = last = place + 1
    while last < len(units) and len(units[last].stack) == depth:
        unit = units[last]
        last += 1
        if unit.kept and unit.text:
            break
        if not unit.kept:
            if unit.key != key:
                break
            end = last
    return end


def _most(units: Sequence[_Unit], depth: int) -> Element:
    """How most of the words look, those at a depth or else all of them."""
    counts: Counter[bytes] = Counter()
    looks: dict[bytes, Element] = {}
    here = [unit for unit in units if len(unit.stack) == depth and not unit.kept]
    for unit in here or units:
        if not unit.kept:
            counts[unit.key] += len(unit.text)
            looks.setdefault(unit.key, unit.look)
    return looks[counts.most_common(1)[0][0]] if counts else None


def _key(look: Element) -> bytes:
    """Is the same for looks that cannot be told apart."""
    if look is None:
        return b""
    seen = [etree.tostring(e, with_tail=False) for e in look if name_of(e) not in UNSEEN]
    return b"".join(sorted(seen))
