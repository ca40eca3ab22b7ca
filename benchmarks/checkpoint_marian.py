"""Marian checkpoints in the shape of OPUS-MT: vocabularies of invented words, weights that count.

Knows SentencePiece, the files of the hub and Marian's configuration; must not know texts.
"""

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import checkpoint_words as words
from benchmarks.checkpoint_files import write_json
from benchmarks.checkpoint_weights import Counting, write_weights

__all__ = ["MarianShape", "write"]

TOP = 110
"""The highest class: a sentence of 80 source tokens asks for 104."""
SHORTEST = 4
DEFAULT_TOKENS = 30
"""What a text of other words than ours asks for: its letters are hints."""

_SPM_NORMAL, _SPM_UNKNOWN, _SPM_CONTROL = 1, 2, 3
_CHARACTERS = string.printable[:94] + "–—‘’“”„«»…№€£°§"
_RUSSIAN = "".join(map(chr, range(0x410, 0x450))) + "Ёё"
_WORD, _INSIDE, _LETTER = -9.0, -10.0, -16.0  # log probabilities: whole words win


@dataclass(frozen=True, slots=True)
class MarianShape:
    """How large a checkpoint is.

    Attributes:
        pieces: of each SentencePiece model, its three special ones included.
        common: pieces that both have.
        openers: for each length.
        languages: target tokens such as `>>rus<<`; the model writes the same without them.
    """

    layers: int
    width: int
    heads: int
    ffn: int
    pieces: int
    common: int
    openers: int
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lexicon:
    common: list[str]
    openers: dict[int, list[str]]
    words: list[str]
    inside: list[str]
    target: list[str]


def write(directory: Path, shape: MarianShape, seed: int) -> None:
    """Fills an existing directory with a checkpoint as `transformers` saves it.

    Beside it stands `lexicon.json`: the words and openers that texts are made of.
    """
    import torch
    import transformers

    lexicon = _lexicon(shape, seed)
    vocabulary = _write_tokenizer(directory, shape, lexicon)
    torch.manual_seed(seed)
    config = _config(shape, len(vocabulary))
    model = transformers.MarianMTModel(config)
    write_weights(model, _counting(lexicon, vocabulary), seed)
    pad = config.pad_token_id
    model.generation_config = transformers.GenerationConfig(
        num_beams=4, max_length=512, bad_words_ids=[[pad]], pad_token_id=pad, bos_token_id=0,
        eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=0, renormalize_logits=True,
    )  # fmt: skip
    model.save_pretrained(directory)
    write_json(
        directory / "lexicon.json",
        {
            "tokenizer": "source.spm",
            "openers": lexicon.openers,
            "capitalised": [],
            "said": [],
            "words": lexicon.words,
            "endings": lexicon.inside,
        },
    )


