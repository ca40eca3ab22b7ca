import asyncio
import gc
import tracemalloc
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from service.batching import Flow
from service.engines.base import Decoding
from service.errors import InferenceFailed, QueueFull, RefusedInput
from service.runner import ModelInfo, Runner
from service.tasks import memory as module
from service.tasks.memory import ENTRY_BYTES, Memory
from service.tasks.results import Stopwatch
from tests.fakes import DESCRIPTION, FakeEngine, Gate, info, run, running, settle, until

GREEDY = Decoding()
PLENTY = 10**6


async def say(
    memory: Memory,
    runner: Runner,
    *texts: str,
    decoding: Decoding = GREEDY,
    flow: Flow | None = None,
    watch: Stopwatch | None = None,
) -> list[str]:
    """What the best hypothesis of each text says."""
    jobs = [(runner.encode(text), decoding) for text in texts]
    found = await memory.run(runner, jobs, flow or Flow(), watch or Stopwatch())
    return [hypotheses[0].text for hypotheses in found]


def lookups() -> dict[str, float]:
    name = "lur_result_cache_lookups_total"
    outcomes = ("hit", "disk", "shared", "miss")
    return {o: REGISTRY.get_sample_value(name, {"outcome": o}) or 0.0 for o in outcomes}


def found_in_the_store() -> float:
    name = "lur_result_cache_lookups_total"
    return REGISTRY.get_sample_value(name, {"outcome": "store"}) or 0.0


@asynccontextmanager
async def held(stop: str | None = None, **limits: int):
    """A runner in the middle of a batch of another request; it halts again behind `stop`."""
    gate = Gate()
    gate.shut()

    def answer(text: str, decoding: Decoding) -> str:
        if text == stop:
            gate.shut()
        return text.upper()

    engine = FakeEngine(answer, gate=gate)
    async with running(engine, **limits) as runner:
        first = asyncio.create_task(run(runner, [runner.encode("first")], GREEDY))
        await gate.reached()
        try:
            yield runner, gate, engine
        finally:
            gate.open()
            await first


class TestRemembering:
    async def test_a_sentence_that_comes_twice_is_one_job(self) -> None:
        engine = FakeEngine()
        async with running(engine) as runner:
            assert await say(Memory(0), runner, "a", "b", "a") == ["A", "B", "A"]
        assert engine.texts == ["a", "b"]

    async def test_of_an_edited_article_only_what_is_new_reaches_the_engine(self) -> None:
        engine, memory = FakeEngine(), Memory(PLENTY)
        article = [f"sentence {i}" for i in range(12)]
        async with running(engine) as runner:
            await say(memory, runner, *article)
            del engine.batches[:]
            edited = [*article[:5], "changed", *article[6:]]
            assert await say(memory, runner, *edited) == [text.upper() for text in edited]
        assert engine.texts == ["changed"]

    async def test_all_candidates_with_their_scores_come_back(self) -> None:
        memory, three = Memory(PLENTY), Decoding(beam_size=3, hypotheses=3, max_tokens=1)
        async with running(FakeEngine(lambda text, decoding: "Բարև ձեզ")) as runner:
            jobs = [(runner.encode("hi"), three)]
            first = await memory.run(runner, jobs, Flow(), Stopwatch())
            again = await memory.run(runner, jobs, Flow(), Stopwatch())
        assert again == first
        assert [len(hypotheses) for hypotheses in again] == [3]
        assert not again[0][0].finished

    @pytest.mark.parametrize(
        "other", [{"beam_size": 2}, {"max_tokens": 9}, {"length_penalty": 0.5}], ids=str
    )
    async def test_another_decoding_is_another_job(self, other) -> None:
        engine, memory = FakeEngine(), Memory(PLENTY)
        async with running(engine) as runner:
            await say(memory, runner, "a")
            await say(memory, runner, "a", decoding=replace(GREEDY, **other))
        assert engine.texts == ["a", "a"]

    @pytest.mark.parametrize(
        "other", [{"revision": "1" * 40}, {"quantization": "float32"}, {"name": "n"}], ids=str
    )
    async def test_another_model_or_revision_is_another_job(self, other) -> None:
        memory, said = Memory(PLENTY), []
        for model, engine in (
            (info(), FakeEngine()),
            (replace(info(), **other), FakeEngine(lambda text, decoding: "new")),
        ):
            runner = await started(engine, model)
            said += await say(memory, runner, "a")
            await runner.close()
        assert said == ["A", "new"]

    async def test_another_target_language_of_one_model_is_another_job(self) -> None:
        memory, said = Memory(PLENTY), []
        for language in ("hye_Armn", "rus_Cyrl"):
            description = replace(DESCRIPTION, target_prefix=(language,))
            engine = FakeEngine(lambda text, decoding, said=language: said, description)
            async with running(engine) as runner:
                said += await say(memory, runner, "a")
        assert said == ["hye_Armn", "rus_Cyrl"]

    async def test_where_tokens_end_matters(self) -> None:
        memory = Memory(PLENTY)
        async with running(FakeEngine()) as runner:
            jobs = [(["a", "b", "</s>"], GREEDY), (["ab", "</s>"], GREEDY)]
            found = await memory.run(runner, jobs, Flow(), Stopwatch())
        assert [hypotheses[0].text for hypotheses in found] == ["A B", "AB"]

    async def test_lookups_are_counted_by_where_the_answer_comes_from(self) -> None:
        before, memory = lookups(), Memory(PLENTY)
        async with running(FakeEngine()) as runner:
            await say(memory, runner, "a", "b", "a")
            await say(memory, runner, "a", "b", "c")
        counted = {outcome: number - before[outcome] for outcome, number in lookups().items()}
        assert counted == {"hit": 2, "disk": 0, "shared": 1, "miss": 3}


