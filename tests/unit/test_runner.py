import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from service.batching import Batcher
from service.engines.base import Decoding
from service.errors import (
    InferenceFailed,
    ModelUnavailable,
    QueueFull,
    RefusedInput,
    ShuttingDown,
)
from service.runner import BUILD_S, MAX_STUCK, Flow, Record, Runner
from tests.fakes import (
    DESCRIPTION,
    END,
    PATIENCE_S,
    FakeEngine,
    Gate,
    info,
    run,
    runner_of,
    running,
    until,
)

PLAIN = Decoding()


def texts(results: list) -> list[str]:
    return [result.output.hypotheses[0].text for result in results]


def sources(runner: Runner, *given: str) -> list[list[str]]:
    return [runner.encode(text) for text in given]


async def test_the_engine_is_built_warmed_up_used_and_closed_in_one_thread_of_its_own() -> None:
    built_in: list[int] = []

    def build() -> FakeEngine:
        built_in.append(threading.get_ident())
        return engine

    engine = FakeEngine()
    runner = await runner_of(build).start()
    assert engine.warm_ups == 1
    await run(runner, sources(runner, "one"), PLAIN)
    await runner.close()
    assert engine.closed_in is not None
    assert engine.threads == {engine.closed_in} == set(built_in)
    assert engine.closed_in != threading.get_ident()


async def test_start_returns_only_when_the_engine_is_warm() -> None:
    gate = Gate()
    gate.shut()

    def build() -> FakeEngine:
        gate.go_through()
        return engine

    engine = FakeEngine()
    runner = runner_of(build)
    start = asyncio.create_task(runner.start())
    await gate.reached()
    assert not start.done()
    gate.open()
    assert await start is runner
    assert engine.warm_ups == 1
    await runner.close()


async def test_what_building_raises_is_raised_by_start() -> None:
    def build() -> FakeEngine:
        raise OSError("no weights")

    runner = runner_of(build)
    with pytest.raises(OSError, match="no weights"):
        await runner.start()
    await runner.close()


async def test_an_engine_that_fails_its_warm_up_is_closed() -> None:
    engine = FakeEngine(fails_warming_up=RuntimeError("cold"))
    runner = runner_of(lambda: engine)
    with pytest.raises(RuntimeError, match="cold"):
        await runner.start()
    await runner.close()
    assert engine.closed_in in engine.threads


async def test_an_engine_whose_start_was_cancelled_is_closed_when_it_is_built() -> None:
    gate = Gate()
    gate.shut()

    def build() -> FakeEngine:
        gate.go_through()
        return engine

    engine = FakeEngine()
    runner = runner_of(build)
    start = asyncio.create_task(runner.start())
    await gate.reached()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    gate.open()
    await runner.close()
    assert engine.closed_in in engine.threads


async def test_a_build_that_fails_after_its_start_was_cancelled_ends_the_thread() -> None:
    gate = Gate()
    gate.shut()

    def build() -> FakeEngine:
        gate.go_through()
        raise OSError("no weights")

    runner = runner_of(build)
    start = asyncio.create_task(runner.start())
    await gate.reached()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    gate.open()
    await runner.close()


async def test_results_come_in_the_order_of_the_sources() -> None:
    given = [f"{'word ' * (i % 7)}end{i}" for i in range(40)]
    async with running(FakeEngine(), max_batch_tokens=20) as runner:
        results = await run(runner, sources(runner, *given), PLAIN)
    assert texts(results) == [text.upper() for text in given]


async def test_the_decoding_reaches_the_engine() -> None:
    engine = FakeEngine()
    decoding = Decoding(beam_size=3, max_tokens=17)
    async with running(engine) as runner:
        await run(runner, sources(runner, "one"), decoding)
    assert [batch.decoding for batch in engine.batches] == [decoding]


async def test_no_sources_are_no_work() -> None:
    engine = FakeEngine()
    async with running(engine) as runner:
        assert await run(runner, [], PLAIN) == []
    assert engine.batches == []


