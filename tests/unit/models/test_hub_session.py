"""The client that the hub's own client is made to use, where many begin at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import huggingface_hub
import pytest

from service.models import hub_session


def test_threads_that_begin_at_once_install_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second installation closes the client that the first thread has begun to use."""
    really, installed = huggingface_hub.set_client_factory, []

    def install(factory: Any) -> None:
        time.sleep(0.05)
        really(factory)
        installed.append(factory)

    monkeypatch.setattr(huggingface_hub, "set_client_factory", install)
    hub_session._installed.cache_clear()
    together = threading.Barrier(8)

    def begin(_: int) -> object:
        together.wait()
        hub_session.install()
        return huggingface_hub.get_session()

    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(begin, range(8)))
    assert len(installed) == 1
    assert len({id(client) for client in clients}) == 1