async def started(engine: FakeEngine, model: ModelInfo) -> Runner:
    limits = {
        "max_jobs": 100,
        "max_batch_tokens": 256,
        "batch_wait_s": 0.0,
        "batch_timeout_s": 60.0,
    }
    return await Runner(model, lambda: engine, **limits).start()  # type: ignore[arg-type]


class TestBound:
    async def remembered(self, memory: Memory, runner: Runner, texts: str) -> str:
        """Which of the texts are remembered; asking changes their order only."""
        found = ""
        for text in texts:
            before = lookups()["hit"]
            await say(memory, runner, text)
            found += text if lookups()["hit"] > before else ""
        return found

    async def test_nothing_is_remembered_without_room(self) -> None:
        engine = FakeEngine()
        async with running(engine) as runner:
            memory = Memory(0)
            assert [await say(memory, runner, "a") for _ in range(2)] == [["A"], ["A"]]
        assert engine.texts == ["a", "a"]

    async def test_the_least_recently_used_goes_first(self) -> None:
        async with running(FakeEngine()) as runner:
            memory = Memory(4 * ENTRY_BYTES)  # three, with their values
            for text in "abc":
                await say(memory, runner, text)
            await say(memory, runner, "a")
            await say(memory, runner, "d")
            assert await self.remembered(memory, runner, "acd") == "acd"
            assert await self.remembered(memory, runner, "b") == ""

    async def test_what_has_no_room_at_all_pushes_nobody_out(self) -> None:
        async with running(FakeEngine(lambda text, decoding: text * 1000)) as runner:
            memory = Memory(5 * ENTRY_BYTES)
            await say(memory, runner, "a")
            await say(memory, runner, "bc")
            assert await self.remembered(memory, runner, "a") == "a"

    async def test_the_memory_takes_no_more_than_it_may(self) -> None:
        """Weighed by the interpreter, not by its own scales."""
        bound = 400_000
        memory = Memory(bound)
        engine = FakeEngine(lambda text, decoding: f"{text} նախադասություն է հայերեն լեզվով։")
        async with running(engine) as runner:
            tracemalloc.start()
            try:
                for start in range(0, 3000, 500):
                    await say(memory, runner, *(f"n {start + i}" for i in range(500)))
                await settle()
                gc.collect()
                snapshot = tracemalloc.take_snapshot()
            finally:
                tracemalloc.stop()
        ours = snapshot.filter_traces([tracemalloc.Filter(True, module.__file__)])
        taken = sum(found.size for found in ours.statistics("filename"))
        assert 0.5 * bound < taken < bound


