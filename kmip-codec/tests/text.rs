//! Malformed and hostile XML and JSON are refused, with what and where; nothing of them is guessed at. What reading them costs
//! is in `work.rs`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

#[path = "support/received.rs"]
mod received;

use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::limits::{DEPTH_MAX, ITEMS_MAX, MESSAGE_BYTES_MAX};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::*;
use kmip_codec::wire::{Encoding, Reading};
use kmip_codec::{Error, ErrorKind, Form, Named, Tag};
use proptest::prelude::*;

const TEXTS: [Encoding; 2] = [Encoding::Json, Encoding::Xml];

fn create() -> RequestMessage {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Fresh(true),
    ];
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    };
    RequestMessage::new(V2_1, vec![RequestItem::from(Request::Create(request))])
}

/// A request of an operation that nobody knows, with this payload.
fn unknown(payload: Vec<Item>) -> RequestMessage {
    let request = Request::Unknown(Operation(0x8000_0001), ItemValue::Structure(payload));
    RequestMessage::new(V2_1, vec![RequestItem::from(request)])
}

fn json(text: &str) -> Error {
    RequestMessage::from_json(text).unwrap_err()
}

fn xml(text: &str) -> Error {
    RequestMessage::from_xml(text).unwrap_err()
}

/// The JSON of `create` with some words put for others.
fn changed(from: &str, to: &str) -> Result<RequestMessage, Error> {
    let text = create().to_json();
    assert!(text.contains(from), "{from} is not in {text}");
    RequestMessage::from_json(&text.replace(from, to))
}

#[test]
fn a_name_of_no_letters_is_no_name() {
    let json = create().to_json().replace("\"tag\":\"Fresh\"", "\"tag\":\"\"");
    let xml = create().to_xml().replace("<Fresh ", "< Fresh ");
    for (encoding, text, form) in
        [(Encoding::Json, json, Form::NoTag), (Encoding::Xml, xml, Form::Attributes)]
    {
        received::holds(encoding, text.as_bytes());
        let refused = RequestMessage::decode(encoding, text.as_bytes()).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Form(form), "{text}");
    }
}

