//! `keystead client` against a real server: what is made, what is left when it fails, and its exit codes.

use crate::support::dev::{Dev, told};
use std::path::Path;
use std::process::Output;

fn add(dev: &Dev, who: &str, name: &str, out: &Path, more: &[&str]) -> Output {
    dev.keystead(who, &[&["client", "add", name, "--out", out.to_str().unwrap()], more].concat())
}

fn failed(output: Output, code: i32) -> String {
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{words}");
    words
}

/// The server listed a client whose key had been nowhere to write to.
#[test]
fn a_client_that_cannot_be_written_down_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let words = failed(add(&dev, "admin", "lost", &folder.path().join("nowhere/deeper"), &[]), 1);
    assert!(words.contains("nowhere/deeper") && words.contains("--out"), "{words}");
    assert_eq!(told(dev.keystead("admin", &["client", "list", "--json"])), "[]");
}

#[test]
fn a_client_that_the_server_does_not_make_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    failed(add(&dev, "client", "one", &out, &[]), 4);
    failed(add(&dev, "admin", "one", &out, &["--server", "127.0.0.1:1"]), 3);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    told(add(&dev, "admin", "one", &out, &[]));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4, "certificate, key, CA and client.toml");
    assert!(failed(add(&dev, "admin", "one", &out, &[]), 1).contains("nothing is overwritten"));
    let [certificate, key] = ["one.pem", "one.key"].map(|file| out.join(file).display().to_string());
    told(dev.keystead("client", &["key", "list", "--cert", &certificate, "--key", &key]));
    told(add(&dev, "admin", "two", &out, &[]));
    for config in ["client.toml", "two.toml"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keystead"));
        told(command.args(["key", "list", "--config"]).arg(out.join(config)).output().unwrap());
    }
}

/// Whoever held the new certificate had all keys of the name, and nobody was told.
#[test]
fn a_name_that_owns_keys_is_handed_over_only_when_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    [&first, &second].into_iter().for_each(|out| std::fs::create_dir(out).unwrap());
    let files = |out: &Path| ["one.pem", "one.key"].map(|file| out.join(file).display().to_string());
    let as_one = |out: &Path, args: &[&str]| {
        let [certificate, key] = files(out);
        dev.keystead("client", &[args, &["--cert", &certificate, "--key", &key]].concat())
    };
    told(add(&dev, "admin", "one", &first, &[]));
    // While it owns nothing, another certificate of the name hands over nothing.
    told(add(&dev, "admin", "one", &second, &[]));
    files(&second).iter().for_each(|file| std::fs::remove_file(file).unwrap());
    told(as_one(&first, &["key", "create", "--name", "disk"]));
    let words = failed(add(&dev, "admin", "one", &second, &[]), 4);
    assert!(words.contains("owns 1 key") && words.contains("--replace"), "{words}");
    assert!(!second.join("one.key").exists(), "refused, and yet something was left");
    told(add(&dev, "admin", "one", &second, &["--replace"]));
    assert!(told(as_one(&second, &["key", "list"])).contains("disk"));
    failed(as_one(&first, &["key", "list"]), 4);
}
