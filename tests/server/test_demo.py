"""What a newcomer sees first."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def demo(*arguments: str) -> "subprocess.Popen[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LUR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "demo", "--port", str(free_port()), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean,
        start_new_session=True,
    )


def read_until(process: "subprocess.Popen[str]", mark: str) -> str:
    assert process.stdout is not None
    text = ""
    until = time.monotonic() + 60
    while mark not in text:
        line = process.stdout.readline()
        assert line, text
        assert time.monotonic() < until, text
        text += line
    return text


def test_the_demo_prints_summary_translations_and_warnings_and_ends_with_ctrl_c(
    tmp_path: Path,
) -> None:
    article = tmp_path / "article.txt"
    article.write_text("The mayor opened a bridge on Monday. It cost 3 million euros. " * 6)
    process = demo(str(article))
    text = read_until(process, "Ctrl-C ends it.")
    for part in ("Summary\n", "Translation, hy\n", "Translation, ru\n", "- bundled_model: "):
        assert part in text
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert "Traceback" not in rest
    assert process.returncode == 0


def test_a_taken_port_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = demo("--port", str(taken.getsockname()[1]))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is the port taken?" in output
