#!/bin/sh
# `make bench`: measures a real server (`keystead dev`, with SoftHSM) beside what the machine can do at the most, and writes
# docs/performance.md with the tables, the plots and the figures as JSON under docs/performance/.
#
#   scripts/bench.sh                    all parts, then the page
#   scripts/bench.sh PART [KEYS]        one part; then scripts/bench.sh page
#   scripts/bench.sh page               the page alone, from the figures that are there
#
# Parts: reads once changes connections storm idle strict busy limits; or any workload of `keystead bench`, which is measured over so many
# KEYS and shown, and not kept. Stores are kept under .bench, so that a population is made once; `once` makes its own.
#
#   KEYSTEAD_BENCH_RUNS=5        how often each figure is measured; the median counts
#   KEYSTEAD_BENCH_SECONDS=5     how long each time
#   KEYSTEAD_BENCH_LARGE=1       0 leaves out 1,000,000 keys
#   KEYSTEAD_BENCH_PROFILE=dist      what is built and measured
#   KEYSTEAD_BENCH_PROGRAM=FILE      measure this one; nothing is built
set -eu
cd "$(dirname "$0")/.."
# A storm has a file for each connection and each pending handshake, of server and client.
ulimit -n 65536 2>/dev/null || true

runs=${KEYSTEAD_BENCH_RUNS:-5}
seconds=${KEYSTEAD_BENCH_SECONDS:-5}
profile=${KEYSTEAD_BENCH_PROFILE:-dist}
usual=20000
many=1000000
populations="1000 $usual 100000"
[ "${KEYSTEAD_BENCH_LARGE:-1}" = 0 ] || populations="$populations $many"

figures=docs/performance
place=$PWD/.bench
keystead=${KEYSTEAD_BENCH_PROGRAM:-${CARGO_TARGET_DIR:-$PWD/target}/$profile/keystead}
server=""

complain() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

stop_server() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=""
}

clean_up() {
    status=$?
    trap - EXIT INT TERM
    stop_server
    rm -f "$place/ready" "$place/rotating"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start_server NAME [MODE]: the server whose store is .bench/NAME, in mode cached (as it is made) or strict.
start_server() {
    stop_server
    folder=$place/$1
    mkdir -p "$place"
    if [ ! -e "$folder/keystead.toml" ]; then
        run_server
        stop_server
        # A storm is of one client here, and its clients are not to wait for each other's slots.
        printf '\n[limits]\nconnections = 32000\nconnections_per_client = 12000\nconnections_per_address = 12000\n' >>"$folder/keystead.toml"
    fi
    sed -i "s/^mode = \"[a-z]*\"/mode = \"${2:-cached}\"/" "$folder/keystead.toml"
    run_server
    export KEYSTEAD_CERT="$folder/client.pem" KEYSTEAD_KEY="$folder/client.key" KEYSTEAD_CA="$folder/ca.pem"
    export KEYSTEAD_SERVER
}

run_server() {
    rm -f "$place/ready"
    mkfifo "$place/ready"
    "$keystead" dev --dir "$folder" --listen 127.0.0.1:0 >"$place/ready" 2>"$folder.log" &
    server=$!
    read -r word KEYSTEAD_SERVER <"$place/ready" || complain "the server did not start: $folder.log"
    [ "$word" = ready ] || complain "the server said: $word $KEYSTEAD_SERVER"
}

# measure WORKLOADS OPTIONS...: with what all parts have in common.
measure() {
    "$keystead" bench "$@" --pid "$server" --duration "$seconds" --runs "$runs" \
        --echo-cert "$folder/server.pem" --echo-key "$folder/server.key"
}

# kept NAME ...: measures, and keeps the figures.
kept() {
    name=$1
    shift
    printf 'bench: %s\n' "$name" >&2
    mkdir -p "$figures"
    measure "$@" --json >"$figures/$name.json.new" || complain "$name: answers were wrong or missing: $figures/$name.json.new"
    mv "$figures/$name.json.new" "$figures/$name.json"
}

# One rotation after another, while there is a file that says so.
rotate() {
    while [ -e "$place/rotating" ]; do
        KEYSTEAD_CERT="$folder/admin.pem" KEYSTEAD_KEY="$folder/admin.key" "$keystead" master rotate >/dev/null
        sleep 0.5
    done
}

populated() {
    start_server "$1" "${2:-cached}"
    "$keystead" bench --preload --population "$1"
}

part() {
    case $1 in
    reads)
        for keys in ${2:-$populations}; do
            populated "$keys"
            kept "reads-$keys" get locate get-attributes --population "$keys" --limits
        done
        ;;
    once)
        # Each key for the first time: on a store of its own, once.
        keys=${2:-$many}
        [ "${KEYSTEAD_BENCH_LARGE:-1}" != 0 ] || keys=${2:-100000}
        stop_server
        rm -rf "$place/once"
        start_server once
        "$keystead" bench --preload --population "$keys"
        runs=1 seconds=600 kept once get --limits --each-once --warm-up 0 --population "$keys" --connections 64
        rm -rf "$place/once"
        ;;
    changes)
        populated "${2:-$usual}"
        kept changes create register activate encrypt mixed --population "${2:-$usual}" --connections 1,16,64,256 --limits --dir "$place"
        ;;
    connections)
        populated "${2:-$usual}"
        kept connections handshake unlock --population "${2:-$usual}" --limits
        ;;
    storm)
        populated "${2:-$usual}"
        kept storm storm --population "${2:-$usual}" --connections 1000,10000 --limits
        ;;
    idle)
        populated "${2:-$usual}"
        runs=1 kept idle idle --connections 1000,10000
        ;;
    strict)
        populated "${2:-$usual}" strict
        kept strict get unlock --population "${2:-$usual}" --label strict --limits --hsm "$folder/keystead.toml"
        ;;
    busy)
        # Reads at a rate that leaves room: alone, while 64 connections create, and while master keys are rotated.
        populated "${2:-$usual}"
        kept quiet get --population "${2:-$usual}" --connections 16 --rate 1000 --label "alone, 1000/s"
        "$keystead" bench create --population "${2:-$usual}" --connections 64 --duration $((seconds * runs + runs + 5)) >"$place/creates.txt" &
        creates=$!
        kept busy get --population "${2:-$usual}" --connections 16 --rate 1000 --label "beside 64 that create, 1000/s"
        wait $creates || complain "create failed: $place/creates.txt"
        : >"$place/rotating"
        rotate &
        rotations=$!
        kept rotating get --population "${2:-$usual}" --connections 16 --rate 1000 --label "beside rotations, 1000/s"
        rm "$place/rotating"
        wait $rotations || complain "a rotation failed"
        ;;
    limits)
        start_server "$usual"
        kept limits limits --connections 1,16,64 --dir "$place"
        ;;
    *)
        populated "${2:-$usual}"
        measure "$1" --population "${2:-$usual}" --limits
        ;;
    esac
    stop_server
}

