"""`lur translate FILE -o OUT`: files that come back in another language, as files.

Knows what people type; which parts of a file are language is its format's business.
"""

from pathlib import Path
from typing import Any

import click

from service.answers import DocumentResponse
from service.cli.options import core_of
from service.cli.printing import as_json_text, print_warnings
from service.cli.progress import progress_of, run_with
from service.cli.remote import lur_of, patiently
from service.markup.formats import FORMATS, Format, format_of

__all__ = ["format_named", "one_of", "print_document", "translated_elsewhere", "translated_here"]


def format_named(given: str | None, name: str, output: str | None) -> Format:
    """Returns the format that is given or that the file's name says; else it is plain text.

    Raises:
        click.UsageError: there is nowhere to put what comes of it.
    """
    found = FORMATS[given] if given else format_of(name) or FORMATS["text"]  # type: ignore[index]
    if not found.shown and not output:
        raise click.UsageError(f"a {found.endings[0]} cannot be printed: name a file with -o")
    if output and not Path(output).parent.is_dir():
        raise click.UsageError(f"-o {output}: there is no such folder")
    return found


def one_of(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the targets, of which there is one.

    Raises:
        click.UsageError: there are several, or none.
    """
    if len(targets) != 1:
        raise click.UsageError("a file comes back in one language: name one with --to")
    return targets


def translated_here(
    flags: dict[str, object], data: bytes, found: Format, target: str, options: dict[str, Any]
) -> DocumentResponse:
    """Translates a file without a server."""
    from service.tasks.translate import TranslationRequest

    request = TranslationRequest((), (target,), **options)
    told = progress_of(len(data))
    document = run_with(
        core_of(flags), lambda core: core.documents.translate(request, data, found.name, told)
    )
    return DocumentResponse.of(document.data, "", found.media_type, document.result)


def translated_elsewhere(
    server: str,
    key: str | None,
    flags: dict[str, object],
    path: str,
    found: Format,
    target: str,
    options: dict[str, Any],
) -> DocumentResponse:
    """Lets a service translate a file.

    Raises:
        click.UsageError: there is no file but standard input.
    """
    if path == "-":
        raise click.UsageError("with --server a file needs a name; standard input has none")
    with lur_of(server, key, flags) as lur:
        return patiently(lambda: lur.translate_document(path, target, format=found.name, **options))


def print_document(answer: DocumentResponse, output: str | None, *, as_json: bool) -> None:
    """Writes the file, or prints it, or prints all that is known.

    Raises:
        click.ClickException: it cannot be written.
    """
    if output:
        try:
            Path(output).write_bytes(answer.file)
        except OSError as error:
            raise click.ClickException(f"{output}: {error.strerror}") from error
    if as_json:
        click.echo(as_json_text(answer))
        return
    if not output:
        click.echo(answer.file, nl=False)
    print_warnings(answer.translation.warnings)
