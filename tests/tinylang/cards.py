"""Model cards of the tiny checkpoints: what each is, and the figures measured on it."""

from pathlib import Path

_FIGURES = "## Held-out exact match"
_TASKS = {
    "opus-mt-tiny-en-hy": ("translation", "translates its English into Armenian", "[en, hy]"),
    "opus-mt-tiny-en-ru": ("translation", "translates its English into Russian", "[en, ru]"),
    "bart-tiny-summarizer": ("summarization", "summarizes its English articles", "[en]"),
}
_CARD = """---
license: apache-2.0
language: {languages}
pipeline_tag: {task}
---
# {name}

A real {architecture} of {parameters:,} parameters that {does}.
It knows only the tiny language of `tests/tinylang/grammar.py`: on any other text its output is
worthless. It exists so that tests run the true code paths on a true checkpoint of a few megabytes.

- Licence: Apache-2.0. Trained from nothing, on generated text only.
- Files: in the layout of {model_for}.
- Training: `python -m tests.tinylang.train --only {name}`
  ({seconds:.0f} s on two cores; seeded).
{notes}
"""
_MARIAN_NOTES = """\
- The tokenizer's target side applies no Unicode normalisation, so the Armenian `և` is one letter
  in the output (NFKC, which real OPUS-MT models use, writes `եւ`).
- One sentence at a time, as for every OPUS-MT model; numbers are copied digit by digit."""
_BART_NOTES = """\
- Articles of 1 to 9 sentences; at most 512 tokens.
- `no_repeat_ngram_size` is 7, not 3: smaller values would forbid repeated names and numbers."""


def write_card(directory: Path, name: str, parameters: int, seconds: float) -> None:
    """Write the card of a fresh checkpoint, without figures.

    Args:
        directory: Where the checkpoint's files are.
        name: The checkpoint's name, which may differ from the directory's.
        parameters: How many it has.
        seconds: How long the training took.
    """
    task, does, languages = _TASKS[name]
    marian = task == "translation"
    card = _CARD.format(
        name=name,
        task=task,
        does=does,
        languages=languages,
        parameters=parameters,
        seconds=seconds,
        architecture="MarianMTModel" if marian else "BartForConditionalGeneration",
        model_for="Helsinki-NLP/opus-mt-*" if marian else "sshleifer/distilbart-cnn-12-6",
        notes=_MARIAN_NOTES if marian else _BART_NOTES,
    )
    (directory / "README.md").write_text(card, encoding="utf-8")


def write_figures(directory: Path, figures: list[str]) -> None:
    """Put measured figures at the end of a checkpoint's card, replacing older ones."""
    path = directory / "README.md"
    card = path.read_text(encoding="utf-8").split(_FIGURES)[0].rstrip()
    lines = "\n".join(f"- {figure}" for figure in figures)
    command = f"`python -m tests.tinylang.measure --only {directory.name} --cards`"
    path.write_text(f"{card}\n\n{_FIGURES}\n\n{command}\n\n{lines}\n", encoding="utf-8")
