"""What a run of the cluster counts, on answers that are made up."""

import time
from pathlib import Path

import pytest

from benchmarks.cluster.load import Answer, Load, is_of
from benchmarks.cluster.replicas import CONFIGURATION, Replica, configuration
from benchmarks.cluster.run import seen


def load(done_s: list[float], outcome: str = "right") -> Load:
    now_s = time.monotonic()
    return Load("", 1, answers=[Answer(0, now_s - before, outcome) for before in done_s])


def test_a_rate_is_told_from_one_answer_to_another() -> None:
    # Batches of 8 every second, of which the window of 4.5 s cuts the fifth.
    batches = [float(second) for second in range(10, 0, -1) for _ in range(8)]
    assert load(batches).rate(4.5) == pytest.approx(8, abs=0.01)


def test_wrong_answers_make_no_rate() -> None:
    with pytest.raises(ValueError, match="no answers"):
        load([3.0, 2.0, 1.0], "wrong").rate(2.5)


def test_a_rate_needs_an_answer_before_and_one_since() -> None:
    with pytest.raises(ValueError, match="no answers"):
        load([3.0, 2.0]).rate(4.0)
    with pytest.raises(ValueError, match="no answers"):
        load([3.0, 2.0]).rate(1.0)


@pytest.mark.parametrize(
    ("text", "code", "right"),
    [
        ("открыл 9999 заводов", "", True),
        ("открыл 10\u00a0678 заводов", "", True),
        ("открыл 10 заводов", "number_lost", True),
        ("открыл 10\u00a0679 заводов", "", False),
        ("", "number_lost", False),
    ],
)
def test_an_answer_has_its_own_number_or_says_that_it_has_not(
    text: str, code: str, right: bool
) -> None:
    number = 9999 if "9999" in text else 10678
    assert is_of(number, {"text": text, "warnings": [{"code": code}]}) is right


def test_what_is_neither_right_nor_wrong_is_lost_and_what_takes_twice_as_long_is_late() -> None:
    answers = [
        Answer(0, 1, "right"),
        Answer(1, 2, "wrong"),
        Answer(2, 4, "ReadError"),
        Answer(2, 5.5, "503"),
        Answer(4, 5, "right"),
    ]
    found = seen(answers, began_s=3)
    assert (found["wrong"], found["lost"]) == (1, 2)
    assert found["lost_as"] == {"ReadError": 1, "503": 1}
    assert found["slowest_after_s"] == 3.5
    assert found["recovered_after_s"] == 2.5


def test_the_configuration_that_is_tried_is_the_one_that_ships_but_for_addresses() -> None:
    replicas = [Replica(number) for number in range(3)]
    tried = configuration(replicas, "127.0.0.1:1", Path("/somewhere")).splitlines()
    shipped = CONFIGURATION.read_text().splitlines()
    assert len(tried) == len(shipped) + 2
    assert len(set(shipped) - set(tried)) == 3  # server-template, bind, the statistics' socket
    servers = [line.split() for line in tried if line.startswith("    server ")]
    assert [words[2] for words in servers] == [f"10.203.0.{n}:8000" for n in (10, 11, 12)]
    assert all(words[3:] == ["tcp-ut", "6s"] for words in servers)