async def test_cancelling_run_drops_its_jobs_that_have_not_begun() -> None:
    gate = Gate()
    engine = FakeEngine(gate=gate)
    async with running(engine, max_batch_tokens=2) as runner:
        gate.shut()
        doomed = asyncio.create_task(run(runner, sources(runner, "a", "b", "c"), PLAIN))
        await gate.reached()
        doomed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doomed
        gate.open()
        assert texts(await run(runner, sources(runner, "d"), PLAIN)) == ["D"]
    assert engine.texts == ["a", "d"]


async def test_one_failed_source_fails_its_run_and_drops_the_rest_of_it() -> None:
    gate = Gate()
    engine = FakeEngine(poison={"bad"}, gate=gate)
    async with running(engine, max_batch_tokens=2) as runner:
        gate.shut()
        doomed = asyncio.create_task(run(runner, sources(runner, "bad", "b", "c"), PLAIN))
        await gate.reached()
        neighbour = asyncio.create_task(run(runner, sources(runner, "n"), PLAIN))
        gate.open()
        with pytest.raises(InferenceFailed, match="m failed"):
            await doomed
        assert texts(await neighbour) == ["N"]
        # The loop may have been ahead of the cancellation, never by the whole run.
        assert "bad" in engine.texts


async def test_a_full_queue_refuses_at_once() -> None:
    gate = Gate()
    async with running(FakeEngine(gate=gate), max_jobs=1, max_batch_tokens=2) as runner:
        gate.shut()
        first = asyncio.create_task(run(runner, sources(runner, "a"), PLAIN))
        await gate.reached()
        assert not runner.is_full
        second = asyncio.create_task(run(runner, sources(runner, "b"), PLAIN))
        await until(lambda: runner.is_full)
        with pytest.raises(QueueFull):
            await run(runner, sources(runner, "c"), PLAIN)
        gate.open()
        assert texts(await first + await second) == ["A", "B"]


async def test_runs_of_one_flow_are_not_refused_half_way() -> None:
    gate = Gate()
    async with running(FakeEngine(gate=gate), max_jobs=1, max_batch_tokens=2) as runner:
        gate.shut()
        flow = Flow()
        both = [
            asyncio.create_task(run(runner, sources(runner, text), PLAIN, flow))
            for text in ("a", "b", "c")
        ]
        await until(lambda: runner.is_full)
        gate.open()
        assert [texts(await run) for run in both] == [["A"], ["B"], ["C"]]


async def test_close_waits_for_accepted_work_and_refuses_new() -> None:
    gate = Gate()
    engine = FakeEngine(gate=gate)
    runner = await runner_of(lambda: engine, max_batch_tokens=2).start()
    gate.shut()
    accepted = asyncio.create_task(run(runner, sources(runner, "a", "b"), PLAIN))
    await gate.reached()
    closing = asyncio.create_task(runner.close())
    await asyncio.sleep(0)
    with pytest.raises(ShuttingDown):
        await run(runner, sources(runner, "c"), PLAIN)
    assert not closing.done()
    assert engine.closed_in is None
    gate.open()
    await closing
    assert engine.closed_in is not None
    assert texts(await accepted) == ["A", "B"]


async def test_cancelling_close_does_not_stop_the_closing() -> None:
    gate = Gate()
    engine = FakeEngine(closing_gate=gate)
    runner = await runner_of(lambda: engine).start()
    gate.shut()
    closing = asyncio.create_task(runner.close())
    await gate.reached()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    gate.open()
    await runner.close()
    assert engine.closed_in is not None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_an_engine_that_fails_to_close_does_not_hang_whoever_closes() -> None:
    engine = FakeEngine(fails_closing=RuntimeError("stuck"))
    runner = await runner_of(lambda: engine, "stuck").start()
    await runner.close()
    assert engine.closed_in is not None
    await until(lambda: all(thread.name != "runner-stuck" for thread in threading.enumerate()))


