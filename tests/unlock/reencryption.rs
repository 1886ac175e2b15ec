//! Keyslots that the key opens, and how many of them cryptsetup needs.

use super::*;
use crate::support::luks::{Luks, changed_cryptsetup};
use std::path::Path;

/// Starts a re-encryption with a key file and kills it when the header says that a part of the data is done.
fn killed_half_way(host: &Host, more: &[&str], key_file: &Path) {
    killed(host, more, key_file, host.luks.path());
}

/// The same of a device whose header may be elsewhere.
fn killed(host: &Host, more: &[&str], key_file: &Path, device: &str) {
    let slow = ["--resilience", "checksum", "--hotzone-size", "1M"];
    let mut command = reencrypt(key_file);
    command.args(slow).args(more).arg(device).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while host.luks.segments() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed: {more:?}");
        assert!(Instant::now() < end, "it does not begin: {more:?}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(host.luks.segments() >= 2, "nothing is half done: {more:?}");
}

/// Finishes what was killed; where that was in the middle of a write, it is repaired first.
fn resume(host: &Host, more: &[&str], key_file: &Path) {
    let key = ["--key-file", key_file.to_str().unwrap(), host.luks.path()];
    let repair = [&["repair", "-q", "--disable-external-tokens"], &key[..]].concat();
    assert!(Command::new("cryptsetup").args(repair).stdin(Stdio::null()).output().unwrap().status.success());
    let mut command = reencrypt(key_file);
    let resumed = command.arg("--resume-only").args(more).arg(host.luks.path()).output().unwrap();
    assert!(resumed.status.success(), "{}", words(&resumed));
}

fn reencrypt(key_file: &Path) -> Command {
    let mut command = Command::new("cryptsetup");
    command.args(["reencrypt", "-q", "--disable-external-tokens", "--force-offline-reencrypt", "--key-file"]);
    // Where it is killed in a first encryption it leaves a file in its folder.
    command.arg(key_file).stdin(Stdio::null()).current_dir(key_file.parent().unwrap());
    command
}

fn large() -> Host {
    Host::with_volume(
        |keys, request| keys.answer(request),
        |folder| Luks::with(folder, 400, &["--type", "luks2"]),
    )
}

/// The volume stayed locked: one keyslot was named to cryptsetup, which needs the old volume key and the new one.
#[test]
fn a_volume_whose_reencryption_was_killed_opens() {
    let host = large();
    host.finish("enrolment");
    let ours = host.passphrase_file();
    killed_half_way(&host, &["--key-slot", "1"], &ours);
    let opens = host.opens();
    assert!(opens.status.success(), "{}", words(&opens));
    resume(&host, &[], &ours);
    let opens = host.opens();
    assert!(opens.status.success(), "finished: {}", words(&opens));
}

/// In the middle of its first encryption, which runs from the end to the beginning, a header takes no token: that is
/// told before a key is made.
#[test]
fn a_volume_whose_first_encryption_was_killed_is_enrolled_afterwards() {
    let host = Host::with_volume(
        |keys, request| keys.answer(request),
        |folder| {
            let luks = Luks::new(folder);
            std::fs::write(&luks.file, "").unwrap();
            std::fs::File::options().write(true).open(&luks.file).unwrap().set_len(400 << 20).unwrap();
            luks
        },
    );
    let derivation = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
    let encrypt = ["--encrypt", "--type", "luks2", "--reduce-device-size", "32M"];
    killed_half_way(&host, &[&encrypt[..], &derivation].concat(), &host.luks.key_file);
    let refused = host.enroll(None);
    assert!(words(&refused).contains("reencrypt --resume-only"), "{}", words(&refused));
    assert!(host.keys.states().is_empty(), "a key was made");
    resume(&host, &[], &host.luks.key_file);
    host.finish("afterwards");
}

/// A decryption moves the header into a file and goes on from there.
#[test]
fn a_volume_whose_decryption_was_killed_opens() {
    let host = large();
    host.finish("enrolment");
    let (data, ours) = (host.luks.path().to_owned(), host.passphrase_file());
    let header = host.folder.path().join("header");
    let luks = Luks { file: header.clone(), key_file: host.luks.key_file.clone() };
    let host = Host { luks, ..host };
    killed(&host, &["--decrypt", "--header", header.to_str().unwrap()], &ours, &data);
    let opens =
        host.unlock(&["unlock", "--test-passphrase", &data, "--header", header.to_str().unwrap()], None);
    assert!(opens.status.success(), "{}", words(&opens));
}

/// The first keyslot of the token alone was tried.
#[test]
fn any_keyslot_of_the_volume_may_be_the_one() {
    let host = enrolled();
    for slots in [&["0", "1"][..], &["7", "1"], &["7"], &["0"]] {
        let mut token = host.luks.tokens().pop().unwrap();
        // cryptsetup takes no token that names a keyslot which is not there.
        let slots: Vec<_> = slots.iter().filter(|slot| **slot != "7").collect();
        token["keyslots"] = serde_json::json!(slots);
        host.luks.write_token(&token, Some("0"));
        let opens = host.opens();
        assert!(opens.status.success(), "{slots:?}: {}", words(&opens));
    }
}

/// A token of another kind, and a plugin of it that is not there, change nothing.
#[test]
fn tokens_of_other_kinds_do_no_harm() {
    let host = enrolled();
    for kind in ["systemd-tpm2", "clevis", "unknown"] {
        host.luks.write_token(&serde_json::json!({ "type": kind, "keyslots": ["0"] }), None);
    }
    let opens = host.opens();
    assert!(opens.status.success(), "{}", words(&opens));
}

/// Passphrases of people have keyslots that want a gigabyte, which an initramfs may not have: ours is tried first, and
/// alone where cryptsetup gives up before it comes to it.
#[test]
fn a_keyslot_that_wants_more_memory_than_there_is_does_not_stop_ours() {
    let host = enrolled();
    assert_eq!(host.luks.keyslot("1")["priority"], 2, "ours is preferred");
    let poor = "case \"$*\" in *--key-slot*) ;; *) echo 'Not enough available memory to open a keyslot.' >&2; exit 3;; esac";
    let bin = changed_cryptsetup(host.folder.path(), "open", poor);
    let opens = host.unlock(&["unlock", "--test-passphrase", host.luks.path()], Some(&bin));
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(host.passphrase_file().exists());
    // Where the key opens nothing, the memory is what is told.
    host.keys.0.lock().unwrap().first_mut().unwrap().material = vec![1; 32];
    let refused = host.unlock(&["unlock", "--test-passphrase", host.luks.path()], Some(&bin));
    assert_eq!(refused.status.code(), Some(5), "{}", words(&refused));
    assert!(words(&refused).contains("too little memory"), "{}", words(&refused));
}
