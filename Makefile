PYTHON ?= $(firstword $(shell command -v python3.11 2>/dev/null) $(shell command -v python3 2>/dev/null))
BIN := .venv/bin
STAMP := .venv/.installed
# Many of the pinned versions need Python 3.11; an older one gets the newest that pyproject.toml allows.
CONSTRAINTS ?= $(shell $(PYTHON) -c 'import sys; print("constraints.txt" if sys.version_info >= (3, 11) else "/dev/null")')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo tables-synthetic slurm-dry-run check format test test-all docs bench clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Make .venv and install the package with its development tools

$(STAMP): pyproject.toml constraints.txt
	@rm -f $@
	@test -n "$(PYTHON)" || { echo "no python3.11 or python3 found; name one: make setup PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$(PYTHON) is older than Python 3.10; name another: make setup PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## Train and evaluate a small model on rendered walkers, on a CPU, in minutes
	$(BIN)/python -m reid_cosam.train experiment=quickstart

# Two runs at a time, one thread each, take less time than one at a time with two. table4 holds all of table2.
SYNTHETIC_TABLES ?= table4 table3 table6 table7 table2
SYNTHETIC_RUNS ?= $(shell getconf _NPROCESSORS_ONLN)

tables-synthetic: $(STAMP)  ## Tables 2 to 7 on rendered walkers, on a CPU in about an hour; may be killed and repeated
	@failed=0; for table in $(SYNTHETIC_TABLES); do \
		echo "== $$table"; \
		OMP_NUM_THREADS=1 $(BIN)/python -m reid_cosam.train "experiment=[$$table,tables_synthetic]" \
			launcher=joblib hydra.launcher.n_jobs=$(SYNTHETIC_RUNS) $(OVERRIDES) || failed=$$?; \
		test $$failed -lt 128 || exit $$failed; \
	done; \
	$(BIN)/python -m reid_cosam.tables 'runs=[logs/train/kept]' out=experiments && exit $$failed

slurm-dry-run: $(STAMP)  ## Print the job script of a sweep over a table on a Slurm cluster
	$(BIN)/python -m reid_cosam.sweeps.slurm_script experiment=table3 data=mars trainer.devices=2 $(OVERRIDES)

check: $(STAMP)  ## Lint, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(STAMP)  ## Sort imports and format all Python files
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

# One process a core with one thread each takes half the time of one process with all threads.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal

test: $(STAMP)  ## Quick tests
	$(PYTEST)

test-all: $(STAMP)  ## All tests, the slow ones too
	$(PYTEST) -m ''

docs: $(STAMP)  ## Build the site of the documents, strictly, into build/site
	$(BIN)/mkdocs build --strict

bench: $(STAMP)  ## Run all benchmarks, in ten minutes: benchmarks/quick/RESULTS.md
	$(BIN)/python -m benchmarks $(if $(RELEASED),released=$(RELEASED)) $(if $(BEFORE),before=$(BEFORE))

clean:  ## Remove .venv, caches and build outputs; data sets and logs stay
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