async def test_texts_are_encoded_from_any_thread_while_the_engine_works() -> None:
    gate = Gate()
    async with running(FakeEngine(gate=gate)) as runner:
        gate.shut()
        busy = asyncio.create_task(run(runner, sources(runner, "a"), PLAIN))
        await gate.reached()
        encoded = await asyncio.gather(
            *(asyncio.to_thread(runner.encode, f"one two {i}") for i in range(8))
        )
        assert encoded == [["one", "two", str(i), "</s>"] for i in range(8)]
        assert not busy.done()
        gate.open()
        await busy


async def test_a_runner_says_what_it_runs() -> None:
    description = replace(DESCRIPTION, text_prefix="summarize: ")
    async with running(FakeEngine(description=description, memory_bytes=77), "named") as runner:
        assert runner.info == info("named")
        assert runner.description is description
        assert runner.memory_bytes == 77
        assert runner.count("a b") == 4
        assert runner.count("") == 2


async def test_half_a_surrogate_pair_reaches_no_tokenizer() -> None:
    runner = await runner_of(FakeEngine).start()
    try:
        assert runner.encode("one \ud83d two\udfff") == ["one", "\ufffd", "two\ufffd", END]
        assert runner.count("\ud800") == 2
    finally:
        await runner.close()


async def test_an_engine_of_two_workers_runs_two_batches_at_once_and_is_closed_after_them() -> None:
    gate = Gate()
    engine = FakeEngine(gate=gate, workers=2)
    runner = await runner_of(lambda: engine).start()
    gate.shut()
    works = [asyncio.create_task(run(runner, sources(runner, text), PLAIN)) for text in "ab"]
    await gate.reached()
    await gate.reached()  # both are inside
    closing = asyncio.create_task(runner.close())
    await asyncio.sleep(0)
    assert engine.closed_in is None
    gate.open()
    assert [texts(found) for found in await asyncio.gather(*works)] == [["A"], ["B"]]
    await closing
    assert len(engine.threads) == 2
    assert engine.closed_in in engine.threads


TIMEOUT_S = 60.0


class Workshop:
    """Builds engines that hang on `hang` and break on `break`.

    Attributes:
        gate: where all of them hang; opened when the test ends.
        made: all engines, in order.
        failure: what the next builds raise.
        building: where they wait.
        second: set when there are two.
    """

    def __init__(self, **more: Any) -> None:
        self.gate = Gate()
        self.gate.shut()
        self.made: list[FakeEngine] = []
        self.failure: Exception | None = None
        self.building = Gate()
        self.second = threading.Event()
        self._more = more

    def build(self) -> FakeEngine:
        self.building.go_through()
        if self.failure is not None:
            raise self.failure
        self.made.append(
            FakeEngine(hangs={"hang": self.gate}, breaks={"break"}, poison={"bad"}, **self._more)
        )
        if len(self.made) == 2:
            self.second.set()
        return self.made[-1]

    @asynccontextmanager
    async def running(self, name: str = "m", **limits: Any) -> AsyncIterator[Runner]:
        runner = await runner_of(self.build, name, batch_timeout_s=TIMEOUT_S, **limits).start()
        try:
            yield runner
        finally:
            self.gate.open()
            self.building.open()
            await runner.close()

    async def hang(self, runner: Runner, text: str = "hang") -> "asyncio.Task[list[Any]]":
        """Submits a text that hangs, and returns when an engine is in it."""
        task = asyncio.create_task(run(runner, sources(runner, text), PLAIN))
        await self.gate.reached()
        return task

    async def give_up(self, runner: Runner, number: int) -> None:
        """Has the runner give up on an engine that hangs; returns when engine `number` is there."""
        runner.check(TIMEOUT_S + 1)
        await until(lambda: len(self.made) == number and self.made[-1].warm_ups == 1)


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.gate.open()
    made.building.open()


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_an_engine_that_hangs_is_replaced_and_what_waits_goes_on(workshop: Workshop) -> None:
    async with workshop.running("replaced") as runner:
        doomed = await workshop.hang(runner)
        later = asyncio.create_task(run(runner, sources(runner, "later"), PLAIN))
        await asyncio.sleep(0)
        runner.check(TIMEOUT_S - 1)
        assert not doomed.done()
        await workshop.give_up(runner, 2)
        with pytest.raises(InferenceFailed):
            await doomed
        assert texts(await later) == ["LATER"]
        assert workshop.made[1].texts == ["later"]
        assert metric("lur_engine_restarts_total", model="replaced", reason="hang") == 1


