"""BART checkpoints in the shape of distilbart-cnn-12-6: invented words, weights that count.

Knows byte-level BPE, the files of the hub and BART's configuration; must not know texts.
"""

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import checkpoint_words as words
from benchmarks.checkpoint_files import write_json
from benchmarks.checkpoint_weights import Counting, write_weights

__all__ = ["BartShape", "write"]

SHORTEST, LONGEST = 60, 138
"""Tokens of a summary; with the start, `<s>` and `</s>` the longest has 141 of the 142 allowed."""
TOP = LONGEST + 1
DEFAULT_TOKENS = 80
"""What a text of other words than ours asks for: its letters are hints."""

STOPS = {1: ".", 35: "!", 69: "?", 103: "…"}
"""Classes of one sentence end each.

The class below has one capitalised word each, which every article has too: a name that the article
does not have would be an error of the summary.
"""

_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
_SPACE = "Ġ"  # what byte-level BPE writes for a space
_ELLIPSIS = ("â", "Ģ", "¦")  # and for the three bytes of …
_LETTERS = words.LATIN


@dataclass(frozen=True, slots=True)
class BartShape:
    """How large a checkpoint is; `openers` are for each length, `vocabulary` is all its tokens."""

    encoder_layers: int
    decoder_layers: int
    width: int
    heads: int
    ffn: int
    vocabulary: int
    openers: int
    capitalised: int


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Words without their space; `endings` make a word of several tokens of one of `words`."""

    openers: dict[int, list[str]]
    capitalised: list[str]
    words: list[str]
    endings: list[str]


def write(directory: Path, shape: BartShape, seed: int) -> None:
    """Fills an existing directory with a checkpoint as `transformers` saves it.

    Beside it stands `lexicon.json`: the words and openers that texts are made of.
    """
    import torch
    import transformers

    lexicon, vocabulary, merges = _tokens(shape, seed)
    _write_tokenizer(directory, vocabulary, merges)
    torch.manual_seed(seed)
    config = _config(shape)
    model = transformers.BartForConditionalGeneration(config)
    write_weights(model, _counting(lexicon, vocabulary), seed)
    model.generation_config = transformers.GenerationConfig(
        num_beams=4, length_penalty=2.0, min_length=56, max_length=142, no_repeat_ngram_size=3,
        early_stopping=True, bos_token_id=0, pad_token_id=1, eos_token_id=2,
        decoder_start_token_id=2, forced_bos_token_id=0, forced_eos_token_id=2,
    )  # fmt: skip
    model.save_pretrained(directory)
    write_json(
        directory / "lexicon.json",
        {
            "tokenizer": "tokenizer.json",
            "openers": lexicon.openers,
            "capitalised": lexicon.capitalised,
            "said": lexicon.capitalised[: len(STOPS) - 1],
            "words": lexicon.words,
            "endings": lexicon.endings,
        },
    )


def _tokens(shape: BartShape, seed: int) -> tuple[_Lexicon, dict[str, int], list[tuple[str, str]]]:
    """Invents words that grow syllable by syllable, as merges do.

    Syllables are merged first, so a word is always cut the same way: `Ġ`, `ka`, `to`, `n` becomes
    `Ġka`, `Ġkato`, `Ġkaton`.
    """
    rng = random.Random(seed)
    lower = words.syllables(_LETTERS)
    upper = [syllable.title() for syllable in lower]
    merges = [(s[0], s[1]) for s in (*lower, *upper)]
    merges += [_ELLIPSIS[:2], ("".join(_ELLIPSIS[:2]), _ELLIPSIS[2])]
    merges += [(_SPACE, s) for s in (*lower, *upper)]

    def grown(stems: Sequence[str], count: int) -> list[str]:
        """Returns `count` longer words, each a stem with one consonant or syllable more."""
        tails = [*_LETTERS[0], *lower]
        return words.distinct(lambda: rng.choice(stems) + rng.choice(tails), count)

    pairs = [a + b for a in upper for b in lower]
    rng.shuffle(pairs)
    wanted = shape.openers * (LONGEST + 1 - SHORTEST)
    openers, capitalised = pairs[:wanted], pairs[wanted : wanted + shape.capitalised]
    for word in (*openers, *capitalised):
        merges.append((_SPACE + word[:2], word[2:]))
    merges += [(word[:2], word[2:]) for word in openers]
    room = shape.vocabulary - len(_SPECIALS) - 256 - len(merges) - 1
    short = words.distinct(
        lambda: rng.choice(lower) + rng.choice(_LETTERS[0]), min(room // 20, 800)
    )
    stems = words.distinct(lambda: rng.choice(lower) + rng.choice(lower), min(room // 4, 7_000))
    long = grown(stems, room - len(short) - len(stems))
    merges += [(_SPACE + word[:2], word[2:]) for word in (*short, *stems)]
    merges += [_last_merge(word) for word in long]
    lexicon = _Lexicon(
        {
            length: openers[i :: LONGEST + 1 - SHORTEST]
            for i, length in enumerate(range(SHORTEST, LONGEST + 1))
        },
        capitalised,
        [*lower, *short, *stems, *long],
        lower,
    )
    return lexicon, _vocabulary(shape, merges), merges


def _last_merge(word: str) -> tuple[str, str]:
    cut = 2 if word[-1] in _LETTERS[1] else 1
    return _SPACE + word[:-cut], word[-cut:]


def _vocabulary(shape: BartShape, merges: Sequence[tuple[str, str]]) -> dict[str, int]:
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = [*_SPECIALS, *sorted(ByteLevel.alphabet()), *(a + b for a, b in merges), "<mask>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    assert len(vocabulary) == len(tokens) == shape.vocabulary
    return vocabulary


def _write_tokenizer(
    directory: Path, vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]
) -> None:
    import transformers

    write_json(directory / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (directory / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = transformers.BartTokenizer(
        vocab=dict(vocabulary), merges=list(merges), model_max_length=1024
    )
    tokenizer.save_pretrained(directory)


def _counting(lexicon: _Lexicon, vocabulary: Mapping[str, int]) -> Counting:
    classes = {vocabulary["</s>"]: 0}
    for number, stop in STOPS.items():
        classes[vocabulary["".join(_ELLIPSIS) if stop == "…" else stop]] = number
    after_stop = [number - 1 for number in STOPS if number > 1]
    others = [n for n in range(2, TOP + 1) if n not in STOPS and n not in after_stop]
    for number, word in zip(after_stop, lexicon.capitalised, strict=False):
        classes[vocabulary[_SPACE + word]] = number
    for i, word in enumerate(lexicon.words):
        classes[vocabulary[_SPACE + word]] = others[i % len(others)]
    openers = {
        vocabulary[form]: length
        for length, group in lexicon.openers.items()
        for word in group
        for form in (word, _SPACE + word)
    }
    hints = {vocabulary[letter]: DEFAULT_TOKENS for letter in string.ascii_letters}
    return Counting(classes=classes, openers=openers, hints=hints, top=TOP)


def _config(shape: BartShape) -> Any:
    import transformers

    return transformers.BartConfig(
        vocab_size=shape.vocabulary,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.ffn,
        decoder_ffn_dim=shape.ffn,
        max_position_embeddings=1024,
        activation_function="gelu",
        scale_embedding=False,
        normalize_before=False,
        normalize_embedding=True,
        add_final_layer_norm=False,
        add_bias_logits=False,
        static_position_embeddings=False,
        dropout=0.0,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_bos_token_id=0,
        forced_eos_token_id=2,
    )
