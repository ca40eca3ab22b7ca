import itertools
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching.jobs import WINDOW_JOBS, Flow, Job
from service.batching.turns import REMEMBERED_TAKES, Turns
from service.engines.base import Decoding

DECODINGS = [Decoding(max_tokens=tokens) for tokens in (10, 20, 30)]
PLAIN, WIDE, LONG = DECODINGS

age = itertools.count()


def job_of(flow: Flow, tokens: int = 10, decoding: Decoding = PLAIN) -> Job:
    return Job(["x"] * tokens, decoding, flow, float(next(age)), tokens)


def wait(
    turns: Turns, lengths: Sequence[int], decoding: Decoding = PLAIN, flow: Flow | None = None
) -> list[Job]:
    """Lets one flow wait with jobs of these lengths."""
    flow = flow or Flow()
    jobs = [job_of(flow, tokens, decoding) for tokens in lengths]
    turns.add(jobs)
    return jobs


def batches_until(turns: Turns, wanted: Job, meanwhile: Callable[[], None], most: int) -> int:
    """Counts the batches up to the one with this job. In each of them `meanwhile` happens."""
    for number in range(1, most + 1):
        batch = turns.take()
        meanwhile()
        turns.finish(batch)
        if wanted in batch:
            return number
    raise AssertionError(f"not served in {most} batches")


def drain(turns: Turns) -> list[list[Job]]:
    batches = []
    while batch := turns.take():
        batches.append(batch)
        turns.finish(batch)
    return batches


@pytest.mark.parametrize("decoding", [PLAIN, WIDE])
@pytest.mark.parametrize("newcomers", [1, 4, 10])
def test_a_stream_of_sentences_does_not_starve_an_article(
    decoding: Decoding, newcomers: int
) -> None:
    turns = Turns(100)
    article = wait(turns, [10] * 40)
    sentences: list[Job] = []

    def more() -> None:
        for _ in range(newcomers):
            sentences.extend(wait(turns, [10], decoding))

    more()
    batches_until(turns, article[-1], more, most=4 * (10 * newcomers + 1))
    served = [job for job in sentences if not job.flow.waiting_tokens]
    assert len(served) >= newcomers


def test_an_article_among_clients_gets_a_turn_for_each_of_theirs() -> None:
    turns = Turns(10)
    wait(turns, [10] * 100)
    clients = [wait(turns, [10], WIDE)[0] for _ in range(4)]
    served: Counter[Decoding] = Counter()
    for _ in range(100):
        batch = turns.take()
        (job,) = batch
        served[job.decoding] += 1
        turns.finish(batch)
        if job in clients:
            clients.remove(job)
            clients += wait(turns, [10], WIDE)
    assert 19 <= served[PLAIN] <= 21


def test_a_sentence_that_comes_while_an_article_is_served_is_in_the_next_batch() -> None:
    turns = Turns(100)
    wait(turns, [10] * 1000)
    for number in range(20):
        batch = turns.take()  # of the article
        (sentence,) = wait(turns, [10 + number], WIDE)
        turns.finish(batch)
        batch = turns.take()
        assert batch == [sentence]
        turns.finish(batch)


def test_an_article_that_rode_with_others_does_not_pay_for_it_later() -> None:
    turns = Turns(100)
    article = wait(turns, [10] * 200)
    for _ in range(15):  # each has room for nine jobs of the article
        wait(turns, [10])
        batch = turns.take()
        assert len(batch) == 10
        turns.finish(batch)
    left = next(job for job in article if job not in served_of(turns, article))

    def rival() -> None:
        wait(turns, [10] * 10, WIDE)

    rival()
    assert batches_until(turns, left, rival, most=60) <= 30


def served_of(turns: Turns, jobs: list[Job]) -> list[Job]:
    waiting = jobs[0].flow.waiting_tokens // jobs[0].tokens
    return jobs[: len(jobs) - waiting]


