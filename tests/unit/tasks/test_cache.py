import asyncio

import pytest
from prometheus_client import REGISTRY

from service.tasks.cache import ResultCache, together
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


async def get(cache: ResultCache, key: str, work: Work, weight: int = 1) -> object:
    return await cache.get(key, work, lambda result: weight)


def lookups(outcome: str) -> float:
    return REGISTRY.get_sample_value("lur_result_cache_lookups_total", {"outcome": outcome}) or 0.0


class TestSharing:
    async def test_equal_requests_at_once_compute_once(self) -> None:
        cache, work = ResultCache(0), Work(held=True)
        waiters = [asyncio.create_task(get(cache, "k", work)) for _ in range(10)]
        await settle()
        work.go.set()
        assert await asyncio.gather(*waiters) == ["r"] * 10
        assert work.calls == 1

    async def test_different_keys_share_nothing(self) -> None:
        cache, one, two = ResultCache(100), Work("1"), Work("2")
        assert await asyncio.gather(get(cache, "a", one), get(cache, "b", two)) == ["1", "2"]

    async def test_a_waiter_that_leaves_does_not_disturb_the_others(self) -> None:
        cache, work = ResultCache(0), Work(held=True)
        first, second = (asyncio.create_task(get(cache, "k", work)) for _ in range(2))
        await settle()
        first.cancel()
        await settle()
        assert work.cancelled == 0
        work.go.set()
        assert await second == "r"
        assert first.cancelled()

    async def test_the_last_waiter_that_leaves_cancels_the_computation(self) -> None:
        cache, work = ResultCache(100), Work(held=True)
        waiters = [asyncio.create_task(get(cache, "k", work)) for _ in range(2)]
        await settle()
        for waiter in waiters:
            waiter.cancel()
        await settle()
        assert work.cancelled == 1

    async def test_whoever_comes_after_a_cancelled_computation_computes_anew(self) -> None:
        cache, doomed, work = ResultCache(100), Work(held=True), Work("new", held=True)
        waiter = asyncio.create_task(get(cache, "k", doomed))
        await settle()
        waiter.cancel()
        await asyncio.sleep(0)  # its computation is cancelled, and has not ended yet
        newcomers = [asyncio.create_task(get(cache, "k", work)) for _ in range(2)]
        await settle()
        work.go.set()
        assert await asyncio.gather(*newcomers) == ["new"] * 2
        assert (doomed.cancelled, work.calls) == (1, 1)

    async def test_an_error_reaches_all_and_is_not_remembered(self) -> None:
        cache, work = ResultCache(100), Work(ZeroDivisionError("x"), held=True)
        waiters = [asyncio.create_task(get(cache, "k", work)) for _ in range(3)]
        await settle()
        work.go.set()
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert [type(result) for result in results] == [ZeroDivisionError] * 3
        assert await get(cache, "k", Work("fine")) == "fine"

    async def test_finished_computations_leave_nothing_behind(self) -> None:
        cache = ResultCache(0)
        for result in ("r", ZeroDivisionError()):
            await asyncio.gather(get(cache, "k", Work(result)), return_exceptions=True)
            again = Work("again")
            assert await get(cache, "k", again) == "again"
            assert again.calls == 1


class TestRemembering:
    async def test_a_result_is_computed_once(self) -> None:
        cache, work = ResultCache(100), Work()
        assert [await get(cache, "k", work) for _ in range(3)] == ["r"] * 3
        assert work.calls == 1

    async def test_none_is_a_result_like_any_other(self) -> None:
        cache, work = ResultCache(100), Work(None)
        assert [await get(cache, "k", work) for _ in range(2)] == [None, None]
        assert work.calls == 1

    async def test_zero_bytes_remember_nothing(self) -> None:
        cache, work = ResultCache(0), Work()
        await get(cache, "k", work)
        await get(cache, "k", work)
        assert work.calls == 2

    async def remembered(self, cache: ResultCache, keys: str) -> str:
        """Which of the keys are remembered; asking changes nothing."""
        found = ""
        for key in keys:
            probe = Work(ZeroDivisionError())
            try:
                await get(cache, key, probe)
            except ZeroDivisionError:
                continue
            found += key
        return found

    async def test_the_least_recently_used_goes_first(self) -> None:
        cache = ResultCache(3)
        for key in "abc":
            await get(cache, key, Work())
        await get(cache, "a", Work())
        await get(cache, "d", Work())
        assert await self.remembered(cache, "abcd") == "acd"

    async def test_room_is_counted_by_weight(self) -> None:
        cache = ResultCache(10)
        for key, weight in (("a", 4), ("b", 4), ("c", 2)):
            await get(cache, key, Work(), weight)
        assert await self.remembered(cache, "abc") == "abc"
        await get(cache, "d", Work(), 6)
        assert await self.remembered(cache, "abcd") == "cd"
        await get(cache, "e", Work(), 2)
        assert await self.remembered(cache, "cde") == "cde"

    async def test_what_is_heavier_than_all_room_is_not_remembered_and_pushes_nobody_out(
        self,
    ) -> None:
        cache = ResultCache(10)
        await get(cache, "a", Work(), 4)
        await get(cache, "huge", Work(), 11)
        assert await self.remembered(cache, "a") == "a"
        work = Work()
        await get(cache, "huge", work, 10)
        assert work.calls == 1
        assert await self.remembered(cache, "a") == ""

    async def test_a_computation_that_ends_in_spite_of_its_cancellation_weighs_once(self) -> None:
        cache, go = ResultCache(10), asyncio.Event()

        async def stubborn() -> str:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await go.wait()
            return "late"

        waiter = asyncio.create_task(cache.get("k", stubborn, lambda result: 6))
        await settle()
        waiter.cancel()
        await settle()
        await get(cache, "k", Work(), 6)
        go.set()
        await settle()
        await get(cache, "other", Work(), 4)
        assert [await get(cache, key, Work("new")) for key in ("k", "other")] == ["late", "r"]

    async def test_hits_misses_and_shared_computations_are_counted(self) -> None:
        before = [lookups(outcome) for outcome in ("miss", "shared", "hit")]
        cache = ResultCache(100)
        await asyncio.gather(*(get(cache, "k", Work()) for _ in range(3)))
        await get(cache, "k", Work())
        after = [lookups(outcome) for outcome in ("miss", "shared", "hit")]
        assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2, 1]


class TestTogether:
    async def test_results_come_in_order(self) -> None:
        slow, fast = Work("slow", held=True), Work("fast")
        both = asyncio.create_task(together(slow(), fast()))
        await settle()
        slow.go.set()
        assert await both == ["slow", "fast"]
        assert await together() == []

    async def test_a_failure_cancels_the_others_and_waits_for_their_end(self) -> None:
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

    async def test_cancelling_it_cancels_all_and_waits_for_their_end(self) -> None:
        works = [Work(held=True) for _ in range(3)]
        all_of_them = asyncio.create_task(together(*(work() for work in works)))
        await settle()
        all_of_them.cancel()
        with pytest.raises(asyncio.CancelledError):
            await all_of_them
        assert [work.cancelled for work in works] == [1, 1, 1]

    async def test_of_two_failures_the_first_is_raised(self) -> None:
        late, early = Work(KeyError("late"), held=True), Work(ZeroDivisionError("early"))
        with pytest.raises(ZeroDivisionError, match="early"):
            await together(late(), early())
