"""SentencePiece models and the joint vocabulary."""

import random

import pytest
import sentencepiece

from training.pieces import EOS, PAD, UNK, joint, lessened, own_pieces, train


@pytest.fixture(scope="module")
def model() -> bytes:
    rng = random.Random(1)
    words = ["город", "городской", "министр", "министерство", "вечер", "вечерний", "новый", "дом"]
    return train((" ".join(rng.choices(words, k=6)) for _ in range(400)), 60)


def test_training_ids_begin_with_the_end_and_the_unknown(model: bytes) -> None:
    assert own_pieces(model)[:2] == [EOS, UNK]
    cutter = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert cutter.decode(cutter.encode("новый дом")) == "новый дом"


def test_the_joint_vocabulary_is_laid_out_as_opus_mts() -> None:
    tokens = joint([UNK, "<s>", EOS, "▁the", "▁rare", "1"], [EOS, UNK, "▁дом", "1"], ["▁the", "1"])
    assert tokens == [EOS, UNK, "▁the", "1", "▁дом", PAD]


def test_a_lessened_model_keeps_the_likeliest_and_every_letter(model: bytes) -> None:
    small = lessened(model, 5)
    kept, whole = own_pieces(small), own_pieces(model)
    assert {p for p in whole if len(p) == 1} <= set(kept) < set(whole)
    cutter = sentencepiece.SentencePieceProcessor(model_proto=small)
    text = "городской министр"
    assert cutter.decode(cutter.encode(text)) == text
    assert own_pieces(lessened(model, 10_000)) == whole
