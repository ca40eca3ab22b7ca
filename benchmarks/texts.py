"""The texts of a cell: the same ones for every contender, others in every round and cell.

Must not know: contenders, the clock.
"""

import itertools
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmarks import workload
from benchmarks.contenders.sentences import split
from benchmarks.load import Text

__all__ = ["ARTICLE_SENTENCES", "Source", "Texts", "from_checkpoint", "from_file"]

ARTICLE_SENTENCES = 12
SHORT_TOKENS = range(15, 26)
"""Of a short sentence: the lengths around the mean, so that its own length is not what is seen."""

ARTICLE_SHARE = 0.75
"""Of the clients of a mixed load; the others send short sentences."""

Source = Callable[[int, int], Sequence[tuple[str, int]]]
"""From a count and a seed to sentences with their source tokens."""


def from_checkpoint(checkpoint: Path) -> Source:
    """Returns sentences of `workload` for a checkpoint of `checkpoints`."""

    def sentences(count: int, seed: int) -> list[tuple[str, int]]:
        found = workload.sentences(count, seed, checkpoint)
        return [(text, workload.source_tokens(text, checkpoint)) for text in found]

    return sentences


def from_file(file: Path, spm: Path) -> Source:
    """Returns the sentences of a file in random order, counted with the SentencePiece model `spm`.

    None comes twice: from the second time on it ends with a number, since equal sentences in flight
    at once would be translated once.
    """
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(spm))
    found = split(file.read_text("utf-8"))

    def sentences(count: int, seed: int) -> list[tuple[str, int]]:
        rng = random.Random(seed)
        drawn: list[str] = []
        while len(drawn) < count:
            tag = f" ({seed % 997}-{len(drawn) // len(found)})" if drawn else ""
            drawn += [f"{text[:-1]}{tag}{text[-1]}" for text in rng.sample(found, len(found))]
        return [(text, len(processor.encode(text))) for text in drawn[:count]]

    return sentences


class Texts:
    """Draws texts; the same round, load and number of clients give the same ones."""

    def __init__(self, source: Source, seed: int) -> None:
        self._source, self._seed = source, seed
        self._sentences = cache(source)

    def of(self, round_: int, load: str, clients: int, count: int) -> Sequence[Iterator[Text]]:
        """Returns a queue of texts for each client.

        Clients of equal work share a queue. One client has `count` texts and then no more; several
        have as many as they can send: `count` different ones, and then the same again.

        Args:
            round_: of the run.
            load: `single`, `short`, `article` or `mixed`.
            clients: how many.
            count: texts of each kind.
        """
        seed = self._seeded(round_, load, clients)
        if load == "mixed":
            articles = self._articles(count, seed)
            shorts = self._singles(4 * count, seed + 1, short=True)
            if clients == 1:
                both = [text for pair in zip(articles, shorts, strict=False) for text in pair]
                return [iter(both[:count])]
            queues = itertools.cycle(articles), itertools.cycle(shorts)
            posting = max(1, round(clients * ARTICLE_SHARE))
            return [queues[0]] * posting + [queues[1]] * (clients - posting)
        texts = (
            self._articles(count, seed)
            if load == "article"
            else self._singles(count, seed, short=load == "short")
        )
        return [iter(texts) if clients == 1 else itertools.cycle(texts)] * clients

    def some(self, count: int) -> list[Text]:
        """Returns single sentences that no round has."""
        return self._singles(count, self._seeded("some"), short=False)

    def article_and_sentences(
        self, round_: int, number: int, count: int = ARTICLE_SENTENCES
    ) -> tuple[Text, list[Text]]:
        """Returns an article, and its sentences one by one."""
        seed = self._seeded(round_, "pair", number)
        parts = self._source(count, seed)
        return _article(parts), [Text(text, tokens, "single") for text, tokens in parts]

    def _seeded(self, *parts: object) -> int:
        return zlib.crc32(repr((self._seed, *parts)).encode())

    def _singles(self, count: int, seed: int, *, short: bool) -> list[Text]:
        drawn = self._sentences(count * (4 if short else 1), seed)
        kept = [pair for pair in drawn if not short or pair[1] in SHORT_TOKENS] or drawn
        return [Text(*pair, "single") for pair in itertools.islice(itertools.cycle(kept), count)]

    def _articles(self, count: int, seed: int) -> list[Text]:
        parts = self._sentences(count * ARTICLE_SENTENCES, seed)
        size = ARTICLE_SENTENCES
        return [_article(parts[i : i + size]) for i in range(0, len(parts), size)]


def _article(parts: Sequence[tuple[str, int]]) -> Text:
    return Text(" ".join(text for text, _ in parts), sum(n for _, n in parts), "article")
