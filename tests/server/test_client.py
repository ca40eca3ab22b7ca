"""The client and the commands that use it, against a running service."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.access import line_of
from service.answers import (
    ModelEvent,
    SegmentEvent,
    SentenceEvent,
    SummarizeResponse,
    TranslateResponse,
)
from service.cli import main
from service.client import AsyncLur, Lur, LurError
from tests.conftest import TINY_CATALOG
from tests.server.conftest import Server, until
from tests.tinylang.grammar import articles, sentences

Serve = Callable[..., Server]

ARTICLE = articles(1, 1)[0]


def test_everything_that_a_client_can_ask(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    with Lur(server.url) as lur:
        assert lur.ready().status == "ready"
        assert {(pair.source, pair.target) for pair in lur.languages()} == {
            ("en", "hy"),
            ("en", "ru"),
        }
        summary = lur.summarize(ARTICLE.text, translate_to=["ru"])
        assert summary.summary == ARTICLE.summary
        assert summary.translations == {"ru": ARTICLE.summary_ru}
        a, b = sentences(1, 2)
        answer = lur.translate([a.en, b.en], ["hy", "ru"], quality="best", segments=True)
        assert [t.text for t in answer.translations] == [a.hy, a.ru, b.hy, b.ru]
        [segment] = answer.translations[0].segments or []
        assert segment.source.end == len(a.en)
        states = {model.name: model.state for model in lur.models()}
        assert (states["tiny-en-hy"], states["opus-mt-en-ru"]) == ("ready", "absent")
        assert lur.unload("tiny-en-hy").name == "tiny-en-hy"
        until(lambda: {m.name: m.state for m in lur.models()}["tiny-en-hy"] == "on_disk")
        lur.load("tiny-en-hy")
        until(lambda: {m.name: m.state for m in lur.models()}["tiny-en-hy"] == "ready")
        with pytest.raises(LurError) as caught:
            lur.translate("Hello.", "xx")
        assert (caught.value.status, caught.value.errors[0].field) == (422, "target")
        with pytest.raises(LurError) as caught:
            lur.load("no/such model")
        assert caught.value.status == 404


def test_events_come_in_order_and_the_answer_last(serve: Serve) -> None:
    said = sentences(2, 4)
    text = " ".join(sentence.en for sentence in said)
    with Lur(serve().url) as lur:
        events = list(lur.stream_translate(text, "hy"))
        plain = lur.translate(text, "hy")
    models = [event for event in events if isinstance(event, ModelEvent)]
    assert models[-1].state == "ready"
    segments = [event for event in events if isinstance(event, SegmentEvent)]
    assert [event.segment for event in segments] == [0, 1, 2, 3]
    assert isinstance(events[-1], TranslateResponse)
    assert events[-1].translations == plain.translations
    rebuilt, end = "", 0
    for event in segments:
        rebuilt += text[end : event.source.start] + event.text
        end = event.source.end
    assert rebuilt == plain.translations[0].text


async def test_both_tasks_at_once_for_one_who_awaits(serve: Serve) -> None:
    async with AsyncLur(serve().url) as lur:

        async def kinds() -> list[type]:
            return [
                type(event)
                async for event in lur.stream_summarize(ARTICLE.text, translate_to=["hy"])
            ]

        found, answer = await asyncio.gather(kinds(), lur.translate("One.", ["hy", "ru"]))
    assert found[-1] is SummarizeResponse
    assert SentenceEvent in found
    assert [t.target for t in answer.translations] == ["hy", "ru"]


class SlowServer(Server):
    """Its one worker takes a while for a batch in which somebody does something slowly."""

    module = "tests.faulty"


SLOW = {
    "LUR_WORKERS": "1",
    "LUR_REPAIR_TRIES": "0",
    "LUR_BATCH_TIMEOUT_S": "0",
    "LUR_MAX_BATCH_TOKENS": "64",
    "FAULT_SLOW": "slowly",
    "FAULT_SLOW_S": "0.5",
}
SENTENCES = 100


def slow_text(number: int) -> str:
    return " ".join(f"Slowly number {number}{i:03} arrived." for i in range(SENTENCES))


async def test_closing_a_stream_ends_the_work(serve: Serve) -> None:
    """All of it would take seven seconds and more."""
    server = serve(kind=SlowServer, **SLOW)
    with Lur(server.url) as lur, closing(lur.stream_translate(slow_text(1), "hy")) as events:
        assert any(isinstance(event, SegmentEvent) for event in events)
    until(lambda: jobs(server, "dropped") > SENTENCES / 2)
    async with (
        AsyncLur(server.url) as alur,
        aclosing(alur.stream_translate(slow_text(2), "hy")) as awaited,
    ):
        async for event in awaited:
            if isinstance(event, SegmentEvent):
                break
    until(lambda: jobs(server, "dropped") + jobs(server, "done") >= 2 * SENTENCES)
    assert jobs(server, "dropped") > SENTENCES


def jobs(server: Server, outcome: str) -> float:
    text = server.client.get("/metrics").text
    found = re.findall(rf'^lur_jobs_total{{[^}}]*outcome="{outcome}"}} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def test_a_busy_service_is_asked_again_when_it_says_so(serve: Serve) -> None:
    server = serve(LUR_REQUESTS_PER_MINUTE="60")
    with Lur(server.url, patience_s=0) as hasty, pytest.raises(LurError) as caught:
        [hasty.translate("42", "hy") for _ in range(1000)]
    assert (caught.value.status, caught.value.limit) == (429, 60)
    assert caught.value.retry_after_s == 1
    with Lur(server.url) as lur:
        assert lur.translate("42", "hy").translations[0].text == "42"


def test_a_key_is_sent(serve: Serve, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(line_of("desk", ["use"], "secret-of-the-desk"))
    server = serve(LUR_API_KEYS_FILE=str(keys))
    with Lur(server.url, "secret-of-the-desk") as lur:
        assert lur.translate("42", "hy").translations[0].text == "42"
        with pytest.raises(LurError) as caught:
            lur.load("tiny-en-hy")
        assert caught.value.status == 403
    with Lur(server.url) as stranger, pytest.raises(LurError) as caught:
        next(stranger.stream_translate("42", "hy"))
    assert caught.value.status == 401


# The commands.


def lur(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


@pytest.fixture
def here(tiny_store: object, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command without `--server` works with the same models."""
    monkeypatch.setenv("LUR_CATALOG", str(TINY_CATALOG))
    monkeypatch.setenv("LUR_PROFILE", "bundled")
    monkeypatch.setenv("LUR_MODEL_CACHE", str(tiny_cache))
    monkeypatch.setenv("LUR_OFFLINE", "1")
    monkeypatch.setenv("LUR_THREADS", "1")


