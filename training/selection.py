"""Knows which pairs a training takes out of a file of parallel text, and how often it sees each."""

import lzma
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from training.cleaning import Pair, clean
from training.names import is_name, ordinary_words
from training.origins import NAMES, ORIGINS, Origin
from training.relevance import Relevance

__all__ = ["read", "select"]

_UNKNOWN = Origin("unknown", 0)


def read(path: Path) -> Iterator[Pair]:
    """Yields the pairs of a file of lines `English TAB target TAB origin`, `.xz` or plain.

    Raises:
        ValueError: a line has not three fields; the message names it.
    """
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3:
                raise ValueError(f"{path}:{number} has {len(fields)} fields, not 3")
            yield Pair(*fields)


def select(pairs: Iterable[Pair], language: str, without: Collection[str] = ()) -> list[Pair]:
    """Cleans the pairs and chooses, of each origin, those that are most like news and prose.

    A pair whose English or whose target was there before is left out; origins of prose come
    first, so that it is their pair that stays. Short pairs of some origins that are names come
    after the prose, as an origin of their own.

    Args:
        pairs: as read.
        language: of the targets.
        without: origins that are not to be used.
    """
    taken = {name: o for name, o in ORIGINS.items() if name not in without}
    fit, short = [], []
    for pair in pairs:
        origin = taken.get(pair.origin, _UNKNOWN)
        if not origin.most:
            continue
        if (done := clean(pair, language, origin.least_words)) is not None:
            fit.append(done)
        elif origin.names and NAMES in taken:
            short.append(replace(pair, origin=NAMES))
    ordinary = ordinary_words(p.source for p in fit)
    fit += [pair for pair in short if is_name(pair, language, ordinary)]
    prose = [p.source for p in fit if taken[p.origin].prose]
    relevance = Relevance(prose, (p.source for p in fit))

    def rank(pair: Pair) -> tuple[bool, bool, float]:
        origin = taken[pair.origin]
        return not origin.prose, pair.origin != NAMES, -relevance.score(pair.source)

    fit.sort(key=rank)
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    chosen = []
    for pair in fit:
        keys = {_key(pair.source), _key(pair.target)}
        if counts[pair.origin] >= taken[pair.origin].most or keys & seen:
            continue
        seen |= keys
        counts[pair.origin] += 1
        chosen.append(pair)
    return chosen


def _key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())
