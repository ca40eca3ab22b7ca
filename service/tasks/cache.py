"""Remembers results, and lets equal requests share one computation.

A key must hold all that decides the result: the model, its revision, the options and the text. The
task asks here while it holds its lease, for only then it knows which model does the work (a route
may have fallen back on its spare).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from service.telemetry import metrics

__all__ = ["ResultCache", "together"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Shared:
    """A computation under way and how many wait for it."""

    task: "asyncio.Task[Any]"
    waiters: int = 0


class ResultCache:
    """Finished results, least recently used out first, and computations under way.

    Args:
        max_bytes: room for results, by the weight that `get` is told; 0 remembers nothing, yet
            equal computations are still shared.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0.0
        self._done: OrderedDict[Hashable, tuple[Any, float]] = OrderedDict()
        self._running: dict[Hashable, Shared] = {}

    async def get(
        self,
        key: Hashable,
        compute: Callable[[], Awaitable[T]],
        weigh: Callable[[T], float],
    ) -> T:
        """Returns the remembered result of `key`, or computes it.

        A result of infinite weight is not remembered. A computation is cancelled when the last
        who waits for it is. Its error reaches all who wait, and is not remembered.
        """
        if key in self._done:
            metrics.CACHE_LOOKUPS.labels("hit").inc()
            self._done.move_to_end(key)
            found: T = self._done[key][0]
            return found
        shared = self._running.get(key)
        if shared is None or shared.task.cancelling():
            metrics.CACHE_LOOKUPS.labels("miss").inc()
            shared = self._running[key] = Shared(
                asyncio.create_task(self._compute(key, compute, weigh))
            )
        else:
            metrics.CACHE_LOOKUPS.labels("shared").inc()
        shared.waiters += 1
        try:
            result: T = await asyncio.shield(shared.task)
            return result
        finally:
            shared.waiters -= 1
            if not shared.waiters:
                shared.task.cancel()

    async def _compute(
        self, key: Hashable, compute: Callable[[], Awaitable[T]], weigh: Callable[[T], float]
    ) -> T:
        task = asyncio.current_task()
        try:
            result = await compute()
            self._remember(key, result, weigh(result))
            return result
        finally:
            if (shared := self._running.get(key)) and shared.task is task:
                del self._running[key]

    def _remember(self, key: Hashable, result: object, weight: float) -> None:
        if weight > self._max_bytes:
            return
        if key in self._done:
            self._bytes -= self._done.pop(key)[1]
        self._done[key] = (result, weight)
        self._bytes += weight
        while self._bytes > self._max_bytes:
            _, (_, freed) = self._done.popitem(last=False)
            self._bytes -= freed


async def together(*works: Awaitable[T]) -> list[T]:
    """Awaits all and returns their results in order.

    At the first failure the others are cancelled; the failure itself is raised, not a group, when
    all of them have ended and so have let go of their leases.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
