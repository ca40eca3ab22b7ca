"""Lays reports out for people: a table with a column for each system, and examples to read.

Knows what reports hold; nothing of how it was found.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from service.evaluate.doubts import sample
from service.evaluate.summaries import SummaryReport
from service.evaluate.translation import TranslationReport

__all__ = ["Report", "examples_to_read", "summary_table", "translation_table", "write_examples"]

Report = TranslationReport | SummaryReport
Rows = list[tuple[str, Sequence[str]]]

MAX_SOURCE_CHARACTERS: Final = 1000
"""A whole article would push its sentence off the screen."""


def translation_table(reports: Sequence[TranslationReport]) -> str:
    """Returns the table; without references it has no scores."""
    first = reports[0]
    rows: Rows = []
    if first.raw.bleu is not None:
        rows = [
            ("BLEU", [f"{report.raw.bleu:.1f}" for report in reports]),
            ("chrF++", [f"{report.raw.chrf:.1f}" for report in reports]),
            ("after typography: BLEU", [f"{report.final.bleu:.1f}" for report in reports]),
            ("after typography: chrF++", [f"{report.final.chrf:.1f}" for report in reports]),
            ("", []),
        ]
    rows.append(("sentences with", []))
    rows += _shares([report.checks for report in reports])
    rows.append(("  any of these", [_percent(report.any_check) for report in reports]))
    title = f"{first.sentences} sentences, {'→'.join(first.languages)}"
    return _table(title, [report.system for report in reports], rows)


def summary_table(reports: Sequence[SummaryReport]) -> str:
    """Returns the table."""
    measures = (("rouge1", "ROUGE-1"), ("rouge2", "ROUGE-2"), ("rougeL", "ROUGE-L"))
    rows: Rows = [
        (title, [f"{report.rouge[name]:.1f}" for report in reports]) for name, title in measures
    ]
    rows.append(("words", [f"{report.words:.1f}" for report in reports]))
    rows += [("", []), ("sentences with", [])]
    rows += _shares([report.checks for report in reports])
    return _table(f"{reports[0].articles} articles", [report.system for report in reports], rows)


def examples_to_read(report: Report, count: int, seed: int) -> Iterator[str]:
    """Gives the lines to print for at most `count` examples, chosen by `seed`."""
    chosen = sample(report.examples, count, seed)
    if chosen:
        yield f"\n{report.system}: {len(chosen)} of {len(report.examples)} sentences with doubts"
    for example in chosen:
        yield f"\nline {example.line}"
        yield f"  source     {_short(example.source)}"
        yield f"  output     {example.output}"
        if example.reference is not None:
            yield f"  reference  {example.reference}"
        for finding in example.findings:
            yield f"  {finding.code} ({finding.value}): {finding.message}"


def write_examples(path: Path, reports: Iterable[Report]) -> None:
    """Writes every example of every report to a file, one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for report in reports:
            for example in report.examples:
                row = {"system": report.system, **example.as_json()}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _shares(checks: Sequence[Mapping[str, float]]) -> Rows:
    return [(f"  {code}", [_percent(column[code]) for column in checks]) for code in checks[0]]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _table(title: str, names: Sequence[str], rows: Rows) -> str:
    wide = max(len(text) for text, _ in [(title, names), *rows])
    widths = [max(len(name), 8) for name in names]
    lines = []
    for text, cells in [(title, names), *rows]:
        pairs = zip(cells, widths, strict=False)  # a heading has no cells
        lines.append(
            "  ".join([text.ljust(wide), *(cell.rjust(width) for cell, width in pairs)]).rstrip()
        )
    return "\n".join(lines)


def _short(text: str) -> str:
    """Returns it on one line, cut where it is long."""
    line = " ".join(text.split())
    if len(line) <= MAX_SOURCE_CHARACTERS:
        return line
    return line[:MAX_SOURCE_CHARACTERS] + " …"
