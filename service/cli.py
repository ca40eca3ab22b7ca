"""The command `lur`: the service, and the same work without it.

Knows what people type and what they read. Every command but `demo` works without a server.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from service import __version__
from service.core import Core, build_core
from service.errors import ServiceError
from service.evaluate.inputs import EvaluationError
from service.models.catalog_file import CatalogError
from service.models.store import Progress
from service.settings import Settings, SettingsError
from service.telemetry.logs import configure_logs
from service.text.typography import Typography

if TYPE_CHECKING:
    from service.evaluate.show import Report

__all__ = ["main"]

T = TypeVar("T")
FOREVER_S = 7 * 24 * 3600.0
"""A command takes the time that its model and its repairs need; the hurried press Ctrl-C."""


class Program(click.Group):
    """Turns our errors into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ServiceError, SettingsError, CatalogError, EvaluationError) as error:
            raise click.ClickException(str(error)) from error


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds a flag for every setting; one that is not given leaves the environment's value."""
    for setting in reversed(Settings.explained()):
        shown = "" if setting.default in (None, (), "") else f" [default: {setting.default}]"
        option = click.option(
            setting.flag,
            setting.name,
            type=click.Choice(setting.choices) if setting.choices else str,
            default=None,
            help=setting.description.replace("`", "") + shown,
        )
        command = option(command)
    return command


def _settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the flags of some settings, for a command without a server."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for setting in [s for s in Settings.explained() if s.name in names]:
            help_text = setting.description.replace("`", "")
            command = click.option(setting.flag, setting.name, default=None, help=help_text)(
                command
            )
        return command

    return decorate


_common = _settings("profile", "model_cache", "catalog")
_faithful = _settings("profile", "model_cache", "catalog", "glossary", "typography", "repair_tries")


@click.group(cls=Program)
@click.version_option(__version__, prog_name="lur")
def main() -> None:
    """Summaries of English articles, and translations into Armenian and Russian."""


@main.command()
@_flags
def serve(**flags: object) -> None:
    """Serve HTTP until SIGTERM or Ctrl-C."""
    from service.server import run

    run(Settings.read(os.environ, **flags))


