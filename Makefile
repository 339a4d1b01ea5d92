# One command per job. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check format bench clean

run: $(VENV)/.ready-run  ## start everything: Valkey, worker, gateway, page
	@exec $(BIN)/python -m stack

test: check  ## every check and every test
	$(BIN)/python -m pytest

check: $(VENV)/.ready-dev  ## the quick part: lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready-dev  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev  ## our costs beside our peers', as ratios; about three minutes
	@status=0; for name in update_cost delivery_cost; do $(BIN)/python -m benchmarks.$$name || status=1; echo; done; exit $$status

clean:  ## remove what the other targets made
	rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Taskbeam needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-run: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[gateway,worker,stack]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.ready-run
