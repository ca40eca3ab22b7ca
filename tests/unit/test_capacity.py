"""What so much text a day takes follows from the measured figures as the document says."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks import capacity
from benchmarks.capacity import Given, need
from benchmarks.cluster import report

GIVEN = Given(
    cpu_s=2.0,
    characters=4.0,
    peak=3.0,
    utilisation=0.5,
    cores=4,
    memory_bytes=1e9,
    request_characters=100.0,
    request_s=0.5,
    proxy_ms=0.25,
)


def test_the_need_is_that_of_the_formula() -> None:
    found = need(86_400 * 40_000, GIVEN)  # 40 000 characters a second, 120 000 at the peak
    assert found.tokens_per_s == pytest.approx(30_000)
    assert found.cores == pytest.approx(30 * 2 / 0.5)
    assert found.replicas == 30
    assert found.memory_bytes == pytest.approx(30e9)
    assert found.requests_per_s == pytest.approx(1200)
    assert found.under_way == pytest.approx(600)
    assert found.proxy_cores == pytest.approx(0.3)


def test_a_part_of_a_replica_is_one_and_there_are_two_at_least() -> None:
    assert need(86_400 * 40_000 + 1e6, GIVEN).replicas == 31
    assert need(1.0, GIVEN).replicas == 2


def test_twice_the_cost_takes_twice_the_cores() -> None:
    assert need(1e9, replace(GIVEN, cpu_s=4.0)).cores == pytest.approx(2 * need(1e9, GIVEN).cores)


def test_the_table_is_of_the_committed_runs() -> None:
    lur = json.loads(capacity.LATEST.read_text(encoding="utf-8"))["contenders"]["lur"]
    translating, summarizing = capacity.measured()
    assert translating.cpu_s == lur["cells"]["single@32"]["cpu_s_per_1000_tokens"]["median"]
    assert 3 < translating.characters < 6
    assert summarizing.cpu_s > translating.cpu_s
    rows = [line for line in capacity.latest_table().splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 2 * len(capacity.VOLUMES)
    assert {row.count("|") for row in rows} == {10}


def test_own_figures_take_the_place_of_the_measured_ones() -> None:
    command = [sys.executable, "-m", "benchmarks.capacity", "--cpu-seconds-per-1000-tokens", "2"]
    command += ["--characters-per-day", "3456e6", "--characters-per-token", "4", "--peak", "3"]
    command += ["--utilisation", "0.5", "--cores", "4", "--memory-gb", "1"]
    printed = subprocess.check_output(command, text=True)
    [row] = re.findall(r"^\| translate .*", printed, re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:6] == ["3 500 000 000", "30 000", "120", "30", "30 GB"]


def test_the_committed_run_of_the_cluster_lost_nothing_and_left_the_machine_room() -> None:
    result = json.loads(report.RESULTS.read_text(encoding="utf-8"))
    for one in result["events"]:
        assert (one["wrong"], one["lost"]) == (0, 0), one["event"]
    assert max(size["cpu_share"] for size in result["sizes"].values()) < 0.5
    rows = [line for line in report.latest_table().splitlines() if line.startswith("|")]
    assert len(rows) == 4 + len(result["sizes"]) + len(result["events"])
