"""`lur eval`: scores, and what the checks doubt."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.options import core_of, faithful, typography_rules
from service.cli.printing import as_json_text
from service.cli.progress import run_with, show_count
from service.evaluate.inputs import EvaluationError

if TYPE_CHECKING:
    from service.evaluate.show import Report


__all__ = ["evaluate"]


@click.group("eval")
def evaluate() -> None:
    """Score translations and summaries, and count what the checks doubt in them."""


def _writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Finds out that a file cannot be written before the models have worked for it."""
    try:
        if path is not None:
            path.open("a").close()
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror}") from error
    return path


def _evaluation(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both evaluations can be told; where no system is named, what serves users works."""
    path = click.Path(path_type=Path)
    for option in (
        click.option(
            "--examples",
            type=path,
            callback=_writable,
            help="write all doubtful sentences to this JSONL",
        ),
        click.option("--seed", default=0, show_default=True, help="chooses what --show shows"),
        click.option("--show", type=click.IntRange(0), default=0, help="print so many of them"),
        click.option("--json", "as_json", is_flag=True, help="one JSON object for each system"),
        click.option(
            "--model", "names", multiple=True, help="a name from `lur models`; repeatable"
        ),
        click.option(
            "--system-output", "files", type=path, multiple=True, help="its outputs; repeatable"
        ),
    ):
        command = option(command)
    return faithful(command)


@evaluate.command("translate")
@click.option(
    "--source", type=click.Path(path_type=Path), required=True, help="one sentence a line"
)
@click.option("--target", required=True, help="the language of the translations")
@click.option("--from", "language", default="en", show_default=True)
@click.option("--reference", type=click.Path(path_type=Path), help="good translations, one a line")
@click.option("--quality", type=click.Choice(["fast", "balanced", "best"]), default="balanced")
@_evaluation
def evaluate_translations(
    source: Path,
    target: str,
    language: str,
    reference: Path | None,
    quality: Any,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    as_json: bool,
    show: int,
    seed: int,
    examples: Path | None,
    **flags: object,
) -> None:
    """Evaluate systems on a text of one's own, one column for each of them."""
    from service.evaluate import running, translation
    from service.evaluate.scores import TranslationScorer
    from service.evaluate.show import translation_table

    corpus = translation.read_corpus(source, reference, (language, target))
    scorer = TranslationScorer() if reference else None
    rules = typography_rules(flags)
    systems = [translation.by_file(corpus, path, rules) for path in files]
    if models := names or (() if files else (None,)):
        systems += run_with(
            core_of(flags),
            lambda core: running.translate(core, corpus, models, quality, show_count),
        )
    reports = [translation.evaluate(corpus, system, scorer) for system in systems]
    _report(reports, translation_table(reports), as_json, show, seed, examples)


@evaluate.command("summarize")
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="JSONL of article and summary"
)
@_evaluation
def evaluate_summaries(
    data: Path,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    as_json: bool,
    show: int,
    seed: int,
    examples: Path | None,
    **flags: object,
) -> None:
    """Evaluate systems on one's own articles, one column for each of them."""
    from service.evaluate import running, summaries
    from service.evaluate.inputs import read_rows
    from service.evaluate.scores import SummaryScorer
    from service.evaluate.show import summary_table

    rows, scorer = read_rows(data), SummaryScorer()
    systems = [summaries.by_file(data, rows, path) for path in files]
    if models := names or (() if files else (None,)):
        systems += run_with(
            core_of(flags), lambda core: running.summarize(core, data, rows, models, show_count)
        )
    reports = [summaries.evaluate(rows, system, scorer) for system in systems]
    _report(reports, summary_table(reports), as_json, show, seed, examples)


def _report(
    reports: Sequence["Report"],
    table: str,
    as_json: bool,
    show: int,
    seed: int,
    examples: Path | None,
) -> None:
    """Prints one object, or one a line for several systems; or the table; then the examples."""
    from service.evaluate.show import examples_to_read, write_examples

    if examples is not None:
        write_examples(examples, reports)
    if not as_json:
        click.echo(table)
    elif len(reports) == 1:
        click.echo(as_json_text(reports[0].as_json()))
    else:
        for report in reports:
            click.echo(json.dumps({"system": report.system, **report.as_json()}))
    for report in reports:
        for line in examples_to_read(report, show, seed):
            click.echo(line, err=as_json)
