//! Masks in XML and JSON: read by the names of their bits, wherever an Integer may be one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use kmip_codec::enums::TABLES;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::version::*;
use kmip_codec::wire::Encoding;
use kmip_codec::{Tag, Version};

const TEXTS: [Encoding; 2] = [Encoding::Json, Encoding::Xml];

/// Every bit of every mask that a version has, by its name, one and all together, with spaces or `|` between them, in both
/// encodings: under its own tag, as an attribute of 1.x by name, and where nothing tells what the item is.
#[test]
fn masks_are_read_by_the_names_of_their_bits() {
    let masks = [
        ("CryptographicUsageMask", Tag::CryptographicUsageMask),
        ("ProtectionStorageMask", Tag::ProtectionStorageMask),
        ("StorageStatusMask", Tag::StorageStatusMask),
    ];
    let mut tried = 0;
    for (name, tag) in masks {
        let rows = TABLES.iter().find(|table| table.name == name).unwrap().rows;
        for version in VERSIONS {
            let bits: Vec<_> = rows.iter().filter(|row| (row.2)(version)).collect();
            let named = bits.iter().map(|row| (row.0, vec![row.1]));
            let all = bits.iter().fold((0, Vec::new()), |(all, mut names), row| {
                names.push(row.1);
                (all | row.0, names)
            });
            for (number, names) in named.chain((!bits.is_empty()).then_some(all)) {
                for between in [" ", "|", " | ", "\t"] {
                    masks_are(version, tag, number.cast_signed(), &names.join(between));
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

/// A message in which an Integer is spelt so is the one in which it is this number.
fn masks_are(version: Version, tag: Tag, number: i32, spelt: &str) {
    let row = kmip_codec::attributes::AttributeRow::of(tag).filter(|row| (row.is_in)(version));
    let field = |tag: Tag, value: ItemValue| Item { tag, value };
    let named = row.filter(|_| version < V2_0).map(|row| {
        let name = field(Tag::AttributeName, ItemValue::TextString(row.name.to_owned()));
        let value = field(Tag::AttributeValue, ItemValue::Integer(123_456_789));
        field(Tag::Attribute, ItemValue::Structure(vec![name, value]))
    });
    let attributes = match version < V2_0 {
        true => field(Tag::TemplateAttribute, ItemValue::Structure(named.into_iter().collect())),
        false => {
            field(Tag::Attributes, ItemValue::Structure(vec![field(tag, ItemValue::Integer(123_456_789))]))
        }
    };
    let object_type = field(Tag::ObjectType, ItemValue::Enumeration(2));
    let typed = ItemValue::Structure(vec![object_type, attributes.clone()]);
    let untyped = ItemValue::Structure(vec![field(tag, ItemValue::Integer(123_456_789)), attributes]);
    for (operation, payload) in [(Operation::Create, typed), (Operation(0x8000_0001), untyped)] {
        let message =
            RequestMessage::new(version, vec![RequestItem::from(Request::Unknown(operation, payload))]);
        for encoding in TEXTS {
            let text = String::from_utf8(message.encode(encoding)).unwrap();
            let read = |value: &str| {
                let changed = match encoding {
                    Encoding::Json => text.replace("123456789", value),
                    _ => text.replace("\"123456789\"", value),
                };
                RequestMessage::decode(encoding, changed.as_bytes())
            };
            let json = without_tabs(spelt);
            let (as_number, as_names) =
                (read(&quoted(encoding, &number.to_string())), read(&format!("\"{json}\"")));
            assert!(as_number.is_ok(), "{as_number:?}");
            assert_eq!(as_names, as_number, "{spelt} in {encoding} {version}");
        }
    }
}

/// A number as the encoding has it.
fn quoted(encoding: Encoding, number: &str) -> String {
    if encoding == Encoding::Json { number.to_owned() } else { format!("\"{number}\"") }
}

/// JSON has no tab inside a text, XML has it as a character reference or as it is.
fn without_tabs(spelt: &str) -> String {
    spelt.replace('\t', "  ")
}