# shown TITLE NAME...: the tables of some figures under a title, and their plot where one has a line to draw.
shown() {
    title=$1
    shift
    plot=$1
    files=""
    for name in "$@"; do
        [ ! -e "$figures/$name.json" ] || files="$files $figures/$name.json"
    done
    [ -n "$files" ] || return 0
    printf '\n## %s\n\n' "$title"
    # shellcheck disable=SC2086 # one word a file
    "$keystead" bench --from $files --markdown --svg "$figures/$plot.svg"
    if grep -q '<circle' "$figures/$plot.svg"; then
        printf '\n![%s](performance/%s.svg)\n' "$title" "$plot"
    else
        rm "$figures/$plot.svg"
    fi
}

page() {
    all_reads=""
    for keys in 1000 $usual 100000 $many; do
        all_reads="$all_reads reads-$keys"
    done
    {
        cat scripts/bench/head.md
        # shellcheck disable=SC2086 # one word a name
        shown "Reads by connections and population" $all_reads
        shown "Each key for the first time" once
        shown "Changes and cryptography" changes
        shown "Connections" connections
        shown "Many clients at once" storm
        shown "Idle connections" idle
        shown "Strict mode: the HSM at every request" strict
        shown "Reads beside writers and rotations" quiet busy rotating
        shown "What the machine can do without a server" limits
    } >docs/performance.md.new
    mv docs/performance.md.new docs/performance.md
    printf 'bench: docs/performance.md is written\n' >&2
}

if [ "${1:-}" != page ] && [ -z "${KEYSTEAD_BENCH_PROGRAM:-}" ]; then
    # AWS-LC as in what is installed, whatever a shell has set for tests.
    unset AWS_LC_SYS_NO_JITTER_ENTROPY
    cargo build --quiet --profile "$profile" --bin keystead
fi
[ -x "$keystead" ] || complain "$keystead is not built"
case ${1:-all} in
all)
    for each in reads once changes connections storm idle strict busy limits; do
        part "$each"
    done
    page
    ;;
page) page ;;
*) part "$@" ;;
esac
