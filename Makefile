# One command per job. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Node comes with the environment.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --silent

.PHONY: run test check format docs screenshots bench clean

run: $(VENV)/.ready-run  ## start everything: Valkey, worker, gateway, page
	@exec $(BIN)/python -m stack

test: check $(VENV)/.ready-browser $(VENV)/.ready-peers  ## every check and every test
	$(NPM) test
	$(BIN)/python -m pytest -n 4 --dist loadgroup

check: $(VENV)/.ready-dev node_modules/.ready  ## the quick part: lint, format, types, known weaknesses
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.support.advisories
	$(NPM) run check
	$(NPM) run size

format: $(VENV)/.ready-dev  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-dev  ## the documents with the API reference, in var/docs/index.html
	$(BIN)/python -m sphinx -W --keep-going --quiet docs var/docs

screenshots: $(VENV)/.ready-browser  ## the pictures in docs/images; about two minutes
	$(BIN)/python -m tests.browser.screenshots

bench: $(VENV)/.ready-bench  ## our costs beside our peers', as ratios; an hour and a half, or BENCH=--quick
	@$(BIN)/python -m benchmarks $(BENCH)

clean:  ## remove what the other targets made
	rm -rf $(VENV) node_modules build frontend/types frontend/custom-elements.json tests/frontend/projects/node_modules var .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Taskbeam needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-run: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[gateway,worker,stack]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.ready-run

$(VENV)/.ready-bench: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@ $(VENV)/.ready-dev $(VENV)/.ready-run

node_modules/.ready: $(VENV)/.ready-dev package.json package-lock.json frontend/package.json tests/frontend/projects/package.json
	$(NPM) ci
	@touch $@

$(VENV)/.ready-browser: $(VENV)/.ready-dev
	$(BIN)/python -m tests.support.chromium
	$(BIN)/python -m tests.support.redis_server
	@touch $@

$(VENV)/.ready-peers: $(VENV)/.ready-dev
	$(BIN)/python -m benchmarks.light
	@touch $@
