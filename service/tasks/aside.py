"""Work on text beside the event loop, where it takes long enough to be felt."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["SHORT_CHARACTERS", "aside", "weight"]

P = ParamSpec("P")
T = TypeVar("T")

SHORT_CHARACTERS = 1000
"""Cutting, tokenizing or checking so much takes a millisecond or two. To hand it to a thread and
back costs 0.1 ms on idle cores, and several where engines keep all of them busy."""

SENTENCE_CHARACTERS = 40
"""What a sentence weighs at least, however short it is: each is tokenized and checked by itself."""


def weight(text: str) -> int:
    """Returns how many characters of ordinary text are as much work as this text."""
    sentences = len(text.splitlines()) + text.count(". ")
    return max(len(text), SENTENCE_CHARACTERS * sentences)


async def aside(characters: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` in a thread; here, where it is about no more than `SHORT_CHARACTERS`."""
    if characters <= SHORT_CHARACTERS:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
