"""Held-out exact match: `python -m tests.tinylang.measure [--engine NAME] [--beam N] [--cards]`.

Generates with each checkpoint's own generation defaults, apart from the beams asked for.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import torch
from ctranslate2.converters import TransformersConverter
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerBase,
)

from tests.tinylang.cards import write_figures
from tests.tinylang.grammar import articles, sentences

CHECKPOINTS = Path(__file__).parent / "checkpoints"
ENGINES = ("transformers", "ctranslate2")
BEAMS = (1, 4)
SENTENCES, ARTICLES = 500, 100
HELD_OUT_SEED = 777
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the held-out texts came out letter for letter; `misses` are (want, got)."""

    engine: str
    beam: int
    total: int
    misses: list[tuple[str, str]]

    def __str__(self) -> str:
        exact = self.total - len(self.misses)
        return f"{self.engine}, beam {self.beam}: {exact}/{self.total} exact"


def held_out(name: str) -> list[tuple[str, str]]:
    """The pairs (text, expected) a checkpoint is measured on."""
    if name.startswith("bart"):
        found = articles(HELD_OUT_SEED, ARTICLES, held_out=True)
        return [(article.text, article.summary) for article in found]
    triples = sentences(HELD_OUT_SEED, SENTENCES, held_out=True)
    return [(triple.en, triple.hy if name.endswith("hy") else triple.ru) for triple in triples]


def measure(directory: Path, engine: str, beam: int) -> Score:
    """Generate for all held-out texts of a checkpoint and compare.

    Args:
        directory: The checkpoint.
        engine: One of `ENGINES`; ctranslate2 is converted on the spot, int8.
        beam: The number of beams.
    """
    pairs = held_out(directory.name)
    texts = [text for text, _ in pairs]
    if engine == "transformers":
        outputs = _with_transformers(directory, texts, beam)
    else:
        outputs = _with_ctranslate2(directory, texts, beam)
    wanted = [(expected, output) for (_, expected), output in zip(pairs, outputs, strict=True)]
    return Score(engine, beam, len(pairs), [(want, got) for want, got in wanted if want != got])


def _batches(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), _BATCH):
        yield texts[start : start + _BATCH]


def _with_transformers(directory: Path, texts: list[str], beam: int) -> list[str]:
    tokenizer: Any = AutoTokenizer.from_pretrained(directory)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(directory)
    options: dict[str, Any] = {"num_beams": beam}
    if beam == 1:
        options |= {"early_stopping": False, "length_penalty": 1.0}
    outputs: list[str] = []
    with torch.inference_mode():
        for batch in _batches(texts):
            encoded = tokenizer(batch, return_tensors="pt", padding=True)
            ids = model.generate(
                input_ids=encoded["input_ids"],
                attention_mask=encoded["attention_mask"],
                **options,
            )
            outputs += tokenizer.batch_decode(ids, skip_special_tokens=True)
    return outputs


def _with_ctranslate2(directory: Path, texts: list[str], beam: int) -> list[str]:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(directory)
    defaults = GenerationConfig.from_pretrained(directory)
    # With patience 1 CTranslate2 stops at `beam_size` finished hypotheses, even while a better one
    # is still being written; transformers does so only where `early_stopping` is set.
    patience = 1 if defaults.early_stopping or beam == 1 else 2
    with tempfile.TemporaryDirectory() as place:
        TransformersConverter(str(directory)).convert(place, quantization="int8", force=True)
        translator = ctranslate2.Translator(place, compute_type="int8", intra_threads=2)
        outputs: list[str] = []
        for batch in _batches(texts):
            tokens = [tokenizer.convert_ids_to_tokens(ids) for ids in tokenizer(batch)["input_ids"]]
            results = translator.translate_batch(
                tokens,
                beam_size=beam,
                patience=patience,
                length_penalty=defaults.length_penalty or 1.0,
                no_repeat_ngram_size=defaults.no_repeat_ngram_size or 0,
                min_decoding_length=defaults.min_length or 1,
                max_decoding_length=defaults.max_length,
            )
            for result in results:
                ids = tokenizer.convert_tokens_to_ids(result.hypotheses[0])
                outputs.append(str(tokenizer.decode(ids, skip_special_tokens=True)))
    return outputs


def main() -> None:
    """Print, and on request write into the cards, the figures of every checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    parser.add_argument("--only", action="append")
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--beam", type=int, action="append")
    parser.add_argument("--misses", type=int, default=3, help="how many misses to show")
    parser.add_argument("--cards", action="store_true", help="write the figures into the cards")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    for directory in sorted(arguments.checkpoints.glob("[!.]*")):
        if arguments.only and directory.name not in arguments.only:
            continue
        scores: list[Score] = []
        for engine in arguments.engine or ENGINES:
            for beam in arguments.beam or BEAMS:
                scores.append(measure(directory, engine, beam))
                print(f"{directory.name}: {scores[-1]}", flush=True)
                for want, got in scores[-1].misses[: arguments.misses]:
                    print(f"  want {want}\n  got  {got}")
        if arguments.cards:
            write_figures(directory, [str(score) for score in scores])


if __name__ == "__main__":
    main()
