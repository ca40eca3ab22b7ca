"""Untrained tiny models of real architecture, configured as their large namesakes are.

Marian follows Helsinki-NLP/opus-mt-*, BART follows sshleifer/distilbart-cnn-12-6, whose old-style
keys (`normalize_before` and friends) the CTranslate2 loader reads. Knows no data, no training.
"""

import math
from typing import Any

import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    MarianConfig,
    MarianMTModel,
)

MAX_POSITIONS = 512
_SIZE: dict[str, Any] = {
    "d_model": 128,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "is_encoder_decoder": True,
}
# Keys of configurations from before transformers 4; CTranslate2's loader reads the first.
_OLD_KEYS: dict[str, Any] = {
    "normalize_before": False,
    "add_final_layer_norm": False,
    "add_bias_logits": False,
}


def marian(vocab_size: int) -> MarianMTModel:
    """A translator; `<pad>`, the last id, starts the decoder with an embedding of zeros."""
    pad = vocab_size - 1
    generation: dict[str, Any] = {
        "bad_words_ids": [[pad]],
        "decoder_start_token_id": pad,
        "eos_token_id": 0,
        "forced_eos_token_id": 0,
        "max_length": 512,
        "num_beams": 4,
        "pad_token_id": pad,
    }
    old_keys: dict[str, Any] = {"normalize_embedding": False, "static_position_embeddings": True}
    config = MarianConfig(
        **_SIZE,
        **_OLD_KEYS,
        **old_keys,
        vocab_size=vocab_size,
        decoder_vocab_size=vocab_size,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        activation_function="swish",
        init_std=0.05,
        max_position_embeddings=MAX_POSITIONS,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        pad_token_id=pad,
    )
    model = MarianMTModel(config)
    shared: Any = model.get_input_embeddings().weight

    def spare_pad(gradient: torch.Tensor) -> torch.Tensor:
        """Keep the embedding of `<pad>` zero: the tied output layer would move it."""
        gradient = gradient.clone()
        gradient[pad] = 0
        return gradient

    with torch.no_grad():
        shared[pad] = 0
    shared.register_hook(spare_pad)
    model.generation_config = GenerationConfig(**generation)
    return model


def bart(vocab_size: int) -> BartForConditionalGeneration:
    """A summarizer; its learned positions start as sinusoids, which shortens the training."""
    defaults: dict[str, Any] = {
        "early_stopping": True,
        "length_penalty": 2.0,
        "max_length": 80,
        "min_length": 5,
        "no_repeat_ngram_size": 7,
        "num_beams": 4,
    }
    special: dict[str, Any] = {
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 2,
        "forced_bos_token_id": 0,
        "forced_eos_token_id": 2,
    }
    old_keys: dict[str, Any] = {
        **_OLD_KEYS,
        "normalize_embedding": True,
        "static_position_embeddings": False,
        "extra_pos_embeddings": 2,
        "task_specific_params": {"summarization": defaults},
    }
    config = BartConfig(
        **_SIZE,
        **special,
        **old_keys,
        vocab_size=vocab_size,
        encoder_layers=3,
        decoder_layers=1,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        activation_function="gelu",
        init_std=0.05,
        max_position_embeddings=MAX_POSITIONS,
        scale_embedding=False,
        tie_word_embeddings=True,
    )
    model = BartForConditionalGeneration(config)
    with torch.no_grad():
        for half in (model.model.encoder, model.model.decoder):
            weight = half.embed_positions.weight
            weight.copy_(_sinusoids(*weight.shape) * 0.1)
    model.generation_config = GenerationConfig(**special, **defaults)
    return model


def _sinusoids(count: int, width: int) -> torch.Tensor:
    """Positions of "Attention Is All You Need", section 3.5; the longest period is 4000."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(4000.0) / width))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
