# Everything here sets up what it needs. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
HOME_DIR ?= var
PYTEST ?= pytest
PYTEST_WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN) ## do the main job: poll, tag, group, measure, compose, and write today's digests
	@$(BIN)/trendbot run --home $(HOME_DIR)

demo: $(RUN) ## show the made-up sample week
	@$(BIN)/trendbot demo --home $(HOME_DIR)

test: $(DEV) ## run the tests
	$(BIN)/$(PYTEST) -n $(PYTEST_WORKERS) $(TESTS)

coverage: $(DEV) ## run the tests, show what they do not reach, and fail below the floor
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n $(PYTEST_WORKERS)
	$(MAKE) coverage-report

coverage-report:
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

lint: $(DEV) ## ruff: style, size, banned calls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV) ## mypy --strict
	$(BIN)/mypy

contracts: $(DEV) ## import-linter: the layers
	$(BIN)/lint-imports

check: test lint types contracts ## all of the above, as CI does

format: $(DEV) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## write the reference pages that follow from the code
	$(BIN)/python -m tests.reference

setup: $(DEV) ## only set up the environment

$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$($$python --version), once; this takes a minute ..."; \
	    if $$python -m venv $(VENV); then exit 0; fi; \
	    rm -rf $(VENV); echo "make: $$python cannot make a virtual environment: install its venv package" >&2; exit 1; \
	  fi; \
	done; \
	echo "make: Python 3.11 or newer is needed, and none was found on PATH" >&2; exit 1

$(RUN): pyproject.toml constraints.txt | $(BIN)/python
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(DEV): $(RUN)
	@$(PIP) install --upgrade -c constraints.txt pip
	@$(PIP) install -c constraints.txt -e '.[all]' --group dev
	@touch $@

clean: ## remove the environment, caches and build results (not your data in var/)
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov

.PHONY: help run demo test coverage coverage-report lint types contracts check format docs setup clean
