#!/bin/sh
# `make dist`: what is installed, in target/dist-files. `keystead` loads the PKCS#11 module of an HSM and is linked
# dynamically; `keystead-unlock` is for hosts and initramfs: static, and small.
set -eu
cd "$(dirname "$0")/.."

# What keystead-unlock may have in bytes.
unlock_bytes_max=6000000

target=${CARGO_TARGET_DIR:-$PWD/target}
place=$target/dist-files
host=$(rustc -vV | sed -n 's/^host: //p')

# AWS-LC as it comes, with its jitter entropy, whatever a shell has set for tests.
unset AWS_LC_SYS_NO_JITTER_ENTROPY

fail() {
    printf 'dist: %s\n' "$*" >&2
    exit 1
}

cargo build --locked --profile dist --bin keystead
RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --profile dist-small -p keystead-unlock --target "$host"
mkdir -p "$place"
cp "$target/dist/keystead" "$place/"
cp "$target/$host/dist-small/keystead-unlock-static" "$place/keystead-unlock"
# A static program names no interpreter (the loader of shared libraries).
if readelf --program-headers "$place/keystead-unlock" | grep -q INTERP; then
    fail "keystead-unlock is not static"
fi
bytes=$(wc -c <"$place/keystead-unlock")
[ "$bytes" -le "$unlock_bytes_max" ] || fail "keystead-unlock has $bytes bytes; it may have $unlock_bytes_max"
ls -l "$place"
