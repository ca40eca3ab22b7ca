"""What models said, in a real store: found by others, never believed where it is not ours."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from service.shared import store
from service.shared.store import ANSWER_S, SharedStore
from service.tasks import memory_shared as module
from service.tasks.memory import Memory
from service.tasks.memory_shared import MemoryShared, framed, name_of
from tests.fakes import FakeEngine, info, running
from tests.shared.conftest import Opened
from tests.store_server import StoreServer
from tests.unit.tasks.test_memory import say, started

KEEP_S = 3600
KEY = bytes(range(32))

ShelfOf = Callable[[SharedStore], Awaitable[MemoryShared]]


@pytest.fixture
async def shelf_of() -> AsyncIterator[ShelfOf]:
    async with AsyncExitStack() as closing:

        async def start(shared: SharedStore) -> MemoryShared:
            shelf = MemoryShared(shared, KEEP_S)
            await shelf.open()
            closing.push_async_callback(shelf.close)
            return shelf

        yield start


@pytest.fixture
async def shelf(server: StoreServer, opened: Opened, shelf_of: ShelfOf) -> MemoryShared:
    return await shelf_of(await opened(server.url))


def outcomes() -> dict[str, float]:
    name = "lur_result_cache_store_total"
    known = ("written", "dropped", "not_believed")
    return {o: REGISTRY.get_sample_value(name, {"outcome": o}) or 0.0 for o in known}


def since(before: dict[str, float]) -> dict[str, float]:
    return {name: n - before[name] for name, n in outcomes().items() if n != before[name]}


class TestSharing:
    async def test_what_one_process_said_another_need_not_say(
        self, server: StoreServer, opened: Opened, shelf_of: ShelfOf
    ) -> None:
        engines = FakeEngine(), FakeEngine()
        for engine in engines:
            shelf = await shelf_of(await opened(server.url))
            async with running(engine) as runner:
                assert await say(Memory(0, shelf), runner, "a", "b") == ["A", "B"]
            await shelf.settled()
        assert [engine.texts for engine in engines] == [["a", "b"], []]

    async def test_another_revision_is_said_anew(self, shelf: MemoryShared) -> None:
        said = []
        for revision in ("1" * 40, "2" * 40):
            engine = FakeEngine()
            runner = await started(engine, replace(info(), revision=revision))
            await say(Memory(0, shelf), runner, "a")
            await shelf.settled()
            await runner.close()
            said.append(engine.texts)
        assert said == [["a"], ["a"]]

    async def test_many_keys_are_found_and_others_are_not(self, shelf: MemoryShared) -> None:
        keys = [b"%032d" % number for number in range(2 * module.KEYS_PER_QUESTION + 1)]
        for key in keys:
            shelf.put(key, b"v" + key)
        await shelf.settled()
        assert await shelf.get([*keys, KEY]) == {key: b"v" + key for key in keys}
        assert await shelf.get([]) == {}

    async def test_every_entry_leaves_some_day_and_holds_no_source(
        self, shelf: MemoryShared, server: StoreServer
    ) -> None:
        async with running(FakeEngine(lambda *_: "said")) as runner:
            await say(Memory(0, shelf), runner, "secretsource")
        await shelf.settled()
        (name,) = server.names("lur:said:*")
        with server.client() as client:
            value = client.get(name)
            assert KEEP_S - 60 < client.ttl(name) <= KEEP_S
        assert b"said" in value
        assert b"secretsource" not in name + value

    async def test_what_was_put_last_is_kept_at_the_end(
        self, server: StoreServer, opened: Opened
    ) -> None:
        shelf = MemoryShared(await opened(server.url), KEEP_S)
        await shelf.open()
        for number in range(2000):
            shelf.put(b"%032d" % number, b"v")
        await shelf.close()
        assert len(server.names("lur:said:*")) == 2000


class TestBelief:
    @pytest.mark.parametrize(
        "poison",
        [
            b"",
            b"\x91\x80",
            b"x" * 1000,
            framed(KEY, b"value")[:-1],
            framed(KEY, b"value") + b"s",
            framed(bytes(32), b"value"),
            framed(KEY, b"v" * (module.MAX_VALUE_BYTES + 1)),
        ],
        ids=["empty", "bare", "foreign", "cut", "longer", "of another key", "too long"],
    )
    async def test_what_is_not_ours_is_not_believed(
        self, shelf: MemoryShared, server: StoreServer, poison: bytes
    ) -> None:
        before = outcomes()
        with server.client() as client:
            client.set(name_of(KEY), poison)
        assert await shelf.get([KEY]) == {}
        assert since(before) == {"not_believed": 1}

    async def test_what_is_of_another_kind_is_as_good_as_nothing(
        self, shelf: MemoryShared, server: StoreServer
    ) -> None:
        other = bytes(32)
        with server.client() as client:
            client.rpush(name_of(KEY), "1")
            client.set(name_of(other), framed(other, b"v"))
        assert await shelf.get([KEY, other]) == {other: b"v"}

    @pytest.mark.parametrize("value", [b"", b"\xc1", b"\x90", b"\x91\xa1x"])
    async def test_what_is_ours_and_no_candidates_is_said_anew_and_replaced(
        self, shelf: MemoryShared, server: StoreServer, value: bytes
    ) -> None:
        engine = FakeEngine()
        async with running(engine) as runner:
            await say(Memory(0, shelf), runner, "a")
            await shelf.settled()
            (name,) = server.names("lur:said:*")
            with server.client() as client:
                good = client.get(name)
                key = bytes.fromhex(name.decode().removeprefix("lur:said:1:"))
                client.set(name, framed(key, value))
                assert await say(Memory(0, shelf), runner, "a") == ["A"]
                await shelf.settled()
                assert client.get(name) == good
        assert engine.texts == ["a", "a"]


class TestTroubles:
    async def test_while_the_store_is_away_answers_come_from_the_engine_and_nothing_waits(
        self, shelf: MemoryShared, server: StoreServer
    ) -> None:
        engine, before = FakeEngine(), outcomes()
        server.kill()
        async with running(engine) as runner:
            for text in "abcabc":
                assert await say(Memory(0, shelf), runner, text) == [text.upper()]
        assert engine.texts == list("abcabc")
        assert since(before) == {"dropped": 6}
        await shelf.settled()

    async def test_one_that_hangs_costs_all_requests_together_one_short_wait(
        self, shelf: MemoryShared, server: StoreServer, hurry: Callable[[], None]
    ) -> None:
        engine = FakeEngine()
        async with running(engine) as runner:
            await say(Memory(0, shelf), runner, "a")
            await shelf.settled()
            server.hang()
            hurry()
            began = time.monotonic()
            said = await asyncio.gather(*(say(Memory(0, shelf), runner, "a") for _ in range(20)))
            for _ in range(200):
                said.append(await say(Memory(0, shelf), runner, "a"))
            took_s = time.monotonic() - began
            assert said == [["A"]] * 220
            assert took_s < 220 * ANSWER_S / 4, "they waited one by one"
            server.go_on()

    async def test_what_is_written_when_it_hangs_is_given_up(
        self,
        server: StoreServer,
        opened: Opened,
        shelf_of: ShelfOf,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(store, "SOCKET_S", 0.2)
        shelf = await shelf_of(await opened(server.url))
        before = outcomes()
        server.hang()
        shelf.put(KEY, b"v")
        async with asyncio.timeout(10):
            await shelf.settled()
        assert since(before) == {"dropped": 1}
        server.go_on()

    async def test_too_much_at_once_or_in_one_is_not_kept(
        self, shelf: MemoryShared, server: StoreServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "BACKLOG_BYTES", 25)
        monkeypatch.setattr(module, "MAX_VALUE_BYTES", 20)
        before = outcomes()
        for number in range(4):
            shelf.put(b"%032d" % number, bytes(10))
        await shelf.settled()
        shelf.put(KEY, bytes(21))
        await shelf.settled()
        assert len(server.names("lur:said:*")) == 2
        assert since(before) == {"written": 2, "dropped": 3}
