//! A server that cannot start says what is wrong, with what (the file, and the key of the configuration that names it),
//! and what to do about it.

mod arrangements;
mod exchanged;
mod others;
mod untouched;

use crate::support::dev::Dev;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of `keystead dev` whose server has stopped.
struct Stopped {
    folder: tempfile::TempDir,
}

impl Stopped {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(Dev::start_quietly(folder.path()));
        let stopped = Self { folder };
        stopped.change("listen = [\"127.0.0.1:5696\"]", "listen = [\"127.0.0.1:0\"]");
        stopped
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts other words into the configuration.
    fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file("keystead.toml")).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        fs::write(self.file("keystead.toml"), text.replace(from, to)).unwrap();
    }

    /// What a start that fails says; it ends with this code.
    fn refusal(&self, code: i32) -> String {
        refusal(code, &["serve", "--config", self.file("keystead.toml").to_str().unwrap()])
    }

    /// The same while a file holds something else, or nothing, or is not there.
    fn refusal_with(&self, code: i32, name: &str, content: Option<&[u8]>) -> String {
        let right = fs::read(self.file(name)).unwrap();
        fs::remove_file(self.file(name)).unwrap();
        if let Some(content) = content {
            fs::write(self.file(name), content).unwrap();
        }
        let text = self.refusal(code);
        fs::write(self.file(name), right).unwrap();
        text
    }
}

fn refusal(code: i32, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_keystead")).args(args).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(output.stdout.is_empty());
    text
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

#[test]
fn an_address_that_cannot_be_had() {
    let stopped = Stopped::new();
    stopped.change("127.0.0.1:0", "192.0.2.7:5696");
    let text = stopped.refusal(14);
    says(&text, &["192.0.2.7:5696", "This machine has no address 192.0.2.7", "0.0.0.0"]);
    assert!(!text.contains("another server"), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    stopped.change("192.0.2.7:5696", &address);
    says(&stopped.refusal(14), &[&address, "Is another server running there?", "`listen`"]);
}

#[test]
fn a_configuration_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let text = refusal(10, &["serve", "--config", &path("none.toml")]);
    says(&text, &["none.toml", "keystead dev --dir", "docs/configuration.md"]);
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md").exists());
    says(&refusal(10, &["serve", "--config", &path("")]), &[&path(""), "Name a text file"]);
}

#[test]
fn a_folder_for_dev_that_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("below")] {
        let text = refusal(10, &["dev", "--dir", place.to_str().unwrap()]);
        says(&text, &[file.to_str().unwrap(), "it is a file", "a folder is wanted", "--dir"]);
    }
    says(&refusal(10, &["dev", "--dir", "/dev/null"]), &["/dev/null", "it is a device", "--dir"]);
    says(&refusal(16, &["dev", "--dir", "/proc/keystead"]), &["/proc/keystead", "Name with --dir"]);
}

