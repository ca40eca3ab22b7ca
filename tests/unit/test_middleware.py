"""What happens around a request: giving it up, cutting slow bodies, answering when cancelled."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from litestar.exceptions import HTTPException

from service.api.middleware import observed, within
from service.api.patience import MIN_BYTES_PER_S, patient
from service.errors import DeadlineExceeded, QueueFull, SlowClient, Unavailable
from tests.fakes import Done, Loads, registry_of, translator_spec

FOR_EVER_S = 1000.0
AT_ONCE_S = 0.01


class Asked:
    """A request whose client leaves when a test says so."""

    def __init__(self) -> None:
        self.scope: Any = {"type": "http", "state": {}}
        self.left = asyncio.Event()

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def never() -> Done:
    await asyncio.Event().wait()
    raise AssertionError


async def done() -> Done:
    return Done()


async def test_the_result_of_the_work_comes_back() -> None:
    assert isinstance(await within(Asked(), done(), FOR_EVER_S), Done)  # type: ignore[arg-type]


async def test_a_client_that_leaves_ends_the_work() -> None:
    request = Asked()
    ended = asyncio.Event()

    async def work() -> Done:
        request.left.set()
        try:
            return await never()
        finally:
            ended.set()

    with pytest.raises(HTTPException) as raised:
        await within(request, work(), FOR_EVER_S)  # type: ignore[arg-type]
    assert raised.value.status_code == 499
    assert ended.is_set()


async def test_a_result_counts_though_the_client_leaves_at_the_same_moment() -> None:
    request = Asked()

    async def work() -> Done:
        request.left.set()
        await asyncio.sleep(0)
        return await done()

    assert isinstance(await within(request, work(), FOR_EVER_S), Done)  # type: ignore[arg-type]


async def test_a_deadline_is_told_when_the_work_has_let_go() -> None:
    released = False

    async def work() -> Done:
        nonlocal released
        try:
            return await never()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            released = True

    with pytest.raises(DeadlineExceeded) as raised:
        await within(Asked(), work(), AT_ONCE_S)  # type: ignore[arg-type]
    assert raised.value.limit == AT_ONCE_S
    assert released


async def test_the_works_own_failure_is_passed_on() -> None:
    async def work() -> Done:
        raise QueueFull("m", limit=1, actual=1)

    with pytest.raises(QueueFull):
        await within(Asked(), work(), FOR_EVER_S)  # type: ignore[arg-type]


async def test_work_that_fails_when_it_is_given_up_is_logged_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> Done:
        try:
            return await never()
        finally:
            raise ZeroDivisionError("in the clean-up")

    with caplog.at_level(logging.ERROR), pytest.raises(DeadlineExceeded):
        await within(Asked(), work(), AT_ONCE_S)  # type: ignore[arg-type]
    (record,) = caplog.records
    assert record.message == "failed_when_given_up"
    assert "in the clean-up" in str(record.exc_info)


async def test_work_that_was_cancelled_by_others_is_a_failure_and_no_cancellation() -> None:
    """It would pass every handler of errors, and the server would answer without a document."""

    async def work() -> Done:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="cancelled from within"):
        await within(Asked(), work(), FOR_EVER_S)  # type: ignore[arg-type]


async def test_who_cancels_the_request_cancels_the_work() -> None:
    ended = begun = False

    async def work() -> Done:
        nonlocal ended, begun
        begun = True
        try:
            return await never()
        finally:
            ended = True

    task = asyncio.create_task(within(Asked(), work(), FOR_EVER_S))  # type: ignore[arg-type]
    while not begun:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended


async def test_the_deadline_covers_the_wait_for_a_model_whose_load_goes_on() -> None:
    loads = Loads(held={"m"})
    spec = translator_spec("m")
    async with registry_of(loads) as registry:

        async def work() -> Done:
            async with registry.lease([spec]):
                return await done()

        with pytest.raises(DeadlineExceeded):
            await within(Asked(), work(), AT_ONCE_S)  # type: ignore[arg-type]
        assert registry.status(spec).state == "loading"
        assert registry.status(spec).leases == 0
        loads.let_go("m")
        async with registry.lease([spec]):
            assert registry.status(spec).leases == 1
        assert loads.begun == ["m"]


# Slow bodies.

Source = Callable[[], Awaitable[Any]]


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    scope["read"] = body


def piece(body: bytes, *, more: bool = True) -> Any:
    return {"type": "http.request", "body": body, "more_body": more}


def source_of(*messages: Any, then: Source | None = None) -> Source:
    left = list(messages)

    async def receive() -> Any:
        if left:
            return left.pop(0)
        if then is not None:
            return await then()
        return await asyncio.Event().wait()

    return receive


async def run(receive: Source, timeout_s: float, **more: Any) -> Any:
    scope = {"type": "http"}
    await patient(read_all, timeout_s, **more)(scope, receive, None)  # type: ignore[arg-type]
    return scope["read"]


async def test_a_body_that_comes_is_read() -> None:
    receive = source_of(piece(b"a"), piece(b"b"), piece(b"c", more=False))
    assert await run(receive, FOR_EVER_S) == b"abc"


async def test_a_body_that_stops_coming_is_given_up() -> None:
    with pytest.raises(SlowClient) as raised:
        await run(source_of(piece(b"x" * 10_000_000)), 0.05)
    assert raised.value.limit == 0.05


async def test_a_body_that_trickles_in_is_given_up() -> None:
    async def trickle() -> Any:
        await asyncio.sleep(0.005)
        return piece(b"x")

    async with asyncio.timeout(20):
        with pytest.raises(SlowClient):
            await run(source_of(then=trickle), 0.1)


async def test_speed_at_the_beginning_does_not_buy_time_at_the_end() -> None:
    """A second for every 4096 bytes would be forty minutes for these."""

    async def trickle() -> Any:
        await asyncio.sleep(0.005)
        return piece(b"x")

    async with asyncio.timeout(20):
        with pytest.raises(SlowClient):
            await run(source_of(piece(b"x" * 10_000_000), then=trickle), 0.1)


async def test_a_body_that_keeps_coming_may_take_longer_than_the_timeout() -> None:
    timeout_s, loop = 1.0, asyncio.get_running_loop()
    began = loop.time()

    async def steadily() -> Any:
        await asyncio.sleep(timeout_s / 10)
        enough = loop.time() - began > 1.5 * timeout_s
        return piece(b"x" * int(timeout_s * MIN_BYTES_PER_S * 2), more=not enough)

    assert await run(source_of(then=steadily), timeout_s)


async def test_a_client_that_leaves_within_its_body_is_no_error_of_the_service() -> None:
    with pytest.raises(HTTPException) as raised:
        await run(source_of(piece(b"a"), {"type": "http.disconnect"}), FOR_EVER_S)
    assert raised.value.status_code == 499


async def test_once_the_body_is_there_waiting_for_the_client_to_leave_has_no_limit() -> None:
    left = asyncio.Event()

    async def leave() -> Any:
        await left.wait()
        return {"type": "http.disconnect"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(scope, receive, send)
        asyncio.get_running_loop().call_later(0.1, left.set)
        assert (await receive())["type"] == "http.disconnect"

    receive = source_of(piece(b"a", more=False), then=leave)
    await patient(app, AT_ONCE_S)({"type": "http"}, receive, None)  # type: ignore[arg-type]


async def test_all_bodies_together_are_no_more_than_memory_is_meant_for_them() -> None:
    gate, reading = asyncio.Event(), 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal reading
        await read_all(scope, receive, send)
        reading += 1
        await gate.wait()

    wrapped = patient(app, FOR_EVER_S, max_bytes=1000)

    async def ask(size: int) -> None:
        await wrapped({"type": "http"}, source_of(piece(b"x" * size, more=False)), None)  # type: ignore[arg-type]

    first = [asyncio.create_task(ask(500)) for _ in range(2)]
    while reading < 2:
        await asyncio.sleep(0)
    with pytest.raises(Unavailable) as raised:
        await ask(1)
    assert raised.value.retry_after_s == 1.0
    gate.set()
    await asyncio.gather(*first)
    await ask(1000)


async def test_after_giving_up_on_a_body_the_connection_ends_with_the_answer() -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(SlowClient):
            await receive()
        await send({"type": "http.response.start", "status": 408, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    await patient(app, AT_ONCE_S)({"type": "http"}, source_of(), send)  # type: ignore[arg-type]
    assert sent[0]["headers"] == [(b"connection", b"close")]


# Cancelled from outside.

SCOPE = {"type": "http", "method": "GET", "headers": [], "path_template": "/v1/models"}


async def cancelled(app: Any) -> tuple[asyncio.Task[None], list[Any]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    task = asyncio.create_task(observed(app)({**SCOPE}, None, send))  # type: ignore[arg-type,typeddict-item]
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return task, sent


async def test_a_request_that_the_end_of_the_process_cancels_is_told_so() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    task, (start, body) = await cancelled(app)
    headers = dict(start["headers"])
    document = json.loads(body["body"])
    assert not task.cancelled()
    assert start["status"] == document["status"] == 503
    assert headers[b"retry-after"] == b"5"
    assert headers[b"x-request-id"].decode() == document["instance"]
    assert int(headers[b"content-length"]) == len(body["body"])


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    task, sent = await cancelled(app)
    assert task.cancelled()
    assert [message["type"] for message in sent] == ["http.response.start"]
