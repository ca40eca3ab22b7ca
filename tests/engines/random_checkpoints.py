"""Tiny checkpoints of every architecture: real tokenizers, random weights, the hub's files.

The tokenizers are trained here on a few made-up sentences, so that pieces, special tokens and
language tokens behave as in the published checkpoints. The weights are drawn at random and scaled
up: the output is nonsense, but it depends on every weight, which is what a conversion must keep.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from tokenizers import ByteLevelBPETokenizer

__all__ = ["MAKERS", "make", "sentences"]


def sentences() -> list[str]:
    """Returns a few hundred English sentences, always the same."""
    subjects = ("The mayor", "A young doctor", "Our old neighbour", "The school", "Every farmer")
    verbs = ("opened", "visited", "painted", "sold", "repaired", "praised", "lost")
    objects = ("the bridge", "a small boat", "the town hall", "two horses", "the new library")
    times = ("yesterday", "in March", "before the storm")
    return [f"{s} {v} {o} {t}." for s in subjects for v in verbs for o in objects for t in times]


def make(kind: str, path: Path, *, seed: int = 0) -> Path:
    """Writes a checkpoint of that kind (a key of `MAKERS`) to the directory `path`."""
    path.mkdir(parents=True)
    torch.manual_seed(seed)
    MAKERS[kind](path)
    return path


def _pieces(
    prefix: Path, vocab_size: int, spell: Callable[[str], str] = str, **options: Any
) -> Path:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(spell(sentence) for sentence in sentences()),
        model_prefix=str(prefix),
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    Path(f"{prefix}.vocab").unlink()
    return Path(f"{prefix}.model")


def _piece_list(model: Path) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def _randomize(model: Any) -> Any:
    """Scales the matrices so that the next token depends on the source and is not a coin toss."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 1.5 * parameter.shape[-1] ** -0.5)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1)
    return model.eval()


def _save(model: Any, tokenizer: Any, path: Path) -> None:
    _randomize(model).save_pretrained(path)
    tokenizer.save_pretrained(path)


_SIZES: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "dropout": 0.0,
}


def _marian(
    path: Path,
    *,
    language_tokens: tuple[str, ...] = (),
    spell_target: Callable[[str], str] = str,
) -> None:
    for side, spell in (("source", str), ("target", spell_target)):
        _pieces(path / side, 150, spell).rename(path / f"{side}.spm")
    target = set(_piece_list(path / "target.spm"))
    pieces = dict.fromkeys(p for s in ("source", "target") for p in _piece_list(path / f"{s}.spm"))
    plain = [p for p in pieces if p not in {"<unk>", "<s>", "</s>"}]
    tokens = ["</s>", "<unk>", *plain, *language_tokens, "<pad>"]
    vocab = {token: i for i, token in enumerate(tokens)}
    (path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    pad = vocab["<pad>"]
    config = transformers.MarianConfig(
        **_SIZES,
        vocab_size=len(vocab),
        max_position_embeddings=64,
        activation_function="swish",
        scale_embedding=True,
        static_position_embeddings=True,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        bos_token_id=None,
    )
    model = _randomize(transformers.MarianMTModel(config))
    with torch.no_grad():
        model.final_logits_bias.normal_(0, 0.1)
        never = [i for token, i in vocab.items() if token not in target]  # as training leaves them
        model.final_logits_bias[0, never] -= 20
        model.get_input_embeddings().weight[pad] = 0  # where Marian starts to decode
    model.generation_config = transformers.GenerationConfig(
        num_beams=4, max_length=64, bad_words_ids=[[pad]], pad_token_id=pad, eos_token_id=0,
        decoder_start_token_id=pad, forced_eos_token_id=0,
    )  # fmt: skip
    model.save_pretrained(path)
    tokenizer = {"source_lang": "en", "target_lang": "zz", "model_max_length": 64}
    (path / "tokenizer_config.json").write_text(
        json.dumps(tokenizer | {"tokenizer_class": "MarianTokenizer"}), encoding="utf-8"
    )


def _marian_multi(path: Path) -> None:
    _marian(path, language_tokens=(">>rus<<", ">>ukr<<"))


def _marian_two(path: Path) -> None:
    """Its target language shares few pieces with its source language."""
    _marian(path, language_tokens=(">>rus<<", ">>ukr<<"), spell_target=str.swapcase)


def _bart(path: Path) -> None:
    """As `transformers` 5 saves it."""
    backend = ByteLevelBPETokenizer()
    backend.train_from_iterator(
        sentences(), 330, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    )
    backend.save_model(str(path))
    tokenizer = transformers.BartTokenizer.from_pretrained(path)
    config = transformers.BartConfig(
        **_SIZES,
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_bos_token_id=0,
        forced_eos_token_id=2,
    )
    model = transformers.BartForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        num_beams=4, length_penalty=2.0, min_length=12, max_length=40, no_repeat_ngram_size=3,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2,
        forced_bos_token_id=0, forced_eos_token_id=2, early_stopping=True,
    )  # fmt: skip
    _save(model, tokenizer, path)


