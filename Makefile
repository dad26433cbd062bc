# Everything the project can do. `make` alone lists it; ARGS="..." passes flags on, as in
# `make train ARGS="digits training.steps=500"`; PYTHON=... names the Python that makes the environment.

PYTHON ?= python3
BIN := .venv/bin
VECTORS ?= ../shared/reference/vectors
BEGAN := $(shell date +%s)

# several tests run at once, so each may use one core, and waiting threads must not spin
ONE_CORE := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

# $(call stage,heading,command): a heading, the command, its seconds; a command that fails ends make
define stage
@printf '\n== %s\n' '$(1)'; began=$$(date +%s); $(2) \
	|| { status=$$?; printf '== %s: FAILED after %s s\n' '$(1)' $$(($$(date +%s) - began)); exit $$status; }; \
	printf -- '-- %s: %s s\n' '$(1)' $$(($$(date +%s) - began))
endef
total = @printf '\n%s: everything passed in %s s\n' 'make $@' $$(($$(date +%s) - $(BEGAN)))

.PHONY: help setup train lab quick test nightly bench check-official check-gpu pins book site clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup:  ## make .venv and install minidit into it; under a second when nothing changed
	@$(PYTHON) .ci/install.py

train: setup  ## train a diffusion transformer and see what it draws
	@$(BIN)/minidit train $(ARGS)

# book/.jupyter lets a double click on a chapter's .py open a notebook, and turns news and update checks off
lab: setup  ## open the book in JupyterLab
	@JUPYTER_CONFIG_PATH="$(CURDIR)/book/.jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
		$(BIN)/jupyter lab book $(ARGS)

quick: setup  ## for the working day, at most 3 minutes: style, the pairs of the book, fast tests
	$(call stage,style,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call stage,book check,$(BIN)/minidit book check)
	$(call stage,fast tests,$(ONE_CORE) $(BIN)/python -m pytest -m "not slow" -n 2)
	$(total)

# loadscope keeps a file of tests on one core, so that its course or its browser is made once
test: setup  ## everything that CI runs: style, the pairs of the book, all tests, every chapter executed
	$(call stage,style,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call stage,book check,$(BIN)/minidit book check)
	$(call stage,tests,$(ONE_CORE) $(BIN)/python -m pytest -n 2 --dist loadscope)
	$(call stage,book test,$(BIN)/minidit book test)
	$(total)

nightly: setup  ## twenty seeds for every exercise and every known wrong answer
	$(call stage,exercises,MINIDIT_CHECK_SEEDS=20 $(ONE_CORE) $(BIN)/python -m pytest -n 2 tests/teach/test_exercises.py)
	$(total)

# a bound that is not kept says FAIL and ends make
bench: setup  ## how fast training and sampling are, beside diffusers, plain code and matrix products; 5 minutes
	$(call stage,benchmarks,$(BIN)/python tests/benchmarks)
	$(total)

check-official: setup  ## the vectors made with the authors' own networks, in VECTORS=folder
	$(call stage,official vectors,$(ONE_CORE) $(BIN)/python tests/official/check_official.py $(VECTORS))
	$(total)

check-gpu: setup  ## training at scale on one GPU: one graph, 40 GB, throughput; a few minutes
	$(call stage,one GPU,$(BIN)/python tests/gpu/check_gpu.py)
	$(total)

# UV_FIND_LINKS is unset because a local wheel would put its own version (2.13.0+cpu) into the pins;
# CUDA's packages are left out because pip must be free to take the ones that the PyTorch at hand asks for
pins: setup  ## pin the newest packages in constraints.txt (PyTorch is chosen by hand in .ci/pins.in)
	@mkdir -p build
	@env -u UV_FIND_LINKS $(BIN)/uv pip compile -q pyproject.toml -c .ci/pins.in --all-extras --universal \
		--python-version 3.11 --no-header --no-annotate > build/pins.txt
	@grep -vE '^(nvidia-|cuda-|triton)' build/pins.txt > constraints.txt
	@echo "constraints.txt: $$(grep -c == constraints.txt) pins"

book: setup  ## execute the chapters that changed, and write their notebooks
	@$(BIN)/minidit book build $(ARGS)

site: setup  ## the book as a site in build/html: no kernel, no network; about half a minute
	@$(BIN)/minidit book html $(ARGS)

clean:  ## remove caches and build outputs; keeps .venv and runs/
	@rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -path ./runs -prune -o -name __pycache__ -type d -exec rm -rf {} +
