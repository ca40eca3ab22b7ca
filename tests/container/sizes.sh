#!/usr/bin/env bash
# The size of an image, of its base and of its models, and its ten largest directories; MB unpacked.
#
# usage: tests/container/sizes.sh IMAGE [BASE]      podman's configuration is in the environment
set -euo pipefail
IMAGE=$1
size() { podman image inspect --format '{{.Size}}' "$1"; }
inside() { podman run --rm --no-healthcheck -i --network none --user 0 --entrypoint python "$IMAGE" - "$@"; }
inside "$(size "$IMAGE")" "$([ $# -lt 2 ] || size "$2")" << 'PY'
import os
import sys
from pathlib import Path

OPENED = ("/", "/usr", "/usr/lib", "/usr/local", "/usr/local/lib", "/opt", "/opt/lur", "/var", "/var/lib")
OPENED += ("/app", "/app/model_cache", "/opt/lur/lib", *map(str, Path("/opt/lur/lib").glob("*")))
OPENED += tuple(map(str, Path("/opt/lur/lib").glob("*/site-packages")))
"""What only holds other directories; the list is of what is in them, so nothing counts twice."""

DEVICE = os.lstat("/").st_dev


def size(path: str) -> int:
    status = os.lstat(path)
    if status.st_dev != DEVICE:
        return 0
    below = os.listdir(path) if os.path.isdir(path) and not os.path.islink(path) else ()
    return status.st_size + sum(size(f"{path}/{name}") for name in below)


def mb(number: float) -> str:
    return f"{number / 1e6:4.0f} MB"


whole, base = int(sys.argv[1]), int(sys.argv[2] or 0)
models = size("/app/model_cache") + size("/var/lib/lur")
print(mb(whole), "the image")
print(mb(whole - models), "the image without models")
if base:
    print(mb(base), "of that its base")
paths = [path.rstrip("/") + "/" + name for path in OPENED if os.path.isdir(path) for name in os.listdir(path)]
paths = [path for path in paths if path not in OPENED and os.path.isdir(path) and not os.path.islink(path)]
print("the ten largest directories:")
for number, path in sorted(((size(path), path) for path in paths), reverse=True)[:10]:
    print(mb(number), path)
PY