class TestSingleFlight:
    async def test_equal_jobs_of_requests_at_once_run_once(self) -> None:
        engine = FakeEngine()
        async with running(engine) as runner:
            memory = Memory(0)
            said = await asyncio.gather(*(say(memory, runner, "a", "b") for _ in range(10)))
        assert said == [["A", "B"]] * 10
        assert engine.texts == ["a", "b"]

    async def test_whoever_waits_gets_the_result_when_the_owner_leaves(self) -> None:
        async with held() as (runner, gate, engine):
            memory = Memory(0)
            owner = asyncio.create_task(say(memory, runner, "a", "b"))
            other = asyncio.create_task(say(memory, runner, "b", "c"))
            await settle()
            owner.cancel()
            await settle()
            gate.open()
            assert await other == ["B", "C"]
            assert owner.cancelled()
        assert sorted(engine.texts) == ["b", "c", "first"]

    async def test_a_job_that_nobody_waits_for_any_more_is_dropped(self) -> None:
        async with held() as (runner, gate, engine):
            memory = Memory(PLENTY)
            both = [asyncio.create_task(say(memory, runner, "a")) for _ in range(2)]
            await settle()
            for one in both:
                one.cancel()
            await settle()
            gate.open()
            assert await say(memory, runner, "z") == ["Z"]
        assert engine.texts == ["first", "z"]

    async def test_whoever_comes_after_the_last_has_left_is_served_anew(self) -> None:
        async with held() as (runner, gate, _):
            memory = Memory(PLENTY)
            early = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            early.cancel()
            late = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            gate.open()
            assert await late == ["A"]

    async def test_a_deadline_leaves_like_a_client(self) -> None:
        async with held() as (runner, gate, engine):
            memory = Memory(PLENTY)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await say(memory, runner, "a")
            await settle()
            gate.open()
            await say(memory, runner, "z")
        assert engine.texts == ["first", "z"]

    async def test_a_short_request_does_not_wait_for_the_end_of_a_long_one(self) -> None:
        async with held("s19", max_batch_tokens=2) as (runner, gate, engine):
            memory, article = Memory(0), [f"s{i}" for i in range(20)]
            long = asyncio.create_task(say(memory, runner, *article))
            await settle()
            short = asyncio.create_task(say(memory, runner, "s19"))
            await settle()
            gate.open()
            assert await short == ["S19"]
            await settle()
            gate.open()
            assert await long == [text.upper() for text in article]
        assert engine.texts.index("s19") <= 3, "first, then a turn for each of the two"
        assert sorted(engine.texts) == sorted(["first", *article]), "and it serves both"

    async def test_a_long_request_waits_for_the_job_of_a_short_one(self) -> None:
        async with held(max_batch_tokens=2) as (runner, gate, engine):
            memory, article = Memory(0), [f"s{i}" for i in range(20)]
            short = asyncio.create_task(say(memory, runner, "s19"))
            await settle()
            long = asyncio.create_task(say(memory, runner, *article))
            await settle()
            queued = runner._batcher._turns.jobs
            gate.open()
            await asyncio.gather(short, long)
        assert queued == 20
        assert len(engine.texts) == 1 + 20

    async def test_of_two_equal_jobs_the_first_serves_when_its_owner_has_left(self) -> None:
        async with held("s19", max_batch_tokens=2) as (runner, gate, engine):
            memory, article = Memory(0), [f"s{i}" for i in range(20)]
            long = asyncio.create_task(say(memory, runner, *article))
            await settle()
            short = asyncio.create_task(say(memory, runner, "s19"))
            await settle()
            short.cancel()
            await settle()
            gate.open()
            await until(lambda: all(len(f.tries) == 1 for f in memory._flights.values()))
            await settle()
            gate.open()
            assert await long == [text.upper() for text in article]
        assert engine.texts.count("s19") == 1

    async def test_a_request_sees_only_its_own_part_of_the_wait(self) -> None:
        async with held() as (runner, gate, _):
            memory, early, late = Memory(0), Stopwatch(), Stopwatch()
            first = asyncio.create_task(say(memory, runner, "a", watch=early))
            await settle()
            second = asyncio.create_task(say(memory, runner, "a", watch=late))
            await settle()
            gate.open()
            await asyncio.gather(first, second)
        ours, theirs = late._jobs[0], early._jobs[0]
        assert theirs.submitted_s < ours.submitted_s <= ours.started_s <= ours.finished_s

    async def test_what_is_remembered_took_no_time(self) -> None:
        memory, watch = Memory(PLENTY), Stopwatch()
        async with running(FakeEngine()) as runner:
            await say(memory, runner, "a")
            await say(memory, runner, "a", watch=watch)
        assert watch._jobs == []

    async def test_nothing_is_left_behind(self) -> None:
        memory = Memory(0)
        async with running(FakeEngine(poison={"bad"})) as runner:
            await asyncio.gather(
                say(memory, runner, "a", "bad"),
                say(memory, runner, "a", "b"),
                return_exceptions=True,
            )
            await settle()
        assert memory._flights == {}


