"""Limits that processes share: a client is one, and nobody is locked out by a store in trouble."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from service.api import ledger as module
from service.api.limits import Limits
from service.api.visits import Visit
from service.errors import TooManyRequests, TooManyTokens
from service.settings import Settings
from service.shared.address import Address
from service.shared.store import SharedStore
from service.tasks.memory_shared import MemoryShared
from tests.shared.conftest import Opened
from tests.shared.test_store import reached
from tests.store_server import StoreServer
from tests.unit.test_limits import Connection, scope_from

RUNNING = Path(__file__).parents[2] / "docs" / "running.md"

CLIENT = "address:192.0.2.7"

Refused = (TooManyRequests, TooManyTokens)


@pytest.fixture
def of_a_process(server: StoreServer, opened: Opened):
    """The limits of one more process, and its store."""

    async def start(**settings: Any) -> tuple[Limits, SharedStore]:
        store = await opened(server.url)
        return Limits(Settings(**settings), store=store), store

    return start


async def enter(limits: Limits, client: str = CLIENT, tokens: int = 0) -> Visit:
    visit = limits.visit(client)
    await visit.begin(tokens)
    return visit


async def enters(limits: Limits, client: str = CLIENT, tokens: int = 0) -> bool:
    try:
        await enter(limits, client, tokens)
    except Refused:
        return False
    return True


async def all_told(store: SharedStore) -> None:
    """Returns when what was to be told soon has been told."""
    while store._works:
        await asyncio.wait(store._works)


def alone() -> float:
    return REGISTRY.get_sample_value("lur_limited_alone_total") or 0.0


class TestTogether:
    async def test_requests_of_two_processes_are_counted_as_one(self, of_a_process) -> None:
        (one, _), (two, _) = (
            await of_a_process(requests_per_minute=20),
            await of_a_process(requests_per_minute=20),
        )
        before = alone()
        let_in = await asyncio.gather(*(enters(limits) for limits in [one, two] * 30))
        assert sum(let_in) == 20
        with pytest.raises(TooManyRequests) as refused:
            await enter(one)
        assert (refused.value.limit, refused.value.actual) == (20, 21)
        assert 1 < refused.value.retry_after_s <= 3
        assert await enters(two, "address:192.0.2.8"), "of each client"
        assert alone() == before

    async def test_answers_say_what_is_left_at_all_processes(self, of_a_process) -> None:
        said = []
        processes = [(await of_a_process(requests_per_minute=60))[0] for _ in range(2)]
        for limits in processes * 2:
            visit = await enter(limits)
            said.append(dict(visit.headers())[b"ratelimit"])
        assert said == [f'"requests";r={60 - n};t={n}'.encode() for n in (1, 2, 3, 4)]

    async def test_a_ledger_counts_as_an_account_does(self, of_a_process) -> None:
        quotas = {"requests_per_minute": 6, "tokens_per_minute": 600}
        shared, store = await of_a_process(**quotas)
        own = Limits(Settings(**quotas))
        for estimate, used in [(10, 200), (500, 0), (300, 300), (50, 900), (1, 1), (1, 1)]:
            heard = []
            for limits in (shared, own):
                try:
                    visit = await enter(limits, tokens=estimate)
                except Refused as refused:
                    heard.append((type(refused), refused.actual, round(refused.retry_after_s or 0)))
                else:
                    visit.settle(used)
                    visit.leave()
                    heard.append(list(visit.headers()))
                await all_told(store)
            assert heard[0] == heard[1]

    async def test_an_estimate_is_settled_at_all_processes(self, of_a_process) -> None:
        (one, store), (two, _) = (
            await of_a_process(tokens_per_minute=600),
            await of_a_process(tokens_per_minute=600),
        )
        visit = await enter(one, tokens=600)
        assert not await enters(two)
        visit.settle(100)
        await all_told(store)
        assert await enters(two, tokens=500)
        assert not await enters(one, tokens=500)

    async def test_time_fills_a_bucket_and_the_store_forgets_a_full_one(
        self, of_a_process, server: StoreServer
    ) -> None:
        limits, _ = await of_a_process(requests_per_minute=120)
        assert [await enters(limits) for _ in range(121)] == [True] * 120 + [False]
        await asyncio.sleep(0.6)
        assert await enters(limits)
        (key,) = server.names("lur:limit:*")
        with server.client() as client:
            assert 50 < client.ttl(key) <= 62

    async def test_places_are_counted_over_all_processes_and_given_back(self, of_a_process) -> None:
        (one, store), (two, _) = (
            await of_a_process(concurrent_requests=2),
            await of_a_process(concurrent_requests=2),
        )
        first = await enter(one)
        await enter(two)
        with pytest.raises(TooManyRequests) as refused:
            await enter(two)
        assert (refused.value.limit, refused.value.actual) == (2, 3)
        first.leave()
        first.leave()
        await all_told(store)
        assert [await enters(two), await enters(one)] == [True, False]

    async def test_a_request_refused_by_one_limit_takes_nothing_of_the_others(
        self, of_a_process
    ) -> None:
        settings = {"requests_per_minute": 1, "tokens_per_minute": 60, "concurrent_requests": 5}
        limits, store = await of_a_process(**settings)
        (await enter(limits, tokens=1)).leave()
        for _ in range(20):
            assert not await enters(limits, tokens=50)
        await all_told(store)
        taken = await limits._ledger.take(CLIENT, 0, "x")  # type: ignore[union-attr]
        assert (taken.refused_by, taken.running) == ("requests", 0)
        assert taken.tokens_missing_s <= 1

    async def test_a_client_that_leaves_while_its_place_is_asked_for_keeps_none(
        self, of_a_process
    ) -> None:
        limits, store = await of_a_process(concurrent_requests=1)
        for _ in range(20):
            scope = scope_from("192.0.2.7")

            async def app(scope: Any, receive: Any, send: Any) -> None:
                await limits.guard(Connection(scope), None)  # type: ignore[arg-type]
                await asyncio.Event().wait()

            request = asyncio.create_task(limits.around(app)(scope, None, None))  # type: ignore[arg-type]
            for _ in range(3):
                await asyncio.sleep(0)
            request.cancel()
            await asyncio.wait({request})
            await all_told(store)
        assert await enters(limits)

    async def test_the_places_of_a_process_that_died_are_given_back_some_day(
        self, of_a_process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.api.limits.SENDING_S", 0.0)
        settings = {"concurrent_requests": 1, "deadline_s": 0.2, "client_timeout_s": 0.1}
        dead, _ = await of_a_process(**settings)
        alive, _ = await of_a_process(**settings)
        await enter(dead)
        assert not await enters(alive)
        await asyncio.sleep(0.35)
        assert await enters(alive)

    async def test_the_store_is_not_told_who_the_clients_are(
        self, of_a_process, server: StoreServer
    ) -> None:
        limits, _ = await of_a_process(requests_per_minute=5, concurrent_requests=5)
        await enter(limits, "address:192.0.2.7")
        await enter(limits, "key:newsroom")
        assert len(server.names("lur:[lr]*")) == 4
        assert not [key for key in server.names() if b"192" in key or b"newsroom" in key]

    async def test_without_limits_the_store_is_not_asked(
        self, of_a_process, server: StoreServer
    ) -> None:
        limits, _ = await of_a_process()
        await limits.guard(Connection(scope_from("192.0.2.7")), None)  # type: ignore[arg-type]
        assert server.names("lur:[lr]*") == []

    async def test_the_store_knows_the_scripts_before_it_is_asked(
        self, server: StoreServer
    ) -> None:
        store = SharedStore(Address.parse(server.url))
        ledger = Limits(Settings(requests_per_minute=1), store=store)._ledger
        assert ledger is not None
        await store.open()
        try:
            with server.client() as client:
                digests = [ledger._take.sha, ledger._add.sha]
                assert client.script_exists(*digests) == [True, True]
        finally:
            await store.close()

    async def test_the_rights_that_the_documents_name_are_enough(
        self, server: StoreServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rights = re.findall(r"`(~lur:\* [^`]+)`", RUNNING.read_text(encoding="utf-8"))[0].split()
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "lur", "on", ">word", *rights)
        store = await opened(server.url.replace("//", "//lur:word@"))
        settings = Settings(requests_per_minute=3, tokens_per_minute=60, concurrent_requests=2)
        limits, before = Limits(settings, store=store), alone()
        visit = await enter(limits, tokens=5)
        visit.settle(3)
        visit.leave()
        await all_told(store)
        assert await enters(limits)
        assert alone() == before
        assert len(server.names("lur:[lr]*")) == 2
        shelf = MemoryShared(store, 60)
        await shelf.open()
        shelf.put(bytes(32), b"v")
        await shelf.settled()
        assert await shelf.get([bytes(32)]) == {bytes(32): b"v"}
        await shelf.close()


class TestTroubles:
    async def test_a_process_goes_on_by_itself_from_what_it_last_heard(
        self, of_a_process, server: StoreServer
    ) -> None:
        (one, _), (two, _) = (
            await of_a_process(requests_per_minute=10),
            await of_a_process(requests_per_minute=10),
        )
        assert [await enters(limits) for limits in [two] * 7 + [one]] == [True] * 8
        server.kill()
        before = alone()
        assert [await enters(one) for _ in range(4)] == [True, True, False, False]
        assert [await enters(two) for _ in range(4)] == [True, True, True, False]
        assert alone() - before == 8

    async def test_a_store_that_comes_back_decides_again(
        self, of_a_process, server: StoreServer
    ) -> None:
        (one, first), (two, second) = (
            await of_a_process(requests_per_minute=3),
            await of_a_process(requests_per_minute=3),
        )
        server.kill()
        assert await enters(one)
        server.start()
        await reached(first)
        assert await enters(two), "who did not ask meanwhile has not noticed"
        assert not second.is_away
        assert [await enters(limits) for limits in [one, two] * 2] == [True, True, False, False]

    async def test_places_left_while_it_hangs_are_given_back_when_it_answers_again(
        self, of_a_process, server: StoreServer, hurry: Callable[[], None]
    ) -> None:
        (one, store), (two, other) = (
            await of_a_process(concurrent_requests=1),
            await of_a_process(concurrent_requests=1),
        )
        visit = await enter(one)
        server.hang()
        hurry()
        visit.leave()
        for _ in range(3):
            (await enter(one)).leave()
        server.go_on()
        await reached(store)
        await all_told(store)
        await reached(other)
        assert await enters(two)

    async def test_a_request_counted_here_alone_is_not_settled_there(
        self, of_a_process, server: StoreServer, hurry: Callable[[], None]
    ) -> None:
        limits, store = await of_a_process(tokens_per_minute=600)
        await enter(limits, tokens=300)
        server.hang()
        hurry()
        await enter(limits, "address:192.0.2.8")
        visit = await enter(limits, tokens=300)
        server.go_on()
        await reached(store)
        visit.settle(0)
        await all_told(store)
        taken = await limits._ledger.take(CLIENT, 0, "x")  # type: ignore[union-attr]
        assert taken.tokens_missing_s > 20

    @pytest.mark.parametrize("number", ["inf", "nan", "-inf", "-5", "1e300", "x", ""])
    async def test_numbers_that_are_none_of_ours_count_for_nothing(
        self, of_a_process, server: StoreServer, number: str
    ) -> None:
        limits, _ = await of_a_process(requests_per_minute=2, tokens_per_minute=2)
        await enter(limits)
        (key,) = server.names("lur:limit:*")
        with server.client() as client:
            client.hset(key, mapping={"at": number, "requests": number, "tokens": number})
        visit = await enter(limits)
        assert dict(visit.headers())[b"ratelimit"].startswith(b'"requests";r=1;t=')

    async def test_what_is_of_another_kind_leaves_each_process_to_itself(
        self, of_a_process, server: StoreServer
    ) -> None:
        limits, store = await of_a_process(requests_per_minute=2)
        await enter(limits)
        (key,) = server.names("lur:limit:*")
        with server.client() as client:
            client.set(key, "theirs")
        assert [await enters(limits) for _ in range(2)] == [True, False]
        assert not store.is_away

    @pytest.mark.parametrize(
        "answer", ["return 1", "return {}", "return {1, 2, 3, 4}", "return {'', 'x', '1', '1'}"]
    )
    async def test_an_answer_to_something_else_leaves_each_process_to_itself(
        self, server: StoreServer, opened: Opened, monkeypatch: pytest.MonkeyPatch, answer: str
    ) -> None:
        monkeypatch.setattr(module, "TAKE", answer)
        limits = Limits(Settings(requests_per_minute=2), store=await opened(server.url))
        assert [await enters(limits) for _ in range(3)] == [True, True, False]

    async def test_places_to_be_given_back_later_are_bounded(
        self, of_a_process, server: StoreServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_NOT_LEFT", 5)
        limits, store = await of_a_process(concurrent_requests=100)
        server.kill()
        for _ in range(20):
            (await enter(limits)).leave()
        await all_told(store)
        assert len(limits._ledger._not_left) == 5  # type: ignore[union-attr]
