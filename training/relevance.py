"""Knows how much an English sentence is like news and prose, by its words alone.

The score is the mean over the words of log p(word | prose) - log p(word | all text), each from
counts with one added: the unigram form of the cross-entropy difference (Moore and Lewis 2010,
"Intelligent selection of language model training data").
"""

import math
from collections import Counter
from collections.abc import Iterable

from training.cleaning import words

__all__ = ["Relevance"]


class Relevance:
    """Scores sentences by a sample of what is wanted and a sample of what there is."""

    def __init__(self, wanted: Iterable[str], everything: Iterable[str]) -> None:
        self._wanted = Counter(word for text in wanted for word in words(text))
        self._all = Counter(word for text in everything for word in words(text))
        self._sizes = (sum(self._wanted.values()) + 1, sum(self._all.values()) + 1)

    def score(self, text: str) -> float:
        """Returns the score; greater is nearer to what is wanted, without words it is -inf."""
        said = words(text)
        if not said:
            return -math.inf
        return sum(map(self._of, said)) / len(said)

    def _of(self, word: str) -> float:
        wanted, everything = self._sizes
        return math.log((self._wanted[word] + 1) / wanted) - math.log(
            (self._all[word] + 1) / everything
        )
