# Everything here sets up what it needs. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOME_DIR ?= var
PYTEST_WORKERS ?= 2

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## do the main job: poll, tag, group, measure, compose, and write today's digests
	@$(BIN)/trendbot run --home $(HOME_DIR)

demo: $(STAMP) ## show the made-up sample week
	@$(BIN)/trendbot demo --home $(HOME_DIR)

test: $(STAMP) ## run the tests
	$(BIN)/pytest -n $(PYTEST_WORKERS)

coverage: $(STAMP) ## run the tests and report what they do not reach
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n $(PYTEST_WORKERS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

lint: $(STAMP) ## ruff: style, size, banned calls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

contracts: $(STAMP) ## import-linter: the layers
	$(BIN)/lint-imports

check: test lint types contracts ## all of the above, as CI does

format: $(STAMP) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(STAMP) ## only set up the environment

$(STAMP): pyproject.toml constraints.txt
	@PY=""; for p in python3.13 python3.12 python3.11 python3; do \
	  if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then PY=$$p; break; fi; \
	done; \
	if [ -z "$$PY" ]; then echo "make: Python 3.11 or newer is needed, and none was found on PATH" >&2; exit 1; fi; \
	if [ ! -x $(BIN)/python ]; then echo "Setting up $(VENV) with $$($$PY --version) (once, about a minute) ..."; $$PY -m venv $(VENV); fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade -c constraints.txt pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]' --group dev
	@touch $@

clean: ## remove the environment, caches and build results (not your data in var/)
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov

.PHONY: help run demo test coverage lint types contracts check format setup clean
