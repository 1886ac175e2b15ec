//! Writing TTLV.

use super::super::buffer::Buffer;
use super::super::{BitNames, Kind, Sink};
use crate::Tag;
use crate::version::Version;

/// Writes TTLV. Structure lengths are filled in when a structure closes.
pub struct BinarySink {
    version: Version,
    later_fields: bool,
    out: Buffer,
    open: Vec<usize>,
}

impl BinarySink {
    /// An empty message of this version.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, out: Buffer::new(), open: Vec::new() }
    }

    /// An empty message of this version, with room for so many bytes: where they are known, nothing is copied.
    pub fn with_capacity(version: Version, bytes: usize) -> Self {
        Self { version, later_fields: false, out: Buffer::with_capacity(bytes), open: Vec::new() }
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub fn finish(self) -> Vec<u8> {
        debug_assert!(self.open.is_empty(), "a structure was left open");
        self.out.finish()
    }

    fn head(&mut self, tag: Tag, kind: Kind, length: usize) {
        let [_, tag @ ..] = tag.0.to_be_bytes();
        self.out.put(&tag);
        self.out.put(&[kind as u8]);
        self.out.put(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn item(&mut self, tag: Tag, kind: Kind, value: &[u8]) {
        self.head(tag, kind, value.len());
        self.out.put(value);
        self.out.put_zeros(value.len().next_multiple_of(8) - value.len());
    }
}

impl Sink for BinarySink {
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
        self.head(tag, Kind::Structure, 0);
        self.open.push(self.out.len());
    }

    fn close(&mut self) {
        let Some(start) = self.open.pop() else { return };
        let length = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out.patch(start - 4, &length.to_be_bytes());
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.item(tag, Kind::Integer, &value.to_be_bytes());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::LongInteger, &value.to_be_bytes());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, _name: Option<&'static str>) {
        self.item(tag, Kind::Enumeration, &value.to_be_bytes());
    }

    fn mask(&mut self, tag: Tag, value: i32, _names: BitNames) {
        self.integer(tag, value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.item(tag, Kind::Boolean, &u64::from(value).to_be_bytes());
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.item(tag, Kind::TextString, value.as_bytes());
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::DateTime, &value.to_be_bytes());
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.item(tag, Kind::Interval, &value.to_be_bytes());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::DateTimeExtended, &value.to_be_bytes());
    }
}