async def test_neighbours_in_a_batch_that_hangs_get_their_results(workshop: Workshop) -> None:
    async with workshop.running() as runner:
        works = asyncio.gather(
            *(
                run(runner, sources(runner, text), PLAIN)
                for text in ("one", "two", "hang three", "four")
            ),
            return_exceptions=True,
        )
        await workshop.gate.reached()
        await workshop.give_up(runner, 2)
        await workshop.gate.reached()  # alone, in the second engine
        await workshop.give_up(runner, 3)
        one, two, three, four = await works
        assert [texts(found) for found in (one, two, four)] == [["ONE"], ["TWO"], ["FOUR"]]
        assert isinstance(three, InferenceFailed)
        with pytest.raises(RefusedInput):
            await run(runner, sources(runner, "hang three"), PLAIN)


async def test_an_engine_that_hung_is_closed_in_its_own_thread_when_it_comes_back(
    workshop: Workshop,
) -> None:
    async with workshop.running("back") as runner:
        doomed = await workshop.hang(runner)
        await workshop.give_up(runner, 2)
        with pytest.raises(InferenceFailed):
            await doomed
        hung = workshop.made[0]
        assert hung.closed_in is None
        runner.check(0.0)
        assert metric("lur_stuck_engines", model="back") == 1
        assert runner.memory_bytes == 2 * hung.memory_bytes
        workshop.gate.open()
        await until(lambda: hung.closed_in is not None)
        assert hung.closed_in in hung.threads
        await until(lambda: runner.memory_bytes == hung.memory_bytes)
        await until(lambda: metric("lur_stuck_engines", model="back") == 0)
        assert texts(await run(runner, sources(runner, "fine"), PLAIN)) == ["FINE"]


async def test_texts_are_encoded_while_a_new_engine_is_built(workshop: Workshop) -> None:
    async with workshop.running() as runner:
        await workshop.building.reached()
        workshop.building.shut()
        doomed = await workshop.hang(runner)
        runner.check(TIMEOUT_S + 1)
        await workshop.building.reached()
        assert runner.encode("one two") == ["one", "two", END]
        workshop.building.open()
        with pytest.raises(InferenceFailed):
            await doomed


async def test_an_engine_that_breaks_is_closed_before_a_new_one_is_built(
    workshop: Workshop,
) -> None:
    async with workshop.running("broken") as runner:
        one, broken, two = await asyncio.gather(
            *(run(runner, sources(runner, text), PLAIN) for text in ("one", "break", "two")),
            return_exceptions=True,
        )
        assert [texts(one), texts(two)] == [["ONE"], ["TWO"]]  # type: ignore[arg-type]
        assert isinstance(broken, InferenceFailed)
        await until(lambda: len(workshop.made) == 3)
        assert all(engine.closed_in is not None for engine in workshop.made[:2])
        assert metric("lur_stuck_engines", model="broken") == 0
        await until(
            lambda: metric("lur_engine_restarts_total", model="broken", reason="broken") == 2
        )
        with pytest.raises(RefusedInput):
            await run(runner, sources(runner, "break"), PLAIN)


