# Needs python3 (3.11 to 3.13) with venv and pip, nothing else. PYTHON=python3.12 chooses another.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXAMPLES := smoke imbalance own-loss several-outputs label-noise long-tail ordinal multilabel skewed-noise own-folder own-csv retrieval series vectors counts rare-positives outliers heteroscedastic soft-labels missing-labels own-function segmentation augmentation optimizers own-network null learning-rates

EXAMPLES_WITH_BACKBONE := finetune-frozen finetune-staged

.PHONY: help demo oracles browser-tools test slow soak bench bench-losses bench-frozen bench-compare bench-report check format examples schema docs simulation gallery notebook clean
help:
	@echo "make demo      install, run configs/quickstart.yaml, show the comparison"
	@echo "make test      install what tests need and run them"
	@echo "make oracles   add PyTorch, JAX and optax, so that tests compare losses with theirs"
	@echo "make browser-tools  add axe-core, so that tests check the report's accessibility; needs npm"
	@echo "make slow      train a network with every loss; takes minutes"
	@echo "make soak      a bad night in a few minutes: kills, full disk, truncated files"
	@echo "make bench     compare speed with hand-written scripts; LOSSBENCH_DATA has mnist.npz"
	@echo "make bench-losses  what each loss adds to a training step"
	@echo "make bench-frozen  compare speed where a pretrained network is frozen"
	@echo "make bench-compare  how long compare takes over 1,000 and 10,000 jobs"
	@echo "make bench-report  how long report takes over 100 and 1,000 jobs, and how large the page is"
	@echo "make check     ruff, mypy, import contract, schema is fresh"
	@echo "make format    format and repair what ruff can"
	@echo "make examples  run the example configs"
	@echo "make schema    write configs/lossbench.schema.json"
	@echo "make docs      write the pages of docs/ that a script writes"
	@echo "make gallery   run the experiments of docs/gallery and write their reports; half an hour"
	@echo "make notebook  execute docs/notebook.ipynb anew"
	@echo "make simulation  write docs/simulation.md: how often verdicts are wrong; a minute"
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

$(VENV)/installed-oracles: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,oracles]'
	@touch $@

oracles: $(VENV)/installed-oracles

browser-tools: $(VENV)/installed-dev
	npm install --prefix $(VENV) --no-save --silent axe-core@4.14.1 || \
		echo "npm could not install axe-core: tests of accessibility will be skipped"

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

soak: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow tests/soak -s

slow: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow --ignore tests/soak

bench: $(VENV)/installed
	$(BIN)/python benchmarks/bench.py $(BENCH)

bench-losses: $(VENV)/installed
	$(BIN)/python benchmarks/losses.py > $(VENV)/losses.md
	mv $(VENV)/losses.md benchmarks/LOSSES.md

bench-frozen: $(VENV)/installed
	$(BIN)/python benchmarks/frozen.py $(BENCH)

bench-compare: $(VENV)/installed
	$(BIN)/python benchmarks/comparing.py $(BENCH)

bench-report: $(VENV)/installed
	$(BIN)/python benchmarks/reports.py $(BENCH)

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
	$(BIN)/python configs/own_data.py
	for name in $(EXAMPLES); do $(BIN)/lossbench run configs/$$name.yaml || exit 1; done
	for name in $(EXAMPLES_WITH_BACKBONE); do \
		if [ -f "$$LOSSBENCH_DATA/efficientnet_lite0_imagenet_notop.keras" ]; \
		then $(BIN)/lossbench run configs/$$name.yaml || exit 1; \
		else echo "$$name is left out: LOSSBENCH_DATA names no folder with its backbone"; fi; done

schema: $(VENV)/installed
	$(BIN)/lossbench schema -o configs/lossbench.schema.json

docs: $(VENV)/installed-dev simulation
	$(BIN)/lossbench check-loss --all --markdown > $(VENV)/check-loss.md
	mv $(VENV)/check-loss.md docs/check-loss.md
	$(BIN)/python docs/tutorial_numbers.py > docs/tutorial-numbers.md
	$(BIN)/python docs/oracles.py > docs/oracles.md
	$(BIN)/python docs/synthetic_data.py > docs/synthetic-data.md

simulation: $(VENV)/installed
	$(BIN)/python docs/simulation.py > $(VENV)/simulation.md
	mv $(VENV)/simulation.md docs/simulation.md

gallery: $(VENV)/installed-dev
	$(BIN)/python docs/gallery.py $(GALLERY)

notebook: $(VENV)/installed-dev
	$(BIN)/python docs/notebook.py

clean:
	rm -rf $(VENV)
