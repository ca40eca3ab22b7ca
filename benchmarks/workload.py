"""Texts for the checkpoints of `checkpoints`: sentences and articles whose work is known.

Every sentence begins with a capitalised word that tells the model how long its output is to be:
1.3 target tokens per source token; a long article begins with one that asks for a summary of 60
to 140 tokens. Deterministic: the same seed gives the same texts. Only the files of the checkpoint
are read, with `sentencepiece` or `tokenizers`; neither torch nor transformers.

Must not know: how the model that reads the word works, the contenders.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["articles", "long_articles", "planned_tokens", "sentences", "source_tokens"]

TARGET_PER_SOURCE = 1.3
"""Target tokens per source token of a sentence, `</s>` on neither side."""

MEAN_TOKENS, DEVIATION_TOKENS = 25, 12
SHORTEST, LONGEST = 5, 80
PARAGRAPHS = 4

_LONGER_SHARES = (0.09, 0.03)  # of words with one ending at least, and with two
_COMMA_SHARE = 0.08  # of words with a comma behind them
_SMALL_SHARE = 0.4  # of words drawn from the short ones, as a text has its particles
_SMALL_LETTERS, _LAST_LETTERS = 3, 5  # of the last word: no abbreviation ends a sentence


def sentences(count: int, seed: int, checkpoint: Path) -> list[str]:
    """Returns `count` different sentences of 5 to 80 source tokens, 25 on average (sd 12).

    Args:
        count: How many.
        seed: Of the draw; other seeds give other sentences.
        checkpoint: A directory of `checkpoints.ensure` that translates.
    """
    return _distinct(_Writer(checkpoint, seed).sentence, count)


def articles(count: int, seed: int, checkpoint: Path, sentences: int = 12) -> list[str]:
    """Returns `count` different articles of that many sentences, every other one in paragraphs.

    The sentences are those of `sentences`, joined by a space; paragraphs by an empty line.
    """
    writer = _Writer(checkpoint, seed)

    def article(number: int) -> str:
        parts = [writer.sentence() for _ in range(sentences)]
        return _joined(parts, PARAGRAPHS if number % 2 else 1)

    return [article(number) for number in range(count)]


def long_articles(count: int, seed: int, checkpoint: Path, tokens: int = 600) -> list[str]:
    """Returns `count` different articles of about `tokens` source tokens, for a summarizer.

    The first word alone asks for a length; the lengths are spread evenly over what the checkpoint
    knows (60 to 138 tokens for the full-size one). One paragraph.
    """
    writer = _Writer(checkpoint, seed)
    return _distinct(lambda: writer.long_article(tokens), count)


def source_tokens(text: str, checkpoint: Path) -> int:
    """Returns the number of tokens of `text` for that checkpoint's tokenizer, no special ones."""
    return _read(checkpoint).count(text)


def planned_tokens(text: str, checkpoint: Path) -> int:
    """Returns how many target tokens the text asks for, `</s>` and other special ones not counted.

    For a text of several sentences to translate it is their sum. A model that is given such a text
    whole writes the tokens of one of its sentences only: split it first, as services do.
    """
    asked = _read(checkpoint).asked
    return sum(asked.get(word.strip(".,"), 0) for word in text.split())


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """What a checkpoint's texts are made of.

    Attributes:
        openers: for each length the words that ask for it.
        asked: the length of every opener.
        capitalised: words that begin a sentence and ask for nothing.
        said: those of them that a summary says, so that every article must have them.
        small, large: other words of at most 3 letters, and of more.
        last: words that may end a sentence.
        endings: what makes a longer word of a word.
        count: tokens of a text.
    """

    openers: Mapping[int, Sequence[str]]
    asked: Mapping[str, int]
    capitalised: Sequence[str]
    said: Sequence[str]
    small: Sequence[str]
    large: Sequence[str]
    last: Sequence[str]
    endings: Sequence[str]
    count: Callable[[str], int]


@cache
def _read(checkpoint: Path) -> _Lexicon:
    content: dict[str, Any] = json.loads((checkpoint / "lexicon.json").read_text(encoding="utf-8"))
    openers = {int(length): group for length, group in content["openers"].items()}
    return _Lexicon(
        openers,
        {word: length for length, group in openers.items() for word in group},
        content["capitalised"],
        content["said"],
        [word for word in content["words"] if len(word) <= _SMALL_LETTERS],
        [word for word in content["words"] if len(word) > _SMALL_LETTERS],
        [word for word in content["words"] if len(word) >= _LAST_LETTERS],
        content["endings"],
        _counter(checkpoint / content["tokenizer"]),
    )


def _counter(file: Path) -> Callable[[str], int]:
    if file.suffix == ".spm":
        from sentencepiece import SentencePieceProcessor

        processor = SentencePieceProcessor(model_file=str(file))
        return lambda text: len(processor.encode(text))
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


class _Writer:
    """Writes one text after another from one seed."""

    def __init__(self, checkpoint: Path, seed: int) -> None:
        self._lexicon = _read(checkpoint)
        self._rng = random.Random(seed)

    def sentence(self) -> str:
        """Returns a sentence whose first word asks for 1.3 times its own tokens."""
        body, tokens = self._body()
        length = round(TARGET_PER_SOURCE * tokens)
        return f"{self._rng.choice(self._lexicon.openers[length])} {body}"

    def long_article(self, tokens: int) -> str:
        rng, lexicon = self._rng, self._lexicon
        length = rng.choice(sorted(lexicon.openers))
        body, used = self._body()
        parts = [f"{rng.choice(lexicon.openers[length])} {body}"]
        starts = list(lexicon.said)
        while True:
            body, more = self._body()
            if used + more / 2 > tokens and not starts:
                return _joined(parts, 1)
            start = starts.pop() if starts else rng.choice(lexicon.capitalised)
            parts.append(f"{start} {body}")
            used += more

    def _body(self) -> tuple[str, int]:
        """Returns a sentence without its first word, and its tokens with one more for that."""
        while True:
            wanted = self._wanted()
            last = self._rng.choice(self._lexicon.last)
            words: list[str] = []
            tokens = 0
            while tokens < wanted:
                body = f"{' '.join([*words, last])}."
                tokens = 1 + self._lexicon.count(f" {body}")
                words.append(self._word())
            if tokens <= LONGEST:
                return body, tokens

    def _wanted(self) -> int:
        while True:
            drawn = round(self._rng.gauss(MEAN_TOKENS, DEVIATION_TOKENS))
            if SHORTEST <= drawn <= LONGEST:
                return drawn

    def _word(self) -> str:
        rng, lexicon = self._rng, self._lexicon
        if rng.random() < _SMALL_SHARE:
            return rng.choice(lexicon.small)
        word = rng.choice(lexicon.large)
        drawn = rng.random()
        for share in _LONGER_SHARES:
            if drawn < share:
                word += rng.choice(lexicon.endings)
        return f"{word}," if rng.random() < _COMMA_SHARE else word


def _joined(parts: Sequence[str], paragraphs: int) -> str:
    size = -(-len(parts) // paragraphs)
    return "\n\n".join(" ".join(parts[i : i + size]) for i in range(0, len(parts), size))


def _distinct(make: Callable[[], str], count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[make()] = None
    return list(found)
