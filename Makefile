# `make help` is the developer's manual.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
SOURCES := libs services deploy tests
SRC := libs/client/src libs/events/src libs/evidence/src libs/service/src $(foreach s,intake triage video dispatch metrics,services/$(s)/src) deploy/local/src
OURS := $(foreach p,vpr vpr-client vpr-dispatch vpr-events vpr-evidence vpr-intake vpr-metrics vpr-service vpr-triage vpr-video,--no-emit-package $(p))
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
           --no-emit-find-links --python-version 3.13 $(OURS)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: setup
setup: $(VENV)/.ready  ## make .venv with everything pinned (skipped when nothing changed)

$(VENV)/.ready: requirements.lock requirements-dev.lock deploy/setup.sh pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml
	@deploy/setup.sh

.PHONY: system
system: setup  ## Debian packages that tests need (installs as root on Debian, else names what is missing)
	@deploy/system-packages.sh

.PHONY: run
run: setup  ## start the system on http://localhost:8000, for staff on :8001 (Ctrl-C stops it)
	@$(BIN)/vpr up

.PHONY: test
test: setup system  ## every test, on real servers
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: setup  ## ruff, its formatter, and the import rules
	@$(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES) && $(BIN)/lint-imports --no-cache

.PHONY: format
format: setup  ## let ruff mend what it can
	@$(BIN)/ruff format $(SOURCES) && $(BIN)/ruff check --fix $(SOURCES)

.PHONY: types
types: setup  ## mypy --strict on everything
	@$(BIN)/mypy $(SRC) tests

.PHONY: contracts
contracts: setup  ## write what is made from the contracts: docs/asyncapi.yaml, docs/events.md, their published forms
	@$(BIN)/python -m tests.contract.published
	@$(BIN)/vpr asyncapi > docs/asyncapi.yaml.new && mv docs/asyncapi.yaml.new docs/asyncapi.yaml
	@$(BIN)/vpr events > docs/events.md.new && mv docs/events.md.new docs/events.md

.PHONY: faults
faults: setup  ## random faults under load: N runs (20), from SEED (by chance); stops at the first that is not clean
	@$(BIN)/python -m tests.faults -n $(or $(N),20) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: bench
bench: setup  ## a table of ratios, measured in one run (PARTS="posts calls" for some of it)
	@$(BIN)/python -m tests.bench $(PARTS)

.PHONY: lock
lock:  ## resolve the two lock files anew
	@test -x $(BIN)/uv || deploy/setup.sh --tools-only
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock

.PHONY: clean
clean:  ## remove what setup, runs and tests made (the data in .vpr too)
	@test ! -x $(BIN)/vpr || $(BIN)/vpr discard --yes
	@rm -rf $(VENV) .vpr build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis screenshots
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
