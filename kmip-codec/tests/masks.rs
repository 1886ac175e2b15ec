//! Masks in XML and JSON: read by the names of their bits, wherever an Integer may be one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use kmip_codec::attributes::AttributeRow;
use kmip_codec::enums::{CryptographicUsageMask, ProtectionStorageMask, TABLES};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::version::*;
use kmip_codec::wire::{Encoding, Reading};
use kmip_codec::{Tag, Unreadable, Version};

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
    let row = AttributeRow::of(tag).filter(|row| (row.is_in)(version));
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

/// The highest bit of a mask is a bit to one client and a sign to another; elsewhere a number has its sign.
#[test]
fn a_mask_is_one_number_with_a_sign_or_without() {
    for version in [V1_4, V2_1] {
        for number in [i32::MIN, -2, -1, 0, 1, i32::MAX] {
            let (signed, unsigned) = (number.to_string(), number.cast_unsigned().to_string());
            for (tag, encoding) in [Tag::CryptographicUsageMask, Tag::CryptographicLength]
                .into_iter()
                .flat_map(|tag| TEXTS.iter().map(move |encoding| (tag, *encoding)))
            {
                let read = |number: &str| {
                    let message = with_value(encoding, &create(version, tag), &quoted(encoding, number));
                    RequestMessage::decode(encoding, &message).ok()
                };
                let is_taken = tag == Tag::CryptographicUsageMask || number >= 0;
                assert!(read(&signed).is_some(), "{signed}");
                let what = format!("{tag} {unsigned} in {encoding} {version}");
                assert_eq!(read(&unsigned), read(&signed).filter(|_| is_taken), "{what}");
            }
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

/// A Create whose Cryptographic Usage Mask, or another mask, is to be put where 123456789 stands.
fn create(version: Version, tag: Tag) -> RequestMessage {
    let field = |tag: Tag, value: ItemValue| Item { tag, value };
    let mask = field(tag, ItemValue::Integer(123_456_789));
    let attributes = match version < V2_0 {
        true => {
            let name = AttributeRow::of(tag).unwrap().name.to_owned();
            let name = field(Tag::AttributeName, ItemValue::TextString(name));
            let value = Item { tag: Tag::AttributeValue, ..mask };
            let attribute = field(Tag::Attribute, ItemValue::Structure(vec![name, value]));
            field(Tag::TemplateAttribute, ItemValue::Structure(vec![attribute]))
        }
        false => field(Tag::Attributes, ItemValue::Structure(vec![mask])),
    };
    let payload = vec![field(Tag::ObjectType, ItemValue::Enumeration(2)), attributes];
    let request = Request::Unknown(Operation::Create, ItemValue::Structure(payload));
    RequestMessage::new(version, vec![RequestItem::from(request)])
}

/// Why a server refuses the message, with a persona that takes nothing of later versions; nothing where it does not.
fn refused(encoding: Encoding, message: &[u8]) -> Option<Unreadable> {
    refused_with(false, encoding, message)
}

fn refused_with(later_fields: bool, encoding: Encoding, message: &[u8]) -> Option<Unreadable> {
    let reading = Reading { items_alone: true, known_bits: true, later_fields, ..Reading::default() };
    match RequestMessage::receive(encoding, message, reading).unwrap().items.remove(0).request {
        Request::Unreadable(unreadable) => Some(unreadable.why),
        _ => None,
    }
}

/// The message with a value, spelt so, for the number.
fn with_value(encoding: Encoding, message: &RequestMessage, value: &str) -> Vec<u8> {
    let text = String::from_utf8(message.encode(encoding)).unwrap();
    let number = if encoding == Encoding::Json { "123456789" } else { "\"123456789\"" };
    text.replace(number, value).into_bytes()
}

/// What is no mask is refused with what was found and how a mask is written; what is near to a name is offered.
#[test]
fn what_is_no_mask_is_told_with_what_one_is() {
    let form = "expected names of its bits with a space or one | between them, or a whole number from -2147483648 to 4294967295";
    for (spelt, near) in [
        ("Encrypt,Decrypt", None),
        ("99999999999", None),
        ("4294967296", None),
        ("-2147483649", None),
        ("1.5", None),
        ("|", None),
        ("", None),
        (" ", None),
        ("Encrypt|", Some("Encrypt")),
        ("|Encrypt", Some("Encrypt")),
        ("Encrypt||Decrypt", None),
        ("Encrypt|, Decrypt", None),
        ("Encrypt Decrpyt", Some("Decrypt")),
        ("Encrypt,Decrpyt", Some("Decrypt")),
        ("Wrap", Some("WrapKey")),
        ("everything", None),
        ("Encrypt 4", Some("Encrypt")),
    ] {
        for (encoding, version) in [(Encoding::Xml, V2_1), (Encoding::Json, V2_1), (Encoding::Xml, V1_4)] {
            let message = create(version, Tag::CryptographicUsageMask);
            let text = with_value(encoding, &message, &format!("\"{spelt}\""));
            let why = refused(encoding, &text).unwrap_or_else(|| panic!("{spelt:?} is taken in {encoding}"));
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let told = format!(", is \"{spelt}\": this is no mask; {form}{near}");
            assert!(why.to_string().ends_with(&told), "{told}\n{why}");
            assert!(why.error.is_unknown(), "{why}");
        }
    }
    let taken =
        ["Encrypt|Decrypt", "Encrypt Decrypt", " Encrypt | Decrypt ", "Decrypt|Encrypt", "0x0000000c", "12"];
    for spelt in taken {
        let message = create(V2_1, Tag::CryptographicUsageMask);
        let text = with_value(Encoding::Xml, &message, &format!("\"{spelt}\""));
        assert_eq!(refused(Encoding::Xml, &text), None, "{spelt}");
    }
}

/// A bit that neither the version of the message nor an earlier one defines is refused, in every encoding, by its number and by
/// its name; what an earlier one defines is taken, and what a later one defines where later fields are.
#[test]
fn bits_that_nothing_defines_are_refused() {
    let masks = [
        (Tag::CryptographicUsageMask, CryptographicUsageMask::ROWS),
        (Tag::ProtectionStorageMask, ProtectionStorageMask::ROWS),
    ];
    for (tag, rows) in masks {
        let has = AttributeRow::of(tag).unwrap();
        for version in VERSIONS.into_iter().filter(|version| (has.is_in)(*version)) {
            let is_defined = |bit: u32| {
                let earlier = VERSIONS.into_iter().filter(|earlier| *earlier <= version);
                earlier.into_iter().any(|earlier| rows.iter().any(|row| row.0 == bit && (row.2)(earlier)))
            };
            for bit in (0..32).map(|shift| 1_u32 << shift) {
                let message = create(version, tag);
                let number = bit.cast_signed();
                let ttlv = message.to_bytes();
                let at = ttlv.windows(4).position(|four| four == 123_456_789_i32.to_be_bytes()).unwrap();
                let mut changed = ttlv;
                changed[at..at + 4].copy_from_slice(&bit.to_be_bytes());
                let named = rows.iter().find(|row| row.0 == bit).map(|row| format!("\"{}\"", row.1));
                let mut all = vec![
                    (Encoding::Ttlv, changed),
                    (Encoding::Json, with_value(Encoding::Json, &message, &number.to_string())),
                    (Encoding::Xml, with_value(Encoding::Xml, &message, &format!("\"{number}\""))),
                ];
                all.extend(named.map(|name| (Encoding::Xml, with_value(Encoding::Xml, &message, &name))));
                for (encoding, bytes) in all {
                    let why = refused_with(true, encoding, &bytes);
                    let has_name = rows.iter().any(|row| row.0 == bit);
                    assert_eq!(why.is_none(), has_name, "0x{bit:08x} in {encoding} {version}: {why:?}");
                    let why = refused(encoding, &bytes);
                    assert_eq!(
                        why.is_none(),
                        is_defined(bit),
                        "0x{bit:08x} in {encoding} {version}: {why:?}"
                    );
                    if let Some(why) = why {
                        let told = format!("nothing defines in KMIP {version}: 0x{bit:08x}");
                        assert!(why.to_string().contains(&told), "{why}");
                    }
                }
            }
        }
    }
    let all_ones = create(V1_0, Tag::CryptographicUsageMask);
    let message = with_value(Encoding::Xml, &all_ones, "\"-1\"");
    let why = refused(Encoding::Xml, &message).unwrap().to_string();
    let told = "nothing defines in KMIP 1.0: 0xfff00000 (Authenticate is of later versions); expected bits of 0x000fffff";
    assert!(why.ends_with(told), "{why}");
    // By all 32 bits clients mean every one that there is; by 31 of them nothing that is known.
    assert_eq!(refused_with(true, Encoding::Xml, &message), None);
    let message = with_value(Encoding::Xml, &all_ones, "\"2147483647\"");
    let why = refused_with(true, Encoding::Xml, &message).unwrap().to_string();
    assert!(why.ends_with("nothing defines in KMIP 1.0: 0x7f000000; expected bits of 0x00ffffff"), "{why}");
}

/// What the server itself has written is read again, whatever bits are in it: an answer, and what is stored.
#[test]
fn masks_are_read_as_they_are_where_nobody_asks() {
    let message = create(V1_0, Tag::CryptographicUsageMask);
    assert!(RequestMessage::from_bytes(&message.to_bytes()).is_ok());
}
