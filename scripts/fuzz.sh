#!/bin/sh
# Fuzzes what parses bytes from the network, each target or those that are named. A plain number is how many inputs
# are tried, always the same ones of the same seeds; a number with an s is for how many seconds, with other inputs each
# time. cargo-fuzz is built for nightly's sanitizers; with `-s none` it runs on a stable toolchain.
#
#   scripts/fuzz.sh [RUNS|SECONDSs [TARGET]...]
set -eu
cd "$(dirname "$0")/.."

extent=${1:-60s}
[ $# -eq 0 ] || shift
case $extent in
    *s) extent_option=-max_total_time=${extent%s} ;;
    *) extent_option="-runs=$extent -seed=1" ;;
esac
if [ $# -eq 0 ]; then
    for target in fuzz/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$target" .rs)"
    done
fi
version=0.13.2
tools=$PWD/.tools

# Why a target failed, and the input: it outlives a folder that is thrown away after the run.
explain() {
    grep -a -A 8 -e panicked -e ERROR "$2" || tail -n 40 "$2"
    for input in $(find "fuzz/artifacts/$1" -type f -newer "$started" 2>/dev/null); do
        printf '\n%s in base64:\n' "$input"
        base64 "$input"
    done
    printf 'fuzz: %s FAILED; its input stands above and under fuzz/artifacts\n' "$1"
}

started=$(mktemp)
trap 'rm -f "$started"' EXIT
if ! [ -x "$tools/bin/cargo-fuzz" ] || ! "$tools/bin/cargo-fuzz" --version | grep -q "$version"; then
    printf 'fuzz: installing cargo-fuzz %s into .tools\n' "$version" >&2
    cargo install --quiet --locked --root "$tools" --target-dir target/tools "cargo-fuzz@$version"
fi
for name in "$@"; do
    printf 'fuzz: %s, %s\n' "$name" "$extent"
    mkdir -p "fuzz/corpus/$name"
    cargo run --quiet --example seeds -- "$name" "fuzz/corpus/$name"
    log=$(mktemp)
    if ! PATH=$tools/bin:$PATH cargo fuzz run -s none "$name" -- $extent_option -max_len=4096 \
        -print_final_stats=1 >"$log" 2>&1; then
        explain "$name" "$log" >&2
        exit 1
    fi
    tail -n 5 "$log"
    rm -f "$log"
done
