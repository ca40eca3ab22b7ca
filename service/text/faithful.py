"""Asks of every number, date and proper name of a summary sentence whether the article has it.

A name is in the article when its words are, in any case: as another form of the name (Armenia,
Armenians), as a surname or initials for the full name, as an acronym for what it stands for. A name
one letter away is another name. Two people's names mixed into one are found where the article shows
both. What is true but said with other names than the article's is a doubt, too: this compares
words, it knows no world.

It must not know models or requests, nor decide what becomes of a doubtful sentence.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.text.common import is_common
from service.text.finding import Finding
from service.text.name_forms import (
    CALENDAR, TITLES, country, expansions, family, is_place, known_phrases,
)  # fmt: skip
from service.text.names import Name, Token, fold, names, tokens
from service.text.numbers import Quantity, quantities, unsupported
from service.text.words import stems

__all__ = ["Article"]

_PLURAL_ACRONYM: Final = re.compile(r"[A-Z]{2,}s")
_FIGURES: Final = re.compile(r"\d+|[^\W\d_]+")
_HUMPS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
# In texts that keep their capitals at least one word in fifty has one inside a sentence; the
# published CNN/DailyMail texts, which lost theirs, have none.
_MIN_CAPITALS: Final = 0.02
# A numeral of a name (Henry VII): the business of the numbers.
_ROMAN: Final = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_SMALL_WORDS: Final = frozenset("of and the for in on to a an de du la et at by with".split())
_SEASONS: Final = frozenset(("spring", "summer", "autumn", "winter"))
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NUMERIC_DATE: Final = re.compile(
    r"(?<!\d)(?:\d{4}-(?P<iso>\d\d)-\d\d|(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./]\d{2,4})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Article:
    """What an article says, prepared once for asking about many sentences.

    Attributes:
        numbers: its quantities.
        words: its words, folded, and the parts of its hyphenated words.
        families: the families of its words, see `name_forms.family`.
        roots: the stems of its words.
        lower: the words it writes without a capital.
        capitals: the words it writes with a capital; empty where it has lost its capitals.
        flat: its words, folded, in order, between spaces.
        initials: the first letters of its words in order, and of those that are no small words.
        places: for each word of its names, which names have it; a name is given by its number.
        full: its names of several words, by number.
    """

    numbers: list[Quantity]
    words: Set[str]
    families: Set[str]
    roots: Set[str]
    lower: Set[str]
    capitals: Set[str]
    flat: str
    initials: tuple[str, str]
    places: Mapping[str, Set[int]]
    full: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, text: str) -> "Article":
        """Prepare `text`, any `str`, in time linear in its length."""
        found = tokens(text)
        order = [token.folded for token in found]
        words = set(order)
        parts = [part for token in found for part in _parts(token)]
        words.update(parts)
        words.update(
            token.folded[:-1] for token in found if _PLURAL_ACRONYM.fullmatch(token.text)
        )
        words.update(_months_in_figures(text))
        inside = sum(token.capital and not token.first for token in found)
        cased = inside >= _MIN_CAPITALS * len(found)
        lower = {token.text.lower() for token in found if cased and not token.capital}
        full = tuple(
            dict.fromkeys(
                name.words
                for name in names(text, lambda word: word in lower or is_common(word))
                if len(name.words) > 1
            )
        )
        places: defaultdict[str, set[int]] = defaultdict(set)
        for number, name in enumerate(full):
            for word in name:
                places[word].add(number)
        return cls(
            numbers=quantities(text, "en"),
            words=words,
            families={key for word in words for key in family(word) | country(word)},
            roots=set(stems(text)),
            lower=lower,
            capitals={token.folded for token in found if token.capital} if cased else set(),
            flat=f" {' '.join(order)} ",
            initials=(
                "".join(part[:1] for part in parts),
                "".join(part[:1] for part in parts if part not in _SMALL_WORDS),
            ),
            places=places,
            full=full,
        )

    def doubts(self, sentence: str) -> list[Finding]:
        """Return the numbers and names of a sentence of a summary that the article does not have.

        The codes are `number_not_in_source` and `name_not_in_source`, the value is the number or
        the name as the sentence writes it; each value is given once. A date is doubted by its parts:
        the number of the day, the name of the month. Names are recognised by their capitals, so in a
        sentence without any none is found.
        """
        numbers = dict.fromkeys(
            quantity.text
            for quantity in unsupported(sentence, self.numbers)
            if not (_ROMAN.fullmatch(quantity.text) and quantity.text.lower() in self.words)
        )
        found = names(sentence, self._is_ordinary)
        is_title = _is_title_case(sentence)
        doubtful = dict.fromkeys(name.text for name in found if not self._has(name, is_title))
        return [
            Finding("number_not_in_source", text, "The article does not have this number.")
            for text in numbers
        ] + [
            Finding("name_not_in_source", text, "The article does not have this name.")
            for text in doubtful
        ]

    def _is_ordinary(self, word: str) -> bool:
        return word in self.lower or fold(word) in self.words or is_common(word)

    def _has(self, name: Name, is_title: bool) -> bool:
        capitals = [token for token in name.tokens if token.capital]
        missing = [token for token in capitals if not self._has_word(token)]
        if not missing:
            return not self._is_mixed(name)
        if all(_is_plain(token) and (is_title or _is_loud(token)) for token in missing):
            return True  # capitals for effect: CLICK HERE, A Headline of This Kind
        return self._has_short(name) or self._has_long(name)

    def _has_word(self, token: Token) -> bool:
        word = token.folded
        if word in ("may", "march", "august") and self.capitals:
            return word in self.capitals
        if word in self.words or not self.families.isdisjoint(family(word)):
            return True
        if len(word) == 1 or word in TITLES or _ROMAN.fullmatch(token.text):
            return True
        if word in _SEASONS:
            return True
        parts = _parts(token)
        if len(parts) > 1 and all(self._has_part(part) for part in parts):
            return True
        for pieces in (_HUMPS, _FIGURES):  # YouTube, GPT4
            apart = " ".join(pieces.findall(token.text)).lower()
            if " " in apart and f" {apart} " in self.flat:
                return True
        return is_common(token.text.lower()) and not self.roots.isdisjoint(stems(token.text))

    def _has_part(self, part: str) -> bool:
        return part in self.words or not self.families.isdisjoint(family(part)) or is_common(part)

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
        initials = "".join(t.folded[:1] for t in name.tokens if t.capital)
        return len(initials) > 2 and initials in self.words

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
    return 2 * sum(token.capital for token in found) > len(found) + 2


def _months_in_figures(text: str) -> set[str]:
    """Return the names of the months that dates like 2026-05-04, 4.05.2026, 5/4/26 may mean."""
    found: set[str] = set()
    for match in _NUMERIC_DATE.finditer(text):
        figures = filter(None, (match["iso"], match["month"], match["day"]))
        found.update(_MONTHS[n - 1] for n in map(int, figures) if 1 <= n <= len(_MONTHS))
    return found
