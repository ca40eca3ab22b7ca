#!/bin/sh
# Writes the lock files anew. Needs uv, which it takes from the package registry.
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv-lock
.venv-lock/bin/pip install --quiet uv
# Extras stay: where only `coverage` is pinned, pip 23 takes the newest `coverage[toml]`, and fails.
compile() { .venv-lock/bin/uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --no-header --no-annotate "$@"; }
compile --generate-hashes pyproject.toml -o requirements/serve.lock
compile --generate-hashes pyproject.toml --extra eval --group dev -o requirements/dev.lock
printf 'hatchling\neditables\n' | compile --generate-hashes - -o requirements/build.lock
printf 'cyclonedx-bom\n' | compile --generate-hashes - -o requirements/sbom.lock
# torch's own requirements, but for the CUDA packages that some of its builds ask for.
printf 'protobuf>=6\nfilelock\nfsspec\njinja2\nnetworkx\nsetuptools\nsympy\ntyping-extensions\n' |
	compile - -c requirements/serve.lock -o requirements/convert.lock
echo 'torch==2.13.0' >> requirements/convert.lock
rm -rf .venv-lock
