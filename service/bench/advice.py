"""What to choose on a machine, from what was measured on it. Pure functions: no clock, no machine.

Knows settings and profiles by name; not how anything was measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from service.bench.measure import Measured
from service.engines.base import Layout
from service.models.catalog import PROFILES, Profile

__all__ = ["Advice", "advise", "layouts"]

SAME: Final = 0.05
"""Throughputs this close are equal; then the layout that answers one text sooner is better."""

PROFILE_BYTES: Final[Mapping[Profile, int]] = {
    "standard": 1_100_000_000,
    "light": 600_000_000,
    "bundled": 320_000_000,
}
"""Memory with every model loaded, for profiles that are not on disk: one byte a parameter, 130 MB a
model to work in, the service itself (`docs/running.md`, "Sizing")."""

REQUESTS_A_PROCESS: Final = 300
"""Requests a second that one process's Python surely answers, about 2 ms of CPU each; only an
engine that is faster needs further processes."""

SENTENCES_AN_ARTICLE: Final = 20
"""Of a news article of 400 words."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to choose.

    Attributes:
        settings: environment variables and their values, of each process.
        replicas: processes that pay on this machine and fit into its memory.
        scaling: throughput of the chosen layout over that of one thread, by model.
        articles_per_minute: by model; to translate, of `SENTENCES_AN_ARTICLE` sentences.
        reasons: plain sentences for people.
    """

    settings: Mapping[str, str]
    replicas: int
    scaling: Mapping[str, float]
    articles_per_minute: Mapping[str, float]
    reasons: tuple[str, ...]


def layouts(cpus: int) -> list[Layout]:
    """Returns the layouts worth measuring: one thread alone, then all ways to use all CPUs.

    Threads a batch double from one up to all CPUs.
    """
    threads = [2**power for power in range(cpus.bit_length())]
    found = [Layout(1, 1), *(Layout(cpus // each, each) for each in threads)]
    return list(dict.fromkeys(found))


def advise(
    measured: Sequence[Measured],
    profiles: Mapping[Profile, Sequence[str]],
    memory_bytes: int | None,
) -> Advice:
    """Chooses layout, profile and replicas.

    Args:
        measured: every model in every layout, the layout of one thread among them.
        profiles: the models that each profile serves with.
        memory_bytes: what this process may take; None where it is not known.
    """
    models = list(dict.fromkeys(one.model for one in measured))
    by = {(one.model, Layout(one.workers, one.threads)): one for one in measured}
    best = _best_layout(models, by)
    chosen = {model: by[model, best] for model in models}
    scaling = {
        model: one.per_s.median / by[model, Layout()].per_s.median for model, one in chosen.items()
    }
    per_minute = {
        model: one.per_s.median * 60 / (1 if one.unit == "article" else SENTENCES_AN_ARTICLE)
        for model, one in chosen.items()
    }
    profile, room, why = _profile(chosen, profiles, memory_bytes)
    served = profiles[profile] if profile is not None else ()
    fastest = max((chosen[model].per_s.median for model in served if model in chosen), default=0.0)
    replicas = _replicas(best.workers, fastest, room)
    settings = {
        "LUR_WORKERS": str(best.workers // replicas),
        "LUR_THREADS": str(best.threads),
    }
    if profile is not None:
        settings["LUR_PROFILE"] = profile
    reasons = [
        _layout_reason(best, scaling),
        *_alone_reason(models, by, best),
        why,
        _replica_reason(replicas, _replicas(best.workers, fastest, best.workers), fastest),
    ]
    return Advice(settings, replicas, scaling, per_minute, tuple(reasons))


def _best_layout(models: Sequence[str], by: Mapping[tuple[str, Layout], Measured]) -> Layout:
    """The layout with the highest throughput over all models, each counting as much."""
    found = dict.fromkeys(layout for _, layout in by)
    speed = {
        layout: math.prod(by[m, layout].per_s.median for m in models) ** (1 / len(models))
        for layout in found
    }
    good = [layout for layout in found if speed[layout] >= (1 - SAME) * max(speed.values())]
    return min(good, key=lambda layout: _alone_ms(models, by, layout))


def _alone_ms(
    models: Sequence[str], by: Mapping[tuple[str, Layout], Measured], layout: Layout
) -> float:
    return math.prod(by[m, layout].alone_ms.median for m in models) ** (1 / len(models))


def _layout_reason(best: Layout, scaling: Mapping[str, float]) -> str:
    least = min(scaling.values())
    used = best.workers * best.threads
    reason = (
        f"{_batches(best)}: the most texts a second here, at least "
        f"{least:.1f} times what one thread does."
    )
    if used > 1 and least < 0.6 * used:
        reason += (
            f" That is little for {used} CPUs: they are shared, busy, or wait for the memory;"
            " a quieter machine or a second run tells which."
        )
    return reason


def _alone_reason(
    models: Sequence[str], by: Mapping[tuple[str, Layout], Measured], best: Layout
) -> list[str]:
    """Says what one user at a time would choose, where that is another layout by far."""
    soonest = min(
        dict.fromkeys(layout for _, layout in by), key=lambda each: _alone_ms(models, by, each)
    )
    ratio = _alone_ms(models, by, soonest) / _alone_ms(models, by, best)
    if ratio > 1 - 2 * SAME:
        return []
    return [
        f"For one request at a time {_batches(soonest)} answers in {ratio:.0%} of that time "
        f"(LUR_WORKERS={soonest.workers} LUR_THREADS={soonest.threads})."
    ]


def _batches(layout: Layout) -> str:
    batches = "one batch" if layout.workers == 1 else f"{layout.workers} batches at once"
    return f"{batches}, {layout.threads} thread{'s' * (layout.threads > 1)} each"


def _profile(
    chosen: Mapping[str, Measured],
    profiles: Mapping[Profile, Sequence[str]],
    memory_bytes: int | None,
) -> tuple[Profile | None, int, str]:
    """The best profile that fits into the memory, by measured figures where there are any.

    With it how often it fits, at least once, and the reason.
    """
    if memory_bytes is None:
        return None, 1, "The memory of this machine is not known: see Sizing in docs/running.md."
    for profile in PROFILES:
        needed, kind = _needed_bytes(profile, profiles[profile], chosen)
        if needed <= memory_bytes:
            why = (
                f"{profile} takes about {needed / 1e6:.0f} MB ({kind}) of the "
                f"{memory_bytes / 1e6:.0f} MB there are."
            )
            return profile, memory_bytes // needed, why
    return None, 1, f"No profile fits into {memory_bytes / 1e6:.0f} MB."


def _needed_bytes(
    profile: Profile, models: Sequence[str], chosen: Mapping[str, Measured]
) -> tuple[int, str]:
    known = [chosen[model] for model in models if model in chosen]
    parts = [one.memory_bytes for one in known if one.memory_bytes is not None]
    base = [one.process_bytes for one in known if one.process_bytes is not None]
    if len(parts) < len(models) or not base:
        return (
            PROFILE_BYTES[profile],
            "estimated, for not all of its models were measured; "
            f"`lur pull --profile {profile}` fetches them",
        )
    return sum(parts) + max(base), "measured"


def _replicas(workers: int, fastest: float, room: int) -> int:
    """The fewest processes that answer the most texts a second, the workers divided among them.

    Few are held up by their Python; of many each has the same number of workers, and the CPUs of
    those that are left over are idle.

    Args:
        fastest: texts a second of all workers together; 0 where it was not measured.
        room: so many fit into the memory.
    """

    def answered_per_s(replicas: int) -> float:
        busy = workers // replicas * replicas / workers
        return min(replicas * REQUESTS_A_PROCESS, fastest * busy)

    return max(range(1, min(workers, room) + 1), key=answered_per_s)


def _replica_reason(replicas: int, wanted: int, fastest: float) -> str:
    """`wanted`: so many would pay, had they the memory."""
    if wanted == 1:
        return (
            "One process: no figure says that several would do more, and each further one would "
            "hold the models once more."
        )
    why = f"{fastest:.0f} texts a second are more than the Python of one process surely answers"
    if replicas == 1:
        return f"One process, though {why}: there is no memory for another."
    lack = "" if replicas == wanted else f"; {wanted} would pay, but there is no memory for them"
    return f"{replicas} processes, with the workers divided among them: {why}{lack}."
