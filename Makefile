# Verbs of the project; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
LOCKS := uv operator model-server model-server-tensorflow model-fetcher dev

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
	  -e . -e images/model-server -e images/model-fetcher
	touch $@

.PHONY: lock
lock: ## resolve requirements/*.in anew
	for name in $(LOCKS); do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    requirements/$$name.in -o requirements/$$name.lock; \
	done
