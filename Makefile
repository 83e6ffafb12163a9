# Needs python3 (3.11 to 3.13) with venv and pip, nothing else. PYTHON=python3.12 chooses another.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXAMPLES := smoke regression imbalance own-loss

.PHONY: help demo test soak bench check format examples schema clean
help:
	@echo "make demo      install, run configs/quickstart.yaml, show the comparison"
	@echo "make test      install what tests need and run them"
	@echo "make soak      a bad night in a few minutes: kills, full disk, truncated files"
	@echo "make bench     compare speed with hand-written scripts; LOSSBENCH_DATA has mnist.npz"
	@echo "make check     ruff, mypy, import contract, schema is fresh"
	@echo "make format    format and repair what ruff can"
	@echo "make examples  run the example configs"
	@echo "make schema    write configs/lossbench.schema.json"
	@echo "make clean     remove the environment"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/lossbench run configs/quickstart.yaml

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not slow"

soak: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow tests/soak -s

bench: $(VENV)/installed
	$(BIN)/python benchmarks/bench.py $(BENCH)

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/lossbench schema -o $(VENV)/schema.json
	cmp $(VENV)/schema.json configs/lossbench.schema.json || \
		(echo "configs/lossbench.schema.json is stale: make schema" && false)

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

examples: $(VENV)/installed
	for name in $(EXAMPLES); do $(BIN)/lossbench run configs/$$name.yaml || exit 1; done

schema: $(VENV)/installed
	$(BIN)/lossbench schema -o configs/lossbench.schema.json

clean:
	rm -rf $(VENV)
