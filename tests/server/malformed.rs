//! Messages that are malformed, too deep, too large, or name what nobody knows, sent to a real server over TLS: each has
//! a clear error or a closed connection for an answer, and another client is served before, during and after.

mod canary;
mod items;

use crate::support::dev::Dev;
use crate::support::http::{media_type, post};
use crate::support::wire::{self, Wire};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::limits::{DEPTH_MAX, ITEM_HEADER_BYTES, ITEMS_MAX};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::*;
use kmip_codec::wire::{Encoding, Kind};
use std::sync::atomic::{AtomicBool, Ordering};

/// A structure without a value: tag 0x540001, a vendor's.
const VENDOR: [u8; 4] = [0x54, 0x00, 0x01, 0x01];

/// The longest message by default.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Runs a test on a server while another client asks and asks.
fn beside_another_client(test: impl FnOnce(&Dev)) {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let (mut other, tested) = (wire::connect(&dev, "other"), AtomicBool::new(false));
    assert!(is_served(&mut other), "before");
    std::thread::scope(|scope| {
        let during = scope.spawn(|| {
            let mut exchanges = 0;
            while !tested.load(Ordering::SeqCst) {
                assert!(is_served(&mut other), "during, after {exchanges} exchanges");
                exchanges += 1;
            }
            exchanges
        });
        // Told in every case: else a test that fails would never end.
        let tell = Tell(&tested);
        test(&dev);
        drop(tell);
        assert!(during.join().unwrap() > 0);
    });
    assert!(is_served(&mut other), "after");
    assert!(is_served(&mut wire::connect(&dev, "new")), "after, a client that comes");
}

/// Turns true when dropped.
struct Tell<'a>(&'a AtomicBool);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn query() -> RequestMessage {
    let request = QueryRequest { functions: vec![QueryFunction::QueryOperations], ..QueryRequest::default() };
    RequestMessage::new(V2_1, vec![Request::Query(request).into()])
}

fn is_served(wire: &mut Wire) -> bool {
    let answer = wire.exchange(&query().to_bytes()).map(|bytes| ResponseMessage::from_bytes(&bytes).unwrap());
    answer.is_ok_and(|answer| answer.items[0].result_status == ResultStatus::Success)
}

/// A message with items of most types in it.
fn create(version: Version) -> Vec<u8> {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text("malformed")),
    ];
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    };
    let mut message = RequestMessage::new(version, vec![Request::Create(request).into()]);
    message.header.batch_order_option = Some(true);
    message.items[0].unique_batch_item_id = Some(b"one".as_slice().into());
    message.to_bytes()
}

/// What the server says of a message that it cannot read.
fn refusal(wire: &mut Wire, message: &[u8]) -> String {
    let answer = ResponseMessage::from_bytes(&wire.exchange(message).unwrap()).unwrap();
    told(&answer)
}

fn told(answer: &ResponseMessage) -> String {
    let item = &answer.items[0];
    let reasons = [Some(ResultReason::InvalidMessage), Some(ResultReason::InvalidField)];
    assert_eq!(item.result_status, ResultStatus::OperationFailed, "{answer:?}");
    assert!(reasons.contains(&item.result_reason), "{answer:?}");
    item.result_message.clone().unwrap()
}

/// An item of a message: where its header begins, what its type is, and how many bytes its value has.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    kind: u8,
    length: usize,
}

/// Every item inside the message.
fn places(message: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut at = ITEM_HEADER_BYTES;
    while at < message.len() {
        let length = u32::from_be_bytes(message[at + 4..at + 8].try_into().unwrap()) as usize;
        let place = Place { at, kind: message[at + 3], length };
        places.push(place);
        // A structure is entered, everything else passed by.
        let inside = if place.kind == Kind::Structure as u8 { 0 } else { length.next_multiple_of(8) };
        at += ITEM_HEADER_BYTES + inside;
    }
    places
}

/// The message with a length in its first header that is true.
fn whole(mut message: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(message.len() - ITEM_HEADER_BYTES).unwrap();
    message[4..8].copy_from_slice(&length.to_be_bytes());
    message
}

#[test]
fn every_item_wrongly_typed_padded_or_measured_is_refused_and_the_connection_goes_on() {
    beside_another_client(|dev| {
        let mut wire = wire::connect(dev, "one");
        let good = create(V2_1);
        let places = places(&good);
        assert!(places.len() > 15, "{places:?}");
        let mut refused = |place: &Place, at: usize, bytes: &[u8], word: &str| {
            let mut bad = good.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            let text = refusal(&mut wire, &bad);
            assert!(text.contains(word), "{place:?} with {bytes:?}: {text}");
            assert!(text.contains(" at RequestMessage"), "{place:?} with {bytes:?}: {text}");
        };
        for place in &places {
            for kind in (0..=12).filter(|kind| *kind != place.kind) {
                refused(place, place.at + 3, &[kind], "expected type");
            }
            refused(place, place.at + 4, &0xffff_fff8_u32.to_be_bytes(), "");
            let longer = u32::try_from(place.length + 8).unwrap();
            refused(place, place.at + 4, &longer.to_be_bytes(), "");
            let padding = (place.length..place.length.next_multiple_of(8)).map(|n| place.at + 8 + n);
            padding.for_each(|at| refused(place, at, &[1], "padding"));
        }
        assert!(is_served(&mut wire));
    });
}

