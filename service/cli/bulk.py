"""`lur batch`: archives that are too large for HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.options import codes, core_of, faithful, targets_of
from service.cli.progress import clear_line, run_with, show_count

if TYPE_CHECKING:
    from service.bulk.run import Work
    from service.core import Core

__all__ = ["batch"]


@click.group()
def batch() -> None:
    """Work through a folder of .txt files, or a JSONL of `id` and `text`, into a JSONL.

    Each item is in the output once, as the service answers it or with its error. A job that was
    interrupted, in whatever way, goes on where it was when it is started again.
    """


def _job(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both jobs can be told."""
    path = click.Path(path_type=Path)
    for decorate in (
        click.option("--model", help="a name from `lur models`"),
        click.option(
            "--at-once",
            type=click.IntRange(1, 1024),
            default=16,
            show_default=True,
            help="items at work at a time; more fill batches better and take more memory",
        ),
        click.option(
            "--shard", default="0/1", help="INDEX/COUNT: do only this part, from 0/16 to 15/16"
        ),
        click.option("--out", type=path, required=True, help="the JSONL to write or to go on with"),
        click.argument("source", type=path),
    ):
        command = decorate(command)
    return faithful(command)


@batch.command("summarize")
@click.option("--to", default="", help="languages to translate the summaries into: hy,ru")
@click.option("--length", type=click.Choice(["short", "medium", "long"]), default="medium")
@_job
def batch_summarize(to: str, length: Any, model: str | None, **flags: Any) -> None:
    """Summarize every text of SOURCE."""
    from service.bulk.run import summarizing
    from service.tasks.summarize import SummaryRequest

    request = SummaryRequest("", length=length, translate_to=codes(to), model=model)
    options = {"task": "summarize", "to": codes(to), "length": length, "model": model}
    _run(lambda core: summarizing(core, request), options, **flags)


@batch.command("translate")
@click.option("--to", required=True, help="the target language, or several: hy,ru")
@click.option("--from", "language", default="en", show_default=True)
@click.option("--quality", type=click.Choice(["fast", "balanced", "best"]), default="balanced")
@_job
def batch_translate(to: str, language: str, quality: Any, model: str | None, **flags: Any) -> None:
    """Translate every text of SOURCE."""
    from service.bulk.run import translating
    from service.tasks.translate import TranslationRequest

    targets = targets_of(to)
    request = TranslationRequest((), targets, source=language, quality=quality, model=model)
    options = {"task": "translate", "to": targets, "from": language, "quality": quality}
    _run(lambda core: translating(core, request), {**options, "model": model}, **flags)


def _run(
    work: "Callable[[Core], Work]",
    options: dict[str, object],
    source: Path,
    out: Path,
    shard: str,
    at_once: int,
    **flags: object,
) -> None:
    from service.bulk.items import Shard, is_read, items
    from service.bulk.ledger import Ledger
    from service.bulk.run import run

    part = Shard.parse(shard)
    if is_read(source, out):
        raise click.UsageError(f"--out {out} is what is read: take another output")
    core = core_of(flags)
    doing = work(core)
    with Ledger(out, {**options, "shard": shard}) as ledger:
        before = len(ledger.done)
        count = run_with(
            core,
            lambda core: run(
                items(source),
                part,
                ledger,
                doing,
                at_once,
                lambda done: show_count(out.name, done, done),
            ),
        )
        clear_line()
        failed = f", {ledger.failed} of all with an error" if ledger.failed else ""
        click.echo(f"{out}: {count} done, {before} were there{failed}", err=True)
