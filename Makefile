# make demo | make test: everything installs itself into .venv. `make help` lists the rest.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test slow check fix base bench clean

help:  ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 8

$(READY): pyproject.toml constraints.txt
	@echo "installing into $(VENV) (once; a few minutes)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## The main job on examples/acme with the embedded base
	$(BIN)/realift run examples/acme/realift.yaml

test: $(READY)  ## All default tests (CPU, offline, under five minutes)
	$(BIN)/python -m pytest -q -n auto --dist loadfile

slow: $(READY)  ## The tests that take longer
	$(BIN)/python -m pytest -q -m slow

check: $(READY)  ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(READY)  ## Mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

base: $(READY)  ## Build the embedded base anew (about three hours on one core)
	$(BIN)/python base/build.py

bench: $(READY)  ## Measure; results go to benchmarks/
	$(BIN)/python benchmarks/run.py

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
