//! The log text of a message: one line, in which no byte of a key and no password can stand.
//!
//! It redacts by type: every byte string and big integer becomes its length, whatever its tag; and by tag: so does every
//! value of a [secret](super::secrecy), whatever its type.

use super::secrecy::{is_secret, is_secret_number};
use super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::version::Version;
use std::fmt::Write as _;

/// A text longer than this is cut in the log, in characters.
const TEXT_CHARACTERS_MAX: usize = 200;

/// Writes the log text.
pub struct LogSink {
    version: Version,
    later_fields: bool,
    out: String,
}

impl LogSink {
    /// An empty text.
    pub fn new(version: Version) -> Self {
        Self { version, later_fields: false, out: String::new() }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    fn leaf(&mut self, tag: Tag, value: impl std::fmt::Display) {
        self.space();
        let _ = write!(self.out, "{tag}={value}");
    }

    fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('{') {
            self.out.push(' ');
        }
    }

    /// A number, or nothing but its length where it may be of a secret.
    fn number(&mut self, tag: Tag, kind: Kind, length: usize, value: impl std::fmt::Display) {
        match is_secret_number(tag) {
            true => self.length(tag, kind, length),
            false => self.leaf(tag, value),
        }
    }

    fn length(&mut self, tag: Tag, kind: Kind, length: usize) {
        self.leaf(tag, format_args!("[{length} bytes of {kind:?}]"));
    }
}

impl Sink for LogSink {
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
        self.space();
        let _ = write!(self.out, "{tag}{{");
    }

    fn close(&mut self) {
        self.out.push('}');
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.number(tag, Kind::Integer, 4, value);
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::LongInteger, 8, value);
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.length(tag, Kind::BigInteger, value.len());
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>) {
        match name(self.version) {
            Some(name) => self.leaf(tag, name),
            None if is_secret(tag) => self.length(tag, Kind::Enumeration, 4),
            None => self.leaf(tag, format_args!("0x{value:x}")),
        }
    }

    fn mask(&mut self, tag: Tag, value: i32, names: BitNames) {
        let bits = value.cast_unsigned();
        let names = names(self.version).into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| name);
        self.leaf(tag, names.collect::<Vec<_>>().join("|"));
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.leaf(tag, value);
    }

    fn text(&mut self, tag: Tag, value: &str) {
        if is_secret(tag) {
            return self.length(tag, Kind::TextString, value.len());
        }
        let shown: String = value.chars().take(TEXT_CHARACTERS_MAX).collect();
        self.leaf(tag, format_args!("{shown:?}"));
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.length(tag, Kind::ByteString, value.len());
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::DateTime, 8, value);
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.number(tag, Kind::Interval, 4, value);
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.number(tag, Kind::DateTimeExtended, 8, value);
    }
}