class TestFailures:
    async def test_an_engines_failure_reaches_all_who_wait_and_is_not_remembered(self) -> None:
        poison = {"bad"}
        engine, memory = FakeEngine(poison=poison), Memory(PLENTY)
        async with running(engine) as runner:
            both = await asyncio.gather(
                *(say(memory, runner, "bad") for _ in range(2)), return_exceptions=True
            )
            assert engine.texts == ["bad"]
        async with running(FakeEngine()) as runner:
            again = await say(memory, runner, "bad")
        assert [type(one) for one in both] == [InferenceFailed] * 2
        assert again == ["BAD"]

    async def test_what_failed_a_moment_ago_is_refused_to_all_who_ask_for_it(self) -> None:
        engine, memory = FakeEngine(poison={"bad"}), Memory(PLENTY)
        async with running(engine) as runner:
            with pytest.raises(InferenceFailed):
                await say(memory, runner, "bad")
            with pytest.raises(RefusedInput):
                await say(memory, runner, "a", "bad")
            assert await say(memory, runner, "a") == ["A"]
        assert engine.texts == ["bad", "a"]

    async def test_a_failure_is_nothing_to_those_who_wait_for_others(self) -> None:
        engine, memory = FakeEngine(poison={"bad"}), Memory(PLENTY)
        async with running(engine) as runner:
            fails, works = await asyncio.gather(
                say(memory, runner, "a", "bad", "b"),
                say(memory, runner, "a", "b"),
                return_exceptions=True,
            )
        assert isinstance(fails, InferenceFailed)
        assert works == ["A", "B"]

    async def test_a_full_queue_refuses_one_request_and_no_other(self) -> None:
        async with held(max_jobs=1) as (runner, gate, engine):
            memory = Memory(PLENTY)
            owner = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            with pytest.raises(QueueFull):
                await say(memory, runner, "a", "new")
            joined = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            gate.open()
            assert await asyncio.gather(owner, joined) == [["A"], ["A"]]
        assert engine.texts == ["first", "a"]

    async def test_a_refused_request_leaves_the_jobs_that_it_shared_to_their_owners(self) -> None:
        async with held(max_jobs=1) as (runner, gate, engine):
            memory = Memory(PLENTY)
            owner = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            with pytest.raises(QueueFull):
                await say(memory, runner, "a", "new")
            owner.cancel()
            await settle()
            gate.open()
        assert engine.texts == ["first"]

    async def test_a_shelf_is_told_of_no_failure(self) -> None:
        shelf = DictShelf()
        memory = Memory(0, shelf)
        async with running(FakeEngine(poison={"bad"})) as runner:
            with pytest.raises(InferenceFailed):
                await say(memory, runner, "bad")
        assert shelf.values == {}


class DictShelf:
    """A shelf in memory, that can be made to wait."""

    def __init__(self, place: str = "disk") -> None:
        self.place = place
        self.values: dict[bytes, bytes] = {}
        self.asked: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def open(self) -> None: ...

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        self.asked.append(len(keys))
        await self.go.wait()
        return {key: self.values[key] for key in keys if key in self.values}

    def put(self, key: bytes, value: bytes) -> None:
        self.values[key] = value

    async def close(self) -> None: ...


