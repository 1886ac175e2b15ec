# Thin: what is done stands in scripts/ and in cargo. Fresh Debian 12 machines need root, git, make and a current
# stable Rust; everything else is installed by scripts/setup.sh.

# Programs that tests start, thousands of them, take their first entropy from the kernel and the processor alone, without AWS-LC's jitter
# entropy, which costs each some 25 ms of CPU (docs/decisions.md). Never in a release build: what is installed has it.
demo test reference: export AWS_LC_SYS_NO_JITTER_ENTROPY := 1

# Tests wait for programs, clocks and disks more than they compute.
test: export RUST_TEST_THREADS ?= 6

.PHONY: help demo test bench soak reference dist

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

demo: ## the main job from nothing: a volume unlocked with a key of the server, before and after a master-key rotation
	@scripts/setup.sh demo
	@scripts/demo.sh

test: ## all tests; CI=true makes a failure of what would be skipped
	@scripts/setup.sh test
	@cargo test --workspace

bench: ## figures: a whole server beside what the machine can do (writes docs/performance.md), the codec, cryptography, and how one client fares while another attacks
	@scripts/setup.sh bench
	@scripts/bench.sh
	@cargo bench -p kmip-codec --bench codec
	@cargo bench --bench cryptography
	@cargo bench --bench attacks

soak: ## 10,000 kills of a writing server instead of 100; 400,000 mutated messages instead of 8,000; 70,000 random batches instead of 700; 1,000 rounds of jobs against themselves instead of 60; each PKCS11 code in each way at each call; ten minutes of fuzzing a target
	@scripts/setup.sh soak
	@KEYSTEAD_SOAK=1 cargo test --release -p kmip-codec --test differential
	@KEYSTEAD_SOAK=1 cargo test --release --test store crash:: -- --nocapture
	@KEYSTEAD_SOAK=1 cargo test --release --test store jobs:: -- --nocapture
	@KEYSTEAD_SOAK=1 cargo test --release -p keystead-hsm --test faults -- --nocapture
	@KEYSTEAD_SOAK=1 cargo test --release --test unlock enroll::situations:: -- --nocapture
	@KEYSTEAD_SOAK=1 cargo test --release --test engine undone:: -- --nocapture
	@scripts/fuzz.sh 600s

dist: ## what is installed, optimised as a whole: keystead, and keystead-unlock as one static program
	@scripts/setup.sh dist
	@scripts/dist.sh

reference: ## writes docs/reference/ anew, from the tables
	@KEYSTEAD_REFERENCE_UPDATE=1 cargo test --test engine reference::
