from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from service.shared import store as module
from service.shared.address import Address
from service.shared.store import ANSWER_S, SharedStore
from tests.store_server import StoreServer, store_server

Opened = Callable[..., Awaitable[SharedStore]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StoreServer]:
    with store_server(tmp_path) as started:
        yield started


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    """Opens a store as one process does; it waits on a crowded machine, and tries again soon."""
    monkeypatch.setattr(module, "ANSWER_S", 10.0)
    monkeypatch.setattr(module, "SOCKET_S", 10.0)
    monkeypatch.setattr(module, "REST_S", 0.02)
    monkeypatch.setattr(module, "MAX_REST_S", 0.1)
    async with AsyncExitStack() as closing:

        async def start(url: str, password_file: Path | None = None) -> SharedStore:
            store = SharedStore(Address.parse(url, password_file))
            closing.push_async_callback(store.close)
            await store.open()
            return store

        yield start


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch, opened: Opened) -> Callable[[], None]:
    """Has every store wait as briefly as it does in earnest, from when it is called."""
    return lambda: monkeypatch.setattr(module, "ANSWER_S", ANSWER_S)
