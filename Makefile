# `make run` alone installs what is needed and shows the main job; `make help` lists the rest.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# the distribution's own Python where it is new enough: it is built with profiles, which pyenv's is not, and takes a third less CPU
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/)python3
NICE := nice -n 5
# a folder of its own for each run: pytest's shared one may hold mounts of a run that is going on
PYTEST = scratch=$$(mktemp -d) && trap 'rm -rf --one-file-system "$$scratch"' EXIT && $(NICE) $(BIN)/pytest -n 2 --dist worksteal --basetemp="$$scratch/t"

.DEFAULT_GOAL := help
.PHONY: help setup run check test test-full lint types layers bench models train-parser clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml requirements.lock scripts/setup.sh
	@bash scripts/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

setup: $(VENV)/.installed ## make .venv with the lsfs command in it

run: setup ## the main job on an example library; with ROOT=DIR [MOUNT=DIR] on a directory of yours, until Ctrl-C
ifdef ROOT
	@$(BIN)/lsfs up "$(ROOT)" $(if $(MOUNT),"$(MOUNT)") --foreground
else
	@$(BIN)/python examples/tour.py
endif

$(VENV)/.dev: $(VENV)/.installed
	@bash scripts/setup.sh "$(PYTHON)" "$(VENV)" dev
	@touch $@

check: $(VENV)/.dev lint types layers ## format, lint, types, layers

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

test: $(VENV)/.dev ## the tests, a sample of the long ones included
	@$(PYTEST) -q

test-full: $(VENV)/.dev ## all of them, long ones too
	@bash scripts/setup.sh "$(PYTHON)" "$(VENV)" full
	@$(PYTEST) -m "" --timeout 3600

bench: $(VENV)/.dev ## the figures of the README
	$(BIN)/python -m tests.bench

models: $(VENV)/.dev ## make the embedder's model file again from the published weights
	$(BIN)/python -m lsfs.embed.build

train-parser: ## make the parser's weights again (needs its own environment with torch)
	@sh prompts/training/train.sh

clean: ## remove what was built
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
