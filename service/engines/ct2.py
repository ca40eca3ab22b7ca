"""The default engine: CTranslate2, on a directory that the store published.

Knows the runtime library and nothing of where the directory came from.
"""

import ctypes
import logging
from collections.abc import Sequence
from pathlib import Path

import ctranslate2

from service.engines.base import (
    ALONE,
    Alignment,
    Decoding,
    Description,
    Hypothesis,
    Layout,
    Output,
    check_sources,
)
from service.engines.tokenizers import load_tokenizer

__all__ = ["CTranslate2Engine", "has_gpu"]

CUBLAS = "libcublas.so.12"
"""CTranslate2 4 loads it by this name when it first multiplies on a GPU. Its wheel has none, and
without it every batch fails."""

_log = logging.getLogger(__name__)


def has_gpu() -> bool:
    """Whether the library finds a GPU that it can use."""
    if not ctranslate2.get_cuda_device_count():
        return False
    try:
        ctypes.CDLL(CUBLAS)
    except OSError as error:
        _log.warning("gpu_unusable", extra={"reason": str(error)})
        return False
    return True


class CTranslate2Engine:
    """One model loaded by CTranslate2.

    Args:
        path: directory with `model.bin`, its vocabularies and its tokenizer files.
        description: what the manifest says of it.
        device: `cpu` or `cuda`; on the latter the fastest arithmetic it has is chosen.
        layout: batches at once and OpenMP threads of each.

    Raises:
        RuntimeError: the library cannot read the directory.
    """

    def __init__(
        self, path: Path, description: Description, *, device: str, layout: Layout = ALONE
    ) -> None:
        self.description = description
        self.memory_bytes = (path / "model.bin").stat().st_size
        self._tokenizer = load_tokenizer(path, description)
        self._translator = ctranslate2.Translator(
            str(path),
            device=device,
            compute_type="auto" if device == "cuda" else "default",
            inter_threads=layout.workers,
            intra_threads=layout.threads,
        )
        self.workers = layout.workers

    def encode(self, text: str) -> list[str]:
        return self._tokenizer.encode(text)

    def generate(self, sources: Sequence[Sequence[str]], decoding: Decoding) -> list[Output]:
        check_sources(sources, self.description.max_source_tokens)
        prefix = list(self.description.target_prefix)
        results = self._translator.translate_batch(
            [list(source) for source in sources],
            target_prefix=[prefix] * len(sources) if prefix else None,
            beam_size=decoding.beam_size,
            num_hypotheses=decoding.hypotheses,
            patience=decoding.patience if decoding.beam_size > 1 else 1,
            length_penalty=decoding.length_penalty,
            repetition_penalty=decoding.repetition_penalty,
            no_repeat_ngram_size=decoding.no_repeat_ngram_size,
            min_decoding_length=decoding.min_tokens + len(prefix),  # both count the prefix
            max_decoding_length=decoding.max_tokens + len(prefix),
            max_input_length=0,  # the library's default cuts at 1024 without a word
            disable_unk=True,  # as Marian itself decodes (`--allow-unk` is off by default)
            return_scores=True,
            return_end_token=True,
            return_attention=decoding.aligned,
        )
        return [
            Output(
                tuple(
                    self._hypothesis(tokens, score, decoding.length_penalty, attention)
                    for tokens, score, attention in zip(
                        result.hypotheses,
                        result.scores,
                        result.attention or [None] * len(result.scores),
                        strict=True,
                    )
                )
            )
            for result in results
        ]

    def _hypothesis(
        self,
        tokens: list[str],
        score: float,
        length_penalty: float,
        attention: list[list[float]] | None,
    ) -> Hypothesis:
        finished = not tokens or tokens[-1] == END  # an empty source is answered with nothing
        start = len(self.description.target_prefix)
        content = tokens[start : len(tokens) - finished]
        # The library's length counts the forced prefix, whose probability is 1.
        counted = max(1, len(tokens) - start)
        score *= ((counted + start) / counted) ** length_penalty
        alignment = None
        if attention is not None:
            alignment = Alignment.of(content, attention[start : start + len(content)])
        return Hypothesis(self._tokenizer.decode(content), len(content), score, finished, alignment)

    def close(self) -> None:
        self._translator.unload_model()


END = "</s>"
"""The end token of all five architectures."""
