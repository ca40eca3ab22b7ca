"""Knows what makes one pair of sentences fit for training, and mends what can be mended."""

import re
import unicodedata
from dataclasses import dataclass

from service.text.normalize import normalize
from service.text.typography import typeset

__all__ = ["MOST_WORDS", "Pair", "clean", "words"]

MOST_WORDS = 60
"""Longer sentences are left out: they cost much, and the service cuts such ones at clauses."""

_SCRIPTS = {"ru": "CYRILLIC", "hy": "ARMENIAN"}
_LEAST_SCRIPT = 0.6
"""Share of the target's letters in its script: names in Latin letters may stand, not sentences."""

_LENGTHS = (0.5, 2.2)
"""Characters of the target to those of the source; both bounds are far beyond real translations."""

_MARKUP = re.compile(
    r"[<>{}|\\`_=~^#]|&[a-z]+;|%[\d.]*[a-z(]|\$\w|\[\[|\]\]|\(\)|::|\w/\w+/|--|https?:|www\.|\w\.\w+\(",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"^\s*(?:[-–—*•·]|\d{1,2}[.)])\s+")
_BLANK_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?…](?:\s|$))")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,\s]\d{3}(?!\d)|[.,]\d+)*")
_GROUPS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence, its translation and where both come from."""

    source: str
    target: str
    origin: str


def words(text: str) -> list[str]:
    """Returns the words of a text in lower case; numbers are none."""
    return [word.lower() for word in _WORD.findall(text)]


def clean(pair: Pair, language: str, least_words: int = 1) -> Pair | None:
    """Returns the pair as it is trained on, or `None` where it is not worth it.

    The English comes back with the punctuation that the base model was trained with, the target
    with the typography that the service prints. A mark of a list that both sides begin with goes.

    Raises:
        KeyError: nothing is known of the script of `language`.
    """
    script = _SCRIPTS[language]
    source, target = _bare(pair.source), _bare(pair.target)
    if _MARKUP.search(source) or _MARKUP.search(target):
        return None
    if not least_words <= len(words(source)) <= MOST_WORDS or not words(target):
        return None
    source = normalize(source)
    target = typeset(normalize(target, language), language, source)
    if not _LENGTHS[0] <= len(target) / len(source) <= _LENGTHS[1]:
        return None
    if _share(target, script) < _LEAST_SCRIPT or _share(source, "LATIN") < 1:
        return None
    if source == target or not _same_numbers(source, target) or _shouts(source, target):
        return None
    return Pair(source, target, pair.origin)


def _bare(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    return _BLANK_BEFORE_MARK.sub("", _LIST_MARK.sub("", text)).strip()


def _share(text: str, script: str) -> float:
    letters = [c for c in text if c.isalpha()]
    inside = sum(unicodedata.name(c, "").startswith(script) for c in letters)
    return inside / len(letters) if letters else 0.0


def _same_numbers(source: str, target: str) -> bool:
    """Whether the target has the long numbers, in whatever groups; short ones may be words there.

    One of three digits or more that is missing is a mistake of alignment more often than not.
    """
    said, translated = _digits(source), _digits(target)
    return all(number in translated for number in said.split() if len(number) > 2)


def _digits(text: str) -> str:
    """The numbers of a text, without the marks between their groups."""
    return " ".join(_GROUPS.sub("", number) for number in _NUMBER.findall(text))


def _shouts(source: str, target: str) -> bool:
    """Whether either is all capitals, as menus and headings are."""
    return source.isupper() or target.isupper()
