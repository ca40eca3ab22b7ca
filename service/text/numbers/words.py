"""The door to the number words of the languages we read.

It must not know a word itself, nor where in a text one stands.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from service.text.numbers.word import Word
from service.text.numbers.words_en import read_english
from service.text.numbers.words_hy import read_armenian
from service.text.numbers.words_ru import read_russian

__all__ = ["look_up"]

_READERS: Final[dict[str, Callable[[str], Word | None]]] = {
    "en": read_english,
    "hy": read_armenian,
    "ru": read_russian,
}

_REMEMBERED_CHARACTERS: Final = 32
"""Longer ones are rarely words: the memory for common ones is not to be full of them."""


def look_up(word: str, language: str) -> Word | None:
    """Return what `word` says about a number, None if nothing.

    Args:
        word: one run of letters as it is written.
        language: "en", "hy" or "ru"; no other language has words here.
    """
    if language not in _READERS:
        return None
    if len(word) > _REMEMBERED_CHARACTERS:
        return _read(word, language)
    return _remembered(word, language)


@lru_cache(maxsize=8192)
def _remembered(word: str, language: str) -> Word | None:
    return _read(word, language)


def _read(word: str, language: str) -> Word | None:
    reader = _READERS[language]
    if reader is not read_english and word[0].isascii():
        # A name left as it was (Six Flags) still says its number, and asks for none.
        meaning = read_english(word)
        return Word(meaning.value, "hint") if meaning and len(word) > 2 else None
    return reader(word)
