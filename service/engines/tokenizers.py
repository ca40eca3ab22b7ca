"""Text to source tokens and target tokens to text, for serving.

Reads only what the store put beside the weights: `source.spm` and `target.spm`, or
`tokenizer.json`. Thread-safe: nothing here changes after loading.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from service.engines.base import Description

__all__ = ["Tokenizer", "load_tokenizer", "pieces_of"]


class Tokenizer(Protocol):
    """Source text in, tokens out; target tokens in, text out."""

    def encode(self, text: str) -> list[str]:
        """Returns every token of `text`, special ones included; nothing is cut."""

    def decode(self, tokens: Sequence[str]) -> str:
        """Returns the text of target `tokens`, which hold no special ones but prefixes."""


def load_tokenizer(path: Path, description: Description) -> Tokenizer:
    """Loads the tokenizer that `description` names from the model directory `path`."""
    if description.tokenizer == "sentencepiece":
        return SentencePieceTokenizer(path, description)
    return JsonTokenizer(path, description)


def pieces_of(model: Path) -> frozenset[str]:
    """Returns every piece of a SentencePiece model, control tokens included."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(model))
    return frozenset(processor.id_to_piece(i) for i in range(processor.get_piece_size()))


class SentencePieceTokenizer:
    """Two SentencePiece models, one a side: Marian, M2M100."""

    def __init__(self, path: Path, description: Description) -> None:
        from sentencepiece import SentencePieceProcessor

        self._source = SentencePieceProcessor(model_file=str(path / "source.spm"))
        self._target = SentencePieceProcessor(model_file=str(path / "target.spm"))
        self._description = description

    def encode(self, text: str) -> list[str]:
        d = self._description
        pieces: list[str] = self._source.encode(d.text_prefix + text, out_type=str)
        return [*d.source_prefix, *pieces, *d.source_suffix]

    def decode(self, tokens: Sequence[str]) -> str:
        skipped = self._description.target_prefix
        text: str = self._target.decode_pieces([t for t in tokens if t not in skipped])
        return text.strip()


class JsonTokenizer:
    """A `tokenizer.json` of the `tokenizers` library: BART, T5, Pegasus, NLLB."""

    def __init__(self, path: Path, description: Description) -> None:
        from tokenizers import Tokenizer as Backend

        self._backend = Backend.from_file(str(path / "tokenizer.json"))
        # Files saved after training may carry the trainer's truncation: text would vanish.
        self._backend.no_truncation()
        self._backend.no_padding()
        self._description = description
        self._adds_its_own = description.architecture != "m2m_100"

    def encode(self, text: str) -> list[str]:
        d = self._description
        own = self._adds_its_own
        encoding = self._backend.encode(d.text_prefix + text, add_special_tokens=own)
        pieces: list[str] = encoding.tokens
        return pieces if own else [*d.source_prefix, *pieces, *d.source_suffix]

    def decode(self, tokens: Sequence[str]) -> str:
        ids = [self._backend.token_to_id(token) for token in tokens]
        text: str = self._backend.decode([i for i in ids if i is not None])
        return text.strip()
