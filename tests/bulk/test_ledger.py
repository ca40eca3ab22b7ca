"""The output of a bulk job: whole lines, each item once."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from service.bulk.items import BulkError, Flawed, Item
from service.bulk.ledger import Ledger

ONE, TWO = Item("one", "1", 1), Item("two", "2", 2)


def begun(path: Path) -> None:
    with Ledger(path, {"to": "hy"}) as ledger:
        ledger.write(ONE, {"result": {"summary": "Ա"}})


def test_what_was_done_is_known_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    begun(path)
    with Ledger(path, {"to": "hy"}) as ledger:
        assert ledger.done == {ONE.key}
        ledger.write(TWO, {"error": {"title": "No", "detail": "no"}})
        ledger.write(Flawed("not JSON", 3), {"error": {"title": "No item", "detail": "no"}})
    with Ledger(path, {"to": "hy"}) as ledger:
        assert ledger.done == {ONE.key, TWO.key, Flawed("", 3).key}
        assert ledger.failed == 2
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": "one", "line": 1, "result": {"summary": "Ա"}},
        {"id": "two", "line": 2, "error": {"title": "No", "detail": "no"}},
        {"id": None, "line": 3, "error": {"title": "No item", "detail": "no"}},
    ]


def test_a_torn_line_is_taken_away_wherever_it_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    begun(path)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut])
        with Ledger(path, {"to": "hy"}) as ledger:
            assert ledger.done == {ONE.key}
        assert path.read_bytes() == whole


def test_a_result_of_other_options_is_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    begun(path)
    with pytest.raises(BulkError, match=r'begun with {"to":"hy"}, not with {"to":"ru"}'):
        Ledger(path, {"to": "ru"}).__enter__()
    path.unlink()
    with Ledger(path, {"to": "ru"}) as ledger:
        assert not ledger.done


def test_only_one_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with Ledger(path, {}), pytest.raises(BulkError, match="another process"):
        Ledger(path, {}).__enter__()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_ends_the_job_and_the_item_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(tmp_path / "out.jsonl", {}) as ledger:
        ours = ledger._file
        ledger._file = os.open("/dev/full", os.O_WRONLY)
        with pytest.raises(BulkError, match="No space left"):
            ledger.write(ONE, {"result": {}})
        os.close(ledger._file)
        ledger._file = ours
        assert not ledger.done


@pytest.mark.parametrize(
    "text", ["one precious line", '{"id":"a","text":"an input"}\n', "Dear diary,\n", "{}\n"]
)
def test_a_file_that_is_there_and_no_output_is_left_alone_and_nothing_is_put_beside_it(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(BulkError, match="is no output of a bulk job"):
        Ledger(path, {}).__enter__()
    assert path.read_text() == text
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "one precious line",
        '{"id":"a","line":1,"result":{}}\nand what somebody added',
        '{"id":"a","line":1,"text":"an input"}\n',
        '{"result":{}}\n',
        "[]\n",
        "Dear diary,\n",
    ],
)
def test_what_has_taken_the_place_of_an_output_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "out.jsonl"
    begun(path)
    path.write_text(text)
    with pytest.raises(BulkError, match="is no output of a bulk job"):
        Ledger(path, {"to": "hy"}).__enter__()
    assert path.read_text() == text


def test_a_file_that_is_called_as_the_options_would_be_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "uv.options").write_text("--fast")
    with pytest.raises(BulkError, match=r"uv\.options is not of a bulk job"):
        Ledger(tmp_path / "uv", {}).__enter__()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("uv.options", "--fast")
    ]


def test_zeros_that_a_loss_of_power_left_are_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    begun(path)
    whole = path.read_bytes()
    for torn in (b"\0" * 100, whole[:20] + b"\0" * 100):
        path.write_bytes(whole + torn)
        with Ledger(path, {"to": "hy"}) as ledger:
            assert ledger.done == {ONE.key}
        assert path.read_bytes() == whole


def test_no_folder_is_made_for_an_output(tmp_path: Path) -> None:
    with pytest.raises(BulkError, match="there is no such folder"):
        Ledger(tmp_path / "no" / "such" / "out.jsonl", {}).__enter__()
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_a_regular_file_is_an_output(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "out"
    make(path)
    with pytest.raises(BulkError, match="is no regular file"):
        Ledger(path, {}).__enter__()
    assert os.listdir(tmp_path) == ["out"]
