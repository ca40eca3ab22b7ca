"""Knows which short pairs are names of people and places: they teach a decoder to spell.

A pair is one where both sides are one to three words of the same number, each with a capital, and
none of the English words is ever written small in running text: "Yerevan" is taken, "Save" is not.
"""

import re
from collections.abc import Collection, Iterable

from training.cleaning import Pair

__all__ = ["is_name", "ordinary_words"]

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"[ -]")
_ENGLISH = re.compile(r"[A-Z][a-z'’]+(?:[ -][A-Z][a-z'’]+){0,2}")
_TARGETS = {
    "ru": re.compile(r"[А-ЯЁ][а-яё]+(?:[ -][А-ЯЁ][а-яё]+){0,2}"),
    "hy": re.compile(r"[Ա-Ֆ][ա-և]+(?:[ -][Ա-Ֆ][ա-և]+){0,2}"),
}
_ADJECTIVES = {
    "ru": re.compile(r"(?:[сц]к|н)(?:ий|ый|ая|ое|ие|ые)\b"),
    "hy": re.compile(r"(?:երեն|ական)\b"),
}
"""Names of languages and what belongs to a country: with a capital in a menu, small in a text."""


def ordinary_words(texts: Iterable[str]) -> set[str]:
    """Returns the words that are written small somewhere in these texts."""
    return {word for text in texts for word in _WORD.findall(text) if word.islower()}


def is_name(pair: Pair, language: str, ordinary: Collection[str]) -> bool:
    """Says whether the pair is a name and its spelling in `language`.

    Args:
        pair: of any length.
        language: of the target.
        ordinary: English words that are no names.

    Raises:
        KeyError: nothing is known of the letters of `language`.
    """
    if not (_ENGLISH.fullmatch(pair.source) and _TARGETS[language].fullmatch(pair.target)):
        return False
    if _ADJECTIVES[language].search(pair.target):
        return False
    said, written = _BETWEEN.split(pair.source), _BETWEEN.split(pair.target)
    return len(said) == len(written) and not any(word.lower() in ordinary for word in said)
