#!/usr/bin/env bash
# Runs compose.yaml with podman-compose: requests through HAProxy, Prometheus with its targets and
# rules, a replica that is killed under load, and an orderly end.
#
# No registry of images is needed: what `make image` has left in WORK_DIR is served, and HAProxy and
# Prometheus are Debian's under the official names, in older versions than compose.yaml names.
# Grafana is in no archive of Debian's and is left out; its dashboard is checked by the tests.
#
# usage: deploy/compose/check.sh [WORK_DIR]      as root, after `make image`; `make compose`
#        PODMAN_COMPOSE: its command, where it is not in the PATH (pip install podman-compose)
#        PYTHON: one with the packages of the tests; that of .venv by default
set -euo pipefail
cd "$(dirname "$0")"
W=$(realpath "${1:-/tmp/lur-image}")
COMPOSE=${PODMAN_COMPOSE:-podman-compose} PYTHON=${PYTHON:-$PWD/../../.venv/bin/python}
REPLICAS=3 CLIENTS=12
SERVICE=http://127.0.0.1:8000
export TMPDIR=$W/tmp CONTAINERS_STORAGE_CONF=$W/storage.conf CONTAINERS_CONF=$W/containers.conf
export CONTAINERS_REGISTRIES_CONF=$W/registries.conf

step() { echo "[$(date +%T)] $*"; }
fail() {
	echo "FAILED: $*" >&2
	for name in $(podman ps -aq --filter label=com.docker.compose.project=lur); do
		podman logs "$name" 2>&1 | tail -5 >&2
	done
	exit 1
}
compose() { "$COMPOSE" -p lur -f compose.yaml "$@" >> "$W/compose.log" 2>&1; }
container() { podman ps -aq --filter "label=com.docker.compose.service=$1" "${@:2}"; }

# within SECONDS COMMAND…: waits until a command succeeds
within() {
	local until=$((SECONDS + $1))
	until "${@:2}"; do
		(( SECONDS < until )) || return 1
		sleep 0.5
	done
}

# stand_in NAME PACKAGE INSTRUCTION…: makes an image of a package of Debian's
stand_in() {
	podman image exists "$1" && return
	step "$1, of Debian's $2"
	mkdir -p "$W/$2"
	{
		echo "FROM localhost/python:3.11-slim-bookworm"
		echo "RUN apt-get update -qq && apt-get install -qq --no-install-recommends $2 > /dev/null"
		printf '%s\n' "${@:3}"
	} > "$W/$2/Dockerfile"
	buildah bud -q --isolation chroot -t "$1" "$W/$2" > "$W/$2/build.log" 2>&1 ||
		{ cat "$W/$2/build.log"; exit 1; }
}

image() { sed -n "s/^ *image: \(.*$1:.*\)/\1/p" compose.yaml; }
podman image exists localhost/lur:test || { echo "run make image first: nothing in $W" >&2; exit 1; }
podman tag localhost/lur:test localhost/lur:latest
stand_in "$(image haproxy)" haproxy 'USER haproxy' \
	'CMD ["haproxy", "-W", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
stand_in "$(image prometheus)" prometheus 'RUN install -d -o nobody /prometheus' 'USER nobody' \
	'CMD ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]'

# `podman-compose down` knows nothing of replicas that --scale has added.
clear() {
	podman ps -aq --filter label=com.docker.compose.project=lur | xargs -r podman rm -f -t 45
	podman pod rm -f pod_lur || true
	podman network rm lur_default || true
} > /dev/null 2>&1
clear
trap clear EXIT
: > "$W/compose.log"
compose up -d --scale lur=$REPLICAS lur haproxy prometheus || { tail "$W/compose.log"; exit 1; }

# up COUNT: whether HAProxy has so many replicas that it gives requests to
up() {
	test "$(podman exec "$(container haproxy)" python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/tmp/haproxy.sock")
s.sendall(b"show stat\n")
print(s.makefile().read().count(",UP,1,"))')" = "$1"
}

within 60 up $REPLICAS || fail "HAProxy does not find $REPLICAS replicas"
step "HAProxy gives requests to $REPLICAS replicas"

# load SECONDS: how often which outcome came to clients that ask again as soon as they are answered
load() { (cd ../.. && "$PYTHON" -m benchmarks.cluster.load $SERVICE --clients $CLIENTS --seconds "$1"); }
# all_right OUTCOMES: whether nothing was wrong or lost; says how many there were
all_right() { jq -e 'keys == ["right"]' > /dev/null <<< "$1" || fail "$1"; jq .right <<< "$1"; }

outcomes=$(load 10)
step "$(all_right "$outcomes") requests of $CLIENTS clients through HAProxy: all right"

prometheus() {
	local address
	address=$(podman inspect "$(container prometheus)" --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')
	curl -fsS -m 5 "http://$address:9090/api/v1/$1"
}
scraped() { test "$(prometheus targets | jq '[.data.activeTargets[] | select(.health == "up")] | length')" = $REPLICAS; }
within 90 scraped || fail "$(prometheus targets)"
# rules STATE: how many alerts are in it
rules() { prometheus rules | jq --arg s "$1" '[.data.groups[].rules[] | select(.type == "alerting" and .health != "err" and (.state == $s or $s == ""))] | length'; }
test "$(rules "")" = "$(grep -c -- '- alert:' ../alerts.yml)" || fail "$(prometheus rules)"
step "Prometheus scrapes $REPLICAS replicas and has loaded $(rules "") alerts, $(rules firing) firing"

victim=$(container lur | head -1)
load 30 > "$W/outcomes" &
under_way=$!
sleep 2
kill -KILL "$(podman inspect "$victim" --format '{{.State.Pid}}')"
within 20 up $((REPLICAS - 1)) || fail "HAProxy has not noticed"
step "a replica is killed under load: HAProxy has $((REPLICAS - 1))"
within 60 up $REPLICAS || fail "the replica has not come back"
step "it was started again: HAProxy has $REPLICAS"
wait $under_way
step "$(all_right "$(cat "$W/outcomes")") requests meanwhile: all right"
within 90 scraped || fail "$(prometheus targets)"
step "Prometheus scrapes $REPLICAS replicas"

container lur | xargs podman stop -t 45 > /dev/null 2>&1
for name in $(container lur); do
	ended=$(podman inspect "$name" --format '{{.State.Status}} {{.State.ExitCode}}')
	test "$ended" = "exited 0" || fail "a replica: $ended"
done
step "stopped: every replica ended with code 0"
