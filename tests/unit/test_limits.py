"""Limits without a server: who is a client, what is counted, what is given back."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from service.api.limits import WRONG_KEYS_PER_MINUTE, Limits, address_of, client_of, spent
from service.api.visits import Visit
from service.errors import TooManyRequests, TooManyTokens
from service.settings import Settings


class Now:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@dataclass
class Used:
    input_tokens: int
    output_tokens: int


def limits_of(now: Now | None = None, **settings: int) -> Limits:
    return Limits(Settings(**settings), now or Now())  # type: ignore[arg-type]


def scope_from(host: str, **state: object) -> Any:
    return {"type": "http", "client": (host, 5000), "state": state}


def enter(limits: Limits, client: str = "address:1.2.3.4", tokens: int = 0) -> Visit:
    visit = limits.visit(client)
    visit.enter(tokens)
    return visit


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", "unknown"),
        ("1" * 10_000, "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_is_one_ipv4_host_or_one_ipv6_network(host: str, address: str) -> None:
    assert address_of(scope_from(host)) == address


def test_a_connection_without_an_address_is_a_client_too() -> None:
    assert client_of({"type": "http", "client": None}) == "address:unknown"  # type: ignore[typeddict-item]


def test_a_key_counts_for_itself_wherever_it_comes_from() -> None:
    assert client_of(scope_from("192.0.2.7", client="newsroom")) == "key:newsroom"
    assert client_of(scope_from("192.0.2.7")) == "address:192.0.2.7"
    assert client_of(scope_from("192.0.2.7", client="address:192.0.2.7")) != "address:192.0.2.7"


def test_requests_over_the_limit_are_refused_until_time_has_passed() -> None:
    now = Now()
    limits = limits_of(now, requests_per_minute=3)
    for _ in range(3):
        enter(limits).leave()
    with pytest.raises(TooManyRequests) as refused:
        enter(limits)
    assert (refused.value.limit, refused.value.actual) == (3, 4)
    assert refused.value.retry_after_s == pytest.approx(20)
    enter(limits, "address:5.6.7.8")
    now.s += 20
    enter(limits)


def test_a_refused_request_costs_nothing() -> None:
    now = Now()
    limits = limits_of(now, requests_per_minute=1, tokens_per_minute=100)
    enter(limits, tokens=10)
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            enter(limits, tokens=10)
    now.s += 60
    enter(limits, tokens=10)


def test_requests_at_once_are_counted_until_they_leave() -> None:
    limits = limits_of(concurrent_requests=2)
    first, _ = enter(limits), enter(limits)
    with pytest.raises(TooManyRequests) as refused:
        enter(limits)
    assert (refused.value.limit, refused.value.actual) == (2, 3)
    first.leave()
    first.leave()
    enter(limits)
    with pytest.raises(TooManyRequests):
        enter(limits)


def test_a_refused_request_does_not_count_as_left() -> None:
    limits = limits_of(concurrent_requests=1)
    enter(limits)
    refused = limits.visit("address:1.2.3.4")
    with pytest.raises(TooManyRequests):
        refused.enter(0)
    refused.leave()
    with pytest.raises(TooManyRequests):
        enter(limits)


def test_tokens_are_reserved_at_once_and_settled_with_what_was_used() -> None:
    now = Now()
    limits = limits_of(now, tokens_per_minute=600)
    visit = enter(limits, tokens=600)
    with pytest.raises(TooManyTokens) as refused:
        enter(limits)
    assert refused.value.retry_after_s == pytest.approx(0.1)
    visit.settle(100)
    visit.settle(0)  # only the first time counts
    visit.answer(200)
    visit.leave()
    enter(limits, tokens=500)
    with pytest.raises(TooManyTokens):
        enter(limits)


def test_a_long_request_puts_its_client_in_debt_as_long_as_it_takes_to_pay() -> None:
    now = Now()
    limits = limits_of(now, tokens_per_minute=600)
    visit = enter(limits, tokens=100)
    visit.settle(6000)
    visit.leave()
    now.s += 539
    with pytest.raises(TooManyTokens) as refused:
        enter(limits)
    assert (refused.value.limit, refused.value.actual) == (600, 611)
    now.s += 2
    enter(limits)


@pytest.mark.parametrize("status", [400, 404, 413, 422, 408, 429, 503])
def test_a_request_that_no_model_worked_for_costs_no_tokens(status: int) -> None:
    limits = limits_of(tokens_per_minute=600)
    visit = enter(limits, tokens=100_000)
    visit.answer(status)
    visit.leave()
    enter(limits)


@pytest.mark.parametrize("status", [200, 499, 500, 504])
def test_a_request_that_ends_without_a_result_costs_its_estimate(status: int) -> None:
    """A stream, a client that leaves, a failure, a deadline: models have worked."""
    limits = limits_of(tokens_per_minute=600)
    visit = enter(limits, tokens=600)
    visit.answer(status)
    visit.leave()
    with pytest.raises(TooManyTokens):
        enter(limits)


class Connection:
    def __init__(self, scope: Any, **headers: str) -> None:
        self.scope = scope
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


async def test_a_body_is_estimated_by_its_length_and_unknown_ones_by_the_longest_text() -> None:
    now = Now()
    for headers, tokens in (
        ({"content_length": "4000"}, 1000),
        ({"content_length": "9" * 18}, 25_000),
        ({"content_length": "-4000"}, 25_000),
        ({"content_length": "٤٠٠٠"}, 25_000),
        ({}, 25_000),
    ):
        limits = limits_of(now, tokens_per_minute=60_000)
        connection = Connection(scope_from("192.0.2.7"), **headers)
        await limits.guard(connection, None)  # type: ignore[arg-type]
        account = limits.accounts.of("address:192.0.2.7")
        assert account.tokens_full_s - now.s == pytest.approx(tokens / 1000)


async def test_without_limits_nothing_is_counted() -> None:
    limits = limits_of()
    scope = scope_from("192.0.2.7")
    await limits.guard(Connection(scope), None)  # type: ignore[arg-type]
    spent(scope, Used(1, 2))
    assert len(limits.accounts) == 0


async def serve_one(limits: Limits, status: int, *, used: Used | None = None) -> dict[bytes, bytes]:
    """One request through guard and wrapper; returns the headers of its answer."""
    sent: list[Any] = []
    scope = scope_from("192.0.2.7")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await limits.guard(Connection(scope, content_length="400"), None)  # type: ignore[arg-type]
        if used is not None:
            spent(scope, used)
        await send({"type": "http.response.start", "status": status, "headers": [(b"a", b"b")]})

    async def send(message: Any) -> None:
        sent.append(message)

    await limits.around(app)(scope, None, send)  # type: ignore[arg-type]
    return dict(sent[0]["headers"])


async def test_answers_say_what_is_left_after_this_request() -> None:
    limits = limits_of(requests_per_minute=60, tokens_per_minute=6000)
    headers = await serve_one(limits, 200, used=Used(200, 100))
    assert headers[b"ratelimit-policy"] == b'"requests";q=60;w=60, "tokens";q=6000;w=60'
    assert headers[b"ratelimit"] == b'"requests";r=59;t=1, "tokens";r=5700;t=3'
    headers = await serve_one(limits, 422)
    assert headers[b"ratelimit"] == b'"requests";r=58;t=2, "tokens";r=5700;t=3'
    assert headers[b"a"] == b"b"


async def test_answers_say_nothing_of_limits_that_are_not_set() -> None:
    assert await serve_one(limits_of(concurrent_requests=5), 200) == {b"a": b"b"}
    headers = await serve_one(limits_of(requests_per_minute=60), 200)
    assert headers[b"ratelimit-policy"] == b'"requests";q=60;w=60'


async def test_a_request_that_raises_gives_its_place_back() -> None:
    limits = limits_of(concurrent_requests=1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await limits.guard(Connection(scope), None)  # type: ignore[arg-type]
        raise ValueError("boom")

    for _ in range(3):
        with pytest.raises(ValueError, match="boom"):
            await limits.around(app)(scope_from("192.0.2.7"), None, None)  # type: ignore[arg-type]


def test_wrong_keys_are_counted_by_address_and_the_limit_is_always_there() -> None:
    now = Now()
    limits = limits_of(now)
    for _ in range(WRONG_KEYS_PER_MINUTE):
        limits.wrong_key(scope_from("192.0.2.7"))
    with pytest.raises(TooManyRequests, match="wrong keys a minute") as refused:
        limits.wrong_key(scope_from("192.0.2.7"))
    assert refused.value.retry_after_s == pytest.approx(1)
    limits.wrong_key(scope_from("192.0.2.8"))
    now.s += 1
    limits.wrong_key(scope_from("192.0.2.7"))


def test_wrong_keys_of_an_address_take_nothing_from_a_key_that_comes_from_there() -> None:
    limits = limits_of(requests_per_minute=1)
    for _ in range(WRONG_KEYS_PER_MINUTE):
        limits.wrong_key(scope_from("192.0.2.7"))
    enter(limits, client_of(scope_from("192.0.2.7", client="newsroom")))


def test_a_message_says_what_was_counted() -> None:
    limits = limits_of(requests_per_minute=1)
    enter(limits)
    with pytest.raises(TooManyRequests) as refused:
        enter(limits)
    assert re.fullmatch(r"2 requests a minute of this client, .* 1 are served", str(refused.value))
