"""Finds what a translation says again and again where its source does not.

Words are compared without their endings, so that a loop is seen in every case of a noun. It must
not know models, nor what the words mean.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.text.checks.english import is_function_word
from service.text.checks.inflection import is_grammatical, may_be_doubled, stem
from service.text.words import stems

__all__ = ["repetitions"]

_WORD: Final = re.compile(r"[^\W_]++(?:[՛՞՜'’][^\W\d_]++)*+")
_STRESS: Final = re.compile("[՛՞՜]")

# Two to five letters three times over, or an ending that a word cannot have twice. The `րարարա`
# of `նորարարական` is Armenian.
_STUTTER: Final = re.compile(
    r"(?!(?:րա){3}(?!րա))([^\W\d_]{2,5}?)\1{2,}+|(?:ություն){2}|(?:ական){2}|(?:ացի){2}|(?:իչ){2}(?!\w)"
    r"|(?:ость){2}|(?:ение){2}|(?:ский){2}"
)
_SIGNS: Final = re.compile(r"[%$€£¥°&×]|\b(?:sq|km|mi|kg|ft|lb|mph|cm|mm|am|pm)\b", re.IGNORECASE)

_HYPHENS: Final = re.compile("[-‐‑–—/]")
_ACRONYM: Final = re.compile(r"(?<![^\W\d_])[A-Z]{2,6}(?![^\W\d_])")
_SENTENCE_END: Final = re.compile("[.!?…։:;]")

_MIN_TWICE: Final = 4  # letters of a word that makes a phrase out of words of grammar
_MIN_CONTENT: Final = 5  # letters of a stem that means something
_MAX_PHRASE: Final = 12  # words in a phrase that is said twice in a row
_MAX_APART: Final = 10  # words from one place of a short phrase to the next


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    stem: str
    start: int
    end: int
    sentence: int

    @property
    def is_content(self) -> bool:
        return len(self.stem) >= _MIN_CONTENT and not is_grammatical(self.text)


@dataclass(frozen=True, slots=True)
class _Source:
    """How much a source repeats itself: what it says twice may be said twice in the target.

    Attributes:
        most: how often it has the word or sign it has most often.
        repeated: how many of its words and signs it has more than once, and how many acronyms,
            which a translation writes out or explains.
        phrases: how many of its phrases of two words, not of grammar alone, it has more than once.
        is_doubled: it says a word again at once, or nearly (`bit-for-bit`, `Ivan Ivanov`).
        stutters: it has a stutter inside a word (`hahaha`).
    """

    most: int
    repeated: int
    phrases: int
    is_doubled: bool
    stutters: bool

    @classmethod
    def read(cls, text: str) -> "_Source":
        counts = Counter(stems(_HYPHENS.sub(" ", text)))
        counts.update(map(str.lower, _SIGNS.findall(text)))
        words = [match.group().lower() for match in _WORD.finditer(text)]
        doubled = any(
            _is_doubled(word, other, distance)
            for distance in (1, 2)
            for word, other in zip(words, words[distance:], strict=False)
        )
        phrases = Counter(pair for pair in pairwise(words) if not all(map(is_function_word, pair)))
        return cls(
            max(counts.values(), default=0),
            sum(count > 1 for count in counts.values()) + len(_ACRONYM.findall(text)),
            sum(count > 1 for count in phrases.values()),
            doubled,
            _STUTTER.search(text) is not None,
        )


def _is_doubled(word: str, other: str, distance: int) -> bool:
    if word.isdigit() or (distance > 1 and is_function_word(word)):
        return False
    return word == other or (distance == 1 and len(word) >= _MIN_TWICE and other.startswith(word))


def repetitions(source: str, target: str, language: str) -> list[tuple[int, int]]:
    """Return where the target repeats itself and the source does not, in order.

    `target[start:end]` is the word that stutters, the phrase with its repetition, or the place
    where a phrase or word returns, each wording once. The places do not overlap.
    """
    words = list(_words(target, language))
    read = _Source.read(source)
    found: list[tuple[int, int]] = []
    if not read.stutters:
        found += [
            (word.start, word.end)
            for word in words
            if _STUTTER.search(target, word.start, word.end)
        ]
    found += _twice_in_a_row(words, target, read)
    found += _phrases_in_a_row(words, target, read)
    found += _returning(words, read)
    if not found:
        found += _too_often(words, read)
    distinct = {target[start:end].lower(): (start, end) for start, end in reversed(_apart(found))}
    return sorted(distinct.values())


def _words(target: str, language: str) -> Iterator[_Word]:
    sentence = end = 0
    for match in _WORD.finditer(target):
        if _SENTENCE_END.search(target, end, match.start()):
            sentence += 1
        end = match.end()
        text = _STRESS.sub("", match.group().lower().replace("և", "եւ"))
        yield _Word(text, stem(text, language), match.start(), end, sentence)


def _twice_in_a_row(
    words: Sequence[_Word], target: str, source: _Source
) -> Iterator[tuple[int, int]]:
    if source.is_doubled:
        return
    for word, following in pairwise(words):
        if word.stem != following.stem or not target[word.end : following.start].isspace():
            continue
        if word.text.isdigit() or may_be_doubled(word.text):
            continue
        # Two forms may meet by their grammar where the source has the word twice.
        if word.text == following.text:
            if len(word.text) > 1 or not target[word.start].isupper():  # `B B` may be a code
                yield word.start, following.end
        elif word.is_content and following.is_content and not source.repeated:
            yield word.start, following.end


def _phrases_in_a_row(
    words: Sequence[_Word], target: str, source: _Source
) -> Iterator[tuple[int, int]]:
    """Yield phrases of two words and more that follow each other, whatever marks divide them."""
    if source.is_doubled:
        return
    for length in range(2, _MAX_PHRASE + 1):
        same = 0
        for index in range(len(words) - length):
            same = same + 1 if words[index].stem == words[index + length].stem else 0
            if same == length:
                same = 0
                first = words[index - length + 1 : index + 1]
                second = words[index + 1 : index + length + 1]
                if _is_said_twice(first, second, target):
                    yield first[0].start, second[-1].end


def _is_said_twice(first: Sequence[_Word], second: Sequence[_Word], target: str) -> bool:
    """Tell whether two equal phrases in a row are one too many."""
    gap = target[first[-1].end : second[0].start]
    if gap.isspace() and all(one.text == two.text for one, two in zip(first, second, strict=True)):
        return any(len(word.text) >= _MIN_TWICE and not may_be_doubled(word.text) for word in first)
    if sum(word.is_content for word in first) < (2 if len(first) == 2 else 1):
        return False
    # A short phrase may end a sentence and begin the next.
    return len(first) > 3 or first[-1].sentence == second[0].sentence


def _returning(words: Sequence[_Word], source: _Source) -> Iterator[tuple[int, int]]:
    """Yield phrases that return later, where the source says hardly anything twice.

    A phrase of four words with two of content may return from anywhere; shorter ones must be of
    content words alone, and return soon.
    """
    for length in (4, 3, 2):
        if source.repeated >= length - 1 if length < 4 else source.phrases or source.repeated > 3:
            continue
        seen: dict[tuple[str, ...], int] = {}
        for index in range(len(words) - length + 1):
            phrase = words[index : index + length]
            if sum(word.is_content for word in phrase) < (2 if length == 4 else length):
                continue
            key = tuple(word.stem for word in phrase)
            before = seen.get(key)
            if before is None or (length < 4 and not _is_near(words, before, index)):
                seen[key] = index
            elif index >= before + length:
                yield phrase[0].start, phrase[-1].end


def _is_near(words: Sequence[_Word], before: int, index: int) -> bool:
    return index - before <= _MAX_APART and words[before].sentence == words[index].sentence


def _too_often(words: Sequence[_Word], source: _Source) -> Iterator[tuple[int, int]]:
    """Yield where a word is said too often: thrice, or twice as often as any of the source."""
    allowed = 2 * source.most if source.most > 1 else 2
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        if not word.is_content:
            continue
        before = places[word.stem]
        before.append(index)
        if len(before) > allowed and _is_near(words, before[-1 - allowed], index):
            yield word.start, word.end


def _apart(found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the places in order, of those that overlap the first found."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
