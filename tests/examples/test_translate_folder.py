import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.conftest import Example
from tests.server.conftest import Server, until
from tests.tinylang.grammar import sentences

Serve = Callable[..., Server]
Keep = Callable[[subprocess.Popen[str]], subprocess.Popen[str]]

FILES = 16


class SlowServer(Server):
    """Takes a while for a batch in which something is done slowly."""

    module = "tests.faulty"


def rows(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def made(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.hy.*") if not p.name.startswith("."))


def test_a_folder_is_translated_and_only_what_changed_is_done_again(
    serve: Serve, tmp_path: Path
) -> None:
    a, b, c, d = [said for said in sentences(4, 9) if '"' not in said.en][:4]
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "deep").mkdir(parents=True)
    (source / "a.txt").write_text(a.en)
    (source / "deep" / "b.html").write_text(f"<p id=x>{b.en}</p>")
    (source / "deep" / "c.md").write_text(f"# 42\n\n- {c.en}\n")
    (source / "image.png").write_bytes(b"\x89PNG")
    (source / "broken.docx").write_bytes(b"this is no Word file")
    example = Example("translate_folder.py", serve().url)
    done = example.run(source, out, "--to", "hy")
    assert done.returncode == 1
    assert done.stderr.startswith("broken.docx: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "3 done, 0 were there, 1 failed"
    assert (out / "a.hy.txt").read_text() == a.hy
    assert (out / "deep" / "b.hy.html").read_text() == f"<p id=x>{b.hy}</p>"
    assert (out / "deep" / "c.hy.md").read_text() == f"# 42\n\n- {c.hy}\n"
    (source / "broken.docx").unlink()
    (source / "a.txt").write_text(d.en)
    (out / "deep" / "b.hy.html").unlink()
    again = example.run(source, out, "--to", "hy")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.splitlines()[-1] == "2 done, 1 were there, 0 failed"
    assert (out / "a.hy.txt").read_text() == d.hy


def test_a_job_that_was_killed_does_only_the_rest(
    serve: Serve, running: Keep, tmp_path: Path
) -> None:
    server = serve(kind=SlowServer, FAULT_SLOW="slowly", FAULT_SLOW_S="0.3", LUR_REPAIR_TRIES="0")
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:02}.txt").write_text(f"Slowly number {number} arrived.")
    example = Example("translate_folder.py", server.url)
    job = running(example.start(source, out, "--to", "hy", "--at-once", "2"))
    until(lambda: out.exists() and len(made(out)) >= 4)
    job.kill()
    job.wait()
    before = {path: path.stat().st_mtime_ns for path in made(out)}
    assert 4 <= len(before) < FILES
    listed = len(rows(out))
    with (out / "manifest.jsonl").open("a") as manifest:
        manifest.write('{"source": "15.txt", "dig')  # a line that was being written
    done = example.run(source, out, "--to", "hy")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"{FILES - listed} done, {listed} were there, 0 failed"
    assert len(made(out)) == len(rows(out)) == FILES
    assert all((out / row["file"]).exists() for row in rows(out))
    kept = [path for path, time in before.items() if path.stat().st_mtime_ns == time]
    assert len(kept) == listed


def test_ctrl_c_ends_a_job_in_words(serve: Serve, running: Keep, tmp_path: Path) -> None:
    server = serve(kind=SlowServer, FAULT_SLOW="slowly", FAULT_SLOW_S="60")
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.txt").write_text("42")
    (source / "b.txt").write_text("Slowly somebody arrived.")
    job = running(
        Example("translate_folder.py", server.url).start(source, out, "--to", "hy", "--at-once", 1)
    )
    until(lambda: made(out))
    job.send_signal(signal.SIGINT)
    output, _ = job.communicate(timeout=60)
    assert output.splitlines() == [
        "a.txt -> a.hy.txt",
        "stopped; started again, it goes on from here",
    ]
    assert job.returncode == 1


def test_a_service_that_says_later_is_asked_later(serve: Serve, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(63):
        (source / f"{number}.txt").write_text(str(number))
    server = serve(LUR_REQUESTS_PER_MINUTE="60")
    done = Example("translate_folder.py", server.url).run(source, out, "--to", "hy")
    assert done.stdout.splitlines()[-1] == "63 done, 0 were there, 0 failed"
    assert any(event["status"] == 429 for event in server.events("request"))


def test_a_service_that_is_not_there_ends_a_job(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.txt").write_text("42")
    example = Example("translate_folder.py", "nonsense://127.0.0.1")  # not tried again
    done = example.run(source, tmp_path / "out", "--to", "hy")
    assert done.returncode == 1
    assert done.stderr.startswith("No answer: ")


@pytest.mark.parametrize("out", [".", "in/out"])
def test_translations_are_not_put_among_the_originals(out: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = tmp_path if out == "." else tmp_path / "in"
    done = Example("translate_folder.py", "http://x").run(source, tmp_path / out, "--to", "hy")
    assert done.returncode == 2
    assert "take another folder" in done.stderr
