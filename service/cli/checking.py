"""`lur doctor`, `lur bench` and `lur typography`: what this installation has, can and does."""

import sys

import click

from service.cli.options import common, core_of, flags_of, typography_rules
from service.cli.printing import as_json_text
from service.cli.progress import clear_line, show_count

__all__ = ["bench", "doctor", "list_typography"]


@click.command("typography")
@flags_of("typography")
def list_typography(**flags: object) -> None:
    """List the typographic rules: + is on, - is off; LUR_TYPOGRAPHY changes them."""
    from service.text.typography import CLASSICAL, RULES

    chosen = typography_rules(flags)
    for rule in RULES.values():
        mark = "+" if chosen.applies(rule.name) else "-"
        click.echo(f"{mark} {rule.name:22} {rule.description}\n{'':25}{rule.source}")
    click.echo(f"{'+' if CLASSICAL in chosen.on else '-'} {CLASSICAL:22} leave the spelling alone")


@click.command()
@common
def doctor(**flags: object) -> None:
    """Say plainly what is missing, and what to do about it."""
    from service.doctor import examine

    findings = examine(core_of(flags))
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.good else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {finding.what}: {finding.message}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)


@click.command()
@click.option("--model", "names", multiple=True, help="a name from `lur models`; repeatable")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="time to measure in, loading not counted; slow models take longer",
)
@click.option("--json", "as_json", is_flag=True, help="figures and advice as one JSON object")
@common
def bench(names: tuple[str, ...], seconds: float, as_json: bool, **flags: object) -> None:
    """Measure the models at hand on this machine, and say what to choose."""
    from service.bench.run import bench as measure
    from service.bench.run import table

    found = measure(core_of(flags), names, seconds, show_count)
    clear_line()
    click.echo(as_json_text(found) if as_json else table(found))
