"""One run of `lur bench`: which models and layouts are measured, and how it is told.

Knows the order of the work and the look of the table; the figures and the advice come from beside.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.bench.advice import Advice, advise, layouts
from service.bench.measure import Figure, Measured, measure
from service.core import Core
from service.engines.base import ALONE, Layout
from service.errors import ModelUnavailable
from service.machine import memory_limit_bytes, usable_cpus
from service.models.catalog import PROFILES, ModelSpec
from service.models.catalog_file import load_catalog

__all__ = ["Bench", "bench", "table"]

Progress = Callable[[str, int, int], None]
"""Called with what is measured, how many measurements are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What was found.

    Attributes:
        missing: models of the profile that are not on disk, and so were not measured.
    """

    cpus: int
    memory_bytes: int | None
    measured: tuple[Measured, ...]
    missing: tuple[str, ...]
    advice: Advice


def bench(core: Core, names: Sequence[str], seconds: float, progress: Progress) -> Bench:
    """Measures models in every layout of this machine, in about so many seconds and the loading.

    Layouts take turns, so that a machine that gets busier does not blame one of them.

    Args:
        names: the models; none: those of the profile that are on disk, and the bundled ones
            where a route has no other.

    Raises:
        UnknownModel: the catalog has no such model.
        ModelUnavailable: a named model is not on disk.
        ServiceError: a model fails.
    """
    specs, missing = _chosen(core, names)
    cpus, memory = usable_cpus(), memory_limit_bytes()
    on_cpu = core.settings.device == "cpu"
    works = [(spec, layout) for layout in (layouts(cpus) if on_cpu else [ALONE]) for spec in specs]
    measured = []
    for done, (spec, layout) in enumerate(works):
        progress(f"{spec.name} {_layout(layout)}", done, len(works))
        measured.append(measure(core.settings, spec.name, layout, seconds / len(works)))
    profiles = {
        profile: [spec.name for spec in load_catalog(profile, core.settings.catalog).routed()]
        for profile in PROFILES
    }
    return Bench(cpus, memory, tuple(measured), missing, advise(measured, profiles, memory))


def _chosen(core: Core, names: Sequence[str]) -> tuple[list[ModelSpec], tuple[str, ...]]:
    if names:
        specs = [core.catalog.named(name) for name in dict.fromkeys(names)]
        if absent := [spec.name for spec in specs if core.store.locate(spec) is None]:
            raise ModelUnavailable(absent[0], f"not on disk; `lur pull {absent[0]}` fetches it")
        return specs, ()
    routed = core.catalog.routed()
    here = [spec for spec in routed if core.store.locate(spec) is not None]
    missing = tuple(spec.name for spec in routed if spec not in here)
    served = {spec.route for spec in here}
    here += [s for s in core.catalog.specs.values() if s.bundled and s.route not in served]
    return here, missing


def table(found: Bench) -> str:
    """Lays the figures out for people, the advice below."""
    rows = [("model", "workers x threads", "alone", "at once", "source tokens/s", "memory")]
    rows += [
        (
            one.model,
            _layout(Layout(one.workers, one.threads)),
            f"{_figure(one.alone_ms)} ms",
            f"{_figure(one.per_s)} {one.unit}s/s",
            _figure(one.tokens_per_s),
            "?" if one.memory_bytes is None else f"{one.memory_bytes / 1e6:.0f} MB",
        )
        for one in found.measured
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    memory = "?" if found.memory_bytes is None else f"{found.memory_bytes / 1e6:.0f}"
    advice = found.advice
    lines = [
        f"{found.cpus} usable CPUs, {memory} MB of memory",
        "",
        *lines,
        "",
        "Medians; half of the repetitions lie within ±. Not measured: HTTP, which adds a few"
        " milliseconds a request, and repairs of doubtful sentences.",
        *(f"Not on disk, so not measured: {name}" for name in found.missing),
        "",
        "Choose  " + " ".join(f"{name}={value}" for name, value in advice.settings.items()),
        f"Processes: {advice.replicas}" + ", each with these settings" * (advice.replicas > 1),
        *(f"- {reason}" for reason in advice.reasons),
        "Expect, in news articles a minute: "
        + ", ".join(f"{model} {per:.0f}" for model, per in advice.articles_per_minute.items()),
    ]
    return "\n".join(lines)


def _layout(layout: Layout) -> str:
    return f"{layout.workers} x {layout.threads}"


def _figure(figure: Figure) -> str:
    digits = 0 if figure.median >= 100 else 1 if figure.median >= 10 else 2
    spread = max(figure.high - figure.median, figure.median - figure.low)
    return f"{figure.median:.{digits}f} ±{spread:.{digits}f}"
