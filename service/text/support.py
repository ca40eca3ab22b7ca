"""Finds the sentences of an article that support each sentence of its summary.

It compares words only, so it finds what was taken over and not what was rephrased entirely. It must
not know who wrote the summary, nor positions in a text: callers map indices to spans.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log
from typing import Final

from service.text.words import stems

# A further source must explain at least this share of what the first one explains, ...
_MIN_FURTHER_SHARE: Final = 0.3
# ... and at least this share of the summary sentence.
_MIN_SHARE: Final = 0.1
# Of two sources that explain the same, the one with fewer other words is the better: a source word
# not in the summary costs this share of its weight.
_UNUSED_COST: Final = 0.02


def support(summary: Sequence[str], source: Sequence[str], max_sources: int = 2) -> list[list[int]]:
    """Return for every summary sentence the indices of its sources, in the order of the text.

    A word weighs idf = ln((N + 1) / n), where n of the N source sentences contain its stem (Spärck
    Jones, "A statistical interpretation of term specificity", 1972). Sources are chosen greedily by
    the weight of the words they explain that no earlier choice explains (maximum coverage:
    Nemhauser, Wolsey and Fisher, 1978); a further one only where it adds substantially. Of equals
    the first wins.

    A sentence that shares no word of meaning with the article has no sources. Through an inverted
    index the work is the number of places where the words of the summary occur.
    """
    terms = [frozenset(stems(sentence)) for sentence in source]
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, sentence_terms in enumerate(terms):
        for term in sentence_terms:
            places[term].append(index)
    idf = {term: log((len(source) + 1) / len(found)) for term, found in places.items()}
    costs = [_UNUSED_COST * sum(idf[term] for term in sorted(found)) for found in terms]
    return [
        sorted(_sources(sorted(set(stems(sentence))), terms, places, idf, costs, max_sources))
        for sentence in summary
    ]


def _sources(
    wanted: Iterable[str],
    terms: Sequence[Collection[str]],
    places: Mapping[str, Sequence[int]],
    idf: Mapping[str, float],
    costs: Sequence[float],
    max_sources: int,
) -> list[int]:
    missing = {term: idf[term] for term in wanted if term in places}
    total = sum(missing.values())
    chosen: list[int] = []
    first_gain = 0.0
    while missing and len(chosen) < max_sources:
        gains: defaultdict[int, float] = defaultdict(float)
        for term, weight in missing.items():
            for index in places[term]:
                gains[index] += weight
        best = max(gains, key=lambda index: (gains[index] - costs[index], -index))
        gain = gains[best]
        if chosen and gain < max(_MIN_FURTHER_SHARE * first_gain, _MIN_SHARE * total):
            break
        first_gain = first_gain or gain
        chosen.append(best)
        missing = {term: weight for term, weight in missing.items() if term not in terms[best]}
    return chosen
