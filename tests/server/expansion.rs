//! What messages become in memory when they are decoded: never more than the server reserves for them.

use keystead::server::expansion;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::{V1_4, V2_1, VERSIONS};
use kmip_codec::wire::{Encoding, Reading};

const READING: Reading =
    Reading { items_alone: true, later_fields: true, known_bits: true, with_values: true, strips_nuls: true };

const ENCODINGS: [Encoding; 3] = [Encoding::Ttlv, Encoding::Json, Encoding::Xml];

/// The most that is allocated while a message is decoded and kept, beyond its bytes.
fn taken(encoding: Encoding, bytes: &[u8]) -> usize {
    let measured = allocation_counter::measure(|| drop(RequestMessage::receive(encoding, bytes, READING)));
    usize::try_from(measured.bytes_max).unwrap()
}

fn check(what: &str, encoding: Encoding, bytes: &[u8]) {
    let (taken, reserved) = (taken(encoding, bytes), expansion(encoding, bytes));
    assert!(
        taken <= reserved,
        "{what} in {encoding}: {} bytes become {taken}, and {reserved} were reserved",
        bytes.len()
    );
}

/// Batches of many small items, and items with many small fields.
fn large() -> Vec<(&'static str, RequestMessage)> {
    let items = |version, count, request: Request| {
        RequestMessage::new(version, vec![RequestItem::from(request); count])
    };
    let create = |attributes: Vec<Attribute>| {
        CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into_iter().collect::<Attributes>().into(),
            ..CreateRequest::default()
        }
        .into_request()
    };
    let many = vec![Attribute::CryptographicLength(256); 65_600];
    let functions = vec![QueryFunction::QueryOperations; 50_000];
    vec![
        ("pings", items(V2_1, 16_400, PingRequest::default().into_request())),
        ("creates", items(V1_4, 8_000, create(Vec::new()))),
        ("attributes", items(V1_4, 1, create(many.clone()))),
        ("attributes of 2.1", items(V2_1, 1, create(many))),
        ("functions", items(V2_1, 1, QueryRequest { functions, ..QueryRequest::default() }.into_request())),
    ]
}

#[test]
fn no_message_becomes_more_than_is_reserved_for_it() {
    for (what, message) in large() {
        for encoding in ENCODINGS {
            check(what, encoding, &message.encode(encoding));
        }
    }
    for seed in 0..50 {
        for version in VERSIONS {
            let message = RequestMessage::sample(&mut Dice::new(seed, version));
            for encoding in ENCODINGS {
                check(&format!("seed {seed} of {version}"), encoding, &message.encode(encoding));
            }
        }
    }
}

/// A text that cannot be read is parsed once, like one that can: the tree that was made of it tells the place and the version, too.
#[test]
fn what_cannot_be_read_is_parsed_once() {
    let count = |encoding, bytes: &[u8], is_read: bool| {
        let measured = allocation_counter::measure(|| {
            let read = RequestMessage::receive(encoding, bytes, READING);
            let is_whole = read.is_ok_and(|read| !matches!(read.items[0].request, Request::Unreadable(_)));
            assert_eq!(is_whole, is_read);
        });
        measured.count_total
    };
    let functions = vec![QueryFunction::QueryOperations; 5_000];
    let query = QueryRequest { functions, ..QueryRequest::default() }.into_request();
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(query)]);
    for encoding in [Encoding::Json, Encoding::Xml] {
        let text = String::from_utf8(message.encode(encoding)).unwrap();
        let whole = count(encoding, text.as_bytes(), true);
        let (before, last) = text.split_at(text.rfind("QueryOperations").unwrap());
        let misspelt = format!("{before}Qeury{}", &last["Query".len()..]);
        let count_wrong = match encoding {
            Encoding::Json => text.replace(
                r#""BatchCount","type":"Integer","value":1"#,
                r#""BatchCount","type":"Integer","value":2"#,
            ),
            _ => text.replace(
                "BatchCount type=\"Integer\" value=\"1\"",
                "BatchCount type=\"Integer\" value=\"2\"",
            ),
        };
        for broken in [misspelt, count_wrong] {
            assert_ne!(broken, text);
            let taken = count(encoding, broken.as_bytes(), false);
            assert!(
                taken * 4 < whole * 5,
                "{encoding}: {whole} allocations where it can be read, and {taken}"
            );
        }
    }
}
