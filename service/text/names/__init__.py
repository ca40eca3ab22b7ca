"""Finds the proper names of English text, and the form in which two spellings of one are equal.

A name is a run of capitalised words, with the particles inside it (Ludwig van Beethoven), initials
(S. Lavrov) and hyphens or apostrophes (Al-Jazeera, O'Hare); acronyms and words with a capital
inside (iPhone) are names too. The first word of a sentence is one only where it is no common word.

It must not know articles, summaries or translations: who compares names decides what follows.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.text.names.common import is_common
from service.text.names.forms import CALENDAR, PARTICLES, TITLES, is_place

__all__ = ["Name", "Token", "fold", "names", "tokens"]

_LETTER: Final = r"[^\W_]"
_MARKS: Final = r"[\u0300-\u036f]*"
# Dotted acronyms, then words with the hyphens and apostrophes inside them, both without the
# possessive ending; addresses and handles are no names.
_TOKEN: Final = re.compile(
    r"(?P<skip>(?:https?://|www\.)\S+|[@#]\w+)"
    rf"|(?P<dotted>(?:[^\W\d_]\.){{2,}})"
    rf"|(?P<word>(?:{_LETTER}{_MARKS})+(?:(?:['’ʼ‘`-]|(?<=[A-Z])&)(?:{_LETTER}{_MARKS})+)*)"
)
_MARK: Final = re.compile(r"[\u0300-\u036f]+")
_POSSESSIVE: Final = re.compile(r"['’ʼ]s$", re.IGNORECASE)
_JOINTS: Final = re.compile(r"['’ʼ‘`&.-]")
# Letters that have no decomposition, as reference works transliterate them.
_PLAIN: Final = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
})  # fmt: skip
# The end of a sentence, or a quotation mark that opens: after a space, not after a word.
_SENTENCE_END: Final = re.compile(r"[.!?…:\n\r]|[“«„]\s?$|[\s(–—][\"'‘`]\s?$")
_MAX_GAP_CHARACTERS: Final = 20  # more punctuation than that between two words says nothing
_SMALL_GAP: Final = re.compile(r"[ \xa0\u202f]+")
_DOT_GAP: Final = re.compile(r"\.[ \xa0\u202f]*")
# Longer words in capitals are written so for effect, unless they are no words: UNESCO.
_MAX_ACRONYM_CHARACTERS: Final = 3
# Words that are never a name, though they have a capital in every sentence.
_NEVER: Final = frozenset(("i", "i'm", "i've", "i'll", "i'd", "a", "o", "oh", "ok"))

_LEAD: Final = TITLES | PARTICLES
# Titles that begin a name of their own inside a run: `U.S. President Obama` gives two.
_OFFICES_TEXT: Final = (
    "king prince queen lady general major father sister brother judge justice chief saint st"
    " foreign defence defense finance interior speaker leader doctor princess emperor"
)
_OFFICES: Final = TITLES - frozenset(_OFFICES_TEXT.split())
_DOTTED_TITLES_TEXT: Final = (
    "mr mrs ms dr prof rev sen rep gov gen col lt capt maj sgt st mt ft supt det insp adm"
)
_DOTTED_TITLES: Final = frozenset(_DOTTED_TITLES_TEXT.split())


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: `text` is `original[start:end]`, without the possessive ending.

    Attributes:
        folded: the word as it is compared, see `fold`.
        capital: it looks like a name: a capital first, or a capital inside.
        first: it begins a sentence, a line or a quotation, so a first capital says nothing.
        joined: only spaces stand before it, or the dot of a title or an initial.
    """

    text: str
    start: int
    end: int
    folded: str
    capital: bool
    first: bool
    joined: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name without the titles before it: `text` is `original[start:end]`."""

    text: str
    start: int
    end: int
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words as names are compared, see `fold`."""
        return tuple(token.folded for token in self.tokens)


def fold(word: str) -> str:
    """Return `word` as names are compared: no case, no diacritics, no possessive, no joints.

    `Tōkyō's` gives `tokyo`, `Al-Jazeera` gives `aljazeera`, `U.S.` gives `us`.
    """
    bare = _POSSESSIVE.sub("", word)
    if not bare.isascii():
        # Python sorts the marks on one letter in quadratic time, and there may be thousands.
        decomposed = unicodedata.normalize("NFKD", _MARK.sub("", bare).casefold())
        bare = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_PLAIN)
    return _JOINTS.sub("", bare).lower()


