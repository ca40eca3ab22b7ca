"""Makes shorter sentences of an English one by leaving out what it can stand without.

Trim-and-check after Dorr, Zajic and Schwartz ("Hedge Trimmer", 2003), on words instead of a parse:
brackets, appositions between commas, and endings behind a comma or before a conjunction go; what
remains has a finite verb of its own. What would change the sense stays: conditions, exceptions,
who said so, what is denied. It is careful: what it is not sure of it leaves alone, so many
sentences have no shorter form. It must not know how short a sentence shall be, nor why.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from service.text.trimming_words import (
    APPOSITIONS,
    CLAUSE_ENDERS,
    DANGLING,
    ENDERS,
    FINITE,
    SUBORDINATORS,
)

__all__ = ["trimmed"]

_MIN_WORDS: Final = 3
_MAX_CHARACTERS: Final = 1_000  # no sentence people read is longer; it bounds the work
_MAX_COMMAS: Final = 40  # with more of them it is a list
_MAX_FORMS: Final = 24

_PAST: Final = re.compile(r"[a-z]{2,}(?:ed|ied)")
# Verbs that say that something was said: what stands beside them is theirs, and no fact.
_SAYING: Final = re.compile(
    r"\b(?:say|says|said|saying|tell|tells|told|according|warn|warned|claim|claims|claimed|argue"
    r"|argued|add|added|announced|believe|believes|believed|report|reported|estimate|estimates"
    r"|estimated|call|called|think|thinks|thought|hope|hopes|hoped|alleged|allegedly|expected"
    r"|suggest|suggested|denied|insisted|asked)\b",
    re.IGNORECASE,
)
_DENYING: Final = re.compile(
    r"\b(?:not|no|never|nobody|nothing|none|neither|hardly|only)\b|n[’']t\b"
)
# Endings with these words bind the sense of what stands before.
_BINDING: Final = re.compile(
    r"\b(?:if|unless|except|but|or|nor|not|without|otherwise|rather|although|though|until|only)\b",
    re.IGNORECASE,
)
_PAIRED: Final = re.compile(
    r"\b(?:between|both|either|neither|not only|whether|the more|so|such|more|less|rather|as)\b",
    re.IGNORECASE,
)
# Before these words an ending may go without a comma.
_BARE_ENDING: Final = re.compile(r"\s(?=(?:because|while|despite|amid|after|following)\s)")
_BRACKETS: Final = re.compile(r"\s\([^()\[\]]{1,200}\)")
# Only a whole run of end marks is looked at: from each of its marks the rest would be read again.
_END: Final = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*$")


def trimmed(sentence: str) -> list[str]:
    """Return shorter whole sentences that say part of what `sentence` says, the longest first.

    Each begins as the sentence begins and ends with its end mark. A sentence without an end mark,
    with a quotation, of over a thousand characters or over forty commas has none. There are at most
    24, and the work is bounded.
    """
    if len(sentence) > _MAX_CHARACTERS or sentence.count(",") > _MAX_COMMAS:
        return []
    if re.search(r"[\"“”«»;:]", sentence):
        return []
    end = _END.search(sentence)
    if end is None:
        return []
    mark = end.group()
    found: dict[str, None] = {}
    todo = [sentence[: end.start()]]
    while todo and len(found) < _MAX_FORMS:
        for shorter in islice(_shorter(todo.pop(0)), _MAX_FORMS - len(found)):
            if shorter not in found and len(shorter.split()) >= _MIN_WORDS:
                found[shorter] = None
                todo.append(shorter)
    return [body + mark for body in sorted(found, key=len, reverse=True)]


def _shorter(body: str) -> Iterator[str]:
    """Yield the forms that lack one thing more."""
    if _BRACKETS.search(body):
        yield _BRACKETS.sub("", body)
    parts = body.split(", ")
    for index in range(1, len(parts)):
        kept, rest = ", ".join(parts[:index]), ", ".join(parts[index:])
        if _may_go(rest) and _stands(kept, rest):
            yield kept
        if index < len(parts) - 1 and _is_apposition(parts, index):
            yield f"{kept} {', '.join(parts[index + 1 :])}"
    for seam in _BARE_ENDING.finditer(body):
        kept, rest = body[: seam.start()].rstrip(","), body[seam.end() :]
        if "," not in rest and not _BINDING.search(rest) and _stands(kept, rest):
            yield kept


def _may_go(rest: str) -> bool:
    """Tell whether a sentence may end before the comma that this stands behind."""
    words = rest.split(maxsplit=1)
    if not words or _BINDING.search(rest):
        return False
    first = words[0]
    lower = first.lower()
    if lower in CLAUSE_ENDERS:
        is_clause = _has_finite(words[-1].split())
        if lower == "and":
            return is_clause
        return lower != "as" or not _SAYING.search(rest)
    if _SAYING.search(rest) or _has_finite(rest.split()):
        return False
    return lower in ENDERS or first[0].isupper() or first[0].isdigit() or lower.endswith("ing")


def _stands(kept: str, rest: str) -> bool:
    """Tell whether a sentence may end here: it has a finite verb that is no relative clause's."""
    words, begins = kept.split(), rest.split(maxsplit=1)[0].lower()
    if len(words) < _MIN_WORDS or words[-1].lower().strip("’'") in DANGLING:
        return False
    if (
        words[0].lower() in SUBORDINATORS
        or _PAIRED.search(kept)
        or kept.count("(") != kept.count(")")
    ):
        return False
    if _DENYING.search(kept) and begins not in ("who", "which", "and"):
        return False
    parts = [part.split() for part in kept.split(", ")]
    if len(parts) > 1 and (
        (begins == "and" and _has_finite(_main(parts[-1])))  # clauses in a row: a, b and c
        or (begins in ("after", "before") and len(parts[-1]) <= _MIN_WORDS)  # weeks after
    ):
        return False
    return any(_has_finite(_main(part)) for part in parts)


def _main(words: list[str]) -> list[str]:
    """Return the words before the first subordinate clause."""
    place = next((i for i, word in enumerate(words) if word.lower() in SUBORDINATORS), len(words))
    return words[:place]


def _has_finite(words: list[str]) -> bool:
    """Tell whether a finite verb is among the words, a past one not behind an article."""
    for place, word in enumerate(words):
        if word in FINITE:
            return True
        before = words[place - 1].lower() if place else "the"
        if _PAST.fullmatch(word) and before not in ("a", "an", "the", "of", "and", "by", "its"):
            return True
    return False


def _is_apposition(parts: list[str], index: int) -> bool:
    """Tell whether the part between two commas explains what stands before it."""
    part = parts[index].split()
    behind = parts[index + 1].split()
    if not part or not behind or part[0].lower() not in APPOSITIONS:
        return False
    if _SAYING.search(parts[index]) or _BINDING.search(parts[index]):
        return False
    return behind[0] in FINITE and not _has_finite(_main(parts[index - 1].split()))
