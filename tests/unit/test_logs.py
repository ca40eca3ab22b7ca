import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from service.telemetry.logs import configure_logs


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    before = datetime.now(UTC)
    logging.getLogger("service.x").warning("model_%s", "loaded", extra={"ms": 1.5, "name_": "հ"})
    [line] = lines(capsys)
    written = datetime.fromisoformat(str(line.pop("timestamp")))
    assert before <= written <= datetime.now(UTC)
    assert line == {
        "event": "model_loaded", "level": "warning", "logger": "service.x", "ms": 1.5, "name_": "հ",
    }  # fmt: skip


def test_an_error_brings_its_trace_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    try:
        raise ValueError("no\nway")
    except ValueError:
        logging.getLogger("x").exception("failed", stack_info=True)
    [line] = lines(capsys)
    assert str(line["exception"]).endswith("ValueError: no\nway")
    assert "Traceback (most recent call last)" in str(line["exception"])
    assert "test_logs.py" in str(line["stack"])


def test_what_json_cannot_say_is_shown_as_python_does(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    logging.getLogger("x").info("event", extra={"what": object, "bad": "\ud800"})
    logging.getLogger("x").info("event", extra={"what": object})
    line, plain = lines(capsys)
    assert (line["what"], line["bad"]) == (plain["what"], "\ud800")
    assert line["what"] == "<class 'object'>"


def test_colours_of_uvicorn_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    logging.getLogger("uvicorn").info("up", extra={"color_message": "\x1b[1mup"})
    assert "color" not in capsys.readouterr().err


def test_lesser_lines_and_the_clients_own_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    logging.getLogger("x").debug("small")
    logging.getLogger("httpx2").info("GET")
    assert lines(capsys) == []


def test_a_terminal_gets_text_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    configure_logs("info")
    logging.getLogger("x").info("model_loaded", extra={"color_message": "c", "ms": 1})
    shown = capsys.readouterr().err
    assert "model_loaded" in shown
    assert "color_message" not in shown
    assert not shown.startswith("{")
