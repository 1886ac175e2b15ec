//! Refusals name what was found, and where, before what was expected: requests of every operation in every version and
//! encoding, each with one thing wrong in it, and the words that come of that.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "support/server.rs"]
mod server;

use kmip_codec::declare::Value as _;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request};
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_0, V2_1, VERSIONS, Version};
use kmip_codec::wire::{BinarySink, BinarySource, Encoding, JsonSink, Kind, Reading, XmlSink};
use kmip_codec::{Error, ErrorKind, Tag, Unreadable};
use server::SERVER;
use std::collections::{BTreeMap, BTreeSet};

/// How many samples of each version are made.
const SAMPLES: u64 = 500;

/// How many of each operation are tried.
const TRIED: usize = 3;

/// A tag that nobody has.
const FOREIGN: Tag = Tag(0x54_00ff);

/// What is done to an item of a payload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Change {
    WrongType,
    Foreign,
    Missing,
    Repeated,
    Swapped,
    Misspelt,
}

const CHANGES: [Change; 6] = [
    Change::WrongType,
    Change::Foreign,
    Change::Missing,
    Change::Repeated,
    Change::Swapped,
    Change::Misspelt,
];

/// A payload with something wrong in it: the place of the item that is, and its siblings.
struct Wrong {
    root: Item,
    path: Vec<usize>,
}

fn children(item: &Item) -> &[Item] {
    match &item.value {
        ItemValue::Structure(items) => items,
        _ => &[],
    }
}

fn children_mut(item: &mut Item) -> &mut Vec<Item> {
    match &mut item.value {
        ItemValue::Structure(items) => items,
        other => panic!("{other:?} is no structure"),
    }
}

/// The item at the end of the path.
fn at<'i>(root: &'i Item, path: &[usize]) -> &'i Item {
    path.iter().fold(root, |item, step| &children(item)[*step])
}

/// The way down to it, as a refusal spells it.
fn spelt(root: &Item, path: &[usize]) -> String {
    let mut text = root.tag.to_string();
    let mut item = root;
    for step in path {
        let (siblings, tag) = (children(item), children(item)[*step].tag);
        let same = |items: &[Item]| items.iter().filter(|item| item.tag == tag).count();
        text += &format!("/{tag}");
        if same(siblings) > 1 {
            text += &format!("[{}]", same(&siblings[..=*step]));
        }
        item = &siblings[*step];
    }
    text
}

/// A way down to a random item inside the payload of the first item.
fn some_path(root: &Item, dice: &mut Dice) -> Option<Vec<usize>> {
    let item = children(root).iter().position(|item| item.tag == Tag::BatchItem)?;
    let payload = children(&children(root)[item]).iter().position(|item| item.tag == Tag::RequestPayload)?;
    let mut path = vec![item, payload];
    loop {
        let inside = children(at(root, &path)).len();
        if inside == 0 {
            return (path.len() > 2).then_some(path);
        }
        path.push(dice.below(inside));
        if dice.below(3) == 0 {
            return Some(path);
        }
    }
}

fn changed(mut root: Item, change: Change, dice: &mut Dice) -> Option<Wrong> {
    let mut path = some_path(&root, dice)?;
    let place = path.pop()?;
    let siblings = children_mut(path.iter().fold(&mut root, |item, step| &mut children_mut(item)[*step]));
    let mut wrong = place;
    match change {
        Change::WrongType => {
            let is_boolean = matches!(siblings[place].value, ItemValue::Boolean(_));
            siblings[place].value =
                if is_boolean { ItemValue::Interval(7) } else { ItemValue::Boolean(true) };
        }
        Change::Foreign => siblings.insert(place, Item { tag: FOREIGN, value: ItemValue::Boolean(true) }),
        Change::Missing => drop(siblings.remove(place)),
        Change::Repeated => {
            siblings.insert(place + 1, siblings[place].clone());
            wrong = place + 1;
        }
        Change::Swapped if place + 1 < siblings.len() && siblings[place].tag != siblings[place + 1].tag => {
            siblings.swap(place, place + 1);
        }
        Change::Swapped => return None,
        Change::Misspelt => {}
    }
    path.push(wrong);
    Some(Wrong { root, path })
}

