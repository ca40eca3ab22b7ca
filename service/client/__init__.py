"""The service from Python: typed answers, events as they happen, patience while it is busy.

    from service.client import Lur

    with Lur("http://127.0.0.1:8000", key="...") as lur:
        answer = lur.summarize(article, length="short", translate_to=["hy", "ru"])
        print(answer.summary, answer.translations["hy"], answer.warnings)
        for event in lur.stream_translate(article, "hy"):
            print(event)  # a model on its way, each sentence once it is final, the whole answer

    async with AsyncLur("http://127.0.0.1:8000") as lur:
        one, other = await asyncio.gather(lur.translate(a, "hy"), lur.translate(b, "ru"))
        async for event in lur.stream_summarize(article): ...

    summarize, translate        answers, typed: `service.answers`
    stream_summarize, stream_translate        events; closing what they return ends the work
    translate_document        a file: html, md, txt, srt, docx
    languages, models, load, unload, ready        what there is, and how it stands

What fails raises `LurError`: the service's problem document. While the service is busy, loads a
model or is gone for a moment, a call is tried again, as `Retry-After` says, until `patience_s` are
over; nothing else is. A client may serve many threads, or the tasks of one event loop.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any, Self, TypeVar

import httpx2

from service.answers import ModelEvent
from service.client.asking import Methods
from service.client.calls import RESULT, Awaits, Call, Waits
from service.client.failing import LurError, Patience, cut_off

__all__ = ["AsyncLur", "Lur", "LurError"]

E = TypeVar("E")
T = TypeVar("T")


def _settings(base_url: str, key: str | None, timeout_s: float) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "timeout": httpx2.Timeout(timeout_s, connect=10.0),
    }


class Lur(Waits, Methods):
    """The service, for a program that waits for it.

    Args:
        key: where the service asks for one.
        patience_s: how long one call is tried again; a load may take minutes the first time.
        timeout_s: how long the service may be silent; its own `LUR_DEADLINE_S` should be shorter.
        transport: httpx2's, in place of the network.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        patience_s: float = 60.0,
        timeout_s: float = 300.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._http = httpx2.Client(**_settings(base_url, key, timeout_s), transport=transport)
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _answer(self, call: Call[Any, T]) -> T:
        patience = Patience(self._patience_s)
        while True:
            with patience:
                return call.read(self._http.request(call.method, call.path, **call.content))
            time.sleep(patience.pause_s)

    def _events(self, call: Call[E, T]) -> Generator[ModelEvent | E | T]:
        patience = Patience(self._patience_s)
        while True:
            with patience, self._http.stream(call.method, call.path, **call.content) as response:
                if response.is_error:
                    response.read()
                    raise LurError.of(response)
                for event in httpx2.EventSource(response, None):
                    yield from call.read_event(event, patience)
                    if event.event == RESULT:
                        return
                raise cut_off()
            time.sleep(patience.pause_s)


class AsyncLur(Awaits, Methods):
    """The service, for a program with an event loop; made like `Lur`."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        patience_s: float = 60.0,
        timeout_s: float = 300.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx2.AsyncClient(**_settings(base_url, key, timeout_s), transport=transport)
        self._patience_s = patience_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _answer(self, call: Call[Any, T]) -> T:
        patience = Patience(self._patience_s)
        while True:
            with patience:
                return call.read(await self._http.request(call.method, call.path, **call.content))
            await asyncio.sleep(patience.pause_s)

    async def _events(self, call: Call[E, T]) -> AsyncGenerator[ModelEvent | E | T]:
        patience = Patience(self._patience_s)
        while True:
            with patience:
                async with self._http.stream(call.method, call.path, **call.content) as response:
                    if response.is_error:
                        await response.aread()
                        raise LurError.of(response)
                    async for event in httpx2.EventSource(response, None):
                        for found in call.read_event(event, patience):
                            yield found
                        if event.event == RESULT:
                            return
                    raise cut_off()
            await asyncio.sleep(patience.pause_s)
