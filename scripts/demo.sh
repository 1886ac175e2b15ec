#!/bin/sh
# `make demo`: the main job from nothing. A server with an HSM, a LUKS2 volume with content, its key made and kept by
# the server, the volume unlocked with the key fetched over KMIP, the master key rotated, the volume unlocked again.
# Everything is made in .demo and removed at the end; a step that fails ends it with an error.
set -eu
cd "$(dirname "$0")/.."

place=$PWD/.demo
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug
volume=$place/volume.img
mapping=keystead-demo-$$
text="The content of the volume: nobody reads it without the key."
server=""
number=0

say() {
    printf '%s\n' "$*"
}

step() {
    number=$((number + 1))
    printf '\n%d. %s\n' "$number" "$*"
}

fail() {
    printf '\ndemo: FAILED: %s\n' "$*" >&2
    exit 1
}

clean_up() {
    status=$?
    trap - EXIT INT TERM
    if [ -e "/dev/mapper/$mapping" ]; then
        umount "$place/mounted" 2>/dev/null || true
        cryptsetup close "$mapping" || true
    fi
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ "$status" -ne 0 ] && [ -s "$place/server.log" ]; then
        printf '\ndemo: the last lines of the server:\n' >&2
        tail -n 20 "$place/server.log" >&2
    fi
    rm -rf "$place"
    exit "$status"
}

start_server() {
    mkfifo "$place/ready"
    "$bin/keystead" dev --dir "$place/server" --listen 127.0.0.1:0 >"$place/ready" 2>"$place/server.log" &
    server=$!
    # The first line says where the server listens; the end of the pipe means that it gave up.
    read -r word KEYSTEAD_SERVER <"$place/ready" || fail "the server did not start"
    [ "$word" = ready ] || fail "the server said: $word $KEYSTEAD_SERVER"
    export KEYSTEAD_SERVER
    export KEYSTEAD_CERT="$place/server/client.pem" KEYSTEAD_KEY="$place/server/client.key"
    export KEYSTEAD_CA="$place/server/ca.pem"
    say "   it accepts connections at $KEYSTEAD_SERVER"
}

# Administrators are told apart by their certificate.
as_admin() {
    KEYSTEAD_CERT="$place/server/admin.pem" KEYSTEAD_KEY="$place/server/admin.key" "$@"
}

make_volume() {
    mkdir "$place/content"
    say "$text" >"$place/content/message.txt"
    mkfs.ext4 -q -d "$place/content" "$volume" 16M 2>/dev/null
    # cryptsetup moves the data by 32 MiB to make room for its header.
    truncate -s +32M "$volume"
    passphrase=$(head -c 24 /dev/urandom | base64)
    printf %s "$passphrase" | cryptsetup reencrypt -q --encrypt --type luks2 --reduce-device-size 32M \
        --pbkdf-memory 65536 --iter-time 200 --key-file - "$volume"
    if grep -q "$text" "$volume"; then
        fail "the content can be read without a key"
    fi
    say "   LUKS UUID $(cryptsetup luksUUID "$volume")"
}

enroll_volume() {
    key=$(printf %s "$passphrase" | "$bin/keystead-unlock" enroll "$volume" --existing-key-file -)
    "$bin/keystead" key list
    cryptsetup luksDump "$volume" | sed -n '/^Tokens:/,/^Digests:/{/^Digests:/!p}'
}

# The node /dev/mapper/control may be there without the kernel's part.
has_device_mapper() {
    [ "$(id -u)" -eq 0 ] && grep -qs device-mapper /proc/misc
}

# Prints the content on standard output.
content() {
    if has_device_mapper; then
        content_by_device_mapper
    else
        content_by_decrypted_copy
    fi
}

content_by_device_mapper() {
    "$bin/keystead-unlock" unlock "$volume" "$mapping" --readonly
    mkdir -p "$place/mounted"
    mount -o ro "/dev/mapper/$mapping" "$place/mounted"
    cat "$place/mounted/message.txt"
    umount "$place/mounted"
    cryptsetup close "$mapping"
}

content_by_decrypted_copy() {
    "$bin/keystead-unlock" unlock "$volume" --test-passphrase
    cp "$volume" "$place/copy.img"
    # Without device-mapper nothing can have the copy open, which is what cryptsetup cannot see for itself.
    "$bin/keystead-unlock" get "$key" | cryptsetup reencrypt -q --decrypt --force-offline-reencrypt \
        --disable-external-tokens --header "$place/copy.header" --key-file - "$place/copy.img" 2>"$place/decrypt.log" ||
        fail "the copy was not decrypted: $(cat "$place/decrypt.log")"
    debugfs -R 'cat /message.txt' "$place/copy.img" 2>/dev/null
    rm -f "$place/copy.img" "$place/copy.header"
}

show_content() {
    shown=$(content)
    [ "$shown" = "$text" ] || fail "the volume does not show its content, but: $shown"
    say "   > $shown"
}

command -v cargo >/dev/null || fail "cargo is missing: a current stable Rust is needed"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
rm -rf "$place"
mkdir -m 700 "$place"

step "Build Keystead (the first time takes some minutes)."
cargo build --bins

step "Make an HSM token (SoftHSM) with a master key in it, and start a server on it."
start_server

step "Make a LUKS2 volume with a file system and a file, opened by a passphrase."
make_volume

step "Enrol it: the server makes a key and keeps it sealed; the volume gets a keyslot and a token that name it."
enroll_volume

step "Unlock it with the key, fetched over KMIP and mutual TLS."
has_device_mapper || say "   (no device-mapper here: the content is read from a decrypted copy)"
show_content

step "Rotate the master key in the HSM, while the server runs."
as_admin "$bin/keystead" master rotate
as_admin "$bin/keystead" master status

step "Unlock the volume again: its key has not changed, what seals it has."
show_content

say ""
say "Done. The key of the volume never stood in a file, and the master keys never left the HSM."
