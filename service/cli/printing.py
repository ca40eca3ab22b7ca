"""Results as people and programs read them."""

from typing import Any

import click
import msgspec

from service.answers import SummarizeResponse, TranslateResponse

__all__ = ["as_json_text", "megabytes", "print_summary", "print_translation", "print_warnings"]


def as_json_text(result: object) -> str:
    """Returns it as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(result)).decode()


def print_summary(answer: SummarizeResponse) -> None:
    """Prints the summary, and below it the same in other languages."""
    click.echo(answer.summary)
    for language, text in answer.translations.items():
        click.echo(f"\n[{language}]\n{text}")
    print_warnings(answer.warnings)


def print_translation(answer: TranslateResponse) -> None:
    """Prints the translations; each below its language where there are several."""
    several = len(answer.translations) > 1
    for translation in answer.translations:
        if several:
            click.echo(f"[{translation.target}]")
        click.echo(translation.text, nl=not translation.text.endswith("\n"))
        print_warnings(translation.warnings)


def print_warnings(warnings: Any) -> None:
    """Prints what not to believe unseen to standard error; what ships says so elsewhere."""
    for warning in warnings:
        value = f" ({warning.value})" if warning.value and warning.code != "bundled_model" else ""
        click.echo(f"warning: {warning.code}{value}: {warning.message}", err=True)


def megabytes(size_bytes: object) -> str:
    """Returns a size in bytes as people read it."""
    return f"{int(str(size_bytes)) / 1e6:.1f} MB"