def test_flows_of_many_decodings_take_turns_whatever_the_decoding() -> None:
    turns = Turns(10)
    for decoding, flows in ((PLAIN, 1), (WIDE, 2), (LONG, 3)):
        for _ in range(flows):
            wait(turns, [10] * 50, decoding)
    first = [batch[0].decoding for batch in drain(turns)[:60]]
    assert Counter(first) == {PLAIN: 10, WIDE: 20, LONG: 30}


def test_within_a_flow_of_several_decodings_the_oldest_job_has_the_turn() -> None:
    turns = Turns(10)
    flow = Flow()
    wait(turns, [10] * 3, PLAIN)
    jobs = [wait(turns, [10], d, flow)[0] for d in (WIDE, PLAIN, LONG, PLAIN, WIDE)]
    mine = [batch[0] for batch in drain(turns) if batch[0].flow is flow]
    assert mine == jobs


def test_a_flow_of_another_queue_that_went_far_begins_no_later_than_one_batch_ahead() -> None:
    turns = Turns(10)
    (stranger,) = wait(turns, [10], flow=Flow(virtual_time=1e9))

    def more() -> None:
        wait(turns, [10], WIDE)

    more()
    assert batches_until(turns, stranger, more, most=20) <= 10


def test_the_longest_look_ahead_is_in_the_order_of_turns() -> None:
    turns = Turns(2)
    long = wait(turns, [1] * WINDOW_JOBS)
    late = wait(turns, [2] * 3)
    batches = drain(turns)
    assert batches[0] == long[:2]
    assert batches[1] == late[:1]


def test_a_cancelled_jobs_turn_is_nobodys() -> None:
    turns = Turns(10)
    gone = wait(turns, [10] * 3)
    (other,) = wait(turns, [10], WIDE)
    for job in gone:
        job.future.cancel()
    assert turns.take() == [other]
    assert (turns.jobs, turns.tokens, turns.flows) == (0, 0, set())


def test_cancelled_jobs_are_dropped_wherever_they_wait() -> None:
    turns = Turns(10)
    jobs = wait(turns, [10] * 3) + wait(turns, [7] * 3, WIDE)
    for job in jobs[1:5]:
        job.future.cancel()
    turns.drop_cancelled()
    assert (turns.jobs, turns.tokens) == (2, 17)
    assert [job for batch in drain(turns) for job in batch] == [jobs[0], jobs[5]]


class TestSeveralWorkers:
    @staticmethod
    def turns_of(workers: int, budget: int = 1000) -> Turns:
        turns = Turns(budget)
        turns.workers = workers
        return turns

    def test_what_waits_is_shared_out_among_the_workers(self) -> None:
        turns = self.turns_of(3)
        wait(turns, [10] * 12)
        assert [len(turns.take()) for _ in range(3)] == [4, 4, 4]

    def test_no_worker_takes_more_than_its_share_of_what_waits_and_runs(self) -> None:
        turns = self.turns_of(2)
        wait(turns, [10] * 8)
        assert len(turns.take()) == 4
        wait(turns, [10] * 20)
        assert len(turns.take()) == 14

    def test_a_flow_that_is_in_a_batch_does_not_have_the_next_turn_too(self) -> None:
        turns = self.turns_of(2, budget=10)
        article = wait(turns, [10] * 10)
        (sentence,) = wait(turns, [10], WIDE)
        assert turns.take() == article[:1]
        assert turns.take() == [sentence]

    def test_batches_may_end_in_any_order_and_only_once(self) -> None:
        turns = self.turns_of(2, budget=10)
        article = wait(turns, [10] * 4)
        first, second = turns.take(), turns.take()
        assert [turns.finish(second), turns.finish(first), turns.finish(first)] == [
            True,
            True,
            False,
        ]
        assert article[0].flow.running_tokens == 0


