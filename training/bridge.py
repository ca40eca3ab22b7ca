"""Knows how the new target's embeddings begin: as those of what the base model would have written.

The base model writes another language (French). Its own translations of a sample of the English
stand beside the real targets; alignment says which of its pieces goes with which new piece, and
the new piece starts as their weighted mean. So the decoder begins with the meaning of its words
and has to learn their order and their endings, not all from nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from training.alignment import align

__all__ = ["begin", "translations"]

_SHARPNESS = 2.0
"""So that chance neighbours, of which a piece has many, do not drown the one that means it."""


def translations(base: Path, texts: Sequence[str], threads: int = 2) -> list[list[str]]:
    """Returns the pieces that the base model writes for each text, by greedy search in int8.

    Args:
        base: a Marian checkpoint in the hub's layout.
        texts: normalised sentences.
        threads: how many of the CPU are used.
    """
    import tempfile

    import ctranslate2
    import sentencepiece
    from ctranslate2.converters import TransformersConverter

    cutter = sentencepiece.SentencePieceProcessor(model_file=str(base / "source.spm"))
    with tempfile.TemporaryDirectory() as place:
        TransformersConverter(str(base)).convert(place, quantization="int8", force=True)
        translator = ctranslate2.Translator(place, inter_threads=threads, intra_threads=1)
        results = translator.translate_batch(
            [[*pieces, "</s>"] for pieces in cutter.encode(list(texts), out_type=str)],
            beam_size=1,
            max_batch_size=1024,
            batch_type="tokens",
            max_decoding_length=200,
        )
    return [result.hypotheses[0] for result in results]


def begin(
    new: Sequence[str],
    old: Mapping[str, int],
    weights: torch.Tensor,
    bias: torch.Tensor,
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
    seed: int = 1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns embeddings and output biases of the new pieces.

    A piece that the old vocabulary has keeps its row; one that is aligned gets the mean of its
    partners' rows; any other the mean of all with noise of their spread.

    Args:
        new: the pieces, by id.
        old: the base model's vocabulary.
        weights: its embeddings.
        bias: its output biases.
        pairs: what the base model wrote, and the real target, both as pieces.
        seed: of the noise.
    """
    torch.manual_seed(seed)
    ids = {piece: i for i, piece in enumerate(new)}
    numbered = [
        ([old[p] for p in wrote if p in old], [ids[p] for p in real if p in ids])
        for wrote, real in pairs
    ]
    links = align(numbered)
    used = sorted({int(i) for i in links.source})
    rows = weights[used]
    begun = rows.mean(0) + rows.std(0) * torch.randn(len(new), weights.shape[1]) * 0.5
    biases = bias[used].mean().repeat(len(new))
    share = torch.from_numpy(links.shares(_SHARPNESS).astype(np.float32))[:, None]
    source, target = torch.from_numpy(links.source), torch.from_numpy(links.target)
    aligned = torch.unique(target)
    mixed = torch.zeros_like(begun).index_add_(0, target, weights[source] * share)
    mixed_bias = torch.zeros_like(biases).index_add_(0, target, bias[source] * share[:, 0])
    begun[aligned], biases[aligned] = mixed[aligned], mixed_bias[aligned]
    for piece, i in ids.items():
        if piece in old:
            begun[i], biases[i] = weights[old[piece]], bias[old[piece]]
    return begun, biases
