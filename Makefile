# Two commands for a new user: `make demo` and `make test`. Each sets itself up.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := $(patsubst %/__init__.py,%,$(wildcard */__init__.py))
WORKERS ?= 2  # cores to use
.DEFAULT_GOAL := help

.PHONY: help demo test test-fast check check-types check-format check-lint check-rooms check-docs docs survive fuzz rehearse bench peers wheel image clean

help:
	@echo "make .venv   set up (uv where it works, else pip; every package is checked by its hash)"
	@echo "make demo    a synthetic register, three approved projects, one release of each kind"
	@echo "make test    the whole test suite"
	@echo "make test-fast the unit tests that start no server, browser, JVM, compiler or token"
	@echo "make check   format, lint, types, architecture, generated documents"
	@echo "make docs    write the generated documents again"
	@echo "make bench   every number of docs/measured.md"
	@echo "make survive ROUNDS=300: releases are killed anywhere, resumed, and looked at"
	@echo "make fuzz FUZZ_SECONDS=600: every parser of outside files, near valid ones"
	@echo "make rehearse the deployment guide, with a real PostgreSQL and a real Prefect server"
	@echo "make wheel   dist/doj-release: what a server gets; make image: a worker's container of it"
	@echo "make peers   what the benchmarks compare with, in .venv-peers"

# uv leaves byte code to the first run, and with PYTHONDONTWRITEBYTECODE every run makes it again: a
# second of each command. What does not compile is somebody's test for that.
compiled = $(1)/bin/python -m compileall -q -j 0 -x '/tests?/' $(1)/lib/python*/site-packages $(2) >/dev/null 2>&1 || true

# Each of the tests' processes would compile all tests again; what they keep lies in __pycache__.
BYTECODE := PYTHONDONTWRITEBYTECODE=

# --no-deps: the lock is whole, and older pips (Debian 12's) look for an extra's package beside its pin.
# `command -v uv` can answer for a shim that does not run, so uv is asked for its version.
.venv: .venv/.stamp
.venv/.stamp: requirements.lock pyproject.toml hatch_build.py pipelines/cli/doj-release $(wildcard matching/native/*.[ch])
	@set -e; \
	if uv --version >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv; \
	  uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index -e .; \
	else \
	  $(PYTHON) -m venv .venv; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .; \
	fi
	@$(call compiled,.venv,$(PACKAGES))
	@touch $@

# Everything that a server gets: the wheel, and what stands beside it (docs/installing.md).
wheel: .venv
	@rm -rf dist && $(BIN)/doj-release deployment files --out dist/doj-release >/dev/null
	@$(BIN)/python -m hatchling build -t wheel -d dist/doj-release

# The worker's image, where a builder is there.
BUILDER ?= docker
image: wheel
	@$(BUILDER) build -f dist/doj-release/deploy/Dockerfile -t doj-release dist/doj-release

# Ends releases at every stage boundary and at random moments, resumes them, and looks at all that
# must hold; so many rounds, and two commands at once. About 4 s of processor time a round.
ROUNDS ?= 300
survive: .venv
	@$(BIN)/python -m tests.survive --rounds $(ROUNDS)

# Every parser of outside bytes by turns; what breaks one is kept in fuzz-found/.
FUZZ_SECONDS ?= 600
fuzz: .venv
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

# docs/operations.md from an empty folder, with a real PostgreSQL and a real Prefect server on it.
rehearse: .venv
	@$(BIN)/python -m tests.rehearsal

peers: .venv-peers/.stamp
.venv-peers/.stamp: benchmarks/peers.lock
	@set -e; \
	if uv --version >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-peers; \
	  uv pip sync --quiet --python .venv-peers/bin/python --require-hashes benchmarks/peers.lock; \
	else \
	  $(PYTHON) -m venv .venv-peers; \
	  .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r benchmarks/peers.lock; \
	fi
	@$(call compiled,.venv-peers)
	@touch $@

# demo-home only ever holds what an earlier demo made up.
demo: .venv
	@rm -rf demo-home
	@$(BIN)/doj-release demo

# All examples of every property, the same ones each time; a plain pytest draws a few, at random.
# One process more than cores: one of them mostly waits, for a server, a browser or a disk.
test: .venv
	@$(BYTECODE) HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(BIN)/python -m pytest -n $$(($(WORKERS) + 1))

# What needs a part of the machine, or a server of its own, is marked (tests/parts.py).
test-fast: .venv
	@$(BYTECODE) $(BIN)/python -m pytest tests/unit -n $(WORKERS) -m "not machine and not long"

# Side by side, each one's output in one piece; all of them run, and one that fails fails this.
check: .venv
	@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=$(WORKERS) $(CHECKS)

CHECKS := check-types check-docs check-rooms check-lint check-format  # the longest first
check-types: .venv
	@$(BIN)/pyright --warnings --threads $(WORKERS)
check-format: .venv
	@$(BIN)/ruff format --check .
check-lint: .venv
	@$(BIN)/ruff check .
check-rooms: .venv
	@$(BIN)/lint-imports
check-docs: .venv
	@$(BIN)/python -m docs.generate --check

docs: .venv
	@$(BIN)/python -m docs.generate

bench: .venv
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

clean:
	rm -rf .venv .venv-peers demo-home dist
