"""Awaits several works as one."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

__all__ = ["together"]

T = TypeVar("T")


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
