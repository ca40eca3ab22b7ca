"""The shared store, well and in every kind of trouble, against a real server."""

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from service.shared import NoAnswer
from service.shared import store as module
from service.shared.address import Address
from service.shared.store import Client, SharedStore
from tests.fakes import until
from tests.shared.conftest import Opened
from tests.store_server import StoreServer, store_server

SECRET = "hunter2+hunter2"


async def kept(store: SharedStore, key: str) -> bytes | None:
    return await store.ask(lambda client: client.get(key))


async def reached(store: SharedStore) -> None:
    async with asyncio.timeout(20):
        while store.is_away:
            await asyncio.sleep(0.01)


def failures() -> dict[str, float]:
    name = "lur_shared_store_failures_total"
    reasons = ("slow", "connection", "refused")
    return {r: REGISTRY.get_sample_value(name, {"reason": r}) or 0.0 for r in reasons}


def since(before: dict[str, float]) -> dict[str, float]:
    return {name: n - before[name] for name, n in failures().items() if n != before[name]}


def is_away() -> float | None:
    return REGISTRY.get_sample_value("lur_shared_store_away")


class TestAnswers:
    async def test_what_one_tells_another_is_told(
        self, server: StoreServer, opened: Opened
    ) -> None:
        one, two = await opened(server.url), await opened(server.url)
        await one.tell(lambda client: client.set("a", b"1"))
        assert await kept(two, "a") == b"1"
        assert await kept(two, "b") is None

    async def test_many_at_once_get_each_their_own_answer(
        self, server: StoreServer, opened: Opened
    ) -> None:
        store = await opened(server.url)
        await asyncio.gather(
            *(store.tell(lambda client, n=n: client.set(f"{n}", f"v{n}")) for n in range(100))
        )
        assert await asyncio.gather(*(kept(store, f"{n}") for n in range(100))) == [
            f"v{n}".encode() for n in range(100)
        ]
        with server.client() as client:
            assert len(client.client_list()) == module.CONNECTIONS + 1

    async def test_the_number_of_a_database_counts(
        self, server: StoreServer, opened: Opened
    ) -> None:
        store = await opened(server.url.replace("/0", "/3"))
        await store.tell(lambda client: client.set("a", b"1"))
        assert b"a" not in server.names()

    async def test_what_is_told_soon_is_told(self, server: StoreServer, opened: Opened) -> None:
        store = await opened(server.url)
        store.soon(lambda client: client.set("a", b"1"))
        await store.close()
        assert b"a" in server.names()

    async def test_what_it_refuses_is_no_answer_and_it_is_still_there(
        self, server: StoreServer, opened: Opened, caplog: pytest.LogCaptureFixture
    ) -> None:
        store, before, failed = await opened(server.url), failures(), []
        await store.tell(lambda client: client.set("a", b"1"))
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await store.ask(lambda client: client.lpush("a", b"1"))
        store.soon(lambda client: client.lpush("a", b"1"), lambda: failed.append(1))
        await store.tell(lambda client: client.ping())
        await until(lambda: bool(failed))
        assert await kept(store, "a") == b"1"
        assert since(before) == {"refused": 4}
        assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == [
            "shared_store_refuses"
        ]


