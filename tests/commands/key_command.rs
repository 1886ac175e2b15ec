//! `keystead key` against a real server: what it prints, and its exit codes.

use crate::support::dev::{Dev, told};
use crate::support::pki::Pki;
use serde_json::Value;
use std::process::Output;

struct Place {
    folder: tempfile::TempDir,
    dev: Dev,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start(folder.path());
        Self { folder, dev }
    }

    fn key(&self, args: &[&str]) -> Output {
        self.dev.keystead("client", &[&["key"], args].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&told(self.key(&[args, &["--json"]].concat()))).unwrap()
    }

    fn refused(&self, code: i32, args: &[&str]) -> String {
        let output = self.key(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"", "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn state(&self, key: &str) -> Value {
        self.json(&["show", key])["attributes"]["State"].clone()
    }
}

#[test]
fn a_key_goes_through_its_life() {
    let place = Place::new();
    let id = told(place.key(&["create", "--name", "disk", "--group", "disks"]));
    assert_eq!(place.state("disk"), "PreActive");
    assert_eq!(told(place.key(&["activate", "disk"])), id);
    assert_eq!(place.state(&id), "Active");
    let hex = told(place.key(&["get", "disk", "--hex"]));
    let raw = place.key(&["get", &id]).stdout;
    assert_eq!((raw.len(), hex::encode(&raw)), (32, hex.clone()));
    assert_eq!(place.json(&["get", &id])["material"], hex);
    assert_eq!(told(place.key(&["get", &id, "--base64"])).len(), 44);
    place.refused(4, &["destroy", "disk"]);
    assert_eq!(place.json(&["revoke", "disk", "--reason", "superseded"])["id"], id);
    assert_eq!(place.state(&id), "Deactivated");
    told(place.key(&["destroy", "disk"]));
    assert_eq!(place.state(&id), "Destroyed");
    place.refused(4, &["get", &id]);
    assert!(place.refused(4, &["show", "disk"]).contains("no key has the identifier or the name `disk`"));
}

#[test]
fn a_compromise_has_a_date() {
    let place = Place::new();
    let id = told(place.key(&["create", "--activate"]));
    let when = ["--occurred", "2026-01-31T12:00:00Z"];
    place.refused(2, &[&["revoke", &id, "--reason", "superseded"], &when[..]].concat());
    told(
        place.key(&[&["revoke", &id, "--reason", "key-compromise", "--message", "seen"], &when[..]].concat()),
    );
    let attributes = place.json(&["show", &id])["attributes"].clone();
    assert_eq!(attributes["State"], "Compromised");
    assert_eq!(attributes["CompromiseOccurrenceDate"], when[1]);
    assert_eq!(attributes["RevocationReason"]["RevocationMessage"], "seen");
}

/// A command that was given a name asked for it as an identifier too, and the server recorded a refusal.
#[test]
fn a_key_is_found_by_name_and_by_identifier_without_a_refusal() {
    let place = Place::new();
    let id = told(place.key(&["create", "--name", "web"]));
    for wanted in ["web", &id] {
        assert_eq!(place.json(&["show", wanted])["id"], id);
    }
    assert_eq!(told(place.dev.keystead("admin", &["explain", "--json"])), "[]");
    let disguise = "01234567-89ab-cdef-0123-456789abcdef";
    let disguised = told(place.key(&["create", "--name", disguise]));
    assert_eq!(place.json(&["show", disguise])["id"], disguised);
    let named_like_the_first = told(place.key(&["create", "--name", &id]));
    assert_ne!(named_like_the_first, id);
    assert_eq!(place.json(&["show", &id])["id"], id, "an identifier goes before a name");
}

#[test]
fn keys_are_listed_by_name_group_and_state() {
    let place = Place::new();
    let one = told(place.key(&["create", "--name", "one", "--group", "g", "--activate"]));
    let two = told(place.key(&["create", "--name", "two", "--group", "g", "--length", "128"]));
    let listed = |args: &[&str]| -> Vec<String> {
        let all = place.json(&[&["list"], args].concat());
        all.as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&["--name", "one"]), std::slice::from_ref(&one));
    let mut both = listed(&["--group", "g"]);
    both.sort();
    let mut expected = [one, two.clone()];
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(listed(&["--state", "pre-active"]), std::slice::from_ref(&two));
    assert_eq!(listed(&["--limit", "1"]).len(), 1);
    assert_eq!(listed(&["--group", "h"]), [] as [String; 0]);
    let table = told(place.key(&["list"]));
    let line = table.lines().find(|line| line.starts_with(&two)).unwrap();
    let cells: Vec<_> = line.split_whitespace().collect();
    assert_eq!([cells[1], cells[2], cells[3], cells[5]], ["PreActive", "AES", "128", "two"], "{table}");
}

