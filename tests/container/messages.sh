# Sourced by image.sh: what the image says where something of its surroundings is missing.

mkdir -p "$W/empty"
wants=(-e LUR_PROFILE=light -e LUR_PRELOAD=opus-mt-en-hy)

# All at once, for the hub's client tries for a while before it gives up.
NAME=lur-hub run --network none "${wants[@]}"
NAME=lur-volume run --network none -v "$W/empty:/var/lib/lur:ro" "${wants[@]}"
NAME=lur-memory run --network none --memory 128m --memory-swap 128m

NAME=lur-memory says start_in_doubt memory "may take 134 MB" "need about" LUR_PROFILE
step "too little memory: $(jq -r .reason <<< "$LINE")"

NAME=lur-volume says start_in_doubt "not writable" LUR_MODEL_CACHE
NAME=lur-volume says model_load_failed "/var/lib/lur cannot be written" LUR_MODEL_CACHE
step "a volume that cannot be written: $(jq -r .reason <<< "$LINE")"

NAME=lur-hub says start_in_doubt torch "--target full"
NAME=lur-hub says model_load_failed huggingface.co "could not be reached" LUR_OFFLINE HF_ENDPOINT
step "no hub: $(jq -r .reason <<< "$LINE")"
podman rm -f lur-hub lur-volume lur-memory > /dev/null 2>&1