#[test]
fn json_is_what_the_profile_shows() {
    let text = create().to_json();
    for part in [
        r#"{"tag":"RequestMessage","value":[{"tag":"RequestHeader","value":[{"tag":"ProtocolVersion","value":["#,
        r#"{"tag":"ProtocolVersionMajor","type":"Integer","value":2}"#,
        r#"{"tag":"ObjectType","type":"Enumeration","value":"SymmetricKey"}"#,
        r#"{"tag":"CryptographicUsageMask","type":"Integer","value":"Encrypt|Decrypt"}"#,
        r#"{"tag":"Fresh","type":"Boolean","value":true}"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let leaf = |tag, value| Item { tag: Tag(tag), value };
    let payload = vec![
        leaf(0x54_0001, ItemValue::LongInteger(1 << 52)),
        leaf(0x54_0002, ItemValue::LongInteger(-5)),
        leaf(0x54_0003, ItemValue::BigInteger(vec![0, 0, 0, 0, 0, 0, 1, 0].into())),
        leaf(0x54_0004, ItemValue::ByteString(vec![0xca, 0xfe].into())),
        leaf(0x54_0005, ItemValue::DateTime(1_000_000_000)),
        leaf(0x54_0006, ItemValue::Interval(60)),
        leaf(0x54_0007, ItemValue::TextString("\"\\\u{1}é".to_owned())),
        leaf(0x54_0008, ItemValue::Enumeration(9)),
    ];
    let message = unknown(payload);
    let text = message.to_json();
    for part in [
        r#"{"tag":"0x540001","type":"LongInteger","value":"0x0010000000000000"}"#,
        r#"{"tag":"0x540002","type":"LongInteger","value":-5}"#,
        r#"{"tag":"0x540003","type":"BigInteger","value":"0x0000000000000100"}"#,
        r#"{"tag":"0x540004","type":"ByteString","value":"cafe"}"#,
        r#"{"tag":"0x540005","type":"DateTime","value":"2001-09-09T01:46:40Z"}"#,
        r#"{"tag":"0x540006","type":"Interval","value":60}"#,
        r#"{"tag":"0x540008","type":"Enumeration","value":"0x00000009"}"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(RequestMessage::from_json(&text).unwrap(), message);
}

/// What other writers of JSON may choose: hex for numbers and names, the type of a structure, members in another order,
/// a name for people.
#[test]
fn json_may_be_spelled_in_the_ways_of_the_profile() {
    let message = create();
    for (from, to) in [
        (r#""value":256"#, r#""value":"0x00000100""#),
        (r#""value":"SymmetricKey""#, r#""value":"0x00000002""#),
        (r#""value":"Encrypt|Decrypt""#, r#""value":"0x0000000c""#),
        (r#""value":true"#, r#""value":"0x0000000000000001""#),
        (r#"{"tag":"Attributes","value""#, r#"{"type":"Structure","tag":"0x420125","value""#),
        (
            r#"{"tag":"Fresh","type":"Boolean","value":true}"#,
            "{\"value\" : true,\n\"name\":\"new\",\"type\":\"0x00000006\",\"tag\":\"Fresh\"}",
        ),
    ] {
        assert_eq!(changed(from, to).unwrap(), message, "{to}");
    }
}

#[test]
fn json_that_is_no_message_is_refused() {
    for text in ["", "  ", "{", "[]", "1", "null", "{}", "{\"tag\":\"RequestMessage\"}", "\u{feff}{}", "{]"] {
        let kind = json(text).kind;
        let is_so = matches!(kind, ErrorKind::Syntax | ErrorKind::Missing { .. } | ErrorKind::Form(_));
        assert!(is_so, "{text}: {kind:?}");
    }
    let no_item = |found| ErrorKind::Form(Form::NoItem { found });
    for (text, found) in [("[]", "a list"), ("1", "a number"), ("null", "null"), ("\"a\"", "a text")] {
        assert_eq!(json(text), Error { kind: no_item(found), tag: None, offset: 0 });
        let told = format!("what stands at byte 0 is {found}; expected an item: an object with ");
        assert!(json(text).to_string().starts_with(&told), "{}", json(text));
    }
    let twice = |part| Some(Form::Twice { part });
    let part = |part, found| Some(Form::Part { part, found });
    for (from, to, form) in [
        (r#""value":true"#, r#""value":true,"value":true"#, twice("value")),
        (r#""value":true"#, r#""value":null"#, part("value", "null")),
        (r#""value":true"#, r#""value":[]"#, Some(Form::ItemsOfValue)),
        (r#""value":true"#, r#""value":{"tag":"Fresh"}"#, part("value", "an object")),
        (r#""value":true"#, r#""value":[true]"#, Some(Form::ItemsOfValue)),
        (r#""value":true"#, r#""more":1,"value":true"#, Some(Form::OtherPart { near: None })),
        (r#""value":true"#, r#""Value":true"#, Some(Form::OtherPart { near: Some("value") })),
        (r#""value":true"#, r#""tag":"Fresh","value":true"#, twice("tag")),
        (r#""value":true"#, r#""type":"Boolean","value":true"#, twice("type")),
        (r#","value":true"#, "", Some(Form::NoValue)),
        (
            r#""value":true"#,
            r#""value":[{"tag":"Fresh","type":"Boolean","value":true}]"#,
            Some(Form::ItemsOfValue),
        ),
        (r#"{"tag":"Fresh","#, r#"{"tag":66,"#, part("tag", "a number")),
        (r#"{"tag":"Fresh","#, "{", Some(Form::NoTag)),
        (r#"{"tag":"Fresh","#, r#"1,{"tag":"Fresh","#, Some(Form::NoItem { found: "a number" })),
        (r#"{"tag":"Fresh","#, r#"[],{"tag":"Fresh","#, Some(Form::NoItem { found: "a list" })),
        (r#"{"tag":"Fresh","#, r#"{"tag":"Fresh",1,"#, None),
        (r#"{"tag":"Fresh","#, r#"{tag:"Fresh","#, None),
        (r#","type":"Boolean","value":true"#, r#","value":true"#, Some(Form::NoType)),
        (
            r#""type":"Boolean","value":true"#,
            r#""type":"Structure","value":true"#,
            Some(Form::ValueOfStructure),
        ),
    ] {
        let kind = form.map_or(ErrorKind::Syntax, ErrorKind::Form);
        assert_eq!(changed(from, to).unwrap_err().kind, kind, "{to}");
    }
    let text = create().to_json();
    assert_eq!(json(&format!("{text}{text}")).kind, ErrorKind::Syntax);
    for end in 0..text.len() {
        assert!(RequestMessage::from_json(&text[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn values_of_json_must_fit_their_type() {
    for (from, to) in [
        (r#""value":256"#, r#""value":2147483648"#),
        (r#""value":256"#, r#""value":256.0"#),
        (r#""value":256"#, r#""value":1e3"#),
        (r#""value":256"#, r#""value":"0x+100""#),
        (r#""value":256"#, r#""value":true"#),
        (r#""value":true"#, r#""value":1"#),
        (r#""value":true"#, r#""value":"0x0000000000000002""#),
    ] {
        assert_eq!(changed(from, to).unwrap_err().kind, ErrorKind::Value, "{to}");
    }
    for (from, to) in [
        (r#""value":256"#, r#""value":"256""#),
        (r#""value":true"#, r#""value":"true""#),
        (r#""value":"Encrypt|Decrypt""#, r#""value":"12""#),
    ] {
        assert_eq!(changed(from, to).unwrap_err().kind, ErrorKind::Form(Form::Quoted), "{to}");
    }
    for (from, to, near) in [
        (r#""value":"SymmetricKey""#, r#""value":"Symmetric Key""#, Some("SymmetricKey")),
        (r#""value":"SymmetricKey""#, r#""value":"Secret""#, Some("SecretData")),
    ] {
        let kind = ErrorKind::Name { of: Named::Value, near };
        assert_eq!(changed(from, to).unwrap_err().kind, kind, "{to}");
    }
    let error =
        changed(r#""type":"Integer","value":256"#, r#""type":"LongInteger","value":256"#).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::WrongType { found: 3, .. }));
    let kind = |of, near| ErrorKind::Name { of, near };
    assert_eq!(changed("Boolean", "Boolan").unwrap_err().kind, kind(Named::Type, Some("Boolean")));
    let renamed = |to: &str| changed(r#""tag":"Fresh""#, &format!("\"tag\":\"{to}\"")).unwrap_err().kind;
    assert_eq!(renamed("Frehs"), kind(Named::Field, Some("Fresh")));
    assert_eq!(renamed("SomethingElse"), kind(Named::Field, None));
}

#[test]
fn errors_say_where() {
    let text = create().to_json();
    let place = text.find(r#"{"tag":"CryptographicLength""#).unwrap();
    let error = changed(r#""value":256"#, r#""value":"x""#).unwrap_err();
    assert_eq!(
        (error.kind, error.tag, error.offset),
        (ErrorKind::Value, Some(Tag::CryptographicLength), place)
    );
    let text = create().to_xml();
    let place = text.find("<CryptographicLength").unwrap();
    let error = xml(&text.replace("value=\"256\"", "value=\"x\""));
    assert_eq!(
        (error.kind, error.tag, error.offset),
        (ErrorKind::Value, Some(Tag::CryptographicLength), place)
    );
}

/// What is found is told first, in the words of the message, and then what is expected there.
#[test]
fn errors_say_what_was_found_and_what_is_expected() {
    let item = "<CryptographicLength type=\"Integer\" value=\"256\"/>";
    let at = "RequestMessage/BatchItem/RequestPayload/Attributes";
    for (put, told) in [
        (
            "<CryptographicLength type=\"Int\" value=\"256\"/>",
            "CryptographicLength (Int) at {at}/CryptographicLength, byte {}, has a type that does not exist: the name is not known",
        ),
        (
            "<CryptographicLength type=\"Integr\" value=\"256\"/>",
            "CryptographicLength (Integr) at {at}/CryptographicLength, byte {}, has a type that does not exist: the name is not \
             known; did you mean Integer?",
        ),
        (
            "<CryptographicLength type=\"Integer\" value=\"many\"/>",
            "CryptographicLength (Integer) at {at}/CryptographicLength, byte {}, has a value that its type or its tag does not \
             allow; expected a whole number from -2147483648 to 2147483647",
        ),
        (
            "<ActivationDate type=\"DateTime\" value=\"yesterday\"/>",
            "ActivationDate (DateTime) at {at}/ActivationDate, byte {}, has a value that its type or its tag does not allow; \
             expected a date such as 2026-01-31T12:00:00Z",
        ),
        (
            "<Sensitive type=\"Boolean\" value=\"yes\"/>",
            "Sensitive (Boolean) at {at}/Sensitive, byte {}, has a value that its type or its tag does not allow; expected true or \
             false",
        ),
        (
            "<CryptographicLength value=\"256\"/>",
            "CryptographicLength (Structure) at {at}/CryptographicLength, byte {}, has a value and no type; expected both",
        ),
        (
            "<CryptographicLength type=\"Integer\"/>",
            "CryptographicLength (Integer) at {at}/CryptographicLength, byte {}, has a type and no value; expected both",
        ),
        (
            "<CryptographicLength type=\"Integer\" value=\"256\" value=\"128\"/>",
            "CryptographicLength (Integer) at {at}/CryptographicLength, byte {}, has two attributes of one name; \
             expected type=\"…\" and value=\"…\" once",
        ),
        (
            "<CryptographicAlgorithm type=\"Enumeration\" value=\"3DES\"/>",
            "CryptographicAlgorithm (Enumeration) at {at}/CryptographicAlgorithm[2], byte {}, is \"3DES\": the name is not known; \
             did you mean DES3?",
        ),
        (
            "<UsageLimits type=\"Interval\" value=\"1\"/>",
            "UsageLimits (Interval) at {at}/UsageLimits, byte {}, has type Interval; expected type Structure",
        ),
    ] {
        let text = create().to_xml();
        let (byte, text) = (text.find(item).unwrap(), text.replace(item, put));
        let refused =
            RequestMessage::receive(Encoding::Xml, text.as_bytes(), Reading::default()).unwrap_err();
        assert_eq!(refused.why.to_string(), told.replace("{at}", at).replace("{}", &byte.to_string()));
    }
}

#[test]
fn xml_that_is_no_message_is_refused() {
    let text = create().to_xml();
    for (from, to, form) in [
        ("<RequestMessage>", "<!DOCTYPE RequestMessage [<!ENTITY a \"b\">]><RequestMessage>", None),
        ("<RequestMessage>", "<?php ?><RequestMessage>", None),
        ("<RequestMessage>", "<RequestMessage><?xml version=\"1.0\"?>", None),
        ("<RequestMessage>", "words <RequestMessage>", None),
        ("<Attributes>", "<Attributes>words", Some(Form::Text)),
        ("<Attributes>", "<Attributes><![CDATA[words]]>", Some(Form::Text)),
        ("<Attributes>", "<Attributes>&amp;", Some(Form::Text)),
        ("<Attributes>", "<Attributes><?php ?>", Some(Form::Text)),
        ("</Attributes>", "</Attribute>", None),
        ("<CryptographicLength ", "<TTLV ", Some(Form::NoTag)),
        ("value=\"256\"", "", Some(Form::NoValue)),
        ("type=\"Integer\" value=\"256\"", "value=\"256\"", Some(Form::NoType)),
        ("value=\"256\"", "value=\"256\" value=\"256\"", Some(Form::AttributeTwice)),
        ("value=\"256\"", "value=\"&b;\"", Some(Form::Entity)),
        ("value=\"256\"", "value=256", Some(Form::Attributes)),
        ("<Attributes>", "<Attributes value=\"1\">", Some(Form::NoType)),
        ("<Attributes>", "<Attributes type=\"Structure\" value=\"1\">", Some(Form::ValueOfStructure)),
        (
            "<CryptographicLength type=\"Integer\" value=\"256\"/>",
            "<CryptographicLength type=\"Integer\" value=\"256\"><Fresh type=\"Boolean\" value=\"true\"/></CryptographicLength>",
            Some(Form::ItemsOfValue),
        ),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        let kind = form.map_or(ErrorKind::Syntax, ErrorKind::Form);
        assert_eq!(xml(&text.replacen(from, to, 1)).kind, kind, "{to}");
    }
    assert_eq!(xml(&format!("{text}{text}")).kind, ErrorKind::Trailing);
    for end in 0..text.trim_end().len() {
        assert!(RequestMessage::from_xml(&text[..end]).is_err(), "cut at {end}");
    }
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- one -->\n{text}");
    assert_eq!(RequestMessage::from_xml(&declared).unwrap(), create());
    assert_eq!(RequestMessage::decode(Encoding::Xml, &[0xff; 8]).unwrap_err().kind, ErrorKind::Utf8);
}

/// A parser that compares each attribute of an element with all others would take very long.
#[test]
fn attributes_of_an_element_are_bounded() {
    let attributes: String = (0..400_000).map(|n| format!(" a{n:x}=\"\"")).collect();
    let text = create().to_xml();
    assert_eq!(
        xml(&text.replace("<Attributes>", &format!("<Attributes{attributes}>"))).kind,
        ErrorKind::Form(Form::TooManyAttributes { most: 16 })
    );
}

#[test]
fn depth_items_and_size_have_the_limits_of_ttlv() {
    let nested = |depth: usize| {
        let mut payload = Vec::new();
        for _ in 0..depth {
            payload = vec![Item { tag: Tag(0x54_0001), value: ItemValue::Structure(payload) }];
        }
        unknown(payload)
    };
    let leaf = Item { tag: Tag(0x54_0001), value: ItemValue::Boolean(true) };
    // Message, header, version with two numbers, batch count, batch item, operation, payload.
    let wide = |items: usize| unknown(vec![leaf.clone(); items - 9]);
    for encoding in TEXTS {
        let kind = |message: RequestMessage| {
            RequestMessage::decode(encoding, &message.encode(encoding))
                .map(|_| ())
                .map_err(|error| error.kind)
        };
        assert_eq!(kind(nested(DEPTH_MAX - 4)), Ok(()));
        assert_eq!(kind(nested(DEPTH_MAX - 3)), Ok(()));
        assert_eq!(kind(nested(DEPTH_MAX - 2)), Err(ErrorKind::TooDeep), "{encoding}");
        assert_eq!(kind(wide(ITEMS_MAX)), Ok(()));
        assert_eq!(kind(wide(ITEMS_MAX + 1)), Err(ErrorKind::TooMany), "{encoding}");
        let mut text = create().encode(encoding);
        text.resize(MESSAGE_BYTES_MAX, b' ');
        assert!(RequestMessage::decode(encoding, &text).is_ok());
        text.push(b' ');
        let kind = ErrorKind::TooLarge { found: MESSAGE_BYTES_MAX + 1, most: MESSAGE_BYTES_MAX };
        assert_eq!(RequestMessage::decode(encoding, &text).unwrap_err().kind, kind);
    }
    // Depth is refused where it passes the limit, not at the end of a text that never ends.
    assert_eq!(json(&"{\"tag\":\"Attributes\",\"value\":[".repeat(100_000)).kind, ErrorKind::TooDeep);
    assert_eq!(xml(&"<Attributes>".repeat(100_000)).kind, ErrorKind::TooDeep);
    assert_eq!(json(&"[".repeat(100_000)).kind, ErrorKind::Form(Form::NoItem { found: "a list" }));
    let deep = format!("{{\"tag\":{}", "[".repeat(100_000));
    assert_eq!(json(&deep).kind, ErrorKind::TooDeep);
}

proptest! {
    /// What a changed message is read as comes back in the same encoding, or it is refused.
    #[test]
    fn a_changed_text_is_refused_or_means_something(
        is_json in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let encoding = if is_json { Encoding::Json } else { Encoding::Xml };
        let mut bytes = create().encode(encoding);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(message) = RequestMessage::decode(encoding, &bytes) {
            prop_assert_eq!(RequestMessage::decode(encoding, &message.encode(encoding)).unwrap(), message);
        }
        received::holds(encoding, &bytes);
    }
}

/// Thousands of items that cannot be read: each fails alone.
#[test]
fn many_misspelt_items_fail_alone() {
    let items = (0..5000).map(|_| {
        let inside =
            (0..10).map(|_| Item { tag: Tag::CryptographicLength, value: ItemValue::Integer(1) }).collect();
        RequestItem::from(Request::Unknown(Operation::Get, ItemValue::Structure(inside)))
    });
    let message = RequestMessage::new(V2_1, items.collect());
    let reading = Reading { items_alone: true, ..Reading::default() };
    for encoding in TEXTS {
        let text = String::from_utf8(message.encode(encoding)).unwrap();
        let text = text.replace("CryptographicLength", "CryptographicLenght");
        let received = RequestMessage::receive(encoding, text.as_bytes(), reading).unwrap();
        let failed = |item: &&RequestItem| matches!(item.request, Request::Unreadable(_));
        assert_eq!(received.items.iter().filter(failed).count(), 5000);
    }
}

/// Tags have three bytes: a longer number would become another tag once the message is written as TTLV.
#[test]
fn tags_of_more_than_three_bytes_are_refused() {
    let message = unknown(vec![Item { tag: Tag(0xff_ffff), value: ItemValue::Boolean(true) }]);
    for encoding in TEXTS {
        let text = String::from_utf8(message.encode(encoding)).unwrap();
        let read = |tag: &str| RequestMessage::decode(encoding, text.replace("0xffffff", tag).as_bytes());
        assert_eq!(read("0xFFffff"), Ok(message.clone()));
        assert_eq!(read("0x00ffffff"), Ok(message.clone()));
        for tag in ["0x1000000", "0x1ffffff", "0xffffffff", "0x1ffffffff"] {
            let kind = read(tag).unwrap_err().kind;
            assert!(
                matches!(kind, ErrorKind::Name { of: Named::Field, .. }),
                "{tag} in {encoding}: {kind:?}"
            );
        }
    }
}