#[test]
fn a_message_that_ends_early_is_refused_at_every_byte() {
    beside_another_client(|dev| {
        let mut wire = wire::connect(dev, "one");
        for version in [V1_4, V2_1] {
            let good = create(version);
            for length in ITEM_HEADER_BYTES..good.len() {
                let text = refusal(&mut wire, &whole(good[..length].to_vec()));
                assert!(text.contains(" at "), "{length}: {text}");
                if !length.is_multiple_of(8) {
                    assert!(wire.is_closed(), "what follows such a length is no message");
                    wire = wire::connect(dev, "one");
                }
            }
            let longer = whole([&good[..], &[0; 8]].concat());
            assert!(refusal(&mut wire, &longer).contains(" at "), "something behind the last item");
        }
        assert!(is_served(&mut wire));
        // Peers that go away in the middle of a message.
        for length in (1..create(V2_1).len()).step_by(23) {
            wire::connect(dev, "gone").send(&create(V2_1)[..length]).unwrap();
        }
    });
}

#[test]
fn what_is_no_message_is_answered_and_closed() {
    beside_another_client(|dev| {
        let memory = resident(dev);
        let announced = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
        for (length, word) in [
            (0xffff_fff8, "larger than it may be"),
            (0x7fff_fff8, "larger than it may be"),
            (MESSAGE_BYTES, "larger than it may be"),
            (0xffff_ffff, "larger than it may be"),
            (17, "length"),
        ] {
            let header = [&[0x42, 0x00, 0x78, 0x01][..], &announced(length)].concat();
            let mut wire = wire::connect(dev, "one");
            let text = refusal(&mut wire, &header);
            assert!(text.contains(word), "{length}: {text}");
            assert!(wire.is_closed());
        }
        for start in [
            &[0x42, 0x00, 0x7b, 0x01, 0, 0, 0, 8],
            &[0x42, 0x00, 0x78, 0x07, 0, 0, 0, 8],
            &[0; 8],
            b"GET / HT",
        ] {
            let mut wire = wire::connect(dev, "one");
            assert!(refusal(&mut wire, start).contains("byte 0"));
            assert!(wire.is_closed());
        }
        assert!(resident(dev) < memory + 4096, "an announced length made the server grow");
    });
}

/// How many connections wait for their next message.
const WAITING: u64 = 400;

/// What one of them takes at most, in kB: its TLS, its task, its slot.
const WAITING_KB: u64 = 20;

/// Clients stay connected by the thousand: one that waits takes little, whatever its messages took before.
#[test]
fn a_connection_that_waits_takes_little_memory() {
    beside_another_client(|dev| {
        let asked = || {
            let mut wire = wire::connect(dev, "one");
            assert!(is_served(&mut wire));
            wire
        };
        // With the first ones the server takes what it needs once.
        let first: Vec<_> = (0..WAITING / 4).map(|_| asked()).collect();
        let before = resident(dev);
        let waiting: Vec<_> = (0..WAITING).map(|_| asked()).collect();
        let each = resident(dev).saturating_sub(before) / WAITING;
        println!("{each} kB a connection");
        assert!(each <= WAITING_KB, "{each} kB a connection, and {WAITING_KB} are allowed");
        drop((first, waiting));
    });
}

/// Memory of the server in kB.
fn resident(dev: &Dev) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", dev.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A message with these bytes for the payload of an operation that nobody knows.
fn with_payload(payload: &[u8]) -> Vec<u8> {
    let item = RequestItem::from(Request::Unknown(Operation(0x8000_0001), ItemValue::default()));
    let mut message = RequestMessage::new(V2_1, vec![item]).to_bytes();
    message.extend_from_slice(payload);
    // The batch item and the payload end with the message.
    let (item, last) = (position(&message, 0x0f), position(&message, 0x79));
    for at in [item, last] {
        let length = u32::try_from(message.len() - at - ITEM_HEADER_BYTES).unwrap();
        message[at + 4..at + 8].copy_from_slice(&length.to_be_bytes());
    }
    whole(message)
}

/// Where the structure with this tag begins.
fn position(message: &[u8], tag: u8) -> usize {
    message.windows(4).position(|window| window == [0x42, 0x00, tag, 0x01]).unwrap()
}

/// Structures one in another.
fn nested(depth: usize) -> Vec<u8> {
    let lengths = (0..depth).rev().map(|inside| u32::try_from(inside * ITEM_HEADER_BYTES).unwrap());
    lengths.flat_map(|length| VENDOR.into_iter().chain(length.to_be_bytes())).collect()
}

