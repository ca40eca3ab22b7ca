"""Cuts text into sentences and puts it back together without losing a character.

Every line is a unit of its own, unless the caller says otherwise, and so is every column of a line;
inside it sentences are found by `sentencex`. What is not a sentence is layout: line breaks,
indentation, list marks, the spaces between columns and between sentences. A `Document` remembers
the original, so putting the sentences back gives exactly the text that came in, for every `str`
there is.

It must not know what happens to a sentence: not the model, not its window, not the target language.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, Literal

import sentencex

Splitting = Literal["lines", "paragraphs", "none"]
"""What no sentence goes beyond: its line, or its paragraph, where lines are wrapped and an empty
one ends it, nor in either of them its column; with "none" a text is one sentence, whatever stands
in it."""

# What `str.isspace` accepts, then marks nobody sees: BOM, NUL, zero-width space, word joiner and
# the bidirectional controls. All of it is layout at the edge of a sentence. The zero-width joiners
# are not here, because they belong to the emoji or the letter beside them.
_SPACES: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_INVISIBLE: Final = (
    "\0\ufeff\u200b\u2060\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_EDGE: Final = _SPACES + _INVISIBLE

# A mark counts only with text behind it: the pattern is matched up to the end of the stripped line.
_LIST_MARKS: Final = re.compile(
    r"(?:(?:[-–—*+•‣◦▪●·]|>+|\#{1,6}|\(?\d{1,3}[.)]|\(?[A-Za-z]\)|\([ivx]{1,5}\)|\[[ xX]?\])"
    rf"[{_EDGE}]+)+"
)

# What parts columns: a tab, or so many spaces as no typist puts between sentences (`kubectl` pads
# its columns with three). At a line's end and at the beginning of the next it parts nothing.
_GAP: Final = re.compile(r"(?<!\s)(?:[ \xa0]{3}|[ \xa0]{0,2}\t)[ \xa0\t]*+(?!\s)")

# sentencex pairs quotation marks in quadratic time: 50 000 characters of `“a ` took it 0.5 s, which
# makes 200 s for a megabyte. In windows of this size it took 0.4 s, read once. No sentence of the
# FLORES-200 dev set is longer than 300 characters.
_MAX_WINDOW_CHARACTERS: Final = 2_000

# sentencex never cuts inside quotation marks, so a whole quoted speech is one sentence to it.
# Translation models saw single sentences; only 5 % of those in FLORES-200 dev are longer than this.
_MAX_QUOTED_CHARACTERS: Final = 200
_MIN_QUOTED_CHARACTERS: Final = 20
_BETWEEN_QUOTES: Final = re.compile(r"[^“”„\"«»‘]+")

_AFTER_THE_HOUR: Final = (
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|(?:GMT|UTC|BST|CES?T|[ECMP][SD]?T)\b"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?\s\d"
)
_CLOSERS: Final = re.compile(r"[)\]}”’»]+\s*")
_FALSE_END: Final = (  # the end of what precedes, the start of what follows
    (re.compile(r"\b[ap]\.m\.\s+$"), re.compile(_AFTER_THE_HOUR)),
    (
        re.compile(r"\b(?:vol|approx|mln|bln|est|ca|cf)\.\s+$", re.IGNORECASE),
        re.compile(r"[a-z\d]"),
    ),
    (re.compile(r"[A-Z]\.$"), re.compile(r"[A-Z]\.")),
)

_SCHEMES: Final = ("http://", "https://", "ftp://", "www.", "mailto:")
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|info|io|am|ru)(?:/.*)?")
_NAME: Final = re.compile(r"\w+")


# Each becomes a space, so that no offset moves.
_BREAKS: Final = str.maketrans(dict.fromkeys("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text: `text` is `original[start:end]`, in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Segment(Span):
    """A sentence; `translatable` is False where it has no words, so it must pass unchanged."""

    translatable: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A text and its sentences in order; whatever lies between them is layout."""

    text: str
    segments: tuple[Segment, ...]

    def rejoin(self, replacements: Sequence[str]) -> str:
        """Return the text with every segment replaced and all layout as it was.

        Raises:
            ValueError: there are not as many replacements as segments.
        """
        return splice(self.text, self.segments, replacements)

    def paragraphs(self) -> tuple[tuple[Segment, ...], ...]:
        """Return the segments grouped by the line they stand on; empty lines have no group."""
        groups: list[list[Segment]] = []
        previous_end = 0
        for segment in self.segments:
            if not groups or len((self.text[previous_end : segment.start] + "x").splitlines()) > 1:
                groups.append([])
            groups[-1].append(segment)
            previous_end = segment.end
        return tuple(map(tuple, groups))


def splice(text: str, spans: Sequence[Span], replacements: Sequence[str]) -> str:
    """Return `text` with every span replaced; `spans` are in order and do not overlap.

    Raises:
        ValueError: there are not as many replacements as spans.
    """
    parts: list[str] = []
    position = 0
    for span, replacement in zip(spans, replacements, strict=True):
        parts += (text[position : span.start], replacement)
        position = span.end
    return "".join([*parts, text[position:]])


def split(text: str, language: str = "en", splitting: Splitting = "lines") -> Document:
    """Find the sentences of `text`, in time linear in its length.

    Args:
        text: any `str`, lone surrogates included.
        language: ISO 639 code; it chooses the abbreviations. An unknown one is no error.
        splitting: what no sentence goes beyond.
    """
    segments: list[Segment] = []
    offset = 0
    for stretch in _stretches(text, splitting):
        for start, end in _sentence_spans(stretch, None if splitting == "none" else language):
            sentence = stretch[start:end]
            segments.append(
                Segment(offset + start, offset + end, sentence, is_translatable(sentence))
            )
        offset += len(stretch)
    return Document(text, tuple(segments))


