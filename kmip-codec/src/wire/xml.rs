//! The XML encoding (KMIP Profiles 2.1, XML profile): what the test cases and the HTTPS profile are written in.
//!
//! An item is an element named as its tag, or `TTLV` with a `tag` attribute where the tag has no name; `type`
//! and `value` are attributes, a structure has neither.

use super::{BitNames, ByName, Kind, Sink, Source};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEMS_MAX};
use crate::version::{V1_0, Version};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Writes XML.
pub struct XmlSink {
    version: Version,
    out: String,
    open: Vec<Tag>,
}

impl XmlSink {
    /// An empty document of this version.
    pub fn new(version: Version) -> Self {
        Self { version, out: String::new(), open: Vec::new() }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.open.len()));
    }

    fn leaf(&mut self, tag: Tag, kind: Kind, value: &str) {
        self.indent();
        let escaped = escape(value);
        let _ = match tag.name() {
            Some(name) => writeln!(self.out, "<{name} type=\"{kind:?}\" value=\"{escaped}\"/>"),
            None => {
                writeln!(self.out, "<TTLV tag=\"0x{:06x}\" type=\"{kind:?}\" value=\"{escaped}\"/>", tag.0)
            }
        };
    }
}

/// Escapes what would end or bend an attribute value, line breaks included.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

impl Sink for XmlSink {
    fn version(&self) -> Version {
        self.version
    }

    fn open(&mut self, tag: Tag) {
        self.indent();
        let _ = match tag.name() {
            Some(name) => writeln!(self.out, "<{name}>"),
            None => writeln!(self.out, "<TTLV tag=\"0x{:06x}\">", tag.0),
        };
        self.open.push(tag);
    }

    fn close(&mut self) {
        let name = self.open.pop().and_then(Tag::name).unwrap_or("TTLV");
        self.indent();
        let _ = writeln!(self.out, "</{name}>");
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.leaf(tag, Kind::Integer, &value.to_string());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.leaf(tag, Kind::LongInteger, &value.to_string());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.leaf(tag, Kind::BigInteger, &hex::encode(value));
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: Option<&'static str>) {
        match name {
            Some(name) => self.leaf(tag, Kind::Enumeration, name),
            None => self.leaf(tag, Kind::Enumeration, &format!("0x{value:08x}")),
        }
    }

    fn mask(&mut self, tag: Tag, value: i32, names: BitNames) {
        let mut left = value.cast_unsigned();
        let mut parts = Vec::new();
        for (bit, name) in names(self.version) {
            if left & bit != 0 {
                parts.push(name.to_owned());
                left &= !bit;
            }
        }
        if left != 0 || parts.is_empty() {
            parts.push(format!("0x{left:08x}"));
        }
        self.leaf(tag, Kind::Integer, &parts.join(" "));
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.leaf(tag, Kind::Boolean, if value { "true" } else { "false" });
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.leaf(tag, Kind::TextString, value);
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.leaf(tag, Kind::ByteString, &hex::encode(value));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        let text = OffsetDateTime::from_unix_timestamp(value).ok().and_then(|t| t.format(&Rfc3339).ok());
        self.leaf(tag, Kind::DateTime, &text.unwrap_or_else(|| format!("0x{value:016x}")));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.leaf(tag, Kind::Interval, &value.to_string());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.leaf(tag, Kind::DateTimeExtended, &format!("0x{value:016x}"));
    }
}

/// One element.
struct Node {
    tag: Tag,
    kind: Option<Kind>,
    value: String,
    children: Vec<Node>,
}

impl Node {
    fn read(element: roxmltree::Node<'_, '_>, depth: usize, items: &mut usize) -> Result<Self> {
        *items += 1;
        let name = element.tag_name().name();
        let tag = match element.attribute("tag") {
            Some(number) => parse_u32(number).map(Tag),
            None => Tag::by_name(name),
        };
        let tag = tag.ok_or(Error { kind: ErrorKind::Name, tag: None, offset: *items })?;
        if depth > DEPTH_MAX {
            return Err(Error::at(ErrorKind::TooDeep, tag, *items));
        }
        if *items > ITEMS_MAX {
            return Err(Error::at(ErrorKind::TooLarge, tag, *items));
        }
        let kind = match element.attribute("type") {
            None => Kind::Structure,
            Some(name) => Kind::ALL.into_iter().find(|k| format!("{k:?}") == name).ok_or(Error::at(
                ErrorKind::Name,
                tag,
                *items,
            ))?,
        };
        let children = element.children().filter(roxmltree::Node::is_element);
        let children = children.map(|c| Node::read(c, depth + 1, items)).collect::<Result<_>>()?;
        let value = element.attribute("value").unwrap_or_default().to_owned();
        Ok(Self { tag, kind: Some(kind), value, children })
    }
}

/// Names as some writers spell them, and as the tables do.
const SPELLINGS: &[(&str, &str)] = &[
    ("PolynomialSharingGF2_8", "PolynomialSharingGF28"),
    ("PolynomialSharingGF2_16", "PolynomialSharingGF216"),
];

