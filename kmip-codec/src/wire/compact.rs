//! The compact encoding: what the store keeps. It is no encoding of KMIP; the same typed values are written with it in a quarter of
//! the bytes of TTLV. It is written in one version alone, [`STORED`](crate::version::STORED), and what is behind it is under a MAC.
//!
//! ```text
//! item       head, value
//! head       varint: folded tag * 16 + type
//! folded tag 2n for 42nnnn (KMIP), 2n + 1 for 54nnnn (extensions)
//!            any other tag: the byte 0F, the tag as a varint, the type as a byte
//! type       1 to 11 as in TTLV, but 6 is true and 12 false; 13 a text that is a UUID: its 16 bytes
//! value      Integer, Long Integer, Date-Time, Date-Time Extended   varint, zigzag
//!            Enumeration, Interval                                  varint
//!            Boolean                                                nothing
//!            Text String, Byte String, Big Integer                  length as a varint, bytes
//!            Structure                                              items, then the byte 00
//! varint     seven bits a byte, the lowest first; the highest bit says that more follow
//! ```

mod source;

pub use source::CompactSource;

use super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::version::{STORED, Version};

/// The end of a structure.
const END: u8 = 0;
/// A Boolean that is false; `Kind::Boolean` is one that is true.
const FALSE: u8 = 12;
/// A Text String that is a UUID in lower case.
const UUID: u8 = 13;
/// What stands before a tag that does not fold.
const WIDE: u8 = 15;
/// The bytes of a UUID.
const UUID_BYTES: usize = 16;
/// Where the hyphens of its text stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Writes the compact encoding.
pub struct CompactSink(Vec<u8>);

impl CompactSink {
    /// Behind these bytes.
    pub fn behind(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn head(&mut self, tag: Tag, kind: u8) {
        let number = u64::from(tag.0 & 0xffff) << 1;
        match tag.0 >> 16 {
            0x42 => self.varint(number << 4 | u64::from(kind)),
            0x54 => self.varint((number | 1) << 4 | u64::from(kind)),
            _ => {
                self.0.push(WIDE);
                self.varint(u64::from(tag.0));
                self.0.push(kind);
            }
        }
    }

    fn blob(&mut self, tag: Tag, kind: Kind, value: &[u8]) {
        self.head(tag, kind as u8);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn number(&mut self, tag: Tag, kind: Kind, value: i64) {
        self.head(tag, kind as u8);
        self.signed(value);
    }
}

impl Sink for CompactSink {
    fn version(&self) -> Version {
        STORED
    }

    fn open(&mut self, tag: Tag) {
        self.head(tag, Kind::Structure as u8);
    }

    fn close(&mut self) {
        self.0.push(END);
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.number(tag, Kind::Integer, value.into());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::LongInteger, value);
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.blob(tag, Kind::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, _name: ValueName<'_>) {
        self.head(tag, Kind::Enumeration as u8);
        self.varint(value.into());
    }

    fn mask(&mut self, tag: Tag, value: i32, _names: BitNames) {
        self.integer(tag, value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.head(tag, if value { Kind::Boolean as u8 } else { FALSE });
    }

    fn text(&mut self, tag: Tag, value: &str) {
        match uuid_bytes(value) {
            Some(bytes) => {
                self.head(tag, UUID);
                self.0.extend_from_slice(&bytes);
            }
            None => self.blob(tag, Kind::TextString, value.as_bytes()),
        }
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.blob(tag, Kind::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::DateTime, value);
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.head(tag, Kind::Interval as u8);
        self.varint(value.into());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::DateTimeExtended, value);
    }
}

/// The bytes of a UUID, of a text that is written as one and could not be told from it when it is read back.
fn uuid_bytes(text: &str) -> Option<[u8; UUID_BYTES]> {
    let text = text.as_bytes();
    if text.len() != 36 || HYPHENS.iter().any(|at| text.get(*at) != Some(&b'-')) {
        return None;
    }
    let mut digits = text.iter().enumerate().filter(|(at, _)| !HYPHENS.contains(at)).map(|(_, digit)| digit);
    let mut digit = || match digits.next()? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; UUID_BYTES];
    for byte in &mut bytes {
        *byte = digit()? << 4 | digit()?;
    }
    Some(bytes)
}

/// The text of a UUID.
fn uuid_text(bytes: &[u8; UUID_BYTES]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    let mut text = String::with_capacity(36);
    for byte in bytes {
        if HYPHENS.contains(&text.len()) {
            text.push('-');
        }
        text.extend([digit(byte >> 4), digit(byte & 0xf)]);
    }
    text
}
