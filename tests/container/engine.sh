# Sourced: buildah and podman, from Debian, with their storage in $W; no Docker engine is needed.
# The base image is made by mmdebstrap under the official name, so no registry of images is either.
# Needs W, an absolute path.
BASE=localhost/python:3.11-slim-bookworm
CA=/etc/ssl/certs/ca-certificates.crt
CONTEXT=$W/context
mkdir -p "$W/tmp"
export TMPDIR=$W/tmp

step() { echo "[$(date +%T)] $*"; }

packages() {
	local wanted=(buildah podman runc mmdebstrap netavark aardvark-dns iptables ca-certificates curl jq python3-venv)
	dpkg -s "${wanted[@]}" > /dev/null 2>&1 && return
	step packages
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${wanted[@]}" > /dev/null
}

configure() {
	# As where this machine is a container itself.
	[ "$(stat -f -c %T "$W")" != overlayfs ] ||
		{ echo "$W lies on an overlay, and another cannot lie upon that: give a WORK_DIR on a volume" >&2; exit 1; }
	cat > "$W/storage.conf" <<C
[storage]
driver = "overlay"
graphroot = "$W/storage"
runroot = "$W/run"
C
	# Inside a container there is neither systemd nor CAP_SYS_RESOURCE, and crun 1.8 refuses hybrid
	# cgroups.
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
	export CONTAINERS_STORAGE_CONF=$W/storage.conf CONTAINERS_CONF=$W/containers.conf
	export CONTAINERS_REGISTRIES_CONF=$W/registries.conf
	[ -x "$W/venv/bin/pip" ] || python3 -m venv "$W/venv"
	mapfile -t PIP_OF_HOST < <("$W/venv/bin/python" tests/container/pip_of_host.py "$W/pip.conf" "$CA")
	(( ${#PIP_OF_HOST[@]} )) || exit 1
}

base_image() {
	buildah inspect --type image "$BASE" > /dev/null 2>&1 && return
	step base image
	mkdir -p "$W/base"
	mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$W/base/base.tar"
	printf '%s\n' 'FROM scratch' 'ADD base.tar /' \
		'RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED' \
		'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
		> "$W/base/Dockerfile"
	buildah bud -q --isolation chroot -t "$BASE" "$W/base" > /dev/null 2>&1
	rm "$W/base/base.tar"
}

# What a build may see, apart from the checkout, so that a test can change it.
context() {
	rm -rf "$CONTEXT"
	mkdir "$CONTEXT"
	cp -a Dockerfile .dockerignore LICENSE README.md pyproject.toml model_cache requirements service "$CONTEXT"
	find "$CONTEXT" -name __pycache__ -prune -exec rm -rf {} +
}

# build NAME [OPTION…]: makes localhost/lur:NAME of the context, with its log in $W/NAME.log
build() {
	local name=$1
	shift
	buildah bud --layers --isolation chroot --format docker "${PIP_OF_HOST[@]}" \
		--build-arg PYTHON_IMAGE="$BASE" "$@" -t "localhost/lur:$name" "$CONTEXT" > "$W/$name.log" 2>&1 ||
		{ tail -40 "$W/$name.log" >&2; return 1; }
}

# serving_as NAME: makes the image that serves, from nothing if need be, and calls it that too
serving_as() {
	packages
	configure
	base_image
	context
	step image
	build serving
	podman tag localhost/lur:serving "$1"
}

# rebuilt LOG: the steps of a build that did not come from the cache
rebuilt() {
	awk '/ STEP [0-9]+\/[0-9]+: /{if (s) print s; s = $0} /^--> Using cache/{s = ""} END{if (s) print s}' "$1" |
		sed 's/.*STEP [0-9/]*: //' | grep -v '^FROM '
}

megabytes() { buildah images --format '{{.Size}}' "$1"; }

# Ends what runs, and removes all that a run has left.
forget() {
	podman rm -fa > /dev/null 2>&1 || true
	buildah rm -a > /dev/null 2>&1 || true
	umount "$W/storage/overlay" 2> /dev/null || true
	rm -rf "$W"
}
