import asyncio
import threading
from dataclasses import replace

import pytest

from service.engines.base import Decoding
from service.errors import InferenceFailed, QueueFull, ShuttingDown
from service.runner import Flow, Runner
from tests.fakes import DESCRIPTION, END, FakeEngine, Gate, info, run, runner_of, running, until

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
