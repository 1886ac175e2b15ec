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

const READING: Reading = Reading { items_alone: true, later_fields: true, strips_nuls: true };

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
