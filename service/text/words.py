"""What a word is: counted for people, reduced to a stem for comparing.

It must not know sentences, models or languages other than by their letters.
"""

import re
from typing import Final

_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[-'’][^\W\d_]+)*|\w+")
_SUFFIX: Final = re.compile(r"(?:ings?|ed|ies|es|s|ly|y|e)$")
_MIN_STEM_CHARACTERS: Final = 3

# Words that say nothing about what a sentence is about.
_STOP_WORDS_TEXT: Final = (
    "a about after again all also an and any are as at be because been before being but by can"
    " could did do does for from had has have he her here his how i if in into is it its just more"
    " most no not of on only or other our out over own said say says she should so some such than"
    " that the their them then there these they this those to too under until up very was we were"
    " what when where which while who whom why will with would you your"
)
_STOP_WORDS: Final = frozenset(_STOP_WORDS_TEXT.split())


def count_words(text: str) -> int:
    """Return how many words `text` has: runs between spaces with a letter or a digit in them."""
    return sum(any(map(str.isalnum, run)) for run in text.split())


def stems(text: str) -> list[str]:
    """Return the words that carry meaning, lower-cased and without their English endings.

    Numbers lose their separators (100,000 and 100000 are the same), names their possessive. The
    endings go by a light rule after Harman, "How effective is suffixing?" (1991): for comparing
    words of one article, finer stemmers find no more.
    """
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if word[0].isdigit():
            found.append(word.replace(",", ""))
            continue
        bare = word.removesuffix("'s").removesuffix("’s")
        if bare not in _STOP_WORDS:
            found.append(_stem(bare))
    return found


def _stem(word: str) -> str:
    if len(word) <= _MIN_STEM_CHARACTERS:
        return word
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) >= _MIN_STEM_CHARACTERS else word
