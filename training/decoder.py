"""Knows the model that is trained: a Marian decoder with its own pieces, over a frozen encoder."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import MarianMTModel

__all__ = ["Decoder"]


class Decoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """A decoder whose embeddings are its output projection too.

    Targets are ids of the new pieces, `</s>` among them; decoding starts from a row of zeros, the
    last, which is never written.
    """

    def __init__(
        self, base: MarianMTModel, layers: Sequence[int], embeddings: Tensor, bias: Tensor
    ) -> None:
        """Takes `layers` of the base model's decoder, in that order."""
        super().__init__()
        whole = base.model.decoder
        self.inner = deepcopy(whole)
        self.inner.layers = nn.ModuleList(deepcopy(whole.layers[i]) for i in layers)
        for index, layer in enumerate(self.inner.layers):
            layer.self_attn.layer_idx = layer.encoder_attn.layer_idx = index
        self.start = len(embeddings)
        table = nn.Embedding(self.start + 1, embeddings.shape[1], padding_idx=self.start)
        with torch.no_grad():
            table.weight[:-1] = embeddings
        self.inner.embed_tokens = table
        self.bias = nn.Parameter(bias.clone())

    def forward(self, states: Tensor, mask: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logits at the places that are targets, and these targets.

        Args:
            states: of the encoder, batch x source x width.
            mask: 1 where a state is one of a piece.
            targets: batch x target, each row its pieces and `</s>`, then -100.
        """
        inputs = targets.clone()
        inputs[targets < 0] = self.start
        inputs = torch.cat([inputs.new_full((len(inputs), 1), self.start), inputs[:, :-1]], 1)
        hidden = self.inner(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
        real = targets >= 0
        logits = functional.linear(hidden[real], self.inner.embed_tokens.weight[:-1], self.bias)
        return logits, targets[real]
