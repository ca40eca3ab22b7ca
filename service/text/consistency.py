"""Finds names that one document calls by two different names in its translation.

A name is followed from the first segment where a word of the translation sounds like it. A name
that is translated (`Germany`), made of common words (`Black Beauty`) or rendered by another sound
is not followed, nor is one that a later translation leaves out: what is not sure is not said. It
must not know models, requests or glossaries.
"""

import re
from collections import defaultdict
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

__all__ = ["inconsistent"]

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


def inconsistent(
    pairs: Sequence[tuple[str, str]], languages: tuple[str, str]
) -> list[tuple[int, Finding]]:
    """Return the names that are rendered otherwise than in the first segment that has them.

    Another ending is no other rendering, nor an adjective of the name. Names from English into
    Armenian or Russian only; for other languages nothing is found.

    Args:
        pairs: the segments of one document in order, each with its translation.
        languages: of the segments and of the translations.

    Returns:
        The index of a segment and the finding, `name_inconsistent`; its value is the word of the
        name as the source has it.
    """
    if len(pairs) < 2 or languages[0] != "en" or languages[1] not in _TARGETS:
        return []
    segments = [_Segment(target, list(_name_words(source))) for source, target in pairs]
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, segment in enumerate(segments):
        for name in segment.names:
            places[name].append(index)
    budget = _Budget(_MAX_COMPARISONS)
    found = [
        (index, Finding("name_inconsistent", name, _message(first)))
        for name, indices in places.items()
        if len(indices) > 1 and _is_followed(name)
        for first, index in _differing(name, indices, segments, budget)
    ]
    return sorted(found, key=lambda item: item[0])


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


def _differing(
    name: str, indices: Sequence[int], segments: Sequence[_Segment], budget: _Budget
) -> Iterator[tuple[int, int]]:
    """The segment with the first rendering of a name, and each later one with another."""
    first, known = -1, ""
    for index in indices:
        segment = segments[index]
        if known and any(_same(name, word, known) for word in segment.words):
            continue
        score, word = max(
            ((budget.likeness(name, word), word) for word in segment.capitals), default=(0.0, "")
        )
        if score < (_MEANT if known else _SURE) or _is_left(word, segment.target):
            continue
        if any(budget.likeness(other, word) >= score for other in segment.names if other != name):
            continue
        if known:
            yield first, index
        else:
            first, known = index, word


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
