"""Which English words are common: a word that is none and has a capital letter is a name.

The list holds the words that the project's own news articles write in lower case and everyday
words beside them, less those that a rule of `_bases` makes from another. It must not know names,
sentences or articles.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["is_common"]

_MIN_BASE_CHARACTERS: Final = 3
# An ending and what stands in its place in the base: regular English inflection and derivation.
_ENDINGS: Final = (
    ("s", ("",)), ("es", ("",)), ("ies", ("y",)),
    ("d", ("",)), ("ed", ("",)), ("ied", ("y",)), ("ing", ("", "e")),
    ("ly", ("", "le")), ("ily", ("y",)),
    ("er", ("", "e")), ("ers", ("", "e")), ("est", ("", "e")), ("ier", ("y",)), ("iest", ("y",)),
    ("ness", ("",)), ("less", ("",)), ("ful", ("",)), ("able", ("", "e")), ("ment", ("",)),
    ("ments", ("",)), ("ification", ("ify",)),
    ("ist", ("", "e")), ("ists", ("", "e")), ("ism", ("",)),
    ("ion", ("", "e")), ("ions", ("", "e")), ("ation", ("", "e")), ("ations", ("", "e")),
    ("al", ("", "e")), ("ity", ("", "e")), ("ty", ("",)), ("ive", ("", "e")),
    ("man", ("",)), ("men", ("",)), ("woman", ("",)), ("women", ("",)),
)  # fmt: skip
_BEGINNINGS: Final = (
    "un", "re", "non", "over", "under", "out", "anti", "pre", "post", "mid", "mis", "super",
    "multi", "inter", "semi", "self", "co", "dis", "sub", "tele", "micro", "cyber",
    "meta", "auto", "hyper", "bi", "tri",
)  # fmt: skip


def is_common(word: str) -> bool:
    """Tell whether `word`, in lower case, is a common English word or regularly made from one.

    A word of several parts is common when each part is. Bounded by the length of the word.
    """
    return all(map(_is_common_part, word.split("-")))


def _is_common_part(word: str) -> bool:
    if word in _BEGINNINGS or _is_made_of_a_word(word):
        return True
    rests = (word.removeprefix(beginning) for beginning in _BEGINNINGS)
    return any(
        rest != word and len(rest) >= _MIN_BASE_CHARACTERS and _is_made_of_a_word(rest)
        for rest in rests
    )


def _is_made_of_a_word(word: str) -> bool:
    """Tell whether at most two endings stand between `word` and a word of the list."""
    words = _words()
    if word in words:
        return True
    return any(base in words or any(b in words for b in _bases(base)) for base in _bases(word))


@cache
def _words() -> frozenset[str]:
    return frozenset((files(__package__) / "common_words.txt").read_text("utf-8").split())


def _bases(word: str) -> Iterator[str]:
    for ending, replacements in _ENDINGS:
        if not word.endswith(ending):
            continue
        stem = word[: -len(ending)]
        for replacement in replacements:
            if len(stem + replacement) >= _MIN_BASE_CHARACTERS:
                yield stem + replacement
        is_doubled = len(stem) > _MIN_BASE_CHARACTERS and stem[-1] == stem[-2]
        if is_doubled and stem[-3] in "aeiou" and ending[0] in "aei":
            yield stem[:-1]  # stopped, planner
