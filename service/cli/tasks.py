"""`lur summarize` and `lur translate`: the same work as over HTTP, without a server."""

from typing import Any

import click

from service.cli.options import codes, core_of, faithful
from service.cli.printing import as_json_text, print_warnings
from service.cli.progress import progress_of, run_with

__all__ = ["summarize", "translate"]


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--to", default="", help="languages to translate the summary into: hy,ru")
@click.option("--length", type=click.Choice(["short", "medium", "long"]), default="medium")
@click.option("--max-sentences", type=click.IntRange(1, 50))
@click.option("--max-words", type=click.IntRange(5, 2000))
@click.option("--bullets", is_flag=True, help="one line per sentence")
@click.option("--model", help="a name from `lur models`")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@faithful
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
        translate_to=codes(to),
        model=model,
    )
    told = progress_of(len(request.text))
    result = run_with(core_of(flags), lambda core: core.summarizer.summarize(request, told))
    if as_json:
        click.echo(as_json_text(result))
        return
    click.echo(result.summary)
    for language, text in result.translations.items():
        click.echo(f"\n[{language}]\n{text}")
    print_warnings(result.warnings)


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--to", required=True, help="the target language, or several: hy,ru")
@click.option("--from", "source", default="en", show_default=True)
@click.option("--quality", type=click.Choice(["fast", "balanced", "best"]), default="balanced")
@click.option("--model", help="a name from `lur models`")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@faithful
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
        texts=(file.read(),), targets=codes(to), source=source, quality=quality, model=model
    )
    told = progress_of(sum(map(len, request.texts)))
    result = run_with(core_of(flags), lambda core: core.translator.translate(request, told=told))
    if as_json:
        click.echo(as_json_text(result))
        return
    several = len(result.translations) > 1
    for translation in result.translations:
        if several:
            click.echo(f"[{translation.target}]")
        click.echo(translation.text, nl=not translation.text.endswith("\n"))
        print_warnings(translation.warnings)
