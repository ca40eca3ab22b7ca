# Sourced after engine.sh: runs an image and asks it. Needs W.
TAG=serving NAME=lur-test
fail() {
	echo "FAILED: $*" >&2
	podman logs "$NAME" 2>&1 | tail -20 >&2 || true
	exit 1
}

stop_all() {
	for name in test network volume torch memory; do  # one that is not there would keep the others
		podman rm -f "lur-$name" > /dev/null 2>&1 || true
	done
	[ -z "${HUB_PID-}" ] || kill "$HUB_PID" 2> /dev/null || true
}

# run [OPTION…] [-- ARGUMENT…]: begins it, as strictly as a cluster would
run() {
	local options=() && while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
	podman rm -f "$NAME" > /dev/null 2>&1 || true
	podman run -d --name "$NAME" --read-only --tmpfs /tmp:rw,size=64m \
		--cap-drop=ALL --security-opt no-new-privileges --memory 1g --memory-swap 1g --cpus 1 \
		--pids-limit 256 "${options[@]}" "localhost/lur:$TAG" "${@:2}" > /dev/null 2> "$W/run.err" ||
		{ cat "$W/run.err" >&2; exit 1; }
}

# start [OPTION…]: the same on a free port, and waits until it answers at $URL
start() {
	run -p 127.0.0.1::8000 "$@"
	URL=http://$(podman port "$NAME" 8000)
	answers
}

answers() {
	for _ in $(seq 120); do
		curl -fsS -m 2 "$URL/health/live" > /dev/null 2>&1 && return
		sleep 0.5
	done
	fail "it never answered"
}

# ask: has the sample article summarized and translated
ask() {
	jq -Rs '{text: ., length: "short", translate_to: ["hy", "ru"]}' service/sample_article.txt |
		curl -fsS -m 60 "$URL/v1/summarize" -H 'Content-Type: application/json' -d @- |
		jq -e '(.summary | length > 20) and (.translations | length == 2)' > /dev/null || fail "no summary"
}

# says WORD…: waits until one line of its log holds all of them
says() {
	for _ in $(seq 120); do
		local lines && lines=$(podman logs "$NAME" 2>&1)
		for word; do lines=$(grep -F -- "$word" <<< "$lines" || true); done
		[ -z "$lines" ] || { LINE=$(head -1 <<< "$lines"); return; }
		sleep 0.5
	done
	fail "it never said: $*"
}

in_image() { podman run --rm -i --no-healthcheck --network none --entrypoint "$1" "localhost/lur:$TAG" "${@:2}" 2>> "$W/inside.err"; }

label() {
	podman image inspect "localhost/lur:$TAG" --format "{{index .Labels \"org.opencontainers.image.$1\"}}"
}

without_models() {
	tests/container/sizes.sh "localhost/lur:$TAG" | awk '/without models/ {print $1}'
}
