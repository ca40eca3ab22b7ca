"""A stream of events from the work to the wire, with works that a test holds in its hand."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from litestar.exceptions import HTTPException
from msgspec import Struct

from service.api import events
from service.api.events import answered
from service.api.middleware import observed
from service.errors import DeadlineExceeded, InferenceFailed, UnsupportedPair
from service.tasks.results import Range, TranslatedSegment
from service.tasks.told import Begun, SegmentDone, SentenceDone, Told
from tests.fakes import Done, settle, until

FOR_EVER_S = 1000.0


class Shown(Struct):
    answer: int = 42


class Client:
    """A client of one stream: what it got so far, and how it leaves or dawdles."""

    def __init__(self) -> None:
        self.scope: Any = {"type": "http", "state": {}, "headers": [], "method": "POST"}
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.started: dict[str, Any] = {}
        self.chunks: list[bytes] = []
        self.ended = False

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.started = message
            return
        self.chunks.append(message["body"])
        self.ended = not message["more_body"]

    @property
    def text(self) -> str:
        return b"".join(self.chunks).decode()

    @property
    def events(self) -> list[tuple[str, Any]]:
        blocks = [block for block in self.text.split("\n\n") if block and block[0] != ":"]
        pairs = [block.split("\n") for block in blocks]
        return [(name[7:], json.loads(data[6:])) for name, data in pairs]


Work = Callable[[Told], Coroutine[Any, Any, Done]]


async def stream(client: Client, work: Work, deadline_s: float = FOR_EVER_S) -> None:
    async def begin(told: Told | None = None) -> Done:
        assert told is not None
        return await work(told)

    response = await answered(client, begin, lambda _: Shown(), deadline_s, stream=True)  # type: ignore[arg-type]
    asgi = response.to_asgi_response(None, client)  # type: ignore[arg-type]
    await asgi(client.scope, client.receive, client.send)


def segment(number: int) -> SegmentDone:
    found = TranslatedSegment(Range(number, number + 1), f"text {number}", -0.5, "raw")
    return SegmentDone(0, "hy", number, found)


class Held:
    """A work that tells and ends when the test wants."""

    def __init__(self) -> None:
        self.told: Told
        self.go_on: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self.cancelled = False

    async def __call__(self, told: Told) -> Done:
        self.told = told
        try:
            return await self.go_on
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_what_is_told_is_sent_at_once_and_the_result_is_the_last() -> None:
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await settle()
    assert client.started == {}
    work.told(Begun("hy", 2))
    work.told(segment(0))
    await settle()
    assert ([name for name, _ in client.events], client.ended) == (["segment"], False)
    work.told(segment(1))
    work.go_on.set_result(Done())
    await streaming
    assert client.ended
    assert client.started["status"] == 200
    headers = dict(client.started["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"content-length" not in headers
    assert client.events[0][1] == {
        "index": 0,
        "target": "hy",
        "segment": 0,
        "source": {"start": 0, "end": 1},
        "text": "text 0",
        "score": -0.5,
        "warnings": [],
        "repair": None,
    }
    assert [name for name, _ in client.events] == ["segment", "segment", "result"]
    assert client.events[-1] == ("result", {"answer": 42})


async def test_sources_come_with_a_sentence_and_not_with_its_translation() -> None:
    client = Client()

    async def work(told: Told) -> Done:
        told(SentenceDone(0, None, "Said.", (Range(0, 9),)))
        told(SentenceDone(0, "hy", "Ասված է։"))
        return Done()

    await stream(client, work)
    own, translation, _ = [data for _, data in client.events]
    assert own == {
        "index": 0,
        "target": None,
        "text": "Said.",
        "warnings": [],
        "sources": [{"start": 0, "end": 9}],
    }
    assert translation == {"index": 0, "target": "hy", "text": "Ասված է։", "warnings": []}


async def test_a_line_break_in_a_text_is_none_in_the_stream() -> None:
    client = Client()

    async def work(told: Told) -> Done:
        told(SentenceDone(0, "hy", "a\n\nevent: result\r\n\u2028b"))
        return Done()

    await stream(client, work)
    assert client.events[0][1]["text"] == "a\n\nevent: result\r\n\u2028b"
    assert "\r" not in client.text


async def test_what_fails_before_the_stream_has_begun_is_raised() -> None:
    async def work(told: Told) -> Done:
        raise UnsupportedPair("en", "xx", [])

    client = Client()
    with pytest.raises(UnsupportedPair):
        await stream(client, work)
    assert client.started == {}


async def test_what_fails_later_is_the_last_event_and_what_is_counted() -> None:
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await settle()
    work.told(segment(0))
    await settle()
    work.go_on.set_exception(InferenceFailed("m"))
    await streaming
    assert client.ended
    name, problem = client.events[-1]
    assert (name, problem["status"], problem["title"]) == ("error", 500, "Inference failed")
    assert client.scope["state"]["outcome"] == 500


async def test_a_stream_begins_after_a_while_even_if_there_is_nothing_to_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "FIRST_S", 0.01)
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await until(lambda: client.text == ": keep-alive\n\n")
    work.go_on.set_exception(InferenceFailed("m"))
    await streaming
    assert [name for name, _ in client.events] == ["error"]


async def test_a_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.01)
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await settle()
    work.told(segment(0))
    await until(lambda: client.text.count(": keep-alive\n\n") >= 3)
    work.go_on.set_result(Done())
    await streaming
    assert [name for name, _ in client.events] == ["segment", "result"]


async def test_the_deadline_ends_the_work_and_is_the_last_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "FIRST_S", 0.001)
    client, work = Client(), Held()
    await stream(client, work, deadline_s=0.05)
    assert work.cancelled
    name, problem = client.events[-1]
    assert (name, problem["status"], problem["limit"]) == ("error", 504, 0.05)


async def test_a_deadline_before_the_stream_has_begun_is_raised() -> None:
    work = Held()
    with pytest.raises(DeadlineExceeded):
        await stream(Client(), work, deadline_s=0.01)
    assert work.cancelled


@pytest.mark.parametrize("begun", [False, True])
async def test_a_client_that_leaves_ends_the_work(begun: bool) -> None:
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await settle()
    if begun:
        work.told(segment(0))
        await settle()
    client.left.set()
    if begun:
        await streaming
        assert client.scope["state"]["outcome"] == 499
    else:
        with pytest.raises(HTTPException) as caught:
            await streaming
        assert caught.value.status_code == 499
    assert work.cancelled


async def test_who_reads_slowly_holds_up_nothing_and_gets_all_in_order() -> None:
    client, work = Client(), Held()
    streaming = asyncio.create_task(stream(client, work))
    await settle()
    work.told(segment(0))
    await settle()
    client.reads.clear()
    for number in range(1, 1000):
        work.told(segment(number))
        if number == 500:
            await settle()
    work.go_on.set_result(Done())
    await settle()
    client.reads.set()
    await streaming
    numbers = [data["segment"] for name, data in client.events if name == "segment"]
    assert numbers == list(range(1000))
    assert len(client.chunks) <= 5


@pytest.mark.parametrize("begun", [False, True])
async def test_who_is_cut_off_at_the_end_of_the_process_is_told_so(begun: bool) -> None:
    client, work = Client(), Held()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        client.send = send  # type: ignore[method-assign]
        await stream(client, work)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    app: Any = observed(application)
    serving = asyncio.create_task(app(client.scope, client.receive, send))
    await settle()
    if begun:
        work.told(segment(0))
        await settle()
    serving.cancel()
    await serving
    assert work.cancelled
    assert sent[0]["status"] == (200 if begun else 503)
    body = b"".join(message.get("body", b"") for message in sent).decode()
    problem = json.loads(body.rpartition("data: ")[2])
    assert (problem["status"], problem["title"]) == (503, "Shutting down")
    assert not sent[-1]["more_body"]


async def test_without_a_stream_the_answer_is_plain() -> None:
    async def work(told: Told | None = None) -> Done:
        assert told is None
        return Done()

    response = await answered(Client(), work, lambda _: Shown(), FOR_EVER_S, stream=False)  # type: ignore[arg-type]
    assert response.content == Shown()
