"""Cuts HTML and XML into tags, texts and the rest, each with its place, and loses nothing.

HTML is cut where the tokenization of the HTML standard (WHATWG, 13.2.5) cuts it, with its raw texts
(`script`, `title`), bogus comments and unclosed ends, so that a browser sees a tag exactly where we
do. XML is cut as XML 1.0 says, and nothing that is ill-formed is an error. Knows no elements but
those that change how what follows is read.
"""

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

__all__ = ["BREAKING_OUT", "FOREIGN", "Attribute", "Token", "read_references", "tokens"]

WHITE = "\t\n\f\r "
_LETTER = re.compile(r"[A-Za-z]")
_XML_LETTER = re.compile("[:A-Z_a-z\u00c0-\U000effff]")
_NAME = re.compile(rf"[^{WHITE}/>]*+")
_SKIP = re.compile(rf"[{WHITE}/]*+")
_ATTRIBUTE = re.compile(rf"[^{WHITE}/>][^{WHITE}/>=]*+")
_EQUALS = re.compile(rf"[{WHITE}]*+=[{WHITE}]*+")
_UNQUOTED = re.compile(rf"[^{WHITE}>]*+")
_COMMENT_END = re.compile("--!?>")
_SCRIPT = re.compile(rf"<!--|-->|</?script(?=[{WHITE}/>])", re.IGNORECASE)

