"""Tokenizer files of the tiny checkpoints, in the hub's own layout.

Knows SentencePiece, byte-level BPE and the file names; knows no model.
"""

import json
import string
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

PRINTABLE_ASCII = "".join(chr(code) for code in range(0x21, 0x7F))
_SPM_SPECIALS = {"<unk>", "<s>", "</s>"}
_BART_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")


def write_marian(directory: Path, source: list[str], target: list[str], code: str) -> None:
    """Write `source.spm`, `target.spm`, the shared `vocab.json` and `tokenizer_config.json`.

    Ids are those of OPUS-MT: `</s>` 0, `<unk>` 1, `<pad>` last. The source normalisation is
    SentencePiece's default, NFKC; the target has none, since NFKC would split the Armenian `և`.

    Args:
        directory: Where to write.
        source: English sentences.
        target: Their translations.
        code: The target language, hy or ru.
    """
    english = _train_spm(source, PRINTABLE_ASCII, "nmt_nfkc")
    foreign = _train_spm(target, string.digits + string.punctuation, "identity")
    (directory / "source.spm").write_bytes(english)
    (directory / "target.spm").write_bytes(foreign)
    pieces = dict.fromkeys(["</s>", "<unk>", *_pieces(english), *_pieces(foreign), "<pad>"])
    _write_json(directory / "vocab.json", {piece: i for i, piece in enumerate(pieces)})
    _write_json(
        directory / "tokenizer_config.json",
        {
            "source_lang": "en",
            "target_lang": code,
            "model_max_length": 512,
            "tokenizer_class": "MarianTokenizer",
        },
    )


def _train_spm(texts: Iterable[str], required: str, normalization: str) -> bytes:
    model = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=900,
        hard_vocab_limit=False,
        character_coverage=1.0,
        required_chars=required,
        split_digits=True,
        byte_fallback=False,
        normalization_rule_name=normalization,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def _pieces(model: bytes) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    return [piece for piece in pieces if piece not in _SPM_SPECIALS]


def write_bart(directory: Path, texts: list[str]) -> None:
    """Write `vocab.json`, `merges.txt` and `tokenizer_config.json` of a byte-level BPE.

    The merges are learnt with every digit apart, so that a number is copied digit by digit.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        min_frequency=10,
        special_tokens=list(_BART_SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())["model"]
    vocabulary = dict(sorted(learnt["vocab"].items(), key=lambda item: int(item[1])))
    vocabulary["<mask>"] = len(vocabulary)
    _write_json(directory / "vocab.json", vocabulary)
    merges = [" ".join(pair) for pair in learnt["merges"]]
    (directory / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8"
    )
    _write_json(
        directory / "tokenizer_config.json",
        {"model_max_length": 512, "tokenizer_class": "BartTokenizer"},
    )


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
