#!/usr/bin/env bash
# Runs the pods of overlays/small and of batch/ with `podman kube play`, without a cluster: user,
# read-only root, limits, ConfigMap and keys are those of the manifests; playable.py says what is
# not. A Service, a NetworkPolicy and a kubelet are not there: probes are asked from here, as often
# and as patiently as the manifest says, and preStop is not called.
#
# usage: deploy/kubernetes/play.sh WORK_DIR      as root on Debian, with kubectl; `make play`
#        WORK_DIR: images and layers are kept there; the one that `make image` was given saves time
#        PYTHON: one with the packages of the service and PyYAML; that of .venv by default
set -euo pipefail
cd "$(dirname "$0")/../.."
W=$(realpath -m "${1:?usage: deploy/kubernetes/play.sh WORK_DIR}")
PYTHON=${PYTHON:-.venv/bin/python} HERE=deploy/kubernetes
PORT=18090 ITEMS=32
URL=http://127.0.0.1:$PORT
. tests/container/engine.sh
serving_as registry.example/lur:0.1
D=$(mktemp -d)

fail() { echo "FAILED: $*" >&2; podman logs lur-pod-0-lur 2>&1 | tail -5 >&2; exit 1; }
clear() {
	podman pod ls -q --filter name=lur- | xargs -r podman pod rm -f
	podman volume rm -f archive tmp
	rm -rf "$D"
} > /dev/null 2>&1
trap 'clear || true' EXIT
playable() { "$PYTHON" $HERE/playable.py "$@"; }
status() { curl -s -o /dev/null -m "$1" -w '%{http_code}' "$URL$2"; }

mkdir "$D/keys"
key=$("$PYTHON" -m service.cli key ops --scopes use,admin --file "$D/keys/keys")
chown -R 0:10001 "$D/keys" && chmod 750 "$D" "$D/keys" && chmod 440 "$D/keys/keys" && chgrp 10001 "$D"
kubectl kustomize $HERE/overlays/small > "$D/small.yaml"
playable pods --keys "$D/keys" --port $PORT < "$D/small.yaml" > "$D/pods.yaml"
podman kube play "$D/pods.yaml" > "$D/out" 2>&1 || { cat "$D/out"; exit 1; }

# started: as the start-up probe asks, then until it is ready
read -r path period timeout failures <<< "$(playable probe startup < "$D/small.yaml")"
for ((try = 1; ; try++)); do
	test "$(status "$timeout" "$path")" = 200 && break
	(( try < failures )) || fail "never started"
	sleep "$period"
done
step "started: $path at try $try of $failures"
read -r path period timeout failures <<< "$(playable probe readiness < "$D/small.yaml")"
for ((try = 1; ; try++)); do
	test "$(status "$timeout" "$path")" = 200 && break
	(( try < 30 )) || fail "never ready"
	sleep "$period"
done
step "ready: $path at try $try"

test "$(podman exec lur-pod-0-lur id -u):$(podman exec lur-pod-0-lur id -g)" = 10001:10001 || fail "user"
! podman exec lur-pod-0-lur sh -c 'touch /app/x' 2> /dev/null || fail "the root is writable"
test "$(status 5 /v1/models)" = 401 || fail "served without a key"
step "user 10001, read-only root, no answer without a key"

# alive and ready while it works
for probe in liveness readiness; do
	read -r path period timeout failures <<< "$(playable probe $probe < "$D/small.yaml")"
	while test -e "$D/pods.yaml"; do
		status "$timeout" "$path" || true
		echo " $probe"
		sleep "$period"
	done >> "$D/probes" &
done
jq -Rs '{text: ., length: "short", translate_to: ["hy", "ru"]}' service/sample_article.txt > "$D/body"
ask() {
	curl -fsS -m 60 "$URL/v1/summarize" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d @"$D/body" |
		jq -e '(.summary | length > 20) and (.translations | length == 2)' > /dev/null
}
for ((n = 0; n < 40; n++)); do ask || fail "no summary"; done
test "$(sort -u "$D/probes" | tr '\n' ',')" = "200 liveness,200 readiness," || fail "$(sort "$D/probes" | uniq -c)"
step "40 summaries in two languages; probes meanwhile: $(sort "$D/probes" | uniq -c | tr -s ' \n' ' ')"
rm "$D/pods.yaml"

podman pod stop -t 50 lur-pod-0 > /dev/null 2>&1
ended=$(podman inspect lur-pod-0-lur --format '{{.State.Status}} {{.State.ExitCode}}')
test "$ended" = "exited 0" || fail "$ended"
step "stopped: exit code 0"

# the Job's pods: podman 4.3 plays no Job
podman volume create archive > /dev/null
archive=$(podman volume inspect archive --format '{{.Mountpoint}}')
for ((n = 0; n < ITEMS; n++)); do
	jq -cRs --arg id "$n" '{id: $id, text: .}' service/sample_article.txt
done > "$archive/in.jsonl"
chown -R 10001:10001 "$archive"
kubectl kustomize $HERE/batch | playable shards > "$D/shards.yaml"
podman kube play "$D/shards.yaml" > "$D/out" 2>&1 || { cat "$D/out"; exit 1; }
parts=$(grep -c '^kind: Pod' "$D/shards.yaml")
for ((n = 0; n < parts; n++)); do
	code=$(timeout 120 podman wait "lur-batch-$n-lur")
	test "$code" = 0 || { podman logs "lur-batch-$n-lur" 2>&1 | tail; fail "part $n ended with code $code"; }
done
done=$(cat "$archive"/out-*.jsonl | jq -r 'select(.result) | .id')
test "$(sort -n <<< "$done")" = "$(seq 0 $((ITEMS - 1)))" || fail "done: $done"
step "the Job's $parts pods: each of $ITEMS items once, exit codes 0"