def tokens(text: str) -> list[Token]:
    """Return the words of `text` in order, in time linear in its length."""
    found: list[Token] = []
    previous: Token | None = None
    end = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "skip":
            continue
        start, raw = match.start(), match.group()
        word = _POSSESSIVE.sub("", raw)
        gap = text[max(end, start - _MAX_GAP_CHARACTERS) : start]
        short = previous is not None and _takes_dot(previous)
        first = not found or (
            _SENTENCE_END.search(gap) is not None and not (short and _DOT_GAP.fullmatch(gap))
        )
        joined = bool(found) and (
            _SMALL_GAP.fullmatch(gap) is not None or (short and _DOT_GAP.fullmatch(gap) is not None)
        )
        initial = len(word) == 1 and text[match.end() : match.end() + 1] == "."
        capital = _has_capital(word) and (initial or word.lower().replace("’", "'") not in _NEVER)
        previous = Token(word, start, start + len(word), fold(word), capital, first, joined)
        found.append(previous)
        end = match.end() if word == raw else start + len(word)
    return found


def names(text: str, is_ordinary: Callable[[str], bool] = is_common) -> list[Name]:
    """Return the names of English `text` in order, in time linear in its length.

    Titles before a name are left out of it (`President Sargsyan` gives `Sargsyan`); a title alone
    is no name. A possessive ends a name: `Chelsea's Lampard` gives two. Days and months are names.

    Args:
        text: any `str`; best one sentence or more, in ordinary case.
        is_ordinary: tells of the first word of a sentence, in lower case, that it may be no name;
            who knows the document passes what it writes in lower case as well.
    """
    found: list[Name] = []
    for run in _runs(tokens(text)):
        kept = _without_lead(run, is_ordinary)
        if kept and not (len(kept) == 1 and len(kept[0].text) == 1):
            start, end = kept[0].start, kept[-1].end
            found.append(Name(text[start:end], start, end, tuple(kept)))
    return found


def _runs(found: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the longest runs of capitalised words and the particles between two of them."""
    run: list[Token] = []
    pending: list[Token] = []
    for token in found:
        if run and (not token.joined or token.folded in _OFFICES):
            yield run
            run, pending = [], []
        if token.capital:
            run += [*pending, token]
            pending = []
        elif run and token.text.lower() in PARTICLES and len(pending) < 2:
            pending.append(token)
        elif run:
            yield run
            run, pending = [], []
    if run:
        yield run


def _without_lead(run: Sequence[Token], is_ordinary: Callable[[str], bool]) -> Sequence[Token]:
    """Drop what is no part of a name: the first word of a sentence, titles around it."""
    index = 1 if run[0].first and not _is_surely_name(run[0], is_ordinary) else 0
    end = len(run)
    while index < end and run[index].folded in _LEAD:
        index += 1
    while index < end and run[end - 1].folded in TITLES and run[end - 1].folded != "king":
        end -= 1
    return run[index:end]


def _is_surely_name(token: Token, is_ordinary: Callable[[str], bool]) -> bool:
    """Tell whether the first word of a sentence is a name for sure."""
    word = token.text
    if word.isupper() and len(word) > _MAX_ACRONYM_CHARACTERS:
        return not is_ordinary(word.lower())
    if any(map(str.isupper, word[1:])) or any(map(str.isdigit, word)):
        return True
    if token.folded in CALENDAR:
        return token.folded not in ("may", "march", "august")
    return is_place(token.folded) or not is_ordinary(word.lower().replace("’", "'"))


def _has_capital(word: str) -> bool:
    return word[0].isupper() or word[0].istitle() or any(map(str.isupper, word[1:]))


def _takes_dot(token: Token) -> bool:
    """Tell whether a full stop after `token` belongs to it: `S. Lavrov`, `Mr. Lavrov`."""
    return token.capital and (
        (len(token.text) == 1 and token.text != "I") or token.folded in _DOTTED_TITLES
    )
