//! The values that the item types become in Rust.

use crate::Tag;
use crate::declare::Value;
use crate::enums::{DataReference, UniqueIdentifierReference};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::{SecretBytes, SecretText};
use crate::version::{V2_0, Version};
use crate::wire::{Kind, Names, Sink, Source, expect_kind};
use bytes::Bytes;

/// Values whose type has a method of the same shape in both interfaces.
macro_rules! primitives {
    ($($ty:ty, $method:ident, $in:expr, $out:expr;)*) => {$(
        impl Value for $ty {
            fn put(&self, tag: Tag, out: &mut dyn Sink) {
                out.$method(tag, $in(self));
            }

            fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
                src.$method(tag).map($out)
            }
        }
    )*};
}

primitives! {
    i32, integer, |v: &i32| *v, |v| v;
    i64, long_integer, |v: &i64| *v, |v| v;
    bool, boolean, |v: &bool| *v, |v| v;
    String, text, String::as_str, |v| v;
    SecretText, text, SecretText::expose, SecretText::from;
    Bytes, bytes, Bytes::as_ref, Bytes::from;
    SecretBytes, bytes, SecretBytes::expose, SecretBytes::from;
    BigInteger, big_integer, BigInteger::as_bytes, BigInteger::from_bytes;
    DateTime, date_time, |v: &DateTime| v.0, DateTime;
    Interval, interval, |v: &Interval| v.0, Interval;
}

/// Seconds since 1970-01-01 UTC; negative before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct DateTime(pub i64);

/// A span of seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Interval(pub u32);

/// A big integer as the wire has it: two's complement, big-endian, a multiple of 8 bytes. It may be part of a
/// private key, so it is held as a secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BigInteger(pub SecretBytes);

impl BigInteger {
    /// The bytes of the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }

    fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// A non-negative number from its big-endian bytes.
    pub fn from_unsigned(bytes: &[u8]) -> Self {
        let significant =
            bytes.iter().position(|b| *b != 0).map_or(&[][..], |at| bytes.get(at..).unwrap_or_default());
        let sign_byte = usize::from(significant.first().is_none_or(|b| *b & 0x80 != 0));
        let length = (significant.len() + sign_byte).next_multiple_of(8);
        let mut padded = vec![0; length - significant.len()];
        padded.extend_from_slice(significant);
        Self(padded.into())
    }

    /// The big-endian bytes without leading zeros; `None` for a negative number.
    pub fn to_unsigned(&self) -> Option<&[u8]> {
        let bytes = self.0.expose();
        if bytes.first().is_some_and(|b| b & 0x80 != 0) {
            return None;
        }
        let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
        bytes.get(start..)
    }
}

const TAGS: Names = Names {
    number: |name| Tag::by_name(name).map(|tag| tag.0),
    all: |version| Tag::ALL.iter().filter(|tag| tag.is_in(version)).filter_map(|tag| tag.name()).collect(),
    is_table: true,
};

/// A tag as a value: an enumeration of the tags.
impl Value for Tag {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.enumeration(tag, self.0, &|_| self.name());
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        src.enumeration(tag, TAGS).map(Tag)
    }
}

/// A version as a structure of two integers (KMIP 2.1, 9.16).
impl Value for Version {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        out.integer(Tag::ProtocolVersionMajor, i32::from(self.major));
        out.integer(Tag::ProtocolVersionMinor, i32::from(self.minor));
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        src.open(tag)?;
        let number = |tag, src: &mut dyn Source| {
            let offset = src.offset();
            let value = src.integer(tag)?;
            u8::try_from(value).map_err(|_| Error::at(ErrorKind::Value, tag, offset))
        };
        let major = number(Tag::ProtocolVersionMajor, src)?;
        let minor = number(Tag::ProtocolVersionMinor, src)?;
        src.close()?;
        Ok(Self { major, minor })
    }
}

/// How a request or an object names an object (KMIP 2.1, 4.58). 1.x knows the text alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UniqueIdentifier {
    /// The identifier itself.
    Text(String),
    /// The identifier that an earlier item of the batch gave, by operation.
    Reference(UniqueIdentifierReference),
    /// The same by the number of the item, from 0; negative counts back.
    Index(i32),
}

impl Default for UniqueIdentifier {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<String> for UniqueIdentifier {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for UniqueIdentifier {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value for UniqueIdentifier {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        match self {
            Self::Text(text) => out.text(tag, text),
            Self::Reference(reference) => reference.put(tag, out),
            Self::Index(index) => out.integer(tag, *index),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if src.version() < V2_0 {
            return Value::take(tag, src).map(Self::Text);
        }
        expect_kind(src, &[Kind::TextString, Kind::Enumeration, Kind::Integer])?;
        match src.peek_kind() {
            Some(Kind::Enumeration) => Value::take(tag, src).map(Self::Reference),
            Some(Kind::Integer) => Value::take(tag, src).map(Self::Index),
            _ => Value::take(tag, src).map(Self::Text),
        }
    }
}

/// Data to work on, or a reference to the output of an earlier item (KMIP 2.1, 7.9). 1.x knows the bytes alone.
#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    /// The data itself.
    Bytes(SecretBytes),
    /// The output of an earlier item of the batch, by operation.
    Reference(DataReference),
    /// The same by the number of the item, from 0; negative counts back.
    Index(i32),
}

impl Default for Data {
    fn default() -> Self {
        Self::Bytes(SecretBytes::default())
    }
}

impl Value for Data {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        match self {
            Self::Bytes(bytes) => bytes.put(tag, out),
            Self::Reference(reference) => reference.put(tag, out),
            Self::Index(index) => out.integer(tag, *index),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if src.version() < V2_0 {
            return Value::take(tag, src).map(Self::Bytes);
        }
        expect_kind(src, &[Kind::ByteString, Kind::Enumeration, Kind::Integer])?;
        match src.peek_kind() {
            Some(Kind::Enumeration) => Value::take(tag, src).map(Self::Reference),
            Some(Kind::Integer) => Value::take(tag, src).map(Self::Index),
            _ => Value::take(tag, src).map(Self::Bytes),
        }
    }
}
