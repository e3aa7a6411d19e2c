# `cargo run` starts the system; `make test` proves it. The rest is for those who change it.

.PHONY: test lint fmt openapi lambda clean

# Everything that has to hold: format, lints, all tests. CI runs this and nothing else.
test: lint
	tests/run

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

fmt:
	cargo fmt --all

# Writes the API's description anew from the handlers.
openapi:
	UPDATE=1 cargo test -p tidy openapi

# The deployable binaries, in target/lambda/<name>/bootstrap. Needs `pip install cargo-lambda`.
lambda:
	AWS_LC_SYS_NO_JITTER_ENTROPY=1 cargo lambda build --release \
		$(foreach function,$(notdir $(wildcard functions/*/*)),-p $(function))
	@ls -l target/lambda/*/bootstrap | awk '{ printf "%6.1f MB  %s\n", $$5 / 1e6, $$9 }'

clean:
	cargo clean
