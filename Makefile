# Every target can be run again at any time. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build quickstart test test-vm bench bench-peers corpus install uninstall fmt lint clean

PREFIX ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR
# What setup unpacked for this project comes first; nothing of it is installed system-wide.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what Gantry needs: Debian packages, npm packages, Node 26
	@scripts/setup.sh

build: setup ## Make dist/gantry (command line) and dist/gantryd (engine)
	@scripts/build.sh

quickstart: build ## Make a base image, build the example on it, run it, fetch its page
	@node scripts/quickstart.ts

test: build ## Run every check: format, lint, types, unit, integration, conformance
	@node tools/check.ts $(STAGES)

test-vm: build ## Run the engine on Debian's kernel with systemd and cgroup v2, in QEMU
	@test/vm/run.sh

bench: build ## Measure Gantry beside the peers that are installed
	@node bench/main.ts $(BENCH)

bench-peers: ## Install Debian's docker.io and podman for the bench, starting nothing
	@scripts/bench-peers.sh

corpus: ## Build the corpus of Dockerfiles here and with Docker's BuildKit, and compare
	@scripts/corpus-peer.sh
	@node test/conformance/build-corpus.ts $(CORPUS)

install: ## Install under PREFIX (default /usr/local); DESTDIR is honoured
	@scripts/install.sh

uninstall: ## Remove what install made; images and containers stay
	@scripts/uninstall.sh

fmt: ## Format the code
	@node_modules/.bin/oxfmt

lint: ## Format check, lint and types only
	@node tools/check.ts format lint types

clean: ## Remove what build made
	@rm -rf dist