def without_times(result: Result) -> object:
    answer = json.loads(result.stdout)
    return {**answer, "timings_ms": sorted(answer["timings_ms"])}


def test_a_command_says_the_same_with_a_server_and_without(
    serve: Serve, here: None, tmp_path: Path
) -> None:
    server = serve()
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE.text)
    for command in (
        ("summarize", str(path), "--to", "hy,ru", "--length", "short", "--max-sentences", "2"),
        ("summarize", str(path), "--bullets", "--json"),
        ("translate", str(path), "--to", "ru,hy", "--quality", "best"),
        ("translate", str(path), "--to", "hy", "--json"),
    ):
        local, remote = lur(*command), lur(*command, "--server", server.url)
        assert remote.exit_code == 0, remote.output
        if "--json" in command:
            assert without_times(remote) == without_times(local)
        else:
            assert (remote.stdout, remote.stderr) == (local.stdout, local.stderr)
    rows = [
        {
            row["name"]: row
            for row in map(json.loads, lur("models", "--json", *where).stdout.split("\n")[:-1])
        }
        for where in ((), ("--server", server.url))
    ]
    assert set(rows[0]) == set(rows[1])
    assert rows[0]["tiny-en-ru"] | {"state": "ready"} == rows[1]["tiny-en-ru"]
    assert rows[0]["opus-mt-en-hy"] == rows[1]["opus-mt-en-hy"]


def test_a_file_may_have_a_name_that_is_no_utf_8(serve: Serve, tmp_path: Path) -> None:
    [said] = sentences(3, 1)
    path, out = tmp_path / os.fsdecode(b"\xe0 1.txt"), tmp_path / "out.txt"
    path.write_text(said.en)
    server = serve()
    result = lur("translate", str(path), "--to", "hy", "--server", server.url, "-o", str(out))
    assert (result.exit_code, out.read_text()) == (0, said.hy), result.output
    with Lur(server.url) as client:
        assert client.translate_document(path, "hy").name == "\ufffd 1.hy.txt"


def test_a_command_finds_server_and_key_in_the_environment(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(line_of("desk", ["use"], "secret-of-the-desk"))
    monkeypatch.setenv("LUR_SERVER", serve(LUR_API_KEYS_FILE=str(keys)).url)
    refused = lur("translate", "-", "--to", "hy", stdin="42")
    assert (refused.exit_code, "key" in refused.stderr) == (1, True)
    monkeypatch.setenv("LUR_KEY", "secret-of-the-desk")
    assert lur("translate", "-", "--to", "hy", stdin="42").stdout == "42\n"


def test_what_a_service_refuses_is_one_line_as_without_it(serve: Serve, here: None) -> None:
    server = serve()
    command = ("translate", "-", "--to", "xx")
    remote = lur(*command, "--server", server.url, stdin="Hello.")
    local = lur(*command, stdin="Hello.")
    assert (remote.exit_code, remote.stderr) == (1, local.stderr)


def test_flags_that_mean_nothing_to_a_server_are_refused() -> None:
    result = lur(
        *("translate", "-", "--to", "hy", "--server", "http://127.0.0.1:9", "--profile", "light"),
        stdin="Hello.",
    )
    assert result.exit_code == 2
    assert "--profile: of no use with --server" in result.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://x:port", "ftp://127.0.0.1"])
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    result = lur("translate", "-", "--to", "hy", "--server", url, stdin="Hello.")
    assert result.exit_code in (1, 2)
    assert url in result.stderr
    assert "Traceback" not in result.output
