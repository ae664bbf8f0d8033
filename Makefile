# lab: open the course · test: run every test · peers: compare with PyTorch's libraries · bench: measure
# notebooks: make them anew, ONLY=03 for one · solutions: write the solved notebooks to out/solutions
# ship: train the shipped run anew · fetch: download the digits ahead of a class, ARGS=NAME for more · lock: renew requirements.txt · clean
# hub: JupyterHub on this machine, to try, where any name logs in
# Every target first has install.py see to .venv.

PYTHON ?= python3
PORT ?= 8888
ARGS ?=
ROW ?=
ONLY ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NO_BROWSER := $(if $(filter Linux,$(shell uname)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser))
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test peers bench hub notebooks solutions ship fetch lock clean install

lab: install
	@$(BIN)/python -m camlib fetch
	$(BIN)/python -m jupyterlab --port=$(PORT) --ServerApp.root_dir=notebooks \
		--LabApp.default_url=/lab/tree/00_start_here.ipynb $(NO_BROWSER) $(AS_ROOT) $(ARGS)

test: install
	$(BIN)/python -m ruff check
	$(BIN)/python -m camlib fetch
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/unit $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/browser $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --nbval-lax --nbval-current-env \
		--nbval-cell-timeout 300 tests/nbval $(ARGS)
	@$(BIN)/python tests/browser/lab.py

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

# grad-cam by itself: it asks for torchvision and a second OpenCV, of which the tests need nothing.
.venv/peers/ready: tests/peers.txt
	$(PIP) --target .venv/peers --upgrade --requirement tests/peers.txt
	$(PIP) --target .venv/peers --upgrade --no-deps grad-cam==1.5.5
	@touch $@

notebooks: install
	$(BIN)/python -m notebooks.build learner $(ONLY)

solutions: install
	$(BIN)/python -m notebooks.build solved $(ONLY)

ship: install
	$(BIN)/python -m camlib ship

fetch: install
	$(BIN)/python -m camlib fetch $(ARGS)

lock: install
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
		--no-annotate --no-header --no-emit-index-url --quiet --upgrade --output-file requirements.txt

clean:
	rm -rf .venv .venv.lock runs out bench.json

install:
	@$(PYTHON) install.py