fn written(encoding: Encoding, version: Version, root: &Item) -> Vec<u8> {
    macro_rules! by {
        ($sink:ident) => {{
            let mut sink = $sink::new(version);
            root.value.put(root.tag, &mut sink);
            sink.finish()
        }};
    }
    match encoding {
        Encoding::Ttlv => by!(BinarySink),
        Encoding::Json => by!(JsonSink),
        Encoding::Xml => by!(XmlSink),
    }
}

/// The name of the item that is wrong with two of its letters swapped; every item of the tag has it then.
fn misspelt(bytes: Vec<u8>, encoding: Encoding, tag: Tag) -> Option<(Vec<u8>, String)> {
    let name = tag.name().filter(|name| name.len() > 4 && encoding != Encoding::Ttlv)?;
    let mut letters: Vec<u8> = name.bytes().collect();
    letters.swap(2, 3);
    let wrong = String::from_utf8(letters).unwrap();
    if Tag::by_name(&wrong).is_some() {
        return None;
    }
    let text = String::from_utf8(bytes).unwrap();
    // The header stays as it is.
    let (header, items) = text.split_at(text.find("BatchItem").unwrap());
    let renamed =
        |text: String, around: &str| text.replace(&around.replace('*', name), &around.replace('*', &wrong));
    let around: &[&str] = match encoding {
        Encoding::Json => &["\"tag\":\"*\""],
        _ => &["<* ", "<*>", "</*>"],
    };
    let items = around.iter().fold(items.to_owned(), |items, around| renamed(items, around));
    let text = [header, &items].concat();
    Some((text.into_bytes(), wrong))
}

/// The structure that an error says lacks a field must not have it; and what is expected is not what was found.
fn is_fair(root: &Item, why: &Unreadable) {
    let Error { kind: ErrorKind::Missing { found }, tag: Some(absent), .. } = why.error else { return };
    let mut item = root;
    let mut parts: Vec<&str> = why.place.path.split('/').skip(1).collect();
    if found.is_some() {
        parts.pop();
    }
    for part in parts {
        let (name, number) = part
            .split_once('[')
            .map_or((part, 1), |(name, number)| (name, number.trim_end_matches(']').parse().unwrap()));
        let named = |item: &&Item| item.tag.to_string() == name;
        item = children(item).iter().filter(named).nth(number - 1).unwrap();
    }
    let is_there = children(item).iter().any(|item| item.tag == absent);
    assert!(!is_there, "{absent} is there, and told as absent: {why}");
}

#[test]
fn what_was_found_is_named_with_its_place() {
    let mut told = BTreeSet::new();
    for version in VERSIONS {
        let mut operations = BTreeMap::new();
        for seed in 0..SAMPLES {
            let mut dice = Dice::new(seed, version);
            let mut message = RequestMessage::sample(&mut dice);
            message.items = vec![kmip_codec::message::RequestItem::from(Request::sample(&mut dice))];
            message.header.batch_count = 1;
            let tried = operations.entry(message.items[0].request.operation()).or_insert(0);
            *tried += 1;
            if *tried > TRIED {
                continue;
            }
            let bytes = message.to_bytes();
            let tag = RequestMessage::TAG;
            let root = Item { tag, value: ItemValue::take(tag, &mut BinarySource::new(&bytes)).unwrap() };
            for change in CHANGES {
                let Some(wrong) = changed(root.clone(), change, &mut dice) else { continue };
                // Each in its turn, so that every change meets every encoding.
                let encoding = Encoding::ALL[dice.below(Encoding::ALL.len())];
                told.extend(blamed(encoding, version, change, &wrong).map(|kind| (change, kind)));
            }
        }
        let all = OPERATION_ROWS.iter().filter(|row| (row.is_in)(version)).map(|row| row.operation);
        let unseen: Vec<Operation> = all.filter(|operation| !operations.contains_key(operation)).collect();
        assert!(unseen.is_empty(), "no sample of {unseen:?} in {version}");
    }
    for change in CHANGES {
        assert!(told.iter().any(|(one, _)| *one == change), "{change:?} was never refused");
    }
}

