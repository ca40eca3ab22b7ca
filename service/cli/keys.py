"""`lur key`: a new key for somebody."""

from pathlib import Path

import click

from service.access import SCOPES, UnusableKeys, add_line, line_of, new_secret
from service.settings import SettingsError

__all__ = ["key"]


@click.command()
@click.argument("name")
@click.option(
    "--scopes", default="use", show_default=True, help=f"what it may do: {', '.join(SCOPES)}"
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="append its line to this file of keys",
)
def key(name: str, scopes: str, path: Path | None) -> None:
    """Make a key for NAME. It is shown once; the file holds only its hash.

    The first line of the output is the key. The second is the line for the file that
    LUR_API_KEYS_FILE names, unless --file has put it there.
    """
    secret = new_secret()
    try:
        line = line_of(name, [scope.strip() for scope in scopes.split(",")], secret)
        if path is not None:
            add_line(path, line)
    except UnusableKeys as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    click.echo(secret)
    if path is None:
        click.echo(line)
