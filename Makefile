# lab: open the course · test: run every test · bench: measure · notebooks: make them anew, ONLY=03 for one
# solutions: write the solved notebooks to out/solutions
# ship: train the shipped run anew · fetch: download all data ahead of a class · lock: renew requirements.txt · clean

PYTHON ?= python3
PORT ?= 8888
ARGS ?=
ROW ?=
ONLY ?=
BIN := .venv/bin
READY := .venv/ready
NO_BROWSER := $(if $(filter Linux,$(shell uname)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser))

.PHONY: lab test bench notebooks solutions ship fetch lock clean

lab: $(READY)
	@$(BIN)/python -m camlib fetch
	$(BIN)/jupyter lab --port=$(PORT) --ServerApp.root_dir=notebooks \
		--LabApp.default_url=/lab/tree/00_start_here.ipynb $(NO_BROWSER) $(ARGS)

test: $(READY)
	$(BIN)/python -m camlib fetch
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/unit $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/browser $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --nbval-lax --nbval-current-env \
		--nbval-cell-timeout 300 tests/nbval $(ARGS)

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .venv/bench --upgrade \
		--requirement tests/benchmarks/requirements.txt
	PYTHONPATH=.venv/bench $(BIN)/python tests/benchmarks $(ROW) $(ARGS)

notebooks: $(READY)
	$(BIN)/python -m notebooks.build learner $(ONLY)

solutions: $(READY)
	$(BIN)/python -m notebooks.build solved $(ONLY)

ship: $(READY)
	$(BIN)/python -m camlib ship

fetch: $(READY)
	$(BIN)/python -m camlib fetch $(ARGS)

lock: $(READY)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
		--no-annotate --no-header --no-emit-index-url --quiet --upgrade --output-file requirements.txt

clean:
	rm -rf .venv runs out bench.json

# Where Python comes without ensurepip (Debian's python3-venv is a package of its own), the pip at hand serves.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "The course needs Python 3.11 to 3.13; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install pip; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