async def test_a_runner_whose_threads_end_is_dead_and_whoever_waits_is_answered(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = threading.Event()
    monkeypatch.setattr(Batcher, "work", lambda *_: submitted.wait(PATIENCE_S))
    async with workshop.running() as runner:
        waiting = runner.submit(sources(runner, "one", "two"), PLAIN, Flow())
        submitted.set()
        for lost in waiting:
            with pytest.raises(ModelUnavailable, match="its threads have ended"):
                await lost
        assert runner.is_dead


async def test_a_runner_whose_engine_cannot_be_built_again_is_dead_and_says_why(
    workshop: Workshop,
) -> None:
    async with workshop.running() as runner:
        doomed = await workshop.hang(runner)
        waiting = asyncio.create_task(run(runner, sources(runner, "later"), PLAIN))
        await asyncio.sleep(0)
        workshop.failure = OSError("the files are gone")
        assert not runner.is_dead
        runner.check(TIMEOUT_S + 1)
        with pytest.raises(InferenceFailed):
            await doomed
        with pytest.raises(ModelUnavailable, match="the files are gone"):
            await waiting
        await until(lambda: runner.is_dead)
        assert not runner.is_stuck
        assert runner.trouble is not None
        assert "the files are gone" in runner.trouble
        with pytest.raises(ModelUnavailable, match="the files are gone"):
            await run(runner, sources(runner, "more"), PLAIN)
        await runner.close()
        assert workshop.made[0].closed_in is None


async def test_what_hangs_beside_the_end_of_a_runner_is_given_up_as_well() -> None:
    workshop = Workshop(workers=2)
    async with workshop.running() as runner:
        doomed = await workshop.hang(runner, "hang one")
        runner.check(TIMEOUT_S - 1)
        beside = await workshop.hang(runner, "hang two")
        workshop.failure = OSError("the files are gone")
        runner.check(2)
        with pytest.raises(InferenceFailed):
            await doomed
        await until(lambda: runner.is_dead)
        runner.check(TIMEOUT_S - 3)
        assert not beside.done()
        runner.check(2)
        with pytest.raises(InferenceFailed):
            await beside


async def test_a_new_engine_that_takes_too_long_is_not_waited_for(workshop: Workshop) -> None:
    async with workshop.running("late") as runner:
        await workshop.building.reached()
        workshop.building.shut()
        doomed = await workshop.hang(runner)
        runner.check(TIMEOUT_S + 1)
        with pytest.raises(InferenceFailed):
            await doomed
        await workshop.building.reached()
        runner.check(BUILD_S - TIMEOUT_S)
        assert not runner.is_dead
        runner.check(TIMEOUT_S + 1)
        assert runner.is_dead
        assert metric("lur_stuck_engines", model="late") == 2
        workshop.building.open()
        await until(lambda: len(workshop.made) == 2 and workshop.made[1].closed_in is not None)


async def test_a_first_engine_that_takes_too_long_is_not_waited_for(workshop: Workshop) -> None:
    record = Record()
    workshop.building.shut()
    runner = runner_of(workshop.build, record=record)
    start = asyncio.create_task(runner.start())
    await workshop.building.reached()
    runner.check(BUILD_S)
    await asyncio.sleep(0)
    assert not start.done()
    runner.check(1.0)
    with pytest.raises(TimeoutError, match="not built within 300 s"):
        await start
    assert record.stuck == 1
    workshop.building.open()
    await until(lambda: not record.stuck)
    assert workshop.made[0].closed_in is not None
    await runner.close()


async def test_with_so_many_engines_hanging_no_other_is_built_until_one_comes_back(
    workshop: Workshop,
) -> None:
    async with workshop.running() as runner:
        for number in range(1, MAX_STUCK + 1):
            doomed = await workshop.hang(runner, f"hang {number}")
            assert runner.trouble is None
            if number < MAX_STUCK:
                await workshop.give_up(runner, number + 1)
            else:
                waiting = asyncio.create_task(run(runner, sources(runner, "later"), PLAIN))
                await asyncio.sleep(0)
                runner.check(TIMEOUT_S + 1)
            with pytest.raises(InferenceFailed):
                await doomed
        assert runner.is_stuck
        assert not runner.is_dead
        with pytest.raises(ModelUnavailable, match="4 of its engines hang"):
            await waiting
        with pytest.raises(ModelUnavailable, match="4 of its engines hang"):
            await run(runner, sources(runner, "more"), PLAIN)
        assert len(workshop.made) == MAX_STUCK
        workshop.gate.open()
        await until(lambda: not runner.is_stuck)
        assert runner.trouble is None
        assert texts(await run(runner, sources(runner, "more"), PLAIN)) == ["MORE"]
        assert len(workshop.made) == MAX_STUCK + 1


async def test_an_engine_that_is_about_to_be_left_does_not_count_as_one_that_hangs() -> None:
    workshop, record = Workshop(workers=2), Record()
    record.left.update(object() for _ in range(MAX_STUCK - 1))
    async with workshop.running(record=record) as runner:
        slow = await workshop.hang(runner)  # not for long
        broken = asyncio.create_task(run(runner, sources(runner, "break"), PLAIN))
        await until(lambda: len(record.left) == MAX_STUCK)
        runner.check(1.0)
        assert runner.trouble is None
        workshop.gate.open()
        with pytest.raises(InferenceFailed):
            await broken
        assert texts(await slow) == ["HANG"]
        assert len(record.left) == MAX_STUCK - 1


async def test_a_stuck_runner_can_be_closed(workshop: Workshop) -> None:
    record = Record()
    async with workshop.running(record=record) as runner:
        for number in range(MAX_STUCK):
            doomed = await workshop.hang(runner, f"hang {number}")
            runner.check(TIMEOUT_S + 1)
            with pytest.raises(InferenceFailed):
                await doomed
            await until(lambda: runner.is_stuck or workshop.made[-1].texts == [])
        assert runner.is_stuck
        await runner.close()
        assert record.stuck == MAX_STUCK
        with pytest.raises(ModelUnavailable, match="4 of its engines hang"):
            await runner_of(workshop.build, record=record).start()


async def test_what_a_runner_learnt_the_next_one_of_the_model_knows(workshop: Workshop) -> None:
    record = Record()
    async with workshop.running(record=record) as runner:
        with pytest.raises(InferenceFailed):
            await run(runner, sources(runner, "bad"), PLAIN)
        doomed = await workshop.hang(runner)
        await workshop.give_up(runner, 2)
        with pytest.raises(InferenceFailed):
            await doomed
        await runner.close()
        async with workshop.running(record=record) as other:
            for text in ("bad", "hang"):
                with pytest.raises(RefusedInput):
                    await run(other, sources(other, text), PLAIN)
            assert other.memory_bytes == 2 * workshop.made[0].memory_bytes


async def test_closing_during_a_hang_ends_when_that_is_given_up(workshop: Workshop) -> None:
    async with workshop.running(max_batch_tokens=2) as runner:
        doomed = await workshop.hang(runner)
        accepted = asyncio.create_task(run(runner, sources(runner, "a", "b"), PLAIN))
        await asyncio.sleep(0)
        closing = asyncio.create_task(runner.close())
        await asyncio.sleep(0)
        assert not closing.done()
        runner.check(TIMEOUT_S + 1)
        with pytest.raises(InferenceFailed):
            await doomed
        assert texts(await accepted) == ["A", "B"]
        await closing
        assert workshop.made[1].closed_in is not None


async def test_no_engine_is_built_for_a_runner_that_closes_and_has_nothing_to_do(
    workshop: Workshop,
) -> None:
    async with workshop.running() as runner:
        doomed = await workshop.hang(runner)
        closing = asyncio.create_task(runner.close())
        await asyncio.sleep(0)
        runner.check(TIMEOUT_S + 1)
        with pytest.raises(InferenceFailed):
            await doomed
        await closing
        assert len(workshop.made) == 1


async def test_an_engine_of_two_workers_is_closed_when_both_are_out_of_it() -> None:
    slow = Gate()
    workshop = Workshop(workers=2, gate=slow)
    async with workshop.running(max_batch_tokens=2) as runner:
        doomed = await workshop.hang(runner)
        await slow.reached()
        slow.shut()
        runner.check(TIMEOUT_S)
        healthy = asyncio.create_task(run(runner, sources(runner, "healthy"), PLAIN))
        await slow.reached()
        runner.check(1.0)  # the other one is inside for no more than that
        with pytest.raises(InferenceFailed):
            await doomed
        await until(lambda: len(workshop.made) == 2)
        slow.open()
        assert texts(await healthy) == ["HEALTHY"]
        assert workshop.made[0].closed_in is None
        workshop.gate.open()
        await until(lambda: workshop.made[0].closed_in is not None)
        assert workshop.made[0].texts == ["hang", "healthy"]


async def test_an_engine_of_two_workers_works_with_one_thread_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start

    def start_but_one(thread: threading.Thread) -> None:
        if thread.name.endswith("-2"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_but_one)
    workshop = Workshop(workers=2)
    async with workshop.running() as runner:
        assert texts(await run(runner, sources(runner, "a", "b"), PLAIN)) == ["A", "B"]
    assert len(workshop.made[0].threads) == 1
    assert workshop.made[0].closed_in is not None


async def test_a_runner_that_gets_no_thread_does_not_start_and_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start

    def start_watch_only(thread: threading.Thread) -> None:
        if thread.name == "runner-threadless":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_watch_only)
    runner = runner_of(FakeEngine, "threadless")
    with pytest.raises(RuntimeError, match="can't start new thread"):
        await runner.start()
    await until(lambda: all("threadless" not in t.name for t in threading.enumerate()))
    await runner.close()


