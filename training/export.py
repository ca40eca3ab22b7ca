"""Writes a trained decoder, with the encoder it was trained on, in the hub's layout.

The embeddings of the encoder and the decoder are two tables over one joint vocabulary
(`training.pieces`): rows that a side never uses are zeros, and a bias keeps the decoder from
writing what is not the target's.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import GenerationConfig, MarianConfig, MarianMTModel

from training.pieces import EOS, PAD, UNK, joint

__all__ = ["Pieces", "write"]

_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Pieces:
    """Both SentencePiece models with their pieces by id, and the base model's vocabulary."""

    source_model: bytes
    source: Sequence[str]
    target_model: bytes
    target: Sequence[str]
    base: dict[str, int]


def write(
    place: Path, base: MarianMTModel, trained: dict[str, Tensor], pieces: Pieces, languages: str
) -> None:
    """Writes the checkpoint into `place`, which is made if need be.

    Args:
        place: a directory.
        base: whose encoder it is.
        trained: the weights of a `Decoder`.
        pieces: of both languages.
        languages: such as `en-ru`.
    """
    tokens = joint(pieces.source, pieces.target, pieces.base)
    model = MarianMTModel(_config(base.config, trained, len(tokens)))
    missing, surplus = model.load_state_dict(_state(base, trained, pieces, tokens), strict=False)
    fixed = {name for name in missing if not name.endswith("embed_positions.weight")}
    if fixed or surplus:
        raise ValueError(f"weights that do not fit: {sorted(fixed)}, {sorted(surplus)}")
    place.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        num_beams=4,
        max_length=512,
        bad_words_ids=[[len(tokens) - 1]],
        eos_token_id=0,
        forced_eos_token_id=0,
        pad_token_id=len(tokens) - 1,
        decoder_start_token_id=len(tokens) - 1,
        renormalize_logits=True,
    )
    model.save_pretrained(place)
    (place / "source.spm").write_bytes(pieces.source_model)
    (place / "target.spm").write_bytes(pieces.target_model)
    source, target = languages.split("-")
    _json(place / "vocab.json", {token: i for i, token in enumerate(tokens)})
    _json(
        place / "tokenizer_config.json",
        {
            "source_lang": source,
            "target_lang": target,
            "model_max_length": 512,
            "tokenizer_class": "MarianTokenizer",
        },
    )


def _config(base: MarianConfig, trained: dict[str, Tensor], size: int) -> MarianConfig:
    said = base.to_dict()
    for stale in ("bad_words_ids", "num_beams", "max_length", "_name_or_path", "architectures"):
        said.pop(stale, None)
    layers = {name.split(".")[2] for name in trained if name.startswith("inner.layers.")}
    said |= {
        "vocab_size": size,
        "decoder_vocab_size": size,
        "decoder_layers": len(layers),
        "pad_token_id": size - 1,
        "decoder_start_token_id": size - 1,
        "share_encoder_decoder_embeddings": False,
        "tie_word_embeddings": False,
    }
    return MarianConfig(**said)


def _state(
    base: MarianMTModel, trained: dict[str, Tensor], pieces: Pieces, tokens: Sequence[str]
) -> dict[str, Tensor]:
    old, width = base.model.shared.weight.detach(), base.config.d_model
    sources = torch.zeros(len(tokens), width)
    targets = torch.zeros(len(tokens), width)
    bias = torch.full((1, len(tokens)), _NEVER)
    ids = {token: i for i, token in enumerate(tokens)}
    for piece in {*pieces.source, EOS, UNK} & pieces.base.keys() & ids.keys() - {PAD}:
        sources[ids[piece]] = old[pieces.base[piece]]
    for i, piece in enumerate(pieces.target):
        targets[ids[piece]] = trained["inner.embed_tokens.weight"][i]
        bias[0, ids[piece]] = trained["bias"][i]
    state = {
        "model.encoder.embed_tokens.weight": sources,
        "model.decoder.embed_tokens.weight": targets,
        "lm_head.weight": targets.clone(),
        "final_logits_bias": bias,
    }
    for name, weight in base.model.encoder.state_dict().items():
        if not name.startswith("embed_"):
            state[f"model.encoder.{name}"] = weight
    for name, weight in trained.items():
        if name.startswith("inner.layers."):
            state[f"model.decoder.{name.removeprefix('inner.')}"] = weight
    return state


def _json(path: Path, document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")
