//! Slow, idle and too many peers, and a stop in the middle of work: other clients go on, and nothing hangs.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

mod support;

use kmip_codec::attributes::{Attribute, AttributeList};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_4, V2_1};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::dev::Dev;
use support::wire::{self, Wire};

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

#[test]
fn a_peer_has_no_more_connections_than_its_cap() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nconnections_per_address = 3")]);
    let mut wires: Vec<Wire> = (0..3).map(|_| wire::connect(&dev, "one")).collect();
    assert!(wires.iter_mut().all(is_served));
    assert!(wire::connect(&dev, "one").exchange(&query()).is_err(), "a fourth connection");
    assert!(wires.iter_mut().all(is_served));
    drop(wires.pop());
    let begin = Instant::now();
    while !is_served(&mut wire::connect(&dev, "one")) {
        assert!(begin.elapsed() < NEVER, "a place that was given back is not given again");
    }
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
        attributes: Some(AttributeList([Attribute::ObjectType(ObjectType::PrivateKey)].into())),
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
