#!/bin/sh
# Builds every overlay, and the base with each component alone, and holds them against Kubernetes'
# schemas and the rules of checkov.
# Needs kubectl, and `pip install kubernetes-validate checkov`; `make manifests`.
set -eu
cd "$(dirname "$0")"
built=$(mktemp -d)
trap 'rm -rf "$built" components/.alone' EXIT

# check NAME DIRECTORY
check() {
	kubectl kustomize "$2" > "$built/$1.yaml"
	kubernetes-validate --strict --quiet --no-warn "$built/$1.yaml"
	# CKV_K8S_43, CKV_K8S_15: which image by which digest, and whether it is asked for anew at each
	# start, is for whoever pushes it to a registry of theirs.
	checkov --file "$built/$1.yaml" --framework kubernetes --compact --quiet \
		--skip-check CKV_K8S_43,CKV_K8S_15 --skip-download
	echo "$1: $(grep -c '^kind:' "$built/$1.yaml") objects, no finding"
}

for overlay in overlays/* batch; do
	check "$(basename "$overlay")" "$overlay"
done
for component in components/*; do
	mkdir -p components/.alone
	cat > components/.alone/kustomization.yaml <<C
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../base]
components: [../$(basename "$component")]
images:
  - {name: lur-full, newName: registry.example/lur-full, newTag: "0.1"}
  - {name: lur-models, newName: registry.example/lur-models, newTag: "0.1"}
C
	check "base-with-$(basename "$component")" components/.alone
done
