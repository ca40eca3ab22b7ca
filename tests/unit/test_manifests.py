"""The manifests speak of settings, ports and metrics that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from service.telemetry import metrics

DEPLOY = Path(__file__).parents[2] / "deploy" / "kubernetes"
DOCUMENTS = [
    (path.relative_to(DEPLOY).as_posix(), document)
    for path in sorted(DEPLOY.rglob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
LITERALS = {
    f"{name}: {literal}": literal
    for name, document in DOCUMENTS
    for generator in document.get("configMapGenerator", ())
    for literal in generator["literals"]
}


def document(name: str) -> Any:
    return dict(DOCUMENTS)[name]


@pytest.mark.parametrize("literal", LITERALS.values(), ids=LITERALS.keys())
def test_every_setting_of_a_config_map_is_one_and_is_valid(literal: str) -> None:
    variable, _, value = literal.partition("=")
    assert variable in {setting.variable for setting in Settings.explained()}
    Settings.read({variable: value})


def test_a_pod_has_the_time_that_its_end_takes() -> None:
    pod = document("base/deployment.yaml")["spec"]["template"]["spec"]
    pre_stop_s = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    [grace] = [x for x in LITERALS.values() if x.startswith("LUR_GRACE_S=")]
    assert pod["terminationGracePeriodSeconds"] >= pre_stop_s + float(grace.split("=")[1]) + 15


def test_probes_and_service_ask_where_the_service_listens() -> None:
    container = document("base/deployment.yaml")["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"name": "http", "containerPort": Settings().port}]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness")}
    assert paths == {"startup": "/health/live", "liveness": "/health/live"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_scaling_reads_a_metric_that_exists() -> None:
    [rule] = document("components/queue-scaling/rules.yaml")["rules"]["custom"]
    found = set(re.findall(r"lur_\w+?(?=_sum|_count)", rule["metricsQuery"]))
    assert found == {metrics.QUEUE_SECONDS._name}
    assert (
        rule["name"]["as"] in (DEPLOY / "components/queue-scaling/kustomization.yaml").read_text()
    )


def test_each_part_of_an_archive_has_a_pod() -> None:
    job = document("batch/job.yaml")["spec"]
    [shard] = [
        argument
        for argument in job["template"]["spec"]["containers"][0]["args"]
        if argument.startswith("--shard")
    ]
    assert shard == f"--shard=$(JOB_COMPLETION_INDEX)/{job['completions']}"
