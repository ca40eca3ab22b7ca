#!/usr/bin/env bash
# Builds the Dockerfile and runs the image, without a Docker engine: buildah and podman, from Debian.
#
# usage: tests/container/image.sh [--full] [WORK_DIR]      as root on Debian; `make image`
#   --full    build what converts too, have it convert, and bake a profile's models in; needs torch:
#             with TORCH_INDEX= set to nothing it comes from where pip is configured to look
#   WORK_DIR  keep images and layers there for the next time; without it, everything is removed
set -euo pipefail
cd "$(dirname "$0")/../.."
FULL=
if [ "${1-}" = --full ]; then FULL=yes; shift; fi
[ "$(id -u)" = 0 ] || { echo "this needs root: it mounts, and makes namespaces" >&2; exit 1; }
KEEP=${1-}
W=$(realpath -m "${KEEP:-$(mktemp -d /var/tmp/lur-image.XXXXXX)}")
. tests/container/engine.sh
. tests/container/running.sh
trap 'stop_all; [ -n "$KEEP" ] || forget' EXIT
SECONDS=0

packages
configure
step lint
tests/container/lint "$W/venv"
base_image
context

step build
labels=(SOURCE=https://lur.example/source REVISION="$(printf %040d 7)" CREATED=2026-01-02T03:04:05Z)
build serving "${labels[@]/#/--build-arg=}"
tests/container/sizes.sh localhost/lur:serving "$BASE"
ends_within() { [ "$1" -le "$2" ] || fail "$3"; }
ends_within "$(without_models)" 450 "more than 450 MB without models"

step "labels, bill of materials"
for label in title description licenses version base.name source revision created; do
	[ -n "$(label "$label")" ] || fail "the label $label"
done
[ "$(label revision)" = "$(printf %040d 7)" ] || fail "the label revision"
in_image cat /app/sbom.cdx.json > "$W/sbom.json"
jq -e '.bomFormat == "CycloneDX" and .metadata.component.name == "lur" and all(.components[]; .purl)' \
	"$W/sbom.json" > /dev/null || fail "no bill of materials"
in_image python -c '
import importlib.metadata as m
print("\n".join(sorted({f"{d.name}=={d.version}".lower() for d in m.distributions(path=[
    __import__("sysconfig").get_paths()["purelib"]])})))' > "$W/installed.txt"
jq -r '.components[] | "\(.name)==\(.version)" | ascii_downcase' "$W/sbom.json" | sort > "$W/listed.txt"
diff "$W/listed.txt" <(sort "$W/installed.txt") || fail "the bill lists other packages than there are"
[ "$(wc -l < "$W/listed.txt")" -ge 30 ] || fail "the bill lists next to nothing"

step "a change of the code"
echo '# changed' >> "$CONTEXT/service/__init__.py"
began=$(date +%s%N)
build changed "${labels[@]/#/--build-arg=}"
took=$((($(date +%s%N) - began) / 1000000))
# In the stage of the models, RUN does nothing for the bundled ones.
again=$(rebuilt "$W/changed.log" | grep -E '^(COPY|RUN)' | grep -v -e '^COPY service/ ' -e '^RUN mkdir /models ' || true)
[ -z "$again" ] || fail "a change of the code rebuilds: $again"
step "rebuilt in $took ms, no layer but that of the code"
buildah rmi localhost/lur:changed > /dev/null 2>&1

start
podman healthcheck run lur-test 2> /dev/null || fail "the health check"
[ "$(podman exec lur-test id -u)" = 10001 ] || fail "the user is not 10001"
! podman exec lur-test sh -c 'touch /app/x' 2> /dev/null || fail "the root is writable"
in_image python -c '
import importlib.util as u
assert not any(map(u.find_spec, ("torch", "transformers", "pip", "pytest")))' || fail "what serving does not need"
in_image python - < tests/container/libraries.py || fail "a library is broken"
ask
curl -fsS -m 20 "$URL/openapi.json" | jq -e '.paths | length > 10' > /dev/null || fail "no description"
! podman logs lur-test 2>&1 | grep -q '"level":"\(warning\|error\)"' || fail "a warning"
step "serves as user 10001, read-only, in 1 GB"
podman stop -t 20 lur-test > /dev/null 2>&1
[ "$(podman inspect lur-test --format '{{.State.ExitCode}}')" = 0 ] || fail "SIGTERM: not code 0"
step "SIGTERM as PID 1: code 0"

start --user 54321:65432
podman exec lur-test sh -c 'touch /var/lib/lur/x && rm /var/lib/lur/x' || fail "another user cannot fill the cache"
ask
step "serves as any user"

. tests/container/messages.sh
if [ -n "$FULL" ]; then . tests/container/full.sh; fi
step "passed, in $SECONDS s"
