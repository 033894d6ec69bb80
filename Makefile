# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# uv: the one on PATH, else one brought into the environment through pip
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)

.PHONY: demo test test-slow check coverage env lock lint types contracts accuracy benchmark clean

demo: env  ## make a small phantom cohort as DICOM, run the main job on it, say where the report is
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

clean:
	rm -rf .venv demo