_RAW = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
FOREIGN = frozenset({"math", "svg"})
_BREAKING_OUT = (
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
BREAKING_OUT = frozenset(_BREAKING_OUT.split())
"""Elements that end the SVG or MathML that they stand in (HTML, 13.2.6.5)."""

_REFERENCE = re.compile(
    r"&(?:#(?:[xX][0-9a-fA-F]++|[0-9]++);?|[A-Za-z][A-Za-z0-9]{0,31}+;?)",
)
_MAX_REFERENCE_CHARACTERS = 40
"""`&CounterClockwiseContourIntegral;` has 33; a number that is longer is no character."""

_XML_KNOWN = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"})


class Attribute(NamedTuple):
    """An attribute; its value is at `start` to `end`, between `quote`s, which may be none."""

    name: str
    start: int
    end: int
    quote: str


class Token(NamedTuple):
    """A stretch of the input.

    Attributes:
        kind: `raw` is what an element holds that is no markup, `other` a comment, a declaration, an
            instruction, a CDATA section, or what a browser drops.
        name: of a tag; in HTML in small letters.
        empty: of a start tag; it ends in `/>`.
    """

    kind: Literal["text", "start", "end", "raw", "other"]
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    empty: bool = False


def tokens(text: str, *, xml: bool = False) -> Iterator[Token]:
    """Yields the tokens of a text, in order and without gaps, in linear time."""
    position = text_start = 0
    foreign = 0
    while (place := text.find("<", position)) >= 0:
        token = _markup(text, place, xml, foreign > 0)
        if token is None:  # a bare `<` is text
            position = place + 1
            continue
        if place > text_start:
            yield Token("text", text_start, place)
        yield token
        position = text_start = token.end
        if xml or token.kind not in ("start", "end"):
            continue
        if token.name in FOREIGN and not token.empty:
            foreign = max(0, foreign + (1 if token.kind == "start" else -1))
        if token.name in (BREAKING_OUT if token.kind == "start" else ("br", "p")):
            foreign = 0
        if token.kind == "start" and not foreign:
            position = text_start = _raw_end(text, token.name, token.end)
            if position > token.end:
                yield Token("raw", token.end, position, token.name)
    if text_start < len(text):
        yield Token("text", text_start, len(text))


def _markup(text: str, place: int, xml: bool, foreign: bool) -> Token | None:
    """What begins with the `<` at a place; None where that is text."""
    following = text[place + 1 : place + 2]
    if (_XML_LETTER if xml else _LETTER).match(following):
        return _tag(text, place, "start", xml)
    if following == "/":
        if (_XML_LETTER if xml else _LETTER).match(text, place + 2):
            return _tag(text, place, "end", xml)
        if xml or place + 2 >= len(text):
            return None
        return Token("other", place, _behind(text, ">", place + 2))
    if following == "!":
        return Token("other", place, _declaration_end(text, place, xml, foreign))
    if following == "?":
        return Token("other", place, _behind(text, "?>" if xml else ">", place + 1))
    return None


def _behind(text: str, mark: str, start: int) -> int:
    """Where `mark` ends; the end of the text where there is none."""
    place = text.find(mark, start)
    return len(text) if place < 0 else place + len(mark)


def _declaration_end(text: str, place: int, xml: bool, foreign: bool) -> int:
    if text.startswith("<!--", place):
        if xml:
            return _behind(text, "-->", place + 4)
        for short in (">", "->"):
            if text.startswith(short, place + 4):
                return place + 4 + len(short)
        found = _COMMENT_END.search(text, place + 4)
        return found.end() if found else len(text)
    if (xml or foreign) and text.startswith("<![CDATA[", place):
        return _behind(text, "]]>", place)
    end = _behind(text, ">", place)
    inner = text.find("[", place, end) if xml else -1
    return end if inner < 0 else _behind(text, ">", _behind(text, "]", inner))


def _tag(text: str, place: int, kind: Literal["start", "end"], xml: bool) -> Token:
    """A tag; where its end is missing, all that follows is part of it, as a browser drops it."""
    name = _NAME.match(text, place + (1 if kind == "start" else 2))
    assert name is not None
    attributes: list[Attribute] = []
    position = name.end()
    while True:
        skipped = _SKIP.match(text, position)
        assert skipped is not None
        position = skipped.end()
        if position >= len(text):
            return Token("other", place, len(text))
        if text[position] == ">":
            empty = kind == "start" and skipped.group().endswith("/")
            word = name.group() if xml else _lower(name.group())
            return Token(kind, place, position + 1, word, tuple(attributes), empty)
        found = _ATTRIBUTE.match(text, position)
        assert found is not None
        position = found.end()
        if equals := _EQUALS.match(text, position):
            start = equals.end()
            quote = text[start : start + 1]
            if quote in ('"', "'"):
                start += 1
                end = text.find(quote, start)
                position = len(text) if end < 0 else end + 1
            else:
                quote = ""
                value = _UNQUOTED.match(text, start)
                assert value is not None
                end = position = value.end()
            attribute = found.group() if xml else _lower(found.group())
            attributes.append(Attribute(attribute, start, end, quote))


def _lower(name: str) -> str:
    """Only ASCII letters: `K` (Kelvin) is no `k` in a name."""
    return name.lower() if name.isascii() else re.sub("[A-Z]+", lambda m: m[0].lower(), name)


def _raw_end(text: str, name: str, start: int) -> int:
    """Where the raw text of an element ends that begins at `start`."""
    if name == "plaintext":
        return len(text)
    if name not in _RAW:
        return start
    if name == "script":
        return _script_end(text, start)
    found = re.compile(rf"</{name}(?=[{WHITE}/>])", re.IGNORECASE).search(text, start)
    return found.start() if found else len(text)


def _script_end(text: str, start: int) -> int:
    """A script may hold `<!-- <script> … </script> -->`: the standard's escaped states."""
    state = 0  # 1: behind `<!--`; 2: behind a `<script` in there
    position = start
    while found := _SCRIPT.search(text, position):
        position = found.end()
        match found.group().lower(), state:
            case "<!--", 0:
                state = 1
                position -= 2  # its dashes may be those of `-->`
            case "-->", _:
                state = 0
            case "<script", 1:
                state = 2
            case "</script", 2:
                state = 1
            case "</script", _:
                return found.start()
    return len(text)


def read_references(
    text: str, start: int, end: int, *, xml: bool = False, attribute: bool = False
) -> Iterator[tuple[str, int, int]]:
    """Yields the characters between two places as they are read: `&amp;` is `&`.

    Each comes with where it begins and ends in the text; stretches without a reference come whole.
    A reference of which one cannot say here what it means (XML may declare more) is the empty
    string.

    Args:
        attribute: it is a value, in which `&copy=` is no reference.
    """
    position = start
    for found in _REFERENCE.finditer(text, start, end):
        written = found.group()
        said = _meaning(written, text[found.end() : found.end() + 1], xml, attribute)
        if said == written:
            continue
        if found.start() > position:
            yield text[position : found.start()], position, found.start()
        rest = 0 if xml else _rest(written, said)
        position = found.end() - rest
        yield said[: len(said) - rest], found.start(), position
    if position < end:
        yield text[position:end], position, end


def _meaning(written: str, following: str, xml: bool, attribute: bool) -> str:
    """What a reference says; itself where it is none."""
    if len(written) > _MAX_REFERENCE_CHARACTERS:
        return "\ufffd"
    if xml and written[1] != "#" and written not in _XML_KNOWN:
        return "" if written.endswith(";") else written
    if xml and not written.endswith(";"):
        return written
    said = html.unescape(written)
    if attribute and written[1] != "#":
        known = len(written) - _rest(written, said)
        behind = (written[known:] + following)[:1]
        if written[known - 1] != ";" and (behind == "=" or (behind.isascii() and behind.isalnum())):
            return written
    return said


def _rest(written: str, said: str) -> int:
    """How many characters at the end do not belong to it: `&notit;` is `¬it;`."""
    count = 0
    while count < len(said) - 1 and said[-1 - count] == written[-1 - count]:
        count += 1
    return count
