//! The XML encoding (KMIP Profiles 2.1, XML profile): what the test cases and the HTTPS profile are written in.
//!
//! An item is an element named as its tag, or `TTLV` with a `tag` attribute where the tag has no name; `type`
//! and `value` are attributes, a structure has neither. There are no DTDs, no entities of one's own, no text between
//! elements.

use super::buffer::Buffer;
use super::growing::{Growing, syntax_at};
use super::node::Node;
use super::scalar::{Dialect, Scalar, date_text, hex_tag, mask_text};
use super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::error::{Form, Result};
use crate::version::Version;
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Writes XML.
pub struct XmlSink {
    version: Version,
    later_fields: bool,
    out: Buffer,
    open: Vec<Tag>,
}

impl XmlSink {
    /// An empty document of this version.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, out: Buffer::new(), open: Vec::new() }
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub fn finish(self) -> Vec<u8> {
        self.out.finish()
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.out.put(b"  ");
        }
    }

    /// How many bytes stand there already.
    pub(super) fn written(&self) -> usize {
        self.out.len()
    }

    pub(super) fn leaf(&mut self, tag: Tag, kind: Kind, value: &str) {
        self.indent();
        let _ = match tag.name() {
            Some(name) => write!(self.out, "<{name} type=\"{kind:?}\" value=\""),
            None => write!(self.out, "<TTLV tag=\"0x{:06x}\" type=\"{kind:?}\" value=\"", tag.0),
        };
        self.escaped(value);
        self.out.put(b"\"/>\n");
    }

    /// Escapes what would end or bend an attribute value, line breaks included.
    fn escaped(&mut self, value: &str) {
        let mut rest = value;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\n', '\r', '\t']) {
            let (plain, special) = rest.split_at(at);
            self.out.put(plain.as_bytes());
            let mut characters = special.chars();
            if let Some(special) = characters.next() {
                let _ = write!(self.out, "&#{};", u32::from(special));
            }
            rest = characters.as_str();
        }
        self.out.put(rest.as_bytes());
    }
}

impl Sink for XmlSink {
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
        self.leaf(tag, Kind::BigInteger, &Zeroizing::new(hex::encode(value)));
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>) {
        match name(self.version) {
            Some(name) => self.leaf(tag, Kind::Enumeration, name),
            None => self.leaf(tag, Kind::Enumeration, &format!("0x{value:08x}")),
        }
    }

    fn mask(&mut self, tag: Tag, value: i32, names: BitNames) {
        self.leaf(tag, Kind::Integer, &mask_text(value, &names(self.version), " "));
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.leaf(tag, Kind::Boolean, if value { "true" } else { "false" });
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.leaf(tag, Kind::TextString, value);
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.leaf(tag, Kind::ByteString, &Zeroizing::new(hex::encode(value)));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.leaf(tag, Kind::DateTime, &date_text(value));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.leaf(tag, Kind::Interval, &value.to_string());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.leaf(tag, Kind::DateTimeExtended, &format!("0x{value:016x}"));
    }
}

/// XML, where an element is an item.
pub(super) const XML: Dialect = Dialect { is_all_text: true, grow };

/// How many attributes an element may have: three are ours, namespaces come on top.
const ATTRIBUTES_MAX: usize = 16;

fn grow(text: &str, growing: &mut Growing) -> Result<()> {
    let mut reader = Reader::from_str(text);
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        match reader.read_event().map_err(|_| syntax_at(offset))? {
            Event::Start(element) => begin(&element, growing.open(offset)?),
            Event::Empty(element) => {
                begin(&element, growing.open(offset)?);
                growing.close(offset)?;
            }
            Event::End(_) => growing.close(offset)?,
            Event::Text(text) if text.chars().all(|c| c.is_ascii_whitespace()) => {}
            Event::Comment(_) => {}
            Event::Decl(_) if text.get(..offset).is_some_and(|before| before.trim().is_empty()) => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::PI(_) => {
                growing.innermost(offset)?.note(Form::Text);
            }
            Event::Eof => return Ok(()),
            _ => return Err(syntax_at(offset)),
        }
    }
}

fn begin(element: &BytesStart<'_>, node: &mut Node) {
    let name = element.local_name();
    let has_name = name.as_ref() != "TTLV";
    if has_name {
        node.set_tag(Tag::by_name(name.as_ref()), name.as_ref());
    }
    for (count, attribute) in element.attributes().enumerate() {
        // Each is compared with those before it.
        if count == ATTRIBUTES_MAX {
            return node.note(Form::TooManyAttributes { most: ATTRIBUTES_MAX });
        }
        let attribute = match attribute {
            Ok(attribute) => attribute,
            Err(AttrError::Duplicated(..)) => {
                node.note(Form::AttributeTwice);
                continue;
            }
            Err(_) => return node.note(Form::Attributes),
        };
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
            node.note(Form::Entity);
            continue;
        };
        match attribute.key.as_ref() {
            "tag" if !has_name => node.set_tag(hex_tag(&value), &value),
            "type" => node.set_kind(&value),
            "value" => node.value = Some(Scalar::Text(Zeroizing::new(value.into_owned()))),
            _ => {}
        }
    }
}