async def test_the_watch_looks_by_itself_while_the_event_loop_is_blocked() -> None:
    workshop = Workshop()
    runner = await runner_of(workshop.build, "watched", batch_timeout_s=1.0).start()
    doomed = await workshop.hang(runner)
    await until(lambda: metric("lur_oldest_batch_seconds", model="watched") > 0)
    assert 0 < runner.stalled_s < PATIENCE_S
    assert workshop.second.wait(PATIENCE_S)  # nothing else runs in this loop
    with pytest.raises(InferenceFailed):
        await doomed
    assert texts(await run(runner, sources(runner, "fine"), PLAIN)) == ["FINE"]
    workshop.gate.open()
    await runner.close()
    await until(lambda: not any("watched" in thread.name for thread in threading.enumerate()))
    assert metric("lur_oldest_batch_seconds", model="watched") == 0


async def test_a_watch_that_fails_looks_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []

    def check(self: Runner, step_s: float) -> None:
        calls.append(step_s)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("service.runner.LOOK_S", 0.001)
    monkeypatch.setattr(Runner, "check", check)
    async with workshop.running():
        await until(lambda: len(calls) >= 3)
    assert all(0 < step_s <= 0.002 for step_s in calls)


async def test_the_log_says_what_was_given_up_and_no_text(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with workshop.running("logged") as runner:
            doomed = await workshop.hang(runner, "hang secret")
            await workshop.give_up(runner, 2)
            with pytest.raises(InferenceFailed):
                await doomed
            await until(lambda: any(r.message == "engine_restarted" for r in caplog.records))
    events = {record.message: vars(record) for record in caplog.records}
    hung, given_up = events["batch_hung"], events["engine_given_up"]
    assert (hung["model"], hung["jobs"]) == ("logged", 1)
    assert hung["seconds"] > TIMEOUT_S
    assert (given_up["model"], given_up["reason"]) == ("logged", "hang")
    assert events["engine_restarted"]["model"] == "logged"
    assert "secret" not in caplog.text
