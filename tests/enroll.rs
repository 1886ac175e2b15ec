//! Enrolment that is interrupted: killed at every call of cryptsetup, cut off at every answer of the server. A second
//! run must finish it, with one key, one token and one more keyslot.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use kmip_codec::enums::State;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::fake::{Fake, Reply};
use support::keys::Keys;
use support::luks::{Luks, PASSPHRASE, killing_cryptsetup};
use support::pki::Pki;

struct Host {
    folder: tempfile::TempDir,
    pki: Pki,
    keys: Keys,
    fake: Fake,
    luks: Luks,
}

impl Host {
    fn new() -> Self {
        Self::with(|keys, request| keys.answer(request))
    }

    fn with(
        answer: impl Fn(&Keys, kmip_codec::message::RequestMessage) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = Pki::new(folder.path());
        let keys = Keys::default();
        let answering = keys.clone();
        let fake = Fake::start(&pki, move |request| answer(&answering, request));
        let luks = Luks::new(folder.path());
        Self { folder, pki, keys, fake, luks }
    }

    fn unlock(&self, args: &[&str], path: Option<&Path>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead-unlock"));
        let old = std::env::var_os("PATH").unwrap();
        let folders = path.map(PathBuf::from).into_iter().chain(std::env::split_paths(&old));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.args(args).args(["--server", &self.fake.address.to_string()]);
        for (option, file) in [("--cert", "client.pem"), ("--key", "client.key"), ("--ca", "ca.pem")] {
            command.arg(option).arg(self.pki.path(file));
        }
        command.output().unwrap()
    }

    fn enroll(&self, path: Option<&Path>) -> Output {
        let (volume, key) = (self.luks.file.to_str().unwrap(), self.luks.key_file.to_str().unwrap());
        self.unlock(&["enroll", volume, "--existing-key-file", key], path)
    }

    fn opens(&self) -> Output {
        self.unlock(&["unlock", "--test-passphrase", self.luks.file.to_str().unwrap()], None)
    }

    /// Enrolment ends well, and leaves what one that was never interrupted leaves.
    fn finish(&self, what: &str) {
        let done = self.enroll(None);
        assert!(done.status.success(), "{what}: {}", words(&done));
        let uid = String::from_utf8(done.stdout).unwrap();
        let promised = serde_json::json!({ "type": "keystead", "keyslots": ["1"], "v": 1, "uid": uid.trim(),
            "servers": [self.fake.address.to_string()], "volume": self.luks.uuid(), "state": "active" });
        assert_eq!(self.luks.tokens(), [promised], "{what}");
        assert_eq!(self.luks.keyslots(), ["0", "1"], "{what}");
        assert_eq!(self.keys.states(), [State::Active], "{what}");
        assert!(self.luks.opens(PASSPHRASE.as_bytes()), "{what}: the passphrase is lost");
        let opens = self.opens();
        assert!(opens.status.success(), "{what}: {}", words(&opens));
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_enrolment_may_be_repeated() {
    let host = Host::new();
    host.finish("first");
    host.finish("second");
    let passphrase = host.unlock(&["get", "0"], None).stdout;
    assert_eq!(passphrase.len(), 44);
    assert!(host.luks.opens(&passphrase));
}

#[test]
fn an_enrolment_that_is_killed_at_any_call_of_cryptsetup_is_finished_by_the_next() {
    for after in [false, true] {
        for at in 1.. {
            let host = Host::new();
            let bin = killing_cryptsetup(host.folder.path(), at, after);
            let killed = host.enroll(Some(&bin));
            assert!(host.luks.opens(PASSPHRASE.as_bytes()), "{at}, {after}");
            host.finish(&format!("killed at call {at}, after it: {after}"));
            if killed.status.success() {
                assert!(at > 8, "too few calls were seen: {at}");
                break;
            }
            assert_eq!(killed.status.code(), None, "{}", words(&killed));
        }
    }
}

#[test]
fn an_enrolment_that_loses_the_server_at_any_request_is_finished_by_the_next() {
    for after in [false, true] {
        for at in 1.. {
            let count = Arc::new(AtomicUsize::new(0));
            let host = Host::with(move |keys, request| {
                let due = count.fetch_add(1, Ordering::SeqCst) + 1 == at;
                let reply = if due && !after { Reply::HangUp } else { keys.answer(request) };
                if due { Reply::HangUp } else { reply }
            });
            let lost = host.enroll(None);
            if lost.status.success() {
                assert!(at > 4, "too few requests were seen: {at}");
                break;
            }
            assert_eq!(lost.status.code(), Some(3), "{}", words(&lost));
            host.finish(&format!("lost at request {at}, after it: {after}"));
        }
    }
}

#[test]
fn a_volume_is_not_left_with_one_way_in() {
    let host = Host::new();
    host.finish("first");
    let passphrase = host.folder.path().join("ours");
    std::fs::write(&passphrase, host.unlock(&["get", "0"], None).stdout).unwrap();
    let file = host.luks.file.to_str().unwrap();
    let kill = ["luksKillSlot", "--key-file", passphrase.to_str().unwrap(), file, "0"];
    assert!(Command::new("cryptsetup").args(kill).status().unwrap().success());
    let refused = host.enroll(None);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words(&refused).contains("one way in"), "{}", words(&refused));
    assert_eq!(host.luks.keyslots(), ["1"]);
    assert!(host.opens().status.success(), "the volume still opens");
}

#[test]
fn a_killed_keyslot_is_added_again() {
    let host = Host::new();
    host.finish("first");
    let (file, key) = (host.luks.file.to_str().unwrap(), host.luks.key_file.to_str().unwrap());
    assert!(
        Command::new("cryptsetup")
            .args(["luksKillSlot", "--key-file", key, file, "1"])
            .status()
            .unwrap()
            .success()
    );
    let opens = host.opens();
    assert!(words(&opens).contains("names no keyslot"), "{}", words(&opens));
    host.finish("again");
}

#[test]
fn two_enrolments_at_once_leave_one_key_and_one_keyslot() {
    let host = Host::new();
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| host.enroll(None))).collect();
        for one in both {
            let done = one.join().unwrap();
            assert!(done.status.success(), "{}", words(&done));
        }
    });
    host.finish("both");
}

#[test]
fn a_wrong_passphrase_changes_no_keyslot_and_can_be_corrected() {
    let host = Host::new();
    let wrong = host.folder.path().join("wrong");
    std::fs::write(&wrong, "not it").unwrap();
    let file = host.luks.file.to_str().unwrap();
    let refused = host.unlock(&["enroll", file, "--existing-key-file", wrong.to_str().unwrap()], None);
    assert_eq!(refused.status.code(), Some(5));
    assert!(words(&refused).contains("opens no keyslot"), "{}", words(&refused));
    assert_eq!(host.luks.keyslots(), ["0"]);
    assert!(words(&host.opens()).contains("enrolment was not finished"));
    host.finish("corrected");
}

#[test]
fn what_is_no_luks2_volume_is_told() {
    let host = Host::new();
    let other = host.folder.path().join("other");
    std::fs::write(&other, vec![0; 1 << 20]).unwrap();
    for action in ["enroll", "unlock"] {
        let flag = if action == "enroll" { "--json" } else { "--test-passphrase" };
        let refused = host.unlock(&[action, other.to_str().unwrap(), flag], None);
        assert!(!refused.status.success());
        assert!(words(&refused).contains("not a valid LUKS device"), "{}", words(&refused));
    }
    let plain = host.opens();
    assert_eq!(plain.status.code(), Some(1));
    assert!(words(&plain).contains("no token of Keystead"), "{}", words(&plain));
}
