# Chợ Phiên. `make help` lists what you can do.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH := $(VENV)/bench
BENCH_STAMP := $(BENCH)/.installed
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset totp test faults fuzz chaos chaos-proof check bench mutate lock format messages browser pdf clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1\t\2/' | expand -t 22

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { tools/need.sh python3-venv && $(PYTHON) -m venv $(VENV); }
	@echo "· Cài thư viện / installing packages (requirements.txt) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(STAMP)
	@echo "· Cài thư viện để kiểm thử / installing test packages (requirements-dev.txt) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(BENCH_STAMP): requirements-bench.txt $(DEV_STAMP)
	@echo "· Cài django-hordak để so sánh / installing django-hordak to measure beside (requirements-bench.txt) …"
	@$(PYTHON) -m venv --clear $(BENCH)
	@awk '/^[a-z]/ { on = /^setuptools==/ } on' requirements-bench.txt \
	  | $(BENCH)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r /dev/stdin
	@$(BENCH)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-build-isolation \
	  -r requirements-bench.txt
	@touch $@

demo: $(STAMP) pdf ## Run everything on this machine, with an example province (PORT, SANDBOX_PORT, DEMO_SCALE=small|province)
	@exec $(BIN)/python -m local.demo

demo-reset: $(STAMP) ## Forget the example data
	@$(BIN)/python -m local.demo --reset

totp: $(STAMP) ## Show an officer's present one-time code in the demo (PHONE=...)
	@$(BIN)/flask --app wsgi users totp "$(PHONE)"

browser: ## Make sure a browser for the journeys is there (Debian's chromium)
	@tools/need.sh chromium

pdf: ## Make sure that PDFs can be printed (Debian's Pango, for WeasyPrint); without it all the rest still runs
	@tools/need.sh libpangoft2-1.0-0 \
	  || echo "· Chưa có Pango: mọi thứ vẫn chạy, riêng tệp PDF thì chưa / no Pango: all runs but PDF files" >&2

test: $(DEV_STAMP) browser pdf ## Run all tests
	@$(BIN)/python -m local.catalogues
	@$(BIN)/python -m pytest -n 2 -m "not journey" $(ARGS)
	@$(BIN)/python -m pytest -m journey $(ARGS)

faults: $(DEV_STAMP) ## Cut the database's wire before and after every chunk of every flow of money (make test tries some)
	@FAULTS=all $(BIN)/python -m pytest -n 2 tests/faults $(ARGS)

fuzz: $(DEV_STAMP) ## Spoil spreadsheets of poor households in 500 ways: no crash, nothing half read (FUZZ_FILES, FUZZ_SEED)
	@FUZZ_FILES=$${FUZZ_FILES:-500} $(BIN)/python -m pytest -n 2 tests/households/poverty/test_fuzz.py $(ARGS)

chaos: $(DEV_STAMP) ## Kill -9 PostgreSQL, web and workers under load, then check the books (CHAOS_SECONDS, CHAOS_SEED)
	@exec $(BIN)/python -m tests.faults.chaos

chaos-proof: $(DEV_STAMP) ## The same with synchronous_commit=off: what was lost must be seen by the checker
	@exec $(BIN)/python -m tests.faults.chaos --proof

check: $(DEV_STAMP) ## Lint, types, layers, SQL, translations, locked requirements
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/python -m tools.check_sql
	@$(BIN)/python -m tools.check_messages
	@$(BIN)/python -m tools.check_locked
	@echo "· Sạch / clean"

bench: $(DEV_STAMP) $(BENCH_STAMP) ## Measure, as ratios within one run; writes var/bench/ (BENCH_SECONDS, BENCH_ROUNDS, BENCH_ENTRIES)
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.poverty
	@$(BIN)/python -m benchmarks.households
	@$(BIN)/python -m benchmarks.search

mutate: $(DEV_STAMP) ## Change the code of the money bit by bit: which change does no test notice? Long (AREA=ledger|requests|matching|refunds|fees)
	@$(BIN)/python -m tools.mutate $(AREA) $(ARGS)

format: $(DEV_STAMP) ## Format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

messages: $(DEV_STAMP) ## Collect new texts into the English catalogue
	@$(BIN)/python -m tools.check_messages --update

lock: $(DEV_STAMP) ## Compile requirements*.in into hash-pinned requirements*.txt
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile -q --no-header --generate-hashes --universal --python-version 3.11 requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --no-header --generate-hashes --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	@$(BIN)/uv pip compile -q --no-header --generate-hashes --universal --python-version 3.11 requirements-bench.in -o requirements-bench.txt

clean: ## Remove the virtual environment and everything under var/
	rm -rf $(VENV) var
