# Each target sets itself up: a virtual environment in .venv with the exact versions of the lock.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint types unit test-prefect bench reliability kills mutation soak soak-money audit lock clean

help:
	@echo "make demo   watch a company's books move, on the sandbox (no account needed)"
	@echo "make test   lint, types and all tests"
	@echo "make test-prefect  only the tests with a real Prefect server, worker and kills"
	@echo "make bench  speed and memory, as ratios against the alternatives"
	@echo "make reliability  every call of every flow goes wrong in every way; writes the table"
	@echo "make kills  kill -9 the real program 500 times; both sides end as on a quiet day"
	@echo "make mutation  change the deciding code in one place at a time: a test has to notice"
	@echo "make soak   50,000 lives of money, the matrix over sockets, then weeks without end"
	@echo "make soak-money  only the 50,000 random lives of payments, bounces, faults and crashes"
	@echo "make audit  ask whether a pinned version has a known flaw (needs the internet)"
	@echo "make lint | types | unit | lock | clean"

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: $(PYTHON) was not found"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (set PYTHON=...)"; exit 1; }
	@echo "Setting up $(VENV) (about a minute, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/python -m tests.sandbox.demo

# Types, and the Prefect tests, which mostly wait, run beside the others.
test: lint
	@$(MAKE) --no-print-directory -j 3 types unit test-prefect

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --ignore tests/prefect

# One real Prefect server for all of it, workers that are killed: two to three minutes.
test-prefect: $(READY)
	$(BIN)/pytest --quiet tests/prefect

bench: $(READY)
	@$(BIN)/python -m tests.bench

# Some four thousand cells; five minutes of CPU. Writes docs/reliability.md.
reliability: $(READY)
	$(BIN)/python -W error -m tests.reliability

# Days of a small office whose every command is killed at random (KILLS=50 SEED=3: fewer, others).
kills: $(READY)
	@$(BIN)/python -m tests.flows.kills --kills $(or $(KILLS),500) --per-day 8 --seed $(or $(SEED),7)

# A fixed sample of small slips in mappings/ and the ledger; a quarter of an hour on two cores.
mutation: $(READY)
	@$(BIN)/python -m tests.mutation

# All that takes long: the money lives, the fault matrix over real sockets, then weeks of an office
# until Ctrl-C, or until one is violated (FROM=5000 begins at another seed).
soak: soak-money
	$(BIN)/python -W error -m tests.reliability --wired
	@$(BIN)/python -m tests.simulation --forever --seed $(or $(FROM),1000)

# Fifty thousand lives of payments, bounces, edits, faults and crashes: an hour on a core of its own.
soak-money: $(READY)
	FOLLOW_UP_EXAMPLES=50000 $(BIN)/pytest tests/flows/test_follow_up_property.py

# Every pinned version against the published advisories. --strict: a package that could not be looked
# up is a failure, so that no answer is never taken for a clean one.
audit:
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && \
		.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	.venv-audit/bin/pip-audit --strict --disable-pip --no-deps -r requirements.lock

# Take the newest versions that pyproject.toml allows, as name==version lines.
lock:
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check hatchling editables .
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check --group dev --group elsewhere
	@.venv-lock/bin/python -m pip freeze --exclude-editable | grep -v '^teamleader-twikey' > requirements.lock
	@rm -rf .venv-lock

clean:
	rm -rf $(VENV) .venv-audit .venv-bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutation
