//! How long TTLV would be, without writing it.

use super::super::{BitNames, Sink, ValueName};
use crate::Tag;
use crate::declare::Value;
use crate::limits::ITEM_HEADER_BYTES;
use crate::version::Version;

/// Counts the bytes of TTLV that a [`BinarySink`](super::BinarySink) would write.
pub struct LengthSink {
    version: Version,
    later_fields: bool,
    length: usize,
    items: usize,
}

/// What every value of a fixed length takes, its padding included.
const FIXED_BYTES: usize = 8;

impl LengthSink {
    /// Nothing yet, in this version.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, length: 0, items: 0 }
    }

    /// How many bytes of TTLV a value has under this tag in a version, and how many structures and values that is.
    pub fn of(tag: Tag, value: &impl Value, version: Version) -> (usize, usize) {
        let mut sink = Self::new(version);
        value.put(tag, &mut sink);
        (sink.length, sink.items)
    }

    /// The bytes of all that was put.
    pub fn finish(self) -> usize {
        self.length
    }

    fn item(&mut self, value: usize) {
        self.items += 1;
        self.length += ITEM_HEADER_BYTES + value.next_multiple_of(8);
    }
}

impl Sink for LengthSink {
    fn version(&self) -> Version {
        self.version
    }

    fn later_fields(&self) -> bool {
        self.later_fields
    }

    fn write_later_fields(&mut self) {
        self.later_fields = true;
    }

    fn open(&mut self, _: Tag) {
        self.items += 1;
        self.length += ITEM_HEADER_BYTES;
    }

    fn close(&mut self) {}

    fn integer(&mut self, _: Tag, _: i32) {
        self.item(FIXED_BYTES);
    }

    fn long_integer(&mut self, _: Tag, _: i64) {
        self.item(FIXED_BYTES);
    }

    fn big_integer(&mut self, _: Tag, value: &[u8]) {
        self.item(value.len());
    }

    fn enumeration(&mut self, _: Tag, _: u32, _: ValueName<'_>) {
        self.item(FIXED_BYTES);
    }

    fn mask(&mut self, _: Tag, _: i32, _: BitNames) {
        self.item(FIXED_BYTES);
    }

    fn boolean(&mut self, _: Tag, _: bool) {
        self.item(FIXED_BYTES);
    }

    fn text(&mut self, _: Tag, value: &str) {
        self.item(value.len());
    }

    fn bytes(&mut self, _: Tag, value: &[u8]) {
        self.item(value.len());
    }

    fn date_time(&mut self, _: Tag, _: i64) {
        self.item(FIXED_BYTES);
    }

    fn interval(&mut self, _: Tag, _: u32) {
        self.item(FIXED_BYTES);
    }

    fn date_time_extended(&mut self, _: Tag, _: i64) {
        self.item(FIXED_BYTES);
    }
}
