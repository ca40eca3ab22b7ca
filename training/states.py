"""Knows what the frozen encoder says of each sentence, and computes it once.

A sentence is encoded when it is first seen. Its states are kept in bfloat16 while there is room, so
that a training too short to see every pair does not pay for those that it never sees.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

__all__ = ["States"]


class States:
    """The states of sentences, by their index."""

    def __init__(
        self, encoder: nn.Module, sources: Sequence[Sequence[int]], pad: int, most_bytes: int
    ) -> None:
        self._encoder, self._sources, self._pad = encoder.eval(), sources, pad
        self._room = most_bytes
        self._kept: dict[int, Tensor] = {}
        self._device = next(encoder.parameters()).device

    def of(self, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Returns the padded states of these sentences, and the mask of what is no padding."""
        missing = list(dict.fromkeys(i for i in indices if i not in self._kept))
        fresh = dict(zip(missing, self._encode(missing), strict=True)) if missing else {}
        rows = [fresh[i] if i in fresh else self._kept[i].to(self._device) for i in indices]
        for i, states in fresh.items():
            size = states.numel() * states.element_size()
            if size <= self._room:
                self._room -= size
                self._kept[i] = states.clone().cpu()
        mask = pad_sequence([row.new_ones(len(row)) for row in rows], batch_first=True)
        return pad_sequence(rows, batch_first=True), mask.long()

    @torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
    def _encode(self, indices: Sequence[int]) -> list[Tensor]:
        rows = [torch.tensor(self._sources[i]) for i in indices]
        ids = pad_sequence(rows, batch_first=True, padding_value=self._pad).to(self._device)
        mask = (ids != self._pad).long()
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            states = self._encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        states = states.to(torch.bfloat16)
        return [states[k, : len(row)] for k, row in enumerate(rows)]
