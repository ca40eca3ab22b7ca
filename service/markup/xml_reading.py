"""Finds the language in XML, in which no element has a meaning: where it stands says what it is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from service.markup.html_reading import Reader
from service.markup.runs import Passage
from service.markup.tags import Token, tokens

__all__ = ["XMLReader"]


class XMLReader(Reader):
    """Goes through the tokens of XML: an element is inline where there is text beside it."""

    xml = True

    def _tokens(self) -> Iterable[Token]:
        found = list(tokens(self._text, xml=True))
        self._borders = _borders(self._text, found)
        return found

    def _breaks(self, token: Token) -> bool:
        return token.start in self._borders

    def _leaves(self, token: Token) -> bool:
        return False

    def _is_empty(self, token: Token) -> bool:
        return token.empty

    def _end_left_out(self, name: str) -> None:
        """XML leaves no tag out."""

    def _values(self, token: Token) -> Iterator[Passage]:
        yield from ()


def _borders(text: str, found: Sequence[Token]) -> set[int]:
    """Where the elements begin that stand among elements alone, without text beside them."""
    borders: set[int] = set()
    names: Counter[str] = Counter()
    opened: list[tuple[str, list[int], bool]] = []
    around: tuple[str, list[int], bool] = ("", [], False)
    for token in found:
        if token.kind == "text":
            if not around[2] and not text[token.start : token.end].isspace():
                around = (around[0], around[1], True)
        elif token.kind == "start":
            around[1].append(token.start)
            if not token.empty:
                names[token.name] += 1
                opened.append(around)
                around = (token.name, [], False)
        elif token.kind == "end" and names[token.name]:
            name = ""
            while name != token.name:
                name, children, has_text = around
                names[name] -= 1
                if not has_text:
                    borders.update(children)
                around = opened.pop()
    for _, children, has_text in (*opened, around):
        if not has_text:
            borders.update(children)
    return borders
