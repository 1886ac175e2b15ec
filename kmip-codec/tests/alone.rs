//! A batch item fails alone, whatever is wrong in it: requests of every operation, with each node of each in its turn written
//! wrongly in each way that its encoding has, between two others that are done. The refusal names the place.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "support/server.rs"]
mod server;

use kmip_codec::attributes::AttributeRow;
use kmip_codec::declare::Value as _;
use kmip_codec::enums;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{OPERATION_ROWS, Request};
use kmip_codec::payloads::QueryRequest;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::*;
use kmip_codec::wire::{BinarySource, Encoding, JsonSink, Source as _, XmlSink};
use kmip_codec::{Tag, Version};
use server::SERVER;
use std::collections::BTreeMap;
use std::ops::Range;

/// An item as it is written, and what may be written in its place.
struct Parts<'p> {
    tag: &'p str,
    /// How the type is written; nothing for a structure.
    kind: &'p str,
    /// The value, or the items inside.
    value: &'p str,
}

/// What is put in the place of an item, and whether that may mean something.
type Mistake = (&'static str, fn(&Parts<'_>) -> String, bool);

/// Each is well-formed JSON.
const JSON: &[Mistake] = &[
    ("no value", |p| format!(r#"{{"tag":"{}"{}}}"#, p.tag, p.kind), true),
    ("null", |p| format!(r#"{{"tag":"{}"{},"value":null}}"#, p.tag, p.kind), false),
    ("an object", |p| format!(r#"{{"tag":"{}"{},"value":{{"a":[1,{{}}]}}}}"#, p.tag, p.kind), false),
    ("texts", |p| format!(r#"{{"tag":"{}"{},"value":["Encrypt","Decrypt"]}}"#, p.tag, p.kind), false),
    ("lists", |p| format!(r#"{{"tag":"{}"{},"value":[[[],1],[]]}}"#, p.tag, p.kind), false),
    ("nulls", |p| format!(r#"{{"tag":"{}"{},"value":[null]}}"#, p.tag, p.kind), false),
    ("tag a number", |p| format!(r#"{{"tag":5{},"value":{}}}"#, p.kind, p.value), false),
    ("tag null", |p| format!(r#"{{"tag":null{},"value":{}}}"#, p.kind, p.value), false),
    ("tag a list", |p| format!(r#"{{"tag":[{{}}]{},"value":{}}}"#, p.kind, p.value), false),
    ("no tag", |p| format!(r#"{{"name":"x"{},"value":{}}}"#, p.kind, p.value), false),
    (
        "tag twice",
        |p| format!(r#"{{"tag":"{0}","tag":"{0}"{1},"value":{2}}}"#, p.tag, p.kind, p.value),
        false,
    ),
    (
        "value twice",
        |p| format!(r#"{{"tag":"{0}"{1},"value":{2},"value":{2}}}"#, p.tag, p.kind, p.value),
        false,
    ),
    ("type a number", |p| format!(r#"{{"tag":"{}","type":2,"value":{}}}"#, p.tag, p.value), false),
    (
        "type twice",
        |p| format!(r#"{{"tag":"{}","type":"Structure","type":"Interval","value":{}}}"#, p.tag, p.value),
        false,
    ),
    ("Value", |p| format!(r#"{{"tag":"{}"{},"Value":{}}}"#, p.tag, p.kind, p.value), false),
    (
        "more",
        |p| format!(r#"{{"tag":"{}"{},"value":{},"comment":{{"a":[1]}}}}"#, p.tag, p.kind, p.value),
        false,
    ),
    ("a text", |_| r#""text""#.to_owned(), false),
    ("a number", |_| "5".to_owned(), false),
    ("a null", |_| "null".to_owned(), false),
    ("a list", |_| r#"[{"tag":"BatchItem"},[]]"#.to_owned(), false),
    ("no item", |_| "{}".to_owned(), false),
];

/// Each has its elements in order.
const XML: &[Mistake] = &[
    ("value twice", |p| format!(r#"<{0}{1} value="1" value="2">{2}</{0}>"#, p.tag, p.kind, p.value), false),
    ("unquoted", |p| format!("<{0}{1} x=12>{2}</{0}>", p.tag, p.kind, p.value), false),
    ("without value", |p| format!("<{0}{1} x>{2}</{0}>", p.tag, p.kind, p.value), false),
    ("entity", |p| format!(r#"<{0}{1} value="&foo;">{2}</{0}>"#, p.tag, p.kind, p.value), false),
    ("text", |p| format!("<{0}{1}>words{2}</{0}>", p.tag, p.kind, p.value), false),
    ("text behind", |p| format!("<{0}{1}>{2}words</{0}>", p.tag, p.kind, p.value), false),
    ("CDATA", |p| format!("<{0}{1}><![CDATA[words]]>{2}</{0}>", p.tag, p.kind, p.value), false),
    ("entity inside", |p| format!("<{0}{1}>&foo;{2}</{0}>", p.tag, p.kind, p.value), false),
    ("instruction", |p| format!("<{0}{1}><?php ?>{2}</{0}>", p.tag, p.kind, p.value), false),
    ("type unknown", |p| format!(r#"<{0} type="Sring" value="1">{1}</{0}>"#, p.tag, p.value), false),
    ("nothing", |p| format!("<{0}/>", p.tag), true),
    ("no tag", |p| format!("<TTLV{}>{}</TTLV>", p.kind, p.value), false),
];

fn children(item: &Item) -> &[Item] {
    match &item.value {
        ItemValue::Structure(items) => items,
        _ => &[],
    }
}

/// Every way down from the item.
fn paths(item: &Item, path: &[usize], all: &mut Vec<Vec<usize>>) {
    all.push(path.to_vec());
    for (at, child) in children(item).iter().enumerate() {
        paths(child, &[path, &[at]].concat(), all);
    }
}

/// Writes an item, with a mistake in the place of the one at the end of the path; notes where that begins.
struct Writer<'w> {
    encoding: Encoding,
    version: Version,
    mistake: &'w Mistake,
    place: Range<usize>,
    out: String,
}

impl Writer<'_> {
    /// The item as text, without a mistake in it.
    fn plain(&self, item: &Item) -> String {
        let text = match self.encoding {
            Encoding::Json => {
                let mut sink = JsonSink::new(self.version);
                item.value.put(item.tag, &mut sink);
                sink.finish()
            }
            _ => {
                let mut sink = XmlSink::new(self.version);
                item.value.put(item.tag, &mut sink);
                sink.finish()
            }
        };
        String::from_utf8(text).unwrap()
    }

    fn write(&mut self, item: &Item, path: Option<&[usize]>) {
        let Some(path) = path else {
            let text = self.plain(item);
            return self.out.push_str(&text);
        };
        if let [next, rest @ ..] = path {
            let (open, between, close) = match self.encoding {
                Encoding::Json => {
                    (format!(r#"{{"tag":"{}","value":["#, name(item.tag)), ",", "]}".to_owned())
                }
                _ if item.tag.name().is_none() => {
                    (format!(r#"<TTLV tag="{}">"#, item.tag), "", "</TTLV>".to_owned())
                }
                _ => (format!("<{}>", item.tag), "", format!("</{}>", item.tag)),
            };
            self.out.push_str(&open);
            for (at, child) in children(item).iter().enumerate() {
                self.out.push_str(if at > 0 { between } else { "" });
                self.write(child, (at == *next).then_some(rest));
            }
            return self.out.push_str(&close);
        }
        let begin = self.out.len();
        let plain = self.plain(item);
        let is_structure = matches!(item.value, ItemValue::Structure(_));
        let (kind, value) = match self.encoding {
            Encoding::Json => {
                let value: serde_json::Value = serde_json::from_str(&plain).unwrap();
                let kind = value.get("type").map(|kind| format!(r#","type":{kind}"#));
                (kind.unwrap_or_default(), value["value"].to_string())
            }
            _ if is_structure => {
                (String::new(), children(item).iter().map(|child| self.plain(child)).collect())
            }
            _ => (
                plain.split_once("type=").map_or(String::new(), |(_, kind)| {
                    format!(" type=\"{}\"", kind.trim_start_matches('"').split('"').next().unwrap())
                }),
                String::new(),
            ),
        };
        let tag = name(item.tag);
        let text = (self.mistake.1)(&Parts { tag: &tag, kind: &kind, value: &value });
        self.out.push_str(&text);
        self.place = begin..self.out.len();
    }
}

fn name(tag: Tag) -> String {
    tag.name().map_or_else(|| format!("0x{:06x}", tag.0), str::to_owned)
}

/// A batch of which the item in the middle is this request.
fn batch(version: Version, request: Request) -> RequestMessage {
    let query = || Request::Query(QueryRequest::default());
    let mut message = RequestMessage::new(version, [query(), request, query()].map(RequestItem::from).into());
    for (item, id) in message.items.iter_mut().zip([&b"first"[..], b"second", b"third"]) {
        item.unique_batch_item_id = Some(id.into());
    }
    message
}

fn tree(message: &RequestMessage) -> Item {
    let bytes = message.to_bytes();
    let mut source = BinarySource::new(&bytes);
    source.set_version(message.version());
    Item { tag: RequestMessage::TAG, value: ItemValue::take(RequestMessage::TAG, &mut source).unwrap() }
}

/// Receives the message: the others are as they were sent, and the one in the middle is refused, unless it may be read.
fn fails_alone(
    message: &RequestMessage,
    encoding: Encoding,
    bytes: &[u8],
    may_be_read: bool,
    about: &str,
) -> Option<(usize, String)> {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let received = RequestMessage::receive(encoding, bytes, SERVER)
        .unwrap_or_else(|refused| panic!("{about}: refused whole: {} in {}", refused.why, shown()));
    assert_eq!(received.items.len(), 3, "{about}");
    for other in [0, 2] {
        assert_eq!(received.items[other], message.items[other], "{about}");
    }
    let Request::Unreadable(unreadable) = &received.items[1].request else {
        assert!(may_be_read, "{about}: read as {:?} in {}", received.items[1], shown());
        return None;
    };
    let text = unreadable.why.to_string();
    assert!(unreadable.why.place.path.starts_with("RequestMessage/BatchItem[2]"), "{about}: {text}");
    assert!(!text.contains("well-formed"), "{about}: {text}");
    // The item tells what it is, but where that is what is wrong.
    let sent = &message.items[1];
    let (operation, id) = (unreadable.operation, received.items[1].unique_batch_item_id.clone());
    let is_inside = unreadable.why.place.path.contains("/RequestPayload");
    if is_inside {
        assert_eq!(operation, Some(sent.request.operation()), "{about}: {text}");
        assert_eq!(id, sent.unique_batch_item_id, "{about}: {text}");
    }
    Some((unreadable.why.error.offset, text))
}

/// Requests of every operation of a version, one each.
fn samples(version: Version) -> Vec<RequestMessage> {
    let mut all = BTreeMap::new();
    for seed in 0..2000 {
        let request = Request::sample(&mut Dice::new(seed, version));
        all.entry(request.operation()).or_insert_with(|| batch(version, request));
    }
    for row in OPERATION_ROWS.iter().filter(|row| (row.is_in)(version)) {
        assert!(all.contains_key(&row.operation), "no sample of {:?} in {version}", row.operation);
    }
    all.into_values().collect()
}

#[test]
fn an_item_of_json_or_xml_that_is_written_wrongly_fails_alone() {
    let mut tried = 0;
    for version in [V1_4, V2_1] {
        for message in samples(version) {
            let root = tree(&message);
            let item = children(&root)[2].clone();
            assert_eq!(item.tag, Tag::BatchItem);
            let mut all = Vec::new();
            paths(&item, &[2], &mut all);
            for (number, path) in all.iter().enumerate().step_by(1 + all.len() / 40) {
                for (encoding, mistakes) in [(Encoding::Json, JSON), (Encoding::Xml, XML)] {
                    // Of the many inside of a payload not each meets each mistake: others do.
                    let inside = path.len() > 3;
                    for (kind, mistake) in mistakes.iter().enumerate() {
                        if inside && (number + kind) % 6 != 0
                            || path.len() == 1 && is_no_batch_item(mistake.0)
                        {
                            continue;
                        }
                        tried += 1;
                        one(&message, &root, encoding, path, mistake);
                    }
                }
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
}

/// Whether what was a batch item is none any more: it is then not told apart from what stands between batch items.
fn is_no_batch_item(mistake: &str) -> bool {
    mistake.starts_with("tag ") && mistake != "tag twice"
        || ["no tag", "a text", "a number", "a null", "a list", "no item"].contains(&mistake)
}

fn one(message: &RequestMessage, root: &Item, encoding: Encoding, path: &[usize], mistake: &Mistake) {
    let mut writer =
        Writer { encoding, version: message.version(), mistake, place: 0..0, out: String::new() };
    writer.write(root, Some(path));
    let (place, text) = (writer.place, writer.out);
    let about = format!("{:?} {encoding} {} at {path:?}", message.items[1].request.operation(), mistake.0);
    let Some((offset, told)) = fails_alone(message, encoding, text.as_bytes(), mistake.2, &about) else {
        return;
    };
    if !mistake.2 {
        assert!(place.contains(&offset), "{about}: {told} in {text}");
    }
}

/// TTLV: each item with each other type, with another tag, and longer than its structure.
#[test]
fn an_item_of_ttlv_that_is_written_wrongly_fails_alone() {
    let mut tried = 0;
    for version in [V1_4, V2_1] {
        for message in samples(version) {
            let bytes = message.to_bytes();
            let item = bytes
                .windows(4)
                .enumerate()
                .filter(|(_, four)| *four == [0x42, 0, 0x0f, 1])
                .nth(1)
                .unwrap()
                .0;
            let length = |at: usize| u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            let mut at = item;
            while at < item + 8 + length(item) {
                let kind = bytes[at + 3];
                let mut put = |place: usize, new: &[u8], may_be_read: bool| {
                    let mut wrong = bytes.clone();
                    wrong[place..place + new.len()].copy_from_slice(new);
                    let about = format!("{:?} with {new:?} at {place}", message.items[1].request.operation());
                    let told = fails_alone(&message, Encoding::Ttlv, &wrong, may_be_read, &about);
                    if let Some((offset, told)) = told.filter(|_| !may_be_read) {
                        assert!((item..=at).contains(&offset), "{about}: {told}");
                    }
                    tried += 1;
                };
                let is_structure = kind == 1;
                for other in (0..=12).filter(|other| *other != kind && !is_structure) {
                    // Where any value may stand, another type of the same length is another value.
                    put(at + 3, &[other], true);
                }
                if is_structure {
                    put(at + 3, &[2], true);
                }
                if at != item {
                    put(at, &[0x54, 0x12, 0x34], true);
                    put(at + 4, &[0x7f, 0xff, 0xff, 0xf8], false);
                }
                at += 8 + if is_structure { 0 } else { length(at).next_multiple_of(8) };
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
}

/// A secret as it may be written by mistake: in text and in hexadecimal.
const KEY_CHECK_VALUE: &str = "c0ffee5ec2e7c0ffee5ec2e7";

/// Whether only a name of a table is ever meant to stand under the tag.
fn is_of_a_table(tag: Tag) -> bool {
    let is_reference = [Tag::LinkedObjectIdentifier, Tag::UniqueIdentifier, Tag::Data].contains(&tag);
    let names = (enums::names_under(tag).all)(V2_1);
    let masks = enums::bits_under(tag).filter(|_| tag != Tag::AttributeValue);
    !is_reference && (!names.is_empty() || masks.is_some() || tag == Tag::AttributeReference)
}

/// The tag of the item; of an attribute's value in 1.x that of the attribute.
fn meant(root: &Item, path: &[usize]) -> Tag {
    let (last, above) = path.split_last().unwrap();
    let siblings = children(above.iter().fold(root, |item, step| &children(item)[*step]));
    let named = siblings.iter().find_map(|item| match &item.value {
        ItemValue::TextString(name) if item.tag == Tag::AttributeName => AttributeRow::named(name),
        _ => None,
    });
    let found = siblings[*last].tag;
    named.filter(|_| found == Tag::AttributeValue).map_or(found, |row| row.tag)
}

/// Whatever type a value is sent in, and wherever it stands, a refusal quotes it only where a name of a table is meant; nor do
/// the log and what is kept of the exchange have it, but where texts are no secrets.
#[test]
fn values_are_not_quoted_but_where_a_name_is_meant() {
    let (mut refused, mut tags) = (0, std::collections::BTreeSet::new());
    for version in VERSIONS {
        for message in samples(version) {
            let root = tree(&message);
            let item = children(&root)[2].clone();
            let mut all = Vec::new();
            paths(&item, &[2], &mut all);
            for (number, path) in all.iter().enumerate() {
                let found = path.iter().fold(&root, |item, step| &children(item)[*step]);
                if is_of_a_table(meant(&root, path)) || matches!(found.value, ItemValue::Structure(_)) {
                    continue;
                }
                for encoding in [Encoding::Json, Encoding::Xml] {
                    let kinds = if encoding == Encoding::Json { JSON_CANARIES } else { XML_CANARIES };
                    let mistake = &kinds[(number + refused) % kinds.len()];
                    let mut writer = Writer { encoding, version, mistake, place: 0..0, out: String::new() };
                    writer.write(&root, Some(path));
                    let received = RequestMessage::receive(encoding, writer.out.as_bytes(), SERVER).unwrap();
                    let about = format!("{} {} in {}", found.tag, mistake.0, writer.out);
                    if let Request::Unreadable(unreadable) = &received.items[1].request {
                        refused += 1;
                        tags.insert(found.tag);
                        let why = unreadable.why.to_string();
                        assert!(!why.contains(KEY_CHECK_VALUE), "{about}: {why}");
                        let debugged = format!("{received:?}");
                        assert!(!debugged.contains(KEY_CHECK_VALUE), "{about}: {debugged}");
                    }
                }
            }
        }
    }
    assert!(refused > 2_000 && tags.len() > 100, "{refused} refused, of {} tags", tags.len());
}

const JSON_CANARIES: &[Mistake] = &[
    ("Integer", |p| format!(r#"{{"tag":"{}","type":"Integer","value":"{KEY_CHECK_VALUE}"}}"#, p.tag), true),
    (
        "Enumeration",
        |p| format!(r#"{{"tag":"{}","type":"Enumeration","value":"{KEY_CHECK_VALUE}"}}"#, p.tag),
        true,
    ),
    ("Boolean", |p| format!(r#"{{"tag":"{}","type":"Boolean","value":"{KEY_CHECK_VALUE}"}}"#, p.tag), true),
    ("DateTime", |p| format!(r#"{{"tag":"{}","type":"DateTime","value":"{KEY_CHECK_VALUE}"}}"#, p.tag), true),
    (
        "LongInteger",
        |p| format!(r#"{{"tag":"{}","type":"LongInteger","value":"{KEY_CHECK_VALUE}"}}"#, p.tag),
        true,
    ),
    ("no type", |p| format!(r#"{{"tag":"{}","value":"{KEY_CHECK_VALUE}"}}"#, p.tag), true),
    (
        "more",
        |p| format!(r#"{{"tag":"{}","type":"TextString","{KEY_CHECK_VALUE}":"{KEY_CHECK_VALUE}"}}"#, p.tag),
        true,
    ),
];

const XML_CANARIES: &[Mistake] = &[
    ("Integer", |p| format!(r#"<{} type="Integer" value="{KEY_CHECK_VALUE}"/>"#, p.tag), true),
    ("Enumeration", |p| format!(r#"<{} type="Enumeration" value="{KEY_CHECK_VALUE}"/>"#, p.tag), true),
    ("Interval", |p| format!(r#"<{} type="Interval" value="{KEY_CHECK_VALUE}"/>"#, p.tag), true),
    ("BigInteger", |p| format!(r#"<{} type="BigInteger" value="{KEY_CHECK_VALUE}x"/>"#, p.tag), true),
    ("Structure", |p| format!(r#"<{} value="{KEY_CHECK_VALUE}"/>"#, p.tag), true),
    ("text", |p| format!("<{0}>{KEY_CHECK_VALUE}</{0}>", p.tag), true),
    (
        "DateTimeExtended",
        |p| format!(r#"<{} type="DateTimeExtended" value="{KEY_CHECK_VALUE}"/>"#, p.tag),
        true,
    ),
];
