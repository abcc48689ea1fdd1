# `make run` and `make test` do all the set-up themselves; `make` alone lists the rest.
# Set PYTHON to choose the interpreter: make test PYTHON=python3.10

SHELL = /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Not `.venv`: that would be the environment which the example workspace is judged against.
VENV ?= .venv-run
DEV_VENV ?= .venv-dev
LOCK_VENV ?= .venv-lock
VERSIONS ?= 3.10 3.11 3.12 3.13
NODE_MODULES := client-vscode/node_modules
# What npm itself writes there last.
NODE_INSTALLED := $(NODE_MODULES)/.package-lock.json

# A Debian python3 without python3-venv has venv, but not ensurepip, and so makes broken ones.
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))
ifeq ($(origin PYTHON),undefined)
PYTHON = $(or $(shell for name in python3.13 python3.12 python3.11 python3.10 python3 python; do \
    if "$$name" -c '$(USABLE)' >/dev/null 2>&1; then echo "$$name"; break; fi; done),python3)
else
ASKED_VERSION := $(or $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' \
    2>/dev/null),unknown)
endif

# The lock has a Node.js too; where there is no wheel of it for this machine, its own will do.
WITH_NODE := PATH="$(abspath $(DEV_VENV))/bin:$$PATH"
HAS_NODE := $(WITH_NODE) && command -v npm >/dev/null && \
    node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null

##@ Everyday

.PHONY: run
run: $(VENV)/.installed ## judge the example workspace under docs/example
	"$(VENV)/bin/pinfold" check --exit-zero docs/example

.PHONY: test
test: $(DEV_VENV)/.installed ## run the tests; ARGS="-k name" narrows them
	"$(DEV_VENV)/bin/python" -m pytest -n auto $(ARGS)

# Two halves that have nothing to do with each other, so that `make -j2 check` does both at once.
.PHONY: check
check: check-server check-client ## formatter, linter, types, layer contracts; the client's too
check: MAY_LACK_NODE := yes

.PHONY: check-server
check-server: $(DEV_VENV)/.installed ## only what is written in Python
	"$(DEV_VENV)/bin/ruff" format --check .
	"$(DEV_VENV)/bin/ruff" check .
	"$(DEV_VENV)/bin/mypy" server tests $(wildcard docs/*.py client-vscode/*.py)
	"$(DEV_VENV)/bin/lint-imports"

# Its packages are no prerequisite: where there is no Node.js, `make check` goes on without them.
.PHONY: check-client
check-client: $(DEV_VENV)/.installed ## only the VS Code client: types, linter, unit tests
	@if [ -n "$(MAY_LACK_NODE)" ] && ! { $(HAS_NODE); }; then \
	    printf '!!! %s\n' "The VS Code client in client-vscode/ was NOT checked:" \
	        "there is no npm with Node.js 20 or newer." >&2; \
	    exit; \
	fi; \
	$(MAKE) --silent --no-print-directory $(NODE_INSTALLED) && $(WITH_NODE) && cd client-vscode && \
	for script in types lint test; do \
	    echo "npm run $$script" && npm run --silent "$$script" || exit 1; \
	done

.PHONY: format
format: $(DEV_VENV)/.installed ## format, and mend what the linter can
	"$(DEV_VENV)/bin/ruff" check --fix-only .
	"$(DEV_VENV)/bin/ruff" format .

##@ Now and then

.PHONY: test-all
test-all: ## run the tests on every interpreter of VERSIONS that is found
	@$(MAKE) -s --no-print-directory interpreters | while read -r version python; do \
	    if [ "$$python" = missing ]; then \
	        echo "== Python $$version: not found, so not tested"; continue; \
	    fi; \
	    echo "== Python $$version: $$python"; \
	    $(MAKE) --no-print-directory test PYTHON="$$python" DEV_VENV=".venv-dev-$$version" </dev/null \
	        || exit 1; \
	done

.PHONY: interpreters
interpreters: ## list VERSIONS and where each is found: on PATH, or under pyenv
	@for version in $(VERSIONS); do \
	    found=missing; \
	    for python in "python$$version" "$${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version".*/bin/python; do \
	        real=$$("$$python" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null) || continue; \
	        case "$$real" in "$$version "*) found=$${real#* }; break ;; esac; \
	    done; \
	    echo "$$version $$found"; \
	done

.PHONY: vsix
vsix: $(DEV_VENV)/.installed ## build the VS Code extension, the server inside: build/pinfold.vsix
	@"$(DEV_VENV)/bin/python" client-vscode/vsix.py

.PHONY: vscode
vscode: $(DEV_VENV)/.installed ## open the example workspace in a VS Code with the extension, in a browser
	@"$(DEV_VENV)/bin/python" -m tests.editors.vscode

.PHONY: coverage
coverage: $(DEV_VENV)/.installed ## run the tests and show the lines that none of them reaches
	"$(DEV_VENV)/bin/python" -m pytest -n auto --cov --cov-report=term $(ARGS)

.PHONY: bench
bench: $(DEV_VENV)/.installed ## measure, and write down what was measured
	"$(DEV_VENV)/bin/python" -m tests.benchmarks $(ARGS)

.PHONY: corpus
corpus: $(DEV_VENV)/.installed ## fetch real dependency files into build/corpus (needs the package index)
	"$(DEV_VENV)/bin/python" -m tests.oracle.corpus build/corpus

.PHONY: tested
tested: $(DEV_VENV)/.installed ## run the real tools too, and write down what ran for real
	"$(DEV_VENV)/bin/python" -m pytest -n auto -m "" --tested-page tests/core/environments $(ARGS)

.PHONY: docs
docs: $(DEV_VENV)/.installed ## write the generated pages anew
	"$(DEV_VENV)/bin/python" docs/generate.py

.PHONY: lock
lock: $(LOCK_VENV)/.installed ## pin dependencies anew; ARGS=--upgrade takes the newest
	$(call write_lock,run,pyproject.toml)
	$(call write_lock,build,--group pyproject.toml:build --constraints requirements/run.txt)
	$(call write_lock,dev,pyproject.toml --group dev --constraints requirements/run.txt \
	    --constraints requirements/build.txt)

.PHONY: dev
dev: $(DEV_VENV)/.installed ## only make the environment that the tests and checks run in

.PHONY: clean
clean: ## remove environments, caches and what was built
	rm -rf .venv-run .venv-dev .venv-dev-3.* .venv-lock build dist .coverage .coverage.* .hypothesis \
	    .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
	    $(NODE_MODULES) $(addprefix client-vscode/,LICENSE bundled/libs dist)
	find server tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk -F ':.*## ' \
	    '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' \
	    Makefile

# The environments. Each is made anew when its lock or pyproject.toml changes, and also when what it
# would import is not this checkout (its interpreter is gone, or the checkout has moved), or when
# another interpreter is asked for than the one that it was made with.

RUN_LOCKS := requirements/run.txt requirements/build.txt
DEV_LOCKS := requirements/dev.txt

$(VENV)/.installed: pyproject.toml $(RUN_LOCKS)
	$(call make_environment,$(VENV))
	$(call install,$(VENV),$(RUN_LOCKS))

$(DEV_VENV)/.installed: pyproject.toml $(DEV_LOCKS)
	$(call make_environment,$(DEV_VENV))
	$(call install,$(DEV_VENV),$(DEV_LOCKS))

$(NODE_INSTALLED): client-vscode/package-lock.json
	@$(HAS_NODE) || { \
	    echo "The VS Code extension is built with Node.js 20 or newer and npm: not found." >&2; \
	    exit 1; \
	}
	@echo "Fetching what the VS Code extension is built with; this takes a minute." >&2
	@$(WITH_NODE) && cd client-vscode && npm ci --loglevel=error --no-progress >/dev/null
	@touch $@

$(LOCK_VENV)/.installed:
	$(call make_environment,$(LOCK_VENV))
	@"$(LOCK_VENV)/bin/python" -m pip install --quiet --disable-pip-version-check uv
	@touch $@

.PHONY: anew
fresh = $(CURDIR)/server/pinfold/__init__.py $(ASKED_VERSION)
state = $(shell cd / && "$(abspath $(1))/bin/python" -I -c 'import pinfold, sys; \
    print(pinfold.__file__, "%d.%d" % sys.version_info[:2] if "$(ASKED_VERSION)" else "")' 2>/dev/null)
ifneq ($(call state,$(VENV)),$(fresh))
$(VENV)/.installed: anew
endif
ifneq ($(call state,$(DEV_VENV)),$(fresh))
$(DEV_VENV)/.installed: anew
endif

# Only a directory that this file made is ever emptied: one of that name may as well be somebody's own.
define make_environment
	@python="$(PYTHON)"; \
	if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	    echo "Pinfold needs Python 3.10 or newer; '$$python --version' says:" \
	        "$$("$$python" --version 2>&1 | head -n 1)" >&2; \
	    echo "Install a newer one, or name one that you have:" \
	        "make $(firstword $(MAKECMDGOALS) run) PYTHON=python3.12" >&2; \
	    exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    echo "'$$python' cannot make virtual environments: its module ensurepip is missing." >&2; \
	    echo "On Debian or Ubuntu, install it with: apt install python$$version-venv" >&2; \
	    exit 1; \
	fi; \
	if [ -e "$(1)" ] && [ ! -e "$(1)/.made-by-make" ]; then \
	    echo "'$(1)' exists and was not made by this Makefile, so it is left alone." >&2; \
	    echo "Move it away, or use another place: make $(firstword $(MAKECMDGOALS) run)" \
	        "VENV=.venv-other DEV_VENV=.venv-tests" >&2; \
	    exit 1; \
	fi; \
	echo "Making $(1) with $$("$$python" --version); this takes a minute the first time."; \
	rm -rf "$(1)" && mkdir -p "$(1)" && : >"$(1)/.made-by-make" && "$$python" -m venv "$(1)"
endef

# The lock covers all that is fetched, the build backend too, hence no isolated build.
define install
	@"$(1)/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
	    $(addprefix --requirement ,$(2))
	@"$(1)/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
	    --no-build-isolation --editable .
	@touch "$(1)/.installed"
endef

# uv does not read pip's configuration, and gets none of its own: the hashes are those of the public
# index whatever this machine is set up to use, and no address gets into the file.
define write_lock
	env -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
	    "$(LOCK_VENV)/bin/uv" pip compile --quiet --no-config --universal --python-version 3.10 \
	    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	    $(2) $(ARGS) --output-file requirements/$(1).txt
	@{ echo "# Generated by 'make lock' from pyproject.toml; do not edit."; \
	    cat requirements/$(1).txt; } >requirements/$(1).tmp
	@mv requirements/$(1).tmp requirements/$(1).txt
endef
