//! Writing TTLV.

use super::super::buffer::Buffer;
use super::super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::limits::ITEM_HEADER_BYTES;
use crate::version::Version;

/// Writes TTLV. Structure lengths are filled in when a structure closes.
pub struct BinarySink {
    version: Version,
    later_fields: bool,
    out: Buffer,
    /// Where the items begin of the structure that was opened last, and 0 where none is open. In the place of its length
    /// stands, until it is closed, the same of the one around it.
    open: u32,
}

/// The bytes of a length.
const LENGTH_BYTES: usize = 4;

impl BinarySink {
    /// An empty message of this version.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, out: Buffer::new(), open: 0 }
    }

    /// An empty message of this version, with room for so many bytes: where they are known, nothing is copied.
    pub fn with_capacity(version: Version, bytes: usize) -> Self {
        Self { version, later_fields: false, out: Buffer::with_capacity(bytes), open: 0 }
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub fn finish(self) -> Vec<u8> {
        debug_assert!(self.open == 0, "a structure was left open");
        self.out.finish()
    }

    /// An item of any length.
    fn item(&mut self, tag: Tag, kind: Kind, value: &[u8]) {
        let padding = value.len().next_multiple_of(8) - value.len();
        self.out.reserve(ITEM_HEADER_BYTES + value.len() + padding);
        self.out.put(&head(tag, kind, u32::try_from(value.len()).unwrap_or(u32::MAX)));
        self.out.put(value);
        self.out.put_zeros(padding);
    }

    /// An item of four bytes.
    fn four(&mut self, tag: Tag, kind: Kind, value: [u8; 4]) {
        let [t, a, g, k, _, _, _, _] = head(tag, kind, 4);
        let [a0, a1, a2, a3] = value;
        self.out.put(&[t, a, g, k, 0, 0, 0, 4, a0, a1, a2, a3, 0, 0, 0, 0]);
    }

    /// An item of eight bytes.
    fn eight(&mut self, tag: Tag, kind: Kind, value: [u8; 8]) {
        let both =
            u128::from(u64::from_be_bytes(head(tag, kind, 8))) << 64 | u128::from(u64::from_be_bytes(value));
        self.out.put(&both.to_be_bytes());
    }
}

/// What stands before a value.
fn head(tag: Tag, kind: Kind, length: u32) -> [u8; ITEM_HEADER_BYTES] {
    let all = u64::from(tag.0) << 40 | u64::from(kind as u8) << 32 | u64::from(length);
    all.to_be_bytes()
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
        self.out.put(&head(tag, Kind::Structure, self.open));
        self.open = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
    }

    fn close(&mut self) {
        let start = self.open as usize;
        let Some(place) = start.checked_sub(LENGTH_BYTES) else { return };
        let length = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.open = u32::from_be_bytes(self.out.patch(place, length.to_be_bytes()).unwrap_or_default());
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.four(tag, Kind::Integer, value.to_be_bytes());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.eight(tag, Kind::LongInteger, value.to_be_bytes());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, _name: ValueName<'_>) {
        self.four(tag, Kind::Enumeration, value.to_be_bytes());
    }

    fn mask(&mut self, tag: Tag, value: i32, _names: BitNames) {
        self.integer(tag, value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.eight(tag, Kind::Boolean, u64::from(value).to_be_bytes());
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.item(tag, Kind::TextString, value.as_bytes());
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.eight(tag, Kind::DateTime, value.to_be_bytes());
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.four(tag, Kind::Interval, value.to_be_bytes());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.eight(tag, Kind::DateTimeExtended, value.to_be_bytes());
    }
}
