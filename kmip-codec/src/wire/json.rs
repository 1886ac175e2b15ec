//! The JSON encoding (KMIP Profiles 2.1, JSON profile).
//!
//! An item is an object of `tag`, `type` and `value`; the value of a structure is the array of its items, and its
//! `type` may be left out. Numbers that a double cannot hold, big integers and what has no name are text of hex digits
//! behind `0x`; byte strings are hex digits alone.

use super::buffer::Buffer;
use super::growing::{Growing, error_at, syntax_at};
use super::node::Node;
use super::scalar::{Dialect, Scalar, date_text, hex_tag, mask_text};
use super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::error::{ErrorKind, Form, Result};
use crate::limits::DEPTH_MAX;
use crate::near::nearest;
use crate::version::Version;
use json_event_parser::{JsonEvent, LowLevelJsonParser, LowLevelJsonSerializer};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Integers from here on are written as text, because many readers hold numbers as doubles.
const NUMBERS_END: u64 = 1 << 52;

/// Writes JSON.
pub struct JsonSink {
    version: Version,
    later_fields: bool,
    out: Buffer,
    serializer: LowLevelJsonSerializer,
}

impl JsonSink {
    /// An empty document of this version.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, out: Buffer::new(), serializer: LowLevelJsonSerializer::new() }
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub fn finish(self) -> Vec<u8> {
        self.out.finish()
    }

    fn event(&mut self, event: JsonEvent<'_>) {
        // Fails for events in a wrong order, which are not made here, and never for memory.
        let written = self.serializer.serialize_event(event, &mut self.out);
        debug_assert!(written.is_ok(), "{written:?}");
    }

    fn pair(&mut self, key: &str, value: JsonEvent<'_>) {
        self.event(JsonEvent::ObjectKey(key.into()));
        self.event(value);
    }

    /// An item up to its value.
    fn begin(&mut self, tag: Tag, kind: Kind, value: JsonEvent<'_>) {
        self.event(JsonEvent::StartObject);
        let tag = tag.name().map_or_else(|| Cow::Owned(format!("0x{:06x}", tag.0)), Cow::Borrowed);
        self.pair("tag", JsonEvent::String(tag));
        if kind != Kind::Structure {
            self.pair("type", JsonEvent::String(kind.name().into()));
        }
        self.pair("value", value);
    }

    fn leaf(&mut self, tag: Tag, kind: Kind, value: JsonEvent<'_>) {
        self.begin(tag, kind, value);
        self.event(JsonEvent::EndObject);
    }

    fn string(&mut self, tag: Tag, kind: Kind, value: &str) {
        self.leaf(tag, kind, JsonEvent::String(value.into()));
    }

    fn number(&mut self, tag: Tag, kind: Kind, value: &str) {
        self.leaf(tag, kind, JsonEvent::Number(value.into()));
    }
}

impl Sink for JsonSink {
    fn version(&self) -> Version {
        self.version
    }

    fn later_fields(&self) -> bool {
        self.later_fields
    }

    fn write_later_fields(&mut self) {
        self.later_fields = true;
    }

    fn open(&mut self, tag: Tag) {
        self.begin(tag, Kind::Structure, JsonEvent::StartArray);
    }

    fn close(&mut self) {
        self.event(JsonEvent::EndArray);
        self.event(JsonEvent::EndObject);
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.number(tag, Kind::Integer, &value.to_string());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        if value.unsigned_abs() < NUMBERS_END {
            self.number(tag, Kind::LongInteger, &value.to_string());
        } else {
            self.string(tag, Kind::LongInteger, &format!("0x{value:016x}"));
        }
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        let digits = Zeroizing::new(hex::encode(value));
        let mut text = Zeroizing::new(String::with_capacity(digits.len() + 2));
        text.push_str("0x");
        text.push_str(&digits);
        self.string(tag, Kind::BigInteger, &text);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>) {
        match name(self.version) {
            Some(name) => self.string(tag, Kind::Enumeration, name),
            None => self.string(tag, Kind::Enumeration, &format!("0x{value:08x}")),
        }
    }

    fn mask(&mut self, tag: Tag, value: i32, names: BitNames) {
        self.string(tag, Kind::Integer, &mask_text(value, &names(self.version), "|"));
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.leaf(tag, Kind::Boolean, JsonEvent::Boolean(value));
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.string(tag, Kind::TextString, value);
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.string(tag, Kind::ByteString, &Zeroizing::new(hex::encode(value)));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.string(tag, Kind::DateTime, &date_text(value));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.number(tag, Kind::Interval, &value.to_string());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.string(tag, Kind::DateTimeExtended, &format!("0x{value:016x}"));
    }
}

/// JSON, where an object is an item.
pub(super) const JSON: Dialect = Dialect { is_all_text: false, grow };

/// What an object may say of itself: `name` is for people and not read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Tag,
    Name,
    Type,
    Value,
    /// A name that is none of these.
    Other,
}

/// The names of the keys.
const KEYS: [&str; 4] = ["tag", "name", "type", "value"];

fn grow(text: &str, growing: &mut Growing) -> Result<()> {
    let mut parser = LowLevelJsonParser::new();
    let mut items = Items { growing, in_list: Vec::new(), key: None, passed: 0 };
    let mut offset = 0;
    loop {
        let rest = text.as_bytes().get(offset..).unwrap_or_default();
        let place = offset + rest.iter().take_while(|byte| b" \t\r\n,:".contains(byte)).count();
        let next = parser.parse_next(rest, true);
        match next.event.ok_or(syntax_at(place))?.map_err(|_| syntax_at(place))? {
            JsonEvent::Eof => return Ok(()),
            event if items.passed > 0 => items.pass(&event, place)?,
            event => items.take(event, place)?,
        }
        offset += next.consumed_bytes;
    }
}

