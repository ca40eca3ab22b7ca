"""The reference engine: `transformers`, for what does not convert and to compare with.

Loads torch, so it needs the extra `convert`. Slower than CTranslate2 several times over.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

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

__all__ = ["TransformersEngine", "has_gpu"]


def has_gpu() -> bool:
    """Whether the library finds a GPU that it can use."""
    return bool(torch.cuda.is_available())


class TransformersEngine:
    """One checkpoint in the hub's layout, run by `transformers` in float32.

    Args:
        path: directory of the checkpoint; its weights are safetensors.
        description: what its configuration says.
        device: `cpu` or `cuda`.
        layout: torch has one pool of threads for the whole process, so one batch runs at a time on
            as many threads as the layout has altogether.
    """

    def __init__(
        self, path: Path, description: Description, *, device: str, layout: Layout = ALONE
    ) -> None:
        torch.set_num_threads(layout.workers * layout.threads)
        self.workers = 1
        self.description = description
        self._device = device
        self._tokenizer: Any = AutoTokenizer.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
        model: Any = AutoModelForSeq2SeqLM.from_pretrained(
            path,
            local_files_only=True,
            dtype=torch.float32,
            trust_remote_code=False,
            use_safetensors=True,  # a pickle is opened by the child that converts, or not at all
        )
        # `generate` fills what a call leaves open from here: the call alone must decide.
        model.generation_config = GenerationConfig()
        self._model = model.to(device).eval()
        self.memory_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
        # MarianTokenizer switches its `current_spm` on each call: not safe across threads.
        self._tokenizing = threading.Lock()

    def encode(self, text: str) -> list[str]:
        d = self.description
        own = d.tokenizer == "tokenizers" and d.architecture != "m2m_100"
        with self._tokenizing:
            ids = self._tokenizer(
                d.text_prefix + text, add_special_tokens=own, truncation=False, verbose=False
            ).input_ids
            pieces: list[str] = self._tokenizer.convert_ids_to_tokens(ids)
        return pieces if own else [*d.source_prefix, *pieces, *d.source_suffix]

    def generate(self, sources: Sequence[Sequence[str]], decoding: Decoding) -> list[Output]:
        check_sources(sources, self.description.max_source_tokens)
        ids, mask = self._pad([self._tokenizer.convert_tokens_to_ids(list(s)) for s in sources])
        start = self._start()
        with torch.inference_mode():
            result = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                decoder_input_ids=torch.tensor([start] * len(sources), device=self._device),
                generation_config=self._generation(decoding),
            )
            scores = self._model.compute_transition_scores(
                result.sequences,
                result.scores,
                getattr(result, "beam_indices", None),
                normalize_logits=decoding.beam_size == 1,
            )
            attention = (
                self._attention(ids, mask, result.sequences, len(start))
                if decoding.aligned
                else [None] * len(scores)
            )
        targets = result.sequences[:, len(start) :].tolist()
        found = [
            self._hypothesis(target, score, decoding, rows)
            for target, score, rows in zip(targets, scores.tolist(), attention, strict=True)
        ]
        n = decoding.hypotheses
        return [Output(tuple(found[i : i + n])) for i in range(0, len(found), n)]

    def _attention(
        self, ids: torch.Tensor, mask: torch.Tensor, sequences: torch.Tensor, start: int
    ) -> list[list[list[float]]]:
        """Reads the targets once more, for where the last layer's first head looks meanwhile."""
        count = len(sequences) // len(ids)
        chosen = self._model.config._attn_implementation
        self._model.set_attn_implementation("eager")  # the others keep no weights
        try:
            read = self._model(
                input_ids=ids.repeat_interleave(count, 0),
                attention_mask=mask.repeat_interleave(count, 0),
                decoder_input_ids=sequences[:, :-1],
                output_attentions=True,
            )
        finally:
            self._model.set_attn_implementation(chosen)
        found: list[list[list[float]]] = read.cross_attentions[-1][:, 0, start - 1 :].tolist()
        return found

    def _pad(self, sources: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        width = max(map(len, sources))
        pad = self._model.config.pad_token_id
        ids = [s + [pad] * (width - len(s)) for s in sources]
        mask = [[1] * len(s) + [0] * (width - len(s)) for s in sources]
        return torch.tensor(ids, device=self._device), torch.tensor(mask, device=self._device)

    def _start(self) -> list[int]:
        """The tokens the decoder begins with: its start token, then the forced prefix."""
        prefix = list(self.description.target_prefix)
        forced: list[int] = self._tokenizer.convert_tokens_to_ids(prefix) if prefix else []
        return [self._model.config.decoder_start_token_id, *forced]

    def _generation(self, decoding: Decoding) -> GenerationConfig:
        config = self._model.config
        unknown = self._tokenizer.unk_token_id
        return GenerationConfig(
            num_beams=decoding.beam_size,
            num_return_sequences=decoding.hypotheses,
            min_new_tokens=decoding.min_tokens or None,
            max_new_tokens=decoding.max_tokens,
            length_penalty=decoding.length_penalty,
            no_repeat_ngram_size=decoding.no_repeat_ngram_size,
            repetition_penalty=decoding.repetition_penalty,
            early_stopping=decoding.beam_size > 1 and decoding.patience <= 1,
            do_sample=False,
            suppress_tokens=sorted({unknown, config.pad_token_id} - {None}),
            decoder_start_token_id=config.decoder_start_token_id,
            eos_token_id=config.eos_token_id,
            pad_token_id=config.pad_token_id,
            return_dict_in_generate=True,
            output_scores=True,
        )

    def _hypothesis(
        self,
        ids: list[int],
        scores: list[float],
        decoding: Decoding,
        attention: list[list[float]] | None,
    ) -> Hypothesis:
        end = self._model.config.eos_token_id
        finished = end in ids
        length = ids.index(end) if finished else len(ids)
        counted = length + finished
        with self._tokenizing:
            text: str = self._tokenizer.decode(ids[:length], skip_special_tokens=True)
            pieces: list[str] = self._tokenizer.convert_ids_to_tokens(ids[:length])
        score = sum(scores[:counted]) / max(1, counted) ** decoding.length_penalty
        alignment = None if attention is None else Alignment.of(pieces, attention[:length])
        return Hypothesis(text.strip(), length, score, finished, alignment)

    def close(self) -> None:
        self._model = None