#[test]
fn files_of_tls_that_are_missing_or_wrong() {
    let stopped = Stopped::new();
    let none = b"-----BEGIN NOTHING-----\n".as_slice();
    for (key, name) in [("tls.certificate", "server.pem"), ("tls.key", "server.key"), ("tls.ca", "ca.pem")] {
        let path = stopped.file(name);
        let path = path.to_str().unwrap();
        says(&stopped.refusal_with(10, name, None), &[key, path, "No such file", "name another file"]);
        says(&stopped.refusal_with(10, name, Some(b"")), &[key, path, "PEM is wanted"]);
        says(&stopped.refusal_with(10, name, Some(none)), &[key, path, "PEM"]);
    }
    let other = fs::read(stopped.file("client.key")).unwrap();
    let text = stopped.refusal_with(10, "server.key", Some(&other));
    let (key, certificate) = (stopped.file("server.key"), stopped.file("server.pem"));
    says(&text, &["tls.key", key.to_str().unwrap(), "tls.certificate", certificate.to_str().unwrap()]);
    says(&text, &["belong together"]);
    let text = stopped.refusal_with(
        10,
        "ca.pem",
        Some(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    );
    says(&text, &["tls.ca", "ca.pem", "name that of the clients' CA"]);
}

#[test]
fn a_pin_that_cannot_be_read() {
    let stopped = Stopped::new();
    let pin = stopped.file("pin");
    let text = stopped.refusal_with(10, "pin", None);
    says(&text, &["hsm.pin_file", pin.to_str().unwrap(), "No such file", "0600"]);
    says(&stopped.refusal_with(10, "pin", Some(b"\n")), &["hsm.pin_file", pin.to_str().unwrap(), "empty"]);
    stopped.change("pin_file = \"pin\"", "pin_descriptor = 77");
    says(&stopped.refusal(10), &["hsm.pin_descriptor, 77", "77< PIN-FILE"]);
}

/// An emptied file was once taken for a new store, and the server went on without its keys.
#[test]
fn a_store_that_is_damaged() {
    let stopped = Stopped::new();
    let whole = fs::read(stopped.file("store/store.redb")).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut damaged = whole.clone();
        damaged.splice(at..at + bytes.len(), bytes.iter().copied());
        damaged
    };
    for (what, damaged) in [
        ("empty", Vec::new()),
        ("ten bytes", whole.iter().copied().take(10).collect()),
        ("half", whole.iter().copied().take(whole.len() / 2).collect()),
        ("another file", b"[store]\nengine = \"redb\"\n".repeat(1000)),
        ("no magic number", with(0, b"XXXX")),
        ("pages of zeros", with(4096, &[0; 20 * 4096])),
    ] {
        fs::write(stopped.file("store/store.redb"), &damaged).unwrap();
        let text = stopped.refusal(12);
        let path = stopped.file("store/store.redb");
        says(&text, &["the store is damaged", path.to_str().unwrap(), "put back a copy"]);
        says(&text, &["docs/configuration.md, Copies of the store", "Nothing was written to it."]);
        assert!(fs::read(&path).unwrap() == damaged, "{what}");
    }
    fs::write(stopped.file("store/store.redb"), &whole).unwrap();
    let dev = Dev::start_quietly(stopped.folder.path());
    assert!(dev.keystead("client", &["ready"]).status.success(), "whole again from the copy");
}

/// What units of systemd go by stands in one table, in the help and in the documentation.
#[test]
fn exit_codes_are_documented() {
    use keystead::exit::{Exit, ROWS, never_again};
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/configuration.md")).unwrap();
    for row in ROWS {
        let again = match row.exit {
            Exit::Stopped => "",
            _ if row.may_pass => "yes",
            _ => "no",
        };
        let line = format!("| {} | {} | {again} |", row.code, row.meaning);
        assert!(page.contains(&line), "docs/configuration.md lacks {line}");
    }
    let unit = format!("RestartPreventExitStatus={}", never_again());
    assert!(page.contains(&unit));
    for command in ["serve", "dev"] {
        let output = Command::new(env!("CARGO_BIN_EXE_keystead")).args([command, "--help"]).output().unwrap();
        let help: String =
            String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&unit), "{help}");
        assert!(ROWS.iter().all(|row| help.contains(&format!("{} {}", row.code, row.meaning))), "{help}");
    }
}

/// SoftHSM knows its tokens by an absolute path, and says nothing but CKR_GENERAL_ERROR where they are not there.
#[test]
fn a_folder_that_was_moved() {
    let stopped = Stopped::new();
    let moved = tempfile::tempdir().unwrap();
    let place = moved.path().join("moved");
    fs::rename(stopped.folder.path(), &place).unwrap();
    let config = place.join("keystead.toml");
    let text = refusal(13, &["serve", "--config", config.to_str().unwrap()]);
    let (tokens, softhsm) = (stopped.file("tokens"), place.join("softhsm2.conf"));
    says(
        &text,
        &[tokens.to_str().unwrap(), "is not there", softhsm.to_str().unwrap(), "Put the folder back"],
    );
    fs::rename(&softhsm, place.join("aside")).unwrap();
    let text = refusal(10, &["serve", "--config", config.to_str().unwrap()]);
    says(&text, &["hsm.softhsm_config", softhsm.to_str().unwrap()]);
    fs::rename(place.join("aside"), &softhsm).unwrap();
    // What `dev` has written, it follows.
    let dev = Dev::start_quietly(&place);
    assert!(dev.keystead("client", &["ready"]).status.success());
    drop(dev);
    assert!(fs::read_to_string(&softhsm).unwrap().contains(place.join("tokens").to_str().unwrap()));
    // What somebody else has written stays.
    let own =
        format!("{}# mine\n", fs::read_to_string(&softhsm).unwrap()).replace("moved/tokens", "elsewhere");
    fs::write(&softhsm, &own).unwrap();
    let text = refusal(13, &["dev", "--dir", place.to_str().unwrap()]);
    says(&text, &["elsewhere", "is not there"]);
    assert_eq!(fs::read_to_string(&softhsm).unwrap(), own);
    fs::create_dir_all(stopped.folder.path()).unwrap();
}
