"""The service keeps to its own OpenAPI document, whatever it is sent.

Schemathesis reads the document of a running service, makes requests that keep to it and requests
that do not, and applies all its checks to the answers. The cases are always the same ones, unless
`SCHEMA_EXAMPLES=20000 python -m pytest tests/api/test_schema.py` asks for so many others of each
operation.
"""

import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import TINY_CATALOG
from tests.server.conftest import Server

ROOT = Path(__file__).parents[2]
EXAMPLES = os.environ.get("SCHEMA_EXAMPLES")

CONFIG = """
hooks = "tests.api.schema_rules"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "422", "503"]
[checks.negative_data_rejection]
expected-statuses = ["400", "404", "413", "415", "422"]
"""
"""What a 422 and a 503 may be for is in `schema_rules`."""


@pytest.fixture
def start(tiny_cache: Path, tiny_store: object) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def server(**more: str) -> Server:
        environment = {
            "LUR_CATALOG": str(TINY_CATALOG),
            "LUR_PROFILE": "bundled",
            "LUR_MODEL_CACHE": str(tiny_cache),
            "LUR_THREADS": "1",
            "LUR_OFFLINE": "1",
            "LUR_PRELOAD": "all",
        }
        started.append(Server([], environment | more))
        return started[-1]

    yield server
    for one in started:
        code = one.stop()
        one.kill()
        assert code == 0


def cases(directory: Path, url: str, examples: int, *arguments: str) -> int:
    """Runs Schemathesis and returns how many requests it made; they have all been answered well."""
    config, report = directory / "schemathesis.toml", directory / "report.json"
    config.write_text(CONFIG)
    kind = ("--generation-database", "none") if EXAMPLES else ("--generation-deterministic",)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run"),
            *(f"{url}/openapi.json", "--no-color", "--checks", "all", "--continue-on-failure"),
            *("--max-examples", str(EXAMPLES or examples), *kind),
            *("--report", "json", "--report-json-path", report, "--suppress-health-check", "all"),
            *arguments,
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(report.read_text())
    assert result["operations"]["tested"] == result["operations"]["selected"] > 0
    made: int = result["test_cases"]["generated"]
    return made


@pytest.mark.timeout(0 if EXAMPLES else 300)
@pytest.mark.parametrize(("operation", "examples"), [("summarize", 2500), ("translate", 1700)])
def test_every_answer_about_texts_keeps_to_the_document(
    start: Callable[..., Server], tmp_path: Path, operation: str, examples: int
) -> None:
    made = cases(tmp_path, start().url, examples, "--include-operation-id", operation)
    assert made >= examples


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_every_other_answer_keeps_to_the_document(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    texts = ("--exclude-operation-id", "summarize", "--exclude-operation-id", "translate")
    assert cases(tmp_path, start().url, 100, *texts) >= 800


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_the_document_is_kept_to_with_keys_as_well(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    key = secrets.token_urlsafe()
    file = tmp_path / "keys"
    file.write_text(f"tester:admin:{hashlib.sha256(key.encode()).hexdigest()}\n")
    server = start(LUR_API_KEYS_FILE=str(file))
    assert cases(tmp_path, server.url, 20, "--header", f"Authorization: Bearer {key}") >= 200
