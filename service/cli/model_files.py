"""`lur pull` and `lur models`."""

import json
import sys

import click

from service.answers import Model
from service.cli.options import common, core_of
from service.cli.printing import megabytes
from service.cli.progress import Bar
from service.cli.remote import elsewhere, lur_of
from service.core import Core
from service.errors import ServiceError

__all__ = ["models", "pull"]


@click.command()
@click.argument("names", nargs=-1)
@common
def pull(names: tuple[str, ...], **flags: object) -> None:
    """Fetch, convert and verify models: NAMES, or every model of the profile."""
    core = core_of(flags)
    specs = [core.catalog.named(name) for name in names] or core.catalog.routed()
    failed = []
    for spec in specs:
        with Bar(spec.name) as bar:
            try:
                files = core.store.ensure(spec, bar.show)
            except ServiceError as error:
                failed.append(error)
                continue
        click.echo(f"{spec.name}: {megabytes(files.bytes_on_disk)}, verified, in {files.path}")
    for failure in failed:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(1 if failed else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
@elsewhere
@common
def models(as_json: bool, server: str | None, key: str | None, **flags: object) -> None:
    """List the models: which serve what, and which are on disk; or in memory, with --server."""
    if server:
        with lur_of(server, key, flags) as lur:
            rows = [_row_elsewhere(model) for model in lur.models()]
    else:
        rows = _rows_here(core_of(flags))
    for row in rows:
        if as_json:
            click.echo(json.dumps(row))
        else:
            size = megabytes(row["bytes_on_disk"])
            click.echo(
                f"{row['name']:22} {row['serves']:10} {row['state']:8} {size:>9}  "
                f"{row['license']:12} {row['repository']}"
            )


def _rows_here(core: Core) -> list[dict[str, object]]:
    routes = {name: route for route, names in core.catalog.routes.items() for name in names}
    return [
        {
            "name": spec.name,
            "serves": routes.get(spec.name, ""),
            "state": "on_disk" if core.store.locate(spec) else "absent",
            "bytes_on_disk": core.store.bytes_on_disk(spec),
            "license": spec.license,
            "repository": spec.repository,
        }
        for spec in core.catalog.specs.values()
    ]


def _row_elsewhere(model: Model) -> dict[str, object]:
    """The same of a model of a service, which tells only of first choices what they serve."""
    route = f"{model.source}-{model.target}" if model.source else model.task
    return {
        "name": model.name,
        "serves": route if model.default else "",
        "state": model.state,
        "bytes_on_disk": model.bytes_on_disk,
        "license": model.license,
        "repository": model.repository,
    }
