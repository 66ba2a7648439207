# What is done with this project. It runs from a clean clone, in any folder, without a terminal.
TARGET := $(or $(CARGO_TARGET_DIR),target)
RECORDS ?= 1000000
PROGRAM := $(abspath $(TARGET))/release/aerodb-control
WASM := wasm32-unknown-unknown
CARGO_FLAGS := --locked --features bundle
# Without the types of every view the program is a third smaller, and sooner compiled; the browser's half is smaller with them.
RELEASE := $(CARGO_FLAGS) --release --config 'build.rustflags=["--cfg=erase_components"]'
HYDRATE := --lib --target $(WASM) --no-default-features --features hydrate
# What `--version` names, where BUILD_COMMIT does not: nothing, where there is no git or no repository.
COMMIT = git describe --always --abbrev=40 --exclude='*' --dirty=-modified 2>/dev/null || true
need = command -v $(1) >/dev/null || { echo "$(1) is needed and was not found" >&2; exit 1; }

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build packages run run-postgres postgres check lint test unit e2e documents bench bench-pages pictures crash-campaign simulate power-loss migration-kills fault-sweep duplicates hostile fuzz crowd deny alerts clean

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 8

setup: ## see that the tools are there, and add the WebAssembly target if it is missing
	@for tool in cargo cc; do $(call need,$$tool); done
	@test -d "$$(rustc --print sysroot)/lib/rustlib/$(WASM)" || rustup target add $(WASM)

# The site is linked into the program, so it comes before it. The library is compiled once for both steps.
build: setup ## the program in release, with the browser's half inside: one file
	cargo build $(RELEASE) --lib --bin bundle
	$(TARGET)/release/bundle --release
	BUILD_COMMIT="$${BUILD_COMMIT:-$$($(COMMIT))}" BUILD_SITE="$(abspath $(TARGET))/site.tar" \
	cargo rustc $(RELEASE) --bin aerodb-control -- --cfg site
	@wc -c $(PROGRAM)

packages: build ## a package of Debian in the target folder: needs dpkg-dev
	@$(call need,dpkg-shlibdeps)
	deploy/deb/build.sh $(PROGRAM) $(TARGET)

run: build ## build, found a cluster in ./data if that is not there, and serve on http://127.0.0.1:7400
	test -e data || $(PROGRAM) init
	exec $(PROGRAM) serve

run-postgres: build ## the same over a throw-away PostgreSQL cluster of three nodes, which goes with it
	cargo build $(RELEASE) --bin postgres_trial
	exec $(TARGET)/release/postgres_trial

postgres: ## see that PostgreSQL is there, which the tests run, and install it where that can be done
	@src/tests/postgres_bench/install.sh

check: setup lint ## the fast loop: format, lints and documents with warnings denied, unit tests and 100 seeds
	SIMULATE_SEEDS=$(or $(SEEDS),100) cargo test $(CARGO_FLAGS) --lib

lint:
	cargo fmt --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	cargo clippy --locked $(HYDRATE) --target-dir $(TARGET)/front -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --no-deps --document-private-items

test: setup lint unit e2e ## everything: lints, unit and integration tests, then the browser tests

unit: postgres ## unit and integration tests
	INSTA_UPDATE=no cargo test $(CARGO_FLAGS)

# ROOM names the room whose promises are tried: workflow, or kernel with clients that write data.
crash-campaign: setup ## kill the program RUNS times (2000) at random, from SEED on; ROOM=kernel under writes
	@echo "workflow kernel" | grep -qw -- "$(or $(ROOM),workflow)" || \
	{ echo "there is no campaign for $(ROOM)" >&2; exit 1; }
	CAMPAIGN_RUNS=$(or $(RUNS),2000) CAMPAIGN_SEED=$(or $(SEED),20261123) \
	cargo test $(CARGO_FLAGS) --test all \
	$(if $(filter kernel,$(ROOM)),campaign_writes::,campaign::) -- --nocapture

simulate: setup ## play SEEDS seeds (1000) of the whole system in virtual time; SEED=n replays one aloud
	SIMULATE_SEEDS=$(SEEDS) SIMULATE_SEED=$(SEED) \
	cargo test $(CARGO_FLAGS) --lib simulation::parts::every_seed -- --nocapture

