"""`lur batch` as its users run it: processes that are killed and started again."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.conftest import TINY_CATALOG
from tests.tinylang.grammar import articles, sentences

ITEMS = 120


@pytest.fixture
def environment(tiny_cache: Path, tiny_store: object) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
    return clean | {
        "LUR_PROFILE": "bundled",
        "LUR_CATALOG": str(TINY_CATALOG),
        "LUR_MODEL_CACHE": str(tiny_cache),
        "LUR_OFFLINE": "1",
        "LUR_THREADS": "1",
    }


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "service.cli", "batch", *map(str, arguments)]


def lur(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment, capture_output=True, text=True, timeout=100
    )


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_item_is_in_the_output_once_however_often_the_process_was_killed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    said = sentences(3, ITEMS)
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        "".join(json.dumps({"id": n, "text": s.en}) + "\n" for n, s in enumerate(said))
    )
    arguments = ("translate", source, "--out", out, "--to", "hy", "--at-once", 2)
    rng, kills = random.Random(5), 0
    while kills < 3:
        process = subprocess.Popen(command(*arguments), env=environment, stderr=subprocess.PIPE)
        size, more = out.stat().st_size if out.exists() else 0, rng.randrange(1, 4000)
        while process.poll() is None and (not out.exists() or out.stat().st_size < size + more):
            time.sleep(0.002)
        process.kill()
        assert process.stderr is not None
        process.stderr.close()
        if process.wait() == 0:
            break
        kills += 1
    done = lur(environment, *arguments)
    assert done.returncode == 0, done.stderr
    assert kills, "it was never killed while it worked"
    found = {row["id"]: row for row in rows(out)}
    assert len(rows(out)) == len(found) == ITEMS
    for number, sentence in enumerate(said):
        result = found[str(number)]["result"]
        assert isinstance(result, dict)
        assert result["translations"][0]["segments"][0]["source"]["end"] == len(sentence.en)
    right = sum(
        found[str(n)]["result"]["translations"][0]["text"] == s.hy for n, s in enumerate(said)
    )
    assert right > 0.75 * ITEMS  # the tiny models are no better; what matters is whose text it is
    again = lur(environment, *arguments)
    assert again.stderr == f"{out}: 0 done, {ITEMS} were there\n"


def test_shards_do_all_of_it_between_them(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, article in enumerate(articles(3, 6)):
        (tmp_path / "in" / f"{number}.txt").write_text(article.text)
    (tmp_path / "in" / "empty.txt").write_text("")
    outs = [tmp_path / f"{index}.jsonl" for index in range(2)]
    for index, out in enumerate(outs):
        shard = ("--shard", f"{index}/2")
        done = lur(environment, "summarize", tmp_path / "in", "--out", out, "--to", "ru", *shard)
        assert done.returncode == 0, done.stderr
    found = [row for out in outs for row in rows(out)]
    assert sorted(str(row["id"]) for row in found) == [f"{n}.txt" for n in range(6)] + ["empty.txt"]
    failed = [row for row in found if "error" in row]
    assert [(row["id"], row["error"]["title"]) for row in failed] == [
        ("empty.txt", "Nothing to summarize")
    ]
    assert all("ru" in row["result"]["translations"] for row in found if "result" in row)


def test_a_model_that_cannot_be_had_ends_the_job_and_nothing_is_written_for_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    out = tmp_path / "out.jsonl"
    done = lur(
        environment, "translate", tmp_path, "--out", out, "--to", "hy", "--model", "opus-mt-en-hy"
    )
    assert done.returncode == 1
    assert "opus-mt-en-hy is unavailable" in done.stderr
    assert out.read_text() == ""


def test_an_output_that_is_the_input_is_refused_and_nothing_is_lost(
    environment: dict[str, str], tmp_path: Path
) -> None:
    row = '{"id": "a", "text": "One."}'
    (tmp_path / "in.jsonl").write_text(row)
    (tmp_path / "in").mkdir()
    for source, out in (("in.jsonl", "in.jsonl"), ("in", "in/out.txt")):
        done = lur(
            environment, "translate", tmp_path / source, "--out", tmp_path / out, "--to", "hy"
        )
        assert (done.returncode, "is what is read" in done.stderr) == (2, True)
    assert (tmp_path / "in.jsonl").read_text() == row
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "in.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("translate", "--to", "fr"), 1, "no model translates en→fr"),
        (("translate", "--to", "ru,hy", "--from", "de"), 1, "no model translates de→ru"),
        (("translate", "--to", "ru", "--model", "tiny-en-hy"), 1, "model tiny-en-hy does en→hy"),
        (("translate", "--to", "ru", "--model", "none"), 1, "no model is named 'none'"),
        (("translate", "--to", ","), 2, "--to names no language"),
        (("summarize", "--to", "xx"), 1, "no model translates en→xx"),
        (("summarize", "--model", "tiny-en-hy"), 1, "model tiny-en-hy does en→hy"),
    ],
)
def test_what_no_item_could_be_done_with_is_said_before_anything_is_written(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a.txt").write_text("The budget of France fell by 45 percent.")
    task, *options = arguments
    given = ("batch", task, str(tmp_path), "--out", str(tmp_path / "out.jsonl"), *options)
    result = CliRunner().invoke(main, given)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert os.listdir(tmp_path) == ["a.txt"]
