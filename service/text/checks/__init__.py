"""Compares a sentence with its translation: what got lost, what was added, what went wrong.

Every check is decided for the translation where there is doubt, so that a warning means something.
English to Armenian and to Russian is checked in full; of other pairs what needs no knowledge of the
languages. It must not know models, segments of a document, nor what becomes of a finding.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from service.text.checks.addresses import lost_addresses
from service.text.checks.lengths import is_too_long, is_too_short
from service.text.checks.repeats import repetitions
from service.text.checks.scraps import scraps
from service.text.checks.scripts import untranslated
from service.text.finding import Finding
from service.text.numbers import compare

__all__ = ["CODES", "HARD", "WEIGHTS", "check", "failures"]

CODES: Final = (
    "number_lost",
    "number_added",
    "url_lost",
    "too_short",
    "too_long",
    "repetition",
    "untranslated",
    "unknown_characters",
)

# A sentence with one of these is worth translating again.
HARD: Final = frozenset(CODES)

# How bad one finding is: a reader misses most where the rest of a sentence is gone, and can still
# read around a word that was left as it is.
WEIGHTS: Final = MappingProxyType(
    {
        "too_short": 4.0,
        "url_lost": 3.0,
        "number_lost": 2.0,
        "number_added": 2.0,
        "too_long": 2.0,
        "repetition": 2.0,
        "untranslated": 1.0,
        "unknown_characters": 1.0,
    }
)

_MAX_VALUE_CHARACTERS: Final = 60
_MAX_FINDINGS_PER_CODE: Final = 8

_MESSAGES: Final = {
    "number_lost": "The translation has no number for this one of the source.",
    "number_added": "The source has no number for this one of the translation.",
    "url_lost": "This address of the source is not in the translation as it is written.",
    "too_short": "The translation is too short for its source; a part is probably missing.",
    "too_long": "The translation is too long for its source; it probably says more.",
    "repetition": "The translation repeats itself where its source does not.",
    "untranslated": "This is not in the language of the translation.",
    "unknown_characters": "The translation has characters that no writer writes.",
}


def check(source: str, target: str, languages: tuple[str, str]) -> list[Finding]:
    """Return what is doubtful in the translation of one sentence, in the order of `CODES`.

    Values quote at most 60 characters: the number, address or phrase as it is written in the
    source (what was lost) or in the target; for a length the two lengths. At most eight findings
    per code. Linear in the length of both texts; never raises.

    Args:
        source: one sentence.
        target: its translation, after typography.
        languages: ISO 639-1 codes of both, such as ("en", "hy").
    """
    return [
        Finding(code, _short(value), _MESSAGES[code])
        for code, values in _findings(source, target, languages)
        for value in list(values)[:_MAX_FINDINGS_PER_CODE]
    ]


def failures(findings: Iterable[Finding]) -> float:
    """Return how bad findings are together; the candidate with the least is the best.

    A stretch left untranslated counts once for every word of its value, so that a copy of the
    source never beats a translation with a single fault. Codes of other checks count 1.
    """
    return sum(
        WEIGHTS.get(finding.code, 1.0)
        * (len(finding.value.split()) if finding.code == "untranslated" else 1)
        for finding in findings
    )


def _findings(
    source: str, target: str, languages: tuple[str, str]
) -> Iterator[tuple[str, Iterable[str]]]:
    lost, added = compare(source, target, languages)
    yield "number_lost", (number.text for number in lost)
    yield "number_added", (number.text for number in added)
    yield "url_lost", lost_addresses(source, target)
    lengths = [f"{len(target.strip())} characters for {len(source.strip())}"]
    yield "too_short", lengths if is_too_short(source, target, languages) else ()
    yield "too_long", lengths if is_too_long(source, target, languages) else ()
    places = repetitions(source, target, languages[1])
    yield "repetition", (target[start:end] for start, end in places)
    yield "untranslated", untranslated(source, target, languages[1])
    yield "unknown_characters", scraps(source, target)


def _short(value: str) -> str:
    value = " ".join(value.split())
    if len(value) <= _MAX_VALUE_CHARACTERS:
        return value
    return value[: _MAX_VALUE_CHARACTERS - 1].rstrip() + "…"
