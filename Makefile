# Everything a developer or CI runs. `make help` says what there is.

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz fuzz-build lint bench docs transcripts package lab-up lab-down

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo:  ## private images onto an engine: yours where one answers, else the lab's
	lab/demo

test: lab-up  ## every test, on the lab
	command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
	command -v cargo-deb >/dev/null || cargo install --locked cargo-deb
	lab/debian.sh >/dev/null
	lab/fuzzer.sh >/dev/null
	lab/awscli.sh >/dev/null
	cargo nextest run --locked; status=$$?; lab/down; exit $$status
	cargo nextest run --locked --features otel --lib --test it otel traces::

fuzz-build:  ## build the fuzz targets
	command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	cargo fuzz build --sanitizer none --dev

fuzz: fuzz-build  ## each fuzz target for 20 seconds, then thousands of requests to the agent
	for target in $$(cargo fuzz list); do \
		cargo fuzz run --sanitizer none --dev "$$target" -- -max_total_time=20 -timeout=10 -verbosity=0 || exit 1; \
	done
	lab/fuzzer.sh >/dev/null
	TASKPULL_FUZZ=--max-examples=500 cargo nextest run --locked --test it agent_fuzz

lint:  ## formatting, clippy, documentation
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	cargo clippy --locked --all-targets --features otel -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

bench: lab-up  ## measure the figures of docs/benchmarks.md
	cargo build --locked --release
	cargo build --locked --example bench-world
	cargo build --locked --release --package bench-load
	python3 -B benches/bench.py

docs:  ## write the generated documents
	TASKPULL_WRITE_DOCS=1 cargo nextest run --locked --test it generated

transcripts: lab-up  ## write what the program prints on the lab into the README
	TASKPULL_WRITE_DOCS=1 cargo nextest run --locked --test e2e readme; status=$$?; lab/down; exit $$status

package:  ## the .deb and the .rpm, in target/package
	command -v cargo-deb >/dev/null || cargo install --locked cargo-deb
	command -v cargo-generate-rpm >/dev/null || cargo install --locked cargo-generate-rpm
	packaging/build

lab-up:  ## start the lab with an engine of its own
	lab/up --private-engine

lab-down:  ## end exactly what lab-up started
	lab/down
