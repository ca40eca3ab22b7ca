"""The client against answers that are made up; against a true service in `tests/server`."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import httpx2
import msgspec
import pytest

from service import client
from service.answers import (
    ModelEvent,
    Problem,
    SegmentEvent,
    SentenceEvent,
    SummarizeResponse,
    TranslateResponse,
)
from service.api.documents import TranslateForm
from service.api.schemas import SummarizeBody, TranslateBody
from service.cli import remote
from service.cli.remote import NOT_READY
from service.client import AsyncLur, Lur, LurError, asking, failing

TIMINGS = {"queue": 0, "inference": 0, "total": 0}
SUMMARY = {
    "summary": "Short.",
    "translations": {},
    "sentences": [],
    "warnings": [],
    "models": {},
    "usage": {
        "input_characters": 9,
        "input_tokens": 3,
        "output_tokens": 2,
        "chunks": 1,
        "input_characters_used": 9,
    },
    "timings_ms": TIMINGS,
}
TRANSLATION = {
    "translations": [
        {"index": 0, "target": "hy", "text": "Մեկ։", "alternatives": [], "warnings": []}
    ],
    "models": {},
    "usage": {"input_characters": 4, "input_tokens": 2, "output_tokens": 2, "segments": 1},
    "timings_ms": TIMINGS,
}
MODEL = {"name": "m", "task": "translate", "source": "en", "target": "hy", "state": "loading"}
SEGMENT = {
    "index": 0,
    "target": "hy",
    "segment": 0,
    "source": {"start": 0, "end": 4},
    "text": "Մեկ։",
    "score": -0.5,
    "warnings": [],
    "repair": None,
}

WALL_S = 1_000_000_000


class Clock:
    """Time that passes when somebody waits, and chance that always says the most."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    wall = SimpleNamespace(monotonic=lambda: clock.now, time=lambda: WALL_S, sleep=clock.sleep)
    monkeypatch.setattr(failing, "time", wall)
    monkeypatch.setattr(client, "time", wall)
    monkeypatch.setattr(client, "asyncio", SimpleNamespace(sleep=clock.asleep))
    monkeypatch.setattr(failing, "random", SimpleNamespace(uniform=lambda low, high: high))
    return clock


class Service:
    """Answers in turn; an exception is one of the connection."""

    def __init__(self, *said: httpx2.Response | Exception) -> None:
        self._said = list(said)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def lur(self, **options: Any) -> Lur:
        return Lur("http://lur", transport=httpx2.MockTransport(self), **options)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


def ok(content: Any = SUMMARY, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=content)


def problem(status: int, retry_after: str | None = None, **more: Any) -> httpx2.Response:
    headers = {"content-type": "application/problem+json"}
    if retry_after is not None:
        headers["retry-after"] = retry_after
    document = Problem("urn:lur:problem:x", "Queue full", status, "too much waits", "id-1", **more)
    return httpx2.Response(status, content=msgspec.json.encode(document), headers=headers)


# What is sent, and what comes back.


def test_an_answer_is_typed_and_a_body_holds_what_was_given() -> None:
    service = Service(ok())
    answer = service.lur(key="secret").summarize("Long text.", length="short", translate_to=["hy"])
    assert isinstance(answer, SummarizeResponse)
    assert answer.usage.input_characters == 9
    assert service.body == {
        "text": "Long text.",
        "length": "short",
        "translate_to": ["hy"],
        "stream": False,
    }
    [request] = service.requests
    assert (request.method, request.url) == ("POST", "http://lur/v1/summarize")
    assert request.headers["authorization"] == "Bearer secret"


def test_a_path_in_the_address_of_the_service_is_kept() -> None:
    service = Service(ok(TRANSLATION))
    lur = Lur("http://proxy/lur/", transport=httpx2.MockTransport(service))
    assert lur.translate(["One."], "hy").translations[0].text == "Մեկ։"
    assert service.requests[0].url == "http://proxy/lur/v1/translate"


def test_segments_that_were_not_asked_for_are_none() -> None:
    answer = Service(ok(TRANSLATION)).lur().translate("One.", ["hy"])
    assert answer.translations[0].segments is None


