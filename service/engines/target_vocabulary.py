"""Cuts what a Marian decoder can write down to the pieces of its target language.

A Marian model has one vocabulary for both languages, and its decoder weighs every piece of it at
every step: over half of the cost of decoding. Its target texts were cut by `target.spm`, so a
piece that is only in `source.spm` was never written in training. What remains are the pieces of
`target.spm`, the end and the unknown token. Runs of characters that `target.spm` does not know
passed through as they were, and a few thousand of them are in the vocabulary; they go too: in
opus-mt-en-fr the whole model was given 311 of them to translate and wrote none, and their output
biases are alike (8 352 of 8 364 between -1.73 and -1.6), as if never told from one another.

The encoder keeps the whole vocabulary. Knows the weights as CTranslate2's converters arrange
them, and nothing of files, checks or how a checkpoint is read.
"""

from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["LEAST_GAIN", "trim", "writable_rows"]

LEAST_GAIN = 0.05
"""Below this share of rows removed nothing is: two vocabularies would cost more than they save."""

SPECIAL = ("</s>", "<unk>")
"""Always kept: the end, and what the runtime maps unknown target tokens to."""

NEVER = "<pad>"
"""Added by `transformers` to start the decoder from; CTranslate2 starts from zeros instead."""


def writable_rows(tokens: Sequence[str], pieces: Collection[str]) -> list[int] | None:
    """Chooses the rows of a joint vocabulary that the decoder needs.

    Args:
        tokens: the joint vocabulary, by id.
        pieces: of `target.spm`; a set.

    Returns:
        The ids to keep, ascending; `None` where the decoder is better left whole: too little
        would go, or `tokens` is no vocabulary of Marian's.
    """
    kept = [
        i
        for i, token in enumerate(tokens)
        if token in SPECIAL or (token in pieces and token != NEVER)
    ]
    if len(kept) > len(tokens) * (1 - LEAST_GAIN) or not set(SPECIAL) <= {tokens[i] for i in kept}:
        return None
    return kept


def trim(spec: Any, rows: Sequence[int]) -> None:
    """Cuts the decoder of a CTranslate2 `TransformerSpec` down to `rows`.

    Args:
        spec: as a converter loads it, not yet optimized, with one joint vocabulary.
        rows: ids to keep, ascending.
    """
    decoder = spec.decoder
    # Each weight its own copy: quantizing writes into them, also where two were one.
    decoder.embeddings.weight = _taken(decoder.embeddings.weight, rows)
    decoder.projection.weight = _taken(decoder.projection.weight, rows)
    if decoder.projection.has_bias():
        decoder.projection.bias = _taken(decoder.projection.bias, rows)
    # CTranslate2 4.8.5 can add a vocabulary to a specification, but not take one back.
    (tokens,) = spec._vocabularies["target"]
    spec._vocabularies["target"] = [[tokens[i] for i in rows]]


def _taken(weight: Any, rows: Sequence[int]) -> Any:
    """Returns a copy of these rows of a `numpy` array or a `torch` tensor, without its history."""
    taken = weight[list(rows)]  # a list of indices copies, in both libraries
    return taken.detach() if hasattr(taken, "detach") else taken