/// The items of a text while it is read. What is well-formed JSON and no item is noted at the item that it stands in.
struct Items<'g> {
    growing: &'g mut Growing,
    /// Of each item that is open, whether the list of its items is.
    in_list: Vec<bool>,
    /// The key of which the value comes next.
    key: Option<Key>,
    /// How many lists and objects are open that are passed by, one inside the other.
    passed: usize,
}

impl Items<'_> {
    fn take(&mut self, event: JsonEvent<'_>, offset: usize) -> Result<()> {
        match (event, self.key.take(), self.in_list.last().copied()) {
            (JsonEvent::StartObject, None, None | Some(true)) => {
                self.growing.open(offset)?;
                self.in_list.push(false);
                Ok(())
            }
            (JsonEvent::EndObject, None, Some(false)) => {
                self.in_list.pop();
                self.growing.close(offset)
            }
            (JsonEvent::EndArray, None, Some(true)) => self.set_in_list(false),
            (JsonEvent::ObjectKey(name), None, Some(false)) => self.take_key(&name, offset),
            (JsonEvent::StartArray, Some(Key::Value), Some(false)) => {
                let node = begin_value(self.growing.innermost(offset)?);
                node.has_list = true;
                self.set_in_list(true)
            }
            (value, Some(key), Some(false)) => {
                let opened = usize::from(is_opening(&value));
                set(self.growing.innermost(offset)?, key, value);
                self.passed = opened;
                Ok(())
            }
            (value, None, Some(true)) => {
                self.growing.open(offset)?.note(Form::NoItem { found: called(&value) });
                self.passed = usize::from(is_opening(&value));
                self.growing.close(offset)
            }
            (value, None, None) => {
                Err(error_at(ErrorKind::Form(Form::NoItem { found: called(&value) }), offset))
            }
            _ => Err(syntax_at(offset)),
        }
    }

    /// Passes by what stands inside of what is no item.
    fn pass(&mut self, event: &JsonEvent<'_>, offset: usize) -> Result<()> {
        match event {
            JsonEvent::EndObject | JsonEvent::EndArray => self.passed -= 1,
            event => self.passed += usize::from(is_opening(event)),
        }
        if self.passed > DEPTH_MAX { Err(error_at(ErrorKind::TooDeep, offset)) } else { Ok(()) }
    }

    fn take_key(&mut self, name: &str, offset: usize) -> Result<()> {
        let key = match name {
            "tag" => Key::Tag,
            "name" => Key::Name,
            "type" => Key::Type,
            "value" => Key::Value,
            _ => Key::Other,
        };
        if key == Key::Other {
            self.growing.innermost(offset)?.note(Form::OtherPart { near: nearest(name, KEYS) });
        }
        self.key = Some(key);
        Ok(())
    }

    fn set_in_list(&mut self, is_in_list: bool) -> Result<()> {
        if let Some(last) = self.in_list.last_mut() {
            *last = is_in_list;
        }
        Ok(())
    }
}

fn is_opening(event: &JsonEvent<'_>) -> bool {
    matches!(event, JsonEvent::StartObject | JsonEvent::StartArray)
}

/// What a value of JSON is called.
fn called(event: &JsonEvent<'_>) -> &'static str {
    match event {
        JsonEvent::String(_) => "a text",
        JsonEvent::Number(_) => "a number",
        JsonEvent::Boolean(true) => "true",
        JsonEvent::Boolean(false) => "false",
        JsonEvent::StartArray => "a list",
        JsonEvent::StartObject => "an object",
        _ => "null",
    }
}

/// A value or a list of items begins, for the first time.
fn begin_value(node: &mut Node) -> &mut Node {
    if std::mem::replace(&mut node.is_begun, true) {
        node.note(Form::Twice { part: "value" });
    }
    node
}

/// Sets what the object says of itself, once.
fn set(node: &mut Node, key: Key, value: JsonEvent<'_>) {
    let found = called(&value);
    match (key, value) {
        (Key::Name | Key::Other, _) => {}
        (Key::Tag, JsonEvent::String(_)) if node.tag.is_some() || node.unknown.is_some() => {
            node.note(Form::Twice { part: "tag" });
        }
        (Key::Tag, JsonEvent::String(name)) => {
            node.set_tag(Tag::by_name(&name).or_else(|| hex_tag(&name)), &name);
        }
        (Key::Type, JsonEvent::String(_)) if node.kind.is_some() => node.note(Form::Twice { part: "type" }),
        (Key::Type, JsonEvent::String(name)) => node.set_kind(&name),
        (Key::Tag, _) => node.note(Form::Part { part: "tag", found }),
        (Key::Type, _) => node.note(Form::Part { part: "type", found }),
        (Key::Value, value) => {
            let scalar = match value {
                JsonEvent::String(text) => Some(Scalar::Text(Zeroizing::new(text.into_owned()))),
                JsonEvent::Number(digits) => Some(Scalar::Number(digits.into_owned())),
                JsonEvent::Boolean(value) => Some(Scalar::Boolean(value)),
                _ => None,
            };
            let node = begin_value(node);
            if scalar.is_none() {
                node.note(Form::Part { part: "value", found });
            }
            node.value = scalar;
        }
    }
}
