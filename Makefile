# `cargo run` starts the system; `make test` proves it. The rest is for those who change it.

.PHONY: test lint tools fmt openapi drill-ordering crowd simulate mutants lambda deploy emulator-up deploy-local emulator-down clean

# Everything that has to hold: format, lints, all tests on every target. CI runs this and nothing
# else.
test:
	tests/run

# The lints alone, for those who change something.
lint: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	tests/infra-lint

# What the tests need beyond Rust: a RabbitMQ from apt, Python tools in target/tools.
tools:
	localstack/tools

fmt:
	cargo fmt --all

# Writes the API's description anew from the handlers.
openapi:
	UPDATE=1 cargo test -p tidy openapi

# What an outage of the inventory does to orders: `make drill-ordering BROKER=rabbitmq ORDERS=1000`.
drill-ordering:
	BROKER=$(or $(BROKER),memory) ORDERS=$(or $(ORDERS),200) localstack/drill-ordering

# A crowd that goes through a waiting room: `make crowd N=100000 ARGS="--walk-away 0.5"`. From 10,000
# visitors on it builds for release.
crowd:
	N=$(or $(N),1000) localstack/crowd-run $(ARGS)

# Simulated worlds, each of which follows from a seed: `make simulate WORLDS=10000 SEED=7`. A single one tells its
# history: `make simulate WORLDS=1 ARGS="--seed 7"`.
simulate:
	localstack/simulate --worlds $(or $(WORLDS),100) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Takes each guard of the product out, and sees who notices: `make mutants ARGS="--only booking"`.
mutants:
	tests/mutants/run $(ARGS)

# The deployable binaries, in target/lambda/<name>/bootstrap, for arm64 or x86-64. The Rust target
# has to be there: `rustup target add aarch64-unknown-linux-gnu`.
ARCH ?= arm64
lambda:
	localstack/tools deploy
	PATH=$(CURDIR)/target/tools/bin:$$PATH AWS_LC_SYS_NO_JITTER_ENTROPY=1 \
		cargo lambda build --release --$(ARCH) \
		$(foreach function,$(notdir $(wildcard functions/*/*)),-p $(function))
	@echo $(ARCH) >target/lambda/.built-for
	@ls -l target/lambda/*/bootstrap | awk '{ printf "%6.1f MB  %s\n", $$5 / 1e6, $$9 }'

# All stacks, in order, to one of samconfig.toml's environments: `make deploy ENV=aws-sqs`. More
# goes in ARGS: `ARGS="AlarmEmail=ops@office.example"`. It builds as a step, and not as what it
# depends on, so that a missing ENV is told before the build and not after it.
deploy:
	$(MAKE) lambda
	localstack/deploy $(or $(ENV),$(error ENV is one of samconfig.toml: aws-sqs, aws-rabbitmq)) \
		Architecture=$(subst -,_,$(ARCH)) $(ARGS)

# An AWS emulator on port 4566, and the whole system deployed to it.
emulator-up:
	localstack/tools emulator
	localstack/emulator up

deploy-local:
	localstack/tools emulator
	localstack/binaries
	localstack/deploy emulator $(ARGS)

emulator-down:
	localstack/emulator down

clean:
	cargo clean
