# `make run` and `make test` are all that a fresh machine needs beside Rust, Node and a C compiler.
# Everything that is fetched comes from package registries, through cargo, and every target says what it does.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: run test lint deny ui ui-test e2e screenshots bench bench-long torture fuzz diff-n8n shadow-n8n bridge-n8n help

# Folder of `make run`'s server: database, blobs, key and token.
DATA ?= ./data
# Random histories of the engine's machine in `make torture`; a hundredth of them runs with every `make test`.
HISTORIES ?= 10000000
# Seconds for each fuzz target.
FUZZ_SECONDS ?= 60

CARGO ?= cargo
XTASK := $(CARGO) xtask
BINARY := target/release/fishplate

# The app's packages, and the app itself: made anew when something of it has changed.
UI_PACKAGES := ui/node_modules/.package-lock.json
UI_BUILT := ui/dist/index.html
UI_SOURCES := $(shell find ui/src ui/public ui/scripts -type f 2>/dev/null) ui/index.html ui/package.json ui/vite.config.ts ui/tsconfig.json

$(UI_PACKAGES): ui/package.json ui/package-lock.json
	@echo "ui: fetching the app's packages from the npm registry"
	@cd ui && npm ci --no-audit --no-fund
	@touch $@

$(UI_BUILT): $(UI_PACKAGES) $(UI_SOURCES)
	@echo "ui: building the web app"
	@cd ui && npm run --silent build

ui: ## build the web app, which the binary takes in
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory $(UI_BUILT); \
	  else echo "ui: SKIPPED, there is no npm here (Node 20.19 or newer has it); the server works without the web app"; fi

ui-test: $(UI_PACKAGES)
	@echo "test: the web app (types, rules, vitest)"
	@cd ui && npm run --silent check && npm test --silent

e2e: ui ## drive the app in a real browser against a real server (E2E="signin keyboard" for some, E2E=perf for figures with 100,000 runs)
	@$(CARGO) build --release --package fishplate
	@cd ui && FISHPLATE_BIN="$(CURDIR)/$(BINARY)" npm run --silent e2e $(E2E)

screenshots: ui ## take pictures of every page in both themes into docs/screenshots
	@$(CARGO) build --release --package fishplate
	@cd ui && FISHPLATE_BIN="$(CURDIR)/$(BINARY)" npm run --silent screenshots

diff-n8n: ## run the cases of testkit/differential in a real n8n, too, which is fetched, and compare (FILES="limit sort" for some)
	@$(XTASK) diff-n8n $(FILES)

bridge-n8n: ## try the bridge to n8n between a real n8n, which is fetched, and a server of ours
	@$(XTASK) bridge-n8n

shadow-n8n: ## move from a real n8n, which is fetched, and run beside it: the tests of import --from-n8n and shadow
	@$(XTASK) move-n8n

run: ui ## build for release and start the server on ./data (DATA=… for another folder); the first start takes an example in
	@echo "run: building for release (the first time takes minutes)"
	@$(CARGO) build --release --package fishplate
	@if [ ! -e "$(DATA)" ]; then (deploy/first-example "$(BINARY)" "$(DATA)" &) ; fi; \
	  echo "run: starting the server on $(DATA); Ctrl-C stops it"; \
	  exec "$(BINARY)" up --data "$(DATA)"

test: ui ui-test ## run all tests, those on PostgreSQL beside a private server (FISHPLATE_TEST_POSTGRES=<address> for one of yours)
	@echo "test: examples in the documentation"
	@$(CARGO) test --quiet --workspace --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  echo "test: all tests, with cargo-nextest"; \
	  $(XTASK) with-postgres -- $(CARGO) nextest run --workspace --no-fail-fast; \
	else \
	  echo "test: all tests, with cargo test; cargo-nextest is faster: cargo install --locked cargo-nextest"; \
	  $(XTASK) with-postgres -- $(CARGO) test --workspace --all-targets --no-fail-fast; \
	fi

lint: ## check the form, clippy without a warning, the rules of the repository, licences and advisories
	@echo "lint: form (cargo fmt)"
	@$(CARGO) fmt --all --check
	@echo "lint: rules of the repository (cargo xtask tidy)"
	@$(XTASK) tidy
	@echo "lint: clippy on everything, warnings are errors"
	@$(CARGO) clippy --quiet --workspace --all-targets -- --deny warnings
	@$(MAKE) --no-print-directory deny

# cargo-deny takes minutes to build, and advisories are fetched from the network: neither happens unasked.
deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	  echo "lint: licences, sources and duplicates (cargo deny)"; \
	  $(CARGO) deny --all-features check --hide-inclusion-graph licenses bans sources; \
	elif [ "$${FISHPLATE_DENY:-}" = 1 ]; then \
	  echo "lint: installing cargo-deny from crates.io (minutes)"; \
	  $(CARGO) install --locked --quiet cargo-deny; \
	  $(CARGO) deny --all-features check --hide-inclusion-graph licenses bans sources; \
	else \
	  echo "lint: SKIPPED cargo deny (licences, sources): it is not installed; FISHPLATE_DENY=1 make lint installs it"; \
	fi
	@if [ "$${FISHPLATE_DENY:-}" = 1 ]; then \
	  echo "lint: advisories (cargo deny; fetches the advisory database)"; \
	  $(CARGO) deny --all-features check --hide-inclusion-graph advisories; \
	fi

bench: ## measure, print a table and write JSON (PEERS=n8n,restate,node-red to measure them beside it)
	@echo "bench: building for release"
	@$(CARGO) build --release --package fishplate --package benches
	@target/release/benches bench

bench-long: ## the same with a million queued and ten million stored runs, and a file of 2 GB
	@$(CARGO) build --release --package fishplate --package benches
	@target/release/benches bench --long

torture: ## kill the server hundreds of times under load, on SQLite and PostgreSQL, look whether anything was lost or doubled, and run 10^7 histories of the machine
	@$(CARGO) build --release --package fishplate
	@$(XTASK) with-postgres -- $(CARGO) run --release --package testkit --bin torture
	@echo "torture: $(HISTORIES) random histories of the machine against its model"
	@FISHPLATE_HISTORIES=$(HISTORIES) $(CARGO) test --release --package engine --test it -- \
	  proof::histories_come_to_what_the_model_says --nocapture

fuzz: ## fuzz import, expressions, journal decoding and format readers (FUZZ_SECONDS=60 each); installs cargo-fuzz when it is missing
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { \
	  echo "fuzz: installing cargo-fuzz from crates.io"; $(CARGO) install --locked --quiet cargo-fuzz; }
	@# Coverage needs unstable flags; a stable compiler takes them when it is told so.
	@for target in files expressions journal csv sheets xml pages pdf archives; do \
	  echo "fuzz: $$target for $(FUZZ_SECONDS) s"; \
	  mkdir -p fuzz/corpus/$$target; \
	  RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048; \
	done

help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
