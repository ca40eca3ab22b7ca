# Sourced by image.sh --full: the image that converts, and one with a profile's models baked in, both
# from a hub on this machine. Builds and containers share its network, so that they reach the hub.

rm -f "$W/hub.txt"
python3 -m tests.container.hub > "$W/hub.txt" &
HUB_PID=$!
until [ -s "$W/hub.txt" ]; do kill -0 "$HUB_PID" || exit 1; sleep 0.1; done
HUB=$(cat "$W/hub.txt")
torch=() && [ -z "${TORCH_INDEX+set}" ] || torch=(--build-arg "TORCH_INDEX=$TORCH_INDEX")

# translates LANGUAGE WORD: a sentence of the tiny language becomes one that holds the word
translates() {
	jq -n --arg target "$1" '{text: "The parliament of Norway hired 7 doctors.", target: $target}' |
		curl -fsS -m 150 "$URL/v1/translate" -H 'Content-Type: application/json' -d @- |
		jq -e --arg word "$2" '.translations[0].text | contains($word)' > /dev/null || fail "no $1"
}

step "build full"
build full --target full "${torch[@]}"
TAG=full
step "full: $(megabytes localhost/lur:full)"
[ "$(in_image python -c 'import json; print(*(c["name"] for c in json.load(open("/app/sbom.cdx.json"))["components"]))' | grep -cw torch)" = 1 ] ||
	fail "the bill lacks torch"
run --network host -e LUR_PROFILE=light -e LUR_PORT=18081 -e HF_ENDPOINT="$HUB" -e LUR_LOAD_WAIT_S=120 --memory 2g --memory-swap 2g
URL=http://127.0.0.1:18081
answers
translates hy Նորվեգիայի
translates ru Норвегии
[ "$(podman logs "$NAME" 2>&1 | grep -c '"event":"model_converted"')" = 2 ] || fail "it has not converted"
podman stop -t 20 "$NAME" > /dev/null 2>&1
in_image python - < tests/container/libraries.py || fail "a library is broken"
step "full: fetched, converted and translated into hy and ru"

run --network none -e LUR_PROFILE=light -e LUR_PRELOAD=opus-mt-en-hy
says model_load_failed huggingface.co "could not be reached" LUR_OFFLINE HF_ENDPOINT
step "full, no hub: $(jq -r .reason <<< "$LINE")"

step "build PROFILE=light"
build light --build-arg PROFILE=light --build-arg HF_ENDPOINT="$HUB" "${torch[@]}"
kill "$HUB_PID"
wait "$HUB_PID" 2> /dev/null || true
HUB_PID=
TAG=light
start -e LUR_OFFLINE=1
translates hy Նորվեգիայի
translates ru Норвегии
[ "$(curl -fsS "$URL/v1/models" | jq -r '[.. | objects | select(.name? == "opus-mt-en-ru") | .state] | first')" = ready ] ||
	fail "it is not the model that was baked in"
step "PROFILE=light: its models are in it, and serve offline"

if build gone --build-arg PROFILE=light --build-arg HF_ENDPOINT=http://127.0.0.1:9 "${torch[@]}" 2> "$W/gone.txt"; then
	fail "built without a hub"
fi
grep -F "the hub http://127.0.0.1:9 could not be reached" "$W/gone.txt" || fail "no word of the hub: $(tail -3 "$W/gone.txt")"
step "PROFILE=light without a hub: the build ends with that message"
