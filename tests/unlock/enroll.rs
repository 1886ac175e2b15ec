//! Enrolment that is interrupted: killed at every call of cryptsetup, cut off at every answer of the server. A second
//! run must finish it, with one key, one token and one more keyslot.

mod copies;
mod inputs;
mod machines;
mod origins;
mod room;
mod situations;
mod terminal;

use crate::support::fake::Reply;
use crate::support::host::{Host, words};
use crate::support::luks::{PASSPHRASE, contended_cryptsetup, killing_cryptsetup};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn an_enrolment_may_be_repeated() {
    let host = Host::new();
    host.finish("first");
    host.finish("second");
    let passphrase = host.unlock(&["get", "0"], None).stdout;
    assert_eq!(passphrase.len(), 44);
    assert!(host.luks.opens(&passphrase));
}

fn an_enrolment_is_finished_by_the_next_that_was_killed(after: bool) {
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

#[test]
fn an_enrolment_that_is_killed_before_any_call_of_cryptsetup_is_finished_by_the_next() {
    an_enrolment_is_finished_by_the_next_that_was_killed(false);
}

#[test]
fn an_enrolment_that_is_killed_after_any_call_of_cryptsetup_is_finished_by_the_next() {
    an_enrolment_is_finished_by_the_next_that_was_killed(true);
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

/// A missing key may as well be a wrong server or certificate: nothing is to be removed without a thought.
#[test]
fn a_key_that_the_server_does_not_know_is_told_with_a_condition() {
    let host = Host::new();
    host.finish("first");
    host.keys.0.lock().unwrap().clear();
    let refused = host.enroll(None);
    assert_eq!(refused.status.code(), Some(4));
    let words = words(&refused);
    assert!(words.contains("if this is the right server") && words.contains("luksKillSlot"), "{words}");
    assert_eq!(host.luks.keyslots(), ["0", "1"]);
}

/// The servers of the token stayed those of the first enrolment, without a word.
#[test]
fn other_servers_are_written_into_the_token_of_an_enrolled_volume() {
    let host = Host::new();
    host.finish("first");
    let keyslot = host.luks.keyslot("1");
    let (volume, key) = (host.luks.file.to_str().unwrap(), host.luks.key_file.to_str().unwrap());
    let server = host.fake.address.to_string();
    let moved =
        ["enroll", volume, "--existing-key-file", key, "--server", "127.0.0.1:1", "--server", &server];
    let again = host.command(&moved, None).output().unwrap();
    assert!(again.status.success(), "{}", words(&again));
    assert!(words(&again).contains(&format!("names 127.0.0.1:1, {server} now")), "{}", words(&again));
    let servers: Vec<_> = host.luks.tokens().iter().map(|token| token["servers"].clone()).collect();
    assert_eq!(servers, [serde_json::json!(["127.0.0.1:1", server])]);
    assert_eq!((host.luks.keyslot("1"), host.luks.keyslots()), (keyslot, vec!["0".into(), "1".into()]));
    let opens = host.command(&["unlock", "--test-passphrase", volume], None).output().unwrap();
    assert!(opens.status.success(), "{}", words(&opens));
    host.finish("back to one server");
    assert!(!words(&host.enroll(None)).contains("names"), "nothing is left to write");
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
fn a_header_that_another_process_writes_is_tried_again() {
    for at in 1..=10 {
        let host = Host::new();
        let bin = contended_cryptsetup(host.folder.path(), at);
        let done = host.enroll(Some(&bin));
        assert!(done.status.success(), "call {at}: {}", words(&done));
        host.finish(&format!("contended at call {at}"));
    }
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
    assert!(host.luks.tokens().is_empty() && host.keys.states().is_empty());
    host.finish("corrected");
}

/// cryptsetup's own words named no option.
#[test]
fn without_a_terminal_and_a_key_file_the_option_is_named() {
    let host = Host::new();
    let file = host.luks.file.to_str().unwrap();
    let server = host.fake.address.to_string();
    let enroll = |input: Stdio| {
        let mut command = host.command(&["enroll", file, "--server", &server], None);
        command.stdin(input).output().unwrap()
    };
    let nobody = enroll(Stdio::null());
    assert_eq!(nobody.status.code(), Some(2), "{}", words(&nobody));
    assert!(words(&nobody).contains("--existing-key-file"), "{}", words(&nobody));
    assert_eq!(host.luks.keyslots(), ["0"]);
    // A line of standard input is what somebody would have typed.
    let piped = enroll(std::fs::File::open(&host.luks.key_file).unwrap().into());
    assert!(piped.status.success(), "{}", words(&piped));
    host.finish("again");
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
