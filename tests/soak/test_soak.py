"""The soak in its short form; `SOAK_SECONDS` and `SOAK_SEED` make it longer or another."""

import os
from pathlib import Path

import pytest

from tests.server.conftest import FAULTS
from tests.soak.run import soak


@pytest.mark.timeout(900)
def test_under_twice_its_capacity_with_faults_nothing_is_wrong_and_nothing_grows(
    tiny_cache: Path, tiny_store: object
) -> None:
    seconds = float(os.environ.get("SOAK_SECONDS", "45"))
    report = soak(seconds, int(os.environ.get("SOAK_SEED", "1")), tiny_cache)
    print(report)
    assert report.faults == []
    asked = {kind for kind, _ in report.outcomes}
    assert {f"fault {fault[6:].lower()}" for fault in FAULTS} <= asked
    assert {"stream", "stream summary"} <= asked
    assert {"single", "summary", "both", "leaves", "half", "dawdles", "unload"} <= asked
