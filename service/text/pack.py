"""Fits text into a model's window: cuts what is too long, packs what is short.

Lengths are in tokens and come from a counter the caller passes in; nothing is ever truncated.
It must not know which model or tokenizer counts, nor what a chunk is for.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import accumulate
from math import ceil
from typing import Final

from service.text.segment import Span

# Pieces are planned at this share of the window, so that a cut may move to a good place.
_FILL: Final = 0.8
# How far a cut may move from the even division, as a share of the length of one piece.
_REACH: Final = 0.25

# No character of real text is longer: the Stream-Safe Text Format (Unicode annex 15) allows 30
# combining marks in a row. It bounds the search in text made to be hard.
_MAX_CHARACTER_CODE_POINTS: Final = 64

# Places to cut, the best kind first; the next piece starts where the match ends.
_PLACES: Final = (
    re.compile(r"(?:[.!?…;:—][)\]”’\"'»]*|\s[–-])\s++|—(?=\w)|[。！？；：]"),
    re.compile(r",[)\]”’\"'»]*\s++|[，、]|\)\s++"),
    re.compile(
        r"(?<!\s)\s++(?=(?:and|or|but|nor|yet|so|because|although|though|while|when|where|which|who|whose"
        r"|that|if|unless|until|after|before|since|whereas)\s)"
    ),
    re.compile(r"\s++"),
)


def cut(text: str, max_tokens: int, count: Callable[[str], int]) -> list[Span]:
    """Cut a sentence into pieces of at most `max_tokens`, of about the same length.

    A text that fits is one piece, unchanged. Cuts fall behind clause marks, before conjunctions,
    at spaces, and only then between characters as a reader sees them. The space at a cut belongs
    to no piece: `segment.splice` puts it back. Every piece is counted once more when it is cut, so
    `count` reads the text about log2(tokens / max_tokens) times.

    Raises:
        ValueError: a single code point has more than `max_tokens` tokens.
    """
    return list(_cut(text, 0, len(text), max_tokens, count))


def _cut(
    text: str, start: int, end: int, max_tokens: int, count: Callable[[str], int]
) -> Iterator[Span]:
    piece = text[start:end]
    tokens = count(piece)
    if tokens <= max_tokens:
        yield Span(start, end, piece)
        return
    if end - start < 2:
        raise ValueError(f"a single character has {tokens} tokens, max_tokens is {max_tokens}")
    place = start + _place(piece, max(2, ceil(tokens / (max_tokens * _FILL))))
    for left, right in ((start, place), (place, end)):
        inner = text[left:right]
        left += len(inner) - len(inner.lstrip())
        right -= len(inner) - len(inner.rstrip())
        if left < right:
            yield from _cut(text, left, right, max_tokens, count)


def _place(piece: str, parts: int) -> int:
    """Return where to cut a piece that shall become `parts`, with half of them on either side."""
    share = len(piece) / parts
    target = round(share * (parts // 2))
    low, high = round(target - share * _REACH), round(target + share * _REACH)
    for kind in _PLACES:
        if places := [match.end() for match in kind.finditer(piece, low, high)]:
            return _inside(min(places, key=lambda place: abs(place - target)), piece)
    margin = int(share * _REACH)
    spaces = _PLACES[-1].finditer(piece, margin, len(piece) - margin)
    if places := [match.end() for match in spaces]:
        return _inside(min(places, key=lambda place: abs(place - target)), piece)
    return _between_characters(piece, target)


def _inside(place: int, piece: str) -> int:
    return min(max(place, 1), len(piece) - 1)


def _between_characters(piece: str, target: int) -> int:
    """Return the place nearest to `target` that splits no character as a reader sees it.

    The rules that matter of Unicode annex 29 without its tables: marks, joiners, skin tones,
    flags. Where no such place is near, it is `target`.
    """
    target = _inside(target, piece)
    for distance in range(_MAX_CHARACTER_CODE_POINTS):
        for place in (target - distance, target + distance):
            if 0 < place < len(piece) and not _sticks(piece, place):
                return place
    return target


def _sticks(piece: str, place: int) -> bool:
    before, after = piece[place - 1], piece[place]
    if after == "\u200d" or before == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        run = place
        while run > 0 and _is_flag_half(piece[run - 1]):
            run -= 1
        return (place - run) % 2 == 1
    return unicodedata.category(after).startswith("M")


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def pack(sizes: Sequence[int], max_tokens: int, breaks: Collection[int] = ()) -> list[range]:
    """Group consecutive sentences into the fewest chunks of at most `max_tokens`, of even sizes.

    Every chunk is closed at the sentence end nearest to an even share of what is left, as long as
    the rest still fits into the chunks that remain. An end of a paragraph that is not much further
    from that share (`_REACH` of it) is the better place. Linear in the number of sentences.

    Args:
        breaks: the indices of the sentences that begin a paragraph.

    Raises:
        ValueError: a sentence alone has more than `max_tokens`; `cut` it before.
    """
    if any(size > max_tokens for size in sizes):
        raise ValueError(f"a sentence has {max(sizes)} tokens, max_tokens is {max_tokens}")
    total = [0, *accumulate(sizes)]
    reach = _reaches(total, max_tokens)
    needed = [0] * len(total)  # chunks for the sentences from here on
    for first in range(len(sizes) - 1, -1, -1):
        needed[first] = 1 + needed[reach[first]]
    starts = frozenset(breaks)
    chunks: list[range] = []
    first = 0
    while first < len(sizes):
        share = (total[-1] - total[first]) / needed[first]
        last = _close(first, reach[first], total, needed, share, starts)
        chunks.append(range(first, last))
        first = last
    return chunks


def _close(
    first: int,
    furthest: int,
    total: Sequence[int],
    needed: Sequence[int],
    share: float,
    starts: Collection[int],
) -> int:
    """Return where the chunk that begins with `first` ends: `furthest` or a better place before."""
    best, best_distance = furthest, abs(total[furthest] - total[first] - share)
    if furthest == len(total) - 1:
        return furthest
    for last in range(furthest, first, -1):
        behind = total[last] - total[first] - share
        if needed[last] >= needed[first] or behind < -_REACH * share:
            break
        distance = abs(behind) - (_REACH * share if last in starts else 0)
        if distance <= best_distance:
            best, best_distance = last, distance
    return best


def _reaches(total: Sequence[int], max_tokens: int) -> list[int]:
    """Return for every sentence the end of the longest chunk that starts with it."""
    reach: list[int] = []
    end = 0
    for first in range(len(total) - 1):
        while end + 1 < len(total) and total[end + 1] - total[first] <= max_tokens:
            end += 1
        reach.append(end)
    return reach