class TestShelf:
    async def test_what_another_memory_learnt_is_found_with_one_question(self) -> None:
        engine, shelf = FakeEngine(), DictShelf()
        async with running(engine) as runner:
            await say(Memory(PLENTY, shelf), runner, "a", "b")
            memory, before = Memory(PLENTY, shelf), lookups()
            assert await say(memory, runner, "a", "b", "c") == ["A", "B", "C"]
            assert await say(memory, runner, "a", "b", "c") == ["A", "B", "C"]
        assert engine.texts == ["a", "b", "c"]
        assert shelf.asked == [2, 3], "what is in memory is not asked for"
        assert lookups()["disk"] - before["disk"] == 2

    async def test_the_nearest_is_asked_first_and_takes_what_a_farther_one_had(self) -> None:
        engine, near, far = FakeEngine(), DictShelf(), DictShelf("store")
        async with running(engine) as runner:
            await say(Memory(0, far), runner, "a", "b")
            await say(Memory(0, near), runner, "a")
            memory, before, stored = Memory(0, near, far), lookups(), found_in_the_store()
            assert await say(memory, runner, "a", "b", "c") == ["A", "B", "C"]
            assert await say(memory, runner, "a", "b", "c") == ["A", "B", "C"]
        assert engine.texts == ["a", "b", "a", "c"]
        assert (near.asked, far.asked) == ([1, 3, 3], [2, 2])
        assert near.values == far.values
        assert lookups()["disk"] - before["disk"] == 4
        assert found_in_the_store() - stored == 1

    async def test_it_serves_without_room_in_memory(self) -> None:
        engine, memory = FakeEngine(), Memory(0, DictShelf())
        async with running(engine) as runner:
            assert [await say(memory, runner, "a") for _ in range(3)] == [["A"]] * 3
        assert engine.texts == ["a"]

    @pytest.mark.parametrize("damaged", [b"", b"\x00", b"\x90", b"\x91\xa1x", b"\xc1"])
    async def test_a_damaged_value_is_said_anew_and_replaced(self, damaged: bytes) -> None:
        engine, shelf = FakeEngine(), DictShelf()
        async with running(engine) as runner:
            await say(Memory(0, shelf), runner, "a")
            ((key, value),) = shelf.values.items()
            shelf.values[key] = damaged
            assert await say(Memory(0, shelf), runner, "a") == ["A"]
        assert shelf.values == {key: value}
        assert engine.texts == ["a", "a"]

    async def test_a_value_whose_text_is_damaged_is_said_anew_and_replaced(self) -> None:
        engine, shelf = FakeEngine(), DictShelf()
        async with running(engine) as runner:
            await say(Memory(0, shelf), runner, "abc")
            ((key, value),) = shelf.values.items()
            assert b"ABC" in value
            shelf.values[key] = value.replace(b"ABC", b"A\xffC")
            assert await say(Memory(0, shelf), runner, "abc") == ["ABC"]
        assert shelf.values == {key: value}

    async def test_equal_requests_that_wait_for_the_shelf_still_run_one_job(self) -> None:
        engine, shelf = FakeEngine(), DictShelf()
        memory = Memory(0, shelf)
        async with running(engine) as runner:
            shelf.go.clear()
            both = [asyncio.create_task(say(memory, runner, "a")) for _ in range(2)]
            await settle()
            shelf.go.set()
            assert await asyncio.gather(*both) == [["A"], ["A"]]
        assert engine.texts == ["a"]

    async def test_what_was_learnt_while_the_shelf_was_asked_is_not_computed_again(self) -> None:
        engine, shelf = FakeEngine(), DictShelf()
        memory = Memory(PLENTY, shelf)
        async with running(engine) as runner:
            shelf.go.clear()
            slow = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            memory._shelves = ()
            await say(memory, runner, "a")
            shelf.go.set()
            assert await slow == ["A"]
        assert engine.texts == ["a"]


WORDS = st.sampled_from("abcdef")
REQUESTS = st.lists(
    st.tuples(
        st.lists(WORDS, min_size=1, max_size=6),
        st.sampled_from([GREEDY, Decoding(beam_size=2)]),
        st.booleans(),  # whether it is cancelled
        st.integers(0, 3),  # turns of the loop before the next
    ),
    max_size=8,
)


