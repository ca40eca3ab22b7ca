"""Makes of an overlay what `podman kube play` of Debian 12 (4.3) can run: for `play.sh`.

    kubectl kustomize OVERLAY | python playable.py pods --keys DIR --port 18090
    kubectl kustomize batch | python playable.py shards
    kubectl kustomize OVERLAY | python playable.py probe startup

What it changes is what that podman cannot do, and nothing else of a pod: objects of other kinds are
left out; probes are too, since their ports have names and the image has no curl (play.sh asks as a
kubelet would); a Secret's data would not be decoded, so the keys are a directory of the host; the
pods of a Job are made Pods, each with the index that the Job would give it, also in its arguments.
"""

import argparse
import sys
from copy import deepcopy
from typing import Any

import yaml

PLAYED = ("ConfigMap", "Deployment")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def pods(documents: list[Any], keys: str, port: int) -> list[Any]:
    """The Deployments, and the ConfigMaps that they name; the service on a port of loopback."""
    played = [document for document in documents if document["kind"] in PLAYED]
    for document in played:
        if document["kind"] != "Deployment":
            continue
        pod = document["spec"]["template"]["spec"]
        for container in pod["containers"]:
            for probe in PROBES:
                container.pop(probe)
            [listening] = container["ports"]
            listening |= {"hostIP": "127.0.0.1", "hostPort": port}
        for volume in pod["volumes"]:
            if volume.pop("secret", None):
                volume["hostPath"] = {"path": keys, "type": "Directory"}
    return played


def shards(documents: list[Any]) -> list[Any]:
    """The pods of the one Job."""
    [job] = [document for document in documents if document["kind"] == "Job"]
    played = []
    for index in range(job["spec"]["completions"]):
        pod = deepcopy(job["spec"]["template"]["spec"])
        for container in pod["containers"]:
            container["args"] = [
                argument.replace("$(JOB_COMPLETION_INDEX)", str(index))
                for argument in container["args"]
            ]
        name = f"{job['metadata']['name']}-{index}"
        metadata = {"name": name, "labels": {"job": job["metadata"]["name"]}}
        played.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod})
    return played


def probe(documents: list[Any], name: str) -> str:
    """Path, period, timeout and how many failures are the end, as the one Deployment has them."""
    [deployment] = [document for document in documents if document["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    found = container[f"{name}Probe"]
    return (
        f"{found['httpGet']['path']} {found['periodSeconds']} {found.get('timeoutSeconds', 1)} "
        f"{found['failureThreshold']}"
    )


def main() -> None:
    """Reads the documents of an overlay and writes what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked = parser.add_subparsers(dest="asked", required=True)
    of_pods = asked.add_parser("pods")
    of_pods.add_argument("--keys", required=True)
    of_pods.add_argument("--port", type=int, required=True)
    asked.add_parser("shards")
    asked.add_parser("probe").add_argument("name", choices=("startup", "readiness", "liveness"))
    given = parser.parse_args()
    documents = list(yaml.safe_load_all(sys.stdin))
    if given.asked == "probe":
        sys.stdout.write(f"{probe(documents, given.name)}\n")
    elif given.asked == "pods":
        yaml.safe_dump_all(pods(documents, given.keys, given.port), sys.stdout)
    else:
        yaml.safe_dump_all(shards(documents), sys.stdout)


if __name__ == "__main__":
    main()
