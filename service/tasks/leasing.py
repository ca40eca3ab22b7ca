"""How a request comes by a model: as patiently as somebody follows it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from service.models.catalog import ModelSpec
from service.models.registry import Registry
from service.runner import Runner
from service.tasks.results import Stopwatch
from service.tasks.told import ModelAwaited, Told

__all__ = ["leased"]

ANSWER_S = 0.5
"""So long before its deadline a request gives up waiting, to say how far the model is."""


def leased(
    registry: Registry, specs: Sequence[ModelSpec], watch: Stopwatch, told: Told | None
) -> AbstractAsyncContextManager[Runner]:
    """Holds the first of `specs` that can be had; see `Registry.lease`.

    Who is told how far a model is waits until the deadline, others as long as any request does.
    """
    if told is None:
        return registry.lease(specs)
    return registry.lease(
        specs,
        wait_s=max(0.0, watch.left_s() - ANSWER_S),
        heard=lambda status: told(ModelAwaited(status)),
    )
