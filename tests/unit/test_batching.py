import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from service.batching import Batcher, Flow, JobResult, Quarantine, Shift
from service.batching.jobs import WINDOW_JOBS
from service.batching.quarantine import FAILED_S, HUNG_S
from service.batching.turns import Turns
from service.engines.base import Decoding, Hypothesis, Output
from service.errors import (
    InferenceFailed,
    ModelUnavailable,
    QueueFull,
    RefusedInput,
    ShuttingDown,
)
from tests.fakes import PATIENCE_S

PLAIN = Decoding()
WIDE = Decoding(beam_size=4)

TIMEOUT_S = 60.0

Sources = Sequence[Sequence[str]]
Run = Callable[[Sources, Decoding], list[Output]]


def output(text: str) -> Output:
    return Output((Hypothesis(text, 1, -0.5, finished=True),))


class Engine:
    """Answers every source with itself, upper-cased, and remembers its batches."""

    def __init__(self, during: Callable[[int], None] = lambda number: None) -> None:
        self.batches: list[list[str]] = []
        self.decodings: list[Decoding] = []
        self._during = during

    def __call__(self, sources: Sources, decoding: Decoding) -> list[Output]:
        self.batches.append([source[0] for source in sources])
        self.decodings.append(decoding)
        self._during(len(self.batches))
        if any("poison" in source for source in sources):
            raise RuntimeError("poisoned")
        return [output(" ".join(source).upper()) for source in sources]

    @property
    def names(self) -> list[str]:
        return [name for batch in self.batches for name in batch]


class Staffed(Batcher):
    """A queue whose workers run what it was made with, unless said otherwise."""

    def __init__(self, name: str, run: Run, **limits: Any) -> None:
        super().__init__(name, **limits)
        self._run = run

    def work(self, shift: Shift | None = None) -> None:
        super().work(shift or Shift(self._run))


def batcher_of(
    run: Run,
    *,
    name: str = "m",
    max_jobs: int = 10_000,
    max_batch_tokens: int = 100,
    batch_wait_s: float = 0.0,
    makes_room: bool = False,
    batch_timeout_s: float = TIMEOUT_S,
    quarantine: Quarantine | None = None,
) -> Staffed:
    return Staffed(
        name,
        run,
        max_jobs=max_jobs,
        max_batch_tokens=max_batch_tokens,
        batch_wait_s=batch_wait_s,
        makes_room=makes_room,
        batch_timeout_s=batch_timeout_s,
        quarantine=quarantine,
    )


def source(name: str, tokens: int = 10) -> list[str]:
    return [name] + ["x"] * (tokens - 1)


def drain(batcher: Staffed) -> None:
    """Runs everything that is queued, in this thread."""
    batcher.close()
    batcher.work()


def text_of(future: "Future[JobResult]") -> str:
    return future.result(PATIENCE_S).output.hypotheses[0].text


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class TestBudget:
    def test_a_batch_holds_as_many_jobs_as_the_padded_budget_allows(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=100)
        batcher.submit([source(f"j{i}", 10) for i in range(25)], PLAIN, Flow())
        drain(batcher)
        assert [len(batch) for batch in engine.batches] == [10, 10, 5]

    def test_padding_counts(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=100)
        # 50 + 10 + 10 tokens, yet 3 x 50 when padded
        batcher.submit([source("long", 50), source("a", 10), source("b", 10)], PLAIN, Flow())
        drain(batcher)
        assert [sorted(batch) for batch in engine.batches] == [["b", "long"], ["a"]]

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(1, 120))
    def test_no_batch_passes_the_budget_and_every_job_is_in_one_batch(
        self, lengths: list[int], budget: int
    ) -> None:
        seen: list[list[int]] = []

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            seen.append([len(s) for s in sources])
            return [output(s[0]) for s in sources]

        batcher = batcher_of(run, max_batch_tokens=budget)
        futures = batcher.submit([source(f"j{i}", n) for i, n in enumerate(lengths)], PLAIN, Flow())
        drain(batcher)
        assert [text_of(f) for f in futures] == [f"j{i}" for i in range(len(lengths))]
        assert sorted(n for batch in seen for n in batch) == sorted(lengths)
        for batch in seen:
            assert len(batch) == 1 or len(batch) * max(batch) <= budget

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(1, 120))
    def test_the_job_whose_turn_it_is_is_in_its_batch(
        self, lengths: list[int], budget: int
    ) -> None:
        waiting = list(range(len(lengths)))

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            batch = [int(s[0]) for s in sources]
            assert waiting[0] in batch
            for number in batch:
                waiting.remove(number)
            return [output(s[0]) for s in sources]

        batcher = batcher_of(run, max_batch_tokens=budget)
        futures = batcher.submit([source(str(i), n) for i, n in enumerate(lengths)], PLAIN, Flow())
        drain(batcher)
        assert [text_of(f) for f in futures] == [str(i) for i in range(len(lengths))]

    def test_a_job_over_the_budget_runs_alone(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=100)
        batcher.submit([source("a"), source("huge", 500), source("b")], PLAIN, Flow())
        drain(batcher)
        assert engine.batches == [["a", "b"], ["huge"]]

    def test_company_is_chosen_by_length_around_the_head(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=90)
        lengths = {"head": 20, "far": 2, "near": 19, "above": 22, "huge": 60, "close": 21}
        batcher.submit([source(name, n) for name, n in lengths.items()], PLAIN, Flow())
        drain(batcher)
        assert sorted(engine.batches[0]) == ["above", "close", "head", "near"]

    def test_only_the_window_is_looked_at(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=40)
        others = [source("other", 1)] * (WINDOW_JOBS - 1)
        batcher.submit([source("head", 20), *others, source("twin", 20)], PLAIN, Flow())
        drain(batcher)
        assert engine.batches[0] == ["other", "head"]


class TestDecoding:
    def test_only_equal_decodings_share_a_batch(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine)
        batcher.submit([source("a"), source("b")], PLAIN, Flow())
        batcher.submit([source("c")], WIDE, Flow())
        batcher.submit([source("d")], Decoding(), Flow())
        drain(batcher)
        assert [sorted(batch) for batch in engine.batches] == [["a", "b", "d"], ["c"]]
        assert engine.decodings == [PLAIN, WIDE]


