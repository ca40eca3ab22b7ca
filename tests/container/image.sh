#!/usr/bin/env bash
# Builds the Dockerfile and runs the image, without a Docker engine: buildah and podman, from Debian.
# The base image is made by mmdebstrap under the official name, so no registry of images is needed.
#
# usage: tests/container/image.sh [WORK_DIR]      as root; `make image`
set -euo pipefail
cd "$(dirname "$0")/../.."
W=${1:-/tmp/lur-image}
BASE=localhost/python:3.11-slim-bookworm IMAGE=localhost/lur:test PORT=18080
CA=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$W/tmp"
export TMPDIR=$W/tmp

step() { echo "[$(date +%T)] $*"; }
fail() { echo "FAILED: $*" >&2; podman logs lur-test 2>&1 | tail -20 >&2; exit 1; }

packages=(buildah podman runc mmdebstrap netavark aardvark-dns iptables curl jq)
if ! dpkg -s "${packages[@]}" > /dev/null 2>&1; then
	step packages
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${packages[@]}" > /dev/null
fi

cat > "$W/storage.conf" <<C
[storage]
driver = "overlay"
graphroot = "$W/storage"
runroot = "$W/run"
C
# Inside a container of ours there is neither systemd nor CAP_SYS_RESOURCE, and crun 1.8 refuses
# hybrid cgroups.
cat > "$W/containers.conf" <<C
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
[network]
network_backend = "netavark"
C
printf 'unqualified-search-registries = []\nshort-name-mode = "permissive"\n' > "$W/registries.conf"
printf '[global]\ncert = %s\n' "$CA" > "$W/pip.conf"
export CONTAINERS_STORAGE_CONF=$W/storage.conf CONTAINERS_CONF=$W/containers.conf
export CONTAINERS_REGISTRIES_CONF=$W/registries.conf

if ! buildah inspect --type image "$BASE" > /dev/null 2>&1; then
	step base image
	mkdir -p "$W/base"
	mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$W/base/base.tar"
	printf '%s\n' 'FROM scratch' 'ADD base.tar /' \
		'RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED' \
		'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
		> "$W/base/Dockerfile"
	buildah bud -q --isolation chroot -t "$BASE" "$W/base" 2> /dev/null
	rm "$W/base/base.tar"
fi

step build
buildah bud --layers --isolation chroot --format docker -v "$CA:$CA:ro" -v "$W/pip.conf:/etc/pip.conf:ro" \
	--build-arg PYTHON_IMAGE="$BASE" -t "$IMAGE" . > "$W/build.log" 2>&1 || { tail -40 "$W/build.log"; exit 1; }
step "$(buildah images --format '{{.Size}}' "$IMAGE"), of which $(buildah images --format '{{.Size}}' "$BASE") are the base"

# start [ARGUMENT…]: runs it as strictly as a cluster would, and waits until it answers
start() {
	podman rm -f lur-test > /dev/null 2>&1 || true
	podman run -d --name lur-test -p "127.0.0.1:$PORT:8000" --read-only --tmpfs /tmp:rw,size=64m \
		--cap-drop=ALL --security-opt no-new-privileges --memory 1g --memory-swap 1g --cpus 1 \
		--pids-limit 256 "$@" "$IMAGE" > /dev/null 2> "$W/run.err" || { cat "$W/run.err"; exit 1; }
	for _ in $(seq 120); do
		curl -fsS -m 2 "http://127.0.0.1:$PORT/health/live" > /dev/null 2>&1 && return
		sleep 0.5
	done
	fail "it never answered"
}
trap 'podman rm -f lur-test > /dev/null 2>&1 || true' EXIT

# ask: has the sample article summarized and translated
ask() {
	jq -Rs '{text: ., length: "short", translate_to: ["hy", "ru"]}' service/sample_article.txt |
		curl -fsS -m 60 "http://127.0.0.1:$PORT/v1/summarize" -H 'Content-Type: application/json' -d @- |
		jq -e '(.summary | length > 20) and (.translations | length == 2)' > /dev/null || fail "no summary"
}

start
podman healthcheck run lur-test 2> /dev/null || fail "the health check"
test "$(podman exec lur-test id -u)" = 10001 || fail "the user is not 10001"
! podman exec lur-test sh -c 'touch /app/x' 2> /dev/null || fail "the root is writable"
podman exec lur-test python -c '
import importlib.util as u
assert not any(map(u.find_spec, ("torch", "transformers", "pip", "pytest")))' || fail "what serving does not need"
ask
step "serves as user 10001, read-only, in 1 GB"
podman stop -t 20 lur-test > /dev/null 2>&1
test "$(podman inspect lur-test --format '{{.State.ExitCode}}')" = 0 || fail "SIGTERM: not code 0"
step "SIGTERM as PID 1: code 0"

start --user 54321:65432
podman exec lur-test sh -c 'touch /var/lib/lur/x && rm /var/lib/lur/x' || fail "another user cannot fill the cache"
ask
step "serves as any user"