def test_a_later_service_may_say_more() -> None:
    later = {**SUMMARY, "mood": "good", "warnings": [{"code": "new", "message": "m", "x": 1}]}
    assert Service(ok(later)).lur().summarize("Text.").warnings[0].code == "new"


def test_a_file_is_sent_with_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"One.")
    document = {
        "file": "VHdvLg==",
        "name": "report.hy.txt",
        "media_type": "text/plain",
        "translation": TRANSLATION["translations"][0],
        **{name: TRANSLATION[name] for name in ("models", "usage", "timings_ms")},
    }
    service = Service(ok(document))
    answer = service.lur().translate_document(path, "hy", glossary={"a": ["б"]}, model=None)
    assert (answer.file, answer.name) == (b"Two.", "report.hy.txt")
    [request] = service.requests
    assert request.headers["accept"] == "application/json"
    body = request.content.decode()
    assert 'name="file"; filename="report.txt"' in body
    assert '{"a": ["\\u0431"]}' in body
    assert 'name="model"' not in body


def test_a_model_is_named_in_a_path_whatever_its_name() -> None:
    model = {
        **MODEL,
        "repository": "r",
        "revision": "v",
        "license": "l",
        "progress": None,
        "reason": None,
        "retry_after_s": None,
        "bytes_on_disk": 0,
        "bytes_in_memory": 0,
        "leases": 0,
        "last_used": None,
        "default": True,
        "worth": "w",
        "state": "a state that a later service knows",
    }
    service = Service(ok(model, 202), ok(model, 202), ok([model]))
    lur = service.lur()
    assert lur.load("a/b").name == lur.unload("a/b").name == lur.models()[0].name == "m"
    assert service.requests[0].url.raw_path == b"/v1/models/a%2Fb/load"
    assert service.requests[1].url.raw_path == b"/v1/models/a%2Fb/unload"


def test_a_service_that_is_not_ready_is_an_answer_not_a_failure() -> None:
    said = {"status": "not_ready", "models": [], "full_queues": ["m"], "troubles": {}}
    ready = Service(ok({**said, "stopping": False}, 503)).lur().ready()
    assert (ready.status, ready.full_queues) == ("not_ready", ["m"])


@pytest.mark.parametrize(
    ("options", "body", "given"),
    [
        (asking.SummaryOptions, SummarizeBody, {"text", "stream"}),
        (asking.TranslationOptions, TranslateBody, {"text", "target", "stream"}),
        (asking.DocumentOptions, TranslateForm, {"file", "target"}),
    ],
)
def test_options_are_the_fields_of_the_bodies(options: Any, body: Any, given: set[str]) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(body)}
    hints = get_type_hints(options)
    assert set(hints) | given == set(fields)
    for name in {"length", "format", "quality"} & set(hints):
        assert choices(hints[name]) == choices(fields[name])


def choices(hint: Any) -> set[str]:
    schema = msgspec.json.schema(hint)
    return {value for part in (schema, *schema.get("anyOf", ())) for value in part.get("enum", ())}


# Failures.


def test_a_problem_is_raised_with_its_fields() -> None:
    said = problem(422, errors=[{"field": "text", "message": "m"}], limit=5.0, actual=9.0)
    service = Service(said)
    with pytest.raises(LurError, match=r"^Queue full: too much waits$") as caught:
        service.lur().summarize("Text.")
    error = caught.value
    assert (error.status, error.limit, error.actual, error.request_id) == (422, 5, 9, "id-1")
    assert error.type == "urn:lur:problem:x"
    assert [(e.field, e.message) for e in error.errors] == [("text", "m")]
    assert len(service.requests) == 1


def test_what_a_proxy_says_is_raised_too() -> None:
    said = httpx2.Response(504, html="<h1>Gateway</h1>")
    with pytest.raises(LurError, match=r"^Gateway Timeout: <h1>Gateway</h1>$") as caught:
        Service(said).lur().models()
    assert caught.value.status == 504


@pytest.mark.parametrize("content", [b"<html>", b'{"x": 1}', b"\xff", b""])
def test_something_else_than_the_service_is_recognised(content: bytes) -> None:
    with pytest.raises(LurError, match=r"^No answer of this service: "):
        Service(httpx2.Response(200, content=content)).lur().summarize("Text.")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 415, 422, 500, 504])
