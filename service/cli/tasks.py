"""`lur summarize` and `lur translate`: the same work as over HTTP, without a server or with one."""

from typing import Any

import click

from service.answers import SummarizeResponse, TranslateResponse
from service.cli.files import (
    format_named,
    one_of,
    print_document,
    translated_elsewhere,
    translated_here,
)
from service.cli.options import codes, core_of, faithful, targets_of
from service.cli.printing import as_json_text, print_summary, print_translation
from service.cli.progress import progress_of, run_with
from service.cli.remote import elsewhere, lur_of, summary_of, translation_of
from service.markup.encoding import decoded

__all__ = ["summarize", "translate"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--to", default="", help="languages to translate the summary into: hy,ru")
@click.option("--length", type=click.Choice(["short", "medium", "long"]), default="medium")
@click.option("--max-sentences", type=click.IntRange(1, 50))
@click.option("--max-words", type=click.IntRange(5, 2000))
@click.option("--bullets", is_flag=True, help="one line per sentence")
@click.option("--model", help="a name from `lur models`")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@elsewhere
@faithful
def summarize(
    file: str,
    to: str,
    length: Any,
    max_sentences: int | None,
    max_words: int | None,
    bullets: bool,
    model: str | None,
    as_json: bool,
    server: str | None,
    key: str | None,
    **flags: object,
) -> None:
    """Summarize FILE, or standard input where FILE is -."""
    options = {
        "length": length,
        "max_sentences": max_sentences,
        "max_words": max_words,
        "format": "bullets" if bullets else "paragraph",
        "translate_to": codes(to),
        "model": model,
    }
    text = decoded(_content(file)).text
    if server:
        with lur_of(server, key, flags) as lur:
            answer = summary_of(lur, text, options)
    else:
        answer = _summarized(flags, text, options)
    if as_json:
        click.echo(as_json_text(answer))
    else:
        print_summary(answer)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--to", required=True, help="the target language, or several: hy,ru")
@click.option("--from", "source", default="en", show_default=True)
@click.option("--quality", type=click.Choice(["fast", "balanced", "best"]), default="balanced")
@click.option("--model", help="a name from `lur models`")
@click.option(
    "--format",
    "given",
    type=click.Choice(["text", "html", "markdown", "srt", "docx"]),
    help="what FILE is, where the ending of its name does not say it",
)
@click.option("-o", "--output", help="the file to write; FILE's markup and layout are kept")
@click.option("--json", "as_json", is_flag=True, help="the whole answer, as the service gives it")
@elsewhere
@faithful
def translate(
    file: str,
    to: str,
    source: str,
    quality: Any,
    model: str | None,
    given: str | None,
    output: str | None,
    as_json: bool,
    server: str | None,
    key: str | None,
    **flags: object,
) -> None:
    """Translate FILE, or standard input where FILE is -.

    Of .html, .md, .srt and .docx only the words are translated, and into one language at a time; a
    .docx needs -o.
    """
    options = {"source": source, "quality": quality, "model": model}
    found, targets = format_named(given, file, output), targets_of(to)
    if found.name != "text" or output:
        [target] = one_of(targets)
        document = (
            translated_elsewhere(server, key, flags, file, found, target, options)
            if server
            else translated_here(flags, _content(file), found, target, options)
        )
        print_document(document, output, as_json=as_json)
        return
    text = decoded(_content(file)).text
    if server:
        with lur_of(server, key, flags) as lur:
            answer = translation_of(lur, text, targets, {**options, "segments": as_json})
    else:
        answer = _translated(flags, text, targets, options, segments=as_json)
    if as_json:
        click.echo(as_json_text(answer))
    else:
        print_translation(answer)


def _content(file: str) -> bytes:
    with click.open_file(file, "rb") as stream:
        content: bytes = stream.read()
    return content


def _summarized(flags: dict[str, object], text: str, options: Any) -> SummarizeResponse:
    from service.tasks.summarize import SummaryRequest

    request = SummaryRequest(text, **options)
    told = progress_of(len(text))
    result = run_with(core_of(flags), lambda core: core.summarizer.summarize(request, told))
    return SummarizeResponse.of(result)


def _translated(
    flags: dict[str, object], text: str, targets: tuple[str, ...], options: Any, *, segments: bool
) -> TranslateResponse:
    from service.tasks.translate import TranslationRequest

    request = TranslationRequest((text,), targets, **options)
    told = progress_of(len(text))
    result = run_with(core_of(flags), lambda core: core.translator.translate(request, told=told))
    return TranslateResponse.of(result, segments=segments)
