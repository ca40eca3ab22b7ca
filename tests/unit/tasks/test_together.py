import asyncio

import pytest

from service.tasks.together import together
from tests.fakes import settle


class Work:
    """A computation that counts its calls, and waits until it is let go where it is told to."""

    def __init__(self, result: object = "r", *, held: bool = False) -> None:
        self.calls = 0
        self.cancelled = 0
        self.go = asyncio.Event()
        self._result = result
        if not held:
            self.go.set()

    async def __call__(self) -> object:
        self.calls += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


async def test_results_come_in_order() -> None:
    slow, fast = Work("slow", held=True), Work("fast")
    both = asyncio.create_task(together(slow(), fast()))
    await settle()
    slow.go.set()
    assert await both == ["slow", "fast"]
    assert await together() == []


async def test_a_failure_cancels_the_others_and_waits_for_their_end() -> None:
    ended: list[str] = []
    slow_end = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await slow_end.wait()
            ended.append("slow")

    both = asyncio.create_task(together(slow(), Work(ZeroDivisionError("x"))()))
    await settle()
    assert not both.done()
    slow_end.set()
    with pytest.raises(ZeroDivisionError):
        await both
    assert ended == ["slow"]


async def test_cancelling_it_cancels_all_and_waits_for_their_end() -> None:
    works = [Work(held=True) for _ in range(3)]
    all_of_them = asyncio.create_task(together(*(work() for work in works)))
    await settle()
    all_of_them.cancel()
    with pytest.raises(asyncio.CancelledError):
        await all_of_them
    assert [work.cancelled for work in works] == [1, 1, 1]


async def test_of_two_failures_the_first_is_raised() -> None:
    late, early = Work(KeyError("late"), held=True), Work(ZeroDivisionError("early"))
    with pytest.raises(ZeroDivisionError, match="early"):
        await together(late(), early())