def test_what_another_try_would_not_mend_is_not_tried_again(status: int, clock: Clock) -> None:
    service = Service(problem(status, retry_after="1"))
    with pytest.raises(LurError):
        service.lur().summarize("Text.")
    assert (len(service.requests), clock.pauses) == (1, [])


# Another try.


@pytest.mark.parametrize("status", [429, 502, 503])
def test_retry_after_is_honoured_and_chance_comes_on_top(status: int, clock: Clock) -> None:
    service = Service(problem(status, "7"), problem(status, "3"), ok())
    assert service.lur().summarize("Text.").summary == "Short."
    assert clock.pauses == [7 + 1.0, 3 + 2.0]


@pytest.mark.parametrize(("retry_after", "part"), [("0", 0.0), (None, 0.5)])
def test_pauses_grow_up_to_a_bound_and_are_drawn_anew(
    retry_after: str | None, part: float, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    monkeypatch.setattr(failing, "random", SimpleNamespace(uniform=uniform))
    Service(*(problem(503, retry_after) for _ in range(6)), ok()).lur().summarize("Text.")
    assert drawn == [(part * high, high) for high in (1, 2, 4, 8, 8, 8)]


def test_a_date_is_understood_too(clock: Clock) -> None:
    date = formatdate(WALL_S + 12, usegmt=True)
    Service(problem(503, date), ok()).lur().summarize("Text.")
    assert clock.pauses == [13.0]


@pytest.mark.parametrize("value", ["", "soon", "-1", "1e9", "1.5", None])
def test_what_is_no_time_is_as_if_it_were_not_there(value: str | None, clock: Clock) -> None:
    said = [problem(503)]
    if value is not None:
        said[0].headers["retry-after"] = value
    Service(*said, ok()).lur().summarize("Text.")
    assert clock.pauses == [1.0]


def test_the_document_says_it_where_no_header_does(clock: Clock) -> None:
    Service(problem(503, retry_after_s=5.0), ok()).lur().summarize("Text.")
    assert clock.pauses == [6.0]


def test_all_tries_end_when_patience_does(clock: Clock) -> None:
    service = Service(*(problem(503, "9") for _ in range(9)))
    with pytest.raises(LurError) as caught:
        service.lur(patience_s=30).summarize("Text.")
    assert (caught.value.status, caught.value.retry_after_s) == (503, 9.0)
    assert clock.pauses == [10.0, 11.0]  # a third pause would end after 34 s
    assert clock.now == 1021.0


def test_what_takes_longer_than_patience_is_not_waited_for(clock: Clock) -> None:
    service = Service(problem(429, "3600"))
    with pytest.raises(LurError) as caught:
        service.lur().summarize("Text.")
    assert (caught.value.retry_after_s, clock.pauses) == (3600.0, [])


@pytest.mark.parametrize(
    "lost",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.WriteError("reset"),
        httpx2.RemoteProtocolError("closed"),
    ],
)
def test_a_connection_that_was_lost_is_made_again(lost: Exception, clock: Clock) -> None:
    service = Service(lost, lost, ok())
    assert service.lur().summarize("Text.").summary == "Short."
    assert [r.content for r in service.requests] == [service.requests[0].content] * 3
    assert clock.pauses == [1.0, 2.0]


def test_a_service_that_is_not_there_is_given_up_soon(clock: Clock) -> None:
    service = Service(*(httpx2.ConnectError("refused") for _ in range(9)))
    with pytest.raises(LurError, match=r"^No answer: refused$") as caught:
        service.lur(patience_s=3600).summarize("Text.")
    assert caught.value.status == 0
    assert isinstance(caught.value.__cause__, httpx2.ConnectError)
    assert clock.pauses == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx2.ReadTimeout(""), "ReadTimeout"),
        (httpx2.UnsupportedProtocol("no protocol"), "no protocol"),
    ],
)
def test_what_would_fail_again_is_not_tried_again(
    error: Exception, said: str, clock: Clock
) -> None:
    with pytest.raises(LurError, match=rf"^No answer: {said}$"):
        Service(error).lur().summarize("Text.")
    assert clock.pauses == []


def test_patience_may_be_endless(clock: Clock) -> None:
    service = Service(*(problem(503, "1") for _ in range(2000)), ok())
    assert service.lur(patience_s=math.inf).summarize("Text.").summary == "Short."
    assert clock.pauses[-1] == 9.0