@main.command()
@click.argument("article", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--port", default=8000, show_default=True)
def demo(article: Path | None, port: int) -> None:
    """Serve the bundled models, post an article, print what comes back, and go on serving."""
    from service.demo import run

    sys.exit(run(article, port))


@main.command()
@click.argument("names", nargs=-1)
@_common
def pull(names: tuple[str, ...], **flags: object) -> None:
    """Fetch, convert and verify models: NAMES, or every model of the profile."""
    core = _core(flags)
    specs = [core.catalog.named(name) for name in names] or core.catalog.routed()
    failed = []
    for spec in specs:
        with _Bar(spec.name) as bar:
            try:
                files = core.store.ensure(spec, bar.show)
            except ServiceError as error:
                failed.append(error)
                continue
        click.echo(f"{spec.name}: {_size(files.bytes_on_disk)}, verified, in {files.path}")
    for failure in failed:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(1 if failed else 0)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
@_common
def models(as_json: bool, **flags: object) -> None:
    """List the models: which serve what, and which are on disk."""
    core = _core(flags)
    routes = {name: route for route, names in core.catalog.routes.items() for name in names}
    for spec in core.catalog.specs.values():
        row = {
            "name": spec.name,
            "serves": routes.get(spec.name, ""),
            "state": "on_disk" if core.store.locate(spec) else "absent",
            "bytes_on_disk": core.store.bytes_on_disk(spec),
            "license": spec.license,
            "repository": spec.repository,
        }
        if as_json:
            click.echo(json.dumps(row))
        else:
            size = _size(row["bytes_on_disk"])
            click.echo(
                f"{row['name']:22} {row['serves']:10} {row['state']:8} {size:>9}  "
                f"{row['license']:12} {row['repository']}"
            )


@main.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--to", default="", help="languages to translate the summary into: hy,ru")
@click.option("--length", type=click.Choice(["short", "medium", "long"]), default="medium")
@click.option("--max-sentences", type=click.IntRange(1, 50))
@click.option("--max-words", type=click.IntRange(5, 2000))
@click.option("--bullets", is_flag=True, help="one line per sentence")
@click.option("--model", help="a name from `lur models`")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@_faithful
def summarize(
    file: Any,
    to: str,
    length: Any,
    max_sentences: int | None,
    max_words: int | None,
    bullets: bool,
    model: str | None,
    as_json: bool,
    **flags: object,
) -> None:
    """Summarize FILE, or standard input where FILE is -."""
    from service.tasks.summarize import SummaryRequest

    request = SummaryRequest(
        text=file.read(),
        length=length,
        max_sentences=max_sentences,
        max_words=max_words,
        format="bullets" if bullets else "paragraph",
        translate_to=_codes(to),
        model=model,
    )
    result = _run(_core(flags), lambda core: core.summarizer.summarize(request))
    if as_json:
        click.echo(_json(result))
        return
    click.echo(result.summary)
    for language, text in result.translations.items():
        click.echo(f"\n[{language}]\n{text}")
    _warn(result.warnings)


@main.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--to", required=True, help="the target language, or several: hy,ru")
@click.option("--from", "source", default="en", show_default=True)
@click.option("--quality", type=click.Choice(["fast", "balanced", "best"]), default="balanced")
@click.option("--model", help="a name from `lur models`")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@_faithful
def translate(
    file: Any,
    to: str,
    source: str,
    quality: Any,
    model: str | None,
    as_json: bool,
    **flags: object,
) -> None:
    """Translate FILE, or standard input where FILE is -."""
    from service.tasks.translate import TranslationRequest

    request = TranslationRequest(
        texts=(file.read(),), targets=_codes(to), source=source, quality=quality, model=model
    )
    result = _run(_core(flags), lambda core: core.translator.translate(request))
    if as_json:
        click.echo(_json(result))
        return
    several = len(result.translations) > 1
    for translation in result.translations:
        if several:
            click.echo(f"[{translation.target}]")
        click.echo(translation.text, nl=not translation.text.endswith("\n"))
        _warn(translation.warnings)


@main.group("eval")
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
    return _faithful(command)


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
    rules = _typography(flags)
    systems = [translation.by_file(corpus, path, rules) for path in files]
    if models := names or (() if files else (None,)):
        systems += _run(
            _core(flags), lambda core: running.translate(core, corpus, models, quality, _count)
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
        systems += _run(
            _core(flags), lambda core: running.summarize(core, data, rows, models, _count)
        )
    reports = [summaries.evaluate(rows, system, scorer) for system in systems]
    _report(reports, summary_table(reports), as_json, show, seed, examples)


def _typography(flags: dict[str, object]) -> Typography:
    """The rules that translations are served with."""
    try:
        return Typography.of(Settings.read(os.environ, **flags).typography)
    except ValueError as error:
        raise SettingsError(str(error)) from error


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
        click.echo(_json(reports[0].as_json()))
    else:
        for report in reports:
            click.echo(json.dumps({"system": report.system, **report.as_json()}))
    for report in reports:
        for line in examples_to_read(report, show, seed):
            click.echo(line, err=as_json)


def _count(name: str, done: int, total: int) -> None:
    """Shows on a terminal how far an evaluation is."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[2K{name}: {done}/{total}", err=True, nl=False)


@main.command("typography")
@_settings("typography")
def list_typography(**flags: object) -> None:
    """List the typographic rules: + is on, - is off; LUR_TYPOGRAPHY changes them."""
    from service.text.typography import CLASSICAL, RULES

    chosen = _typography(flags)
    for rule in RULES.values():
        mark = "+" if chosen.applies(rule.name) else "-"
        click.echo(f"{mark} {rule.name:22} {rule.description}\n{'':25}{rule.source}")
    click.echo(f"{'+' if CLASSICAL in chosen.on else '-'} {CLASSICAL:22} leave the spelling alone")


@main.command()
@_common
def doctor(**flags: object) -> None:
    """Say plainly what is missing, and what to do about it."""
    from service.doctor import examine

    findings = examine(_core(flags))
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.good else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {finding.what}: {finding.message}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)


def _core(flags: dict[str, object]) -> Core:
    configure_logs("warning")
    return build_core(
        Settings.read(os.environ, load_wait_s=FOREVER_S, deadline_s=FOREVER_S, **flags)
    )


def _run(core: Core, ask: Callable[[Core], Coroutine[Any, Any, T]]) -> T:
    """Asks the core, and shows how far the models are while it waits for them."""

    async def run() -> T:
        async with core.running():
            watching = asyncio.create_task(_watch(core))
            try:
                return await ask(core)
            finally:
                watching.cancel()
                if sys.stderr.isatty():
                    click.echo("\r\x1b[2K", err=True, nl=False)

    return asyncio.run(run())


async def _watch(core: Core) -> None:
    """Keeps one line on a terminal; nothing where standard error is no terminal."""
    shown = ""
    while sys.stderr.isatty():
        busy = [
            f"{status.spec.name}: {status.state}"
            + (f" {status.progress:.0%}" if status.progress is not None else "")
            for status in map(core.registry.status, core.catalog.specs.values())
            if status.state in ("downloading", "converting", "loading")
        ]
        line = ", ".join(busy)
        if line != shown:
            click.echo(f"\r\x1b[2K{line}", err=True, nl=False)
            shown = line
        await asyncio.sleep(0.2)


class _Bar:
    """A progress bar that follows the store: one for the download, one for the conversion."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._state = ""
        self._bar: Any = None

    def __enter__(self) -> "_Bar":
        return self

    def show(self, progress: Progress) -> None:
        label = f"{self._name}: {progress.state}"
        if progress.state != self._state:
            self._finish()
            self._state = progress.state
            if not progress.total_bytes:
                click.echo(label, err=True)
        if self._bar is None and progress.total_bytes:  # the size may be known only later
            self._bar = click.progressbar(
                length=progress.total_bytes, label=label, file=sys.stderr, update_min_steps=1
            )
            self._bar.__enter__()
        if self._bar is not None and progress.total_bytes:
            self._bar.update(progress.done_bytes - self._bar.pos)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar = None

    def __exit__(self, *_: object) -> None:
        self._finish()


def _codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code.strip() for code in text.split(",") if code.strip()))


def _json(result: object) -> str:
    return msgspec.json.format(msgspec.json.encode(result)).decode()


def _warn(warnings: Any) -> None:
    for warning in warnings:
        value = f" ({warning.value})" if warning.value and warning.code != "bundled_model" else ""
        click.echo(f"warning: {warning.code}{value}: {warning.message}", err=True)


def _size(size_bytes: object) -> str:
    return f"{int(str(size_bytes)) / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
