"""Texts for the checkpoints of `checkpoints`: sentences and articles whose work is known.

Every sentence begins with a capitalised word that tells the model how long its output is to be:
1.3 target tokens per source token; a long article begins with one that asks for a summary of 60
to 140 tokens. Deterministic: the same seed gives the same texts.

Must not know: how the model that reads the word works, the contenders.
"""

from pathlib import Path

__all__ = ["articles", "long_articles", "planned_tokens", "sentences", "source_tokens"]


def sentences(count: int, seed: int, checkpoint: Path) -> list[str]:
    """Returns `count` different sentences of 5 to 80 source tokens, 25 on average (sd 12)."""
    raise NotImplementedError


def articles(count: int, seed: int, checkpoint: Path, sentences: int = 12) -> list[str]:
    """Returns `count` different articles of that many sentences, every other one in paragraphs."""
    raise NotImplementedError


def long_articles(count: int, seed: int, checkpoint: Path, tokens: int = 600) -> list[str]:
    """Returns `count` different articles of about `tokens` source tokens, for a summarizer."""
    raise NotImplementedError


def source_tokens(text: str, checkpoint: Path) -> int:
    """Returns the number of tokens of `text` for that checkpoint's tokenizer, no special ones."""
    raise NotImplementedError


def planned_tokens(text: str, checkpoint: Path) -> int:
    """Returns how many target tokens the text asks for, without `</s>`.

    For a text of several sentences it is their sum; for the summarizer what the first word asks.
    """
    raise NotImplementedError
