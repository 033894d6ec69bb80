# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
# where the images to train on lie: spider-t2space and spider-midsag
DATA ?= $(or $(LUMBOMICS_DATA),../shared/data)
BIN := .venv/bin
# uv: the one on PATH, else one brought into the environment through pip
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)

.PHONY: train test-train demo test test-slow check coverage env lock lint types contracts accuracy benchmark clean

demo: env  ## phantom patients as DICOM through the main job, a simulated cohort to its report; says where the reports are
	$(BIN)/lumbomics demo --out demo

test: env  ## the default suite: every capability once, end to end
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: env  ## the long checks
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

check: lint types contracts test  ## all that must be green before a commit

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/mypy

contracts: env
	$(BIN)/lint-imports

coverage: env
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report=term

env: .venv/.installed  ## the environment, built once from pinned and hashed requirements

.venv/.installed: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	"$(UV)" pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	"$(UV)" pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index -e .
	touch $@

lock:  ## recompile the pinned requirements after pyproject.toml changed
	"$(UV)" pip compile -q pyproject.toml --group dev --extra pdf --extra radiomics --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -o requirements/dev.txt
	"$(UV)" pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -c requirements/dev.txt -o requirements/run.txt

accuracy: env  ## bias, SD, linearity and coverage of every biomarker against phantom truth
	$(BIN)/python benchmarks/measure_accuracy.py

benchmark: env
	$(BIN)/python benchmarks/measure_speed.py

train: env .venv/.torch  ## train the network from the real masks and phantoms; goes on where it stopped
	$(BIN)/python -m lumbomics.train "$(DATA)" --out training

test-train: env .venv/.torch  ## the tests of the training room, which need PyTorch
	$(BIN)/python -m pytest tests/train

.venv/.torch: .venv/.installed requirements/train.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/train.txt
	touch $@

clean:
	rm -rf .venv demo
