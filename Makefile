# Nodewright: `make demo` shows it, `make test` proves it, `make check` judges the source.
# Everything is installed into .venv, with the versions and hashes of requirements.lock.

# Which Python makes .venv: the first of 3.11 and later that is found. Or say PYTHON=/path/to/python.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 && \
	$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	{ echo $$name; break; }; done)
BIN := .venv/bin
# Written last, by each step that made it: an interrupted setup is done again.
STAMP := .venv/.nodewright-setup
TYPINGS := typings/.nodewright-types
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := host firmware tests tools
JOBS ?= 2
PYTEST_ARGS ?=
DEMO_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check style types gen gen-check bench wheel
.DELETE_ON_ERROR:

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## .venv with the locked versions, and this project in it

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later with venv was found (on Debian:" \
		"apt install python3-venv); name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
		"make: $(PYTHON) is Python %d.%d; 3.11 or later is needed: make PYTHON=..." % v[:2])'
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## three machines, three virtual nodes, a broker, a table (DEMO_ARGS=...)
	$(BIN)/nodewright demo $(DEMO_ARGS)

test: setup ## all tests, on CPython and on MicroPython (PYTEST_ARGS=...)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup $(PYTEST_ARGS)

check: style types gen-check ## format, lint, types, generated files

style: setup ## format and lint, changing nothing
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

types: setup $(TYPINGS) ## mypy --strict: the host against CPython, the firmware against MicroPython
	$(BIN)/mypy -p nodewright -p sim.cpython
	$(BIN)/mypy --exclude /stubs/ tools tests/runner
	$(BIN)/mypy --config-file tools/mypy-firmware.ini -p wire -p node -p sim -p bench

# A folder of its own: in .venv these stubs would lie over CPython's modules.
$(TYPINGS): typings.lock | $(STAMP)
	rm -rf typings
	$(PIP) install --quiet --require-hashes --no-deps --target typings --requirement typings.lock
	@touch $@

gen: setup ## write what is generated from the contract
	$(BIN)/python tools/gen.py

gen-check: setup ## fail where a generated file is not what gen would write
	$(BIN)/python tools/gen.py --check

bench: setup ## boot, messages, stages, heap, a fleet's check, images
	$(BIN)/python tools/bench.py

wheel: setup ## dist/: the wheel and the source distribution
	rm -rf dist
	$(BIN)/hatchling build -d dist
