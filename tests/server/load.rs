//! Much slow work of one client, password guesses or key pairs, on more connections than the server has threads for it:
//! others are served meanwhile, over TTLV and over HTTPS. With as many turns as are asked for, this is red.

mod leaving;

use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{Authentication, Credential, RequestMessage, ResponseMessage, UsernameAndPassword};
use kmip_codec::objects::{ManagedObject, OpaqueObject};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::V1_4;
use kmip_codec::wire::Encoding;
use std::time::Duration;

/// More than the threads that the server blocks at most.
const FLOOD: usize = 80;

/// A password that takes long to check.
const CONFIGURATION: &str = r#"
[limits]
stop_seconds = 1

[[personas]]
name = "with-password"
switches = { credentials = "require" }

[[clients]]
name = "guesser"
persona = "with-password"

[[credentials]]
name = "fred"
username = "Fred"
password = "pbkdf2-sha256:4000000:00112233445566778899aabbccddeeff:0000000000000000000000000000000000000000000000000000000000000000"
"#;

fn query() -> RequestMessage {
    let functions = vec![QueryFunction::QueryOperations];
    RequestMessage::new(V1_4, vec![Request::Query(QueryRequest { functions, ..Default::default() }).into()])
}

/// A guess at a password.
fn guess() -> RequestMessage {
    let mut message = query();
    let (username, password) = ("Fred".to_owned(), Some("guess".to_owned().into()));
    let credentials = vec![Credential::UsernameAndPassword(UsernameAndPassword { username, password })];
    message.header.authentication = Some(Authentication { credentials });
    message
}

/// Key pairs that take long to make.
fn pairs() -> RequestMessage {
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(4096),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
    ];
    let request = CreateKeyPairRequest { common: Some(common.into()), ..Default::default() };
    let items = (0..4).map(|_| Request::CreateKeyPair(request.clone()).into()).collect();
    RequestMessage::new(V1_4, items)
}

fn is_good(answer: &ResponseMessage) -> bool {
    answer.items.iter().all(|item| item.result_status == ResultStatus::Success)
}

#[test]
fn who_asks_for_much_slow_work_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", CONFIGURATION)]);
    let mut ttlv = wire::connect(&dev, "good");
    let mut https = wire::https(&dev, "good");
    ttlv.exchange(&query().to_bytes()).unwrap();
    https.post(Encoding::Json, &query()).unwrap();
    for (name, message) in [("guesser", guess()), ("maker", pairs())] {
        let mut flood: Vec<Wire> = (0..FLOOD).map(|_| wire::connect(&dev, name)).collect();
        for wire in &mut flood {
            wire.0.conn.complete_io(&mut wire.0.sock).unwrap();
        }
        flood.iter_mut().for_each(|wire| wire.send(&message.to_bytes()).unwrap());
        // What is quick is answered before all of what is slow.
        for _ in 0..3 {
            let answer = ttlv.exchange(&query().to_bytes()).unwrap();
            assert!(is_good(&ResponseMessage::from_bytes(&answer).unwrap()));
            assert!(is_good(&https.post(Encoding::Json, &query()).unwrap()));
        }
        let socket = &flood.last().unwrap().0.sock;
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(flood.last_mut().unwrap().receive().is_err(), "{name}: the slow work came first");
    }
}

/// The most memory that the server has had so far, in bytes.
fn peak(dev: &Dev) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", dev.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Messages of 1 MiB that do not end took as much memory each, over TTLV as they came, over HTTPS as they were announced.
#[test]
fn messages_that_do_not_end_take_the_share_of_their_client() {
    const MIB: usize = 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nmessage_bytes = 1048576\nbytes_in_flight_per_client = 4194304\nmessage_seconds = 600\nstop_seconds = 1";
    let dev = Dev::configured(folder.path(), &[("", limits)]);
    let mut good = wire::connect(&dev, "good");
    good.exchange(&query().to_bytes()).unwrap();
    let before = peak(&dev);
    let mut header = vec![0x42, 0, 0x78, 1];
    header.extend(u32::try_from(MIB - 8).unwrap().to_be_bytes());
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: {MIB}\r\n\r\n"
    );
    let mut unfinished = Vec::new();
    for _ in 0..100 {
        let mut ttlv = wire::connect(&dev, "greedy");
        ttlv.send(&header).unwrap();
        ttlv.send(&vec![0; MIB / 2]).unwrap();
        let mut https = wire::https(&dev, "greedy");
        https.send(head.as_bytes()).unwrap();
        https.send(&[0; 150]).unwrap();
        unfinished.extend([ttlv, https]);
    }
    let answer = good.exchange(&query().to_bytes()).unwrap();
    assert!(is_good(&ResponseMessage::from_bytes(&answer).unwrap()), "another is served beside them");
    let grown = peak(&dev) - before;
    assert!(grown < 40 * MIB, "{} MiB for messages that may have 4 in flight", grown / MIB);
}