#[test]
fn messages_that_are_deep_or_wide_are_refused_and_the_connection_goes_on() {
    beside_another_client(|dev| {
        let mut wire = wire::connect(dev, "one");
        // The message, the item and the payload are three levels.
        let deepest = wire.exchange(&with_payload(&nested(DEPTH_MAX - 3))).unwrap();
        let deepest = ResponseMessage::from_bytes(&deepest).unwrap();
        assert_eq!(deepest.items[0].result_reason, Some(ResultReason::OperationNotSupported));
        let as_fits = (MESSAGE_BYTES - 1024) / ITEM_HEADER_BYTES;
        for depth in [DEPTH_MAX - 2, 100, 10_000, as_fits] {
            let text = refusal(&mut wire, &with_payload(&nested(depth)));
            assert!(
                text.contains("is structure 33 inside each other; at most 32 may nest"),
                "{depth}: {text}"
            );
        }
        let wide = [&VENDOR[..], &[0; 4]].concat().repeat(ITEMS_MAX);
        let text = refusal(&mut wire, &with_payload(&wide));
        assert!(text.contains("is item 100001 of the message, which may have 100000 at most"), "{text}");
        assert!(is_served(&mut wire));
    });
}

#[test]
fn the_same_is_refused_in_xml_and_json() {
    beside_another_client(|dev| {
        let (xml, json) = (query().encode(Encoding::Xml), query().encode(Encoding::Json));
        let [xml, json] = [xml, json].map(|text| String::from_utf8(text).unwrap());
        let deep = |open: &str, close: &str| [open.repeat(100_000), close.repeat(100_000)].concat();
        let changed = |text: &str, from: &str, to: &str| {
            assert!(text.contains(from), "{from} is not in {text}");
            text.replacen(from, to, 1)
        };
        let typed = changed(&xml, "<BatchCount type=\"Integer\"", "<BatchCount type=\"Enumeration\"");
        let typed_json =
            changed(&json, "\"BatchCount\",\"type\":\"Integer\"", "\"BatchCount\",\"type\":\"Boolean\"");
        let nested = format!("<BatchItem>{}", deep("<TTLV tag=\"0x540001\">", "</TTLV>"));
        let nested_json = deep("{\"tag\":\"0x540001\",\"value\":[", "]}");
        for (encoding, body) in [
            (Encoding::Xml, typed),
            (Encoding::Xml, changed(&xml, "<BatchItem>", &nested)),
            (Encoding::Xml, deep("<RequestMessage>", "</RequestMessage>")),
            (Encoding::Xml, xml[..xml.len() / 2].to_owned()),
            (Encoding::Json, typed_json),
            (Encoding::Json, changed(&json, "\"value\":[", &format!("\"value\":[{nested_json},"))),
            (Encoding::Json, deep("[", "]")),
            (Encoding::Json, json[..json.len() / 2].to_owned()),
        ] {
            let mut wire = wire::https(dev, "one");
            wire.send(&post(media_type(encoding), body.as_bytes())).unwrap();
            let answer = wire.http_answer().unwrap();
            let begin = &body[..60.min(body.len())];
            match answer.status {
                200 => drop(told(&ResponseMessage::decode(encoding, &answer.body).unwrap())),
                status => assert!(status == 400 && wire.is_closed(), "{status} to {begin}"),
            }
        }
    });
}

#[test]
fn tags_and_operations_that_nobody_knows_are_refused_or_passed_by() {
    beside_another_client(|dev| {
        let mut wire = wire::connect(dev, "one");
        let good = create(V2_1);
        let places = places(&good);
        // Another tag for each item in turn: nothing of the message is left out in silence.
        for place in &places {
            let mut bad = good.clone();
            bad[place.at..place.at + 3].copy_from_slice(&[0x54, 0x12, 0x34]);
            let answer = ResponseMessage::from_bytes(&wire.exchange(&bad).unwrap()).unwrap();
            assert_eq!(answer.items[0].result_status, ResultStatus::OperationFailed, "{place:?}");
            assert!(answer.items[0].result_message.as_ref().unwrap().len() > 10, "{place:?}");
        }
        let unknown = |operation| Request::Unknown(Operation(operation), ItemValue::default());
        for version in VERSIONS {
            let mut message = RequestMessage::new(
                version,
                vec![unknown(0x77).into(), unknown(0x8000_0001).into(), query().items.remove(0)],
            );
            message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
            for (place, item) in message.items.iter_mut().enumerate() {
                item.unique_batch_item_id = Some(vec![u8::try_from(place).unwrap()].into());
            }
            let items =
                ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap().items;
            let reasons: Vec<_> = items.iter().map(|item| item.result_reason).collect();
            let unsupported = Some(ResultReason::OperationNotSupported);
            assert_eq!(reasons, [unsupported, unsupported, None], "{version}");
        }
        assert!(is_served(&mut wire));
    });
}
