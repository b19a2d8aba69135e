# Claviger. `make run` starts it, `make test` tests it; `make` lists the rest.

DATA ?= ./data
PORT ?= 8080
CLAVIGER_BIN ?= .build/debug/claviger

# A crash backtrace prints registers, and with them perhaps a secret.
export SWIFT_BACKTRACE := enable=no

.DEFAULT_GOAL := help
.PHONY: help bootstrap build run test lint format demo bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## install the system packages that are missing
	@scripts/bootstrap.sh

build: bootstrap ## build the server in release mode
	swift build --configuration release --product claviger

run: build ## build and start the server (DATA=./data PORT=8080)
	.build/release/claviger serve --data "$(DATA)" --port "$(PORT)"

test: ## run all tests
	@scripts/bootstrap.sh --test
	swift build --build-tests
	@# One after the other: with all of them at once, what has a time limit in one is late because of another.
	@for target in $(notdir $(wildcard Tests/*Tests)); do \
		echo "== $$target"; swift test --skip-build --filter "^$$target\." || exit 1; \
	done
	CLAVIGER_BIN="$(CLAVIGER_BIN)" scripts/schemathesis.sh
	CLAVIGER_BIN="$(CLAVIGER_BIN)" scripts/tour.sh
	CLAVIGER_BIN="$(CLAVIGER_BIN)" scripts/example.sh

lint: ## check the format and the rules of the house
	@scripts/soundness.sh

format: ## format the sources in place
	swift format format --in-place --recursive --parallel Package.swift Sources Tests Examples

demo: build ## run the README's tour against a fresh server and show it
	@CLAVIGER_BIN=.build/release/claviger scripts/tour.sh --show

bench: ## measure speed and size
	@scripts/bootstrap.sh --bench
	Benchmarks/run.sh
	Benchmarks/envoy.sh
	Benchmarks/gateways.sh
	Benchmarks/import.sh
	Benchmarks/audit.sh

clean: ## remove what was built; data is kept
	rm -rf .build .venv
