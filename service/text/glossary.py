"""Finds the terms of a glossary in a sentence, and says which of them its translation lacks.

A glossary says how terms of one language are called in another. How a term gets into a translation
is another matter (`placeholders`); it must not know models, requests, files or who sets limits.

What matches in the source:

- Whole words, the longest term first, no overlap. A word joined by a hyphen to another one is part
  of a longer word: `Karabakh` is not found in `Nagorno-Karabakh`.
- A term as it is written. The first letter of a small-letter term may be a capital where a sentence
  or a quotation begins. A small-letter term of several words may have a capital in each (`Prime
  Minister`). In a sentence all in capitals case says nothing. Otherwise a term with capitals
  matches as written only: `May` is not `may`.
- Apostrophes, dashes and spaces are alike, as in `normalize`; so are é and e with its accent (NFC).
- The English plural in -s, -es, -ies, of the last word; a listed term goes before another's
  plural. Before a possessive ending, which stays outside.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from unicodedata import normalize

from service.text.declension import fold, is_form

__all__ = ["Glossary", "Term", "missed"]

_ACCENTED: Final = re.compile(r"[^\W\d_][\u0300-\u036f]{1,8}(?![\u0300-\u036f])")
_TOKEN: Final = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*|\S")
_SAME: Final = str.maketrans(
    dict.fromkeys("’‘ʼ`´＇", "'") | dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("“”„«»″", '"')
)
_ACCENTS: Final = str.maketrans(dict.fromkeys("՛՜՞՟\xad\u0301"))
_SENTENCE_ENDS: Final = frozenset(".!?:…")
_OPENING: Final = frozenset("\"'([{*#>•-")
_JOINTS: Final = frozenset("-'./@&=")
_MAX_GAP: Final = 16
_MAX_COMPARISONS: Final = 20_000
_SIBILANT: Final = ("s", "x", "z", "ch", "sh", "o")

Forms = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Term:
    """A term where it stands: `text` is `sentence[start:end]`.

    Attributes:
        source: the term as the glossary has it.
        forms: what it may be called in the translation; the first is the one to insert.
        text: as the sentence has it: another case, a plural.
    """

    source: str
    forms: tuple[str, ...]
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Glossary:
    """Terms and what they are called. Hashable; equal ones find equal terms.

    Make one by `of` or `parse`; `entries` is sorted.
    """

    entries: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, mapping: Mapping[str, Forms]) -> "Glossary":
        """Return the glossary of a mapping from a term to its form, or to its forms.

        Raises:
            ValueError: a term without a letter or digit, twice the same term, an empty form or
                none at all; the message names the term.
        """
        entries: dict[str, tuple[str, ...]] = {}
        for term, listed in mapping.items():
            _add(entries, term, [listed] if isinstance(listed, str) else listed)
        return cls(tuple(sorted(entries.items())))

    @classmethod
    def parse(cls, tsv: str, name: str) -> "Glossary":
        """Return the glossary of a file: `term TAB form [TAB form…]` a line, `#` begins a comment.

        Args:
            tsv: what the file holds.
            name: what the file is called in messages.

        Raises:
            ValueError: as `of`, or a line without a tab; the message names the file and the line.
        """
        entries: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(tsv.removeprefix("\ufeff").split("\n"), 1):
            line = line.removesuffix("\r")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            term, *forms = line.split("\t")
            try:
                _add(entries, term, forms)
            except ValueError as error:
                raise ValueError(f"{name}, line {number}: {error}") from None
        return cls(tuple(sorted(entries.items())))

    def over(self, other: "Glossary") -> "Glossary":
        """Return both together; where both have a term, this one's forms count."""
        return Glossary(tuple(sorted((dict(other.entries) | dict(self.entries)).items())))

    def terms_in(self, sentence: str) -> list[Term]:
        """Return the terms of one sentence in order, by the rules of this module.

        The work is linear in the sentence, times the words of the longest term at worst.
        """
        if not self.entries:
            return []
        plain = sentence.translate(_SAME)
        tokens = [(_word(match.group()), *match.span()) for match in _TOKEN.finditer(plain)]
        shouted = plain.isupper()
        found: list[Term] = []
        index = 0
        while index < len(tokens):
            match = self._at(plain, tokens, index, shouted)
            if match is None:
                index += 1
                continue
            last, (source, forms) = match
            start, end = tokens[index][1], tokens[last][2]
            found.append(Term(source, forms, sentence[start:end], start, end))
            index = last + 1
        return found

    def _at(
        self, plain: str, tokens: Sequence[tuple[str, int, int]], first: int, shouted: bool
    ) -> "tuple[int, _Entry] | None":
        """The last token and the entry of the longest term that begins at a token."""
        start = tokens[first][1]
        if tokens[first][0] not in self._trie or _joined(plain, start, -1):
            return None
        node, best = self._trie, None
        for last in range(first, len(tokens)):
            below = node.get(tokens[last][0])
            if not isinstance(below, dict):
                break
            node = below
            end = tokens[last][2]
            ranked = node.get(_HERE, ())
            if isinstance(ranked, tuple) and ranked and not _joined(plain, end, 1):
                text = _composed(plain[start:end])
                for words, entry in ranked:
                    if _fits(words, text, shouted, lambda: _begins(plain, start)):
                        best = last, entry
                        break
        return best

    @cached_property
    def _trie(self) -> "_Node":
        """Terms by their words in small letters; listed terms stand before others' plurals."""
        root: _Node = {}
        singular = [(_key(entry[0]), entry) for entry in self.entries]
        plural = [(form, entry) for key, entry in singular for form in _plurals(key)]
        for words, entry in singular + plural:
            node = root
            for token in _TOKEN.findall(words):
                below = node.setdefault(_word(token), {})
                assert isinstance(below, dict)
                node = below
            ranked = node.get(_HERE, ())
            assert isinstance(ranked, tuple)
            node[_HERE] = (*ranked, (words, entry))
        return root


