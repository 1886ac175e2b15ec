//! The JSON encoding (KMIP Profiles 2.1, JSON profile).
//!
//! An item is an object of `tag`, `type` and `value`; the value of a structure is the array of its items, and its
//! `type` may be left out. Numbers that a double cannot hold, big integers and what has no name are text of hex digits
//! behind `0x`; byte strings are hex digits alone.

use super::buffer::Buffer;
use super::growing::{Growing, syntax_at};
use super::scalar::{Dialect, Scalar, date_text, hex_tag, mask_text};
use super::tree::Node;
use super::{BitNames, Kind, Sink};
use crate::Tag;
use crate::error::{ErrorKind, Form, Result};
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

    fn enumeration(&mut self, tag: Tag, value: u32, name: Option<&'static str>) {
        match name {
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
#[derive(Clone, Copy)]
enum Key {
    Tag,
    Name,
    Type,
    Value,
}

fn grow(text: &str, growing: &mut Growing) -> Result<()> {
    let mut parser = LowLevelJsonParser::new();
    let (mut offset, mut key) = (0, None);
    loop {
        let rest = text.as_bytes().get(offset..).unwrap_or_default();
        let place = offset + rest.iter().take_while(|byte| b" \t\r\n,:".contains(byte)).count();
        let next = parser.parse_next(rest, true);
        match next.event.ok_or(syntax_at(place))?.map_err(|_| syntax_at(place))? {
            JsonEvent::Eof => return Ok(()),
            event => take(event, &mut key, growing, place)?,
        }
        offset += next.consumed_bytes;
    }
}

fn take(event: JsonEvent<'_>, key: &mut Option<Key>, growing: &mut Growing, offset: usize) -> Result<()> {
    match (event, key.take()) {
        (JsonEvent::StartObject, None) => growing.open(offset).map(|_| ()),
        (JsonEvent::EndObject, None) if growing.innermost(offset)?.is_begun => growing.close(offset),
        (JsonEvent::ObjectKey(name), None) => {
            let named = match name.as_ref() {
                "tag" => Key::Tag,
                "name" => Key::Name,
                "type" => Key::Type,
                "value" => Key::Value,
                _ => return Err(growing.innermost(offset)?.error(ErrorKind::Form(Form::OtherPart))),
            };
            *key = Some(named);
            Ok(())
        }
        (JsonEvent::StartArray, Some(Key::Value)) => begin_value(growing.innermost(offset)?),
        (JsonEvent::EndArray, None) => Ok(()),
        (value, Some(key)) => set(growing.innermost(offset)?, key, value),
        _ => Err(syntax_at(offset)),
    }
}

fn begin_value(node: &mut Node) -> Result<()> {
    let is_second = std::mem::replace(&mut node.is_begun, true);
    if is_second { Err(node.error(ErrorKind::Form(Form::Twice))) } else { Ok(()) }
}

/// Sets what the object says of itself, once.
fn set(node: &mut Node, key: Key, value: JsonEvent<'_>) -> Result<()> {
    let wrong = node.error(ErrorKind::Form(Form::Part));
    match (key, value) {
        (Key::Name, JsonEvent::String(_)) => Ok(()),
        (Key::Tag, JsonEvent::String(name)) if node.tag.is_none() && node.unknown.is_none() => {
            node.set_tag(Tag::by_name(&name).or_else(|| hex_tag(&name)), &name);
            Ok(())
        }
        (Key::Type, JsonEvent::String(name)) if node.kind.is_none() && node.fault.is_none() => {
            node.set_kind(&name);
            Ok(())
        }
        (Key::Value, value) => {
            begin_value(node)?;
            node.value = Some(match value {
                JsonEvent::String(text) => Scalar::Text(Zeroizing::new(text.into_owned())),
                JsonEvent::Number(digits) => Scalar::Number(digits.into_owned()),
                JsonEvent::Boolean(value) => Scalar::Boolean(value),
                _ => return Err(wrong),
            });
            Ok(())
        }
        (Key::Tag | Key::Type, JsonEvent::String(_)) => Err(node.error(ErrorKind::Form(Form::Twice))),
        _ => Err(wrong),
    }
}