/// Reads XML.
pub struct XmlSource {
    version: Version,
    /// The structures that are open, each with its items not read yet, last first.
    open: Vec<Vec<Node>>,
    items: usize,
}

impl XmlSource {
    /// Reads one message: a document whose root is the message's element.
    pub fn parse(text: &str) -> Result<Self> {
        let syntax = Error { kind: ErrorKind::Syntax, tag: None, offset: 0 };
        let document = roxmltree::Document::parse(text).map_err(|_| syntax)?;
        let root = Node::read(document.root_element(), 0, &mut 0)?;
        Ok(Self { version: V1_0, open: vec![vec![root]], items: 0 })
    }

    fn next(&self) -> Option<&Node> {
        self.open.last().and_then(|nodes| nodes.last())
    }

    fn take(&mut self, tag: Tag, kind: Kind) -> Result<Node> {
        let offset = self.items;
        match self.next() {
            Some(node) if node.tag == tag => {
                let found = node.kind.map_or(0, |k| k as u8);
                if found != kind as u8 {
                    let wrong = ErrorKind::WrongType { expected: kind, found };
                    return Err(Error::at(wrong, tag, offset));
                }
            }
            _ => return Err(Error::at(ErrorKind::Missing, tag, offset)),
        }
        self.items += 1;
        let node = self.open.last_mut().and_then(Vec::pop);
        node.ok_or(Error::at(ErrorKind::Missing, tag, offset))
    }

    fn parsed<T>(&mut self, tag: Tag, kind: Kind, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let offset = self.items;
        let node = self.take(tag, kind)?;
        parse(&node.value).ok_or(Error::at(ErrorKind::Value, tag, offset))
    }
}

fn hex_digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

fn parse_u32(text: &str) -> Option<u32> {
    match hex_digits(text) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_i32(text: &str) -> Option<i32> {
    text.parse().ok().or_else(|| parse_u32(text).map(u32::cast_signed))
}

fn parse_i64(text: &str) -> Option<i64> {
    match hex_digits(text) {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

fn parse_date(text: &str) -> Option<i64> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
    date.or_else(|| parse_i64(text))
}

fn parse_micros(text: &str) -> Option<i64> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok();
    date.and_then(|d| i64::try_from(d.unix_timestamp_nanos() / 1000).ok()).or_else(|| parse_i64(text))
}

fn parse_mask(text: &str, by_name: ByName) -> Option<i32> {
    let parts = text.split([' ', '|']).filter(|part| !part.is_empty());
    let mut bits = parts.map(|part| by_name(part).or_else(|| parse_i32(part).map(i32::cast_unsigned)));
    bits.try_fold(0, |all, bit| bit.map(|b| all | b)).map(u32::cast_signed)
}

impl Source for XmlSource {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn peek(&self) -> Option<Tag> {
        self.next().map(|node| node.tag)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.next().and_then(|node| node.kind)
    }

    fn offset(&self) -> usize {
        self.items
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let mut node = self.take(tag, Kind::Structure)?;
        node.children.reverse();
        self.open.push(node.children);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        match self.peek() {
            Some(tag) => Err(Error::at(ErrorKind::Unexpected, tag, self.items)),
            None => {
                self.open.pop();
                Ok(())
            }
        }
    }

    fn integer(&mut self, tag: Tag) -> Result<i32> {
        self.parsed(tag, Kind::Integer, parse_i32)
    }

    fn long_integer(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::LongInteger, parse_i64)
    }

    fn big_integer(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.parsed(tag, Kind::BigInteger, |text| {
            let bytes = hex::decode(text).ok()?;
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { 0xff };
            let mut padded = vec![sign; bytes.len().next_multiple_of(8) - bytes.len()];
            padded.extend_from_slice(&bytes);
            Some(padded)
        })
    }

    fn enumeration(&mut self, tag: Tag, by_name: ByName) -> Result<u32> {
        self.parsed(tag, Kind::Enumeration, |text| {
            let other = SPELLINGS.iter().find(|(other, _)| *other == text).map(|(_, name)| *name);
            by_name(text).or_else(|| other.and_then(by_name)).or_else(|| parse_u32(text))
        })
    }

    fn mask(&mut self, tag: Tag, by_name: ByName) -> Result<i32> {
        self.parsed(tag, Kind::Integer, |text| parse_mask(text, by_name))
    }

    fn boolean(&mut self, tag: Tag) -> Result<bool> {
        self.parsed(tag, Kind::Boolean, |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    fn text(&mut self, tag: Tag) -> Result<String> {
        self.take(tag, Kind::TextString).map(|node| node.value)
    }

    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.parsed(tag, Kind::ByteString, |text| hex::decode(text).ok())
    }

    fn date_time(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::DateTime, parse_date)
    }

    fn interval(&mut self, tag: Tag) -> Result<u32> {
        self.parsed(tag, Kind::Interval, parse_u32)
    }

    fn date_time_extended(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::DateTimeExtended, parse_micros)
    }
}
