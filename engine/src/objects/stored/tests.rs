//! Both stored forms: what was written is read back as it was, and the records of the fixture, which other versions wrote, are read
//! for ever. A line of it is the name of an object, its record in TTLV, and in the compact form; what it lacks, the failing test gives.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

use super::*;
use crate::rights::identity::Identity;
use kmip_codec::attributes::{ATTRIBUTE_ROWS, Attribute, AttributeReference, VendorAttribute};
use kmip_codec::enums::ObjectType;
use kmip_codec::item::ItemValue;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::wire::BinarySink;
use kmip_codec::{SecretBytes, Tag};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// An object with these attributes beside those that every object has, and with every field or none.
fn object(attributes: Attributes, has_all: bool) -> Object {
    let mut object =
        Object::new("5c9b81ef-0000-4000-8000-0123456789ab".into(), "host 1".into(), ObjectType::SymmetricKey);
    object.attributes.add_all(attributes.0.into_iter().map(|entry| entry.attribute));
    (object.created, object.listing) = (1_700_000_000_123_456_789, Listing::Apart);
    if has_all {
        object.group = Some("hosts".into());
        object.place = Some("imported/00/key".into());
        (object.generation, object.archived, object.has_value, object.allocated) = (7, true, false, true);
        object.split = Some("no-identifier".into());
        object.rotated_as = Some(Identity::named("host 1"));
        object.rotates_from = Some(-1);
    }
    object
}

/// The form of versions before the compact one.
fn in_ttlv(object: &Object) -> Vec<u8> {
    let mut out = BinarySink::new(STORED);
    out.open(tag::OBJECT);
    object.write_fields(&mut out);
    object.attributes.entries().put(Tag::Attribute, &mut out);
    out.close();
    out.finish()
}

/// The attribute of a row, or one that no row has.
fn attribute(dice: &mut Dice, wanted: Option<Tag>) -> Attribute {
    loop {
        let attribute = Attribute::sample(dice);
        if attribute.row().map(|row| row.tag) == wanted {
            return attribute;
        }
    }
}

fn text_value(text: &str) -> Option<ItemValue> {
    Some(ItemValue::TextString(text.into()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_object_comes_back_from_either_form(seed in any::<u64>(), has_all in any::<bool>()) {
        let mut dice = Dice::new(seed, STORED);
        let mut list = AttributeList::sample(&mut dice).0;
        list.push(attribute(&mut dice, None));
        let mut object = object(list, has_all);
        if has_all {
            object.listing = Listing::Together { holds_names: seed % 2 == 0 };
        }
        let (compact, ttlv) = (object.encode(), in_ttlv(&object));
        prop_assert_eq!(&Object::decode(&compact).unwrap(), &object);
        prop_assert_eq!(&Object::decode(&ttlv).unwrap(), &object);
        prop_assert!(compact.len() < ttlv.len());
        prop_assert_eq!(object.length(), ttlv.len());
    }

    /// A record whose MAC is right and whose bytes are not is a defect, and no reason to stop.
    #[test]
    fn no_bytes_make_it_stop(seed in any::<u64>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = object(AttributeList::sample(&mut Dice::new(seed, STORED)).0, true).encode();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
        }
        let _ = Object::decode(&bytes);
    }
}

#[test]
fn the_records_of_the_fixture_are_read_for_ever() {
    let lines = include_str!("../../../../tests/fixtures/objects.txt");
    let names: BTreeSet<&str> = lines.lines().filter_map(|line| Some(line.split_once('\t')?.0)).collect();
    let lacking = samples().into_iter().filter(|(name, _)| !names.contains(name.as_str()));
    let lacking = lacking.fold(String::new(), |text, (name, object)| {
        let [ttlv, compact] = [in_ttlv(&object), object.encode()].map(hex::encode);
        text + &format!("{name}\t{ttlv}\t{compact}\n")
    });
    assert!(lacking.is_empty(), "append to tests/fixtures/objects.txt:\n{lacking}");
    let mut seen = HashSet::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[name, ttlv, compact] = fields.as_slice() else { panic!("{line}") };
        let [ttlv, compact] = [ttlv, compact].map(|hex| hex::decode(hex).unwrap());
        let object = Object::decode(&compact).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(Object::decode(&ttlv).unwrap(), object, "{name}");
        assert_eq!(
            hex::encode(object.encode()),
            hex::encode(compact),
            "{name} is written otherwise than it was"
        );
        seen.extend(object.attributes.references());
    }
    for row in ATTRIBUTE_ROWS {
        assert!(seen.contains(&AttributeReference::Tag(row.tag)), "the fixture has no {}", row.name);
    }
}

/// An object of each attribute, one with every field, one with values that are written in ways of their own, and those that the indexes list together.
fn samples() -> Vec<(String, Object)> {
    let mut dice = Dice::new(8, STORED);
    let mut samples: Vec<(String, Object)> = ATTRIBUTE_ROWS
        .iter()
        .map(|row| {
            let twice = [attribute(&mut dice, Some(row.tag)), attribute(&mut dice, Some(row.tag))];
            (row.name.to_owned(), object(Attributes::from(twice), false))
        })
        .collect();
    let named = |name: &str, value| {
        Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: name.into(), value })
    };
    let values = [
        named("identifier", text_value("5c9b81ef-0000-4000-8000-0123456789ab")),
        named("no identifier", text_value("5C9B81EF-0000-4000-8000-0123456789AB")),
        named("number", Some(ItemValue::Integer(i32::MIN))),
        named("long number", Some(ItemValue::LongInteger(i64::MIN))),
        named("bytes", Some(ItemValue::ByteString(SecretBytes::from(vec![0; 300])))),
        named("none", None),
        attribute(&mut dice, None),
    ];
    samples.push(("every field".into(), object(Attributes::default(), true)));
    samples.push(("values".into(), object(Attributes::from(values), true)));
    for (name, holds_names) in [("listed together", false), ("listed together, with its names", true)] {
        let mut object = object(Attributes::default(), false);
        object.listing = Listing::Together { holds_names };
        samples.push((name.into(), object));
    }
    samples
}
