"""`lur pull` and `lur models`."""

import json
import sys

import click

from service.cli.options import common, core_of
from service.cli.printing import megabytes
from service.cli.progress import Bar
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
@common
def models(as_json: bool, **flags: object) -> None:
    """List the models: which serve what, and which are on disk."""
    core = core_of(flags)
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
            size = megabytes(row["bytes_on_disk"])
            click.echo(
                f"{row['name']:22} {row['serves']:10} {row['state']:8} {size:>9}  "
                f"{row['license']:12} {row['repository']}"
            )
