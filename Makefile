# make demo | test | run | check | lock | image-test. Everything lives in .venv.
PYTHON ?= python3
ARTICLE ?=
BENCH ?=
LIBRETRANSLATE := benchmarks/.cache/venv-libretranslate/ready
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL_SELF = $(PIP) --require-hashes -r requirements/build.lock && \
	$(PIP) --no-deps --no-build-isolation --editable .

.PHONY: demo run test check lint types soak fuzz audit alerts image manifests compose play cluster lock tables footprint bench bench-quick bundle clean

demo: $(VENV)/serve  ## summary and translations of a sample article, with the bundled models
	@$(BIN)/lur demo $(ARTICLE)

run: $(VENV)/convert  ## the standard models, from the hub
	$(BIN)/lur serve

test: $(VENV)/test  ## the whole suite with coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term --cov-fail-under=90

check: lint types  ## what .ci/run does before the tests

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test
	$(BIN)/mypy
	$(BIN)/mypy --strict examples

MINUTES ?= 30
SEED ?= 1
soak: $(VENV)/test  ## mixed load at twice the capacity with faults: MINUTES=30 SEED=1
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --seed $(SEED)

fuzz: $(VENV)/test  ## random texts for everything in service/text: MINUTES=30 SEED=1
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

audit: $(VENV)/python  ## known vulnerabilities of what is pinned; asks pypi.org
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --require-hashes --disable-pip -r requirements/serve.lock

PROMTOOL ?= promtool
alerts:  ## each alert on a history that raises it, and a calm hour that raises none
	$(PROMTOOL) check rules deploy/alerts.yml
	$(PROMTOOL) test rules deploy/alerts_test.yml

$(VENV)/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/serve: $(VENV)/python requirements/serve.lock requirements/build.lock pyproject.toml
	$(PIP) --require-hashes -r requirements/serve.lock
	$(INSTALL_SELF)
	@touch $@

$(VENV)/convert: $(VENV)/serve requirements/convert.lock
	$(PIP) -r requirements/convert.lock
	@touch $@

$(VENV)/test: $(VENV)/convert requirements/dev.lock
	$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

tables: $(VENV)/test  ## write what the documents show anew: tables, answers
	$(BIN)/python -m tests.docs --write

footprint: $(VENV)/serve  ## CPU time of the import, resident memory
	$(BIN)/python -m benchmarks.footprint

bench: $(VENV)/bench $(LIBRETRANSLATE)  ## Lur, the engine and the peers on the same weights; half an hour
	$(BIN)/python -m benchmarks.run $(BENCH)

bench-quick: $(VENV)/bench $(LIBRETRANSLATE)  ## the same with fewer cells and rounds
	$(BIN)/python -m benchmarks.run --quick $(BENCH)

$(VENV)/bench: $(VENV)/test benchmarks/requirements.txt
	$(PIP) -r benchmarks/requirements.txt
	@touch $@

$(LIBRETRANSLATE): benchmarks/requirements-libretranslate.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

manifests:  ## build the Kubernetes overlays and check them; needs kubectl, kubernetes-validate, checkov
	deploy/kubernetes/check.sh

WORK ?= /var/tmp/lur-image
FULL ?=
image:  ## build the image and run it, on Debian as root, without Docker; FULL=--full: the one that converts too
	tests/container/image.sh $(FULL) $(WORK)

compose: $(VENV)/test  ## compose.yaml with podman; a replica and the store killed under load; root, podman-compose
	deploy/compose/check.sh $(WORK)

play: $(VENV)/test  ## the pods of the manifests with podman; root, kubectl
	deploy/kubernetes/play.sh $(WORK)

cluster: $(VENV)/test  ## replicas behind HAProxy: scaling, what is lost when one goes; root, haproxy, 7 minutes
	$(BIN)/python -m benchmarks.cluster.run
	$(BIN)/python -m tests.docs --write docs/capacity.md

lock:  ## write the lock files anew from pyproject.toml
	sh requirements/lock.sh

CHECKPOINTS := tests/tinylang/checkpoints
bundle: $(VENV)/convert  ## convert the translator into Armenian that ships; that into Russian: training/
	$(BIN)/python -m service.models.bundle bundled-en-hy $(CHECKPOINTS)/opus-mt-tiny-en-hy

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage*