/// Receives the message; what was wrong with it, where it was refused.
fn blamed(encoding: Encoding, version: Version, change: Change, wrong: &Wrong) -> Option<String> {
    let mut bytes = written(encoding, version, &wrong.root);
    let mut name = None;
    if change == Change::Misspelt {
        let tag = at(&wrong.root, &wrong.path).tag;
        let (changed, spelt) = misspelt(bytes, encoding, tag)?;
        (bytes, name) = (changed, Some((spelt, tag)));
    }
    let reading = Reading { items_alone: true, later_fields: true, ..Reading::default() };
    let received = RequestMessage::receive(encoding, &bytes, reading);
    let received =
        received.unwrap_or_else(|refused| panic!("refused whole: {} {:?}", refused.why, wrong.root));
    let Request::Unreadable(unreadable) = &received.items[0].request else { return None };
    let (why, text) = (&unreadable.why, unreadable.why.to_string());
    let about = format!("{encoding} {version} {change:?}: {text}");
    if let Some((spelt, tag)) = name {
        assert!(text.starts_with(&spelt), "{about}");
        assert!(text.contains(&format!("did you mean {tag}?")), "{about}");
        return Some(why.error.kind.name());
    }
    assert!(!why.place.name.is_empty() && text.starts_with(&why.place.name), "{about}");
    is_fair(&wrong.root, why);
    assert!(!text.ends_with("is out of order"), "what belongs there is not told: {about}");
    let place = spelt(&wrong.root, &wrong.path[..wrong.path.len() - usize::from(change == Change::Missing)]);
    // Any tag is an attribute's there: it is the second that is too much.
    let is_single = ["/NewAttribute/", "/CurrentAttribute/"].iter().any(|parent| place.contains(parent));
    match change {
        Change::Foreign if is_single => {}
        Change::Foreign => assert!(text.starts_with(&format!("{FOREIGN} (Boolean) at {place},")), "{about}"),
        Change::WrongType => {
            let found = at(&wrong.root, &wrong.path);
            let kind =
                if matches!(found.value, ItemValue::Boolean(_)) { Kind::Boolean } else { Kind::Interval };
            let expected = format!("{} ({}) at {place},", found.tag, kind.name());
            assert!(text.starts_with(&expected), "{expected}: {about}");
        }
        Change::Repeated => assert!(!text.contains("absent") && !text.contains("ends without"), "{about}"),
        _ => assert!(why.place.path.starts_with("RequestMessage/BatchItem/RequestPayload"), "{about}"),
    }
    Some(why.error.kind.name())
}

/// What the server says of a request with this payload.
fn told(version: Version, encoding: Encoding, operation: Operation, payload: Vec<Item>) -> Option<String> {
    let request = Request::Unknown(operation, ItemValue::Structure(payload));
    let message = RequestMessage::new(version, vec![request.into()]);
    let received = RequestMessage::receive(encoding, &message.encode(encoding), SERVER).unwrap();
    match &received.items[0].request {
        Request::Unreadable(unreadable) => Some(unreadable.why.to_string()),
        _ => None,
    }
}

/// An attribute without its value: with an index or without, of the standard, of a vendor or of nobody, in each request that
/// names attributes.
#[test]
fn an_attribute_without_a_value_is_told_as_one() {
    let item = |tag, value| Item { tag, value };
    let text = |tag, text: &str| item(tag, ItemValue::TextString(text.to_owned()));
    let names = kmip_codec::attributes::ATTRIBUTE_ROWS.iter().map(|row| row.name);
    let object_type = || item(Tag::ObjectType, ItemValue::Enumeration(2));
    let mut tried = 0;
    for (number, name) in names.chain(["x-foo", "y-foo", "Nobody's"]).enumerate() {
        for (version, index) in [(V1_0, false), (V1_4, false), (V1_2, true)] {
            let mut fields = vec![text(Tag::AttributeName, name)];
            if index {
                fields.push(item(Tag::AttributeIndex, ItemValue::Integer(0)));
            }
            let attribute = item(Tag::Attribute, ItemValue::Structure(fields));
            let template = item(Tag::TemplateAttribute, ItemValue::Structure(vec![attribute.clone()]));
            let id = || text(Tag::UniqueIdentifier, "one");
            for (operation, payload) in [
                (Operation::Create, vec![object_type(), template]),
                (Operation::AddAttribute, vec![id(), attribute.clone()]),
                (Operation::ModifyAttribute, vec![id(), attribute.clone()]),
                (Operation::Locate, vec![attribute.clone()]),
            ] {
                let encoding = Encoding::ALL[(number + tried) % 3];
                let why = told(version, encoding, operation, payload).unwrap();
                assert!(why.contains("/Attribute, byte "), "{name} in {operation:?}: {why}");
                assert!(
                    why.ends_with("ends without AttributeValue, which must stand in it"),
                    "{name}: {why}"
                );
                tried += 1;
            }
        }
    }
    for version in [V2_0, V2_1] {
        let name = [text(Tag::VendorIdentification, "x"), text(Tag::AttributeName, "foo")];
        let attribute = item(Tag::Attribute, ItemValue::Structure(name.into()));
        let attributes = item(Tag::Attributes, ItemValue::Structure(vec![attribute]));
        let why = told(version, Encoding::Xml, Operation::Locate, vec![attributes]).unwrap();
        assert!(why.ends_with("ends without AttributeValue, which must stand in it"), "{why}");
    }
}