def test_another_error_passes_untouched() -> None:
    with pytest.raises(ZeroDivisionError):
        Service(ZeroDivisionError()).lur().summarize("Text.")


# Streams.


class Chunks(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that comes in these pieces; remembers whether it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.taken += 1
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.close()


def streamed(*pieces: bytes | Exception) -> httpx2.Response:
    return httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Chunks(*pieces)
    )


def line(event: str, data: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


MODEL_LINE = line("model", {**MODEL, "progress": 0.5})
SEGMENT_LINE = line("segment", SEGMENT)
RESULT_LINE = line("result", TRANSLATION)
WHOLE = b": keep-alive\n\n" + MODEL_LINE + SEGMENT_LINE + line("later", {}) + RESULT_LINE


def kinds(events: Any) -> list[type]:
    return [type(event) for event in events]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(WHOLE)])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    pieces = [WHOLE[i : i + size] for i in range(0, len(WHOLE), size)]
    service = Service(streamed(*pieces))
    model, segment, result = service.lur().stream_translate("One.", "hy", quality="best")
    assert isinstance(model, ModelEvent)
    assert (model.state, model.progress) == ("loading", 0.5)
    assert isinstance(segment, SegmentEvent)
    assert (segment.text, segment.source.end) == ("Մեկ։", 4)
    assert isinstance(result, TranslateResponse)
    assert service.body == {"text": "One.", "target": "hy", "quality": "best", "stream": True}


def test_lines_of_data_are_joined_and_carriage_returns_end_lines() -> None:
    lines = json.dumps(SEGMENT, indent=1).splitlines()
    data = "".join(f"data:{text}\r\n" for text in lines)
    said = f": a\r\n: b\r\nid: 1\r\nretry: 5\r\nevent:segment\r\n{data}\r\n".encode()
    [segment, _] = Service(streamed(said, RESULT_LINE)).lur().stream_translate("One.", "hy")
    assert isinstance(segment, SegmentEvent)


def test_a_summary_streams_sentences() -> None:
    sentence = {"index": 0, "target": None, "text": "S.", "warnings": [], "sources": []}
    said = streamed(line("segment", sentence), line("result", SUMMARY))
    found = Service(said).lur().stream_summarize("Text.")
    assert kinds(found) == [SentenceEvent, SummarizeResponse]


def test_a_large_answer_is_no_trouble() -> None:
    long = {**SUMMARY, "summary": "long " * 500_000}
    [answer] = Service(streamed(line("result", long))).lur().stream_summarize("Text.")
    assert isinstance(answer, SummarizeResponse)
    assert len(answer.summary) == 2_500_000


def test_closing_a_stream_closes_the_connection() -> None:
    said = streamed(SEGMENT_LINE, SEGMENT_LINE, RESULT_LINE)
    body = said.stream
    assert isinstance(body, Chunks)
    events = Service(said).lur().stream_translate("One.", "hy")
    next(events)
    events.close()
    assert (body.taken, body.closed) == (1, True)


def test_a_problem_that_comes_as_an_event_is_raised() -> None:
    late = {"type": "t", "title": "Inference failed", "status": 500, "detail": "d", "instance": "i"}
    events = Service(streamed(SEGMENT_LINE, line("error", late))).lur().stream_translate("1", "hy")
    next(events)
    with pytest.raises(LurError, match=r"^Inference failed: d$"):
        next(events)


def test_a_stream_that_is_refused_is_tried_again(clock: Clock) -> None:
    service = Service(problem(503, "2"), streamed(WHOLE))
    assert len(list(service.lur().stream_translate("One.", "hy"))) == 3
    assert clock.pauses == [3.0]


def test_a_stream_is_tried_again_while_nothing_but_models_were_told_of(clock: Clock) -> None:
    late = {"type": "t", "title": "Model not ready", "status": 503, "detail": "d", "instance": "i"}
    busy = streamed(MODEL_LINE, line("error", {**late, "retry_after_s": 4.0}))
    found = Service(busy, streamed(WHOLE)).lur().stream_translate("One.", "hy")
    assert kinds(found) == [ModelEvent, ModelEvent, SegmentEvent, TranslateResponse]
    assert clock.pauses == [5.0]


