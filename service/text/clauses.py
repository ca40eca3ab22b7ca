"""Cuts a sentence where its clauses meet, so that each can be translated alone.

It looks at marks and at conjunctions only, and is careful: what it is not sure of stays together.
It must not know models nor what a clause is for.
"""

import re
from itertools import pairwise
from typing import Final

from service.text.segment import Span
from service.text.words import count_words

__all__ = ["clauses", "continued"]

_MIN_WORDS: Final = 4
"""A clause has a subject and a verb with something about them; shorter pieces lose their sense."""

_CONJUNCTIONS: Final = (
    "and|but|or|nor|yet|so|because|although|though|while|whereas|when|where|which|who|whose|if"
    "|unless|until|after|before|since"
)
_MEETING: Final = re.compile(
    r"[;:]['\"”’»)\]]*\s+|\s[–—-]+\s+|—"  # a strong mark
    rf"|,['\"”’»)\]]*\s+(?=(?:{_CONJUNCTIONS})\s)"  # a comma before a conjunction
    r"|,['\"”’»)\]]*\s+(?=\w)"  # a comma
)
_END_MARKS: Final = ".։:"
_PAIRS: Final = {"(": ")", "[": "]", "«": "»", "“": "”"}


def clauses(text: str) -> list[Span]:
    """Cut a sentence into clauses of at least four words; a sentence without a seam is one.

    The spaces and dashes between clauses belong to none, commas and semicolons to the clause
    before, so `segment.splice` puts everything back. Nothing is cut inside brackets or quotation
    marks, nor in a list of short items. Linear in the length of the text.
    """
    inside = _insides(text)
    seams = [m.span() for m in _MEETING.finditer(text) if not inside[m.start()]]
    bounds = [0]
    words = begin = 0
    for start, end in seams:
        words += count_words(text[begin:start])  # each stretch is counted once
        begin = end
        if words >= _MIN_WORDS:
            bounds.append(end)
            words = 0
    words += count_words(text[begin:])
    if len(bounds) > 1 and words < _MIN_WORDS:
        bounds.pop()
    spans = []
    for start, end in pairwise([*bounds, len(text)]):
        clause = text[start:end].strip().rstrip("–—- ")
        start += len(text[start:end]) - len(text[start:end].lstrip())
        spans.append(Span(start, start + len(clause), clause))
    return spans


def continued(clause: str, translation: str) -> str:
    """Return the translation of a clause that is not the last one of its sentence.

    Models end whatever they are given like a sentence; that end mark is taken off, and the comma,
    semicolon or colon of the source put in its place.
    """
    mark = clause[-1:]
    if mark in ".!?…":
        return translation
    bare = translation.rstrip().rstrip(_END_MARKS).rstrip()
    if not bare:
        return translation
    return bare if mark not in ",;:" or bare.endswith(mark) else bare + mark


def _insides(text: str) -> list[bool]:
    """Tell for every place whether it lies within brackets or quotation marks that are closed."""
    inside = [False] * (len(text) + 1)
    opened: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if opened and character == opened[-1][0]:
            _, start = opened.pop()
            if not opened:
                inside[start:place] = [True] * (place - start)
        elif character in _PAIRS:
            opened.append((_PAIRS[character], place))
        elif character == '"':
            opened.append(('"', place))
    return inside