class TestTroubles:
    async def test_a_server_that_hangs_is_waited_for_once_and_no_answer_is_mixed_up(
        self,
        server: StoreServer,
        opened: Opened,
        hurry: Callable[[], None],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        store = await opened(server.url)
        for key in "abc":
            await store.tell(lambda client, key=key: client.set(key, key.upper()))
        before = failures()
        server.hang()
        hurry()
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            await kept(store, "a")
        waited_s = time.monotonic() - began
        assert waited_s >= module.ANSWER_S
        assert waited_s < 1, "it was waited for as long as for a connection"
        began = time.monotonic()
        for _ in range(1000):
            with pytest.raises(NoAnswer):
                await kept(store, "b")
        assert time.monotonic() - began < 1, "it was asked although it hangs"
        assert is_away() == 1
        server.go_on()
        await reached(store)
        assert is_away() == 0
        assert [await kept(store, key) for key in "cab"] == [b"C", b"A", b"B"]
        assert since(before) == {"slow": 1}
        assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == [
            "shared_store_gone"
        ]
        assert "50 ms" in next(r.reason for r in caplog.records if r.levelno >= logging.WARNING)

    async def test_a_slow_answer_among_others_is_not_waited_for_and_the_store_is_still_there(
        self, server: StoreServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, before = await opened(server.url), failures()
        monkeypatch.setattr(module, "ANSWER_S", 0.5)

        async def slow(client: Client) -> None:
            await client.blpop(["nothing"], timeout=1)

        async def others() -> None:
            while True:
                await store.tell(lambda client: client.ping())

        asking = asyncio.create_task(others())
        with pytest.raises(NoAnswer):
            await store.ask(slow)
        asking.cancel()
        assert not store.is_away
        assert since(before) == {"slow": 1}

    async def test_one_that_always_answers_late_is_as_good_as_gone(
        self,
        server: StoreServer,
        opened: Opened,
        hurry: Callable[[], None],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        hurry()
        async with late(server.port, 3 * module.ANSWER_S) as port:
            assert (await opened(f"valkey://127.0.0.1:{port}")).is_away
        assert "later than within 50 ms" in caplog.records[0].reason

    async def test_late_answers_to_others_do_not_make_it_a_quick_one(
        self, server: StoreServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await opened(server.url)
        monkeypatch.setattr(module, "ANSWER_S", 0.3)

        def slow(seconds: float) -> Callable[[Client], Awaitable[object]]:
            return lambda client: client.blpop(["nothing"], timeout=seconds)

        other = asyncio.create_task(store.tell(slow(0.4)))
        await asyncio.sleep(0.3)
        with pytest.raises(NoAnswer):
            await store.ask(slow(1))
        assert other.done()
        assert store.is_away

    async def test_who_asks_and_leaves_takes_no_answer_away_from_others(
        self, server: StoreServer, opened: Opened
    ) -> None:
        store = await opened(server.url)
        for key in "ab":
            await store.tell(lambda client, key=key: client.set(key, key.upper()))
        for _ in range(50):
            leaving = asyncio.create_task(kept(store, "a"))
            await asyncio.sleep(0)
            leaving.cancel()
            assert await kept(store, "b") == b"B"
        assert not store.is_away

    async def test_one_that_is_killed_and_started_again_is_found_again(
        self, server: StoreServer, opened: Opened
    ) -> None:
        store = await opened(server.url)
        told: list[int] = []
        store.when_reached.append(lambda: told.append(1))
        server.kill()
        with pytest.raises(NoAnswer):
            await kept(store, "a")
        assert store.is_away
        failed: list[int] = []
        store.soon(lambda client: client.set("a", b"1"), lambda: failed.append(1))
        assert failed == [1]
        server.start()
        await reached(store)
        assert await kept(store, "a") is None
        assert told == [1]

    async def test_one_that_is_not_there_at_the_start_is_used_when_it_comes(
        self, server: StoreServer, opened: Opened, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        server.kill()
        store = await opened(server.url)
        assert (store.is_away, is_away()) == (True, 1)
        with pytest.raises(NoAnswer):
            await store.tell(lambda client: client.get("a"))
        await asyncio.sleep(0.3)  # it is tried several times
        server.start()
        await reached(store)
        assert await kept(store, "a") is None
        events = [record.message for record in caplog.records]
        assert events == ["shared_store_gone", "shared_store_reached"], "each is said once"
        assert str(server.port) in caplog.records[0].reason

    @pytest.mark.parametrize("options", [("--maxmemory", "1"), ("--min-replicas-to-write", "1")])
    async def test_one_that_keeps_nothing_is_as_good_as_gone(
        self, tmp_path: Path, opened: Opened, options: tuple[str, str]
    ) -> None:
        with store_server(tmp_path, *options) as server:
            store = await opened(server.url)
            assert store.is_away
            with server.client() as client:
                client.config_set(options[0].removeprefix("--"), 0)
            await reached(store)

    @pytest.mark.parametrize(
        "said",
        [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"$zz\r\n",
            b"$-9\r\n",
            b":\r\n",
            b"\r\n",
            b"\xff\x00" * 100,
            b"*1\r\n" * 5000,
            b"",
        ],
        ids=["http", "length", "negative", "number", "line", "bytes", "nested", "nothing"],
    )
    async def test_a_server_of_another_kind_is_no_answer(self, opened: Opened, said: bytes) -> None:
        async with saying(said) as port:
            store = await opened(f"valkey://127.0.0.1:{port}")
            assert store.is_away


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def saying(said: bytes) -> AsyncIterator[int]:
    """A server that answers everything with the same, and its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with closing(writer):
            await reader.read(1000)
            writer.write(said)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def late(port: int, seconds: float) -> AsyncIterator[int]:
    """A way to the server at `port` on which every answer takes so long, and its port."""
    serving: set[asyncio.Task[None]] = set()

    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait_s: float
    ) -> None:
        async with closing(writer):
            while data := await reader.read(65536):
                await asyncio.sleep(wait_s)
                writer.write(data)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        for way in ((reader, back, 0.0), (there, writer, seconds)):
            serving.add(asyncio.create_task(carry(*way)))

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield proxy.sockets[0].getsockname()[1]
    finally:
        proxy.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


class TestPasswords:
    async def test_the_file_is_read_for_each_connection_and_the_log_does_not_tell_it(
        self, tmp_path: Path, opened: Opened, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = tmp_path / "password"
        file.write_text(f"{SECRET}-old\n")
        with store_server(tmp_path, "--requirepass", SECRET) as server:
            store = await opened(server.url, file)
            assert store.is_away
            file.write_text(f"{SECRET}\n")
            await reached(store)
            assert await kept(store, "a") is None
        assert "Authentication" in caplog.records[0].reason
        assert all(SECRET not in str(vars(record)) for record in caplog.records)

    async def test_a_user_with_a_password_in_the_address(
        self, server: StoreServer, opened: Opened
    ) -> None:
        with server.client() as client:
            client.execute_command(
                *("ACL", "SETUSER", "lur", "on", f">{SECRET}", "~lur:*", "+@all"),
                *("-@dangerous", "-@admin"),
            )
        quoted = SECRET.replace("+", "%2B")
        store = await opened(f"valkey://lur:{quoted}@127.0.0.1:{server.port}/0")
        assert await kept(store, "lur:a") is None
        with pytest.raises(NoAnswer):
            await kept(store, "theirs")

    async def test_a_server_that_repeats_what_it_does_not_understand_tells_the_log_nothing(
        self, opened: Opened, caplog: pytest.LogCaptureFixture
    ) -> None:
        for said in (
            f"-ERR unknown command `AUTH`, with args beginning with: `{SECRET}`",
            f"-ERR unknown command 'AUTH', with args beginning with: '{SECRET[:9]}",
            f"-ERR what is {SECRET}",
        ):
            async with saying(f"{said}\r\n".encode()) as port:
                assert (await opened(f"valkey://:{SECRET}@127.0.0.1:{port}")).is_away
        assert len(caplog.records) == 3
        assert all(SECRET[:9] not in str(vars(record)) for record in caplog.records)


def certificate(directory: Path, host: str) -> Path:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", directory / "key.pem", "-out", directory / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return directory / "cert.pem"


@pytest.mark.parametrize(("host", "comes"), [("localhost", True), ("elsewhere.example", False)])
async def test_a_certificate_is_checked_and_so_is_whose_it_is(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch, host: str, comes: bool
) -> None:
    path = certificate(tmp_path, host)
    files = ("--tls-cert-file", str(path), "--tls-key-file", str(tmp_path / "key.pem"))
    with store_server(tmp_path, *files, "--tls-auth-clients", "no") as server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with server.client() as client:
            client.config_set("tls-port", port)
        assert (await opened(f"valkeys://localhost:{port}")).is_away, "nobody vouches for it"
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert (await opened(f"valkeys://localhost:{port}")).is_away is not comes


class TestAddress:
    def test_what_is_missing_is_the_usual(self) -> None:
        assert Address.parse("valkey://store") == Address("store", 6379, 0, False)
        assert Address.parse("redis://store:7000/2") == Address("store", 7000, 2, False)
        assert Address.parse("rediss://[::1]:1/") == Address("::1", 1, 0, True)

    def test_who_we_are_is_unquoted(self) -> None:
        address = Address.parse("valkeys://me:a%2Fb%40c@store")
        assert address.tls
        assert address.credentials() == ("me", "a/b@c")
        assert Address.parse("valkey://:word@store").credentials() == ("word",)
        assert Address.parse("valkey://store").credentials() == ()
        assert "a/b" not in repr(address)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "store",
            "store:6379",
            f"http://u:{SECRET}@store",
            f"valkey://u:{SECRET}@",
            f"valkey://u:{SECRET}@store:port",
            f"valkey://u:{SECRET}@store:99999",
            f"valkey://u:{SECRET}@[store",
            f"valkey://u:{SECRET}/more@store",
            f"valkey://u:{SECRET}@store/one",
            f"valkey://u:{SECRET}@store/-1",
            f"valkey://u:{SECRET}@store?ssl_cert_reqs=none",
            f"valkey://u:{SECRET}@store/0#1",
        ],
    )
    def test_what_is_no_address_is_refused_without_saying_what_stood_there(self, url: str) -> None:
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is looked at
            Address.parse(url)
        assert "hunter2" not in str(refused.value)

    def test_two_passwords_are_one_too_many(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="a file with a password is named too"):
            Address.parse(f"valkey://:{SECRET}@store", tmp_path / "password")

    def test_a_file_without_a_password_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("\n")
        address = Address.parse("valkey://me@store", tmp_path / "password")
        with pytest.raises(ValueError, match="no password"):
            address.credentials()
        (tmp_path / "password").write_text(f" {SECRET}\n")
        assert address.credentials() == ("me", SECRET)
