"""What an article knows of proper names, and whether a name of another text is among it.

A name is in the article when its words are, in any case: as another form of the name (Armenia,
Armenians), as a surname or initials for the full name, as an acronym for what it stands for. A name
one letter away is another name. Two people's names mixed into one are found where the article shows
both.

It must not know numbers, summaries, nor what follows from a missing name.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.text.names import Name, Token, fold, names, tokens
from service.text.names.common import is_common
from service.text.names.forms import (
    BODIES,
    CALENDAR,
    SCIENCE,
    SCIENTIFIC,
    TITLES,
    VOCABULARY,
    country,
    expansions,
    family,
    is_place,
    known_phrases,
)
from service.text.words import stems

__all__ = ["ROMAN", "KnownNames"]

_PLURAL_ACRONYM: Final = re.compile(r"[A-Z]{2,}s")
_FIGURES: Final = re.compile(r"\d+|[^\W\d_]+")
_HUMPS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
# In texts that keep their capitals at least one word in fifty has one inside a sentence; the
# published CNN/DailyMail texts, which lost theirs, have none.
_MIN_CAPITALS: Final = 0.02
# A numeral of a name (Henry VII): the business of the numbers.
ROMAN: Final = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_SMALL_WORDS_TEXT: Final = "of and the for in on to a an de du la et at by with"
_SMALL_WORDS: Final = frozenset(_SMALL_WORDS_TEXT.split())
_MIN_SCIENTIFIC_WORDS: Final = 3
_SEASONS: Final = frozenset(("spring", "summer", "autumn", "winter"))
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NUMERIC_DATE: Final = re.compile(
    r"(?<!\d)(?:\d{4}-(?P<iso>\d\d)-\d\d|(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./]\d{2,4})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The words and names of an article, prepared once for asking about many sentences.

    Attributes:
        words: its words, folded, and the parts of its hyphenated words.
        families: the families of its words, see `name_forms.family`, and the countries of its
            capital cities.
        roots: the stems of its words.
        lower: the words it writes without a capital; empty where it has lost its capitals.
        capitals: the words it writes with a capital; empty where it has lost them.
        flat: its words, folded, in order, between spaces.
        initials: the first letters of its words in order, and of those that are no small words.
        full: its names of several words.
        places: for each word of `full`, which of them have it.
    """

    words: Set[str]
    families: Set[str]
    roots: Set[str]
    lower: Set[str]
    capitals: Set[str]
    flat: str
    initials: tuple[str, str]
    full: tuple[tuple[str, ...], ...]
    places: Mapping[str, Set[int]]

    @classmethod
    def read(cls, text: str) -> "KnownNames":
        """Prepare `text`, any `str`, in time linear in its length."""
        found = tokens(text)
        parts = [part for token in found for part in _parts(token)]
        words = {token.folded for token in found}.union(parts, _months_in_figures(text))
        words |= {t.folded[:-1] for t in found if _PLURAL_ACRONYM.fullmatch(t.text)}
        inside = sum(token.capital and not token.first for token in found)
        cased = inside >= _MIN_CAPITALS * len(found)
        lower = {token.text.lower() for token in found if cased and not token.capital}
        every = names(text, lambda word: word in lower or is_common(word))
        full = tuple(dict.fromkeys(name.words for name in every if len(name.words) > 1))
        places: defaultdict[str, set[int]] = defaultdict(set)
        for number, name in enumerate(full):
            for word in name:
                places[word].add(number)
        return cls(
            words=words,
            families={key for word in words for key in family(word) | country(word)},
            roots=set(stems(text)),
            lower=lower,
            capitals={token.folded for token in found if token.capital} if cased else set(),
            flat=f" {' '.join(token.folded for token in found)} ",
            initials=(
                "".join(part[:1] for part in parts),
                "".join(part[:1] for part in parts if part not in _SMALL_WORDS),
            ),
            full=full,
            places=dict(places),
        )

    def missing(self, sentence: str) -> list[Name]:
        """Return the names of a sentence that are not among these, in order."""
        is_title = _is_title_case(sentence)
        return [
            name for name in names(sentence, self._is_ordinary) if not self._has(name, is_title)
        ]

    def _is_ordinary(self, word: str) -> bool:
        return word in self.lower or is_common(word)

    def _has(self, name: Name, is_title: bool) -> bool:
        capitals = [token for token in name.tokens if token.capital]
        missing = [token for token in capitals if not self._has_word(token)]
        if not missing:
            return not self._is_mixed(name)
        if all(map(_is_plain, missing)) and (is_title or all(map(_is_loud, missing))):
            return True  # capitals for effect: A Headline of This Kind, CLICK HERE
        if len(missing) < len(capitals) and all(token.folded in BODIES for token in missing):
            return True
        return self._has_short(name) or self._has_long(name)

    def _has_word(self, token: Token) -> bool:
        word = token.folded
        if word in ("may", "march", "august") and self.capitals:
            return word in self.capitals
        if word in self.words or not self.families.isdisjoint(family(word)):
            return True
        if len(word) == 1 or word in TITLES or ROMAN.fullmatch(token.text):
            return True
        if word in _SEASONS or self._is_vocabulary(word.removesuffix("s")):
            return True
        parts = _parts(token)
        if len(parts) > 1:
            had = [part for part in parts if self._has_part(part)]
            if had and all(part in had or is_common(part) for part in parts):
                return True
        for pieces in (_HUMPS, _FIGURES):  # YouTube, GPT4
            apart = " ".join(pieces.findall(token.text)).lower()
            if " " in apart and f" {apart} " in self.flat:
                return True
        return is_common(token.text.lower()) and not self.roots.isdisjoint(stems(token.text))

    def _is_vocabulary(self, word: str) -> bool:
        if word in VOCABULARY:
            return True
        return word in SCIENCE and len(self.words & SCIENTIFIC) >= _MIN_SCIENTIFIC_WORDS

    def _has_part(self, part: str) -> bool:
        if part in _SMALL_WORDS:
            return False
        if self._is_vocabulary(part):
            return True
        return not (self.families.isdisjoint(family(part)) and self.roots.isdisjoint(stems(part)))

    def _has_short(self, name: Name) -> bool:
        """Tell whether each missing word is an acronym of what the article writes out."""
        return all(
            self._has_word(token) or self._writes_out(token)
            for token in name.tokens
            if token.capital
        )

    def _writes_out(self, token: Token) -> bool:
        letters = token.text.replace(".", "")
        plural = letters.removesuffix("s")
        if len(plural) < 2 or not plural.isupper():
            return False
        acronym = plural.lower()
        if acronym in self.words:
            return True
        if any(f" {phrase} " in self.flat for phrase in expansions(acronym)):
            return True
        if expansions(acronym):
            return False  # two letters are initials of something in every article
        return any(acronym in initials for initials in self.initials)

    def _has_long(self, name: Name) -> bool:
        """Tell whether the article has the acronym of this name."""
        written = f" {' '.join(name.words)} "
        for phrase, acronym in known_phrases().items():
            if f" {phrase} " in written and acronym in self.words:
                rest = set(name.words) - set(phrase.split())
                if rest <= self.words:
                    return True
        capitals = [token for token in name.tokens if token.capital]
        initials = "".join(token.folded[:1] for token in capitals)
        if len(initials) <= 2 or initials not in self.words:
            return False
        return not any(map(self._has_word, capitals))

    def _is_mixed(self, name: Name) -> bool:
        """Tell whether two neighbouring words of the name belong to different names, for certain.

        So it is where the article never has them together, but has the first at the head of
        another name and the second behind another first name.
        """
        if not self.capitals:
            return False
        return any(
            self._belong_apart(first, second)
            for first, second in pairwise(t.folded for t in name.tokens if t.capital)
        )

    def _belong_apart(self, first: str, second: str) -> bool:
        if any(is_place(word) or word in CALENDAR for word in (first, second)):
            return False
        if f" {first} {second} " in self.flat or second not in self.places:
            return False
        numbers = self.places[second]
        before = {word for n in numbers for word in self.full[n][: self.full[n].index(second)]}
        if len(first) == 1:
            return bool(before) and not any(word.startswith(first) for word in before)
        heads = any(self.full[n][0] == first for n in self.places.get(first, ()))
        together = not numbers.isdisjoint(self.places.get(first, ()))
        return heads and not together and bool(before) and first[0] not in before


def _parts(token: Token) -> list[str]:
    """Return the words inside a hyphenated word; O'Hare and U.S. have no parts."""
    return [fold(part) for part in token.text.split("-") if part]


def _is_plain(token: Token) -> bool:
    """Tell whether a capitalised word is common English, and no country, day or month."""
    word = token.folded
    return is_common(token.text.lower()) and not (is_place(word) or word in CALENDAR)


def _is_loud(token: Token) -> bool:
    return token.text.isupper() or "-" in token.text


def _is_title_case(sentence: str) -> bool:
    """Tell whether a sentence has capitals for effect: on most words that are not small ones."""
    found = [token for token in tokens(sentence) if token.folded not in _SMALL_WORDS]
    return len(found) > 2 and sum(token.capital for token in found) >= 0.8 * len(found)


def _months_in_figures(text: str) -> set[str]:
    """Return the names of the months that dates like 2026-05-04, 4.05.2026, 5/4/26 may mean."""
    found: set[str] = set()
    for match in _NUMERIC_DATE.finditer(text):
        figures = filter(None, (match["iso"], match["month"], match["day"]))
        found.update(_MONTHS[n - 1] for n in map(int, figures) if 1 <= n <= len(_MONTHS))
    return found
