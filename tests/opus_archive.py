"""Makes an OPUS-MT archive, as published at Tatoeba-MT-models, from a Marian checkpoint.

The inverse of what `transformers` does in `convert_marian_to_pytorch.py`: the same weights under
Marian's names and shapes, in an `.npz` with `special:model.yml`, beside `decoder.yml`, a YAML
vocabulary and the two SentencePiece models. What is made from either form must translate alike.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors.numpy import load_file

__all__ = ["make_archive"]

ATTENTION = {"q_proj": "q", "k_proj": "k", "v_proj": "v", "out_proj": "o"}


def make_archive(
    checkpoint: Path, *, top: str = "", extra: dict[str, bytes] | None = None
) -> bytes:
    """Returns the zip of a Marian checkpoint in the hub's form.

    Args:
        checkpoint: directory with `model.safetensors`, `vocab.json` and the SentencePiece models.
        top: a folder inside the zip to put everything in.
        extra: further members.
    """
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((checkpoint / "vocab.json").read_text(encoding="utf-8"))
    pad = vocabulary.pop("<pad>")
    assert pad == len(vocabulary), "<pad> is the one that transformers adds at the end"
    members = {
        "model.npz": _npz(_marian_names(checkpoint, config, pad), _model_config(config, pad)),
        "opus.vocab.yml": _vocabulary_yml(vocabulary),
        "decoder.yml": yaml.safe_dump(
            {
                "relative-paths": True,
                "models": ["model.npz"],
                "vocabs": ["opus.vocab.yml", "opus.vocab.yml"],
                "beam-size": 4,
                "normalize": 1,
                "word-penalty": 0,
                "mini-batch": 1,
            }
        ).encode(),
        "source.spm": (checkpoint / "source.spm").read_bytes(),
        "target.spm": (checkpoint / "target.spm").read_bytes(),
        "README.md": b"# tiny\n",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in (members | (extra or {})).items():
            zipped.writestr(f"{top}{name}", content)
    return out.getvalue()


def _model_config(config: dict[str, Any], vocab_size: int) -> dict[str, Any]:
    return {
        "type": "transformer",
        "dim-emb": config["d_model"],
        "dim-vocabs": [vocab_size, vocab_size],
        "enc-depth": config["encoder_layers"],
        "dec-depth": config["decoder_layers"],
        "transformer-heads": config["encoder_attention_heads"],
        "transformer-dim-ffn": config["encoder_ffn_dim"],
        "transformer-ffn-activation": config["activation_function"],
        "transformer-ffn-depth": 2,
        "transformer-decoder-autoreg": "self-attention",
        "transformer-no-projection": False,
        "transformer-preprocess": "",
        "transformer-postprocess": "dan",
        "transformer-postprocess-emb": "d",
        "transformer-guided-alignment-layer": "last",
        "tied-embeddings-all": True,
        "version": "v1.9.0",
    }


def _npz(weights: dict[str, Any], config: dict[str, Any]) -> bytes:
    text = yaml.safe_dump(config).encode() + b"\0"
    out = io.BytesIO()
    np.savez(out, **weights, **{"special:model.yml": np.frombuffer(text, dtype=np.int8)})
    return out.getvalue()


def _marian_names(checkpoint: Path, config: dict[str, Any], pad: int) -> dict[str, Any]:
    ours = load_file(checkpoint / "model.safetensors")
    embeddings = ours.get("model.shared.weight", ours.get("model.encoder.embed_tokens.weight"))
    assert embeddings is not None
    weights = {"Wemb": embeddings[:pad]}
    bias = ours.get("final_logits_bias")
    weights["decoder_ff_logit_out_b"] = (
        np.zeros((1, pad), np.float32) if bias is None else bias.reshape(1, -1)[:, :pad]
    )
    for side in ("encoder", "decoder"):
        for layer in range(config[f"{side}_layers"]):
            into, of = f"{side}_l{layer + 1}", f"model.{side}.layers.{layer}"
            blocks = {"self": "self_attn"} | ({"context": "encoder_attn"} if side[0] == "d" else {})
            for marian, name in blocks.items():
                for projection, letter in ATTENTION.items():
                    _linear(weights, ours, f"{into}_{marian}", letter, f"{of}.{name}.{projection}")
                _norm(weights, ours, f"{into}_{marian}_Wo", f"{of}.{name}_layer_norm")
            _linear(weights, ours, f"{into}_ffn", "1", f"{of}.fc1")
            _linear(weights, ours, f"{into}_ffn", "2", f"{of}.fc2")
            _norm(weights, ours, f"{into}_ffn_ffn", f"{of}.final_layer_norm")
    return weights


def _linear(
    weights: dict[str, Any], ours: dict[str, Any], scope: str, letter: str, name: str
) -> None:
    weights[f"{scope}_W{letter}"] = ours[f"{name}.weight"].T
    weights[f"{scope}_b{letter}"] = ours[f"{name}.bias"].reshape(1, -1)


def _norm(weights: dict[str, Any], ours: dict[str, Any], scope: str, name: str) -> None:
    weights[f"{scope}_ln_scale"] = ours[f"{name}.weight"].reshape(1, -1)
    weights[f"{scope}_ln_bias"] = ours[f"{name}.bias"].reshape(1, -1)


def _vocabulary_yml(vocabulary: dict[str, int]) -> bytes:
    ordered = sorted(vocabulary.items(), key=lambda item: item[1])
    return "".join(f"{json.dumps(t, ensure_ascii=False)}: {i}\n" for t, i in ordered).encode()
