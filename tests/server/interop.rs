//! Clients that are not ours against a real server: PyKMIP's two last releases in every version that they speak, that of
//! cyphera-kmip, libmongocrypt as MongoDB's drivers have it, Barbican's secret store, and the HTTP clients of Python programs.
//! `kmip_protocol.rs` has another one.

use crate::support::dev::{Dev, told};
use std::path::Path;
use std::process::Command;

/// PyKMIP speaks 1.0 to 1.4 and 2.0.
const VERSIONS: usize = 6;

/// The virtual environments of the clients, in the checkout.
const USUAL: &str = ".venv";
const PYKMIP: &str = ".venvs/pykmip";
const MONGOCRYPT: &str = ".venvs/mongocrypt";
const BARBICAN: &str = ".venvs/barbican";

/// What one of the programs in `tests/interop` prints, a line a thing that went well.
fn lines(dev: &Dev, environment: &str, program: &str, address: &str) -> Option<Vec<String>> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = checkout.join(environment).join("bin/python");
    if !python.exists() {
        crate::support::skip("the clients are not installed: `make test` does (scripts/setup.sh test)");
        return None;
    }
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut command = Command::new(python);
    command.arg(checkout.join("tests/interop").join(program)).args(["--host", host, "--port", port]);
    for (option, file) in [("--cert", "client.pem"), ("--key", "client.key"), ("--ca", "ca.pem")] {
        command.arg(option).arg(dev.folder.join(file));
    }
    Some(told(command.output().unwrap()).lines().map(str::to_owned).collect())
}

#[test]
fn pykmip_does_all_that_it_can() {
    pykmip(USUAL);
}

#[test]
fn the_newer_pykmip_does_all_that_it_can() {
    pykmip(PYKMIP);
}

fn pykmip(environment: &str) {
    let folder = tempfile::tempdir().unwrap();
    let persona = "[[clients]]\nname = \"client\"\npersona = \"pykmip\"\n";
    let dev = Dev::configured(folder.path(), &[("", persona)]);
    let Some(lines) = lines(&dev, environment, "pykmip.py", &dev.address) else { return };
    assert_eq!(lines.len(), VERSIONS, "{lines:?}");
}

#[test]
fn cyphera_kmip_does_what_it_encodes_as_kmip_does() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let Some(lines) = lines(&dev, USUAL, "cyphera.py", &dev.address) else { return };
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn the_http_clients_of_python_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let Some(lines) = lines(&dev, USUAL, "https.py", &dev.https) else { return };
    assert_eq!(lines, ["http.client", "urllib", "requests"]);
}

#[test]
fn libmongocrypt_makes_uses_and_rewraps_data_keys() {
    let folder = tempfile::tempdir().unwrap();
    let persona = "[[clients]]\nname = \"client\"\npersona = \"mongodb\"\n";
    let dev = Dev::configured(folder.path(), &[("", persona)]);
    let Some(lines) = lines(&dev, MONGOCRYPT, "mongocrypt.py", &dev.address) else { return };
    assert_eq!(lines.len(), 7, "{lines:?}");
}

#[test]
fn barbican_s_secret_store_does_all_but_what_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let persona = "[[clients]]\nname = \"client\"\npersona = \"barbican\"\n";
    let dev = Dev::configured(folder.path(), &[("", persona)]);
    let Some(lines) = lines(&dev, BARBICAN, "barbican_store.py", &dev.address) else { return };
    let [counts] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(counts.ends_with("refused for the reasons of the table"), "{counts}");
}
