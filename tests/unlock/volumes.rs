//! LUKS2 volumes and a real server on a real HSM token: enrol, unlock, refuse.

use crate::support::dev::{Dev, told};
use crate::support::luks::{Luks, PASSPHRASE};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

struct Place {
    folder: tempfile::TempDir,
    dev: Dev,
    luks: Luks,
}

impl Place {
    /// A server and a volume that is enrolled with it.
    fn enrolled() -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start(&folder.path().join("server"));
        let luks = Luks::new(folder.path());
        let place = Self { folder, dev, luks };
        let uid = told(place.enroll());
        (place, uid)
    }

    fn volume(&self) -> &str {
        self.luks.file.to_str().unwrap()
    }

    fn enroll(&self) -> Output {
        let key_file = self.luks.key_file.to_str().unwrap();
        self.dev.unlock("client", &["enroll", self.volume(), "--existing-key-file", key_file])
    }

    fn opens(&self, client: &str, more: &[&str]) -> Output {
        self.dev.unlock(client, &[&["unlock", self.volume(), "--test-passphrase"], more].concat())
    }

    /// Ends the key, does what the enrolment then says, and returns the new key.
    fn enrolled_anew(&self, uid: &str, end: impl FnOnce(&str)) -> String {
        end(uid);
        let refused = self.enroll();
        let words = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(4), "{words}");
        let steps: Vec<_> = words.split('`').skip(1).step_by(2).collect();
        let [remove, kill, again] = steps[..] else { panic!("{words}") };
        assert!(remove.contains("token remove") && kill.contains("luksKillSlot"), "{words}");
        assert_eq!(again, format!("keystead-unlock enroll {}", self.volume()));
        for step in [remove, kill] {
            let mut arguments = step.split(' ');
            let mut command = Command::new(arguments.next().unwrap());
            let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
            // The one that asks for a passphrase reads a line.
            let _ = child.stdin.take().unwrap().write_all(PASSPHRASE.as_bytes());
            assert!(child.wait().unwrap().success(), "{step}");
        }
        let new = told(self.enroll());
        assert_ne!(new, uid);
        told(self.opens("client", &[]));
        assert!(self.luks.opens(PASSPHRASE.as_bytes()));
        assert_eq!((self.luks.keyslots().len(), self.luks.tokens().len()), (2, 1));
        new
    }

    fn refused(&self, client: &str) -> String {
        let refused = self.opens(client, &[]);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{words}");
        assert!(!words.contains("trying again"), "{words}");
        words
    }
}

