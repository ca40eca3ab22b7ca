"""The demonstration: a service with the bundled models, one article posted to it."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["SAMPLE", "run"]

START_LIMIT_S = 60.0
END_LIMIT_S = 35.0
"""The grace time of the service, and a little."""

HOST = "127.0.0.1"

SAMPLE = Path(__file__).parent / "sample_article.txt"


def run(text: str, port: int) -> int:
    """Starts the service, posts the article, prints the answer, and serves until Ctrl-C.

    Returns:
        The exit code: that of the service, or 1 if it never answered.
    """
    base = f"http://{HOST}:{port}"
    if not _is_free(port):
        return _failed(base)
    command = [sys.executable, "-m", "service.cli", "serve", "--profile", "bundled"]
    command += ["--host", HOST, "--port", str(port), "--log-level", "warning"]
    command += ["--offline", "true"]
    server = subprocess.Popen(command)  # noqa: S603 - our own module, our own arguments
    try:
        if not _lives(server, base):
            return _failed(base)
        print(f"POST {base}/v1/summarize  ({len(text)} characters)\n")
        _show(_post(base, {"text": text, "translate_to": ["hy", "ru"]}))
        print(
            f"\nThe service goes on at {base} (its API: {base}/docs). Ctrl-C ends it.", flush=True
        )
        return server.wait()
    except KeyboardInterrupt:  # the service, in the same terminal, has got it too
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            server.wait(END_LIMIT_S)
        return 0
    finally:
        server.terminate()
        server.wait()


def _is_free(port: int) -> bool:
    """Tells whether somebody can listen there; who does already would answer in our place."""
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind((HOST, port))
        except OSError:
            return False
    return True


def _failed(base: str) -> int:
    print(f"the service did not start on {base}; is the port taken?", file=sys.stderr)
    return 1


def _lives(server: "subprocess.Popen[bytes]", base: str) -> bool:
    until = time.monotonic() + START_LIMIT_S
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{base}/health/live", timeout=1):  # noqa: S310
                return server.poll() is None
        except OSError:
            time.sleep(0.1)
    return False


def _post(base: str, body: dict[str, object]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{base}/v1/summarize",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        answer = {"problem": json.load(error)}
    return answer


def _show(answer: dict[str, Any]) -> None:
    if "problem" in answer:
        print(json.dumps(answer["problem"], ensure_ascii=False, indent=2))
        return
    print(f"Summary\n{answer['summary']}")
    for language, text in answer["translations"].items():
        print(f"\nTranslation, {language}\n{text}")
    print("\nWarnings")
    for warning in answer["warnings"]:
        print(f"- {warning['code']}: {warning['message']}")
    print(f"\nMilliseconds: {answer['timings_ms']}")
