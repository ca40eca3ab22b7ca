from hypothesis import given
from hypothesis import strategies as st

from service.api.buckets import WINDOW_S, Accounts, Rate

PER_MINUTE = st.integers(1, 200)
PAUSES = st.lists(st.floats(0, 90, allow_nan=False) | st.just(0.0), max_size=400)
BEGIN = st.floats(0, 1e7)


def admitted(rate: Rate, times: list[float]) -> list[float]:
    full_s, found = float("-inf"), []
    for now in times:
        if rate.wait_s(full_s, now) == 0:
            full_s = rate.taken(full_s, now, 1)
            found.append(now)
    return found


def moments(begin: float, pauses: list[float]) -> list[float]:
    times = [begin]
    for pause in pauses:
        times.append(times[-1] + pause)
    return times


@given(PER_MINUTE, BEGIN, PAUSES)
def test_no_window_holds_more_than_one_bucket_and_what_flows_in(
    per_minute: int, begin: float, pauses: list[float]
) -> None:
    found = admitted(Rate(per_minute), moments(begin, pauses))
    for first in range(0, len(found), 7):
        for last in range(first, len(found), 5):
            most = per_minute * (1 + (found[last] - found[first]) / WINDOW_S)
            assert last - first + 1 <= most + 1e-3


@given(PER_MINUTE, BEGIN, PAUSES)
def test_who_stays_below_the_limit_in_every_minute_never_waits(
    per_minute: int, begin: float, pauses: list[float]
) -> None:
    times: list[float] = []
    for moment in moments(begin, pauses):
        if sum(moment - other < WINDOW_S for other in times) < per_minute:
            times.append(moment)
    assert admitted(Rate(per_minute), times) == times


@given(PER_MINUTE, BEGIN, st.integers(0, 100_000))
def test_who_waits_as_long_as_he_is_told_is_let_in(
    per_minute: int, begin: float, units: int
) -> None:
    rate = Rate(per_minute)
    full_s = rate.taken(float("-inf"), begin, units)
    wait_s = rate.wait_s(full_s, begin)
    assert rate.wait_s(full_s, begin + wait_s) == 0
    if wait_s > 0.01:
        assert rate.wait_s(full_s, begin + wait_s - 0.01) > 0
        assert rate.used(full_s, begin) + 1 > per_minute


@given(PER_MINUTE, BEGIN, st.integers(0, 100_000), st.integers(0, 100_000), st.floats(0, 1000))
def test_a_corrected_estimate_costs_what_the_work_cost(
    per_minute: int, begin: float, estimate: int, cost: int, took_s: float
) -> None:
    """Exactly, unless the bucket was full again in between: then what it held is lost."""
    rate = Rate(per_minute)
    reserved = rate.taken(float("-inf"), begin, estimate)
    settled = rate.taken(reserved, begin + took_s, cost - estimate)
    known_before = rate.taken(float("-inf"), begin, cost)
    assert settled >= known_before - 1e-6 * cost - 1e-6
    if reserved >= begin + took_s:
        assert settled <= known_before + 1e-6 * cost + 1e-6


def test_a_bucket_in_debt_says_how_deep() -> None:
    rate = Rate(60)
    full_s = rate.taken(float("-inf"), 100.0, 90)
    assert rate.used(full_s, 100.0) == 90
    assert rate.wait_s(full_s, 100.0) == 31.0
    assert rate.used(full_s, 150.0) == 40
    assert rate.used(full_s, 1000.0) == 0


def test_a_client_keeps_its_account_while_there_is_room() -> None:
    accounts = Accounts(10)
    assert accounts.of("a") is accounts.of("a")
    assert accounts.of("a") is not accounts.of("b")


def test_new_clients_make_no_more_accounts_than_may_be() -> None:
    accounts = Accounts(100)
    for number in range(10_000):
        accounts.of(str(number)).requests_full_s = float(number % 50)
        assert len(accounts) <= 100


def test_whoever_is_deep_in_debt_or_runs_something_keeps_the_account() -> None:
    accounts = Accounts(100)
    debtor, runner = accounts.of("debtor"), accounts.of("runner")
    debtor.tokens_full_s = 1e6
    runner.running = 1
    for number in range(10_000):
        accounts.of(str(number)).requests_full_s = float(number)
    assert accounts.of("debtor") is debtor
    assert accounts.of("runner") is runner
