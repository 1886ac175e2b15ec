//! What a server answers in a version it takes back in that version: every attribute, with every bit and every value that any
//! version defines, and every object, in every request that names attributes or carries objects, in every encoding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "support/server.rs"]
mod server;

use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{KeyBlock, KeyValue, ManagedObject, SymmetricKey};
use kmip_codec::operations::{Operation, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::value::DateTime;
use kmip_codec::version::*;
use kmip_codec::wire::Encoding;
use kmip_codec::{Version, attribute};
use server::SERVER;

/// The masks that objects of any client may have: each bit that a version defines, all of those, and all that there are.
fn masks(rows: &[Row]) -> Vec<i32> {
    let bits: Vec<i32> = rows.iter().map(|row| row.0.cast_signed()).collect();
    let all = bits.iter().fold(0, |all, bit| all | bit);
    [bits, vec![0, all, -1]].concat()
}

/// What the server answers, as the client reads it in this encoding.
fn answered(version: Version, encoding: Encoding, response: Response) -> Response {
    let item = ResponseItem {
        operation: Some(response.operation()),
        response: Some(response),
        ..ResponseItem::default()
    };
    let answer = ResponseMessage::new(version, DateTime(0), vec![item]).encode(encoding);
    let answer = ResponseMessage::decode(encoding, &answer).unwrap();
    answer.items.into_iter().next().unwrap().response.unwrap()
}

/// What the client sends is read as it was sent.
fn is_taken(version: Version, encoding: Encoding, request: Request) {
    let sent = RequestMessage::new(version, vec![RequestItem::from(request)]);
    let received = RequestMessage::receive(encoding, &sent.encode(encoding), SERVER).unwrap();
    if let Request::Unreadable(unreadable) = &received.items.first().unwrap().request {
        panic!("{encoding} {version}: {} of {sent:?}", unreadable.why);
    }
    assert_eq!(received.items, sent.items, "{encoding} {version}");
}

/// Every request that can name these attributes.
fn requests(version: Version, attributes: &Attributes, object: &ManagedObject) -> Vec<Request> {
    let list = || Some(AttributeList(attributes.clone()));
    let object_type = object.object_type();
    let template = || TemplateAttribute { names: Vec::new(), attributes: attributes.clone() };
    let mut all = vec![
        Request::Locate(LocateRequest {
            attributes: Some(AttributeFilter(attributes.clone())),
            ..LocateRequest::default()
        }),
        Request::Create(CreateRequest { object_type, attributes: template(), ..CreateRequest::default() }),
        Request::Register(RegisterRequest {
            object_type,
            attributes: template(),
            object: object.clone(),
            protection_storage_masks: None,
        }),
    ];
    if version >= V1_4 {
        all.push(Request::Import(ImportRequest {
            object_type: (version >= V2_0).then_some(object_type),
            attributes: list(),
            object: object.clone(),
            ..ImportRequest::default()
        }));
    }
    for mask in attribute!(attributes, CryptographicUsageMask).copied() {
        let check = CheckRequest { cryptographic_usage_mask: Some(mask), ..CheckRequest::default() };
        all.push(Request::Check(check));
    }
    all
}

fn goes_back(version: Version, attributes: Attributes, object: &ManagedObject) -> usize {
    let mut tried = 0;
    for encoding in Encoding::ALL {
        let get = GetAttributesResponse {
            attributes: Some(AttributeList(attributes.clone())),
            ..GetAttributesResponse::default()
        };
        let Response::GetAttributes(got) = answered(version, encoding, Response::GetAttributes(get)) else {
            panic!("another answer")
        };
        let Some(AttributeList(got)) = got.attributes else { continue };
        for request in requests(version, &got, object) {
            is_taken(version, encoding, request);
            tried += 1;
        }
    }
    tried
}

#[test]
fn masks_that_are_answered_are_taken_back() {
    let mut tried = 0;
    for version in VERSIONS {
        let key_value = Some(KeyValue::Wrapped(b"wrapped".as_slice().into()));
        let key_block = KeyBlock { key_value, ..KeyBlock::default() };
        let object = ManagedObject::SymmetricKey(SymmetricKey { key_block });
        for mask in masks(CryptographicUsageMask::ROWS) {
            let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask(mask));
            tried += goes_back(version, [mask].into(), &object);
        }
        for mask in masks(ProtectionStorageMask::ROWS) {
            let mask = Attribute::ProtectionStorageMask(ProtectionStorageMask(mask));
            tried += goes_back(version, [mask].into(), &object);
        }
        // Where to look: what a bit means that means nothing is nothing.
        for mask in [masks(StorageStatusMask::ROWS), vec![9, 0x7fff_ffff]].concat() {
            let storage_status_mask = Some(StorageStatusMask(mask));
            let locate = LocateRequest { storage_status_mask, ..LocateRequest::default() };
            for encoding in Encoding::ALL {
                is_taken(version, encoding, Request::Locate(locate.clone()));
                tried += 1;
            }
        }
    }
    assert!(tried > 2000, "{tried}");
}

/// Attributes that clients of any version gave: every row of the table and every value of every enumeration.
#[test]
fn attributes_and_objects_that_are_answered_are_taken_back() {
    let mut seen = std::collections::BTreeSet::new();
    for version in VERSIONS {
        for seed in 0..400 {
            let made = if seed % 2 == 0 { STORED } else { version };
            let attribute = match Attribute::sample(&mut Dice::new(seed, made)) {
                // References within a batch stand for identifiers, which are texts.
                Attribute::UniqueIdentifier(_) => Attribute::UniqueIdentifier("id".into()),
                Attribute::Link(link) => Attribute::Link(Link { linked: "id".into(), ..link }),
                Attribute::CryptographicUsageMask(_) => {
                    Attribute::CryptographicUsageMask(CryptographicUsageMask(-1))
                }
                Attribute::ProtectionStorageMask(_) => {
                    Attribute::ProtectionStorageMask(ProtectionStorageMask(-1))
                }
                attribute => attribute,
            };
            let of = Response::Get(GetResponse {
                object: ManagedObject::sample(&mut Dice::new(seed, version)),
                ..GetResponse::default()
            });
            let Response::Get(got) = answered(version, Encoding::ALL[seed as usize % 3], of) else {
                panic!("another answer")
            };
            let tag = attribute.tag();
            if goes_back(version, [attribute].into(), &got.object) > 0 {
                seen.insert(tag);
            }
        }
    }
    let unseen: Vec<_> = ATTRIBUTE_ROWS.iter().filter(|row| !seen.contains(&row.tag)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    assert_eq!(Operation::Import.name(V1_4), Some("Import"));
}
