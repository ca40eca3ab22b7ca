import asyncio
import logging
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import aiosqlite
import msgspec
import pytest
from prometheus_client import REGISTRY

from service.core import build_core
from service.settings import Settings, SettingsError
from service.tasks import memory_file as module
from service.tasks.memory import Memory, UnusableShelf
from service.tasks.memory_file import FRESH_S, REST_S, MemoryFile
from tests.fakes import Clock, FakeEngine, info, running, settle, until
from tests.unit.tasks.test_memory import say, started

MIB = 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "said.db"


@asynccontextmanager
async def opened(
    path: Path, clock: Clock | None = None, max_bytes: int = 10 * MIB
) -> AsyncIterator[MemoryFile]:
    file = MemoryFile(path, max_bytes, clock or Clock())
    await file.open()
    try:
        yield file
    finally:
        await file.close()


def outcomes() -> dict[str, float]:
    names = ("written", "dropped", "read_failed", "write_failed")
    name = "lur_result_cache_file_total"
    return {n: REGISTRY.get_sample_value(name, {"outcome": n}) or 0.0 for n in names}


def since(before: dict[str, float]) -> dict[str, float]:
    return {name: n - before[name] for name, n in outcomes().items() if n != before[name]}


def rows(path: Path) -> list[tuple[bytes, bytes, int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT key, value, used FROM said ORDER BY key").fetchall()


class TestKeeping:
    async def test_what_was_said_outlives_the_process(self, path: Path) -> None:
        engines = FakeEngine(), FakeEngine()
        for engine in engines:
            async with opened(path) as file, running(engine) as runner:
                assert await say(Memory(0, file), runner, "a", "b") == ["A", "B"]
        assert [engine.texts for engine in engines] == [["a", "b"], []]

    async def test_another_revision_is_said_anew(self, path: Path) -> None:
        engines = {"1" * 40: FakeEngine(), "2" * 40: FakeEngine()}
        for revision, engine in engines.items():
            async with opened(path) as file:
                runner = await started(engine, replace(info(), revision=revision))
                await say(Memory(0, file), runner, "a")
                await runner.close()
        assert [engine.texts for engine in engines.values()] == [["a"], ["a"]]

    async def test_what_was_put_last_is_kept_at_the_end(self, path: Path) -> None:
        async with opened(path) as file:
            file.put(b"early", b"1")
            await settle()
            for number in range(2000):
                file.put(b"late %d" % number, b"2")
        assert len(rows(path)) == 2001

    async def test_many_keys_are_found_and_others_are_not(self, path: Path) -> None:
        keys = [b"%d" % number for number in range(2 * module.KEYS_PER_QUERY + 1)]
        async with opened(path) as file:
            for key in keys:
                file.put(key, b"v" + key)
        async with opened(path) as file:
            found = await file.get([*keys, b"no"])
            assert await file.get([]) == {}
        assert found == {key: b"v" + key for key in keys}

    async def test_two_processes_share_a_file(self, path: Path) -> None:
        async with opened(path) as one, opened(path) as two:
            one.put(b"1", b"one")
            two.put(b"2", b"two")
            two.put(b"1", b"again")
            async with asyncio.timeout(10):
                while len(found := await one.get([b"1", b"2"])) < 2:
                    await asyncio.sleep(0)
                assert await two.get([b"1", b"2"]) == found
        assert [key for key, *_ in rows(path)] == [b"1", b"2"]

    async def test_a_source_is_nowhere_in_the_file_and_only_its_owner_reads_it(
        self, path: Path
    ) -> None:
        async with opened(path) as file, running(FakeEngine(lambda *_: "said")) as runner:
            await say(Memory(0, file), runner, "secretsource")
        assert b"said" in path.read_bytes()
        assert b"secretsource" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def test_values_are_messagepack(self, path: Path) -> None:
        async with opened(path) as file, running(FakeEngine()) as runner:
            await say(Memory(0, file), runner, "a")
        ((_, value, _),) = rows(path)
        (found,) = msgspec.msgpack.decode(value)
        assert found == {
            "text": "A",
            "tokens": 1,
            "score": -0.1,
            "finished": True,
            "alignment": None,
        }


class TestBound:
    async def test_the_file_stays_within_its_bound_and_the_oldest_leave(self, path: Path) -> None:
        clock, bound = Clock(), MIB
        async with opened(path, clock, bound) as file:
            for number in range(40):
                for part in range(10):
                    file.put(b"%02d %d" % (number, part), bytes(10_000))
                await file.settled()
                await clock.advance(1)
        kept = [key for key, *_ in rows(path)]
        assert path.stat().st_size <= 1.2 * bound
        assert 80 <= len(kept) < 110
        assert kept == sorted(kept)[-len(kept) :]
        assert kept[-1] == b"39 9"
        assert kept[0] > b"28"

    async def test_what_was_read_lately_stays(self, path: Path) -> None:
        clock = Clock()
        async with opened(path, clock, MIB) as file:
            file.put(b"asked", bytes(10_000))
            await file.settled()
            for number in range(300):
                await clock.advance(FRESH_S)
                file.put(b"%d" % number, bytes(10_000))
                await file.settled()
                assert await file.get([b"asked"])
                await file.settled()

    async def test_reading_writes_at_most_once_an_hour(self, path: Path) -> None:
        clock = Clock()
        async with opened(path, clock) as file:
            file.put(b"k", b"v")
            await file.settled()
            for _ in range(5):
                await clock.advance(FRESH_S / 4 - 1)
                await file.get([b"k"])
                await file.settled()
        ((_, _, used),) = rows(path)
        assert used == int(Clock.EPOCH_S + 5 * (FRESH_S / 4 - 1))

    async def test_too_much_at_once_is_not_kept(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "BACKLOG_BYTES", 25)
        before = outcomes()
        async with opened(path) as file:
            for number in range(4):
                file.put(b"%d" % number, bytes(10))
        assert [key for key, *_ in rows(path)] == [b"0", b"1"]
        assert since(before) == {"written": 2, "dropped": 2}


class TestTroubles:
    @pytest.mark.parametrize(
        "content", [b"not a database, but long enough to look like one" * 100, b"short"]
    )
    async def test_what_is_no_database_is_refused_and_left_alone(
        self, path: Path, content: bytes
    ) -> None:
        path.write_bytes(content)
        with pytest.raises(UnusableShelf, match=r"said\.db: file is not a database"):
            await MemoryFile(path, MIB, Clock()).open()
        assert path.read_bytes() == content

    async def test_another_programs_database_is_refused_and_left_alone(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
            connection.commit()
        before = path.read_bytes()
        with pytest.raises(UnusableShelf, match="another program"):
            await MemoryFile(path, MIB, Clock()).open()
        assert path.read_bytes() == before

    async def test_another_versions_file_is_refused(self, path: Path) -> None:
        async with opened(path):
            pass
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        with pytest.raises(UnusableShelf, match="version 99, not 1; delete it"):
            await MemoryFile(path, MIB, Clock()).open()

    async def test_a_place_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnusableShelf, match=r"no/said\.db: .*No such file"):
            await MemoryFile(tmp_path / "no" / "said.db", MIB, Clock()).open()
        with pytest.raises(UnusableShelf):
            await MemoryFile(tmp_path, MIB, Clock()).open()

    async def test_a_file_that_is_not_open_has_nothing(self, path: Path) -> None:
        file = MemoryFile(path, MIB, Clock())
        file.put(b"k", b"v")
        assert await file.get([b"k"]) == {}
        async with opened(path) as closed:
            closed.put(b"k", b"v")
        closed.put(b"k", b"v")
        assert await closed.get([b"k"]) == {}

    async def test_a_full_disk_costs_no_answer_is_said_once_and_tried_again_later(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        clock, engine, before = Clock(), FakeEngine(), outcomes()
        async with opened(path, clock) as file, running(engine) as runner:
            memory = Memory(0, file)
            with monkeypatch.context() as broken:
                fail_with(broken, "executemany", "database or disk is full")
                for text in "abc":
                    assert await say(memory, runner, text) == [text.upper()]
                    await file.settled()
            assert await say(memory, runner, "a") == ["A"]
            assert rows(path) == [], "it rests"
            await clock.advance(REST_S)
            assert await say(memory, runner, "a") == ["A"]
        assert engine.texts == ["a", "b", "c", "a", "a"]
        assert len(rows(path)) == 1
        assert since(before) == {"written": 1, "dropped": 4, "write_failed": 1}
        assert [record.message for record in caplog.records] == ["memory_file_failed"]
        assert "disk is full" in caplog.records[0].reason

    async def test_a_failed_write_leaves_nothing_half_done(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        async with opened(path, clock) as file:
            with monkeypatch.context() as broken:
                fail_with(broken, "commit", "disk I/O error")
                file.put(b"lost", b"v")
                await file.settled()
            await clock.advance(REST_S)
            file.put(b"kept", b"v")
        assert [key for key, *_ in rows(path)] == [b"kept"]

    async def test_a_file_that_breaks_while_it_is_read_costs_no_answer(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine, before = FakeEngine(), outcomes()
        async with opened(path) as file, running(engine) as runner:
            fail_with(monkeypatch, "execute_fetchall", "database disk image is malformed")
            for _ in range(3):
                assert await say(Memory(0, file), runner, "a") == ["A"]
            monkeypatch.undo()
        assert engine.texts == ["a"] * 3
        assert since(before)["read_failed"] == 1

    async def test_a_file_that_hangs_is_not_waited_for(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "LOOKUP_S", 0)
        before = outcomes()
        async with opened(path) as file, running(FakeEngine()) as runner:
            assert await say(Memory(0, file), runner, "a") == ["A"]
        assert since(before)["read_failed"] == 1

    async def test_a_write_that_hangs_does_not_keep_the_file_open(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "CLOSE_S", 0.01)

        async def hangs(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(aiosqlite.Connection, "executemany", hangs)
        async with opened(path) as file:
            file.put(b"k", b"v")
            assert len(database_threads()) == 2
        await until(lambda: not database_threads())

    async def test_another_process_that_writes_for_long_costs_no_answer(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "BUSY_S", 0)
        before = outcomes()
        async with opened(path) as file:
            with closing(sqlite3.connect(path)) as other:
                other.execute("BEGIN IMMEDIATE")
                file.put(b"k", b"v")
                await file.settled()
                other.rollback()
        assert since(before) == {"write_failed": 1, "dropped": 1}


def database_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if "connection_worker" in name]


def fail_with(monkeypatch: pytest.MonkeyPatch, method: str, reason: str) -> None:
    async def fails(*_: object) -> None:
        raise sqlite3.OperationalError(reason)

    monkeypatch.setattr(aiosqlite.Connection, method, fails)


class TestWiring:
    def core(self, path: Path):
        return build_core(Settings(profile="bundled", offline=True, result_cache_file=path))

    async def test_the_file_is_open_while_the_core_runs(self, path: Path) -> None:
        core = self.core(path)
        assert not path.exists()
        async with core.running(), running(FakeEngine()) as runner:
            await say(core.memory, runner, "a")
        assert len(rows(path)) == 1

    async def test_a_file_that_cannot_be_used_is_a_wrong_setting(self, path: Path) -> None:
        path.write_bytes(b"something else")
        with pytest.raises(SettingsError, match=r"^LUR_RESULT_CACHE_FILE: .*said\.db: file is not"):
            self.core(path)
        assert path.read_bytes() == b"something else"

    async def test_a_file_that_is_spoilt_before_the_core_runs_is_one_too(self, path: Path) -> None:
        core = self.core(path)
        path.write_bytes(b"something else")
        with pytest.raises(SettingsError, match=r"^LUR_RESULT_CACHE_FILE: .*said\.db: file is not"):
            async with core.running():
                pass

    def test_a_directory_that_is_not_there_is_a_wrong_setting(self, path: Path) -> None:
        with pytest.raises(SettingsError, match=r"no/said\.db: there is no such directory"):
            self.core(path.parent / "no" / "said.db")