/// A structure that ends before what must stand in it is told as lacking it, not what stands behind it.
#[test]
fn what_a_structure_lacks_at_its_end_is_told_with_the_structure() {
    let message = RequestMessage::new(V1_2, vec![Request::Query(Default::default()).into()]);
    for encoding in Encoding::ALL {
        let bytes = message.encode(encoding);
        let cut = match encoding {
            Encoding::Ttlv => {
                let minor = bytes.windows(4).position(|four| four == [0x42, 0, 0x6b, 2]).unwrap();
                let mut cut = [&bytes[..minor], &bytes[minor + 16..]].concat();
                for at in [4, 12, 20] {
                    let length = u32::from_be_bytes(cut[at..at + 4].try_into().unwrap()) - 16;
                    cut[at..at + 4].copy_from_slice(&length.to_be_bytes());
                }
                cut
            }
            _ => {
                let text = String::from_utf8(bytes).unwrap();
                let minor = match encoding {
                    Encoding::Json => r#",{"tag":"ProtocolVersionMinor","type":"Integer","value":2}"#,
                    _ => r#"<ProtocolVersionMinor type="Integer" value="2"/>"#,
                };
                assert!(text.contains(minor), "{text}");
                text.replace(minor, "").into_bytes()
            }
        };
        let why = RequestMessage::receive(encoding, &cut, SERVER).unwrap_err().why.to_string();
        assert!(
            why.starts_with("ProtocolVersion (Structure) at RequestMessage/RequestHeader/ProtocolVersion"),
            "{why}"
        );
        assert!(
            why.ends_with("ends without ProtocolVersionMinor, which must stand in it"),
            "{encoding}: {why}"
        );
    }
}

/// A key that is nowhere is none before KMIP 1.2.
#[test]
fn a_key_without_its_value_is_refused_before_1_2() {
    let item = |tag, value| Item { tag, value };
    for version in VERSIONS.into_iter().filter(|version| *version < V2_0) {
        let format = item(Tag::KeyFormatType, ItemValue::Enumeration(1));
        let block = item(Tag::KeyBlock, ItemValue::Structure(vec![format]));
        let payload = vec![
            item(Tag::ObjectType, ItemValue::Enumeration(2)),
            item(Tag::TemplateAttribute, ItemValue::Structure(Vec::new())),
            item(Tag::SymmetricKey, ItemValue::Structure(vec![block])),
        ];
        let why = told(version, Encoding::Ttlv, Operation::Register, payload);
        match why {
            Some(why) => assert!(
                version < V1_2 && why.ends_with("ends without KeyValue, which must stand in it"),
                "{why}"
            ),
            None => assert!(version >= V1_2),
        }
    }
}

/// A text encoding that is announced as TTLV is told by its name.
#[test]
fn xml_and_json_that_come_as_ttlv_are_told_so() {
    let message = RequestMessage::new(V2_1, vec![Request::Query(Default::default()).into()]);
    for (encoding, name) in [(Encoding::Xml, "XML"), (Encoding::Json, "JSON")] {
        let text = message.encode(encoding);
        for text in [text.clone(), [b"<?xml version=\"1.0\"?>", &text[..]].concat()]
            .iter()
            .take(if name == "XML" { 2 } else { 1 })
        {
            let why = RequestMessage::receive(Encoding::Ttlv, text, SERVER).unwrap_err().why.to_string();
            let told = format!(
                "{name} at byte 0, where a KMIP message begins with RequestMessage; {name} is taken over HTTPS"
            );
            assert!(why.starts_with(&told), "{why}");
        }
    }
}
