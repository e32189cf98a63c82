# Everything a newcomer needs, from a fresh clone: `make demo`, `make test`. Needs make and Python 3.11 or newer.
# Other wishes: `make demo PYTHON=/path/to/python3.12`, `make test WORKERS=8`, `make test TESTS=tests/metrics`.

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
TESTS ?=
PYTHON ?=
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints/cpu.txt

# one thread for each process: the networks are small, and threads that wait for a busy core make a fit 25 times slower
demo test tests bench: export OMP_NUM_THREADS = 1

.PHONY: help demo test lint types tests bench docs constraints clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/core.stamp ## give the verdict on penguins and say what to do next
	$(BIN)/lamina fit penguins species --out demo
	@printf '%s\n' '' 'The model to use is in demo/model.lamina, the pictures in demo/report.html. What to do next:' '' \
	  '  source $(VENV)/bin/activate' \
	  '  lamina inspect demo/model.lamina             what the file knows about itself' \
	  '  lamina explain demo/model.lamina penguins    why it answers as it does' \
	  '  lamina fit my.csv price --out run            the same for a table and a column of yours' \
	  '  lamina --help                                everything else' ''

test: lint types tests ## lint, types, import contracts and tests

lint: $(VENV)/test.stamp ## style, likely mistakes, and who may import whom
	$(BIN)/ruff check src tests $(wildcard benchmarks)
	$(BIN)/ruff format --check src tests $(wildcard benchmarks)
	$(BIN)/lint-imports --no-logo

types: $(VENV)/test.stamp ## mypy, strict
	$(BIN)/mypy

tests: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m "not slow" --numprocesses $(WORKERS) $(TESTS)

bench: $(VENV)/test.stamp ## slow tests, then every script in benchmarks/
	$(BIN)/python -m pytest -m slow || [ $$? -eq 5 ]  # 5: there is none
	@set -e; for script in $(filter-out %/common.py,$(sort $(wildcard benchmarks/*.py))); do echo "$$script"; $(BIN)/python "$$script"; done

docs: $(VENV)/docs.stamp ## the pages in docs/, as HTML
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --builder html docs docs/_build/html
	@echo 'open docs/_build/html/index.html'

# torch stays at the version that the file names: a newer one is a decision, taken where its CPU build is on offer.
constraints: ## write constraints/cpu.txt anew from today's releases (torch excepted)
	rm -rf $(VENV)/fresh && $(call find_python) && "$$python" -m venv $(VENV)/fresh
	grep -E '^(#|torch==)' constraints/cpu.txt > $(VENV)/fresh/torch.txt
	$(VENV)/fresh/bin/python -m pip install --quiet --constraint $(VENV)/fresh/torch.txt \
	  hatchling editables --editable '.[test,docs]'
	grep '^#' constraints/cpu.txt > $(VENV)/fresh/cpu.txt
	$(VENV)/fresh/bin/python -m pip freeze --exclude-editable | grep -vE '^(cuda|nvidia|triton)' | sed 's/+cpu$$//' \
	  >> $(VENV)/fresh/cpu.txt
	mv $(VENV)/fresh/cpu.txt constraints/cpu.txt && rm -rf $(VENV)/fresh

clean: ## remove whatever was made here, the environment too
	rm -rf $(VENV) demo run dist build docs/_build .benchmarks
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -prune -exec rm -rf {} +

# A name on the path is not yet a Python: version managers leave names behind that only print advice, and some systems
# ship Python without venv. So each candidate has to run and to show what is needed.
IS_FIT = -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
define find_python
for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python none; do \
	  if "$$python" $(IS_FIT); then break; fi; done; \
	if [ "$$python" = none ]; then printf '%s\n' 'No Python that works here was found.' \
	  'Expected: Python 3.11 or newer, with its modules venv and ensurepip.' \
	  'To fix it: install it (on Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python3.12' \
	  >&2; exit 1; fi
endef

# An environment that was made by hand is kept if it works; a broken one (its Python is gone) is made anew.
$(if $(shell $(BIN)/python -c 'print(1)' 2>/dev/null),,$(shell rm -f $(VENV)/*.stamp))
$(VENV)/python.stamp:
	@if $(BIN)/python $(IS_FIT); then exit 0; fi; \
	$(call find_python); \
	echo "Making $(VENV) with $$("$$python" --version)."; "$$python" -m venv --clear $(VENV)
	@touch $@

# What builds lamina is pinned too, and therefore installed first and not fetched for each build.
$(VENV)/core.stamp: $(VENV)/python.stamp pyproject.toml constraints/cpu.txt
	@echo 'Installing lamina; the first time this takes some minutes.'
	$(INSTALL) --quiet hatchling editables
	$(INSTALL) --quiet --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp
	$(INSTALL) --quiet --no-build-isolation --editable '.[test]'
	@touch $@

$(VENV)/docs.stamp: $(VENV)/core.stamp
	$(INSTALL) --quiet --no-build-isolation --editable '.[docs]'
	@touch $@
