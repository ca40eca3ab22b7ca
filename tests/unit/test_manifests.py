"""The manifests speak of settings, ports and metrics that exist."""

import copy
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

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
    return next(found for path, found in DOCUMENTS if path == name)


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


def test_the_shared_store_is_asked_where_it_listens_and_with_its_password() -> None:
    url, file = (
        next(value for value in LITERALS.values() if value.startswith(f"{variable}=")).split("=")[1]
        for variable in ("LUR_SHARED_URL", "LUR_SHARED_PASSWORD_FILE")
    )
    parts = urlsplit(url)
    service, deployment = (
        found
        for name, found in DOCUMENTS
        if name == "components/valkey/valkey.yaml" and found["kind"] in {"Service", "Deployment"}
    )
    assert parts.hostname == service["metadata"]["name"]
    assert parts.port == service["spec"]["ports"][0]["port"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert f"user {parts.username} on >$(cat /etc/valkey/password)" in container["command"][2]
    patch = component("valkey")["patches"][0]["patch"]
    assert f"mountPath: {Path(file).parent}," in patch


def test_both_ways_to_the_shared_store_are_open_and_no_other() -> None:
    to_it, from_replicas = (
        found for name, found in DOCUMENTS if name == "components/valkey/network.yaml"
    )
    [way_in] = to_it["spec"]["ingress"]
    assert way_in["ports"] == [{"port": 6379}]
    assert way_in["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "lur"}}}]
    assert {"port": 6379} in from_replicas["spec"]["egress"][0]["ports"]
    assert from_replicas["spec"]["egress"][0]["to"] == [
        {"podSelector": to_it["spec"]["podSelector"]}
    ]


@pytest.mark.parametrize("name", ["models-image", "node-models", "shared-models"])
def test_models_are_mounted_where_the_image_looks_for_them_and_read_only(name: str) -> None:
    [patch] = component(name)["patches"]
    mounts = [
        operation["value"]
        for operation in yaml.safe_load(patch["patch"])
        if operation["path"].endswith("/containers/0/volumeMounts/-")
    ]
    assert mounts == [{"name": "models", "mountPath": "/var/lib/lur", "readOnly": True}]
    image = (DEPLOY.parents[1] / "Dockerfile").read_text()
    assert "LUR_MODEL_CACHE=/var/lib/lur" in image


def test_a_node_keeps_its_models_where_the_pods_look_for_them() -> None:
    filled = next(
        found
        for name, found in DOCUMENTS
        if name == "components/node-models/models.yaml" and found["kind"] == "DaemonSet"
    )["spec"]["template"]["spec"]["volumes"][0]["hostPath"]["path"]
    [read] = [
        found["spec"]["hostPath"]["path"]
        for name, found in DOCUMENTS
        if found.get("kind") == "PersistentVolume"
    ]
    assert filled == read


def test_the_image_for_a_gpu_is_the_one_that_its_overlay_takes() -> None:
    overlay = document("overlays/gpu/kustomization.yaml")
    [image] = overlay["images"]
    dockerfile = (DEPLOY / "overlays/gpu/Dockerfile").read_text()
    assert f"docker build -t {image['newName'].split('/')[1]} deploy/" in dockerfile
    [device] = overlay["configMapGenerator"][0]["literals"]
    assert f"{device} " in dockerfile or f"{device}\n" in dockerfile


# What `play.sh` plays.


def test_what_podman_plays_differs_only_in_what_it_cannot_do() -> None:
    deployment = document("base/deployment.yaml")
    given = [copy.deepcopy(deployment), {"kind": "Service"}, {"kind": "ConfigMap"}]
    played, settings = playable().pods(given, keys="/keys", port=9)
    assert settings == {"kind": "ConfigMap"}
    [container] = played["spec"]["template"]["spec"]["containers"]
    [before] = deployment["spec"]["template"]["spec"]["containers"]
    changed = {key for key in before if container.get(key) != before[key]}
    assert changed == {"ports", "startupProbe", "readinessProbe", "livenessProbe"}
    assert container["ports"] == [before["ports"][0] | {"hostIP": "127.0.0.1", "hostPort": 9}]
    keys, tmp = played["spec"]["template"]["spec"]["volumes"]
    assert keys == {"name": "keys", "hostPath": {"path": "/keys", "type": "Directory"}}
    assert tmp == deployment["spec"]["template"]["spec"]["volumes"][1]


def test_each_pod_of_a_job_gets_its_index() -> None:
    job = document("batch/job.yaml")
    pods = playable().shards([job])
    assert len(pods) == job["spec"]["completions"]
    for index, pod in enumerate(pods):
        arguments = pod["spec"]["containers"][0]["args"]
        assert f"--shard={index}/16" in arguments
        assert f"--out=/archive/out-{index}.jsonl" in arguments


def test_a_probe_is_asked_as_the_manifest_says() -> None:
    assert playable().probe([document("base/deployment.yaml")], "startup") == "/health/live 1 1 60"
    assert playable().probe([document("base/deployment.yaml")], "liveness") == "/health/live 10 5 6"


def playable() -> ModuleType:
    """`playable.py`, which is in no package."""
    spec = importlib.util.spec_from_file_location("playable", DEPLOY / "playable.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def component(name: str) -> Any:
    return document(f"components/{name}/kustomization.yaml")
