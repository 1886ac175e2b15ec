//! Slow, idle and too many peers, and a stop in the middle of work: other clients go on, and nothing hangs.

mod slots;

use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use kmip_codec::attributes::{Attribute, AttributeFilter};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_4, V2_1};
use kmip_codec::wire::Encoding;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// Time limits of a second.
const HURRIED: &str =
    "[limits]\nhandshake_seconds = 1\nmessage_seconds = 1\nwrite_seconds = 1\nidle_seconds = 2";

/// Far more than any limit of these servers: a test that waits longer has found a peer that is not cut off.
const NEVER: Duration = Duration::from_secs(30);

fn query() -> Vec<u8> {
    let functions = vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects];
    let request = QueryRequest { functions, ..QueryRequest::default() };
    RequestMessage::new(V1_4, vec![Request::Query(request).into()]).to_bytes()
}

fn is_served(wire: &mut Wire) -> bool {
    let answer = wire.exchange(&query()).map(|bytes| ResponseMessage::from_bytes(&bytes).unwrap());
    answer.is_ok_and(|answer| answer.items.iter().all(|item| item.result_status == ResultStatus::Success))
}

#[test]
fn slow_and_idle_peers_are_cut_off_while_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", HURRIED)]);
    let mute: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&dev.address).unwrap()).collect();
    let mut half = wire::connect(&dev, "half");
    half.send(&query()[..30]).unwrap();
    let mut idle = wire::connect(&dev, "idle");
    assert!(is_served(&mut idle));
    let mut good = wire::connect(&dev, "good");
    assert!(is_served(&mut good), "with 200 mute peers");
    let begin = Instant::now();
    for mut peer in mute {
        peer.set_read_timeout(Some(NEVER)).unwrap();
        assert!(matches!(peer.read(&mut [0; 1]), Ok(0)), "a peer that never says hello");
    }
    assert!(is_served(&mut good));
    assert!(half.is_closed(), "a message that does not end");
    assert!(is_served(&mut good));
    assert!(idle.is_closed(), "a peer that says nothing more");
    assert!(begin.elapsed() < NEVER);
    drop(good);
    assert!(is_served(&mut wire::connect(&dev, "good")));
}

/// Asks and asks and takes no answer, until the server closes the connection.
fn is_cut_off_without_reading(wire: &mut Wire) -> bool {
    let many = query().repeat(1000);
    let begin = Instant::now();
    while begin.elapsed() < NEVER {
        if wire.send(&many).is_err() {
            return true;
        }
    }
    false
}

#[test]
fn a_peer_that_takes_no_answers_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", HURRIED)]);
    assert!(is_cut_off_without_reading(&mut wire::connect(&dev, "greedy")));
    assert!(is_served(&mut wire::connect(&dev, "good")));
}

/// A client that writes all before it reads got a reset in the place of the answer.
#[test]
fn who_sends_too_much_reads_why_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    for megabytes in [5, 40] {
        let mut large = vec![0x42, 0, 0x78, 1];
        large.extend((megabytes * 1024 * 1024_u32).to_be_bytes());
        large.resize(8 + megabytes as usize * 1024 * 1024, 0);
        let mut wire = wire::connect(&dev, "large");
        let answer = wire.exchange(&large).unwrap_or_else(|error| panic!("{megabytes} MB: {error}"));
        let answer = ResponseMessage::from_bytes(&answer).unwrap();
        assert_eq!(answer.items[0].result_status, ResultStatus::OperationFailed);
        assert!(wire.is_closed());
        for path in ["/kmip", "/elsewhere"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                large.len()
            );
            let mut https = wire::https(&dev, "large");
            https.send(head.as_bytes()).unwrap();
            https.send(&large).unwrap_or_else(|error| panic!("{path}, {megabytes} MB: {error}"));
            let status = https.http_answer().unwrap().status;
            assert_eq!(status, if path == "/kmip" { 413 } else { 404 });
        }
    }
}

/// What is thrown away is bounded, in time and bytes.
#[test]
fn who_never_ends_to_send_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", HURRIED)]);
    let begin = Instant::now();
    let mut wire = wire::connect(&dev, "endless");
    wire.send(&[0x42, 0, 0x78, 1, 0xff, 0xff, 0xff, 0xf0]).unwrap();
    let junk = vec![0; 1024 * 1024];
    while wire.send(&junk).is_ok() {
        assert!(begin.elapsed() < NEVER);
    }
    let mut https = wire::https(&dev, "endless");
    https.send(b"POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 99999999999\r\n\r\n").unwrap();
    while https.send(&junk).is_ok() {
        assert!(begin.elapsed() < NEVER);
    }
    assert!(is_served(&mut wire::connect(&dev, "good")));
}