class TestBriefAndLong:
    """Long flows here have jobs of 30 tokens, brief ones one of 20."""

    @staticmethod
    def turns_of(workers: int) -> Turns:
        turns = Turns(300, lean_jobs=2)
        turns.workers = workers
        return turns

    def test_while_brief_flows_come_the_last_worker_takes_a_small_batch_of_long_ones(self) -> None:
        turns = self.turns_of(2)
        wait(turns, [30] * 100)
        wait(turns, [20], WIDE)
        brief = next(batch for batch in (turns.take(), turns.take()) if len(batch) == 1)
        turns.finish(brief)
        assert len(turns.take()) == 2

    def test_a_brief_flows_batch_holds_brief_ones_alone(self) -> None:
        turns = self.turns_of(1)
        wait(turns, [30] * 100)
        turns.finish(turns.take())
        brief = [wait(turns, [20])[0] for _ in range(3)]
        assert turns.take() == brief

    def test_with_no_brief_flow_about_every_worker_takes_full_batches(self) -> None:
        turns = self.turns_of(2)
        wait(turns, [30] * 100)
        assert [len(turns.take()), len(turns.take())] == [10, 10]

    def test_a_while_after_the_last_brief_flow_batches_are_full_again(self) -> None:
        turns = self.turns_of(1)
        wait(turns, [30] * 100)
        wait(turns, [20], WIDE)
        sizes = []
        for _ in range(REMEMBERED_TAKES + 1):
            batch = turns.take()
            turns.finish(batch)
            sizes.append(len(batch))
        assert max(sizes[:-1]) == 2
        assert sizes[-1] == 10

    def test_brief_flows_among_themselves_fill_batches(self) -> None:
        turns = self.turns_of(1)
        for _ in range(30):
            wait(turns, [20])
        assert len(turns.take()) == 15


Request = tuple[int, list[int]]  # which decoding, and the lengths of its jobs

requests = st.tuples(
    st.integers(0, len(DECODINGS) - 1), st.lists(st.integers(1, 40), min_size=1, max_size=12)
)
clients = st.lists(st.lists(requests, min_size=1, max_size=3), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    clients,
    st.integers(1, 120),
    st.none() | st.integers(1, 5),
    st.lists(st.booleans(), min_size=1, max_size=7),
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
)
def test_between_two_services_of_a_flow_others_get_no_more_than_the_bound(
    scripts: list[list[Request]],
    budget: int,
    lean: int | None,
    cancels: list[bool],
    ends: list[int],
) -> None:
    """Any mix: each client sends its requests over and over, the next when one is answered.

    As many workers as `ends` has entries, which say which of the running batches ends next.
    """
    workers = len(ends)
    turns = Turns(budget, lean)
    turns.workers = workers
    ending = itertools.cycle(ends)
    longest = max(tokens for script in scripts for _, lengths in script for tokens in lengths)
    bound = (4 * len(scripts) + 2 * (workers - 1)) * max(budget, longest)
    scripted = [itertools.cycle(script) for script in scripts]
    cancelling = itertools.cycle(cancels)
    waits: dict[Flow, int] = {}  # tokens of others since it was last served
    owner: dict[Flow, int] = {}

    def send(client: int) -> None:
        decoding, lengths = next(scripted[client])
        jobs = wait(turns, lengths, DECODINGS[decoding])
        waits[jobs[0].flow], owner[jobs[0].flow] = 0, client
        if len(jobs) > 1 and next(cancelling):
            jobs[-1].future.cancel()

    for client in range(len(scripts)):
        send(client)
    running: list[list[Job]] = []
    for _ in range(120):
        while len(running) < workers and (batch := turns.take()):
            running.append(batch)
            assert len(batch) <= 1 or len(batch) * max(job.tokens for job in batch) <= budget
            assert len({job.decoding for job in batch}) == 1
            assert not any(job.future.cancelled() for job in batch)
            served = {job.flow for job in batch}
            for flow, others in waits.items():
                waiting = flow in turns.flows and flow not in served
                waits[flow] = others + sum(job.tokens for job in batch) if waiting else 0
                assert waits[flow] <= bound
        assert running or not turns.jobs
        if running:
            turns.finish(running.pop(next(ending) % len(running)))
        begun = {job.flow for batch in running for job in batch}
        for flow in [flow for flow in waits if flow not in turns.flows and flow not in begun]:
            del waits[flow]
            send(owner[flow])