def _lexicon(shape: MarianShape, seed: int) -> _Lexicon:
    rng = random.Random(seed)

    def invent(letters: tuple[str, str], lengths: str) -> str:
        return words.word(rng, letters, int(rng.choice(lengths)))

    normal = shape.pieces - 3
    characters = list(dict.fromkeys(["▁", *_CHARACTERS, *_RUSSIAN]))
    names = words.distinct(
        lambda: "▁" + invent(words.LATIN, "345").title(), max(0, shape.common - len(characters))
    )
    common = characters + names
    lengths = range(SHORTEST, TOP)
    openers = words.distinct(
        lambda: invent(words.LATIN, "567").title(),
        shape.openers * len(lengths),
        [name.removeprefix("▁") for name in names],
    )
    rest = normal - len(common) - len(openers)
    lower = words.distinct(lambda: invent(words.LATIN, "223334444555566677889"), rest * 3 // 4)
    inside = words.distinct(lambda: invent(words.LATIN, "23344"), rest - len(lower))
    rest = normal - len(common)
    target = words.distinct(lambda: "▁" + invent(words.CYRILLIC, "2333344445556"), rest * 2 // 3)
    target += words.distinct(lambda: invent(words.CYRILLIC, "2333445"), rest - len(target))
    return _Lexicon(
        common,
        {m: openers[i :: len(lengths)] for i, m in enumerate(lengths)},
        lower,
        inside,
        target,
    )


def _write_tokenizer(directory: Path, shape: MarianShape, lexicon: _Lexicon) -> dict[str, int]:
    """Writes both SentencePiece models and the joint vocabulary; returns the vocabulary."""
    whole = [opener for group in lexicon.openers.values() for opener in group] + lexicon.words
    source = lexicon.common + ["▁" + found for found in whole] + lexicon.inside
    target = lexicon.common + lexicon.target
    (directory / "source.spm").write_bytes(_spm(source))
    (directory / "target.spm").write_bytes(_spm(target))
    pieces = dict.fromkeys(["</s>", "<unk>", *source, *target, *shape.languages, "<pad>"])
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    write_json(directory / "vocab.json", vocabulary)
    write_json(
        directory / "tokenizer_config.json",
        {
            "source_lang": "en",
            "target_lang": "ru",
            "model_max_length": 512,
            "tokenizer_class": "MarianTokenizer",
        },
    )
    return vocabulary


def _spm(pieces: Sequence[str]) -> bytes:
    """Returns a unigram SentencePiece model of these pieces, with the ids of OPUS-MT's."""
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2.ModelProto()
    for special, kind in (
        ("<unk>", _SPM_UNKNOWN),
        ("<s>", _SPM_CONTROL),
        ("</s>", _SPM_CONTROL),
    ):
        proto.pieces.add(piece=special, score=0.0, type=kind)
    for piece in pieces:
        score = _LETTER if len(piece) == 1 else _WORD if piece[0] == "▁" else _INSIDE
        proto.pieces.add(piece=piece, score=score, type=_SPM_NORMAL)
    proto.trainer_spec.model_type = 1  # unigram
    proto.trainer_spec.vocab_size = len(proto.pieces)
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = True
    proto.normalizer_spec.escape_whitespaces = True
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def _counting(lexicon: _Lexicon, vocabulary: dict[str, int]) -> Counting:
    """Class 1 is the full stop alone; the others share the target pieces.

    Every third class is made of pieces inside words, so that words have one or two pieces.
    """
    classes = {vocabulary["</s>"]: 0, vocabulary["."]: 1}
    inside = [piece for piece in lexicon.target if piece[0] != "▁"]
    first = [piece for piece in lexicon.target if piece[0] == "▁"]
    within = [number for number in range(2, TOP + 1) if number % 3 == 0]
    others = [number for number in range(2, TOP + 1) if number % 3]
    for pieces, numbers in ((inside, within), (first, others)):
        for i, piece in enumerate(pieces):
            classes[vocabulary[piece]] = numbers[i % len(numbers)]
    return Counting(
        classes=classes,
        openers={
            vocabulary["▁" + opener]: tokens
            for tokens, group in lexicon.openers.items()
            for opener in group
        },
        hints={vocabulary[letter]: DEFAULT_TOKENS for letter in string.ascii_letters},
        top=TOP,
        zero=[vocabulary["<pad>"]],
    )


def _config(shape: MarianShape, size: int) -> Any:
    import transformers

    return transformers.MarianConfig(
        vocab_size=size,
        decoder_vocab_size=size,
        d_model=shape.width,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.ffn,
        decoder_ffn_dim=shape.ffn,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        static_position_embeddings=True,
        normalize_before=False,
        normalize_embedding=False,
        add_bias_logits=False,
        add_final_layer_norm=False,
        share_encoder_decoder_embeddings=True,
        dropout=0.0,
        pad_token_id=size - 1,
        decoder_start_token_id=size - 1,
        bos_token_id=0,
        eos_token_id=0,
        forced_eos_token_id=0,
    )
