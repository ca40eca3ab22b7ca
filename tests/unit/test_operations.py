"""What operators are told is what there is: metrics, alerts, settings and tests by their names."""

import json
import re
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

import service.telemetry.metrics  # noqa: F401 - registers what is looked up
from service.settings import Settings

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
METRIC = re.compile(r"\b(?:lur|process)_[a-z_]+\b")
SUFFIXES = re.compile("_(total|bucket|count|sum|created)$")


def known() -> set[str]:
    """The names of metrics without what the exposition adds to them."""
    return {family.name for family in REGISTRY.collect()}


def metrics(text: str) -> set[str]:
    return {SUFFIXES.sub("", name) for name in METRIC.findall(text)}


def test_every_metric_of_an_alert_exists() -> None:
    assert len(RULES) > 10
    for rule in RULES:
        used = metrics(rule["expr"])
        assert used <= known(), rule["alert"]
        assert used or rule["expr"].startswith("up{"), rule["alert"]


def test_every_alert_has_a_row_that_says_what_to_do_and_no_row_another_one() -> None:
    assert {rule["alert"] for rule in RULES} == set(re.findall(r"`(Lur[A-Z]\w+)`", TABLE))


def test_every_alert_has_a_history_that_raises_it() -> None:
    histories = yaml.safe_load((ROOT / "deploy" / "alerts_test.yml").read_text())["tests"]
    names = {test["name"] for test in histories} - {"a calm hour raises none"}
    assert {rule["alert"] for rule in RULES} == names


def test_every_row_has_all_its_columns() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert {line.count("|") for line in rows} == {7}


def test_the_metrics_settings_and_tests_that_the_table_names_exist() -> None:
    assert metrics(TABLE) <= known()
    settings = {setting.variable for setting in Settings.explained()}
    assert set(re.findall(r"LUR_[A-Z_]+", TABLE)) <= settings
    for name in re.findall(r"`((?:unit|api|server|soak)/[\w/.]*)`", TABLE):
        assert (ROOT / "tests" / name).exists(), name


def test_log_events_that_the_table_names_are_written_somewhere() -> None:
    code = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    columns = (row.split("|")[2] for row in TABLE.splitlines() if row.startswith("| "))
    events = {name for column in columns for name in re.findall(r"`([a-z_]+)`", column)}
    events -= {name for name in events if metrics(name)} | {"key", "up"}
    assert events
    assert {event for event in events if f'"{event}"' not in code} == set()


def test_every_metric_of_the_dashboard_exists() -> None:
    path = ROOT / "deploy" / "compose" / "grafana" / "dashboards" / "lur.json"
    used = [
        metrics(target["expr"])
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert len(used) > 10
    assert set.union(*used) <= known()
