"""Random weights that count: a model writes one token of class m, then of m - 1, …, 1, then ends.

Works for the post-norm encoder-decoders of `transformers` whose embeddings are tied: Marian, BART.
Everything is random but this, which has dimensions of its own at the end of the model dimension:

- every target token has the one-hot feature of its class and the feature `present`; `</s>` is
  class 0; within a class the random dimensions decide what is written, so beams differ;
- an *opener* of the source has the feature `opener` and the one-hot feature of the class *above*
  the one the target is to begin with; *hints* have half as much of `opener` and count only where no
  opener is;
- the cross-attention of the first decoder layer looks for openers as long as the decoder's token is
  not `present`, and copies the class features;
- the last feed-forward sublayer moves every class feature one class down.

Must not know: tokenizers, files, which checkpoint it is for.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["Counting", "write_weights"]

# Amplitudes in the embedding; after layer normalisation a class feature is about 15, `present`
# and a hint's `opener` 7, everything else 1.
_CLASS, _PRESENT, _OPENER, _HINT, _CONTENT_STD = 1.5, 0.8, 1.0, 0.5, 0.05

# The score of a source token is (24.5 - 4.5 present) * opener / 10: for an opener about 20 at the
# start of decoding, where `present` is about 1, and -10 later.
_LOOK, _LOOK_AWAY = 2.45, -0.45
_COPY = 2.0  # a copied class feature against the start token, whose features are about 1

# The move: above its threshold a class feature x becomes 3 (x - 3) one class down.
_THRESHOLD, _GAIN = 3.0, 3.0

_NEVER = -50.0  # the bias of what no target holds, in nats


@dataclass(frozen=True, slots=True)
class Counting:
    """Which token does what, by id.

    Attributes:
        classes: the class of every target token, 0 for `</s>`.
        openers: for every opener how many tokens it asks for.
        hints: for every hint how many tokens it asks for.
        top: the highest class; openers ask for less.
        zero: tokens whose embedding is zero.
    """

    classes: Mapping[int, int]
    openers: Mapping[int, int]
    hints: Mapping[int, int]
    top: int
    zero: Sequence[int] = ()


@torch.no_grad()
def write_weights(model: Any, counting: Counting, seed: int) -> None:
    """Overwrites all weights of `model`; the same seed gives the same ones."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue  # Marian's positions are fixed sines
        if parameter.dim() == 2:
            parameter.normal_(0, _std(name, parameter.shape[1]), generator=generator)
        elif name.endswith("bias"):
            parameter.zero_()
    _write_embeddings(model, counting)
    _write_look(model.model.decoder.layers[0].encoder_attn, counting)
    _write_move(model.model.decoder.layers[-1], counting)


def _std(name: str, columns: int) -> float:
    """Every sublayer adds little to what it reads, whose features have a deviation of 1."""
    if "embed_positions" in name:
        return 0.02
    if "shared" in name or "embed_tokens" in name:
        return _CONTENT_STD
    gain = {"q_proj": 0.5, "k_proj": 0.5, "v_proj": 1.0, "out_proj": 0.1, "fc1": 0.5, "fc2": 0.2}
    kind = name.rsplit(".", 2)[-2]
    return gain[kind] / math.sqrt(columns)


def _write_embeddings(model: Any, counting: Counting) -> None:
    weight = model.get_input_embeddings().weight
    places = _Places(weight.shape[1], counting.top)
    weight[:, places.first :] = 0
    for token, number in counting.classes.items():
        weight[token, places.of(number)] = _CLASS
        weight[token, places.present] = _PRESENT
    for feature, wanted in ((_OPENER, counting.openers), (_HINT, counting.hints)):
        for token, tokens in wanted.items():
            weight[token, places.of(tokens + 1)] = _CLASS
            weight[token, places.opener] = feature
    weight[list(counting.zero)] = 0
    bias = model.final_logits_bias
    bias.fill_(_NEVER)
    bias[0, list(counting.classes)] = 0


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the features are: classes 0 to `top`, then `present`, then `opener`, at the end."""

    width: int
    top: int

    @property
    def first(self) -> int:
        return self.width - self.top - 3

    @property
    def present(self) -> int:
        return self.width - 2

    @property
    def opener(self) -> int:
        return self.width - 1

    def of(self, number: int) -> int:
        assert 0 <= number <= self.top
        return self.first + number


def _write_look(attention: Any, counting: Counting) -> None:
    width = attention.out_proj.weight.shape[0]
    places = _Places(width, counting.top)
    # One row in each head does the looking; the features are wherever the heads have them.
    rows = list(range(0, width, attention.head_dim))
    attention.q_proj.weight[rows] = 0
    attention.k_proj.weight[rows] = 0
    scale = math.sqrt(attention.head_dim)
    attention.q_proj.bias[rows] = _LOOK * scale
    attention.q_proj.weight[rows, places.present] = _LOOK_AWAY * scale
    attention.k_proj.weight[rows, places.opener] = 1
    copied = range(places.first, places.present)
    attention.v_proj.weight[list(copied)] = 0
    attention.out_proj.weight[:, list(copied)] = 0
    for place in copied:
        attention.v_proj.weight[place, place] = 1
        attention.out_proj.weight[place, place] = _COPY


def _write_move(layer: Any, counting: Counting) -> None:
    places = _Places(layer.fc1.weight.shape[1], counting.top)
    units = list(range(counting.top + 1))
    layer.fc1.weight[units] = 0
    layer.fc2.weight[:, units] = 0
    layer.fc1.bias[units] = -_THRESHOLD
    for unit in units:
        layer.fc1.weight[unit, places.of(unit)] = 1
        layer.fc2.weight[places.of(unit), unit] = -_GAIN
        if unit:
            layer.fc2.weight[places.of(unit - 1), unit] = _GAIN
