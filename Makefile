SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/installed
E2E := tests/e2e
AXE := $(E2E)/node_modules/axe-core/axe.min.js
DEMO := FUNNELHOUSE_DATA_DIR=data/demo FUNNELHOUSE_FILES_DIR=data/demo/files \
	FUNNELHOUSE_FILES_TIMEZONE= FUNNELHOUSE_PLAYBOOK_DIR= FUNNELHOUSE_AS_OF=
COMPANY = --leads $${LEADS:-3000} --seed 7
export DO_NOT_TRACK := 1
# What PYTEST chooses may lie in one half of the tests; then the other half has none, which pytest says by a 5.
MAY_BE_NONE = $(if $(PYTEST),|| [ $$? = 5 ])

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(STAMP) ## A made-up company from nothing to a dashboard
	@rm -rf data/demo
	@echo "Making up a company of $${LEADS:-3000} leads: files, and a server that speaks for its CRMs and Marketo …"
	@$(PYTHON) -m ingestion.simulator write $(COMPANY) --only-files --out data/demo/files
	@$(DEMO) $(PYTHON) -m ingestion.simulator serve $(COMPANY) -- $(PYTHON) -m dagster_project refresh
	@$(DEMO) $(PYTHON) -m dagster_project headline
	@echo; echo "Open the dashboard with:  FUNNELHOUSE_DATA_DIR=data/demo make app"

.PHONY: refresh
refresh: $(STAMP) ## Load the sources, build, check and publish
	@$(PYTHON) -m dagster_project refresh
	@$(PYTHON) -m dagster_project headline

.PHONY: rollback
rollback: $(STAMP) ## Show the numbers published before the present ones
	@$(PYTHON) -m dagster_project rollback

.PHONY: replay
replay: $(STAMP) ## What a changed playbook would have made of the past: make replay PLAYBOOK=dir
	@$(PYTHON) -m dagster_project replay "$${PLAYBOOK:-}"

.PHONY: restore
restore: $(STAMP) ## Make a lost warehouse anew from what all loads have landed
	@$(PYTHON) -m dagster_project restore

.PHONY: erase
erase: $(STAMP) ## Forget a person everywhere: make erase EMAIL=anna@example.com
	@$(PYTHON) -m dagster_project erase "$${EMAIL:-}"

.PHONY: app
app: $(STAMP) ## Open the dashboard (http://127.0.0.1:8501)
	@$(PYTHON) -m dagster_project.environment streamlit run app/streamlit_app.py

.PHONY: dagster
dagster: $(STAMP) ## Open Dagster, which runs the schedule (http://127.0.0.1:3000)
	@DAGSTER_HOME="$$($(PYTHON) -m dagster_project prepare)" \
		$(PYTHON) -m dagster dev --host 127.0.0.1 --module-name dagster_project.definitions

.PHONY: dbt
dbt: $(STAMP) ## Run dbt on the warehouse: make dbt DO="build --select marts"
	@$(PYTHON) -m dagster_project exec dbt $(DO)

.PHONY: dev
dev: $(STAMP) ## Copy the warehouse, to work on with: make dbt DO="build --target dev"
	@umask 077; data="$${FUNNELHOUSE_DATA_DIR:-data}"; mkdir -p "$$data/dev"; \
	[ -f "$$data/warehouse.duckdb" ] || { echo "✗ There is no $$data/warehouse.duckdb yet; run make refresh."; exit 1; }; \
	cp "$$data/warehouse.duckdb" "$$data/dev/warehouse.duckdb"; echo "✓ Copied to $$data/dev/warehouse.duckdb"

.PHONY: test
test: $(STAMP) chromium $(AXE) lint ## Everything that must hold before a change lands
	@$(PYTHON) -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder -m "not browser" \
		$(PYTEST) $(MAY_BE_NONE)
	@$(PYTHON) -m pytest -m browser $(PYTEST) $(MAY_BE_NONE)

.PHONY: lint
lint: $(STAMP) ## Style, which way dependencies point, what is known of packages
	@echo "Checking style …"
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --quiet --check . || { echo "✗ Run: $(VENV)/bin/ruff format ."; exit 1; }
	@$(PYTHON) .ci/audit.py
	@FUNNELHOUSE_DATA_DIR=data/lint FUNNELHOUSE_SOURCES=$$(ls dbt_project/models/staging | paste -sd,) \
		$(PYTHON) -m dagster_project exec sqlfluff lint --processes 2 \
		dbt_project/models dbt_project/tests/singular

.PHONY: bench
bench: $(STAMP) ## How fast it is, as ratios measured in one run
	@$(PYTHON) -m benchmarks

.PHONY: lock
lock: $(STAMP) ## Pin what pyproject.toml asks for, with hashes and without hosts
	@$(VENV)/bin/pip install --quiet "uv==0.13.9"
	@$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-strip-extras --no-header \
		--no-annotate --no-emit-index-url --quiet --output-file requirements.lock

.PHONY: words
words: $(STAMP) ## Bring the dashboard's translations in line with its texts
	@$(PYTHON) -m app.languages

.PHONY: clean
clean: ## Remove the environment and what builds leave behind; your data stay
	@rm -rf $(VENV) $(E2E)/node_modules data/lint dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Browser tests drive Debian's chromium; without it they say loudly that they were skipped.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing chromium for the browser tests …"; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium) >/dev/null 2>&1 \
			|| echo "! chromium could not be installed; browser tests will be skipped."; \
	else \
		echo "! There is no chromium here; browser tests will be skipped. Install your system's chromium package."; \
	fi

# What the browser tests of accessibility ask, from npm; without it they too say that they were skipped.
$(AXE): $(E2E)/package-lock.json
	@if ! command -v npm >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing npm for the accessibility tests …"; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y npm) >/dev/null 2>&1 || true; \
	fi; \
	if ! command -v npm >/dev/null; then \
		echo "! There is no npm here; accessibility tests will be skipped. Install your system's npm package."; \
	elif npm ci --prefix $(E2E) --ignore-scripts --no-audit --no-fund --silent; then \
		touch $(AXE); \
	else \
		echo "! axe-core could not be installed from npm; accessibility tests will be skipped."; \
	fi

$(STAMP): requirements.lock
	@python=""; for candidate in python3.11 python3.12 python3.13 python3; do \
		if command -v $$candidate >/dev/null \
			&& $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
		then python=$$candidate; break; fi; done; \
	[ -n "$$python" ] || { echo "✗ Python 3.11, 3.12 or 3.13 is needed; install one and run make again."; exit 1; }; \
	rm -rf $(VENV); \
	$$python -m venv $(VENV) 2>/dev/null \
		|| { echo "✗ $$python cannot make virtual environments; install its venv package (Debian: python3-venv)."; exit 1; }
	@total=$$(grep -c '==' requirements.lock); \
	echo "Installing the environment (up to $$total packages, some two minutes) …"; \
	$(VENV)/bin/pip install --disable-pip-version-check --require-hashes --requirement requirements.lock 2>&1 \
		| awk -v log_file=$(VENV)/pip.log '{ print > log_file } /^Collecting/ { if (++n % 20 == 0) printf "  %d packages …\n", n; fflush() }' \
		|| { tail -n 5 $(VENV)/pip.log; echo "✗ The packages could not be installed; see $(VENV)/pip.log."; exit 1; }
	@touch $(STAMP)
