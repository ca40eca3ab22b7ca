"""Finds what a translation left in the letters or the words of its source.

Names, acronyms, codes, units and terms of other languages may keep their letters in Armenian and
Russian; English words may not, nor may one word mix two alphabets. It must not know models, nor
what the words mean.
"""

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.text.checks.addresses import without_addresses
from service.text.checks.english import is_english, is_function_word

__all__ = ["untranslated"]

_LATIN: Final = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_LATIN_LETTER: Final = re.compile(f"[{_LATIN}]")
_JOINED_WORD: Final = re.compile(rf"[\d{_LATIN}'’.-]++")
_LATIN_WORD: Final = re.compile(rf"[\d{_LATIN}]++")
_RUN_GAP: Final = re.compile(r"[ \u00a0]?[-'’,:&/.]?[ \u00a0]?")
_LETTER_RUN: Final = re.compile(r"[^\W\d_]++")
_QUOTED: Final = re.compile('«([^«»]{1,80})»|“([^“”]{1,80})”|„([^„“”]{1,80})[“”]|"([^"]{1,80})"')

_CODE: Final = re.compile(r"&(?:[A-Za-z]{2,10}|#\d{2,6});|\{[^{}\n]{1,80}\}|<[^<>\n]{1,200}>")
_WORD: Final = re.compile(r"\w++")

_ROMAN: Final = re.compile(r"[IVXLCDM]{1,9}")
# Written in Latin letters where the source has them in another form: units (SI brochure), codes of
# currencies (ISO 4217), names of technology that are words of every language.
_UNITS_TEXT: Final = (
    "km m cm mm kg g mg ml l kmh mph hz khz mhz ghz kw mw gw kwh kb mb gb tb v w kv db ph"
    " usd eur gbp rub amd jpy chf cny aud cad vs no tv cd dvd pc it id ok www http https am pm"
    " com org net sms pdf usb gps dna ram cpu"
)
_UNITS: Final = frozenset(_UNITS_TEXT.split())
# Written small in English titles (The Chicago Manual of Style, 8.159).
_SMALL_IN_TITLES_TEXT: Final = (
    "a an and as at but by for from in into of on or over the to upon with without"
)
_SMALL_IN_TITLES: Final = frozenset(_SMALL_IN_TITLES_TEXT.split())
_MAX_ENDING: Final = 4  # letters of an ending that follows an acronym without a hyphen


class _Alphabet:
    """The letters of a language, and which runs of letters are not of it."""

    def __init__(self, letters: str) -> None:
        self.own = re.compile(f"[{letters}]")
        # Below the Greek block are the Latin letters, and signs that look like letters (ª, µ).
        self._third = re.compile(
            f"(?![{letters}])[^\\W\\d_\\0-\\u036f\\u1e00-\\u1eff\\u2100-\\u214f]"
        )
        self._inflected = re.compile(f"([{_LATIN}]{{2,}}+)[{letters}]{{1,{_MAX_ENDING}}}")

    def is_foreign(self, run: str, source_runs: Container[str]) -> bool:
        """Tell whether a run of letters mixes alphabets, or is in a third one.

        Not a single letter (a Greek one in a formula), nor what the source has too, nor a Latin
        word of the source with an ending (`NBAի`, `PDFы`).
        """
        if run.isascii() or len(run) == 1 or run in source_runs:
            return False
        if self._third.search(run):
            return True
        if not (self.own.search(run) and _LATIN_LETTER.search(run)):
            return False
        inflected = self._inflected.fullmatch(run)
        return inflected is None or inflected.group(1) not in source_runs


_ALPHABETS: Final = {
    "hy": _Alphabet("\u0531-\u0587\ufb13-\ufb17"),
    "ru": _Alphabet("\u0400-\u04ff"),
}


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


def untranslated(source: str, target: str, language: str) -> list[str]:
    """Return the stretches of the target that are not in its language, each once.

    For Armenian and Russian: words of mixed alphabets, letters of a third alphabet, English words,
    Latin words that the source does not have, a target without a letter of its own. For other
    languages only a target that is its source, where that has English words.
    """
    if _is_copy(source, target):
        return [target.strip()]
    alphabet = _ALPHABETS.get(language)
    if alphabet is None:
        return []
    body = _CODE.sub(_blank, _WORD.sub(_without_identifier, without_addresses(target)))
    found: list[str] = []

    def without_foreign(match: re.Match[str]) -> str:
        if not alphabet.is_foreign(match.group(), runs):
            return match.group()
        found.append(match.group())
        return _blank(match)

    runs = frozenset(_LETTER_RUN.findall(source))
    body = _LETTER_RUN.sub(without_foreign, body)
    found += _left_over(source, body)
    if not found and not alphabet.own.search(body) and _english_words(source) >= 2:
        found.append(target.strip())
    return list(dict.fromkeys(found))


