# The two commands a newcomer needs are `make demo` and `make test`. Everything they install goes into .venv,
# at the versions and hashes of .locks; once it is there, they need no network.

PYTHON ?= python3
PORT ?= 8000
SERVE ?= 1
PHONE ?= 0
KEEP ?= 0
JOBS ?= 2
ROUNDS ?= 10
PYTEST ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
CODE := $(wildcard coi_tracker labels web migrations tests benchmarks)
TYPED := $(wildcard coi_tracker labels web tests)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast lint format coverage lock bench bench-large soak clean

help: ## Say what can be made (this text)
	@echo "COI Tracker. Targets:"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo "Settings: PORT=$(PORT) SERVE=$(SERVE) JOBS=$(JOBS) PYTHON=$(PYTHON) PYTEST='more arguments for pytest'"

demo: $(VENV)/.runtime ## Install, migrate, simulate the trial, verify it, serve it (PORT=8000; SERVE=0 ends after verification; KEEP=1 serves the one that is there; PHONE=1 for telephones too)
	$(BIN)/coi demo $(if $(filter 0,$(SERVE)),--no-serve,--port $(PORT)) $(if $(filter 0,$(KEEP)),,--keep) $(if $(filter 0,$(PHONE)),,--phone)

test: lint $(VENV)/.npm ## Check style, types and arrows, then run every test on SQLite and PostgreSQL
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST)

test-fast: $(VENV)/.dev ## Run the tests that take no more than a few seconds each
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow and not browser" $(PYTEST)

lint: $(VENV)/.dev ## Check style (ruff) and types (mypy, strict); the arrows are checked by the tests
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(TYPED)

format: $(VENV)/.dev ## Lay the code out as lint wants it
	$(BIN)/ruff format $(CODE)

coverage: $(VENV)/.dev $(VENV)/.npm ## Run every test and show the lines that none of them reached
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov --cov-report=term $(PYTEST)

lock: $(VENV)/.dev ## Choose newest versions within pyproject.toml and write .locks anew
	$(PIP) install "uv>=0.9"
	$(BIN)/uv pip compile pyproject.toml --group build $(LOCKING) -o .locks/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --group build --group dev -c .locks/runtime.txt $(LOCKING) -o .locks/dev.txt

# One lock for every Python we support; no address of where the files came from.
LOCKING := --upgrade --universal --python-version 3.11 --generate-hashes --quiet \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

bench: $(VENV)/.dev ## Measure what the documentation claims about speed
	@for file in $(sort $(wildcard benchmarks/bench_*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-large: $(VENV)/.dev ## Measure one step at a thousand, a hundred thousand and a million entries (some 20 minutes, 10 GB)
	$(BIN)/python benchmarks/bench_step.py --entries 1000 100000 1000000

soak: $(VENV)/.dev ## Race, kill and crash again and again, until something breaks (ROUNDS=10)
	@for round in $$(seq $(ROUNDS)); do $(BIN)/python -m pytest -q tests/races tests/durability || exit 1; done
	COI_SOAK=1 $(BIN)/python -m pytest -q -s tests/browser/test_wedge.py -k 1000

clean: ## Remove what the tools leave behind; keeps var/ and .venv
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* .import_linter_cache build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- installing -----------------------------------------------------------------------------------
# A stamp is newer than its lock file when all of it is installed. The project itself is installed in place
# and without build isolation: its build backend is in the lock too.

$(VENV)/.runtime: .locks/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what .locks/runtime.txt names into $(VENV)"
	@$(PIP) install --require-hashes -r .locks/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: .locks/dev.txt $(VENV)/.runtime
	@echo "Installing what .locks/dev.txt names into $(VENV)"
	@$(PIP) install --require-hashes -r .locks/dev.txt
	@touch $@

# One test renders labels with a library from npm. Where npm or the network is missing, that test is skipped loudly.
$(VENV)/.npm: .locks/npm/package-lock.json .locks/npm/package.json | $(BIN)/python
	@echo "Installing what .locks/npm names into $(VENV)/npm"
	@mkdir -p $(VENV)/npm && cp .locks/npm/package.json .locks/npm/package-lock.json $(VENV)/npm/
	@if npm ci --prefix $(VENV)/npm --ignore-scripts --no-audit --no-fund --loglevel error >/dev/null; then touch $@; \
	else echo "npm could not install it: one test of label printing will be left out"; fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed; '$(PYTHON)' is not. Name another one: make PYTHON=python3.12"; exit 1; }
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv --quiet $(VENV); \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --python $(PYTHON) $(VENV); \
	else echo "Python cannot make a virtual environment here. On Debian: apt-get install python3-venv"; exit 1; fi