def _stretches(text: str, splitting: Splitting) -> Iterator[str]:
    """Yield what together is `text` and is looked at each on its own."""
    if splitting == "none":
        yield text
        return
    lines = text.splitlines(keepends=True)
    if splitting == "lines":
        yield from lines
        return
    paragraph: list[str] = []
    for line in lines:
        paragraph.append(line)
        if not line.strip(_EDGE):
            yield "".join(paragraph)
            paragraph.clear()
    yield "".join(paragraph)


def sentences(text: str, language: str = "en") -> list[str]:
    """Return the sentences of `text` as strings."""
    return [segment.text for segment in split(text, language).segments]


def _sentence_spans(line: str, language: str | None) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a stretch are; without a language it is one sentence."""
    end = len(line.rstrip(_EDGE))
    start = len(line) - len(line.lstrip(_EDGE))
    if marks := _LIST_MARKS.match(line, start, end):
        start = marks.end()
    if start >= end:
        return
    if language is None:
        yield start, end
        return
    for gap in _GAP.finditer(line, start, end):
        yield from _sentences_within(line, start, gap.start(), language)
        start = gap.end()
    yield from _sentences_within(line, start, end, language)


def _sentences_within(line: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of one column are."""
    body = _shadow(line[start:end].translate(_BREAKS))
    bounds = [0, *_shorter_quotes(body, _repaired(body, _ends(body, language)), language)]
    for left, right in pairwise(bounds):
        raw = line[start + left : start + right]
        stripped = raw.strip(_EDGE)
        if stripped:
            begin = start + left + len(raw) - len(raw.lstrip(_EDGE))
            yield begin, begin + len(stripped)


def _shadow(line: str) -> str:
    """Return a line of the same length that sentencex survives.

    sentencex 1.0.32 cannot encode lone surrogates, and panics (a `BaseException`) on a capital
    letter, a space outside ASCII and a full stop: `B\u3000.`.
    """
    if line.isascii():
        return line
    return re.sub(r"[\ud800-\udfff]", "\ufffd", re.sub(r"\s", " ", line))


def _ends(body: str, language: str) -> list[int]:
    """Return where sentencex ends sentences, seen through windows of bounded size.

    Ends near the rim of a window do not count: the next window starts before them, so quotations
    that the rim cut in two are seen whole. A sentence without an end in its window goes on in the
    next one. The windows together are at most three times as long as the body.
    """
    ends: list[int] = []
    position = 0
    while position < len(body):
        stop = _window_stop(body, position)
        parts: list[str] = sentencex.segment(language, body[position:stop])
        found = list(accumulate(map(len, parts), initial=position))[1:]
        if stop < len(body):
            settled = position + _MAX_WINDOW_CHARACTERS * 3 // 4
            found = [end for end in found if end <= settled] or found[:-1]
        ends += found
        position = found[-1] if found else stop
    return ends


def _window_stop(body: str, start: int) -> int:
    stop = start + _MAX_WINDOW_CHARACTERS
    if stop >= len(body):
        return len(body)
    space = body.rfind(" ", start + _MAX_WINDOW_CHARACTERS // 2, stop)
    return stop if space < 0 else space + 1


def _repaired(body: str, ends: list[int]) -> list[int]:
    """Drop the ends sentencex is known to get wrong, and keep closing brackets with their text."""
    repaired: list[int] = []
    for end in ends[:-1]:
        closers = _CLOSERS.match(body, end)
        right = closers.end() if closers else end
        if closers and (right == len(body) or body[right].islower()):
            continue
        if any(
            before.search(body[max(0, end - 12) : end]) and after.match(body, right)
            for before, after in _FALSE_END
        ):
            continue
        if not repaired or right > repaired[-1]:
            repaired.append(right)
    return [*repaired, *ends[-1:]]


def _shorter_quotes(body: str, ends: list[int], language: str) -> Iterator[int]:
    """Yield `ends`, and in long sentences also the ends of sentences inside quotation marks."""
    start = 0
    for end in ends:
        if end - start > _MAX_QUOTED_CHARACTERS:
            for stretch in _BETWEEN_QUOTES.finditer(body, start, end):
                for inner in _ends(stretch.group(), language)[:-1]:
                    cut = stretch.start() + inner
                    if min(cut - start, end - cut) >= _MIN_QUOTED_CHARACTERS:
                        yield cut
                        start = cut
        yield end
        start = end


def is_translatable(sentence: str) -> bool:
    """Tell whether a sentence has words; addresses and numbers are none."""
    if not any(map(str.isalpha, sentence)):
        return False
    return not all(_is_address(word) for word in sentence.split())


def _is_address(word: str) -> bool:
    """Tell whether a word is a URL, an e-mail address, a handle or a hashtag, or has no letters."""
    bare = word.strip(".,;:!?()[]{}<>\"'“”‘’«»").lower()
    if bare.startswith(_SCHEMES) or not any(map(str.isalpha, bare)):
        return True
    if bare[0] in "@#":
        return _NAME.fullmatch(bare, 1) is not None
    local, at, domain = bare.rpartition("@")
    return bool(local and at and "." in domain) or _DOMAIN.fullmatch(bare) is not None
