#!/bin/sh
# Counts the instructions of one Get, one Locate by name and one Create, from the decrypted message to its answer (benches/instructions.rs),
# with valgrind, and compares them with the figures that are checked in. Counts do not depend on how fast the machine is, or on what else
# it does. It is built as the tests are, of which most is built then; what an optimised build spends is shown by --profile.
#
#   scripts/instructions.sh            compares; fails where a count is more than 5 % above or below its figure
#   scripts/instructions.sh --write    writes the figures anew; say in the commit why they changed
#   scripts/instructions.sh --profile get    what the instructions are spent on, by function
set -eu
cd "$(dirname "$0")/.."

figures=benches/instructions.txt
tolerance=5
few=150

complain() {
    printf 'instructions: %s\n' "$*" >&2
    exit 1
}

command -v valgrind >/dev/null || complain "valgrind is missing: scripts/setup.sh test installs it"
# As `make test` has it, so that nothing is built twice.
export AWS_LC_SYS_NO_JITTER_ENTROPY=1

# built OPTIONS...: builds it so, and says where it is.
built() {
    cargo build --quiet --bench instructions --message-format=json "$@" |
        sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"

# instructions OPERATION COUNT: of a whole run.
instructions() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$program" "$1" "$2" 2>"$work/said" >&2 ||
        { cat "$work/said" >&2; complain "$1 could not be counted"; }
    sed -n 's/.*I *refs: *//p' "$work/said" | tr -d ,
}

if [ "${1:-}" = --profile ]; then
    # With AWS-LC as it is in what is installed.
    unset AWS_LC_SYS_NO_JITTER_ENTROPY
    program=$(built --release)
    valgrind --tool=callgrind --callgrind-out-file="$work/out" "$program" "${2:?which: get, locate or create}" 2000 >&2
    callgrind_annotate --inclusive=yes "$work/out" | head -n 100
    exit 0
fi

program=$(built)
[ -n "$program" ] || complain "benches/instructions.rs was not built"
: >"$work/counted"
for operation in get locate create; do
    # What starting costs is in both, and gone from the difference.
    less=$(instructions "$operation" $few)
    more=$(instructions "$operation" $((few * 4)))
    printf '%s %s\n' "$operation" $(((more - less) / (few * 3))) >>"$work/counted"
done

if [ "${1:-}" = --write ]; then
    { sed -n '/^#/p' "$figures"; rustc --version; cat "$work/counted"; } >"$work/new"
    cp "$work/new" "$figures"
    cat "$work/counted"
    exit 0
fi

wrong=0
while read -r operation counted; do
    figure=$(sed -n "s/^$operation //p" "$figures")
    [ -n "$figure" ] || complain "$figures has no figure for $operation"
    change=$(((counted - figure) * 1000 / figure))
    printf '%-8s %10d instructions, %10d checked in: %+d.%d %%\n' "$operation" "$counted" "$figure" $((change / 10)) $((change < 0 ? -change % 10 : change % 10))
    if [ $change -gt $((tolerance * 10)) ] || [ $change -lt $((-tolerance * 10)) ]; then
        wrong=1
    fi
done <"$work/counted"
[ $wrong -eq 0 ] || complain "with $(rustc --version), where the figures are of $(sed -n '/^rustc/p' "$figures"): a count is more than $tolerance % away from $figures. Where that is meant, write it anew (--write) and say why; --profile shows where it comes from"
