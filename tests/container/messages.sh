# Sourced by image.sh: what the image says where something of its surroundings is missing.

mkdir -p "$W/empty"
wants_hub=(-e LUR_PROFILE=light -e LUR_PRELOAD=opus-mt-en-hy)
wants_archive=(-e LUR_PROFILE=standard -e LUR_PRELOAD=opus-mt-eng-hyx)

# All at once, for what is fetched is tried several times.
NAME=lur-network run --network none "${wants_archive[@]}"
NAME=lur-volume run --network none -v "$W/empty:/var/lib/lur:ro" "${wants_hub[@]}"
NAME=lur-torch run --network none "${wants_hub[@]}"
NAME=lur-memory run --network none -e LUR_PROFILE=light --memory 128m --memory-swap 128m

NAME=lur-memory says start_in_doubt memory "may take 134 MB" "need about" "raise the container's limit" LUR_PROFILE
step "too little memory: $(jq -r .reason <<< "$LINE")"

NAME=lur-volume says start_in_doubt "not writable" LUR_MODEL_CACHE
NAME=lur-volume says model_load_failed "/var/lib/lur cannot be written" LUR_MODEL_CACHE
step "a volume that cannot be written: $(jq -r .reason <<< "$LINE")"

NAME=lur-torch says start_in_doubt torch "--target full"
NAME=lur-torch says model_load_failed "--target full"
step "no converter: $(jq -r .reason <<< "$LINE")"

NAME=lur-network says model_load_failed object.pouta.csc.fi "could not be fetched" LUR_OFFLINE
step "no network: $(jq -r .reason <<< "$LINE")"
podman rm -f lur-network lur-volume lur-torch lur-memory > /dev/null 2>&1
