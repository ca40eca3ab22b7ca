"""Knows the pieces of both languages: the new target's SentencePiece, and the joint vocabulary.

The joint vocabulary is laid out as OPUS-MT's are, `</s>` 0, `<unk>` 1, `<pad>` last, with the
pieces of the source between that the base model knows, then those of the target. Whatever reads an
OPUS-MT checkpoint reads this one; when the service converts it, the decoder keeps the pieces of
the target alone.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO

import sentencepiece

__all__ = ["EOS", "PAD", "UNK", "joint", "lessened", "own_pieces", "train"]

EOS, UNK, PAD = "</s>", "<unk>", "<pad>"
_NAMELESS = {EOS, UNK, "<s>"}


def train(texts: Iterable[str], size: int, normalization: str = "nmt_nfkc") -> bytes:
    """Returns a SentencePiece model with about `size` pieces, made from `texts`.

    Its ids are those that training uses: `</s>` 0, `<unk>` 1, then the pieces.

    Args:
        texts: of the target language.
        size: of the vocabulary; less where the texts do not give so many pieces.
        normalization: SentencePiece's name of it; `identity` for Armenian, as NFKC parts `և`.
    """
    model = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=size,
        hard_vocab_limit=False,
        character_coverage=0.9998,
        normalization_rule_name=normalization,
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        pad_id=-1,
        input_sentence_size=120_000,
        shuffle_input_sentence=True,
        minloglevel=2,
    )
    return model.getvalue()


def own_pieces(model: bytes) -> list[str]:
    """Returns the pieces of a SentencePiece model, by id."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def joint(source: Sequence[str], target: Sequence[str], known: Iterable[str]) -> list[str]:
    """Returns the joint vocabulary.

    Args:
        source: pieces of the source's SentencePiece model.
        target: pieces of the target's.
        known: the vocabulary of the base model; pieces of the source that it lacks stay out.
    """
    has = set(known)
    middle = dict.fromkeys(p for p in source if p in has and p not in _NAMELESS)
    middle |= dict.fromkeys(p for p in target if p not in _NAMELESS)
    middle.pop(PAD, None)
    return [EOS, UNK, *middle, PAD]


def lessened(model: bytes, size: int) -> bytes:
    """Returns a SentencePiece model of at most about `size` pieces: the likeliest, and all letters.

    What was one rare piece becomes two or three; the file of a model with a frozen encoder gets
    smaller by one row of embeddings for each piece that goes.
    """
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    normal = [p for p in proto.pieces if p.type == proto.SentencePiece.NORMAL]
    likeliest = sorted((p.score for p in normal if len(p.piece) > 1), reverse=True)
    least = likeliest[size - 1] if size <= len(likeliest) else float("-inf")
    kept = [
        p
        for p in proto.pieces
        if p.type != proto.SentencePiece.NORMAL or len(p.piece) == 1 or p.score >= least
    ]
    del proto.pieces[:]
    proto.pieces.extend(kept)
    return bytes(proto.SerializeToString())