class TestFairness:
    def test_a_sentence_behind_an_article_is_in_the_next_batch(self) -> None:
        def during(number: int) -> None:
            if number == 1:
                batcher.submit([source("short", 5)], WIDE, Flow())
            if number == 2:
                batcher.close()

        engine = Engine(during)
        batcher = batcher_of(engine)
        batcher.submit([source(f"a{i}") for i in range(1000)], PLAIN, Flow())
        batcher.work()
        assert engine.batches[1] == ["short"]

    @pytest.mark.parametrize("decoding", [PLAIN, WIDE])
    def test_an_endless_stream_of_sentences_does_not_starve_an_article(
        self, decoding: Decoding
    ) -> None:
        def during(number: int) -> None:
            if number == 200:
                done.extend(future.done() for future in article)
                batcher.close()
            elif number < 200:
                for _ in range(10):  # as many as a batch holds
                    batcher.submit([source("s")], decoding, Flow())

        done: list[bool] = []
        engine = Engine(during)
        batcher = batcher_of(engine)
        article = batcher.submit([source(f"a{i}") for i in range(40)], PLAIN, Flow())
        batcher.work()
        assert done == [True] * 40

    def test_two_articles_take_turns(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=10)
        batcher.submit([source(f"a{i}") for i in range(4)], PLAIN, Flow())
        batcher.submit([source(f"b{i}") for i in range(4)], PLAIN, Flow())
        drain(batcher)
        assert engine.names == ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]

    def test_turns_are_counted_in_tokens(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=1)
        batcher.submit([source(f"long{i}", 30) for i in range(2)], PLAIN, Flow())
        batcher.submit([source(f"s{i}", 10) for i in range(4)], PLAIN, Flow())
        drain(batcher)
        assert engine.names == ["long0", "s0", "s1", "s2", "long1", "s3"]

    def test_within_a_flow_order_is_by_submission(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=1)
        flow, other = Flow(), Flow()
        rng = Random(5)
        for i in range(20):
            batcher.submit([source(f"a{i}", rng.randint(1, 50))], PLAIN, flow)
            batcher.submit([source(f"b{i}", rng.randint(1, 50))], WIDE, other)
        drain(batcher)
        for letter in "ab":
            mine = [name for name in engine.names if name[0] == letter]
            assert mine == [f"{letter}{i}" for i in range(20)]

    def test_the_submissions_of_one_flow_queue_as_one(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=1)
        flow = Flow()
        for i in range(3):
            batcher.submit([source(f"a{i}")], PLAIN, flow)
        batcher.submit([source("b")], PLAIN, Flow())
        drain(batcher)
        assert engine.names == ["a0", "b", "a1", "a2"]


class TestAdmission:
    def test_a_full_queue_says_the_limit_and_how_many_wait(self) -> None:
        batcher = batcher_of(Engine(), name="big", max_jobs=3)
        batcher.submit([source("a")] * 2, PLAIN, Flow())
        assert not batcher.is_full
        batcher.submit([source("b")] * 3, PLAIN, Flow())
        assert batcher.is_full
        with pytest.raises(QueueFull, match="5 jobs wait for model big, at most 3 may") as caught:
            batcher.submit([source("c")], PLAIN, Flow())
        assert (caught.value.limit, caught.value.actual) == (3, 5)
        assert caught.value.retry_after_s

    def test_a_refused_submission_queues_nothing(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_jobs=1)
        batcher.submit([source("a")], PLAIN, Flow())
        with pytest.raises(QueueFull):
            batcher.submit([source("b"), source("c")], PLAIN, Flow())
        drain(batcher)
        assert engine.names == ["a"]

    def test_a_long_article_is_not_refused_for_being_long(self) -> None:
        batcher = batcher_of(Engine(), max_jobs=3)
        futures = batcher.submit([source("a")] * 50, PLAIN, Flow())
        drain(batcher)
        assert all(future.done() for future in futures)

    def test_a_flow_that_was_let_in_is_not_refused_half_way(self) -> None:
        batcher = batcher_of(Engine(), max_jobs=3)
        flow = Flow()
        batcher.submit([source("a")] * 50, PLAIN, flow)
        (late,) = batcher.submit([source("late")], WIDE, flow)
        with pytest.raises(QueueFull):
            batcher.submit([source("b")], PLAIN, Flow())
        drain(batcher)
        assert text_of(late).startswith("LATE")

    def test_a_refused_flow_is_not_let_in_by_being_refused(self) -> None:
        batcher = batcher_of(Engine(), max_jobs=1)
        batcher.submit([source("a")], PLAIN, Flow())
        flow = Flow()
        for _ in range(2):
            with pytest.raises(QueueFull):
                batcher.submit([source("b")], PLAIN, flow)

    def test_cancelled_jobs_make_room(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_jobs=2)
        first, _ = batcher.submit([source("a"), source("b")], PLAIN, Flow())
        first.cancel()
        batcher.submit([source("c")], PLAIN, Flow())
        with pytest.raises(QueueFull) as caught:
            batcher.submit([source("d")], PLAIN, Flow())
        assert caught.value.actual == 2
        drain(batcher)
        assert sorted(engine.names) == ["b", "c"]

    def test_a_queue_of_cancelled_jobs_is_not_full(self) -> None:
        batcher = batcher_of(Engine(), max_jobs=2)
        for future in batcher.submit([source("a"), source("b")], PLAIN, Flow()):
            future.cancel()
        assert not batcher.is_full

    def test_after_close_submissions_are_refused(self) -> None:
        batcher = batcher_of(Engine())
        batcher.close()
        with pytest.raises(ShuttingDown):
            batcher.submit([source("a")], PLAIN, Flow())

    def test_close_lets_the_accepted_jobs_finish(self) -> None:
        def during(number: int) -> None:
            if number == 1:
                batcher.close()

        engine = Engine(during)
        batcher = batcher_of(engine, max_batch_tokens=10)
        futures = batcher.submit([source(f"a{i}") for i in range(5)], PLAIN, Flow())
        batcher.work()
        assert [text_of(f)[:2] for f in futures] == ["A0", "A1", "A2", "A3", "A4"]


