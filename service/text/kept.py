"""What a sentence keeps: stretches that must be in its translation as they are, and just as often.

Knows neither why they are kept nor how a model is brought to keep them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from service.text.segment import Segment, Span, is_translatable

__all__ = ["MAX_KEPT", "apart", "hidden", "shown", "spots", "without"]

MAX_KEPT = 32
"""Of more in one sentence no model keeps each."""

_FIRST_HIDDEN = 0xE000
"""The private use area begins here, where no text has letters."""


def spots(text: str, sentence: str, kept: Sequence[Span]) -> list[tuple[int, int]] | None:
    """Returns where what a sentence keeps is in a text: its translation, or itself.

    Returns:
        None unless all of it is there as often as in the sentence, and as words of their own where
        it is that in the sentence.
    """
    if not kept:
        return []
    joined: dict[str, tuple[bool, bool]] = {}
    for span in kept:
        before, after = joined.get(span.text, (False, False))
        before |= _is_word(sentence[max(0, span.start - 1) : span.start])
        after |= _is_word(sentence[span.end : span.end + 1])
        joined[span.text] = before, after
    pattern = _pattern(tuple((said, *sides) for said, sides in joined.items()))
    here = [(found[0], found.start(), found.end()) for found in pattern.finditer(text)]
    there = [(found[0], found.start(), found.end()) for found in pattern.finditer(sentence)]
    if Counter(said for said, _, _ in here) != Counter(said for said, _, _ in there):
        return None
    places: dict[str, list[tuple[int, int]]] = {}
    for said, start, end in here:
        places.setdefault(said, []).append((start, end))
    numbers: Counter[str] = Counter()
    order: dict[tuple[int, str], int] = {}
    for said, start, _ in there:
        order[start, said] = numbers[said]
        numbers[said] += 1
    found = []
    for span in kept:
        number = order.get((span.start, span.text))
        if number is None:  # it stands inside a longer one
            return None
        found.append(places[span.text][number])
    return found


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


@lru_cache(maxsize=64)
def _pattern(texts: tuple[tuple[str, bool, bool], ...]) -> re.Pattern[str]:
    longest_first = sorted(texts, key=lambda one: len(one[0]), reverse=True)
    return re.compile("|".join(_alone(*one) for one in longest_first))


def _alone(text: str, joined_before: bool, joined_after: bool) -> str:
    before = r"(?<!\w)" if _is_word(text[0]) and not joined_before else ""
    after = r"(?!\w)" if _is_word(text[-1]) and not joined_after else ""
    return before + re.escape(text) + after


def without(text: str, kept: Sequence[Span]) -> str:
    """Returns the text with a space for each of these stretches of it."""
    parts, done = [], 0
    for span in kept:
        parts += [text[done : span.start], " "]
        done = span.end
    return "".join((*parts, text[done:]))


def hidden(text: str, places: Sequence[tuple[int, int]]) -> str:
    """Returns the text with one sign in each of these places, for `shown` to put back.

    What is hidden no rule of typography touches.
    """
    parts, done = [], 0
    for number, (start, end) in enumerate(sorted(places)):
        parts += [text[done:start], chr(_FIRST_HIDDEN + number)]
        done = end
    return "".join((*parts, text[done:]))


def shown(text: str, before: str, places: Sequence[tuple[int, int]]) -> str:
    """Returns the text with what `hidden` took out of the text `before`."""
    kept = [before[start:end] for start, end in sorted(places)]
    table = {_FIRST_HIDDEN + number: said for number, said in enumerate(kept)}
    return text.translate(table)


def apart(
    text: str, segments: Sequence[Segment], kept: Sequence[Span]
) -> list[tuple[Segment, tuple[Span, ...]]]:
    """Returns the segments of a text so that none ends in what is kept, each with what it keeps.

    Where a sentence keeps more than `MAX_KEPT` stretches, what is between these are its segments.

    Args:
        kept: stretches of the text, in order and apart from each other.
    """
    found: list[tuple[Segment, tuple[Span, ...]]] = []
    for start, end, inside in _unbroken(segments, kept):
        if len(inside) > MAX_KEPT:
            bounds = [start, *(place for one in inside for place in (one.start, one.end)), end]
            stretches = zip(bounds[::2], bounds[1::2], strict=True)
            found += [
                (segment, ()) for stretch in stretches if (segment := _segment(text, *stretch))
            ]
        elif (segment := _segment(text, start, end)) is not None:
            found.append((segment, tuple(_within(segment, inside))))
    return found


def _within(segment: Segment, kept: Sequence[Span]) -> Iterator[Span]:
    """Yields what of these stretches is in the segment, which has no space around it."""
    for one in kept:
        start, end = max(one.start, segment.start), min(one.end, segment.end)
        if start < end:
            start, end = start - segment.start, end - segment.start
            yield Span(start, end, segment.text[start:end])


def _unbroken(
    segments: Sequence[Segment], kept: Sequence[Span]
) -> Iterator[tuple[int, int, list[Span]]]:
    """Yields where segments are, with those made one that something kept goes through."""
    position = 0
    now: tuple[int, int, list[Span]] | None = None
    for segment in segments:
        start, end, inside = segment.start, segment.end, []
        while position < len(kept) and kept[position].start < end:
            if kept[position].end > start:
                inside.append(kept[position])
                start, end = min(start, inside[-1].start), max(end, inside[-1].end)
            position += 1
        if now is not None and start < now[1]:
            now = (min(now[0], start), max(now[1], end), [*now[2], *inside])
        else:
            if now is not None:
                yield now
            now = (start, end, inside)
    if now is not None:
        yield now


def _segment(text: str, start: int, end: int) -> Segment | None:
    bare = text[start:end].strip()
    if not bare:
        return None
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Segment(start, start + len(bare), bare, is_translatable(bare))
