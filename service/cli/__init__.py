"""The command `lur`: the service, and the same work without it.

Knows what people type and what they read. Every command but `demo` works without a server. Each
module holds the commands of one subject; `options`, `progress` and `printing` are what they share.
"""

from typing import Any

import click

from service import __version__
from service.bulk.items import BulkError
from service.cli.bulk import batch
from service.cli.checking import bench, doctor, list_typography
from service.cli.evaluating import evaluate
from service.cli.keys import key
from service.cli.model_files import models, pull
from service.cli.serving import demo, serve
from service.cli.tasks import summarize, translate
from service.errors import ServiceError
from service.evaluate.inputs import EvaluationError
from service.models.catalog_file import CatalogError
from service.settings import SettingsError

__all__ = ["main"]


class Program(click.Group):
    """Turns our errors into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ServiceError, SettingsError, CatalogError, EvaluationError, BulkError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Program)
@click.version_option(__version__, prog_name="lur")
def main() -> None:
    """Summaries of English articles, and translations into Armenian and Russian."""


for command in (serve, demo, pull, models, summarize, translate, evaluate, list_typography):
    main.add_command(command)
for command in (key, doctor, bench, batch):
    main.add_command(command)
