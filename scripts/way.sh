#!/bin/sh
# The way of a Get: which files of the project it enters, from the decrypted message to its answer (benches/instructions.rs), counted
# with valgrind by line, and whether these are the files that the page in src/lib.rs lists. Built as the tests are, with line numbers.
# Entered is a file of which a line is run in each Get, on the threads that run the engine. The codec is left out.
#
#   scripts/way.sh           fails where a file is entered that the page does not list, or listed and not entered
#   scripts/way.sh --list    each file with how many of its lines are run, and how many instructions they take
set -eu
cd "$(dirname "$0")/.."

few=300
# What the program has no use for: it has a pipe in the place of a socket, and no TLS.
sockets='src/listen/accept.rs'

complain() {
    printf 'way: %s\n' "$*" >&2
    exit 1
}

command -v valgrind >/dev/null || complain "valgrind is missing: scripts/setup.sh test installs it"
# As `make test` has it, so that nothing is built twice.
export AWS_LC_SYS_NO_JITTER_ENTROPY=1
program=$(cargo build --quiet --bench instructions --message-format=json |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p')
[ -n "$program" ] || complain "benches/instructions.rs was not built"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"

# lines COUNT: `FILE:LINE INSTRUCTIONS` of a run with so many Gets, of the threads on which the engine runs.
lines() {
    rm -f "$work"/out*
    valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$work/out" "$program" get "$1" 2>"$work/said" >&2 ||
        { cat "$work/said" >&2; complain "a Get could not be counted"; }
    threads=$(grep -l 'engine::batch::run$' "$work"/out-*)
    # A name stands in full once in each file, then by its number; a line by its distance from the one before. What follows `calls=` is
    # the cost of what was called.
    awk -v root="$PWD/" '
        FNR == 1 { split("", names); at = 0; callee = 0 }
        /^f[lie]=/ {
            id = $1; sub(/^...\(?/, "", id); sub(/\)$/, "", id); sub(/^f[lie]=/, "", id)
            if (NF > 1) { name = $0; sub(/^[^ ]* /, "", name); names[id] = name }
            file = names[id]; sub("^" root, "", file); next
        }
        /^c?f[lieno]*=|^cob=|^ob=/ {
            if ($0 ~ /^cf[il]=/ && NF > 1) {
                id = $1; sub(/^.*\(/, "", id); sub(/\)$/, "", id); name = $0; sub(/^[^ ]* /, "", name); names[id] = name
            }
            next
        }
        /^calls=/ { callee = 1; next }
        /^[-+*0-9]/ {
            if ($1 ~ /^[-+]/) at += $1; else if ($1 != "*") at = $1
            if (callee) { callee = 0; next }
            if (at > 0 && file ~ /^([a-z-]+\/)?src\//) cost[file ":" at] += $2
        }
        END { for (line in cost) print line, cost[line] }' $threads | sort
}

lines $few >"$work/less"
lines $((few * 2)) >"$work/more"
# What each Get adds: each file with its lines and instructions.
join -a 1 -o 0,1.2,2.2 -e 0 "$work/more" "$work/less" | awk -v gets=$few '
    { added = $2 - $3; split($1, place, ":") }
    added >= gets * 0.9 { lines[place[1]]++ }
    { instructions[place[1]] += added }
    END { for (file in lines) printf "%s %d %d\n", file, lines[file], instructions[file] / gets }' |
    grep -v '^kmip-codec/' | sort >"$work/files"
[ -s "$work/files" ] || complain "no line of the project was counted: $program has no line numbers"

if [ "${1:-}" = --list ]; then
    awk '{ printf "%-48s %4d lines %6d instructions\n", $1, $2, $3; lines += $2 }
        END { printf "%d files, %d lines\n", NR, lines }' "$work/files"
    exit 0
fi

cut -d ' ' -f 1 "$work/files" | sort >"$work/entered"
# A line of the page: what, the folder, and its files.
awk '$1 == "//!" && $3 ~ /\/$/ { for (at = 4; at <= NF; at++) if ($at ~ /\.rs$/) print $3 $at }' src/lib.rs | sort >"$work/listed"
missing=$(comm -23 "$work/entered" "$work/listed")
stale=$(comm -13 "$work/entered" "$work/listed" | grep -vxF "$(printf '%s\n' $sockets)" || true)
[ -z "$missing" ] || complain "a Get enters these files, and the page in src/lib.rs does not list them:
$missing"
[ -z "$stale" ] || complain "the page in src/lib.rs lists these files, and a Get does not enter them:
$stale"
printf 'way: a Get enters %d files, as the page in src/lib.rs has them\n' "$(($(wc -l <"$work/listed")))"
