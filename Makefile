# One command per job. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Node comes with the environment.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
# Hundreds of processes load the same sources: what one has compiled serves the others.
export PYTHONDONTWRITEBYTECODE =
# Folders whose tests have their results wherever they are told to.
CLUSTER ?= tests/taskbeam tests/tracing tests/fates tests/canvases tests/delivery tests/notifications tests/waiting \
  tests/client tests/gateway tests/cluster tests/worker tests/app tests/cli tests/feeds tests/monitoring tests/proxies \
  tests/docs tests/adoption tests/browser tests/stock

.PHONY: run test cluster check format docs screenshots next bench chaos soak steady clean

run: $(VENV)/.ready-run  ## start everything: Valkey, worker, gateway, page
	@exec $(BIN)/python -m stack

test: $(VENV)/.ready-dev  ## every check and every test
	@# What is checked, what the machine lacks and what is compiled wait for different things.
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=line check machine collected
	$(BIN)/python -m pytest -n 6 --dist loadgroup --no-loadscope-reorder

.PHONY: machine
machine: $(VENV)/.ready-peers

# Otherwise each of the six that run tests compiles them all.
.PHONY: collected
collected: $(VENV)/.ready-dev
	@found=$$($(BIN)/python -m pytest --collect-only -qqq) || { echo "$$found"; exit 1; }

cluster: $(VENV)/.ready-dev  ## the tests that have their results on a real Redis Cluster; a quarter of an hour, or CLUSTER="tests/fates"
	$(BIN)/python -m pytest --on-cluster -n 4 --dist loadgroup --no-loadscope-reorder $(CLUSTER)

check: $(VENV)/.ready-dev node_modules/.ready  ## the quick part: lint, format, types, known weaknesses
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.support.advisories
	$(NPM) --silent run check
	$(NPM) --silent run size

format: $(VENV)/.ready-dev  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-dev  ## the documents with the API reference, in var/docs/index.html
	$(BIN)/python -m sphinx -W --keep-going --quiet docs var/docs

screenshots: $(VENV)/.ready-browser  ## the pictures in docs/images; about three minutes
	$(BIN)/python -m tests.browser.screenshots
	$(BIN)/python -m tests.cli.pictures

next: $(VENV)/.ready-browser node_modules/.ready  ## the example of Next, built and served by Next, in a browser; it downloads 340 MB
	$(BIN)/python -m pytest tests/browser/next_build.py

bench: $(VENV)/.ready-bench  ## our costs beside our peers', as ratios; an hour and a half, or BENCH=--quick
	@$(BIN)/python -m benchmarks $(BENCH)

chaos: $(VENV)/.ready-faults  ## every fault, with 1,000 clients; about 20 minutes, or CHAOS="--only hop --clients 99 --seed 1"
	@$(BIN)/python -m tests.faults $(CHAOS)

soak: $(VENV)/.ready-faults  ## does anything grow in an hour of tasks, clients, deploys and faults? SOAK="--minutes 5"
	@$(BIN)/python -m tests.faults.soak $(SOAK)

steady: $(VENV)/.ready-peers  ## every test ten times, beside two busy CPUs; hours, or STEADY="--runs 2 -- tests/browser"
	@$(BIN)/python -m tests.steady $(STEADY)

clean:  ## remove what the other targets made
	rm -rf $(VENV) node_modules build frontend/types frontend/custom-elements.json frontend/examples/dist frontend/examples/node_modules tests/frontend/projects/node_modules var .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Taskbeam needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-run: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[gateway,worker,history,notify,push,stack]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.ready-run

$(VENV)/.ready-bench: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@ $(VENV)/.ready-dev $(VENV)/.ready-run

node_modules/.ready: $(VENV)/.ready-dev package.json package-lock.json frontend/package.json tests/frontend/projects/package.json
	$(NPM) ci --loglevel=error
	@touch $@

$(VENV)/.ready-browser: $(VENV)/.ready-dev
	$(BIN)/python -m tests.support.chromium
	$(BIN)/python -m tests.support.redis_server
	@touch $@

# One after the other: Debian installs one thing at a time.
$(VENV)/.ready-proxies: $(VENV)/.ready-browser
	$(BIN)/python -m tests.support.reverse_proxies
	$(BIN)/python -m tests.support.prometheus
	$(BIN)/python -m tests.support.helm
	@touch $@

$(VENV)/.ready-broker: $(VENV)/.ready-proxies
	$(BIN)/python -m tests.support.rabbitmq
	@touch $@

$(VENV)/.ready-faults: $(VENV)/.ready-dev
	$(BIN)/python -m tests.support.fake_clock
	@touch $@

$(VENV)/.ready-peers: $(VENV)/.ready-broker
	$(BIN)/python -m benchmarks.light
	@touch $@
