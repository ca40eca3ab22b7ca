"""The soak's own judgement: what it must see, it sees."""

import json
import os
from typing import Any

import pytest

from tests.soak.kinds import Ask, essence, good_asks, is_cut_short, verdict
from tests.soak.run import numbers
from tests.soak.watch import Sample, growth, sample
from tests.soak.wire import Answer, parsed

TRANSLATION = {"translations": [{"text": "A", "segments": [{"score": -0.5}]}], "timings_ms": {}}
RIGHT = Answer(200, "application/json", "", json.dumps(TRANSLATION).encode())
ASK = Ask("single", "/v1/translate", answer=essence(RIGHT))


def problem(status: int, said: int | None = None, **other: Any) -> Answer:
    fields = {"content_type": "application/problem+json", "retry_after": "1"} | other
    return Answer(status, body=json.dumps({"status": said or status}).encode(), **fields)


def test_the_right_answer_may_have_another_score() -> None:
    assert verdict(ASK, RIGHT) is None
    other = RIGHT.body.replace(b"-0.5", b"-0.7")
    assert verdict(ASK, Answer(200, "application/json", "", other)) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(200, "application/json", "", RIGHT.body.replace(b"A", b"B")), "not the answer"),
        (problem(500), "status 500"),
        (Answer(0), "without an answer"),
        (problem(503, retry_after=""), "without Retry-After"),
        (problem(503, content_type="text/plain"), "no problem document"),
        (problem(503, said=500), "another status"),
    ],
)
def test_what_must_not_be_is_seen(answer: Answer, fault: str) -> None:
    assert fault in (verdict(ASK, answer) or "")


def test_an_answer_that_tells_of_no_time_to_repair_it_may_be_another() -> None:
    other = json.loads(RIGHT.body.replace(b"A", b"B"))
    other["translations"][0]["warnings"] = [{"code": "repair_cut_short", "segment": 0}]
    answer = Answer(200, "application/json", "", json.dumps(other).encode())
    assert verdict(ASK, answer) is None
    assert is_cut_short(answer)
    assert not is_cut_short(RIGHT)


def test_a_refusal_is_no_fault() -> None:
    assert verdict(ASK, problem(503)) is None
    assert verdict(ASK, problem(504)) is None


def test_one_seed_asks_the_same() -> None:
    assert [ask.body for ask in good_asks(3)] == [ask.body for ask in good_asks(3)]
    assert [ask.body for ask in good_asks(3)] != [ask.body for ask in good_asks(4)]


def test_an_answer_that_is_cut_short_is_none() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
    assert parsed(head + b"four").status == 200
    assert parsed(head + b"thr").status == 0
    assert parsed(b"").status == 0


def test_what_grows_is_seen_and_what_warms_up_is_not() -> None:
    flat = [Sample(100.0, 20, 30)] * 80
    assert all(is_flat for _, _, is_flat in growth([Sample(10.0, 2, 3)] * 20 + flat).values())
    for leak in (Sample(400.0, 20, 30), Sample(100.0, 50, 30), Sample(100.0, 20, 90)):
        found = growth(flat + [leak] * 50)
        assert [is_flat for _, _, is_flat in found.values()].count(False) == 1


def test_a_process_is_measured() -> None:
    found = sample(os.getpid())
    assert found.rss_mb > 10
    assert found.threads >= 1
    assert found.descriptors >= 3


def test_metrics_are_summed_by_what_they_tell() -> None:
    text = (
        'lur_jobs_total{model="a",outcome="done"} 3.0\n'
        'lur_jobs_total{model="b",outcome="done"} 4.0\n'
        'lur_queued_jobs{model="a"} 2.0\n'
    )
    assert numbers(text) == {"lur_jobs done": 7.0, "lur_queued_jobs": 2.0}


def stream(*events: str) -> bytes:
    """A stream as it comes, each event in a chunk."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(e.encode()), e.encode()) for e in events)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


def test_a_stream_is_worth_its_last_event() -> None:
    segment = 'event: segment\ndata: {"text": "1\\r\\n2a"}\n\n'
    result = f"event: result\ndata: {json.dumps(TRANSLATION)}\n\n"
    assert verdict(ASK, parsed(stream(segment, ": keep-alive\n\n", result))) is None
    error = 'event: error\ndata: {"status": 503, "retry_after_s": 1.5}\n\n'
    assert parsed(stream(segment, error)).retry_after == "2"
    assert verdict(ASK, parsed(stream(error))) is None
    fault = 'event: error\ndata: {"status": 500}\n\n'
    assert str(verdict(ASK, parsed(stream(segment, fault)))).startswith("status 500")
    assert "without an answer" in str(verdict(ASK, parsed(stream(segment))))
