# `make help` lists the targets. ./demo and ./check install what is needed and come here.

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -q
SOURCES := src tests tools bench

# Real containers mostly wait: for boots, for packets, for one another. Files run side by side,
# the tests of one file one after the other.
SIDE_BY_SIDE := -n 4 --dist loadfile

# As root everything can run, so a skipped test is a failure (tests/conftest.py).
export VZVIRT_NO_SKIP ?= $(if $(filter 0,$(shell id -u)),1,)

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## install Debian packages and .venv, as far as they are missing
	@tools/setup check

.PHONY: demo
demo:  ## examples/web.xml from definition to undefinition, in a root of its own
	@tools/setup
	@tools/demo

.PHONY: check
check: setup static check-unit check-real  ## every check and test that fits ten minutes

.PHONY: static
static: format lint types imports generated  ## all checks that run no test

.PHONY: format
format:  ## is everything formatted? (to do it: .venv/bin/ruff format)
	$(PYTHON) -m ruff format --check --quiet $(SOURCES)

.PHONY: lint
lint:
	$(PYTHON) -m ruff check --quiet $(SOURCES)

.PHONY: types
types:
	$(PYTHON) -m mypy

.PHONY: imports
imports:  ## do imports go in the allowed directions only? (.importlinter)
	PYTHONPATH=src .venv/bin/lint-imports --no-cache

.PHONY: generated
generated:  ## are the generated files what their generators make today?
	@for tool in tools/*.py; do \
	    [ -e "$$tool" ] || continue; \
	    echo "$(PYTHON) $$tool --check"; $(PYTHON) "$$tool" --check || exit; \
	done

.PHONY: check-unit
check-unit:  ## tests of single modules: no root, seconds
	$(PYTEST) tests/unit

.PHONY: check-real
check-real:  ## the next three together, which takes less time than one after the other
	$(PYTEST) $(SIDE_BY_SIDE) tests/contract tests/system tests/faults tests/clients -m "not slow"

.PHONY: check-contract
check-contract:  ## one suite per port, over the memory backends and the real ones
	$(PYTEST) $(SIDE_BY_SIDE) tests/contract -m "not slow"

.PHONY: check-system
check-system:  ## real containers through the command line
	$(PYTEST) $(SIDE_BY_SIDE) tests/system tests/faults -m "not slow"

.PHONY: check-clients
check-clients:  ## Debian's libvirt clients, with the daemon and its containers
	$(PYTEST) $(SIDE_BY_SIDE) tests/clients -m "not slow"

.PHONY: check-vm
check-vm:  ## real containers in QEMU guests: cgroup v2, hybrid and v1
	@tools/setup check vm
	$(PYTEST) tests/vm -m vm --timeout 3000

.PHONY: check-slow
check-slow: setup  ## fault campaigns, a Debian systemd container
	$(PYTEST) $(SIDE_BY_SIDE) -n 3 tests -m "slow and not vm" --timeout 1200

.PHONY: check-full
check-full: check-slow check-vm  ## what `make check` leaves out because it is long

.PHONY: check-bare
check-bare:  ## set-up and unit tests in a bare Debian 12, made for it from Debian's archive
	@tools/setup check vm
	tools/bare-debian-check check-unit

.PHONY: bench
bench: setup  ## how fast it is, and how that compares to LXC's own tools
	@$(PYTHON) -m bench

.PHONY: clean
clean:  ## remove what checks and builds cached
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