class TestCancellation:
    def test_the_engine_never_sees_a_cancelled_job(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=10)
        futures = batcher.submit([source(f"a{i}") for i in range(4)], PLAIN, Flow())
        futures[0].cancel()
        futures[2].cancel()
        drain(batcher)
        assert engine.names == ["a1", "a3"]
        assert futures[2].cancelled()

    def test_jobs_cancelled_during_a_batch_are_not_in_the_next(self) -> None:
        def during(number: int) -> None:
            if number == 1:
                futures[1].cancel()

        engine = Engine(during)
        batcher = batcher_of(engine, max_batch_tokens=10)
        futures = batcher.submit([source(f"a{i}") for i in range(3)], PLAIN, Flow())
        drain(batcher)
        assert engine.names == ["a0", "a2"]

    @pytest.mark.parametrize("word", ["fine", "poison"])
    def test_a_job_cancelled_during_its_batch_stays_cancelled(self, word: str) -> None:
        def during(number: int) -> None:
            assert futures[0].cancel()

        batcher = batcher_of(Engine(during), name=word)
        futures = batcher.submit([["a", word]], PLAIN, Flow())
        drain(batcher)
        assert futures[0].cancelled()
        assert metric("lur_jobs_total", model=word, outcome="dropped") == 1

    def test_a_queue_of_cancelled_jobs_is_no_batch(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine)
        for future in batcher.submit([source("a"), source("b")], PLAIN, Flow()):
            future.cancel()
        drain(batcher)
        assert engine.batches == []


class TestFailures:
    def test_a_poisoned_input_fails_alone(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, name="m1")
        good, bad, other = batcher.submit(
            [source("good"), ["bad", "poison"], source("other")], PLAIN, Flow()
        )
        drain(batcher)
        assert text_of(good).startswith("GOOD")
        assert text_of(other).startswith("OTHER")
        with pytest.raises(InferenceFailed, match="m1") as caught:
            bad.result(0)
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert str(caught.value.__cause__) == "poisoned"

    @pytest.mark.parametrize("culprit", [0, 21, 63])
    def test_a_culprit_is_found_by_halving(self, culprit: int) -> None:
        engine = Engine()
        batcher = batcher_of(engine, max_batch_tokens=640)
        sources = [source(str(i)) for i in range(64)]
        sources[culprit][1] = "poison"
        futures = batcher.submit(sources, PLAIN, Flow())
        drain(batcher)
        failed = [i for i, future in enumerate(futures) if future.exception(0)]
        assert failed == [culprit]
        assert len(engine.batches) == 1 + 2 * 6

    def test_who_is_cancelled_during_a_failing_batch_is_not_run_again(self) -> None:
        def during(number: int) -> None:
            if number == 1:
                futures[0].cancel()
                futures[2].cancel()

        engine = Engine(during)
        batcher = batcher_of(engine, name="retried")
        futures = batcher.submit(
            [source("a"), ["bad", "poison"], source("c"), source("d")], PLAIN, Flow()
        )
        drain(batcher)
        assert sorted(engine.names[4:]) == ["bad", "d"]
        assert text_of(futures[3]).startswith("D")
        assert metric("lur_jobs_total", model="retried", outcome="dropped") == 2

    def test_a_failing_batch_that_nobody_wants_any_more_is_forgotten(self) -> None:
        def during(number: int) -> None:
            for future in futures:
                future.cancel()

        engine = Engine(during)
        batcher = batcher_of(engine)
        futures = batcher.submit([["bad", "poison"], source("b")], PLAIN, Flow())
        drain(batcher)
        assert len(engine.batches) == 1

    @pytest.mark.parametrize("count", [0, 2])
    def test_a_wrong_number_of_outputs_is_the_failure_of_its_job_only(self, count: int) -> None:
        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            return [output(s[0]) for s in sources for _ in range(count if s[0] == "odd" else 1)]

        batcher = batcher_of(run)
        good, odd, other = batcher.submit(
            [source("good"), source("odd"), source("other")], PLAIN, Flow()
        )
        drain(batcher)
        assert (text_of(good), text_of(other)) == ("good", "other")
        with pytest.raises(InferenceFailed) as caught:
            odd.result(0)
        assert str(caught.value.__cause__) == f"{count} outputs for 1 sources"

    @pytest.mark.parametrize(
        "failure", [RuntimeError("x"), MemoryError(), type("Panic", (BaseException,), {})()]
    )
    def test_the_loop_outlives_every_failure(self, failure: BaseException) -> None:
        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            if decoding == WIDE:
                raise failure
            return [output(s[0]) for s in sources]

        batcher = batcher_of(run)
        lost = batcher.submit([source("a"), source("b")], WIDE, Flow())
        (later,) = batcher.submit([source("c")], PLAIN, Flow())
        drain(batcher)
        assert text_of(later) == "c"
        for future in lost:
            with pytest.raises(InferenceFailed) as caught:
                future.result(0)
            assert caught.value.__cause__ is failure


class TestCompany:
    """With a wait of an hour: what is served was not waiting, or waits for what comes next."""

    @staticmethod
    @contextmanager
    def after_two_flows(
        *, batch_wait_s: float = 3600.0, max_batch_tokens: int = 100
    ) -> Iterator[tuple[Staffed, Engine]]:
        """A worker that has just served two flows together."""
        engine = Engine()
        batcher = batcher_of(engine, batch_wait_s=batch_wait_s, max_batch_tokens=max_batch_tokens)
        two = [batcher.submit([source(name)], PLAIN, Flow())[0] for name in "ab"]
        thread = threading.Thread(target=batcher.work)
        thread.start()
        assert [text_of(future)[0] for future in two] == ["A", "B"]
        yield batcher, engine
        batcher.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    def test_a_client_alone_never_waits(self) -> None:
        batcher = batcher_of(Engine(), batch_wait_s=3600.0)
        thread = threading.Thread(target=batcher.work)
        thread.start()
        for name in "abcde":
            (lone,) = batcher.submit([source(name)], PLAIN, Flow())
            assert text_of(lone).startswith(name.upper())
        batcher.close()
        thread.join(PATIENCE_S)

    def test_flows_that_were_served_together_are_awaited(self) -> None:
        with self.after_two_flows() as (batcher, engine):
            both = [batcher.submit([source(name)], PLAIN, Flow())[0] for name in "cd"]
            assert [text_of(future)[0] for future in both] == ["C", "D"]
        assert [sorted(batch) for batch in engine.batches] == [["a", "b"], ["c", "d"]]

    def test_the_wait_for_who_does_not_come_back_ends(self) -> None:
        with self.after_two_flows(batch_wait_s=0.001) as (batcher, _):
            (lone,) = batcher.submit([source("c")], PLAIN, Flow())
            assert text_of(lone).startswith("C")

    def test_closing_ends_the_wait(self) -> None:
        with self.after_two_flows() as (batcher, _):
            (lone,) = batcher.submit([source("c")], PLAIN, Flow())
            batcher.close()
            assert text_of(lone).startswith("C")

    def test_a_full_batch_waits_for_nobody(self) -> None:
        with self.after_two_flows(max_batch_tokens=20) as (batcher, _):
            (full,) = batcher.submit([source("c", 20)], PLAIN, Flow())
            assert text_of(full).startswith("C")

    def test_as_many_jobs_as_the_last_batch_had_wait_for_nobody(self) -> None:
        with self.after_two_flows() as (batcher, _):
            article = batcher.submit([source("c", 1)] * 2, PLAIN, Flow())
            assert [text_of(future) for future in article] == ["C"] * 2

    def test_who_served_brief_flows_waits_for_them_and_not_for_long_ones(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, batch_wait_s=3600.0, makes_room=True)
        first = [batcher.submit([source(name)], PLAIN, Flow())[0] for name in "ab"]
        thread = threading.Thread(target=batcher.work)
        thread.start()
        assert [text_of(future)[0] for future in first] == ["A", "B"]
        long = batcher.submit([source("long", 50)] * 5, WIDE, Flow())
        (one,) = batcher.submit([source("c")], PLAIN, Flow())
        assert not any(future.done() for future in (*long, one))
        (other,) = batcher.submit([source("d")], PLAIN, Flow())
        assert [text_of(one)[0], text_of(other)[0]] == ["C", "D"]
        assert engine.batches[:2] == [["a", "b"], ["c", "d"]]
        batcher.close()
        thread.join(PATIENCE_S)
        assert all(text_of(future).startswith("LONG") for future in long)

    def test_a_worker_that_waits_on_an_empty_queue_ends_when_it_is_closed(self) -> None:
        batcher = batcher_of(Engine())
        thread = threading.Thread(target=batcher.work)
        thread.start()
        batcher.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


