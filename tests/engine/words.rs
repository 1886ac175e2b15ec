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
    let mut offered = 0;
    for row in ATTRIBUTE_ROWS.iter().filter(|row| row.name.len() > 5) {
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
        offered += usize::from(text.ends_with(&format!("did you mean {}?", row.name)));
    }
    // "Certificate Issuer C" and its like are near to several.
    assert!(offered * 10 > ATTRIBUTE_ROWS.len() * 8, "{offered} of {}", ATTRIBUTE_ROWS.len());
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
