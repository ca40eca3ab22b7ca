"""Finds names that one document calls by two different names in its translation.

A name is followed from the first segment where a word of the translation sounds like it. A name
that is translated (`Germany`), made of common words (`Black Beauty`) or rendered by another sound
is not followed, nor is one that a later translation leaves out: what is not sure is not said. It
must not know models, requests or glossaries.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from service.text.declension import fold, is_form
from service.text.finding import Finding
from service.text.names import names
from service.text.names.common import is_common
from service.text.names.forms import CALENDAR, is_place
from service.text.transliteration import likeness

__all__ = ["Renderings", "inconsistent"]

_TARGETS: Final = frozenset(("hy", "ru"))
_ACCENTS: Final = str.maketrans(dict.fromkeys("՛՜՞\xad\u0301"))
_WORD: Final = re.compile(r"[^\W\d_]+")
_MIN_NAME_CHARACTERS: Final = 4
_MIN_PREFIX_CHARACTERS: Final = 3
# A word this like a name renders it; ...
_SURE: Final = 0.75
# ... one this like it, where no word is the known rendering, is meant to. Set on even lines of real
# translations, by four systems and by people, so that nine in ten findings are right on the others.
_MEANT: Final = 0.6
# Of one segment no more words are compared, in one document no more pairs of words; what is beyond
# is not checked. A thousand sentences of news need some four thousand comparisons.
_MAX_SEGMENT_WORDS: Final = 64
_MAX_COMPARISONS: Final = 20_000


class Renderings:
    """How the names of one document are rendered, as far as it has been read.

    Another ending is no other rendering, nor an adjective of the name. Names from English into
    Armenian or Russian only; for other languages nothing is found.

    Args:
        languages: of the segments and of the translations.
    """

    def __init__(self, languages: tuple[str, str]) -> None:
        self._are_followed = languages[0] == "en" and languages[1] in _TARGETS
        self._only: tuple[str, str] | None = None
        self._segments = 0
        self._names: dict[str, _Name] = {}
        self._budget = _Budget(_MAX_COMPARISONS)

    def read(self, source: str, translation: str) -> list[Finding]:
        """Reads the next segment.

        Returns:
            Its names that are rendered otherwise than in the first segment that has them, as
            `name_inconsistent`; the value is the word of the name as the source has it.
        """
        if not self._are_followed:
            return []
        if not self._segments:  # it is looked at when there is another to compare it with
            self._segments, self._only = 1, (source, translation)
            return []
        if self._only is not None:
            self._found(0, *self._only)
            self._only = None
        found = self._found(self._segments, source, translation)
        self._segments += 1
        return found

    def _found(self, index: int, source: str, translation: str) -> list[Finding]:
        segment = _Segment(index, translation, list(_name_words(source)))
        known = self._names
        names = [known.setdefault(word, _Name(word, len(known))) for word in segment.names]
        return [
            Finding("name_inconsistent", name.word, _message(name.first))
            for name in sorted(names, key=lambda name: name.place)
            if name.look(segment, self._budget)
        ]


def inconsistent(
    pairs: Sequence[tuple[str, str]], languages: tuple[str, str]
) -> list[tuple[int, Finding]]:
    """Return what `Renderings` finds in all segments of a document, each with its translation.

    Returns:
        The index of a segment and the finding.
    """
    names = Renderings(languages)
    return [(index, found) for index, pair in enumerate(pairs) for found in names.read(*pair)]


def _message(first: int) -> str:
    return f"this name is rendered otherwise than in segment {first}"


@dataclass
class _Budget:
    left: int

    def likeness(self, name: str, word: str) -> float:
        if name.lower() == word.lower():
            return 1.0
        self.left -= 1
        return likeness(name, word) if self.left >= 0 else 0.0


@dataclass
class _Segment:
    """A translation and the names of its source; its words are looked up when first needed."""

    index: int
    target: str
    names: list[str]
    _words: list[str] | None = field(default=None)

    @property
    def words(self) -> list[str]:
        if self._words is None:
            found = _WORD.findall(self.target.translate(_ACCENTS))
            self._words = list(islice(dict.fromkeys(found), _MAX_SEGMENT_WORDS))
        return self._words

    @property
    def capitals(self) -> list[str]:
        return [word for word in self.words if word[0].isupper()]


@dataclass
class _Name:
    """A word of a name, and how it was rendered first.

    Attributes:
        place: how many names came before it.
        only: the segment that has it, as long as no other does.
        is_followed: known when there is another.
        known: the first rendering; empty while there is none.
        first: the index of the segment with it.
    """

    word: str
    place: int
    only: _Segment | None = None
    is_followed: bool | None = None
    known: str = ""
    first: int = -1

    def look(self, segment: _Segment, budget: _Budget) -> bool:
        """Looks at the next segment with it; whether that has another rendering."""
        if self.only is None and self.is_followed is None:
            self.only = segment
            return False
        if self.only is not None:
            only, self.only = self.only, None
            self.is_followed = _is_followed(self.word)
            if self.is_followed:
                self._differs(only, budget)
        return bool(self.is_followed) and self._differs(segment, budget)

    def _differs(self, segment: _Segment, budget: _Budget) -> bool:
        if self.known and any(_same(self.word, word, self.known) for word in segment.words):
            return False
        score, word = max(
            ((budget.likeness(self.word, word), word) for word in segment.capitals),
            default=(0.0, ""),
        )
        if score < (_MEANT if self.known else _SURE) or _is_left(word, segment.target):
            return False
        others = (other for other in segment.names if other != self.word)
        if any(budget.likeness(other, word) >= score for other in others):
            return False
        if self.known:
            return True
        self.first, self.known = segment.index, word
        return False


def _is_left(word: str, target: str) -> bool:
    """Whether a word stands in Latin letters beside another one: a title that was left as it is."""
    if not word.isascii():
        return False
    return bool(re.search(rf"[A-Za-z]\W{{1,2}}{word}\b|\b{word}\W{{1,2}}[A-Za-z]", target))


def _name_words(source: str) -> Iterator[str]:
    words = (word for name in names(source) for word in _WORD.findall(name.text))
    proper = dict.fromkeys(word for word in words if word[0].isupper())
    return islice(proper, _MAX_SEGMENT_WORDS)


def _is_followed(word: str) -> bool:
    small = word.lower()
    return not (
        len(word) < _MIN_NAME_CHARACTERS or small in CALENDAR or is_place(small) or is_common(small)
    )


def _same(name: str, word: str, known: str) -> bool:
    """Whether two words are forms of one rendering, or share all but their ends."""
    if is_form(word, known) or is_form(known, word):
        return True
    one, other = fold(word), fold(known)
    common = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    enough = min(len(one) - 2, len(other) - 2, len(name) - 1)
    return common >= max(_MIN_PREFIX_CHARACTERS, enough)