_Entry = tuple[str, tuple[str, ...]]
_Node = dict[str, "_Node | tuple[tuple[str, _Entry], ...]"]
_HERE: Final = ""
"""The key of the terms that end at a node; no token is empty."""


def missed(terms: Sequence[Term], output: str) -> list[Term]:
    """Return the first of each term that has none of its forms in the translation.

    A form may be inflected (`is_form`), in every word of it, and begin with another case where it
    begins a sentence; otherwise a form with a capital wants one. However often a term occurs in the
    source, once is enough: a translation may well say "it" or "he" the second time.

    The work is bounded by 20 000 comparisons of words beside the reading of the output; a term that
    would take more is not looked for, and not returned.
    """
    said = _Said(output)
    absent: dict[str, Term] = {}
    checked: set[str] = set()
    for term in terms:
        if term.source not in checked:
            checked.add(term.source)
            if not any(map(said.has, term.forms)):
                absent[term.source] = term
    return list(absent.values())


class _Said:
    """The words of a translation, by what they begin with."""

    def __init__(self, output: str) -> None:
        self._words = _spoken(output)
        self._left = _MAX_COMPARISONS
        self._places: dict[str, dict[str, list[int]]] = {}
        for place, word in enumerate(self._words):
            self._places.setdefault(fold(word[0]), {}).setdefault(word, []).append(place)

    def has(self, form: str) -> bool:
        """Tell whether the form is there, or there is no time left to tell."""
        first, *others = _spoken(form)
        return any(
            self._says(word, first)
            and (not others or any(self._goes_on(place + 1, others) for place in places))
            for word, places in self._places.get(fold(first[0]), {}).items()
        )

    def _goes_on(self, place: int, wanted: Sequence[str]) -> bool:
        return len(self._words) - place >= len(wanted) and all(
            self._says(self._words[place + i], word) for i, word in enumerate(wanted)
        )

    def _says(self, word: str, wanted: str) -> bool:
        self._left -= 1
        if self._left < 0:
            return True
        if wanted[0].isupper() and not word[0].isupper():
            return False
        return is_form(word, wanted)


def _spoken(text: str) -> list[str]:
    """The words and signs of a translation or a form, without the accents on them."""
    plain = _composed(text).translate(_ACCENTS).translate(_SAME)
    found: list[str] = _TOKEN.findall(plain)
    return found


def _add(entries: dict[str, tuple[str, ...]], term: str, forms: Sequence[str]) -> None:
    source = " ".join(term.split())
    key = _key(source)
    listed = tuple(" ".join(form.split()) for form in forms)
    if not any(map(str.isalnum, key)):
        raise ValueError(f"the term {source!r} has no letter and no digit")
    if not listed:
        raise ValueError(f"the term {source!r} has no form (term and forms are separated by tabs)")
    if not all(any(map(str.isalnum, form)) for form in listed):
        raise ValueError(f"a form of the term {source!r} is empty")
    if key in entries:
        raise ValueError(f"the term {source!r} is there twice")
    entries[key] = tuple(dict.fromkeys(listed))


def _key(term: str) -> str:
    """The term as it is looked for; equal for spellings of apostrophes, dashes and spaces."""
    return " ".join(_composed(term).translate(_SAME).replace("\xad", "").split())


def _composed(text: str) -> str:
    """The text with its accents in their letters (NFC), where a letter has no more than a few.

    Python sorts the marks on one letter in quadratic time, and there may be thousands.
    """
    return _ACCENTED.sub(lambda found: normalize("NFC", found.group()), text)


def _word(token: str) -> str:
    """A word as terms are found by it: whatever its case, and however its accents are written."""
    return _composed(token).lower()


def _plurals(term: str) -> Iterator[str]:
    """The regular English plurals of the last word (Quirk et al. 1985, 5.80-5.81)."""
    if not term[-1].isalpha():
        return
    yield term + "s"
    if term.endswith(_SIBILANT):
        yield term + "es"
    if term.endswith("y") and term[-2:-1] not in "aeiou":
        yield term[:-1] + "ies"


def _joined(plain: str, place: int, direction: int) -> bool:
    """Whether a word goes on behind (1) or before (-1) a place, or an address around it does."""
    near = place if direction > 0 else place - 1
    mark, beyond = (plain[at] if 0 <= at < len(plain) else " " for at in (near, near + direction))
    if mark.isalnum() or mark == "_" or "\u0300" <= mark <= "\u036f":
        return True
    if direction < 0 and mark in "@#":
        return True
    if mark not in _JOINTS or not beyond.isalnum():
        return False
    possessive = mark == "'" and direction > 0 and beyond in "sS"
    return not (possessive and not plain[near + 2 : near + 3].isalnum())


def _begins(plain: str, start: int) -> bool:
    """Whether a sentence or a quotation begins at a place."""
    last = plain[max(0, start - _MAX_GAP) : start].rstrip()[-1:]
    return not last or last in _SENTENCE_ENDS or last in _OPENING


def _fits(words: str, text: str, shouted: bool, begins: Callable[[], bool]) -> bool:
    """Whether a text is a term by the case of its letters; they are equal but for case."""
    text = " ".join(text.split())
    if text == words or shouted:
        return True
    if any(map(str.isupper, words)):
        return False
    if text[1:] == words[1:]:
        return begins()
    parts = text.split()
    return len(parts) > 1 and all(p[0].isupper() and p[1:] == p[1:].lower() for p in parts)
