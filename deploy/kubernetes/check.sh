#!/bin/sh
# Builds every overlay and holds it against Kubernetes' schemas and the rules of checkov.
# Needs kubectl, and `pip install kubernetes-validate checkov`; `make manifests`.
set -eu
cd "$(dirname "$0")"
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
for overlay in overlays/* batch; do
	name=$(basename "$overlay")
	kubectl kustomize "$overlay" > "$built/$name.yaml"
	kubernetes-validate --strict --quiet --no-warn "$built/$name.yaml"
	# CKV_K8S_43, CKV_K8S_15: which image by which digest, and whether it is asked for anew at each
	# start, is for whoever pushes it to a registry of theirs.
	checkov --file "$built/$name.yaml" --framework kubernetes --compact --quiet \
		--skip-check CKV_K8S_43,CKV_K8S_15 --skip-download
	echo "$name: $(grep -c '^kind:' "$built/$name.yaml") objects, no finding"
done
