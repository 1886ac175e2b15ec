//! `keystead dev` makes its folder: cut off at any moment it is made whole by the next start, and what is lost of it later
//! is never put back in a way that would hide the loss.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::dev::Dev;

/// How many first starts are cut off, at moments spread over the time that one takes.
const CUTS: u32 = 40;

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["dev", "--listen", "127.0.0.1:0", "--dir"]).arg(folder);
    command
}

/// What a start says that fails.
fn refusal(folder: &Path) -> String {
    let Output { status, stderr, .. } = command(folder).output().unwrap();
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).unwrap()
}

/// A client and the administrator get through to the HSM.
fn serves(dev: &Dev) {
    for who in ["client", "admin"] {
        let output = dev.keystead(who, &["ready"]);
        assert!(output.status.success(), "{who}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn make_key(dev: &Dev, name: &str) {
    let output = dev.keystead("client", &["key", "create", "--name", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn has_key(dev: &Dev, name: &str) {
    let output = dev.keystead("client", &["key", "get", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_first_start_that_was_cut_off_is_made_whole() {
    let whole = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    drop(Dev::start_quietly(whole.path()));
    let time = begin.elapsed();
    for cut in 1..=CUTS {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(time * cut / CUTS);
        child.kill().unwrap();
        child.wait().unwrap();
        serves(&Dev::start(folder.path()));
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new")), "cut {cut}: {left:?}");
    }
}

/// Signed certificates are made anew with their keys; what signed them is not.
#[test]
fn a_lost_half_of_a_certificate_is_never_replaced_by_one_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    for half in ["client.pem", "client.key", "server.pem", "server.key", "admin.pem", "admin.key"] {
        fs::remove_file(folder.path().join(half)).unwrap();
        let dev = Dev::start_quietly(folder.path());
        serves(&dev);
        has_key(&dev, "kept");
    }
    for half in ["ca.pem", "ca.key", "certify.pem", "certify.key"] {
        let (there, away) = (folder.path().join(half), folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(half) && said.contains("put it back"), "{said}");
        assert!(!there.exists());
        fs::rename(&away, &there).unwrap();
    }
    let other = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(other.path()));
    let kept = fs::read(folder.path().join("ca.key")).unwrap();
    fs::copy(other.path().join("ca.key"), folder.path().join("ca.key")).unwrap();
    assert!(refusal(folder.path()).contains("does not belong to its certificate"));
    fs::write(folder.path().join("ca.key"), kept).unwrap();
    has_key(&Dev::start_quietly(folder.path()), "kept");
}

#[test]
fn a_lost_token_or_pin_is_not_replaced_and_can_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    for (lost, names) in [("tokens", "tokens"), ("pin", "pin")] {
        let (there, away) = (folder.path().join(lost), folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(names) && said.contains("put "), "{said}");
        assert!(!there.exists(), "{lost} was made anew");
        fs::rename(&away, &there).unwrap();
        has_key(&Dev::start_quietly(folder.path()), "kept");
    }
}

/// SoftHSM writes the object of the token at each login, in place: a kill in that moment leaves it empty.
#[test]
fn a_token_object_that_was_cut_off_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    let token = fs::read_dir(folder.path().join("tokens")).unwrap().next().unwrap().unwrap().path();
    for length in [0, 100] {
        let object = fs::OpenOptions::new().write(true).open(token.join("token.object")).unwrap();
        object.set_len(length).unwrap();
        has_key(&Dev::start_quietly(folder.path()), "kept");
    }
}

/// A token of the same label beside that of the store: the right one cannot be guessed.
#[test]
fn two_tokens_of_one_label_are_told_apart_by_their_serial_numbers() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_key(&Dev::start_quietly(folder.path()), "kept");
    drop(Dev::start_quietly(other.path()));
    for entry in fs::read_dir(other.path().join("tokens")).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), folder.path().join("tokens").join(entry.file_name())).unwrap();
    }
    let said = refusal(folder.path());
    let serials = said.split("serial numbers ").nth(1).and_then(|rest| rest.split(':').next());
    let config = folder.path().join("keystead.toml");
    let before = fs::read_to_string(&config).unwrap();
    let mut served = 0;
    for serial in serials.unwrap_or_else(|| panic!("{said}")).split(", ") {
        let named = before.replace("token = \"keystead-dev\"", &format!("serial = \"{serial}\""));
        fs::write(&config, named).unwrap();
        let mut child = command(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_secs(1));
        let runs = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        if runs {
            has_key(&Dev::start_quietly(folder.path()), "kept");
            served += 1;
        }
    }
    assert_eq!(served, 1);
}

/// An empty store in the place of a full one would look as if every key were lost.
#[test]
fn the_engine_of_a_store_cannot_be_changed_by_configuration() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    let config = folder.path().join("keystead.toml");
    let before = fs::read_to_string(&config).unwrap();
    for engine in ["sled", "memory"] {
        fs::write(&config, before.replace("\"redb\"", &format!("\"{engine}\""))).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains("engine redb") && said.contains("store.engine"), "{said}");
        assert!(!folder.path().join("store/sled").exists());
    }
    fs::write(&config, before).unwrap();
    has_key(&Dev::start_quietly(folder.path()), "kept");
}

/// The address that `dev` is given is written where the configuration is made, and goes before it later.
#[test]
fn where_dev_listens() {
    let folder = tempfile::tempdir().unwrap();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let says = |listen: Option<&str>, wanted: &str| {
        use std::io::BufRead as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command
            .arg("dev")
            .arg("--dir")
            .arg(folder.path())
            .args(listen.map(|address| ["--listen", address]).iter().flatten());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(line, format!("ready {wanted}\n"));
    };
    let (first, second) = (free(), free());
    says(Some(&first), &first);
    says(None, &first);
    says(Some(&second), &second);
    says(None, &first);
}
