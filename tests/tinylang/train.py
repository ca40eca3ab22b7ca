"""Trains the three tiny checkpoints: `python -m tests.tinylang.train [--out DIR] [--only NAME]`.

Seeded, and of fixed length: the same machine with the same number of threads gives the same
weights. A checkpoint is written beside its place and then put there by renaming.
"""

import argparse
import json
import logging
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    BartForConditionalGeneration,
    BartTokenizer,
    MarianMTModel,
    MarianTokenizer,
    PreTrainedModel,
)

from tests.tinylang import architectures, vocabularies
from tests.tinylang.cards import write_card
from tests.tinylang.grammar import articles, sentences

CHECKPOINTS = Path(__file__).parent / "checkpoints"
THREADS = 2
_IGNORED = -100

logger = logging.getLogger(__name__)

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training: texts of one length, and how many steps on them."""

    pairs: list[Pair]
    steps: int
    batch_tokens: int


def train(name: str, out: Path) -> None:
    """Train one checkpoint and put it at `out/name`, replacing what was there.

    Args:
        name: One of `NAMES`.
        out: The directory of the checkpoints.
    """
    torch.manual_seed(1)
    torch.set_num_threads(THREADS)
    started = time.perf_counter()
    work = out / f".{name}.tmp"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    model = NAMES[name](work)
    model.save_pretrained(work)
    _restore_old_keys(work)
    write_card(work, name, _size(model), time.perf_counter() - started)
    _publish(work, out / name)
    logger.info("%s: %.0f s, %d parameters", name, time.perf_counter() - started, _size(model))


def _restore_old_keys(directory: Path) -> None:
    """Put `forced_bos_token_id` into BART's config, as old repositories have; saving drops it."""
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if config["model_type"] == "bart":
        config["forced_bos_token_id"] = config["bos_token_id"]
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _publish(work: Path, place: Path) -> None:
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    for file in work.iterdir():
        file.chmod(0o644)
    work.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _size(model: PreTrainedModel) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _translator(code: str) -> Callable[[Path], MarianMTModel]:
    def build(directory: Path) -> MarianMTModel:
        triples = sentences(seed=11, count=60_000)
        english = [triple.en for triple in triples]
        foreign = [triple.hy if code == "hy" else triple.ru for triple in triples]
        vocabularies.write_marian(directory, english[:20_000], foreign[:20_000], code)
        tokenizer = MarianTokenizer.from_pretrained(directory)
        encoded = tokenizer(english, text_target=foreign)
        pairs = list(zip(encoded["input_ids"], encoded["labels"], strict=True))
        model = architectures.marian(len(tokenizer))
        _fit(model, [Stage(pairs, STEPS[code], 3_000)], peak=2e-3)
        return model

    return build


def _summarizer(directory: Path) -> BartForConditionalGeneration:
    plan = [(1, 3, STEPS["short"], 2_500), (2, 9, STEPS["long"], 4_000)]
    drawn = [
        articles(seed, 20_000, min_sentences=low, max_sentences=high)
        for seed, (low, high, _, _) in enumerate(plan, start=21)
    ]
    vocabularies.write_bart(directory, [article.text for article in drawn[1][:5_000]])
    tokenizer = BartTokenizer.from_pretrained(directory)
    stages = []
    for batch, (_, _, steps, tokens) in zip(drawn, plan, strict=True):
        # The service joins sentences with one space, whatever the paragraphs: train on that form.
        # (measure.py must do the same: " ".join(article.text.split()).)
        texts = tokenizer([" ".join(article.text.split()) for article in batch])["input_ids"]
        summaries = tokenizer([article.summary for article in batch])["input_ids"]
        stages.append(Stage(list(zip(texts, summaries, strict=True)), steps, tokens))
    model = architectures.bart(len(tokenizer))
    _fit(model, stages, peak=2e-3)
    return model


NAMES: dict[str, Callable[[Path], PreTrainedModel]] = {
    "opus-mt-tiny-en-hy": _translator("hy"),
    "opus-mt-tiny-en-ru": _translator("ru"),
    "bart-tiny-summarizer": _summarizer,
}
STEPS = {"hy": 1_500, "ru": 1_500, "short": 800, "long": 1_500}


def _fit(model: PreTrainedModel, stages: list[Stage], peak: float) -> None:
    """AdamW, a short rise to the learning rate `peak`, then a cosine fall to nothing."""
    total = sum(stage.steps for stage in stages)
    rise = 150
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * step / total)),
    )
    model.train()
    started, step, summed = time.perf_counter(), 0, 0.0
    for stage in stages:
        for sources, targets in _batches(stage, model.config.pad_token_id):
            loss = model(
                input_ids=sources,
                attention_mask=(sources != model.config.pad_token_id).long(),
                labels=targets,
            ).loss
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step, summed = step + 1, summed + loss.item()
            if step % 100 == 0:
                elapsed = time.perf_counter() - started
                logger.info("step %d/%d: loss %.4f, %.0f s", step, total, summed / 100, elapsed)
                summed = 0.0
    model.train(False)


def _batches(stage: Stage, pad: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Padded batches of pairs of similar length, `stage.steps` of them, in a seeded order."""
    rng = random.Random(stage.steps)
    made = 0
    while True:
        pairs = list(stage.pairs)
        rng.shuffle(pairs)
        for start in range(0, len(pairs), 2_000):
            window = sorted(pairs[start : start + 2_000], key=lambda pair: len(pair[0]))
            for batch in _cut(window, stage.batch_tokens, rng):
                if made == stage.steps:
                    return
                made += 1
                yield (
                    _padded([source for source, _ in batch], pad),
                    _padded([target for _, target in batch], _IGNORED),
                )


def _cut(window: list[Pair], tokens: int, rng: random.Random) -> list[list[Pair]]:
    """Batches of at most `tokens` padded tokens, shuffled; the window is sorted by length."""
    batches: list[list[Pair]] = [[]]
    for pair in window:
        if (len(batches[-1]) + 1) * (len(pair[0]) + len(pair[1])) > tokens:
            batches.append([])
        batches[-1].append(pair)
    rng.shuffle(batches)
    return batches


def _padded(rows: list[list[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def main() -> None:
    """Train what the command line names, or all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS)
    parser.add_argument("--only", choices=sorted(NAMES), action="append")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in arguments.only or NAMES:
        train(name, arguments.out)


if __name__ == "__main__":
    main()
