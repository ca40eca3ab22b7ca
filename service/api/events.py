"""Answers with server-sent events (WHATWG HTML, 9.2): what a task tells, then its result.

A request that fails before anything is known of it gets the plain problem document that it would
have got without a stream; later the problem is the last event. A client that leaves ends the work,
as does the deadline. Knows neither what the tasks do nor which routes there are.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from service.answers import ModelEvent, SegmentEvent, SentenceEvent, TranslatedSegment
from service.api.limits import failed
from service.api.middleware import Result, within
from service.api.problems import problem_of
from service.errors import ShuttingDown
from service.tasks.told import Event, ModelAwaited, SegmentDone, SentenceDone, Told

__all__ = ["MEDIA_TYPE", "answered"]

MEDIA_TYPE = "text/event-stream"

KEEP_ALIVE_S = 15.0
"""A comment is sent after so long a silence, or proxies would take the connection for dead; the
standard's own advice (9.2.7)."""

KEEP_ALIVE = b": keep-alive\n\n"

FIRST_S = 1.0
"""A stream begins after so long, even if there is nothing to tell. Until then a failure is a plain
answer with a status of its own."""

R = TypeVar("R", bound=Result)
S = TypeVar("S", bound=msgspec.Struct)


async def answered(
    request: Request[Any, Any, Any],
    work: Callable[..., Coroutine[Any, Any, R]],
    shown: Callable[[R], S],
    deadline_s: float,
    *,
    stream: bool,
) -> Response[S]:
    """Answers a request for work: with its result, or with events if the client wants a `stream`.

    Args:
        work: begins it; takes `told`, if the client is to be.
        shown: from a result to what it is on the wire.

    Raises: see `within`, without a stream.
    """
    if stream:
        return _Events(_Stream(request, lambda told: work(told=told), shown, deadline_s))
    return Response(shown(await within(request, work(), deadline_s)))


class _Events(Response[Any]):
    """What Litestar takes for a response; the work begins when it is sent."""

    def __init__(self, stream: ASGIResponse) -> None:
        super().__init__(None)
        self._stream = stream

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        return self._stream


class _Stream(ASGIResponse, Generic[R]):
    """The work of one request, and what is told of it while it goes on."""

    _should_set_content_length = False

    def __init__(
        self,
        request: Request[Any, Any, Any],
        work: Callable[[Told], Coroutine[Any, Any, R]],
        shown: Callable[[R], msgspec.Struct],
        deadline_s: float,
    ) -> None:
        # nginx would hold back what is small.
        super().__init__(media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._request, self._work, self._shown = request, work, shown
        self._deadline_s = deadline_s
        self._lines: list[bytes] = []  # of a slow reader no more than its answer
        self._news = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outcome = asyncio.create_task(
            within(self._request, self._work(self._hear), self._deadline_s)
        )
        outcome.add_done_callback(lambda _: self._news.set())
        begun = False
        try:
            while True:
                over = await self._wait(outcome, KEEP_ALIVE_S if begun else FIRST_S)
                if not begun:
                    if over:
                        outcome.result()  # a failure is no stream yet
                    await self.start_response(send)
                    begun = True
                lines, self._lines = self._lines, []
                if over:
                    lines.append(self._last(outcome))
                await _send(send, lines, more=not over)
                if over:
                    return
        except asyncio.CancelledError:  # the grace time is over
            if not begun:
                raise
            await _send(send, [self._failed(ShuttingDown())], more=False)
        finally:
            outcome.cancel()
            await asyncio.gather(outcome, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        if (line := _line_of(event)) is not None:
            self._lines.append(line)
            self._news.set()

    async def _wait(self, outcome: "asyncio.Task[R]", patience_s: float) -> bool:
        """Returns when there is something to send, if only a comment; whether that is the last."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            self._lines.append(KEEP_ALIVE)
        self._news.clear()
        return outcome.done()

    def _last(self, outcome: "asyncio.Task[R]") -> bytes:
        try:
            return _line("result", self._shown(outcome.result()))
        except Exception as error:  # the stream's boundary: whatever it is, the client is told
            return self._failed(error)

    def _failed(self, error: Exception) -> bytes:
        """Says what an answer with this error would have said; it is logged and settled as such."""
        answer = problem_of(self._request, error)
        status = answer.status_code or 500
        self._request.scope["state"]["outcome"] = status
        failed(self._request.scope, status)
        return _line("error", answer.content)


async def _send(send: Send, lines: list[bytes], *, more: bool) -> None:
    await send({"type": "http.response.body", "body": b"".join(lines), "more_body": more})


def _line_of(event: Event) -> bytes | None:
    """What a client is told of an event, if anything."""
    match event:
        case ModelAwaited():
            return _line("model", _model(event))
        case SegmentDone():
            return _line("segment", _segment(event))
        case SentenceDone():
            return _line("segment", _sentence(event))
    return None


def _model(event: ModelAwaited) -> ModelEvent:
    spec, status = event.status.spec, event.status
    source = spec.languages[0] if spec.task == "translate" else None
    return ModelEvent(
        name=spec.name,
        task=spec.task,
        source=source,
        target=spec.languages[-1],
        state=status.state,
        progress=status.progress,
    )


def _segment(event: SegmentDone) -> SegmentEvent:
    pair = msgspec.convert(event.translated, TranslatedSegment, from_attributes=True)
    said = msgspec.structs.asdict(pair)
    return SegmentEvent(index=event.index, target=event.target, segment=event.segment, **said)


def _sentence(event: SentenceDone) -> SentenceEvent:
    found = msgspec.convert(event, SentenceEvent, from_attributes=True)
    return found if event.target is None else msgspec.structs.replace(found, sources=None)


def _line(name: str, data: Mapping[str, object] | msgspec.Struct) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
