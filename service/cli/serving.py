"""`lur serve` and `lur demo`."""

import sys
from pathlib import Path

import click

from service.cli.options import all_flags, settings_of

__all__ = ["demo", "serve"]


@click.command()
@all_flags
def serve(**flags: object) -> None:
    """Serve HTTP until SIGTERM or Ctrl-C."""
    from service.server import run

    run(settings_of(flags))


@click.command()
@click.argument(
    "article", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def demo(article: Path | None, port: int) -> None:
    """Serve the bundled models, post an article, print what comes back, and go on serving."""
    from service.demo import SAMPLE, run
    from service.markup.encoding import decoded

    sys.exit(run(decoded((article or SAMPLE).read_bytes()).text, port))