/// Keys of HMAC algorithms were made to encrypt, and could make no MAC.
#[test]
fn a_key_is_for_what_its_algorithm_is_for() {
    let place = Place::new();
    for (algorithm, usage) in [
        ("HMAC_SHA256", ["MACGenerate", "MACVerify"]),
        ("hmac-sha3-512", ["MACGenerate", "MACVerify"]),
        ("AES", ["Encrypt", "Decrypt"]),
    ] {
        let id = told(place.key(&["create", "--algorithm", algorithm]));
        let attributes = place.json(&["show", &id])["attributes"].clone();
        assert_eq!(attributes["CryptographicUsageMask"], serde_json::json!(usage), "{algorithm}");
    }
}

#[test]
fn what_no_key_can_be_is_wrong_usage() {
    let place = Place::new();
    for (wrong, why) in [
        (["--name", ""], "--name"),
        (["--group", ""], "--group"),
        (["--algorithm", "RSA"], "no symmetric keys"),
        (["--algorithm", "SHA3_256"], "no symmetric keys"),
        (["--algorithm", "3DES"], "DES3"),
        (["--algorithm", "triple-des"], "DES3"),
        (["--algorithm", "ROT13"], "no such algorithm"),
    ] {
        let words = place.refused(2, &[&["create"], &wrong[..]].concat());
        assert!(words.contains(why), "{words}");
    }
    let words = place.refused(2, &["create", "--algorithm", "ROT13"]);
    assert!(words.contains("AES, ARIA") && words.contains("HMAC_SHA3_512, Poly1305"), "{words}");
    assert!(!words.contains("RSA") && !words.contains("SHAKE"), "{words}");
}

#[test]
fn what_is_wrong_is_told_with_its_code() {
    let place = Place::new();
    told(place.key(&["create", "--name", "twice"]));
    assert!(place.refused(4, &["create", "--name", "twice"]).contains("refused Create"));
    assert!(place.refused(2, &["list", "--state", "lost"]).contains("not one of"));
    place.refused(4, &["show", "nothing"]);
    place.refused(3, &["list", "--server", "127.0.0.1:1"]);
    place.refused(1, &["list", "--cert", "/nowhere.pem"]);
    let mut bare = std::process::Command::new(env!("CARGO_BIN_EXE_keystead"));
    let output = bare.args(["key", "list", "--server", "127.0.0.1:1"]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "what is missing is wrong usage: {words}");
    assert!(words.contains("--cert FILE"), "{words}");
    let other = Pki::new(&place.folder.path().join("other"));
    let file = |name: &str| other.path(name).to_str().unwrap().to_owned();
    let stranger = ["list", "--cert", &file("client.pem"), "--key", &file("client.key")];
    assert!(place.refused(4, &stranger).contains("`tls.ca`"));
    assert!(place.refused(4, &["list", "--ca", &file("ca.pem")]).contains("--ca"));
    let config = place.folder.path().join("client.toml");
    std::fs::write(&config, "server = \"kms\"").unwrap();
    assert!(place.refused(2, &["list", "--config", config.to_str().unwrap()]).contains("unknown field"));
}

/// A server in the environment went before the one in the file that the command line named, and an empty variable was a
/// wrong server.
#[test]
fn a_file_on_the_command_line_goes_before_the_environment() {
    let place = Place::new();
    let config = place.folder.path().join("client.toml");
    std::fs::write(&config, format!("servers = [\"{}\"]", place.dev.address)).unwrap();
    let list = ["key", "list", "--json", "--config", config.to_str().unwrap()];
    for elsewhere in ["127.0.0.1:1", ""] {
        let mut command = place.dev.command(env!("CARGO_BIN_EXE_keystead"), "client");
        let output = command.env("KEYSTEAD_SERVER", elsewhere).args(list).output().unwrap();
        assert_eq!(told(output), "[]", "{elsewhere:?}");
    }
    for empty in ["KEYSTEAD_SERVER", "KEYSTEAD_CERT"] {
        let mut command = place.dev.command(env!("CARGO_BIN_EXE_keystead"), "client");
        let output = command.env(empty, "").args(["key", "list"]).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains("is not given"), "an empty variable is none: {words}");
    }
}
