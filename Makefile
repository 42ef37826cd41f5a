# make smoke   set up, judge the embedded models against the baselines, print the scorecard
# make test    set up, run the project's own tests
# make full    set up, run everything this machine can run
# make real    set up, fetch real checkpoints (377 MB, once), judge them on open vocabulary and people's voices
# make help    the rest

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.modellab-installed
ARGS ?=
# One process more than cores, 8 at most: a quarter of their time the tests wait for servers, workers and clocks.
TESTERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 7 ? cores + 1 : 8)))

# The tests start a thousand processes of Python: where none may keep bytecode, each compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup smoke full real test check docs docs-version arithmetic gate-benchmark mutants performance serve-benchmark
.PHONY: lock clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP)  ## make .venv from pyproject.toml and constraints.txt (only when one of them changed)

$(STAMP): pyproject.toml constraints.txt tools/setup.sh
	@sh tools/setup.sh $(VENV)
	@touch $@

smoke: setup  ## the main job: every smoke case, with the scorecard (ARGS='...' goes to pytest)
	@$(BIN)/pytest benchmarks -m smoke $(ARGS)

full: setup  ## every case this machine can run: smoke and full tier
	@$(BIN)/pytest benchmarks -m "smoke or full" $(ARGS)

real: setup  ## real checkpoints in four engines on real words: fetches them once, says how much, then the tier real
	@$(BIN)/python -m tools.real
	@$(BIN)/modellab run $$($(BIN)/python -m tools.real --selection) $(ARGS)

test: setup  ## the project's own tests; with CI=true the slow ones too, and hypothesis with all its examples
	@$(BIN)/pytest tests -ra -n $(TESTERS) $(if $(CI),,-m "not slow") $(ARGS)

check: setup  ## what CI checks beside the tests: ruff, mypy, workflows, golden data
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/zizmor --offline --quiet --no-progress .github/workflows action.yml
	@$(BIN)/modellab datasets validate

docs: setup  ## the documentation as a site, in build/site; a broken link is an error (ARGS='--site-dir DIR')
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet $(ARGS)

docs-version: setup  ## the documentation as VERSION=0.2, ALIAS=latest or none, on the local branch gh-pages in docs/
	$(if $(VERSION),,$(error VERSION is missing: make docs-version VERSION=0.2 ALIAS=latest))
	@PATH="$(CURDIR)/$(BIN):$$PATH" NO_MKDOCS_2_WARNING=1 $(BIN)/mike --quiet deploy --branch gh-pages \
		--deploy-prefix docs --alias-type redirect --update-aliases $(VERSION) $(ALIAS)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mike set-default --branch gh-pages --deploy-prefix docs \
		--allow-undefined latest

arithmetic: setup  ## model tests and smoke as CPUs with other instructions compute (ARGS=plain or ARGS=avx2 for one)
	@sh tools/arithmetic.sh $(BIN) $(ARGS)

gate-benchmark: setup  ## how right the gate is, beside other tools: docs/performance/ (QUICK=1: build/gate-benchmark/)
	@$(BIN)/python -m tools.gate_benchmark $(if $(QUICK),--quick --out build/gate-benchmark) $(ARGS)

mutants: setup  ## would the tests notice a small change? 40 in each of four rooms (ARGS='gate --seed 2 --count 20')
	@$(BIN)/python -m tools.mutants $(ARGS)

performance: setup  ## what the harness costs beside a bare loop: docs/performance/overhead.md (ARGS='--date 2026-01-31')
	@$(BIN)/python -m tools.performance $(ARGS)

serve-benchmark: setup  ## what serving costs beside the bare models: docs/performance/serve.md, 6 minutes
	@$(BIN)/python -m tools.serve_benchmark $(ARGS)

lock:  ## resolve pyproject.toml afresh into constraints.txt
	@sh tools/lock.sh $(VENV)

clean:  ## remove .venv and caches; results in mlruns/ stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
