# Two commands do everything: `make run` and `make test`. Both set up what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; PYTHON=/path/to/python overrides it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe --strip-extras

# The package with PostgreSQL's programs is used for those alone, so what it depends on is left out.
PROGRAMS_ONLY := $(foreach p,fasteners platformdirs psutil typing-extensions,--unsafe-package $(p))

# The load generator that tells gRPC's statuses apart.
GHZ := github.com/bojand/ghz/cmd/ghz@v0.120.0

.PHONY: faults laws fuzz sbom help setup run test postgres chromium screenshots examples lint format bench bench-card bench-database bench-grpcio bench-search bench-steps bench-watching generators proto lock clean crash crosschecks

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.run ## install what a running Clearway needs, into .venv

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Clearway needs Python 3.11 or later; set PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/run.txt
	@$(BIN)/python tools/link.py
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	$(PIP) install --quiet --require-hashes -r requirements/test.txt
	@touch $@

run: setup ## set up, load a synthetic registry, serve, show real checks, stay up
	@$(BIN)/clearway demo

postgres: $(VENV)/.test ## make sure that there is a PostgreSQL to run the tests on
	@$(BIN)/python -m tools.postgres

chromium: $(VENV)/.test ## make sure that there is a Chromium to run the tests in
	@$(BIN)/python -m tools.chromium

# What a first process compiles, the others need not: some images tell Python to keep nothing of it.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.test postgres chromium ## run the tests, but for the long ones: make faults, make crash, make laws, make examples
	$(BIN)/python -m pytest -n 4 --dist loadgroup -m "not java and not faults and not deep"

laws: $(VENV)/.test ## try the laws on thousands of cases each, and replay a published list, for an hour
	$(BIN)/python -m pytest -n 2 --hypothesis-profile deep --timeout 3600 tests/unit tests/property
	$(BIN)/python -m pytest -n 2 -m deep

faults: $(VENV)/.test postgres ## provoke the faults of the failure table, restarts and races on whole nodes, for minutes
	$(BIN)/python -m pytest -n 2 -m "faults"

examples: $(VENV)/.test ## run the examples, in Python and in Java, against a node, and look at what they print
	@command -v mvn >/dev/null || apt-get install -y --no-install-recommends maven openjdk-17-jdk-headless
	$(BIN)/python -m pytest tests/contract/test_examples.py

screenshots: $(VENV)/.test chromium ## take the pictures of docs/images
	$(BIN)/python -m tools.screenshots

crosschecks: $(VENV)/.test ## verify the log's published tree with the Go project's packages
	@command -v go >/dev/null || apt-get install -y --no-install-recommends golang-go
	CLEARWAY_CROSSCHECKS=1 $(BIN)/python -m pytest -n 0 tests/contract/querylog/test_other_tools.py

lint: $(VENV)/.test ## format check, lint, types, import rules, contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code --path proto/clearway
	$(BIN)/buf breaking proto --exclude-imports --against proto/baseline.binpb
	$(BIN)/python tools/genproto.py --check
	$(BIN)/python tools/sbom.py --check
	$(BIN)/python tools/audit.py
	$(BIN)/python -m tools.openapi --check

format: $(VENV)/.test ## format the code and the contract
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/buf format --write --path proto/clearway

proto: $(VENV)/.test ## generate src/clearway/gen and the OpenAPI document from proto/
	$(BIN)/python tools/genproto.py
	$(BIN)/python -m tools.openapi

$(VENV)/.bench: requirements/bench.txt $(VENV)/.test
	$(PIP) install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

$(BIN)/ghz: | $(BIN)/python
	@command -v go >/dev/null || { echo "the load generator ghz needs Go 1.21 or later to be installed"; exit 1; }
	cd / && GOBIN=$(abspath $(BIN)) go install $(GHZ)

generators: $(BIN)/ghz
	@command -v h2load >/dev/null || apt-get install -y --no-install-recommends nghttp2-client

# What is measured is chosen by BENCH, for instance: make bench BENCH="--only scale --repeat 5".
bench: $(VENV)/.bench generators ## measure checks: beside an empty call, under load, with ten million subjects, and more
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m bench $(BENCH)

bench-grpcio: $(VENV)/.bench generators ## empty calls under the pinned grpcio and under the newest
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m bench --only grpcio

bench-database: $(VENV)/.test postgres ## measure shipping, importing and following on PostgreSQL and SQLite
	$(BIN)/python -m bench.database

bench-card: $(VENV)/.test chromium ## how soon the officer's card is painted, in a real browser
	$(BIN)/python -m bench.card

bench-search: $(VENV)/.test postgres ## search and count a log of a million checks, embedded and on PostgreSQL
	$(BIN)/python -m bench.searching

bench-steps: $(VENV)/.test ## where the microseconds of one check go
	$(BIN)/python -m bench.steps

bench-watching: $(VENV)/.test ## what it costs to watch 100,000 pending cases
	$(BIN)/python -m bench.watching

crash: $(VENV)/.test ## the long crash run: kill -9 under load, many times; writes bench/results/crash.json
	CLEARWAY_CRASH_ROUNDS=$${CLEARWAY_CRASH_ROUNDS:-100} $(BIN)/python -m pytest -m crash --timeout 3600 -s

FUZZ_SECONDS ?= 600
fuzz: $(VENV)/.test ## the long fuzz run: every target for FUZZ_SECONDS; findings in fuzz/findings
	@for target in $$($(BIN)/python -c 'from fuzz.targets import TARGETS; print(*TARGETS)'); do \
		$(BIN)/python -m fuzz $$target --seconds $(FUZZ_SECONDS) 2>&1 | grep -E '^(stat::|Law|SUMMARY|artifact)|Broken' \
			| sed "s/^/$$target: /"; \
		test $${PIPESTATUS[0]} -eq 0 || exit 1; \
	done

sbom: $(VENV)/.test ## write the bill of materials, requirements/sbom.cdx.json
	$(BIN)/python tools/sbom.py

lock: $(VENV)/.test ## compile the pinned, hashed requirements
	cd requirements && ../$(COMPILE) -o run.txt run.in && ../$(COMPILE) -c run.txt -o test.txt test.in && \
		../$(COMPILE) -c test.txt -o bench.txt bench.in && \
		../$(subst --allow-unsafe ,,$(COMPILE)) $(PROGRAMS_ONLY) -o postgres.txt postgres.in
	$(BIN)/python tools/sbom.py

clean: ## remove what the build and the tests leave behind; keeps ./var
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
