# Verbs of the project; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
LOCKS := uv operator model-server model-server-tensorflow model-fetcher trainer dev
# Tests start Python more than a thousand times: what it has compiled is kept, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## what each verb does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: venv
venv: $(VENV)/.ready ## the Python environment, from the locks

$(VENV)/.ready: requirements/uv.lock requirements/dev.lock pyproject.toml $(wildcard images/*/pyproject.toml)
	@echo "venv: installing from requirements/dev.lock"
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
	  -e . -e images/model-server -e images/model-fetcher -e images/trainer
	touch $@

.PHONY: lock
lock: ## resolve requirements/*.in anew
	for name in $(LOCKS); do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    --overrides requirements/overrides.txt \
	    requirements/$$name.in -o requirements/$$name.lock; \
	done

.PHONY: demo
demo: venv ## everything to a running cluster with the example on it
	$(BIN)/python -m dev demo

.PHONY: up
up: venv ## the kind cluster with the operator
	$(BIN)/python -m dev up

.PHONY: down
down: venv ## remove everything that up, demo and the tests made
	$(BIN)/python -m dev down

.PHONY: test test-others test-unit test-cluster test-e2e
# The tests with real nodes wait more than they work, so the others run beside them. Each prints when it has ended.
test: venv ## all tests
	$(MAKE) --jobs=2 --output-sync=target test-e2e test-others

test-others: venv
	nice $(MAKE) test-unit
	nice $(MAKE) test-cluster

test-unit: venv ## tests without a cluster
	$(BIN)/pytest tests --ignore=tests/cluster --ignore=tests/e2e --numprocesses=3 --dist=loadfile --no-loadscope-reorder

# These wait more than they work: four of them use two cores.
test-cluster: venv ## tests on a real API server with simulated nodes
	$(BIN)/pytest tests/cluster --numprocesses=4 --dist=loadfile --no-loadscope-reorder

test-e2e: venv ## tests on the kind cluster, with real nodes
	$(BIN)/python -m dev up
	$(BIN)/pytest tests/e2e

.PHONY: lint
lint: venv verify docs lint-supply ## style, types, layers, documentation, images and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	git ls-files '*.sh' .ci/run | xargs $(BIN)/shellcheck

# None of them asks anything outside. In dev/node a failed pipe is told by the test of what it wrote.
TRIVY := $(BIN)/trivy config --quiet --skip-check-update --skip-version-check --disable-telemetry --exit-code 1 \
  --ignorefile .trivyignore.yaml
.PHONY: lint-supply
lint-supply: venv ## Dockerfiles, chart and workflows; accepted findings are in .trivyignore.yaml
	$(BIN)/hadolint images/*/Dockerfile
	$(BIN)/hadolint --ignore DL4006 dev/node/Dockerfile
	$(TRIVY) images
	$(TRIVY) charts/fogline
	$(BIN)/zizmor --offline --no-progress --quiet .github

.PHONY: audit
audit: venv ## look all libraries up in the database of known vulnerabilities, which must be reached
	$(BIN)/python -m dev.audit

.PHONY: generate verify
generate: venv ## write the generated files
	$(BIN)/python -m dev.generate
	$(BIN)/python images/model-server/protos/generate.py

verify: venv ## fail when a generated file is out of date
	$(BIN)/python -m dev.generate --check
	$(BIN)/python images/model-server/protos/generate.py --verify

.PHONY: bench
bench: venv ## all figures
	$(BIN)/python -m bench

.PHONY: bench-%
bench-%: venv ## one figure: make bench-server, bench-operator, bench-moves, ...
	$(BIN)/python -m bench $*

.PHONY: docs
docs: venv ## build the documentation into build/site, and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/python -m dev.links
