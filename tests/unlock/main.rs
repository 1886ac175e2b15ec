//! Unlocking: the network that comes late, servers that are wrong or dead, keys that must not be used.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod children;
mod enroll;
mod foreign;
mod mapping;
mod races;
mod reencryption;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod volumes;

use kmip_codec::enums::State;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::fake::Fake;
use support::host::{Host, words};
use support::keys::Keys;
use support::luks::wrapped_cryptsetup;

/// Tries the volume with these options, and measures.
fn timed(host: &Host, more: &[&str]) -> (Output, Duration) {
    let began = Instant::now();
    let args = [&["unlock", "--test-passphrase", host.luks.file.to_str().unwrap()], more].concat();
    let output = host.command(&args, None).output().unwrap();
    (output, began.elapsed())
}

fn enrolled() -> Host {
    Host::enrolled()
}

#[test]
fn without_servers_of_its_own_a_host_asks_those_of_the_token() {
    let host = enrolled();
    let (opens, _) = timed(&host, &[]);
    assert!(opens.status.success(), "{}", words(&opens));
}

#[test]
fn a_server_that_comes_late_is_waited_for() {
    let host = enrolled();
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let waiting = thread::scope(|scope| {
        let waiting = scope.spawn(|| timed(&host, &["--server", &place.to_string()]));
        thread::sleep(Duration::from_millis(1500));
        let keys = host.keys.clone();
        Fake::start_on(TcpListener::bind(place).unwrap(), &host.pki, move |request| keys.answer(request));
        waiting.join().unwrap()
    });
    let (opens, took) = waiting;
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(words(&opens).contains("trying again"), "{}", words(&opens));
    assert!(took > Duration::from_millis(1500) && took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn waiting_ends_at_the_deadline() {
    let host = enrolled();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = mute.local_addr().unwrap().to_string();
    let (late, took) = timed(&host, &["--server", "127.0.0.1:1", "--server", &mute, "--wait", "2"]);
    assert_eq!(late.status.code(), Some(3), "{}", words(&late));
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(words(&late).contains("127.0.0.1:1") && words(&late).contains(&mute), "{}", words(&late));
}

/// Not to wait gave a server no time at all to answer.
#[test]
fn not_to_wait_is_to_ask_once() {
    let host = enrolled();
    let good = host.fake.address.to_string();
    let (opens, _) = timed(&host, &["--server", &good, "--wait", "0"]);
    assert!(opens.status.success(), "{}", words(&opens));
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = mute.local_addr().unwrap().to_string();
    let (opens, _) = timed(&host, &["--server", &mute, "--server", &good, "--wait", "0"]);
    assert!(opens.status.success(), "{}", words(&opens));
    let (none, took) = timed(&host, &["--server", "127.0.0.1:1", "--wait", "0"]);
    assert_eq!(none.status.code(), Some(3), "{}", words(&none));
    assert!(took < Duration::from_secs(2) && !words(&none).contains("trying again"), "{}", words(&none));
}

#[test]
fn a_wrong_server_and_a_dead_one_before_the_good_one_do_no_harm() {
    let host = enrolled();
    let wrong = Fake::start(&host.pki, |request| Keys::default().answer(request)).address.to_string();
    let good = host.fake.address.to_string();
    let (opens, took) = timed(&host, &["--server", "127.0.0.1:1", "--server", &wrong, "--server", &good]);
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// A boot waited its whole time for a certificate to become good again.
#[test]
fn certificates_that_are_not_accepted_are_not_waited_for() {
    let host = enrolled();
    host.pki.expired_client("client");
    let (refused, took) = timed(&host, &["--wait", "20"]);
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(words(&refused).contains("keystead client add"), "{}", words(&refused));
    let other = Host::new();
    let (stranger, and) = timed(&host, &["--server", &other.fake.address.to_string(), "--wait", "20"]);
    assert_eq!(stranger.status.code(), Some(4), "{}", words(&stranger));
    assert!(words(&stranger).contains("not from the CA given with --ca"), "{}", words(&stranger));
    assert!(took + and < Duration::from_secs(6), "{took:?} and {and:?}");
}

#[test]
fn keys_that_are_not_active_are_refused_at_once_and_by_name() {
    for state in [State::PreActive, State::Deactivated, State::Compromised] {
        let host = enrolled();
        host.keys.0.lock().unwrap().first_mut().unwrap().state = state;
        let refused = host.opens();
        assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
        assert!(words(&refused).contains(&format!("key 0: it is {state:?}")), "{}", words(&refused));
        assert!(!words(&refused).contains("trying again"), "{}", words(&refused));
        let got = host.unlock(&["get", "0"], None);
        assert_eq!((got.status.code(), got.stdout.len()), (Some(4), 0), "{}", words(&got));
    }
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused_at_once() {
    let host = enrolled();
    host.keys.0.lock().unwrap().clear();
    let refused = host.opens();
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(words(&refused).contains("ObjectNotFound"), "{}", words(&refused));
    assert!(!words(&refused).contains("trying again"), "{}", words(&refused));
}

#[test]
fn a_key_of_another_length_or_another_value_opens_nothing() {
    let host = enrolled();
    let replace = |bytes: Vec<u8>| host.keys.0.lock().unwrap().first_mut().unwrap().material = bytes;
    replace(vec![1; 16]);
    let refused = host.opens();
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(words(&refused).contains("128 bits"), "{}", words(&refused));
    replace(vec![1; 32]);
    let refused = host.opens();
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    assert!(words(&refused).contains("does not open keyslot 1"), "{}", words(&refused));
}

/// Where the kernel has device-mapper the volume really opens; elsewhere the way out is told.
#[test]
fn a_volume_opens_under_its_name_or_the_way_out_is_told() {
    let host = enrolled();
    let name = format!("keystead-test-{}", std::process::id());
    let opened = host.unlock(&["unlock", host.luks.file.to_str().unwrap(), &name], None);
    if std::fs::read_to_string("/proc/misc").is_ok_and(|misc| misc.contains("device-mapper")) {
        assert!(opened.status.success(), "{}", words(&opened));
        let closed = Command::new("cryptsetup").args(["close", &name]).status().unwrap();
        assert!(closed.success());
    } else {
        assert_eq!(opened.status.code(), Some(1));
        assert!(words(&opened).contains("--test-passphrase"), "{}", words(&opened));
    }
}

#[test]
fn no_key_stands_on_a_command_line_or_in_the_environment_of_cryptsetup() {
    let host = enrolled();
    let log = host.folder.path().join("log");
    let bin =
        wrapped_cryptsetup(host.folder.path(), &format!("{{ echo \"$@\"; env; }} >>{}", log.display()), "");
    let kill = [
        "luksKillSlot",
        "--key-file",
        host.luks.key_file.to_str().unwrap(),
        host.luks.file.to_str().unwrap(),
    ];
    assert!(Command::new("cryptsetup").args(kill).arg("1").stdin(Stdio::null()).status().unwrap().success());
    assert!(host.enroll(Some(&bin)).status.success());
    let file = host.luks.file.to_str().unwrap();
    assert!(host.unlock(&["unlock", "--test-passphrase", file], Some(&bin)).status.success());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("luksAddKey") && log.contains("--key-file -"), "{log}");
    let key = host.keys.0.lock().unwrap().first().unwrap().material.clone();
    let passphrase = String::from_utf8(host.unlock(&["get", "0"], None).stdout).unwrap();
    for secret in [passphrase, hex::encode(&key), hex::encode_upper(&key)] {
        assert!(!log.contains(&secret), "{log}");
    }
}