/// Who does not read its answers once kept them all in memory; now its further messages wait for room, and are refused then.
#[test]
fn who_does_not_read_its_answers_has_no_room_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nbytes_in_flight_per_client = 16777216\nmessage_seconds = 2\nwrite_seconds = 600\nstop_seconds = 1";
    let dev = Dev::configured(folder.path(), &[("", limits)]);
    let mut greedy = wire::connect(&dev, "greedy");
    let value = vec![7; 3 << 20];
    let opaque = OpaqueObject { value: value.as_slice().into(), ..OpaqueObject::default() };
    let register = RegisterRequest {
        object_type: ObjectType::OpaqueObject,
        attributes: Default::default(),
        object: ManagedObject::OpaqueObject(opaque),
        protection_storage_masks: None,
    };
    let registered =
        greedy.exchange(&RequestMessage::new(V1_4, vec![register.into_request().into()]).to_bytes());
    let mut registered = ResponseMessage::from_bytes(&registered.unwrap()).unwrap();
    let answer = RegisterRequest::answer(registered.items.remove(0).response.unwrap()).unwrap();
    let get = GetRequest { unique_identifier: Some(answer.unique_identifier), ..GetRequest::default() };
    let get = RequestMessage::new(V1_4, vec![get.into_request().into()]).to_bytes();
    // What the system buffers for a socket is not the server's: each asks for more than that.
    let mut unread: Vec<Wire> = (0..3).map(|_| wire::connect(&dev, "greedy")).collect();
    unread.iter_mut().for_each(|wire| wire.send(&get.repeat(10)).unwrap());
    let mut good = wire::connect(&dev, "good");
    // Their answers pile up in a moment.
    let refused = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let answer = ResponseMessage::from_bytes(&good.exchange(&query().to_bytes()).unwrap()).unwrap();
        assert!(is_good(&answer), "another is served beside them");
        let bytes = wire::connect(&dev, "greedy").exchange(&query().to_bytes()).unwrap();
        ResponseMessage::from_bytes(&bytes)
            .unwrap()
            .items
            .into_iter()
            .find(|item| item.result_reason.is_some())
    });
    let told = refused.expect("a refusal").result_message.unwrap();
    assert!(told.contains("bytes_in_flight_per_client"), "{told}");
    // Over HTTPS it is said as HTTP says it; `explain` tells of both.
    let over_https = wire::https(&dev, "greedy").post(Encoding::Ttlv, &query());
    let over_https = over_https.map(drop).unwrap_err();
    assert!(over_https.contains("status: 503"), "{over_https}");
    let kept = crate::support::dev::told(dev.keystead("admin", &["explain", "--client", "greedy", "--json"]));
    let kept: Vec<keystead::explain::Exchange> = serde_json::from_str(&kept).unwrap();
    let crowded =
        kept.iter().filter(|one| one.what == "Limit" && one.message.contains("bytes_in_flight_per_client"));
    assert!(crowded.clone().count() >= 2, "{kept:?}");
    assert!(crowded.clone().any(|one| told.contains(&one.id.to_string())), "{told}");
    for mut wire in unread {
        assert!(wire.receive().is_ok(), "what was answered is there");
    }
    let bytes = wire::connect(&dev, "greedy").exchange(&query().to_bytes()).unwrap();
    assert!(
        is_good(&ResponseMessage::from_bytes(&bytes).unwrap()),
        "once the answers are read there is room"
    );
}