#[test]
fn a_volume_is_enrolled_and_unlocked() {
    let (place, uid) = Place::enrolled();
    told(place.opens("client", &[]));
    assert_eq!(told(place.enroll()), uid, "a second enrolment finds the first");
    assert_eq!(place.luks.keyslots(), ["0", "1"]);
    let shown = told(
        place.dev.keystead("client", &["key", "show", &format!("luks-{}", place.luks.uuid()), "--json"]),
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown.get("id").and_then(serde_json::Value::as_str), Some(uid.as_str()));
    assert!(shown.to_string().contains(&format!(r#""ApplicationData":"{}""#, place.luks.uuid())), "{shown}");
    assert!(place.luks.opens(&place.dev.unlock("client", &["get", &uid]).stdout));
    assert!(place.luks.opens(PASSPHRASE.as_bytes()));
}

#[test]
fn a_revoked_key_opens_nothing() {
    let (place, uid) = Place::enrolled();
    told(place.dev.keystead("client", &["key", "revoke", &uid, "--reason", "cessation-of-operation"]));
    assert!(place.refused("client").contains("Deactivated"));
    told(place.dev.keystead("client", &["key", "destroy", &uid]));
    place.refused("client");
    assert!(place.luks.opens(PASSPHRASE.as_bytes()), "the passphrase still does");
}

/// The enrolment said that the key was not Active, and nothing of what to do about it. The name of the third key was
/// counted from the keys that there were, and had been given to the second.
#[test]
fn a_volume_whose_key_has_ended_is_enrolled_anew_by_the_steps_that_it_is_told() {
    let (place, first) = Place::enrolled();
    let second = place.enrolled_anew(&first, |uid| {
        told(place.dev.keystead("client", &["key", "revoke", uid, "--reason", "superseded"]));
    });
    let third = place.enrolled_anew(&second, |uid| {
        told(place.dev.keystead("client", &["key", "destroy", &first]));
        told(place.dev.keystead("client", &["key", "revoke", uid, "--reason", "key-compromise"]));
    });
    place.enrolled_anew(&third, |uid| {
        told(place.dev.keystead("client", &["key", "revoke", uid, "--reason", "superseded"]));
        told(place.dev.keystead("client", &["key", "destroy", uid]));
    });
}

#[test]
fn another_client_does_not_get_the_key() {
    let (place, uid) = Place::enrolled();
    let out = place.dev.folder.to_str().unwrap();
    told(place.dev.keystead("admin", &["client", "add", "stranger", "--out", out]));
    let words = place.refused("stranger");
    assert!(words.contains("NotFound"), "{words}");
    assert_eq!(place.dev.unlock("stranger", &["get", &uid]).stdout, b"");
    assert_eq!(told(place.dev.keystead("stranger", &["key", "list", "--json"])), "[]");
}

#[test]
fn a_server_of_another_ca_is_passed_over() {
    let (place, _) = Place::enrolled();
    let other = Dev::start(&place.folder.path().join("other"));
    told(place.opens("client", &["--server", &other.address, "--server", &place.dev.address]));
}

#[test]
fn a_volume_opens_after_a_rotation_and_after_a_restart() {
    let (place, _) = Place::enrolled();
    told(place.dev.keystead("admin", &["master", "rotate"]));
    told(place.opens("client", &[]));
    let Place { folder, dev, luks } = place;
    drop(dev);
    let dev = Dev::start(&folder.path().join("server"));
    let place = Place { folder, dev, luks };
    let server = place.dev.address.clone();
    told(place.opens("client", &["--server", &server]));
}

/// What the server says of a key tells copies from the volume that was enrolled.
#[test]
fn a_copy_of_an_enrolled_volume_gets_a_key_of_its_own() {
    let (place, uid) = Place::enrolled();
    let copy = place.folder.path().join("copy.img");
    std::fs::copy(&place.luks.file, &copy).unwrap();
    let (copy, key_file) = (copy.to_str().unwrap(), place.luks.key_file.to_str().unwrap());
    let enroll = ["enroll", copy, "--existing-key-file", key_file];
    let refused = place.dev.unlock("client", &enroll);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(words.contains(&uid) && words.contains("UTC on this machine"), "{words}");
    let own = told(place.dev.unlock("client", &[&enroll[..], &["--new-uuid"]].concat()));
    assert_ne!(own, uid);
    told(place.dev.unlock("client", &["unlock", copy, "--test-passphrase"]));
    told(place.opens("client", &[]));
    assert_eq!(told(place.enroll()), uid);
}

/// The machine is told apart by its identity, and one that the volume came to is noted.
#[test]
fn a_volume_that_came_to_another_machine_keeps_its_key_when_that_is_said() {
    let (place, uid) = Place::enrolled();
    let identity = place.folder.path().join("machine-id");
    std::fs::write(&identity, "0123456789abcdef0123456789abcdef\n").unwrap();
    let there = |more: &str| {
        let program = env!("CARGO_BIN_EXE_keystead-unlock");
        let (volume, key) = (place.volume(), place.luks.key_file.display());
        let enroll = format!("{program} enroll {volume} --existing-key-file {key} {more}");
        let script = format!("mount --bind {} /etc/machine-id && {enroll}", identity.display());
        let mut command = place.dev.command("unshare", "client");
        command.args(["--mount", "sh", "-c", &script]).output().unwrap()
    };
    let refused = there("");
    let words = String::from_utf8(refused.stderr).unwrap();
    if words.contains("unshare: ") || words.contains("mount: ") {
        return crate::support::skip("this needs root and /etc/machine-id");
    }
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(words.contains("another machine"), "{words}");
    assert_eq!(told(there("--same-volume")), uid);
    assert_eq!(told(there("")), uid, "it was noted");
    assert_eq!(told(place.enroll()), uid, "the first machine is not forgotten");
    told(place.opens("client", &[]));
}
