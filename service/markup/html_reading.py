"""Finds the language in HTML: which elements hold it, end it, or are left alone.

Knows the elements; not how a tag is written (`tags`), nor what becomes of a text (`html`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from service.markup.blocks import Block
from service.markup.runs import Passage, Piece, Run
from service.markup.tags import BREAKING_OUT, FOREIGN, Token, read_references, tokens

__all__ = ["Reader"]


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


TRANSLATED_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})

_BLOCKS = _words(
    "address article aside base blockquote body button caption center col colgroup dd details "
    "dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html legend li link main menu meta nav noframes noscript ol optgroup "
    "option p plaintext pre search section select summary table tbody td template tfoot th thead "
    "title tr ul"
)
"""Elements that no sentence goes beyond, by how browsers show them; others, those of one's own
making included, stand in a line of text (HTML, 15.3: suggested rendering)."""

_VOID = _words("area base br col embed frame hr img input link meta param source track wbr")
_KEPT = frozenset({"code", "kbd", "samp", "var"})
_LEFT_ALONE = frozenset(
    {"iframe", "math", "noembed", "noframes", "plaintext", "pre", "script", "style", "svg",
     "textarea", "xmp"}
)  # fmt: skip

_P_ENDS_BEFORE = _BLOCKS - _words(
    "base body button caption col colgroup dd dt frame frameset head html legend li link meta "
    "noframes noscript optgroup option select tbody td template tfoot th thead title tr"
)
_ENDED_BY = {
    **dict.fromkeys(_P_ENDS_BEFORE, frozenset({"p"})),
    "li": frozenset({"li"}),
    **dict.fromkeys(("dd", "dt"), frozenset({"dd", "dt"})),
    **dict.fromkeys(("option", "optgroup"), frozenset({"option"})),
    "tr": frozenset({"tr"}),
    **dict.fromkeys(("td", "th"), frozenset({"td", "th"})),
}
"""Elements whose end tag may be left out before the start of this one (HTML, 13.1.2.4)."""
_BEYOND_REACH = _words("button dl menu object ol select table template ul")
_MAX_LEFT_OUT = 100
"""So deep an end tag that is left out is looked for; no page nests inline tags deeper."""


@dataclass(slots=True)
class _Element:
    """An element that is open.

    Attributes:
        breaks: no sentence goes beyond it.
        silent: what is in it is not translated, its attributes neither.
        left: nor is its text.
        run, piece: where its tag stands in a run.
    """

    name: str
    breaks: bool
    silent: bool
    left: bool
    run: Run | None = None
    piece: Piece | None = None


_OUTSIDE = _Element("", breaks=True, silent=False, left=False)


class Reader:
    """Goes through the tokens of HTML once, in linear time.

    Args:
        ignore_tags: elements whose content is left alone.
    """

    xml = False

    def __init__(self, text: str, ignore_tags: Collection[str]) -> None:
        self._text = text
        self._ignored = frozenset(ignore_tags if self.xml else map(str.lower, ignore_tags))
        self._open: list[_Element] = [_OUTSIDE]
        self._names: Counter[str] = Counter()
        self._run = Run(collapses=not self.xml)
        self._found: list[Passage] = []
        self._link_end = -1

    def read(self) -> list[Passage]:
        """Returns what is to be translated, in order of where it begins."""
        for token in self._tokens():
            match token.kind:
                case "start":
                    self._start(token)
                case "end":
                    self._end(token)
                case "text":
                    self._write(token)
                case "raw" if token.name == "title":
                    self._write(token)
                case _ if not self._open[-1].left:
                    self._run.tag(token.start, token.end)
        self._finish()
        return sorted(self._found, key=lambda passage: passage.start)

    def _write(self, token: Token) -> None:
        kept = self._run.kept is not None
        if self._open[-1].left and not kept:
            return
        for said, start, end in read_references(self._text, token.start, token.end, xml=self.xml):
            if said:
                self._run.write(said, start, end)
            elif not kept:
                self._run.tag(start, end)

    def _finish(self) -> None:
        """Ends the run that is being read."""
        if self._run.characters or self._run.pieces:
            passage = self._run.passage()
            if passage is not None:
                self._found.append(passage)
            self._run = Run(collapses=not self.xml)

    # -- starts ------------------------------------------------------------------------------------
    def _start(self, token: Token) -> None:
        breaks = self._breaks(token)
        if breaks or (token.name == "a" and token.start == self._link_end):
            self._finish()
        self._end_left_out(token.name)
        around = self._open[-1]
        wanted = self._is_wanted(token) if self._run.kept is None else False
        silent = around.silent if wanted is None else not wanted
        left = silent or self._leaves(token) or (around.left and wanted is None)
        element = _Element(token.name, breaks, silent, left)
        if not silent:
            self._found += self._values(token)
        if around.left and not left:  # what is left alone is no part of any run
            self._finish()
        if self._is_empty(token):
            self._empty(token, element, around)
            return
        if not breaks and self._run.kept is None and not (around.left and left):
            element.run = self._run
            begin = self._run.keep if left else self._run.tag
            element.piece = begin(token.start, token.end)
        self._open.append(element)
        self._names[token.name] += 1

    def _empty(self, token: Token, element: _Element, around: _Element) -> None:
        if token.name == "br" and not self.xml and (not around.left or self._run.kept is not None):
            self._run.line_break(token.start, token.end)
        elif not (around.left or element.breaks):
            self._run.tag(token.start, token.end)

    def _end_left_out(self, name: str) -> None:
        """Ends the element whose end tag may be left out before this start tag."""
        if self._is_foreign and name in BREAKING_OUT and not self._names["foreignobject"]:
            self._finish()
            while self._is_foreign:
                self._pop(1)
        ended = _ENDED_BY.get(name, frozenset())
        for depth, element in enumerate(self._open[: -_MAX_LEFT_OUT - 1 : -1] if ended else ()):
            if element.name in ended:
                self._pop(depth + 1)
                return
            if element.name in _BEYOND_REACH:
                return

    def _is_wanted(self, token: Token) -> bool | None:
        """Whether a tag says that its element is to be translated; None where it says nothing."""
        if token.name in self._ignored:
            return False
        for attribute in token.attributes:
            value = self._text[attribute.start : attribute.end].lower()
            if attribute.name == "translate" and value in ("no", "yes"):
                return value == "yes"
            if attribute.name == "class" and "notranslate" in value.split():
                return False
        return None

    def _values(self, token: Token) -> Iterator[Passage]:
        for name, start, end, quote in token.attributes:
            if name in TRANSLATED_ATTRIBUTES:
                passage = _value(self._text, start, end, quote)
                if passage is not None:
                    yield passage

    # -- ends --------------------------------------------------------------------------------------
    def _end(self, token: Token) -> None:
        if not self._names[token.name]:
            if self._breaks(token):
                self._finish()
            elif not self._open[-1].left:
                self._run.tag(token.start, token.end)
            return
        depth = 1
        while self._open[-depth].name != token.name:
            depth += 1
        element = self._open[-depth]
        kept = self._run.kept
        in_kept = kept is not None and element.left and element.piece is not kept
        if element.breaks or (depth > 1 and not element.left):
            self._finish()  # a tag that closes over others is in no sentence
        self._pop(depth)
        if kept is not None and element.piece is kept:
            self._run.kept_until(token.end, told=token.name not in _LEFT_ALONE)
        elif element.run is self._run and element.piece is not None:
            self._run.close(element.piece, token.start, token.end)
        elif self._open[-1].left and not in_kept:
            self._finish()
        elif not (element.breaks or depth > 1 or in_kept):
            self._run.tag(token.start, token.end)
        self._link_end = token.end if token.name == "a" else -1

    def _pop(self, count: int) -> None:
        for element in self._open[-count:]:
            self._names[element.name] -= 1
        del self._open[-count:]

    # -- what HTML and XML differ in ---------------------------------------------------------------
    def _tokens(self) -> Iterable[Token]:
        return tokens(self._text)

    def _breaks(self, token: Token) -> bool:
        return token.name in _BLOCKS and not (token.name == "title" and self._is_foreign)

    def _leaves(self, token: Token) -> bool:
        return token.name in _KEPT or token.name in _LEFT_ALONE

    def _is_empty(self, token: Token) -> bool:
        foreign = self._is_foreign or token.name in FOREIGN
        return token.name in _VOID or (token.empty and foreign)

    @property
    def _is_foreign(self) -> bool:
        return any(self._names[name] for name in FOREIGN)


def _value(text: str, start: int, end: int, quote: str) -> Passage | None:
    """The value of an attribute, as what stands in it; None where it has no words."""
    characters: list[str] = []
    places: list[int] = []
    for said, first, last in read_references(text, start, end, attribute=True):
        exact = len(said) == last - first
        characters.extend(said)
        places.extend(range(first, last) if exact else [first] * len(said))
    if not any(map(str.isalpha, characters)):
        return None
    block = Block("".join(characters), places=(*places, end))
    return Passage(start, end, block, quote=quote)
