//! PyKMIP's client, which is not ours, against a real server, in every version that it speaks.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::path::Path;
use std::process::Command;
use support::dev::{Dev, told};

/// PyKMIP speaks 1.0 to 1.4 and 2.0.
const VERSIONS: usize = 6;

#[test]
fn pykmip_does_all_that_it_can() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = checkout.join(".venv/bin/python");
    if !python.exists() {
        return support::skip("PyKMIP is not installed: `make test` does (scripts/setup.sh test)");
    }
    let folder = tempfile::tempdir().unwrap();
    let persona = "[[clients]]\nname = \"client\"\npersona = \"pykmip\"\n";
    let dev = Dev::configured(folder.path(), &[("", persona)]);
    let (host, port) = dev.address.rsplit_once(':').unwrap();
    let mut command = Command::new(python);
    command.arg(checkout.join("tests/interop/pykmip.py")).args(["--host", host, "--port", port]);
    for (option, file) in [("--cert", "client.pem"), ("--key", "client.key"), ("--ca", "ca.pem")] {
        command.arg(option).arg(folder.path().join(file));
    }
    let lines = told(command.output().unwrap());
    assert_eq!(lines.lines().count(), VERSIONS, "{lines}");
}
