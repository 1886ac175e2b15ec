#!/bin/sh
# Installs what `make demo`, `make test` and `make soak` need on a fresh Debian 12, and nothing that is there already.
# Needs root only where a package is missing. The Rust toolchain is not its business: a current stable one is expected.
#
#   scripts/setup.sh demo|test|bench|soak|dist
set -eu
cd "$(dirname "$0")/.."

purpose=${1:?say what for: demo, test, bench, soak or dist}

complain() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# A C compiler builds aws-lc, and SoftHSM is the HSM of demos and tests. kryoptic, the second one of tests, is built with libclang, OpenSSL and SQLite.
second_token="libclang-14-dev libsqlite3-dev libssl-dev pkg-config"
packages="gcc libc6-dev make softhsm2"
case $purpose in
demo) packages="$packages opensc cryptsetup-bin e2fsprogs" ;;
test) packages="$packages valgrind opensc cryptsetup-bin e2fsprogs openssl python3-venv curl libfaketime $second_token" ;;
soak) packages="$packages cryptsetup-bin python3-venv $second_token" ;;
bench) packages="$packages openssl valgrind" ;;
# libc6-dev has the static C library too; readelf looks at what was built.
dist) packages="gcc libc6-dev make binutils" ;;
*) complain "unknown purpose: $purpose" ;;
esac

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
    missing=""
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] || complain "these packages are missing; install them as root: apt-get install$missing"
    printf 'setup: installing%s\n' "$missing" >&2
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # shellcheck disable=SC2086 # one word a package
    if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        complain "apt-get could not install$missing"
    fi
    rm -f "$log"
}

# install_python_packages FOLDER REQUIREMENTS WHAT: a virtual environment with these packages, unless it is there.
install_python_packages() {
    if cmp -s "$2" "$1/installed.txt"; then
        return 0
    fi
    printf 'setup: installing %s into %s\n' "$3" "$1" >&2
    rm -rf "$1"
    # Debian's own Python: the package python3-venv belongs to it.
    /usr/bin/python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    cp "$2" "$1/installed.txt"
}

# Clients that cannot be installed beside each other.
install_other_clients() {
    install_python_packages .venvs/mongocrypt tests/interop/requirements-mongocrypt.txt libmongocrypt
    install_python_packages .venvs/barbican tests/interop/requirements-barbican.txt Barbican
    install_python_packages .venvs/pykmip tests/interop/requirements-pykmip.txt "PyKMIP's newer release"
}

command -v apt-get >/dev/null || complain "this is not Debian; it needs: $packages"
install_packages
case $purpose in test | soak) install_python_packages .venv tests/interop/requirements.txt "PyKMIP, cyphera-kmip and psec" ;; esac
case $purpose in test) install_other_clients ;; esac
command -v cargo >/dev/null || complain "cargo is missing: a current stable Rust is needed (https://rustup.rs)"
case $purpose in test | soak) cargo build --quiet --locked --manifest-path hsm/second-token/Cargo.toml ;; esac
