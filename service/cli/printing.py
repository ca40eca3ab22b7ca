"""Results as people and programs read them."""

from typing import Any

import click
import msgspec

__all__ = ["as_json_text", "megabytes", "print_warnings"]


def as_json_text(result: object) -> str:
    """Returns it as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(result)).decode()


def print_warnings(warnings: Any) -> None:
    """Prints what not to believe unseen to standard error; what ships says so elsewhere."""
    for warning in warnings:
        value = f" ({warning.value})" if warning.value and warning.code != "bundled_model" else ""
        click.echo(f"warning: {warning.code}{value}: {warning.message}", err=True)


def megabytes(size_bytes: object) -> str:
    """Returns a size in bytes as people read it."""
    return f"{int(str(size_bytes)) / 1e6:.1f} MB"