/// A server that could have few open files once stopped serving with 120 mute peers, and filled its log.
#[test]
fn mute_peers_beyond_the_open_files_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let place = folder.path().join("dev");
    drop(Dev::configured(&place, &[("", "[limits]\nhandshake_seconds = 600")]));
    let dev = Dev::limited(&place, "ulimit -n 66", File::create(&log).unwrap());
    let mut early = wire::connect(&dev, "early");
    assert!(is_served(&mut early));
    let mute: Vec<TcpStream> = (0..120).map(|_| TcpStream::connect(&dev.address).unwrap()).collect();
    let begin = Instant::now();
    while !is_served(&mut wire::connect(&dev, "good")) {
        assert!(begin.elapsed() < NEVER, "mute peers keep their places");
    }
    for _ in 0..10 {
        assert!(is_served(&mut wire::connect(&dev, "good")), "with 120 mute peers");
        assert!(is_served(&mut early));
    }
    let mut https = wire::https(&dev, "good");
    https.post(Encoding::Ttlv, &RequestMessage::from_bytes(&query()).unwrap()).unwrap();
    drop(mute);
    // One client's connections make room for one another, and not those of others.
    let one_more = |_| {
        let mut wire = wire::connect(&dev, "many");
        assert!(is_served(&mut wire));
        wire
    };
    let mut many: Vec<Wire> = (0..60).map(one_more).collect();
    let open: usize = many.iter_mut().map(|wire| usize::from(!wire.is_closed_now())).sum();
    assert!((5..40).contains(&open), "{open}");
    assert!(is_served(&mut early));
    drop(dev);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("may have 66 open files") && log.contains("LimitNOFILE="), "{log}");
    assert!(log.contains("closed an idle connection for a new one"), "{log}");
    assert!(!log.contains("cannot accept"), "{log}");
    assert!(log.matches("WARN").count() < 10, "{log}");
}

#[test]
fn a_server_takes_as_many_open_files_as_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let log = File::create(folder.path().join("log")).unwrap();
    let dev = Dev::limited(&folder.path().join("dev"), "ulimit -n 2000 && ulimit -Sn 60", log);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", dev.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["2000", "2000"]);
}

#[test]
fn without_descriptors_the_server_waits_and_gets_them_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let dev = Dev::logging(&folder.path().join("dev"), File::create(&log).unwrap());
    let pid = Pid::from_raw(dev.pid());
    let usual = rustix::process::getrlimit(Resource::Nofile);
    // Fewer than are open: none can be had any more, until the server asks for as many as it may.
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(5), ..usual }).unwrap();
    let mut good = wire::connect(&dev, "good");
    assert!(is_served(&mut good));
    drop(dev);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.matches("cannot accept connections").count() <= 1, "{log}");
    assert!(log.contains("the limit of open files was lowered"), "{log}");
}

#[test]
fn a_server_that_may_open_too_little_says_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let start = "ulimit -n 30 && exec \"$0\" serve --config \"$1\"";
    let config = folder.path().join("keystead.toml");
    let args = ["-c", start, env!("CARGO_BIN_EXE_keystead"), config.to_str().unwrap()];
    let output = Command::new("sh").args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(16), "{text}");
    assert!(text.contains("30 open files") && text.contains("LimitNOFILE="), "{text}");
}

/// A batch that takes a while: keys of RSA are made.
fn long_work() -> Vec<u8> {
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(4096),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
    ];
    let request = CreateKeyPairRequest { common: Some(common.into()), ..CreateKeyPairRequest::default() };
    let items = (0..3).map(|_| Request::CreateKeyPair(request.clone()).into()).collect();
    RequestMessage::new(V2_1, items).to_bytes()
}

#[test]
fn a_stop_lets_the_request_under_way_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev::configured(folder.path(), &[("", "[limits]\nstop_seconds = 120")]);
    let mut wire = wire::connect(&dev, "one");
    assert!(is_served(&mut wire));
    wire.send(&long_work()).unwrap();
    // The message is with the server once it answers another client that came later.
    assert!(is_served(&mut wire::connect(&dev, "two")));
    dev.terminate();
    let answer = ResponseMessage::from_bytes(&wire.receive().unwrap()).unwrap();
    assert!(answer.items.iter().all(|item| item.result_status == ResultStatus::Success));
    assert!(wire.is_closed());
    assert!(dev.wait().success());
    drop(dev);
    let dev = Dev::start_quietly(folder.path());
    let locate = LocateRequest {
        attributes: Some(AttributeFilter([Attribute::ObjectType(ObjectType::PrivateKey)].into())),
        ..LocateRequest::default()
    };
    let message = RequestMessage::new(V2_1, vec![Request::Locate(locate).into()]).to_bytes();
    let found = ResponseMessage::from_bytes(&wire::connect(&dev, "one").exchange(&message).unwrap()).unwrap();
    let Some(kmip_codec::operations::Response::Locate(found)) = &found.items[0].response else {
        panic!("{found:?}")
    };
    assert_eq!(found.unique_identifiers.len(), 3, "what was answered is kept");
}

#[test]
fn a_stop_has_a_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nstop_seconds = 1\nwrite_seconds = 600";
    let mut dev = Dev::configured(folder.path(), &[("", limits)]);
    let mut greedy = wire::connect(&dev, "greedy");
    let sender = std::thread::spawn(move || is_cut_off_without_reading(&mut greedy));
    // Long enough for the buffers to fill: the server waits for the peer to take its answers.
    std::thread::sleep(Duration::from_secs(3));
    let mut mute = TcpStream::connect(&dev.address).unwrap();
    mute.write_all(b"\x16").unwrap();
    let begin = Instant::now();
    dev.terminate();
    assert!(dev.wait().success());
    assert!(begin.elapsed() < Duration::from_secs(10), "a stop waits for a peer that takes no answers");
    assert!(sender.join().unwrap());
}