@settings(max_examples=150, deadline=None)
@given(st.lists(requests, min_size=1, max_size=20), st.integers(1, 120))
def test_every_job_is_in_one_batch_and_nothing_is_left(
    given_requests: list[Request], budget: int
) -> None:
    turns = Turns(budget)
    jobs = [
        job for decoding, lengths in given_requests
        for job in wait(turns, lengths, DECODINGS[decoding])
    ]  # fmt: skip
    assert (turns.jobs, turns.tokens) == (len(jobs), sum(job.tokens for job in jobs))
    taken = [job for batch in drain(turns) for job in batch]
    assert len(taken) == len(jobs)
    assert set(taken) == set(jobs)
    assert (turns.jobs, turns.tokens, turns.flows) == (0, 0, set())
    assert all(job.flow.waiting_tokens == 0 for job in jobs)


# A flow that wants its first results early.


def in_order(turns: Turns, lengths: Sequence[int], ahead_jobs: int = 1) -> list[Job]:
    return wait(turns, lengths, flow=Flow(ahead_jobs=ahead_jobs))


def test_its_batches_begin_with_its_first_job_and_look_ahead_ever_further() -> None:
    turns = Turns(10_000)
    jobs = in_order(turns, [10 + i % 7 for i in range(200)])
    batches = drain(turns)
    assert [len(batch) for batch in batches] == [1, 8, 64, 127]
    for number, batch in enumerate(batches):
        before = sum(map(len, batches[:number]))
        assert set(batch) == set(jobs[before : before + len(batch)])


def test_the_batches_of_others_take_no_more_of_it_either() -> None:
    turns = Turns(10_000)
    other = wait(turns, [10] * 3)
    jobs = in_order(turns, [10] * 10)
    assert set(turns.take()) == {*other, jobs[0]}


def test_others_fill_its_batches_as_ever() -> None:
    turns = Turns(10_000)
    jobs = in_order(turns, [10] * 10)
    other = wait(turns, [10] * 5)
    assert set(turns.take()) == {jobs[0], *other}


def test_of_its_decodings_the_one_with_the_lowest_place_goes_on() -> None:
    turns = Turns(10_000)
    flow = Flow(ahead_jobs=1)
    first, second = (
        [job_of(flow, decoding=decoding) for _ in places]
        for decoding, places in ((PLAIN, range(1, 40)), (WIDE, range(1)))
    )
    for place, job in enumerate(first, 1):
        job.place = place
    turns.add(first)
    turns.add(second)
    assert turns.take() == second


def test_it_is_served_no_more_than_others_for_that() -> None:
    """Two articles, one of which wants its sentences in order: neither is far ahead at any time."""
    turns = Turns(100)
    eager, plain = in_order(turns, [10] * 200), wait(turns, [10] * 200)
    served = Counter({"eager": 0, "plain": 0})
    while all(job.flow.waiting_tokens for job in (eager[0], plain[0])):
        batch = turns.take()
        turns.finish(batch)
        served["eager"] += sum(job.flow is eager[0].flow for job in batch)
        served["plain"] += sum(job.flow is plain[0].flow for job in batch)
        assert abs(served["eager"] - served["plain"]) <= 20


def test_nothing_of_it_runs_beside_its_first_batch_but_others_do() -> None:
    turns = Turns(10_000)
    turns.workers = 2
    jobs = in_order(turns, [10] * 10)
    first = turns.take()
    assert first == jobs[:1]
    assert not turns.has_next
    assert turns.take() == []
    other = wait(turns, [10] * 3)
    assert turns.take() == other
    turns.finish(first)
    assert turns.has_next
    assert turns.take()[0] == jobs[1]


def test_it_is_not_held_back_when_its_first_batch_was_taken_over() -> None:
    """As when an engine hangs: the batch is done for `Turns`, whatever becomes of its jobs."""
    turns = Turns(10_000)
    in_order(turns, [10] * 10)
    first = turns.take()
    assert turns.finish(first)
    assert not turns.finish(first)
    assert turns.has_next
