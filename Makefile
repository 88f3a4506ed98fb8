# The High Contrast Data Centre. `make help` lists what there is.
# Needs git, make and Python 3.11, 3.12 or 3.13; everything else goes into .venv.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
PROXY := $(VENV)/share/hcdc/proxy
WORKERS ?= 2
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do command -v python$$v && break; done)

# Files that the editable install copies into .venv, so that a change is copied again.
SHARED := $(shell find templates hub_config notebooks -type f -not -path '*/.*' -not -path '*/__pycache__/*' 2>/dev/null)

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help install demo hub test check bench lock browser clean

help:  ## List the targets
	@echo "The High Contrast Data Centre"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- what is installed, step by step

$(VENV)/.made-python:
	$(call say,1/4 Python environment in $(VENV))
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11, 3.12 or 3.13 was found. Install one, or say which: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python --version
	@touch $@

$(VENV)/.made-packages: $(LOCK) | $(VENV)/.made-python
	$(call say,2/4 Packages from $(LOCK) (250 of them; 2 GB on disk))
	@awk '/^uv==/ {on = 1} on && /^ *#/ {exit} on' $(LOCK) > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock
	@$(BIN)/uv pip install $$([ -t 2 ] || echo --quiet) --python $(BIN)/python --require-hashes -r $(LOCK) \
		|| { echo "The fast installer failed; trying again with pip, which takes a minute or two."; \
		     $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r $(LOCK); }
	@touch $@

$(VENV)/.made-project: pyproject.toml hcdc_kernel/__init__.py $(SHARED) $(VENV)/.made-packages
	$(call say,3/4 The High Contrast Data Centre itself)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.made-proxy: hub_config/package.json hub_config/package-lock.json $(VENV)/.made-packages
	$(call say,4/4 The hub's proxy)
	@mkdir -p $(PROXY) && cp hub_config/package.json hub_config/package-lock.json $(PROXY)/
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --prefix $(PROXY) --omit=dev --no-audit --no-fund --loglevel=error
	@touch $@

install: $(VENV)/.made-project $(VENV)/.made-proxy  ## Install everything into .venv (the other targets do it too)

browser: install
	@if ! command -v chromium chromium-browser google-chrome > /dev/null; then \
		printf '\n== Chromium, for the tests of the screens\n'; \
		if ! command -v apt-get > /dev/null; then $(BIN)/playwright install chromium; \
		elif [ "$$(id -u)" = 0 ]; then root=; \
		elif sudo -n true 2> /dev/null; then root='sudo -n'; \
		else echo 'Chromium is missing, and installing it takes root: sudo apt-get install chromium' >&2; exit 1; fi; \
		if command -v apt-get > /dev/null; then \
			export DEBIAN_FRONTEND=noninteractive; \
			$$root apt-get update -qq; \
			$$root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; \
		fi; \
	fi

# ---------------------------------------------------------------- what one does with it

demo: install  ## Reduce a simulated night with known planets, from raw frames to a report
	@$(BIN)/hcdc demo

hub: install  ## Start the hub on this machine (HCDC_HUB_PORT, default 8000)
	@$(BIN)/python -m hub_config

check: install  ## Format, lint, import contracts and types
	$(call say,Format and lint)
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@git ls-files -z '*.ipynb' | xargs -0 -r $(BIN)/nbstripout --verify
	$(call say,Import contracts)
	@$(BIN)/lint-imports --no-logo
	$(call say,Types)
	@$(BIN)/mypy

test: check browser  ## Run all that CI runs: checks, tests, notebooks, the wheel, the hub
	$(call say,Tests)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m 'not performance'

bench: install  ## Compare our speed with that of VIP
	@$(BIN)/python -m pytest -m performance -s

lock: $(VENV)/.made-python  ## Resolve the dependencies anew into requirements.lock
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet -o $(LOCK)
	@echo "$(LOCK) is up to date; 'uv pip compile --upgrade' moves the versions."

clean:  ## Remove the environment and all caches (never your data)
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