class TestAnyOrder:
    @settings(max_examples=60, deadline=None)
    @given(REQUESTS, st.sampled_from([0, 2 * ENTRY_BYTES, PLENTY]), st.booleans())
    def test_whoever_stays_gets_what_it_would_get_alone(
        self, requests, max_bytes: int, shelved: bool
    ) -> None:
        async def scenario() -> None:
            memory = Memory(max_bytes, *([DictShelf()] if shelved else []))
            async with running(FakeEngine(by_beam), max_batch_tokens=6) as runner:
                tasks = []
                for texts, decoding, _, turns in requests:
                    tasks.append(
                        asyncio.create_task(say(memory, runner, *texts, decoding=decoding))
                    )
                    for _ in range(turns):
                        await asyncio.sleep(0)
                for task, (*_, leaves, _) in zip(tasks, requests, strict=True):
                    if leaves:
                        task.cancel()
                said = await asyncio.gather(*tasks, return_exceptions=True)
                await settle()
            for found, (texts, decoding, leaves, _) in zip(said, requests, strict=True):
                alone = [by_beam(text, decoding) for text in texts]
                assert found == alone or (leaves and isinstance(found, asyncio.CancelledError))
            assert memory._flights == {}

        asyncio.run(scenario())


def by_beam(text: str, decoding: Decoding) -> str:
    return f"{text.upper()}{decoding.beam_size}"


class TestTelling:
    async def test_each_answer_is_told_of_by_its_index_however_it_came(self) -> None:
        memory, heard = Memory(PLENTY), {}
        async with running(FakeEngine()) as another:
            await say(memory, another, "remembered")
        async with held() as (runner, gate, engine):
            flying = asyncio.create_task(say(memory, runner, "flying"))
            await settle()
            jobs = [(runner.encode(t), GREEDY) for t in ("own", "flying", "own", "remembered")]
            work = asyncio.create_task(
                memory.run(
                    runner, jobs, Flow(), Stopwatch(), heard=lambda i, said: heard.update({i: said})
                )
            )
            await settle()
            assert list(heard) == [3]
            gate.open()
            await asyncio.gather(flying, work)
        assert {i: said[0].text for i, said in heard.items()} == {
            0: "OWN",
            1: "FLYING",
            2: "OWN",
            3: "REMEMBERED",
        }
        assert engine.texts.count("own") == 1

    async def test_an_answer_is_told_of_before_the_others_are_there(self) -> None:
        memory, heard = Memory(0), []
        async with held("a") as (runner, gate, _):
            jobs = [(runner.encode(text), GREEDY) for text in "ab"]
            flow = Flow(ahead_jobs=1)
            work = asyncio.create_task(
                memory.run(runner, jobs, flow, Stopwatch(), heard=lambda i, _: heard.append(i))
            )
            await settle()
            gate.open()
            await gate.reached()
            await until(lambda: heard == [0])
            gate.open()
            await work
        assert heard == [0, 1]

    async def test_who_has_left_is_told_nothing_of_a_job_that_goes_on_for_another(self) -> None:
        memory, heard = Memory(0), []
        async with held() as (runner, gate, _):
            jobs = [(runner.encode("a"), GREEDY)]
            leaving = asyncio.create_task(
                memory.run(runner, jobs, Flow(), Stopwatch(), heard=lambda i, _: heard.append(i))
            )
            await settle()
            staying = asyncio.create_task(say(memory, runner, "a"))
            await settle()
            leaving.cancel()
            await settle()
            gate.open()
            assert await staying == ["A"]
        assert heard == []

    async def test_a_source_that_comes_twice_has_its_first_place(self) -> None:
        memory = Memory(0)
        async with held() as (runner, gate, engine):
            wide = Decoding(beam_size=4)
            sources = (("a", GREEDY), ("b", wide), ("a", GREEDY))
            jobs = [(runner.encode(text), decoding) for text, decoding in sources]
            work = asyncio.create_task(
                memory.run(runner, jobs, Flow(), Stopwatch(), places=[1, 2, 3])
            )
            await settle()
            gate.open()
            await work
        assert engine.texts[1:] == ["a", "b"]
