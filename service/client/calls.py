"""A question to the service: what is sent, how the answer is read; and a method that asks it.

Pure: the same for a client that waits and for one that awaits. Knows the wire's forms, not what can
be asked.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import httpx2
import msgspec

from service.answers import ModelEvent, Problem
from service.client.failing import LurError, Patience, problem

__all__ = ["RESULT", "Awaits", "Call", "Waits", "answered", "streamed"]

E = TypeVar("E")
K = TypeVar("K")
T = TypeVar("T")
P = ParamSpec("P")
Now = TypeVar("Now")
Later = TypeVar("Later")

RESULT = "result"
"""The event that is the last one of a stream that succeeds."""


@dataclass(frozen=True)
class Call(Generic[E, T]):
    """One question: how it is sent, and how what comes back is read.

    Attributes:
        content: what httpx2 builds a request of, beside method and path.
        event: what the segments of a stream are.
        statuses: of answers; all others are problems.
    """

    method: str
    path: str
    answer: type[T]
    content: Mapping[str, Any] = field(default_factory=dict)
    event: type[E] | None = None
    statuses: tuple[int, ...] = (200, 202)

    def read(self, response: httpx2.Response) -> T:
        """Returns the answer.

        Raises:
            LurError: it says what went wrong; or something else than the service has spoken.
        """
        if response.status_code not in self.statuses:
            raise LurError.of(response)
        return _decoded(response.content, self.answer)

    def read_event(
        self, event: httpx2.ServerSentEvent, patience: Patience
    ) -> Iterator[ModelEvent | E | T]:
        """Yields what an event of a stream says; nothing for a kind that a later service knows.

        Raises:
            LurError: it says what went wrong, or is none of the service's.
        """
        if event.event == "error":
            raise LurError(_decoded(event.data, Problem))
        if event.event == "model":
            yield _decoded(event.data, ModelEvent)
        if event.event == "segment" and self.event is not None:
            patience.end()
            yield _decoded(event.data, self.event)
        if event.event == RESULT:
            patience.end()
            yield _decoded(event.data, self.answer)


def _decoded(content: bytes | str, kind: type[K]) -> K:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LurError(problem(200, "No answer of this service", error)) from error


class Waits:
    """A client whose methods return answers."""


class Awaits:
    """A client whose methods return what is to be awaited."""


class Method(Generic[P, Now, Later]):
    """A method written once: what returns `Now` of a `Waits` client, returns `Later` else."""

    def __init__(self, call: Callable[Concatenate[Any, P], Call[Any, Any]], send: str) -> None:
        self._call, self._send = call, send

    @overload
    def __get__(self, client: Waits, kind: type) -> Callable[P, Now]: ...
    @overload
    def __get__(self, client: Awaits, kind: type) -> Callable[P, Later]: ...
    def __get__(self, client: Any, kind: type) -> Any:
        @functools.wraps(self._call)
        def method(*args: P.args, **options: P.kwargs) -> Any:
            return getattr(client, self._send)(self._call(client, *args, **options))

        return method if client else self._call


def answered(
    call: Callable[Concatenate[Any, P], Call[Any, T]],
) -> Method[P, T, Coroutine[Any, Any, T]]:
    """Makes a method of a call: it returns the answer."""
    return Method(call, "_answer")


def streamed(
    call: Callable[Concatenate[Any, P], Call[E, T]],
) -> Method[P, Generator[ModelEvent | E | T], AsyncGenerator[ModelEvent | E | T]]:
    """Makes a method of a call: it gives events as they come."""
    return Method(call, "_events")
