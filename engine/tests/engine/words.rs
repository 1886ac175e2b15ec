//! What refusals of the engine name: what was found, in the words of the request, and what is near. And answers without
//! structures that hold nothing.

use super::objects::*;
use super::world::{Bench, principal};
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, OPERATION_ROWS};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::*;
use kmip_codec::{Tag, Version};

fn told(bench: &mut Bench, version: Version, request: kmip_codec::operations::Request) -> String {
    let message = RequestMessage::new(version, vec![RequestItem::from(request)]);
    let item = bench.run(&principal("ann", &[]), &message).pop().unwrap();
    assert_eq!(item.result_status, ResultStatus::OperationFailed, "{item:?}");
    item.result_message.unwrap()
}

/// Every attribute with two letters swapped: the right one is offered.
#[test]
fn a_misspelt_attribute_is_named_with_the_one_that_is_near() {
    let mut bench = Bench::new(1);
    let id = create(&mut bench, &principal("ann", &[]), &[]);
    let (mut offered, mut tried) = (0, 0);
    for row in ATTRIBUTE_ROWS.iter().filter(|row| row.name.len() > 5 && (row.is_in)(V1_4)) {
        let mut letters: Vec<u8> = row.name.bytes().collect();
        let last = letters.len() - 1;
        letters.swap(last - 1, last);
        let name = String::from_utf8(letters).unwrap();
        if AttributeRow::named(&name).is_some() {
            continue;
        }
        let value = Some(ItemValue::TextString("one".to_owned()));
        let unknown = Attribute::Unknown(UnknownAttribute { tag: Tag::Attribute, name: name.clone(), value });
        let add =
            AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute: unknown.into() };
        let text = told(&mut bench, V1_4, add.into_request());
        assert!(text.contains(&format!("{name:?}")) && text.contains("did you mean "), "{text}");
        tried += 1;
        offered += usize::from(text.ends_with(&format!("did you mean {:?}?", row.name)));
    }
    // "Certificate Issuer C" and its like are near to several.
    assert!(offered * 10 > tried * 9 && tried > 40, "{offered} of {tried}");
}

/// In 1.x attributes have names with spaces: whoever sends that of the tag, or a name that others have for it, is told the right
/// one; an attribute of another version is told with that version. Nothing is offered that the version does not have.
#[test]
fn an_attribute_by_the_name_of_its_tag_is_told_its_name() {
    let mut bench = Bench::new(1);
    let id = create(&mut bench, &principal("ann", &[]), &[]);
    let mut add = |name: &str, version| {
        let value = Some(ItemValue::TextString("one".to_owned()));
        let attribute = UnknownAttribute { tag: Tag::Attribute, name: name.to_owned(), value };
        let attribute = Attribute::Unknown(attribute).into();
        let add = AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute };
        told(&mut bench, version, add.into_request())
    };
    for version in [V1_0, V1_2, V1_4] {
        for row in ATTRIBUTE_ROWS {
            let tag = row.tag.name().unwrap();
            let text = add(tag, version);
            let offered = text.split_once("did you mean \"").map(|(_, name)| name.trim_end_matches("\"?"));
            let offered = offered.map(|name| AttributeRow::named(name).unwrap());
            assert!(offered.is_none_or(|offered| (offered.is_in)(version)), "{text}");
            if (row.is_in)(version) && tag != row.name {
                assert_eq!(offered.map(|row| row.name), Some(row.name), "{text}");
            }
        }
        assert!(add("Key Size", version).ends_with("did you mean \"Cryptographic Length\"?"));
        assert!(add("UsageMask", version).ends_with("did you mean \"Cryptographic Usage Mask\"?"));
    }
    let fresh = AddAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: Attribute::AlternativeName(AlternativeName::default()).into(),
    };
    let text = told(&mut bench, V1_0, fresh.into_request());
    assert_eq!(text, "no attribute \"Alternative Name\" in KMIP 1.0: KMIP 1.2 has it");
}

