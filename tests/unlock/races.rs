//! Several servers and several tokens: who decides, and when.

use super::*;
use crate::support::fake::Reply;
use crate::support::keys::done_item;
use kmip_codec::enums::ResultReason;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that cannot answer the first requests, for this reason.
fn recovering(reason: ResultReason, failures: usize) -> (Host, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(usize::MAX / 2));
    let count = asked.clone();
    let host = Host::with(move |keys, request| {
        let reply = keys.answer(request);
        match count.fetch_add(1, Ordering::SeqCst) < failures {
            true => Reply::Items(vec![done_item(Err(reason))]),
            false => reply,
        }
    });
    host.finish("enrolment");
    asked.store(0, Ordering::SeqCst);
    (host, asked)
}

/// A server whose HSM was away for seconds ended the wait at once.
#[test]
fn a_server_that_cannot_answer_now_is_asked_again() {
    let reasons = [
        ResultReason::InternalServerError,
        ResultReason::ServerLimitExceeded,
        ResultReason::GeneralFailure,
        ResultReason::CryptographicFailure,
        ResultReason(0x8000_0001),
    ];
    // Each waits for seconds.
    thread::scope(|scope| {
        for reason in reasons {
            scope.spawn(move || is_asked_again(reason));
        }
    });
}

fn is_asked_again(reason: ResultReason) {
    let (host, _) = recovering(reason, 2);
    let opens = host.opens();
    assert!(opens.status.success(), "{reason:?}: {}", words(&opens));
    assert!(words(&opens).contains("trying again"), "{}", words(&opens));
    let (host, _) = recovering(reason, usize::MAX / 4);
    let (late, took) = timed(&host, &["--wait", "2"]);
    assert_eq!(late.status.code(), Some(3), "{reason:?}: {}", words(&late));
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn refusals_are_not_waited_for() {
    for reason in [
        ResultReason::PermissionDenied,
        ResultReason::AuthenticationNotSuccessful,
        ResultReason::NotAuthorised,
    ] {
        let (host, asked) = recovering(reason, usize::MAX / 4);
        let (refused, took) = timed(&host, &["--wait", "20"]);
        assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
        assert!(took < Duration::from_secs(6), "{took:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// A rate limit, a restart, a proxy whose server is away: the connection ends in the handshake, or something else answers.
#[test]
fn a_handshake_that_ends_is_tried_again() {
    for answer in [&b""[..], b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x50"] {
        let host = enrolled();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let keys = host.keys.clone();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..2 {
                    let (mut tcp, _) = listener.accept().unwrap();
                    let _ = std::io::Write::write_all(&mut tcp, answer);
                }
                Fake::start_on(listener.try_clone().unwrap(), &host.pki, move |request| keys.answer(request));
            });
            let (opens, _) = timed(&host, &["--server", &place]);
            assert!(opens.status.success(), "{answer:?}: {}", words(&opens));
        });
    }
}

/// What one server does not know, another may: the first "not found" ended everything.
#[test]
fn not_found_is_final_when_all_have_answered() {
    let host = enrolled();
    let empty = host.empty_server().address.to_string();
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let both = ["--server", &empty, "--server", &place.to_string()];
    let waiting = thread::scope(|scope| {
        let waiting = scope.spawn(|| timed(&host, &both));
        thread::sleep(Duration::from_millis(1500));
        let keys = host.keys.clone();
        Fake::start_on(TcpListener::bind(place).unwrap(), &host.pki, move |request| keys.answer(request));
        waiting.join().unwrap()
    });
    assert!(waiting.0.status.success(), "{}", words(&waiting.0));
    // Nobody else comes: the refusal is the answer, at the end of the time.
    let (refused, took) = timed(&host, &["--server", &empty, "--server", "127.0.0.1:1", "--wait", "2"]);
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(took > Duration::from_secs(1), "{took:?}");
    assert!(
        words(&refused).contains(&empty) && words(&refused).contains("127.0.0.1:1"),
        "{}",
        words(&refused)
    );
    // All say no: nobody is waited for.
    let other = host.empty_server().address.to_string();
    let (refused, took) = timed(&host, &["--server", &empty, "--server", &other, "--wait", "20"]);
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(took < Duration::from_secs(6), "{took:?}");
}

/// A server with another key under the same identifier is no reason to stop either.
#[test]
fn a_wrong_key_of_one_server_is_followed_by_the_right_one_of_another() {
    let host = enrolled();
    let wrong = Keys::default();
    wrong.0.lock().unwrap().extend(host.keys.0.lock().unwrap().iter().map(|key| support::keys::Key {
        attributes: key.attributes.clone(),
        state: State::Active,
        material: vec![7; 32],
    }));
    let wrong = Fake::start(&host.pki, move |request| wrong.answer(request)).address.to_string();
    let good = host.twin_server().address.to_string();
    let (opens, _) = timed(&host, &["--server", &wrong, "--server", &good]);
    assert!(opens.status.success(), "{}", words(&opens));
}

/// The servers of a second token, where this machine names none, are asked beside a silent one of the first.
#[test]
fn every_token_is_raced() {
    let host = enrolled();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = mute.local_addr().unwrap().to_string();
    let good = host.luks.tokens().pop().unwrap();
    let mut silent = good.clone();
    silent["servers"] = serde_json::json!([mute]);
    silent["uid"] = serde_json::json!("of a silent server");
    host.luks.write_token(&silent, Some("0"));
    host.luks.write_token(&good, None);
    let (opens, took) = timed(&host, &[]);
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(took < Duration::from_secs(4), "{took:?}");
    // One server knows one of the keys alone.
    let both = host.fake.address.to_string();
    let (opens, took) = timed(&host, &["--server", &both]);
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// A server that answers for one key and never for the other.
#[test]
fn a_server_that_is_silent_about_one_key_is_heard_about_the_other() {
    let host = Host::with(|keys, request| {
        let silent = format!("{request:?}").contains("never");
        if silent { Reply::Silence(Duration::from_secs(30)) } else { keys.answer(request) }
    });
    host.finish("enrolment");
    let good = host.luks.tokens().pop().unwrap();
    let mut silent = good.clone();
    silent["uid"] = serde_json::json!("never");
    host.luks.write_token(&silent, Some("0"));
    host.luks.write_token(&good, None);
    let (opens, took) = timed(&host, &[]);
    assert!(opens.status.success(), "{}", words(&opens));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Errors that take turns filled the screen.
#[test]
fn each_kind_of_failure_is_told_once_and_counted() {
    let turn = AtomicUsize::new(usize::MAX / 2);
    let turn = Arc::new(turn);
    let count = turn.clone();
    let host = Host::with(move |keys, request| {
        let reply = keys.answer(request);
        match count.fetch_add(1, Ordering::SeqCst) {
            turn if turn > 1_000_000 => reply,
            turn if turn % 2 == 0 => Reply::HangUp,
            _ => Reply::Items(vec![done_item(Err(ResultReason::InternalServerError))]),
        }
    });
    host.finish("enrolment");
    turn.store(0, Ordering::SeqCst);
    let (late, _) = timed(&host, &["--wait", "5"]);
    assert_eq!(late.status.code(), Some(3), "{}", words(&late));
    assert!(turn.load(Ordering::SeqCst) >= 4, "asked too seldom");
    let words = words(&late);
    assert_eq!(words.lines().count(), 3, "{words}");
    assert!(words.lines().last().unwrap().contains(" times)"), "{words}");
}
