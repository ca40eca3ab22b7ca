"""Closed-loop clients: each sends its next text when the last one was answered.

Knows how a rate is told from when requests began and ended. Must not know: who the server is, what
the figures are compared with.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Figures", "Request", "Span", "Text", "figures", "percentile", "run"]


@dataclass(frozen=True, slots=True)
class Text:
    """What one request carries.

    Attributes:
        text: as it is sent.
        tokens: of the source.
        kind: `single` or `article`.
    """

    text: str
    tokens: int
    kind: str


@dataclass(frozen=True, slots=True)
class Request:
    """One that was answered; times in seconds of `time.perf_counter`."""

    begun: float
    ended: float
    tokens: int
    kind: str

    @property
    def latency_s(self) -> float:
        return self.ended - self.begun


@dataclass(frozen=True, slots=True)
class Span:
    """A run of some clients.

    Attributes:
        requests: every one, by the time it ended.
        begun, opened, closed, ended: the first request, the moment when every client had had an
            answer, the moment after which no request was sent, the last answer.
        clients: how many there were.
        client_cpu_s: CPU seconds of the clients' own process.
    """

    requests: Sequence[Request]
    begun: float
    opened: float
    closed: float
    ended: float
    clients: int
    client_cpu_s: float


Ask = Callable[[Text], Awaitable[None]]


async def run(asks: Sequence[Ask], texts: Sequence[Iterator[Text]], duration_s: float) -> Span:
    """Runs one client for each of `asks` on its iterator of texts, which several may share.

    No request is sent `duration_s` after the first one; those under way are waited for.

    Raises:
        Exception: what an ask raised; the others are cancelled.
    """
    answered: list[Request] = []
    firsts: list[float] = []
    used = time.process_time()
    begun = time.perf_counter()
    until = begun + duration_s

    async def client(ask: Ask, queue: Iterator[Text]) -> None:
        ended: list[float] = []
        for text in queue:
            sent = time.perf_counter()
            await ask(text)
            ended.append(time.perf_counter())
            answered.append(Request(sent, ended[-1], text.tokens, text.kind))
            if ended[-1] >= until:
                break
        firsts.extend(ended[:1])  # of a short queue, a client may get nothing

    async with asyncio.TaskGroup() as group:
        for ask, queue in zip(asks, texts, strict=True):
            group.create_task(client(ask, queue))
    ended = time.perf_counter()
    own_s = time.process_time() - used
    return Span(answered, begun, max(firsts), min(until, ended), ended, len(asks), own_s)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a span says.

    Attributes:
        requests: answered in all.
        requests_per_s, tokens_per_s: of the window in which every client was at work.
        p50_ms, p95_ms, p99_ms: latency.
        kinds: the same three by kind of text.
        steady: whether there was such a window; else the rates are of the whole span, its
            beginning and its end included.
    """

    requests: int
    requests_per_s: float
    tokens_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    kinds: dict[str, dict[str, float]]
    steady: bool


def figures(span: Span) -> Figures:
    """Returns the rates and latencies of a span.

    The window opens when every client has had an answer and closes when nothing more is sent. A
    request counts in it by the share of its time that lies inside: batches end many at once, and
    where the window's edges fall between them would otherwise be luck. Where the window is less
    than half of the time in which requests were sent, the whole span counts, to the last answer.
    """
    steady = span.closed - span.opened >= (span.closed - span.begun) / 2
    start, end = (span.opened, span.closed) if steady else (span.begun, span.ended)
    if span.clients == 1:  # one client is alone from beginning to end
        start, end, steady = span.begun, span.ended, True
    shares = [_share(r, start, end) for r in span.requests]
    counted = [r for r in span.requests if start <= r.ended <= end]
    if len(counted) < span.clients:
        counted = list(span.requests)
    kinds = sorted({r.kind for r in counted})
    return Figures(
        requests=len(span.requests),
        requests_per_s=sum(shares) / (end - start),
        tokens_per_s=sum(s * r.tokens for s, r in zip(shares, span.requests, strict=True))
        / (end - start),
        **_latencies(counted),
        kinds={kind: _latencies([r for r in counted if r.kind == kind]) for kind in kinds},
        steady=steady,
    )


def _share(request: Request, start: float, end: float) -> float:
    inside = min(request.ended, end) - max(request.begun, start)
    return max(0.0, inside) / request.latency_s


def _latencies(requests: Sequence[Request]) -> dict[str, float]:
    times = [r.latency_s * 1e3 for r in requests]
    return {f"p{share}_ms": percentile(times, share) for share in (50, 95, 99)}


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the percentile by the nearest rank: a value that was measured; p50 is the median."""
    if share == 50:
        return statistics.median(values)
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share) // 100) - 1)]
