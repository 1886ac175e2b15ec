//! XML of a message in which no secret stands: what can be kept of an exchange, to be read and to be asked again.
//!
//! It redacts by type and by tag, as the log text does: a byte string, a big integer and a secret text become
//! `$secret:LENGTH:FINGERPRINT`, whatever their tag, but for the few of [`PUBLIC`]. Equal secrets have equal fingerprints,
//! so that who asks again can put one value for all of them. A number in the place of a secret becomes 0.

use super::secrecy::{is_secret, is_secret_number};
use super::xml::XmlSink;
use super::{BitNames, Kind, Sink, ValueName};
use crate::Tag;
use crate::version::Version;

/// Byte strings that are no secrets, and without which the message would mean something else.
const PUBLIC: &[Tag] = &[Tag::UniqueBatchItemID, Tag::CertificateValue];

/// What stands for a secret, beside its length. It must not tell the secret: a keyed digest.
pub type Fingerprint<'f> = &'f dyn Fn(&[u8]) -> String;

/// What begins a value that stands for a secret.
pub const SECRET: &str = "$secret:";

/// What begins a text that is spelt in hexadecimal, because XML has no way to write it, or because it begins as a
/// secret does.
pub const SPELT: &str = "$text:";

/// Writes redacted XML.
pub struct RedactedSink<'f> {
    xml: XmlSink,
    fingerprint: Fingerprint<'f>,
    bytes_max: usize,
    /// How many structures were opened since nothing more is written.
    left_out: usize,
    whole: bool,
}

impl<'f> RedactedSink<'f> {
    /// An empty document that stops soon after it has grown to this many bytes.
    pub fn new(version: Version, fingerprint: Fingerprint<'f>, bytes_max: usize) -> Self {
        Self { xml: XmlSink::new(version), fingerprint, bytes_max, left_out: 0, whole: true }
    }

    /// What was written, and whether it is all.
    pub fn finish(self) -> (String, bool) {
        (String::from_utf8(self.xml.finish()).unwrap_or_default(), self.whole)
    }

    /// Whether there is no room for an item of this many bytes.
    fn is_full(&mut self, bytes: usize) -> bool {
        let full = self.xml.written() + bytes > self.bytes_max;
        self.whole &= !full;
        full
    }

    fn secret(&mut self, tag: Tag, kind: Kind, value: &[u8]) {
        if !self.is_full(0) {
            let value = format!("{SECRET}{}:{}", value.len(), (self.fingerprint)(value));
            self.xml.leaf(tag, kind, &value);
        }
    }
}

/// Passes what is no secret on.
macro_rules! pass {
    ($($method:ident($($name:ident: $ty:ty),*);)*) => {
        $(fn $method(&mut self, tag: Tag, $($name: $ty),*) {
            if !self.is_full(0) {
                self.xml.$method(tag, $($name),*);
            }
        })*
    };
}

/// Passes numbers on, but those that may be of a secret.
macro_rules! numbers {
    ($($method:ident(value: $ty:ty $(, $name:ident: $more:ty)*);)*) => {
        $(fn $method(&mut self, tag: Tag, value: $ty $(, $name: $more)*) {
            let value = if is_secret_number(tag) { 0 } else { value };
            if !self.is_full(0) {
                self.xml.$method(tag, value $(, $name)*);
            }
        })*
    };
}

impl Sink for RedactedSink<'_> {
    pass! {
        boolean(value: bool);
    }

    numbers! {
        integer(value: i32);
        long_integer(value: i64);
        date_time(value: i64);
        interval(value: u32);
        date_time_extended(value: i64);
        mask(value: i32, names: BitNames);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>) {
        let value = if is_secret(tag) && name(self.version()).is_none() { 0 } else { value };
        if !self.is_full(0) {
            self.xml.enumeration(tag, value, name);
        }
    }

    fn version(&self) -> Version {
        self.xml.version()
    }

    fn later_fields(&self) -> bool {
        self.xml.later_fields()
    }

    fn write_later_fields(&mut self) {
        self.xml.write_later_fields();
    }

    fn open(&mut self, tag: Tag) {
        if self.left_out > 0 || self.is_full(0) {
            self.left_out += 1;
        } else {
            self.xml.open(tag);
        }
    }

    fn close(&mut self) {
        if self.left_out > 0 {
            self.left_out -= 1;
        } else {
            self.xml.close();
        }
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.secret(tag, Kind::BigInteger, value);
    }

    fn text(&mut self, tag: Tag, value: &str) {
        if is_secret(tag) {
            return self.secret(tag, Kind::TextString, value.as_bytes());
        }
        if self.is_full(value.len()) {
            return;
        }
        if value.starts_with('$') || !value.chars().all(is_writable) {
            return self.xml.leaf(tag, Kind::TextString, &format!("{SPELT}{}", hex::encode(value)));
        }
        self.xml.text(tag, value);
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        if !PUBLIC.contains(&tag) {
            return self.secret(tag, Kind::ByteString, value);
        }
        if !self.is_full(2 * value.len()) {
            self.xml.bytes(tag, value);
        }
    }
}

/// The characters of XML 1.0, and no others that a terminal would obey.
fn is_writable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}
