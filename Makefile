# Debian 12 or 13 with git and make is enough: each target sets up what it needs, and a second run starts at once.
SYSTEM_PYTHON ?= /usr/bin/python3
ENGINE := .engine/bin/python
PLUGIN := .venv/bin/python
QUIET_PIP := -m pip install --quiet --disable-pip-version-check
WORKERS := -n auto --maxprocesses=4 --dist loadfile  # of tests: a process a core, each file whole in one
OFFSCREEN := QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$(CURDIR)/.venv/runtime

# longer ones by hand: benchmarks/README.md
BENCH := speed.fuse_starfm speed.fuse_tsstfn speed.classify speed.simulator speed.training \
	speed.judge accuracy.review_order accuracy.calibration accuracy.gap_filling accuracy.starfm accuracy.shipped_models accuracy.tsstfn accuracy.crop_gain

.DEFAULT_GOAL := help
.PHONY: help setup demo test check house package link shots bench bench-fast torture models locks audit qgis

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 12

setup: qgis .engine/base.done .venv/test.done ## QGIS, the engine's environment (.engine) and the test environment (.venv)

demo: qgis .engine/base.done ## simulate a season, classify it, diagnose the map; leaves demo/ with demo.qgz
	@$(SYSTEM_PYTHON) tools/demo.py

test: qgis .engine/test.done .venv/test.done ## all tests: the engine's, then the plugin's in a real QGIS
	@echo "Testing the engine"
	@$(ENGINE) -m pytest -q $(WORKERS) tests/laws tests/shared tests/engine tests/torture
	@echo "Testing the plugin in QGIS"
	@mkdir -p -m 0700 .venv/runtime
	@$(OFFSCREEN) $(PLUGIN) -m pytest -q $(WORKERS) tests/plugin

check: .engine/test.done ## style, types, known dangers, which room may import which, how long files and functions are
	@.engine/bin/ruff check .
	@.engine/bin/ruff format --check .
	@.engine/bin/mypy
	@.engine/bin/lint-imports
	@.engine/bin/bandit -q -ll -r crop_classifier_plugin
	@told=$$($(SYSTEM_PYTHON) tools/house.py --check) || { echo "$$told"; exit 1; }

house: ## how the code is built: files a folder, lengths, docstrings, circles (tools/house.py --help)
	@$(SYSTEM_PYTHON) tools/house.py

package: ## dist/crop_classifier_plugin.zip, to install in QGIS from a file, and its bill of materials
	@$(SYSTEM_PYTHON) tools/package.py

link: qgis .engine/base.done ## put this checkout into the default QGIS profile and enable it
	@$(SYSTEM_PYTHON) tools/link.py

shots: qgis .engine/base.done ## the pictures of docs/guide anew, in a real QGIS window (needs xvfb-run): look at them
	@$(SYSTEM_PYTHON) tools/pictures/dock_pictures.py

bench: .engine/test.done ## every benchmark of speed, and those of accuracy that take minutes; writes benchmarks/results
	@for each in $(BENCH); do echo "== $$each"; $(ENGINE) -m benchmarks.$$each || exit 1; done

torture: .engine/test.done ## faults and attacks by the hundred, peak memory by raster size: hours; writes benchmarks/results/torture.md
	@$(ENGINE) -m benchmarks.reliability.torture

bench-fast: .engine/test.done ## small sizes of the benchmarks, in under five minutes; writes benchmarks/results/fast.md
	@$(ENGINE) -m benchmarks.fast

models: .engine/test.done ## train the shipped models again (needs real data for two of them: models/README.md)
	@$(ENGINE) -m tools.train_shipped_models all

locks: .tools/done ## exact versions and hashes of what the engine installs, by platform (resources/engine/locks)
	@.tools/bin/python tools/lock_engine.py

audit: ## known weaknesses of the locked packages, where an index of them can be reached
	@$(MAKE) --no-print-directory .tools/done || { echo "pip-audit cannot be installed from here: not audited."; exit 0; }; \
		.tools/bin/python tools/audit_engine.py

qgis:
	@tools/setup_qgis.sh

.tools/done: tools/requirements.txt
	@$(SYSTEM_PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/setup_qgis.sh
	@$(SYSTEM_PYTHON) -m venv .tools
	@.tools/bin/python $(QUIET_PIP) -r tools/requirements.txt
	@touch $@

.engine/bin/python:
	@$(SYSTEM_PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/setup_qgis.sh
	@echo "Making the engine's environment (.engine)"
	@$(SYSTEM_PYTHON) -m venv .engine

.engine/base.done: .engine/bin/python resources/engine/requirements.txt
	@echo "Installing what the engine needs to classify"
	@$(ENGINE) $(QUIET_PIP) -r resources/engine/requirements.txt
	@touch $@

.engine/test.done: .engine/base.done resources/engine/requirements-train.txt resources/engine/requirements-clouds.txt \
		tests/requirements-engine.txt
	@echo "Installing what training and testing the engine need"
	@$(ENGINE) $(QUIET_PIP) -r resources/engine/requirements.txt -r resources/engine/requirements-train.txt \
		-r tests/requirements-engine.txt
	@$(ENGINE) $(QUIET_PIP) --no-deps -r resources/engine/requirements-clouds.txt
	@touch $@

.venv/test.done: tests/requirements-plugin.txt | qgis
	@echo "Making the environment that tests the plugin (.venv)"
	@$(SYSTEM_PYTHON) -m venv --system-site-packages .venv
	@$(PLUGIN) $(QUIET_PIP) -r tests/requirements-plugin.txt
	@touch $@
