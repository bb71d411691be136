# From a bare Python 3.11+: `make run` makes a release from the register, `make test` runs the tests.
# uv is used where present, else venv and pip. Nothing else is needed, and no network beyond package installation.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Two cores: two workers, each keeping a file's tests together, the slowest files first.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test test-long bench check install clean

run: $(INSTALLED)
	$(BIN)/observatoire refresh

test: $(INSTALLED)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-long: $(INSTALLED)
	$(BIN)/python -m pytest -m long $(PYTEST_ARGS)

bench: $(INSTALLED)
	$(BIN)/python -m bench

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@if command -v uv >/dev/null 2>&1; then \
		test -x $(BIN)/python || uv venv --quiet --python '>=3.11' $(VENV); \
		uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[test]'; \
	else \
		test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV); \
		$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) data/work build *.egg-info