/// Which items have one Unique Batch Item ID, and which it is.
#[test]
fn items_of_one_identifier_are_named() {
    let mut bench = Bench::new(1);
    let item = |id: &'static [u8]| {
        let mut item = RequestItem::from(QueryRequest::default().into_request());
        item.unique_batch_item_id = Some(bytes::Bytes::from_static(id));
        item
    };
    let message = RequestMessage::new(V1_4, vec![item(b"a"), item(b"b"), item(b"a")]);
    let answer = bench.decide(&principal("ann", &[]), &message).response.items;
    assert_eq!(
        answer[0].result_message.as_deref(),
        Some("items 1 and 3 of the batch have the same Unique Batch Item ID, 0x61: give each one of its own")
    );
}

/// An identifier that counts or refers to nothing is told as what it is.
#[test]
fn an_identifier_that_is_none_is_told_by_its_type() {
    let mut bench = Bench::new(1);
    let reference = UniqueIdentifierReference::Create;
    for (id, words) in [
        (None, "there is no Unique Identifier"),
        (Some(UniqueIdentifier::Index(7)), "the Unique Identifier is the Integer 7"),
        (Some(UniqueIdentifier::Reference(reference)), "the Unique Identifier is the Enumeration Create"),
    ] {
        let text = told(
            &mut bench,
            V2_1,
            GetRequest { unique_identifier: id, ..GetRequest::default() }.into_request(),
        );
        assert!(text.starts_with(words) && text.ends_with("a Text String"), "{text}");
    }
}

/// Structures of an answer that may be left out are left out where they hold nothing: by the tables, of every function of
/// Query in every version.
#[test]
fn no_answer_has_a_structure_that_holds_nothing() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let operation = QueryRequest::OPERATION;
    let row = OPERATION_ROWS.iter().find(|row| row.operation == operation).unwrap();
    for version in VERSIONS.into_iter().filter(|version| (row.is_in)(*version)) {
        let functions: Vec<_> =
            (1..=0xE).map(QueryFunction).filter(|function| function.is_in(version)).collect();
        let request = QueryRequest { functions, ..QueryRequest::default() };
        let message = RequestMessage::new(version, vec![RequestItem::from(request.into_request())]);
        let bytes = bench.decide(&ann, &message).response.to_bytes();
        let tree = <ItemValue as kmip_codec::declare::Value>::take(
            Tag::ResponseMessage,
            &mut kmip_codec::wire::BinarySource::new(&bytes),
        );
        holds_something(&Item { tag: Tag::ResponseMessage, value: tree.unwrap() }, version);
    }
}

fn holds_something(item: &Item, version: Version) {
    if let ItemValue::Structure(items) = &item.value {
        assert!(!items.is_empty(), "{} is empty in {version}", item.tag);
        items.iter().for_each(|item| holds_something(item, version));
    }
}

/// An operation that the version of a message does not have is told by its name, and where it begins or ends.
#[test]
fn an_operation_of_another_version_is_told_by_its_name() {
    let mut bench = Bench::new(1);
    let mut told_ones = 0;
    for (version, row) in
        VERSIONS.iter().flat_map(|version| OPERATION_ROWS.iter().map(move |row| (*version, row)))
    {
        if (row.is_in)(version) {
            continue;
        }
        let payload = ItemValue::Structure(vec![]);
        let request = kmip_codec::operations::Request::Unknown(row.operation, payload);
        let text = told(&mut bench, version, request);
        let has = |version: &&Version| (row.is_in)(**version);
        let (first, last) = (VERSIONS.iter().find(has).unwrap(), VERSIONS.iter().rev().find(has).unwrap());
        let words = match version < *first {
            true => format!("{:?} begins with KMIP {first}", row.operation),
            false => format!("{:?} ends with KMIP {last}", row.operation),
        };
        assert!(text.starts_with(&words) && text.contains(&format!("one of KMIP {version}")), "{text}");
        told_ones += 1;
    }
    assert!(told_ones > 50, "{told_ones}");
    let payload = ItemValue::Structure(vec![]);
    let request = kmip_codec::operations::Request::Unknown(kmip_codec::operations::Operation(0x7f), payload);
    assert_eq!(told(&mut bench, V2_1, request), "no version of KMIP has an operation 0x7f");
}