power-loss: setup ## lose the power at STATES points (2000) of a run, with what was not synced
	POWER_LOSS_STATES=$(or $(STATES),2000) \
	cargo test $(CARGO_FLAGS) --lib simulation::parts::power_that -- --nocapture

migration-kills: setup ## kill the start that migrates RUNS times (1000), with RECORDS more records (100000), from SEED on
	MIGRATION_RUNS=$(or $(RUNS),1000) MIGRATION_SEED=$(or $(SEED),20261123) \
	MIGRATION_RECORDS=$(if $(filter command environment,$(firstword $(origin RECORDS))),$(RECORDS),100000) \
	cargo test $(CARGO_FLAGS) --test all migration_kills:: -- --nocapture

fault-sweep: setup ## fail every call that makes a record durable, for every kind of action
	FAULT_EVERY=1 cargo test $(CARGO_FLAGS) --test all fault_ -- --nocapture

duplicates: setup ## deliver old confirmations DELIVERIES times (100000)
	DELIVERIES=$(or $(DELIVERIES),100000) \
	cargo test $(CARGO_FLAGS) --test all duplicates:: -- --nocapture

hostile: setup ## send PAYLOADS hostile texts (500) through every field, and look for what is live
	HOSTILE_PAYLOADS=$(or $(PAYLOADS),500) \
	cargo test $(CARGO_FLAGS) --test all hostile:: -- --nocapture

fuzz: setup ## CASES generated requests and inputs (1000000), from SEED on
	FUZZ_CASES=$(or $(CASES),1000000) FUZZ_SEED=$(or $(SEED),20261123) \
	cargo test $(CARGO_FLAGS) --lib --test all fuzz:: -- --nocapture

crowd: setup ## SLOW slow connections and STREAMS attempts at a stream (10000 each) while somebody operates
	CROWD_SLOW=$(or $(SLOW),10000) CROWD_STREAMS=$(or $(STREAMS),10000) \
	cargo test $(CARGO_FLAGS) --test all crowd:: -- --nocapture

deny: ## hold the dependencies against deny.toml; needs cargo-deny and the public list of advisories
	@$(call need,cargo-deny)
	cargo deny --locked check

alerts: ## hold the alert rules of deploy against promtool, which comes with Prometheus
	@$(call need,promtool)
	promtool check rules deploy/alerts.yml
	promtool test rules deploy/alerts.test.yml

e2e: build ## the browser tests, against the release build
	@$(call need,npm)
	@! grep -aqE 'AERODB_(CRASH_AT|SABOTAGE)' $(PROGRAM) || { echo "the release build has switches of the tests" >&2; exit 1; }
	cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	cd end2end && npm run --silent generate
	cd end2end && npx tsc --noEmit
	cd end2end && CHROMIUM_BIN="$$(./browser.sh)" AERODB_CONTROL_BIN="$(PROGRAM)" npx playwright test --project hydrated --project no-js

documents: setup ## write the documents that are made from the types: API, commands, actions, contract
	INSTA_UPDATE=always cargo test $(CARGO_FLAGS) --test all -- contract:: documents:: openapi::the_description

# LOGS keeps the logs in a folder, and uses those that are there: a long one takes most of the time.
bench: ## measure kernel, ledger and pages; RECORDS=10000000 for the long log, DIR for the disk (docs/benchmarks.md)
	cargo bench $(CARGO_FLAGS) --bench kernel -- $(DIR)
	cargo bench $(CARGO_FLAGS) --bench ledger -- $(RECORDS) $(or $(DIR),$(or $(TMPDIR),/tmp)) $(LOGS)
	cargo bench $(CARGO_FLAGS) --bench pages -- $(RECORDS) $(or $(DIR),$(or $(TMPDIR),/tmp)) $(LOGS)

bench-pages: setup ## measure the pages alone: 3 nodes and 101, a short log and RECORDS, 1,000 listeners
	cargo bench $(CARGO_FLAGS) --bench pages -- $(RECORDS) $(DIR)

pictures: build ## the pictures of the documents, made by the browser tests: docs/images
	@$(call need,npm)
	cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	cd end2end && CHROMIUM_BIN="$$(./browser.sh)" AERODB_CONTROL_BIN="$(PROGRAM)" npx playwright test --project pictures

clean: ## remove what was built; the data stays
	cargo clean
	rm -rf end2end/node_modules end2end/generated end2end/test-results
