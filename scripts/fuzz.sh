#!/bin/sh
# Fuzzes what parses bytes from the network, each target (or those that are named) for so many seconds, 60 where none
# are given. cargo-fuzz is built for nightly's sanitizers; with `-s none` it runs on a stable toolchain.
#
#   scripts/fuzz.sh [SECONDS [TARGET]...]
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
    for target in fuzz/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$target" .rs)"
    done
fi
version=0.13.2
tools=$PWD/.tools

if ! [ -x "$tools/bin/cargo-fuzz" ] || ! "$tools/bin/cargo-fuzz" --version | grep -q "$version"; then
    printf 'fuzz: installing cargo-fuzz %s into .tools\n' "$version" >&2
    cargo install --quiet --locked --root "$tools" --target-dir target/tools "cargo-fuzz@$version"
fi
for name in "$@"; do
    printf 'fuzz: %s for %s s\n' "$name" "$seconds"
    mkdir -p "fuzz/corpus/$name"
    cargo run --quiet --example seeds -- "$name" "fuzz/corpus/$name"
    log=$(mktemp)
    if ! PATH=$tools/bin:$PATH cargo fuzz run -s none "$name" -- -max_total_time="$seconds" -max_len=4096 \
        -print_final_stats=1 >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        printf 'fuzz: %s FAILED; the input is under fuzz/artifacts\n' "$name" >&2
        exit 1
    fi
    tail -n 5 "$log"
    rm -f "$log"
done