def _bart_old(path: Path) -> None:
    """As the repositories of 2020 hold it: settings in config.json, a pickle, two BPE files."""
    _bart(path)
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    generation = json.loads((path / "generation_config.json").read_text(encoding="utf-8"))
    for key in ("transformers_version", "dtype", "architectures"):
        config.pop(key, None)
    config |= {
        "architectures": ["BartForConditionalGeneration"],
        "normalize_before": False,
        "normalize_embedding": True,
        "add_final_layer_norm": False,
        "add_bias_logits": False,
        "static_position_embeddings": False,
        "extra_pos_embeddings": 2,
        "task_specific_params": {
            "summarization": {
                "early_stopping": True,
                "length_penalty": 2.0,
                "max_length": 40,
                "min_length": 12,
                "no_repeat_ngram_size": 3,
                "num_beams": 4,
            }
        },
        "forced_bos_token_id": generation["forced_bos_token_id"],
        "forced_eos_token_id": generation["forced_eos_token_id"],
    }
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    from safetensors.torch import load_file

    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    for name in ("model.safetensors", "generation_config.json", "tokenizer.json"):
        (path / name).unlink(missing_ok=True)
    tokenizer = {"model_max_length": 64, "tokenizer_class": "BartTokenizer"}
    (path / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def _t5(path: Path, *, tied: bool = True) -> None:
    model_file = _pieces(path / "spiece", 200, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    tokenizer = transformers.T5Tokenizer.from_pretrained(path, model_max_length=64)
    config = transformers.T5Config(
        vocab_size=-(-len(tokenizer) // 8) * 8,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        relative_attention_num_buckets=8,
        feed_forward_proj="relu" if tied else "gated-gelu",
        decoder_start_token_id=0,
        tie_word_embeddings=tied,
    )
    model = transformers.T5ForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        num_beams=4, max_length=32, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0
    )
    _save(model, tokenizer, path)
    model_file.unlink()
    if not tied:
        # What T5 v1.1 and flan-T5 say; `transformers` 5 would save `true`.
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        config |= {"tie_word_embeddings": False, "scale_decoder_outputs": False}
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")


def _t5_untied(path: Path) -> None:
    _t5(path, tied=False)


def _pegasus(path: Path) -> None:
    _pieces(path / "spiece", 200, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    tokenizer = transformers.PegasusTokenizer.from_pretrained(path, model_max_length=64)
    config = transformers.PegasusConfig(
        **_SIZES,
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        forced_eos_token_id=1,
        scale_embedding=True,
    )
    model = transformers.PegasusForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        num_beams=8, length_penalty=0.6, max_length=48, pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0, forced_eos_token_id=1,
    )  # fmt: skip
    _save(model, tokenizer, path)
    (path / "spiece.model").unlink(missing_ok=True)


def _m2m_model(vocab_size: int) -> Any:
    config = transformers.M2M100Config(
        **_SIZES,
        vocab_size=vocab_size,
        max_position_embeddings=64,
        activation_function="relu",
        scale_embedding=True,
        decoder_start_token_id=2,
    )
    model = transformers.M2M100ForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        num_beams=5, max_length=48, bos_token_id=0, pad_token_id=1, eos_token_id=2,
        decoder_start_token_id=2,
    )  # fmt: skip
    return model


def _m2m100(path: Path) -> None:
    model_file = _pieces(path / "sentencepiece.bpe", 200)
    pieces = [p for p in _piece_list(model_file) if p not in {"<unk>", "<s>", "</s>"}]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    (path / "vocab.json").write_text(
        json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8"
    )
    tokenizer = transformers.M2M100Tokenizer(
        str(path / "vocab.json"), str(model_file), model_max_length=64
    )
    languages = len(tokenizer.lang_code_to_id)
    _save(_m2m_model(len(tokens) + languages + tokenizer.num_madeup_words), tokenizer, path)


def _nllb(path: Path) -> None:
    from tokenizers import SentencePieceBPETokenizer

    backend = SentencePieceBPETokenizer()
    backend.train_from_iterator(
        sentences(), 220, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False
    )
    state = json.loads(backend.to_str())["model"]
    tokenizer = transformers.NllbTokenizer(
        vocab=state["vocab"], merges=[tuple(m) for m in state["merges"]], model_max_length=64
    )
    _save(_m2m_model(len(tokenizer) + 1), tokenizer, path)


MAKERS: dict[str, Callable[[Path], None]] = {
    "marian": _marian,
    "marian-multi": _marian_multi,
    "marian-two": _marian_two,
    "bart": _bart,
    "bart-old": _bart_old,
    "t5": _t5,
    "t5-untied": _t5_untied,
    "pegasus": _pegasus,
    "m2m100": _m2m100,
    "nllb": _nllb,
}
