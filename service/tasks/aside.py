"""Work on text beside the event loop, where it takes long enough to be felt."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["SHORT_CHARACTERS", "aside"]

P = ParamSpec("P")
T = TypeVar("T")

SHORT_CHARACTERS = 1000
"""Cutting, tokenizing or checking so much takes a millisecond or two. To hand it to a thread and
back costs 0.1 ms on idle cores, and several where engines keep all of them busy."""


async def aside(characters: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` in a thread; here, where it is about no more than `SHORT_CHARACTERS`."""
    if characters <= SHORT_CHARACTERS:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
