#!/usr/bin/env bash
# Runs compose.yaml with podman-compose: requests through HAProxy, Prometheus with its targets and
# rules, a replica and the shared store that are killed under load, and an orderly end.
#
# No registry of images is needed: the image is built as `make image` does it, and HAProxy, Prometheus
# and, for Valkey, Redis are Debian's under the official names, in older versions than compose.yaml
# names.
# Grafana is in no archive of Debian's and is left out; its dashboard is checked by the tests.
#
# usage: deploy/compose/check.sh WORK_DIR      as root on Debian; `make compose`
#        WORK_DIR: images and layers are kept there; the one that `make image` was given saves time
#        PODMAN_COMPOSE: its command, where it is not in the PATH (pip install podman-compose)
#        PYTHON: one with the packages of the tests; that of .venv by default
set -euo pipefail
cd "$(dirname "$0")/../.."
W=$(realpath -m "${1:?usage: deploy/compose/check.sh WORK_DIR}")
COMPOSE=${PODMAN_COMPOSE:-podman-compose} PYTHON=${PYTHON:-.venv/bin/python}
FILE=deploy/compose/compose.yaml REPLICAS=3 CLIENTS=12
SERVICE=http://127.0.0.1:8000
. tests/container/engine.sh
serving_as localhost/lur:latest

fail() {
	echo "FAILED: $*" >&2
	for name in $(podman ps -aq --filter label=com.docker.compose.project=lur); do
		podman logs "$name" 2>&1 | tail -5 >&2
	done
	exit 1
}
compose() { "$COMPOSE" -p lur -f "$FILE" "$@" >> "$W/compose.log" 2>&1; }
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
		echo "FROM $BASE"
		echo "RUN apt-get update -qq && apt-get install -qq --no-install-recommends $2 > /dev/null"
		printf '%s\n' "${@:3}"
	} > "$W/$2/Dockerfile"
	buildah bud -q --isolation chroot -t "$1" "$W/$2" > "$W/$2/build.log" 2>&1 ||
		{ cat "$W/$2/build.log"; exit 1; }
}

image() { sed -n "s/^ *image: \(.*$1:.*\)/\1/p" "$FILE"; }
stand_in "$(image haproxy)" haproxy 'USER haproxy' \
	'CMD ["haproxy", "-W", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
stand_in "$(image prometheus)" prometheus 'RUN install -d -o nobody /prometheus' 'USER nobody' \
	'CMD ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]'

stand_in "$(image valkey)" redis-server 'RUN ln -s /usr/bin/redis-server /usr/local/bin/valkey-server'

# `podman-compose down` knows nothing of replicas that --scale has added.
clear() {
	podman pod rm -f -t 45 pod_lur || true
	podman network rm lur_default lur_store || true
} > /dev/null 2>&1
clear
trap clear EXIT
: > "$W/compose.log"
compose up -d --scale lur=$REPLICAS lur haproxy valkey prometheus || { tail "$W/compose.log"; exit 1; }

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
load() { "$PYTHON" -m benchmarks.cluster.load $SERVICE --clients $CLIENTS --seconds "$1"; }
# all_right OUTCOMES: fails where something was wrong or lost; how many there were is in COUNT
all_right() {
	jq -e 'keys == ["right"]' > /dev/null <<< "$1" || fail "$1"
	COUNT=$(jq .right <<< "$1")
}

all_right "$(load 10)"
step "$COUNT requests of $CLIENTS clients through HAProxy: all right"

# address CONTAINER: where it is for the others
address() { podman inspect "$1" --format '{{.NetworkSettings.Networks.lur_default.IPAddress}}'; }
prometheus() {
	curl -fsS -m 5 "http://$(address "$(container prometheus)"):9090/api/v1/$1"
}
scraped() { test "$(prometheus targets | jq '[.data.activeTargets[] | select(.health == "up")] | length')" = $REPLICAS; }
within 90 scraped || fail "$(prometheus targets)"
# rules STATE: how many alerts are in it
rules() { prometheus rules | jq --arg s "$1" '[.data.groups[].rules[] | select(.type == "alerting" and .health != "err" and (.state == $s or $s == ""))] | length'; }
test "$(rules "")" = "$(grep -c -- '- alert:' deploy/alerts.yml)" || fail "$(prometheus rules)"
step "Prometheus scrapes $REPLICAS replicas and has loaded $(rules "") alerts, $(rules firing) firing"

# counted METRIC: its value, added up over the replicas
counted() {
	for name in $(container lur); do
		curl -fsS -m 5 "http://$(address "$name"):8000/metrics" | grep -F "$1 " || true
	done | awk '{sum += $2} END {print sum + 0}'
}
for _ in $(seq 30); do
	curl -fsS -m 20 $SERVICE/v1/translate -H 'Content-Type: application/json' \
		-d '{"text": "The parliament of Norway hired 7 doctors.", "target": "ru"}' > /dev/null
	sleep 0.1
done
shared=$(counted 'lur_result_cache_lookups_total{outcome="store"}')
(( shared >= REPLICAS - 1 )) || fail "nobody took from the store what another replica had said: $shared"
step "a sentence asked 30 times: $shared of $REPLICAS replicas took it from the store"

mapfile -t replicas < <(container lur)
load 30 > "$W/outcomes" &
under_way=$!
sleep 2
kill -KILL "$(podman inspect "${replicas[0]}" --format '{{.State.Pid}}')"
within 20 up $((REPLICAS - 1)) || fail "HAProxy has not noticed"
step "a replica is killed under load: HAProxy has $((REPLICAS - 1))"
within 60 up $REPLICAS || fail "the replica has not come back"
step "it was started again: HAProxy has $REPLICAS"
wait $under_way
all_right "$(cat "$W/outcomes")"
step "$COUNT requests meanwhile: all right"
within 90 scraped || fail "$(prometheus targets)"
step "Prometheus scrapes $REPLICAS replicas"

load 15 > "$W/outcomes" &
under_way=$!
sleep 2
podman stop -t 0 "$(container valkey)" > /dev/null 2>&1
sleep 3
away=$(counted lur_shared_store_away)
wait $under_way
all_right "$(cat "$W/outcomes")"
test "$away" = $REPLICAS || fail "$away replicas say that the store is away"
step "the store is killed under load: $REPLICAS replicas go on without it, $COUNT requests all right"

container lur | xargs podman stop -t 45 > /dev/null 2>&1
for name in $(container lur); do
	ended=$(podman inspect "$name" --format '{{.State.Status}} {{.State.ExitCode}}')
	test "$ended" = "exited 0" || fail "a replica: $ended"
done
step "stopped: every replica ended with code 0"