def test_nothing_is_told_twice(clock: Clock) -> None:
    service = Service(streamed(SEGMENT_LINE, httpx2.ReadError("reset")))
    events = service.lur().stream_translate("One.", "hy")
    next(events)
    with pytest.raises(LurError, match=r"^No answer: reset$"):
        next(events)
    assert clock.pauses == []


def test_a_stream_that_ends_too_soon_is_no_answer() -> None:
    events = Service(streamed(SEGMENT_LINE)).lur().stream_translate("One.", "hy")
    next(events)
    with pytest.raises(LurError, match="ended before its result"):
        next(events)


def test_what_is_no_stream_is_recognised() -> None:
    with pytest.raises(LurError, match="text/event-stream"):
        list(Service(ok(TRANSLATION)).lur().stream_translate("One.", "hy"))
    with pytest.raises(LurError, match=r"^No answer of this service: "):
        list(Service(streamed(line("segment", {"x": 1}))).lur().stream_translate("One.", "hy"))


# The same, awaited.


class AsyncService(Service):
    def alur(self, **options: Any) -> AsyncLur:
        return AsyncLur("http://lur", transport=httpx2.MockTransport(self), **options)


async def test_an_awaited_call_has_the_same_patience(clock: Clock) -> None:
    service = AsyncService(httpx2.ConnectError("refused"), problem(429, "7"), ok())
    async with service.alur() as lur:
        assert (await lur.summarize("Text.")).summary == "Short."
    assert clock.pauses == [1.0, 9.0]
    with pytest.raises(LurError, match=r"^Queue full"):
        await AsyncService(problem(422)).alur().models()


async def test_an_awaited_stream_gives_the_same_events(clock: Clock) -> None:
    late = {"type": "t", "title": "T", "status": 503, "detail": "d", "instance": "i"}
    service = AsyncService(
        problem(503, "2"), streamed(MODEL_LINE, line("error", late)), streamed(WHOLE)
    )
    found = [event async for event in service.alur().stream_translate("One.", "hy")]
    assert kinds(found) == [ModelEvent, ModelEvent, SegmentEvent, TranslateResponse]
    assert clock.pauses == [3.0, 2.0]
    with pytest.raises(LurError, match="ended before its result"):
        [_ async for _ in AsyncService(streamed(b"")).alur().stream_translate("One.", "hy")]


async def test_closing_an_awaited_stream_closes_the_connection() -> None:
    said = streamed(SEGMENT_LINE, SEGMENT_LINE, RESULT_LINE)
    body = said.stream
    assert isinstance(body, Chunks)
    events = AsyncService(said).alur().stream_translate("One.", "hy")
    await anext(events)
    await events.aclose()
    assert (body.taken, body.closed) == (1, True)


async def test_cancelling_a_task_ends_its_call_and_no_other_try_begins() -> None:
    begun = asyncio.Event()
    calls = 0

    async def hang(_: httpx2.Request) -> httpx2.Response:
        nonlocal calls
        calls += 1
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    lur = AsyncLur("http://lur", transport=httpx2.MockTransport(hang))
    task = asyncio.create_task(lur.summarize("Text."))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls == 1


def test_the_methods_of_both_are_described() -> None:
    for kind in (Lur, AsyncLur):
        for name in ("summarize", "stream_translate", "translate_document", "load", "ready"):
            assert getattr(kind, name).__doc__
            assert getattr(kind("http://lur"), name).__doc__ == getattr(kind, name).__doc__


# The commands.


def test_a_command_waits_for_a_model_however_long_it_takes(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not so for what may never come."""
    late = {"type": NOT_READY, "title": "T", "status": 503, "detail": "d", "instance": "i"}
    loads = [streamed(MODEL_LINE, line("error", {**late, "retry_after_s": 9.0})) for _ in range(99)]
    monkeypatch.setattr(remote, "time", SimpleNamespace(sleep=clock.sleep))
    service = Service(*loads, streamed(WHOLE))
    assert remote.translation_of(service.lur(patience_s=30), "One.", ("hy",), {}).translations
    assert sum(clock.pauses) > 99 * 9
    with pytest.raises(LurError, match=r"^Queue full"):
        remote.translation_of(Service(problem(503, "99")).lur(), "One.", ("hy",), {})
