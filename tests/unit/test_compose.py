"""compose.yaml and what it mounts speak of settings, paths and ports that exist, and agree."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.api.security import RULES
from service.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
HAPROXY = (FOLDER / "haproxy.cfg").read_text()
CAPACITY = (DEPLOY.parent / "docs" / "capacity.md").read_text(encoding="utf-8")


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_every_setting_is_one_and_is_valid() -> None:
    given = SERVICES["lur"]["environment"]
    assert set(given) <= {setting.variable for setting in Settings.explained()}
    Settings.read(given)


def test_a_replica_has_the_time_that_its_end_takes() -> None:
    grace = float(SERVICES["lur"]["environment"]["LUR_GRACE_S"])
    assert seconds(SERVICES["lur"]["stop_grace_period"]) >= grace + 15


def test_every_mounted_file_exists() -> None:
    mounts = [v for service in SERVICES.values() for v in service.get("volumes", ())]
    assert len(mounts) >= 5
    for mount in mounts:
        assert (FOLDER / mount.split(":")[0]).exists(), mount


def test_haproxy_and_prometheus_ask_where_the_service_listens() -> None:
    port = Settings().port
    assert re.search(rf"server-template \S+ \d+ lur:{port} ", HAPROXY)
    [path] = re.findall(r"option httpchk GET (\S+)", HAPROXY)
    assert path in RULES
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    [scraped] = config["scrape_configs"]
    assert scraped["dns_sd_configs"] == [{"names": ["lur"], "type": "A", "port": port}]
    assert any("alerts.yml" in mount for mount in SERVICES["prometheus"]["volumes"])
    assert config["rule_files"] == ["alerts.yml"]


def test_haproxy_waits_longer_for_an_answer_than_a_request_may_take() -> None:
    [timeout] = re.findall(r"timeout server (\d+s)", HAPROXY)
    assert seconds(timeout) > Settings().deadline_s


def test_haproxy_asks_twice_for_nothing_that_changes_something() -> None:
    [ends] = re.findall(r"acl admin path_end (.*)", HAPROXY)
    changing = [route for route, rule in RULES.items() if rule.scope == "admin"]
    assert changing
    for route in changing:
        assert any(route.endswith(end) for end in ends.split()), route
    assert "http-request disable-l7-retry if admin" in HAPROXY


def test_the_shared_store_can_be_reached_by_the_replicas_alone() -> None:
    url = SERVICES["lur"]["environment"]["LUR_SHARED_URL"]
    assert url.split("//")[1].split(":")[0] in SERVICES
    [network] = SERVICES["valkey"]["networks"]
    assert COMPOSE["networks"][network] == {"internal": True}
    on_it = {n for n, service in SERVICES.items() if network in service.get("networks", ())}
    assert on_it == {"lur", "valkey"}
    assert "ports" not in SERVICES["valkey"]


@pytest.mark.parametrize(
    ("said", "pattern"),
    [
        ("server-template lur {}`", r"server-template lur (\d+)"),
        ("maxconn {}` there", r"^ {4}maxconn (\d+)"),
    ],
)
def test_the_bounds_that_the_document_names_are_those_of_the_files(said: str, pattern: str) -> None:
    [bound] = re.findall(pattern, HAPROXY, re.MULTILINE)
    assert said.format(bound) in CAPACITY


def test_the_bounds_of_kubernetes_and_of_the_service_are_those_of_the_document() -> None:
    scaling = yaml.safe_load((DEPLOY / "kubernetes" / "base" / "scaling.yaml").read_text())
    assert f"`maxReplicas: {scaling['spec']['maxReplicas']}`" in CAPACITY
    assert f"| {Settings().queue_jobs} sentences" in CAPACITY
    assert f"two buffers of {bufsize() // 1024} KiB" in CAPACITY
    assert f"more than {bufsize() // 1024} KiB" in CAPACITY


def bufsize() -> int:
    [found] = re.findall(r"tune.bufsize (\d+)", HAPROXY)
    return int(found)