class TestSeveralWorkers:
    @staticmethod
    @contextmanager
    def working(batcher: Staffed, workers: int) -> Iterator[None]:
        batcher.expect(workers)
        threads = [threading.Thread(target=batcher.work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        yield
        batcher.close()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def test_the_worker_that_is_there_first_leaves_the_others_their_share(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine)
        batcher.expect(2)
        batcher.submit([source(name) for name in "abcd"], PLAIN, Flow())
        drain(batcher)
        assert list(map(len, engine.batches)) == [2, 1, 1]

    def test_an_article_is_shared_out_and_runs_at_once(self) -> None:
        together = threading.Barrier(2, timeout=PATIENCE_S)
        engine = Engine(during=lambda number: together.wait() and None)
        batcher = batcher_of(engine)
        with self.working(batcher, 2):
            article = batcher.submit([source(f"s{i}") for i in range(8)], PLAIN, Flow())
            assert [text_of(future)[:2] for future in article] == [f"S{i}" for i in range(8)]
        assert sorted(map(len, engine.batches)) == [4, 4]

    def test_a_sentence_is_served_beside_a_batch_that_runs(self) -> None:
        entered, leave = threading.Event(), threading.Event()

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            if sources[0][0] == "slow":
                entered.set()
                assert leave.wait(PATIENCE_S)
            return [output(source[0]) for source in sources]

        batcher = batcher_of(run)
        with self.working(batcher, 2):
            (slow,) = batcher.submit([source("slow")], PLAIN, Flow())
            assert entered.wait(PATIENCE_S)
            (quick,) = batcher.submit([source("quick")], PLAIN, Flow())
            assert text_of(quick) == "quick"
            leave.set()
            assert text_of(slow) == "slow"

    def test_a_batch_that_nobody_wants_after_its_failure_is_no_longer_counted_as_running(
        self,
    ) -> None:
        futures: list[Future[JobResult]] = []

        def leave(number: int) -> None:
            for future in futures:
                future.cancel()

        batcher = batcher_of(Engine(during=leave))
        futures += batcher.submit([source("poison"), source("poison")], PLAIN, Flow())
        drain(batcher)
        assert not batcher._turns._running


class Hanging:
    """An engine that runs past the time limit on sources with `hang`, and breaks on `break`.

    While it is inside, it has the queue look as the watch would; what it returns then comes too
    late. Needs no threads and no time.
    """

    def __init__(self) -> None:
        self.batcher: Staffed | None = None
        self.batches: list[list[str]] = []
        self.shifts: list[Shift] = []
        self.passes_s = TIMEOUT_S + 1
        self._broken: set[Shift] = set()

    def batcher_of(self, **limits: Any) -> Staffed:
        self.batcher = batcher_of(self.run, **limits)
        return self.batcher

    def run(self, sources: Sources, decoding: Decoding) -> list[Output]:
        assert self.batcher is not None
        shift = self.shifts[-1]
        assert shift.end is None, "the engine was given up"
        self.batches.append([source[0] for source in sources])
        words = {word for source in sources for word in source}
        if "hang" in words:
            self.batcher.look(self.passes_s)
            return [output("too late")] * len(sources)
        if "break" in words:
            self._broken.add(shift)
        if "poison" in words or shift in self._broken:
            raise RuntimeError("poisoned")
        return [output(" ".join(source).upper()) for source in sources]

    def drain(self) -> None:
        """Runs everything that is queued, with a new engine where one is given up."""
        assert self.batcher is not None
        self.batcher.close()
        while self.batcher.has_work:
            shift = Shift(self.run, lambda: self.shifts[-1] not in self._broken)
            self.shifts.append(shift)
            self.batcher.work(shift)

    @property
    def ends(self) -> list[str]:
        return [shift.end for shift in self.shifts if shift.end is not None]


def failure_of(future: "Future[JobResult]") -> BaseException:
    error = future.exception(0)
    assert error is not None
    return error


class TestHangs:
    def test_neighbours_of_an_input_that_hangs_get_their_results(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        a, bad, b, c = batcher.submit(
            [source("a"), ["bad", "hang"], source("b"), source("c")], PLAIN, Flow()
        )
        engine.drain()
        assert [text_of(future)[0] for future in (a, b, c)] == ["A", "B", "C"]
        assert isinstance(failure_of(bad), InferenceFailed)
        assert isinstance(failure_of(bad).__cause__, TimeoutError)

    def test_each_job_of_a_batch_that_hung_runs_alone_with_another_engine(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        batcher.submit([source("a"), source("b"), ["bad", "hang"]], PLAIN, Flow())
        batcher.submit([source("new")], WIDE, Flow())
        engine.drain()
        assert sorted(engine.batches[0]) == ["a", "b", "bad"]
        assert sorted(engine.batches[1:4]) == [["a"], ["b"], ["bad"]]
        assert engine.batches[4:] == [["new"]]
        assert engine.ends == ["hang", "hang"]

    def test_who_hangs_alone_is_not_run_again(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        (bad,) = batcher.submit([["bad", "hang"]], PLAIN, Flow())
        engine.drain()
        assert isinstance(failure_of(bad), InferenceFailed)
        assert engine.batches == [["bad"]]

    def test_several_culprits_in_one_batch_are_all_found(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        words = [["hang"] if i in (2, 5) else [] for i in range(8)]
        futures = batcher.submit([[f"j{i}", *words[i]] for i in range(8)], PLAIN, Flow())
        engine.drain()
        assert [i for i, future in enumerate(futures) if future.exception(0)] == [2, 5]
        assert engine.ends == ["hang"] * 3

    def test_the_halves_of_a_failed_batch_are_watched_each_on_its_own(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        futures = batcher.submit(
            [["a", "poison"], source("b"), ["c", "hang"], source("d")], PLAIN, Flow()
        )
        engine.drain()
        assert [f.exception(0) is None for f in futures] == [False, True, False, True]

    def test_a_batch_may_take_all_its_time(self) -> None:
        engine = Hanging()
        engine.passes_s = TIMEOUT_S
        batcher = engine.batcher_of()
        futures = batcher.submit([["a", "hang"], ["b", "hang"]], PLAIN, Flow())
        engine.drain()
        assert [text_of(future) for future in futures] == ["too late"] * 2  # in time, that is
        assert engine.ends == []

    @pytest.mark.parametrize(("timeout_s", "apart_s"), [(60.0, 15.0), (10.0, 5.0), (2.0, 2.0)])
    @pytest.mark.parametrize("beyond_s", [0.0, 0.1])
    def test_a_job_set_apart_has_a_quarter_of_the_time_and_five_seconds_if_there_are_so_many(
        self, timeout_s: float, apart_s: float, beyond_s: float
    ) -> None:
        engine, quarantine = Hanging(), Quarantine()
        quarantine.hold(["a", "hang"], PLAIN, "apart", 1.0)
        engine.passes_s = apart_s + beyond_s
        batcher = engine.batcher_of(batch_timeout_s=timeout_s, quarantine=quarantine)
        batcher.submit([["a", "hang"]], PLAIN, Flow())
        engine.drain()
        assert engine.ends == ["hang"] * bool(beyond_s)

    def test_time_that_nobody_saw_pass_does_not_count(self) -> None:
        engine = Hanging()
        engine.passes_s = 2.0  # all that a watch counts of an hour in which the process stood still
        batcher = engine.batcher_of()
        (slow,) = batcher.submit([["slow", "hang"]], PLAIN, Flow())
        engine.drain()
        assert text_of(slow) == "too late"
        assert engine.ends == []

    def test_without_a_limit_nothing_hangs(self) -> None:
        engine = Hanging()
        engine.passes_s = 1e9
        batcher = engine.batcher_of(batch_timeout_s=0.0)
        (slow,) = batcher.submit([["slow", "hang"]], PLAIN, Flow())
        engine.drain()
        assert text_of(slow) == "too late"

    def test_who_is_cancelled_while_its_batch_hangs_is_not_run_again(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        futures = batcher.submit([["a", "hang"], source("b"), source("c")], PLAIN, Flow())
        look = batcher.look

        def leave_and_look(step_s: float) -> None:
            futures[0].cancel()
            futures[1].cancel()
            look(step_s)

        batcher.look = leave_and_look  # type: ignore[method-assign]
        engine.drain()
        assert engine.batches[1:] == [["c"]]
        assert text_of(futures[2]).startswith("C")

    def test_a_batch_that_hung_is_no_longer_counted_as_running(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        flow = Flow()
        batcher.submit([["a", "hang"], ["b", "hang"], source("c")], PLAIN, flow)
        engine.drain()
        assert not batcher._turns._running
        assert (flow.running_tokens, flow.waiting_tokens) == (0, 0)

    def test_what_waits_behind_a_hang_is_counted_as_queued(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of(name="behind")
        batcher.submit([["a", "hang"], source("b"), source("c")], PLAIN, Flow())
        batcher.close()
        engine.shifts.append(Shift(engine.run))
        batcher.work(engine.shifts[-1])
        assert metric("lur_queued_jobs", model="behind") == 3
        engine.drain()
        assert metric("lur_queued_jobs", model="behind") == 0

    def test_a_healthy_worker_of_the_same_engine_finishes_its_batch_and_leaves(self) -> None:
        inside = threading.Semaphore(0)
        leave = {"slow": threading.Event(), "hang": threading.Event()}

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            if (name := sources[0][0]) in leave:
                inside.release()
                assert leave[name].wait(PATIENCE_S)
            return [output(source[0]) for source in sources]

        batcher = batcher_of(run, max_batch_tokens=1)
        shift = Shift(run)
        threads = [threading.Thread(target=batcher.work, args=(shift,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        (hang,) = batcher.submit([["hang"]], PLAIN, Flow())
        assert inside.acquire(timeout=PATIENCE_S)
        batcher.look(TIMEOUT_S)
        (slow,) = batcher.submit([["slow"]], PLAIN, Flow())
        assert inside.acquire(timeout=PATIENCE_S)
        batcher.look(1.0)
        assert isinstance(failure_of(hang), InferenceFailed)
        (later,) = batcher.submit([["later"]], PLAIN, Flow())
        assert not slow.done()
        for event in leave.values():
            event.set()
        assert text_of(slow) == "slow"
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        assert not later.done()
        drain(batcher)
        assert text_of(later) == "later"

    def test_a_worker_that_waits_for_jobs_leaves_when_its_engine_is_given_up(self) -> None:
        inside, leave = threading.Event(), threading.Event()

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            inside.set()
            assert leave.wait(PATIENCE_S)
            return [output("late")]

        batcher = batcher_of(run)
        shift = Shift(run)
        threads = [threading.Thread(target=batcher.work, args=(shift,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        batcher.submit([["hang"]], PLAIN, Flow())
        assert inside.wait(PATIENCE_S)
        batcher.look(TIMEOUT_S + 1)
        leave.set()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def test_a_worker_that_waits_for_company_leaves_when_its_engine_is_given_up(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine, batch_wait_s=3600.0)
        shift = Shift(engine)
        two = [batcher.submit([source(name)], PLAIN, Flow())[0] for name in "ab"]
        thread = threading.Thread(target=batcher.work, args=(shift,))
        thread.start()
        assert [text_of(future)[0] for future in two] == ["A", "B"]
        (lone,) = batcher.submit([source("c")], PLAIN, Flow())
        shift.end = "hang"
        with batcher._changed:
            batcher._changed.notify_all()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert not lone.done()
        drain(batcher)
        assert text_of(lone).startswith("C")

    def test_how_long_the_longest_call_is_inside_is_said(self) -> None:
        seen: list[float] = []
        batcher = batcher_of(lambda *_: (seen.append(batcher.stalled_s), [output("a")])[1])
        batcher.submit([source("a")], PLAIN, Flow())
        assert batcher.stalled_s == 0
        drain(batcher)
        assert seen[0] > 0
        assert batcher.stalled_s == 0


class TestRefusedInputs:
    @pytest.mark.parametrize("fault", ["poison", "hang", "break"])
    def test_an_input_that_failed_alone_is_refused_the_second_time(self, fault: str) -> None:
        engine, quarantine = Hanging(), Quarantine()
        batcher = engine.batcher_of(quarantine=quarantine)
        (bad,) = batcher.submit([["bad", fault]], PLAIN, Flow())
        engine.drain()
        assert isinstance(failure_of(bad), InferenceFailed)
        engine = Hanging()
        batcher = engine.batcher_of(name=f"again-{fault}", quarantine=quarantine)
        with pytest.raises(RefusedInput, match=f"again-{fault} failed on this input before"):
            batcher.submit([source("good"), ["bad", fault]], PLAIN, Flow())
        assert metric("lur_refused_inputs_total", model=f"again-{fault}") == 1
        (good,) = batcher.submit([source("good")], PLAIN, Flow())
        engine.drain()
        assert engine.batches == [["good"]]
        assert text_of(good).startswith("GOOD")

    @pytest.mark.parametrize(("fault", "seconds"), [("poison", FAILED_S), ("hang", HUNG_S)])
    def test_after_a_while_it_is_tried_again(self, fault: str, seconds: float) -> None:
        now = [0.0]
        engine, quarantine = Hanging(), Quarantine(lambda: now[0])
        batcher = engine.batcher_of(quarantine=quarantine)
        batcher.submit([["bad", fault]], PLAIN, Flow())
        engine.drain()
        now[0] = seconds - 1
        assert quarantine.verdict(["bad", fault], PLAIN) == "refused"
        now[0] = seconds
        engine = Hanging()
        batcher = engine.batcher_of(quarantine=quarantine)
        batcher.submit([["bad", fault]], PLAIN, Flow())
        engine.drain()
        assert engine.batches == [["bad"]]

    def test_it_is_tried_again_with_other_decoding(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        batcher.submit([["bad", "poison"]], PLAIN, Flow())
        batcher.submit([["bad", "poison"]], WIDE, Flow())
        engine.drain()
        assert engine.batches == [["bad"], ["bad"]]

    def test_neighbours_of_an_input_that_fails_are_free(self) -> None:
        quarantine = Quarantine()
        batcher = batcher_of(Engine(), quarantine=quarantine)
        batcher.submit([["bad", "poison"], ["good"]], PLAIN, Flow())
        drain(batcher)
        assert quarantine.verdict(["good"], PLAIN) == "free"
        assert quarantine.verdict(["bad", "poison"], PLAIN) == "refused"

    def test_neighbours_of_an_input_that_hangs_are_free_when_they_have_run_alone(self) -> None:
        engine, quarantine = Hanging(), Quarantine()
        batcher = engine.batcher_of(quarantine=quarantine)
        batcher.submit([["bad", "hang"], ["good"]], PLAIN, Flow())
        engine.drain()
        assert quarantine.verdict(["good"], PLAIN) == "free"
        assert quarantine.verdict(["bad", "hang"], PLAIN) == "refused"

    def test_equal_inputs_that_wait_already_never_reach_the_engine(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of(max_batch_tokens=2)
        first, second, other = (
            batcher.submit([words], PLAIN, Flow())[0]
            for words in (["bad", "hang"], ["bad", "hang"], ["good"])
        )
        engine.drain()
        assert isinstance(failure_of(first), InferenceFailed)
        assert isinstance(failure_of(second), RefusedInput)
        assert text_of(other) == "GOOD"
        assert engine.batches.count(["bad"]) == 1

    def test_an_input_that_nobody_waited_for_when_its_batch_hung_runs_alone_next_time(
        self,
    ) -> None:
        engine, quarantine = Hanging(), Quarantine()
        batcher = engine.batcher_of(quarantine=quarantine)
        gone = batcher.submit([["bad", "hang"], ["good"]], PLAIN, Flow())
        look = batcher.look

        def leave_and_look(step_s: float) -> None:
            for future in gone:
                future.cancel()
            look(step_s)

        batcher.look = leave_and_look  # type: ignore[method-assign]
        engine.drain()
        assert len(engine.batches) == 1
        engine = Hanging()
        batcher = engine.batcher_of(quarantine=quarantine)
        new, bad, good = batcher.submit([["new"], ["bad", "hang"], ["good"]], PLAIN, Flow())
        engine.drain()
        assert sorted(engine.batches) == [["bad"], ["good"], ["new"]]
        assert (text_of(new), text_of(good)) == ("NEW", "GOOD")
        assert isinstance(failure_of(bad), InferenceFailed)


class Breakable:
    """An engine of two workers, broken by one input, which waits a while for who is beside it."""

    def __init__(self) -> None:
        self.broken = False
        self._inside = 0
        self._changed = threading.Condition()

    def __call__(self, sources: Sources, decoding: Decoding) -> list[Output]:
        with self._changed:
            self._inside += 1
            self._changed.notify_all()
            if any("break" in source for source in sources):
                self.broken = True
                self._changed.wait_for(lambda: self._inside > 1, 0.2)
            self._inside -= 1
            if self.broken:
                raise RuntimeError("broken")
        return [output(source[0].upper()) for source in sources]


class TestBrokenEngines:
    def test_an_engine_that_fails_on_everything_is_given_up_and_nobody_is_blamed(self) -> None:
        engine, quarantine = Hanging(), Quarantine()
        batcher = engine.batcher_of(quarantine=quarantine)
        futures = batcher.submit([["a"], ["b"], ["c"]], PLAIN, Flow())
        broken = Shift(lambda *_: [], is_sound=lambda: False)
        batcher.work(broken)
        assert broken.end == "broken"
        engine.drain()
        assert [text_of(future) for future in futures] == ["A", "B", "C"]
        assert all(quarantine.verdict([name], PLAIN) == "free" for name in "abc")

    def test_who_breaks_two_engines_alone_is_the_culprit(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        a, bad, b = batcher.submit([["a"], ["bad", "break"], ["b"]], PLAIN, Flow())
        engine.drain()
        assert (text_of(a), text_of(b)) == ("A", "B")
        assert isinstance(failure_of(bad), InferenceFailed)
        assert engine.ends == ["broken", "broken"]

    def test_who_runs_beside_the_culprit_is_not_taken_for_one(self) -> None:
        quarantine = Quarantine()
        batcher = batcher_of(Engine(), quarantine=quarantine)
        batcher.expect(2)
        bad, a, b = (batcher.submit([s], PLAIN, Flow())[0] for s in (["break"], ["a"], ["b"]))
        batcher.close()
        engines = []
        while not (a.done() and bad.done() and b.done()):
            engine = Breakable()
            engines.append(engine)
            shift = Shift(engine, is_sound=lambda engine=engine: not engine.broken)
            threads = [threading.Thread(target=batcher.work, args=(shift,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_S)
                assert not thread.is_alive()
        assert (text_of(a), text_of(b)) == ("A", "B")
        assert isinstance(failure_of(bad), InferenceFailed)
        assert [quarantine.verdict([n], PLAIN) for n in "ab"] == ["free", "free"]
        assert [engine.broken for engine in engines][:2] == [True, True]

    def test_an_engine_that_is_sound_after_a_failure_goes_on(self) -> None:
        engine = Hanging()
        batcher = engine.batcher_of()
        batcher.submit([["bad", "poison"], ["good"]], PLAIN, Flow())
        engine.drain()
        assert engine.ends == []


class TestMemory:
    @pytest.mark.parametrize(
        "failure",
        [MemoryError(), RuntimeError("std::bad_alloc"), RuntimeError("CUDA out of memory")],
    )
    def test_a_batch_that_is_too_large_for_the_memory_runs_in_parts(
        self, failure: Exception
    ) -> None:
        sizes: list[int] = []

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            sizes.append(len(sources))
            if len(sources) > 3:
                raise failure
            return [output(source[0]) for source in sources]

        batcher = batcher_of(run)
        futures = batcher.submit([[str(i)] for i in range(16)], PLAIN, Flow())
        drain(batcher)
        assert [text_of(future) for future in futures] == [str(i) for i in range(16)]
        assert sorted(sizes) == [2] * 8 + [4] * 4 + [8] * 2 + [16]

    def test_the_memory_of_a_failed_batch_is_free_when_its_halves_run(self) -> None:
        class Tensor:
            pass

        alive: list[weakref.ref[Tensor]] = []
        seen: list[int] = []

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            seen.append(sum(ref() is not None for ref in alive))
            tensor = Tensor()
            alive.append(weakref.ref(tensor))
            try:
                fail(tensor)
            except MemoryError as error:
                raise RuntimeError("CUDA out of memory") from error
            return []

        def fail(tensor: Tensor) -> None:
            raise MemoryError

        batcher = batcher_of(run)
        batcher.submit([["a"], ["b"]], PLAIN, Flow())
        drain(batcher)
        assert seen == [0, 0, 0]


class TestFaultsOfTheQueue:
    @pytest.fixture
    def faulty(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def break_once(method: str) -> None:
            right = getattr(Turns, method)

            def wrong(self: Turns, *args: Any) -> Any:
                monkeypatch.setattr(Turns, method, right)
                raise KeyError("a fault of ours")

            monkeypatch.setattr(Turns, method, wrong)

        return break_once

    @pytest.mark.parametrize("method", ["take", "finish"])
    def test_whoever_waits_gets_an_answer_and_the_queue_goes_on(
        self, faulty: Callable[[str], None], method: str
    ) -> None:
        batcher = batcher_of(Engine(), max_batch_tokens=20)
        flow = Flow()
        futures = batcher.submit([source(str(i)) for i in range(6)], PLAIN, flow)
        faulty(method)
        drain(batcher)
        for future in futures:
            assert isinstance(failure_of(future), InferenceFailed)
            assert isinstance(failure_of(future).__cause__, KeyError)
        assert (flow.waiting_tokens, flow.running_tokens) == (0, 0)

    def test_jobs_that_other_workers_have_in_hand_are_none_of_its_business(
        self, faulty: Callable[[str], None]
    ) -> None:
        inside, leave = threading.Event(), threading.Event()

        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            if sources[0][0] == "slow":
                inside.set()
                assert leave.wait(PATIENCE_S)
            return [output(source[0]) for source in sources]

        batcher = batcher_of(run)
        slow_worker = threading.Thread(target=batcher.work)
        slow_worker.start()
        flow = Flow()
        (slow,) = batcher.submit([["slow"]], PLAIN, flow)
        assert inside.wait(PATIENCE_S)
        faulty("take")
        (lost,) = batcher.submit([["lost"]], PLAIN, Flow())
        other_worker = threading.Thread(target=batcher.work)
        other_worker.start()
        assert isinstance(lost.exception(PATIENCE_S), InferenceFailed)
        (later,) = batcher.submit([["later"]], PLAIN, flow)
        assert text_of(later) == "later"
        assert not slow.done()
        leave.set()
        assert text_of(slow) == "slow"
        batcher.close()
        for thread in (slow_worker, other_worker):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        assert (flow.waiting_tokens, flow.running_tokens) == (0, 0)

    @pytest.mark.parametrize("nonsense", [[None], [Output(())], None])
    def test_an_output_that_is_none_is_its_inputs_failure(self, nonsense: Any) -> None:
        def run(sources: Sources, decoding: Decoding) -> list[Output]:
            if any(source[0] == "odd" for source in sources):
                return nonsense and nonsense * len(sources)
            return [output(source[0]) for source in sources]

        batcher = batcher_of(run)
        odd, good = batcher.submit([["odd"], ["good"]], PLAIN, Flow())
        drain(batcher)
        assert isinstance(failure_of(odd), InferenceFailed)
        assert text_of(good) == "good"


class TestSuspension:
    def test_who_leaves_while_the_queue_is_suspended_keeps_nobody_waiting(self) -> None:
        """Clients cancel without the lock: the last one does, when the queue is being emptied."""

        class Leaving(Flow):
            emptied = False

            def __setattr__(self, name: str, value: Any) -> None:
                super().__setattr__(name, value)
                if self.emptied and name == "running_tokens":
                    leaver = threading.Thread(target=futures[-1].cancel)
                    leaver.start()
                    leaver.join(PATIENCE_S)

        batcher, flow = batcher_of(Engine()), Leaving()
        futures = batcher.submit([source(name) for name in "abc"], PLAIN, flow)
        flow.emptied = True
        batcher.suspend("its engines hang")
        assert futures[-1].cancelled()
        assert [type(failure_of(future)) for future in futures[:2]] == [ModelUnavailable] * 2

    def test_a_suspended_queue_answers_what_waits_and_refuses_what_comes(self) -> None:
        engine = Engine()
        batcher = batcher_of(engine)
        waiting = batcher.submit([source("a"), source("b")], PLAIN, Flow())
        batcher.suspend("its engines hang")
        assert all(isinstance(failure_of(future), ModelUnavailable) for future in waiting)
        with pytest.raises(ModelUnavailable, match="m is unavailable: its engines hang"):
            batcher.submit([source("c")], PLAIN, Flow())
        assert not batcher.has_work
        batcher.resume()
        (later,) = batcher.submit([source("d")], PLAIN, Flow())
        drain(batcher)
        assert text_of(later).startswith("D")
        assert engine.names == ["d"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "", "", "poison", "hang", "break", "cancel"]),
            min_size=1,
            max_size=12,
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 40),
)
def test_whatever_inputs_do_to_engines_every_job_gets_what_it_would_get_alone(
    flows: list[list[str]], budget: int
) -> None:
    engine = Hanging()
    batcher = engine.batcher_of(max_batch_tokens=budget)
    expected: list[tuple[Future[JobResult], str]] = []
    made = [Flow() for _ in flows]
    for number, (flow, faults) in enumerate(zip(made, flows, strict=True)):
        words = [[f"f{number}j{i}", "x", fault] for i, fault in enumerate(faults)]
        futures = batcher.submit(words, PLAIN, flow)
        expected += zip(futures, faults, strict=True)
    for future, fault in expected:
        if fault == "cancel":
            future.cancel()
    engine.drain()
    for future, fault in expected:
        if fault == "":
            assert text_of(future).endswith(" X ")
        elif fault == "cancel":
            assert future.cancelled()
        else:
            assert isinstance(failure_of(future), InferenceFailed)
    assert not batcher._turns._running
    assert not batcher._turns.flows
    assert not batcher._open
    assert {(flow.waiting_tokens, flow.running_tokens) for flow in made} == {(0, 0)}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), min_size=1, max_size=12
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 200),
)
def test_every_job_gets_what_it_would_get_alone(
    clients: list[list[tuple[int, bool, bool]]], budget: int
) -> None:
    engine = Engine()
    batcher = batcher_of(engine, max_batch_tokens=budget)
    worker = threading.Thread(target=batcher.work)
    worker.start()
    mixed_up: list[str] = []

    def client(number: int, jobs: list[tuple[int, bool, bool]]) -> None:
        flow = Flow()
        for i, (tokens, wide, poisoned) in enumerate(jobs):
            words = source(f"c{number}j{i}", tokens) + ["poison"] * poisoned
            (future,) = batcher.submit([words], WIDE if wide else PLAIN, flow)
            expected = "failed" if poisoned else " ".join(words).upper()
            error = future.exception(PATIENCE_S)
            if (text_of(future) if error is None else "failed") != expected:
                mixed_up.append(expected)

    threads = [threading.Thread(target=client, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    batcher.close()
    worker.join(PATIENCE_S)
    assert mixed_up == []
    assert not worker.is_alive()


class TestWhatIsMeasured:
    def test_results_say_when_they_were_submitted_begun_and_done(self) -> None:
        batcher = batcher_of(Engine(), max_batch_tokens=10)
        first, second = batcher.submit([source("a"), source("b")], PLAIN, Flow())
        drain(batcher)
        a, b = first.result(0), second.result(0)
        assert a.submitted_s == b.submitted_s <= a.started_s <= a.finished_s <= b.started_s

    def test_outcomes_batches_and_tokens_are_counted(self) -> None:
        batcher = batcher_of(Engine(), name="counted")
        _, _, gone = batcher.submit([source("a", 7), source("b", 9), source("c")], PLAIN, Flow())
        batcher.submit([["bad", "poison"]], WIDE, Flow())
        gone.cancel()
        drain(batcher)

        def outcome(kind: str) -> float:
            return metric("lur_jobs_total", model="counted", outcome=kind)

        assert [outcome(kind) for kind in ("done", "failed", "dropped")] == [2, 1, 1]
        assert metric("lur_batch_jobs_sum", model="counted") == 2
        assert metric("lur_batch_tokens_sum", model="counted") == 18
        assert metric("lur_queue_seconds_count", model="counted") == 2
        assert metric("lur_inference_seconds_count", model="counted") == 1

    def test_the_gauge_of_waiting_jobs_follows_the_queue(self) -> None:
        def waiting() -> float:
            return metric("lur_queued_jobs", model="gauged")

        seen: list[float] = []
        batcher = batcher_of(
            Engine(lambda _: seen.append(waiting())), name="gauged", max_batch_tokens=20
        )
        batcher.submit([source(str(i)) for i in range(5)], PLAIN, Flow())
        assert waiting() == 5
        drain(batcher)
        assert seen == [3, 1, 0]

    def test_jobs_forgotten_to_make_room_are_counted_as_dropped(self) -> None:
        batcher = batcher_of(Engine(), name="forgotten", max_jobs=2)
        for future in batcher.submit([source("a"), source("b")], PLAIN, Flow()):
            future.cancel()
        batcher.submit([source("c")], PLAIN, Flow())
        assert metric("lur_jobs_total", model="forgotten", outcome="dropped") == 2
        assert metric("lur_queued_jobs", model="forgotten") == 1


async def test_a_result_reaches_an_event_loop() -> None:
    batcher = batcher_of(Engine())
    worker = threading.Thread(target=batcher.work)
    worker.start()
    (future,) = batcher.submit([source("a", 1)], PLAIN, Flow())
    result = await asyncio.wrap_future(future)
    assert result.output.hypotheses[0].text == "A"
    batcher.close()
    worker.join(PATIENCE_S)