def _without_identifier(match: re.Match[str]) -> str:
    """Return spaces for a word with an underscore, such as the name of a variable."""
    return _blank(match) if "_" in match.group() else match.group()


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _english_words(text: str) -> int:
    return sum(map(is_english, _LATIN_WORD.findall(text)))


def _is_copy(source: str, target: str) -> bool:
    if source.split() != target.split():
        return False
    words = _LATIN_WORD.findall(without_addresses(source))
    return sum(map(is_english, map(str.lower, words))) >= 1 and len(words) >= 2


def _left_over(source: str, target: str) -> Iterator[str]:
    known = _known(source)
    quoted = [match.span() for match in _QUOTED.finditer(target)]
    for run in _runs(target):
        start, end = run[0].start, run[-1].end
        invented = [word for word in run if _is_invented(word.text, known)]
        if _plain("".join(word.text for word in run)) in known:  # `Wi-Fi` for `wifi`
            invented = []
        if invented:
            yield target[invented[0].start : invented[-1].end]
        elif _is_prose(run, _is_inside(start, end, quoted)):
            yield target[start:end]


def _runs(text: str) -> Iterator[list[_Word]]:
    """Yield the Latin words of a text in groups that only a space or a mark divides."""
    run: list[_Word] = []
    for match in _LATIN_WORD.finditer(text):
        word = _Word(match.group(), match.start(), match.end())
        if run and not _RUN_GAP.fullmatch(text, run[-1].end, word.start):
            if _has_letters(run):
                yield run
            run = []
        run.append(word)
    if _has_letters(run):
        yield run


def _has_letters(run: Sequence[_Word]) -> bool:
    return any(not word.text.isdigit() for word in run)


def _known(source: str) -> frozenset[str]:
    """Return the source's words, also without their English endings, and hyphened ones joined."""
    words = [_plain(word) for word in _LATIN_WORD.findall(source)]
    joined = [_plain(word) for word in _JOINED_WORD.findall(source)]
    known = {*words, *(re.sub(r"\W", "", word) for word in joined)}
    for word in words:
        known |= {word[:cut] for cut in (-1, -2) if len(word) + cut >= 3 and word.endswith("s")}
    return frozenset(known)


def _plain(word: str) -> str:
    """Return a word in lower case and without accents (`Fléda` is `Fleda`)."""
    if word.isascii():
        return word.lower()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFD", word.casefold())))


def _is_invented(word: str, known: frozenset[str]) -> bool:
    if len(word) == 1 or word.isdigit() or _plain(word) in known:
        return False
    if word[0] in "nN" and word[1:].isdigit() and word[1:] in known:  # `N247` for `No. 247`
        return False
    if _ROMAN.fullmatch(word) or word.casefold() in _UNITS:
        return False
    return any(map(str.isalpha, word))


def _is_prose(run: Sequence[_Word], is_quoted: bool) -> bool:
    """Tell whether a run of the source's words is English prose, not a name, title or term.

    Names and titles keep articles, prepositions and conjunctions small, but within them: what
    begins or ends with one was torn from a sentence.
    """
    words = [word.text for word in run if word.text.isalpha() and len(word.text) > 1]
    small = [word for word in words if word.islower()]
    english = [word for word in small if is_english(word)]
    telling = [word for word in english if word not in _SMALL_IN_TITLES]
    if len(small) >= 3 and len(telling) >= 2 and 2 * len(small) >= len(words):
        return True
    if is_quoted or not words:
        return False
    if len(words) >= 4 and all(map(str.isupper, words)):
        return any(is_function_word(word.lower()) for word in words)
    if len(small) == len(words):
        return bool(telling) or len(english) >= 2
    if len(telling) >= 2 or any(map(is_function_word, telling)):
        return True
    torn = (words[0] in _SMALL_IN_TITLES, words[-1] in _SMALL_IN_TITLES)
    return len(words) >= 3 and any(torn)


def _is_inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    before = bisect_right(spans, (start, sys.maxsize)) - 1
    return before >= 0 and end <= spans[before][1]
