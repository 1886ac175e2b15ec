//! The two interfaces between typed messages and encodings: a [`Sink`] takes values, a [`Source`] gives them.
//!
//! An encoding implements one or both, once; it knows items and their types, nothing of operations or attributes.

mod binary;
mod buffer;
mod compact;
mod growing;
mod json;
mod log;
mod node;
mod place;
mod redacted;
mod scalar;
mod secrecy;
mod tree;
mod xml;

pub(crate) use binary::item_offsets;
pub use binary::{BinarySink, BinarySource, Bookmark, LengthSink, frame_length};
pub use compact::{CompactSink, CompactSource};
pub use json::JsonSink;
pub use log::LogSink;
pub use place::Place;
pub(crate) use place::Received;
pub use redacted::{Fingerprint, RedactedSink, SECRET, SPELT};
pub(crate) use scalar::Dialect;
pub(crate) use tree::Document;
pub use tree::TextSource;
pub use xml::XmlSink;

use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::near::nearest;
use crate::version::Version;

/// The types of items (KMIP 2.1, 10.1.2), with their type byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Items inside an item.
    Structure = 1,
    /// 32 bits, signed.
    Integer = 2,
    /// 64 bits, signed.
    LongInteger = 3,
    /// Two's complement, a multiple of 8 bytes.
    BigInteger = 4,
    /// 32 bits, one of a table.
    Enumeration = 5,
    /// 0 or 1, in 8 bytes.
    Boolean = 6,
    /// UTF-8.
    TextString = 7,
    /// Any bytes.
    ByteString = 8,
    /// Seconds since 1970, signed, 64 bits.
    DateTime = 9,
    /// Seconds, unsigned, 32 bits.
    Interval = 10,
    /// Microseconds since 1970, signed, 64 bits (from KMIP 2.0).
    DateTimeExtended = 11,
}

impl Kind {
    /// Every type, by type byte from 1 up.
    pub const ALL: [Kind; 11] = [
        Kind::Structure,
        Kind::Integer,
        Kind::LongInteger,
        Kind::BigInteger,
        Kind::Enumeration,
        Kind::Boolean,
        Kind::TextString,
        Kind::ByteString,
        Kind::DateTime,
        Kind::Interval,
        Kind::DateTimeExtended,
    ];

    /// The type of a type byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        usize::from(byte).checked_sub(1).and_then(|place| Self::ALL.get(place)).copied()
    }

    /// The name as XML and JSON spell it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Structure => "Structure",
            Kind::Integer => "Integer",
            Kind::LongInteger => "LongInteger",
            Kind::BigInteger => "BigInteger",
            Kind::Enumeration => "Enumeration",
            Kind::Boolean => "Boolean",
            Kind::TextString => "TextString",
            Kind::ByteString => "ByteString",
            Kind::DateTime => "DateTime",
            Kind::Interval => "Interval",
            Kind::DateTimeExtended => "DateTimeExtended",
        }
    }

    /// The type of a name, or of its type byte in hex.
    pub fn by_name(name: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == name);
        named.or_else(|| Self::from_byte(u8::try_from(scalar::hex_u32(name)?).ok()?))
    }
}

/// How a message is written down for its way over the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// TTLV (KMIP 2.1, 10.1).
    Ttlv,
    /// JSON (KMIP Profiles, JSON profile).
    Json,
    /// XML (KMIP Profiles, XML profile).
    Xml,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Encoding; 3] = [Encoding::Ttlv, Encoding::Json, Encoding::Xml];

    /// How it is read, where it is text.
    pub(crate) fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Ttlv => None,
            Self::Json => Some(json::JSON),
            Self::Xml => Some(xml::XML),
        }
    }
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ttlv => "TTLV",
            Self::Json => "JSON",
            Self::Xml => "XML",
        })
    }
}

/// The names of an enumeration or a mask, where an encoding spells them out.
#[derive(Clone, Copy)]
pub struct Names {
    /// The number of a name.
    pub number: fn(&str) -> Option<u32>,
    /// The names that a version has.
    pub all: fn(Version) -> Vec<&'static str>,
    /// Whether they are those of one table: what stands there is then meant to be one of them.
    pub is_table: bool,
}

impl Names {
    /// Of what has no names.
    pub const NONE: Self = Self { number: |_| None, all: |_| Vec::new(), is_table: false };

    /// Of one table.
    pub const fn of(number: fn(&str) -> Option<u32>, all: fn(Version) -> Vec<&'static str>) -> Self {
        Self { number, all, is_table: true }
    }

    /// The name of this version that is nearest to one that is not known.
    pub fn near(self, wrong: &str, version: Version) -> Option<&'static str> {
        nearest(wrong, (self.all)(version))
    }
}

/// How a message is read beyond the letter of the encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// Whether a batch item that cannot be read fails alone, where the message goes on behind it.
    pub items_alone: bool,
    /// Whether fields are taken that belong to a later minor version of the same major one, and bits of masks that belong to
    /// any later one.
    pub later_fields: bool,
    /// Whether masks are refused that have bits which nothing defines: neither the version of the message nor an earlier
    /// one, nor a later one where its fields are taken.
    pub known_bits: bool,
    /// Whether attributes are refused that have no value, which Notify alone has, and the server sends it; and keys that have
    /// none, before KMIP 1.2.
    pub with_values: bool,
    /// Whether NUL bytes at the end of texts are taken off (TTLV alone).
    pub strips_nuls: bool,
}

/// The bits of a mask and their names in a version.
pub type BitNames = fn(Version) -> Vec<(u32, &'static str)>;

/// The name of an enumeration's value in a version: asked for where names are written.
pub type ValueName<'n> = &'n dyn Fn(Version) -> Option<&'static str>;

/// Where values go.
pub trait Sink {
    /// The version that decides which fields are written.
    fn version(&self) -> Version;
    /// Whether fields of later minor versions are written too: those of a request that was read with them.
    fn later_fields(&self) -> bool {
        false
    }
    /// Writes them from here on.
    fn write_later_fields(&mut self) {}
    /// Begins a structure; each `open` has its `close`.
    fn open(&mut self, tag: Tag);
    /// Ends the structure that was opened last.
    fn close(&mut self);
    /// Writes an Integer.
    fn integer(&mut self, tag: Tag, value: i32);
    /// Writes a Long Integer.
    fn long_integer(&mut self, tag: Tag, value: i64);
    /// Writes a Big Integer: two's complement, big-endian, a multiple of 8 bytes.
    fn big_integer(&mut self, tag: Tag, value: &[u8]);
    /// Writes an Enumeration, with its name where the table has one.
    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>);
    /// Writes a mask: an Integer whose bits have names.
    fn mask(&mut self, tag: Tag, value: i32, names: BitNames);
    /// Writes a Boolean.
    fn boolean(&mut self, tag: Tag, value: bool);
    /// Writes a Text String.
    fn text(&mut self, tag: Tag, value: &str);
    /// Writes a Byte String.
    fn bytes(&mut self, tag: Tag, value: &[u8]);
    /// Writes a Date-Time in seconds since 1970.
    fn date_time(&mut self, tag: Tag, value: i64);
    /// Writes an Interval in seconds.
    fn interval(&mut self, tag: Tag, value: u32);
    /// Writes a Date-Time Extended in microseconds since 1970.
    fn date_time_extended(&mut self, tag: Tag, value: i64);
}

/// Where values come from.
pub trait Source {
    /// The version that decides which fields are expected.
    fn version(&self) -> Version;
    /// Sets the version, once the header has told it.
    fn set_version(&mut self, version: Version);
    /// How much is taken beyond the letter.
    fn reading(&self) -> Reading;
    /// The error for an item of the open structure that was found and cannot be read there.
    fn unreadable(&self, kind: ErrorKind) -> Error;
    /// Where the open structure begins.
    fn begin(&self) -> usize;
    /// Whether this tag stands in the open structure before the next item.
    fn stood(&self, tag: Tag) -> bool;
    /// Whether this tag stands in the open structure at the next item or behind it.
    fn follows(&self, tag: Tag) -> bool;
    /// How many structures are open.
    fn depth(&self) -> usize;
    /// Goes back to the structure at this depth, after something in it could not be read: to an item that may have been
    /// read already.
    fn resume(&mut self, depth: usize);
    /// Passes the next item of the open structure by; false at its end, or where no whole item stands.
    fn skip(&mut self) -> bool;
    /// Leaves the open structure, whatever of it was read.
    fn abandon(&mut self);
    /// The next item, to come back to; none where what is read is gone.
    fn bookmark(&self) -> Option<Bookmark> {
        None
    }
    /// Goes back to an item of a structure that is still open.
    fn return_to(&mut self, _: Bookmark) {}
    /// The tag of the next item of the structure that is open; `None` at its end.
    fn peek(&self) -> Option<Tag>;
    /// The type of the next item; `None` at the end of the structure, or where the type is not known.
    fn peek_kind(&self) -> Option<Kind>;
    /// Where the next item stands, for errors.
    fn offset(&self) -> usize;
    /// Enters a structure.
    fn open(&mut self, tag: Tag) -> Result<()>;
    /// Enters the next item though something is wrong with it, for what can be read of it: as far as is told apart it ends
    /// where the item does. False where that is not known.
    fn open_unsound(&mut self) -> bool;
    /// Leaves the structure, which must have been read to its end.
    fn close(&mut self) -> Result<()>;
    /// Reads an Integer.
    fn integer(&mut self, tag: Tag) -> Result<i32>;
    /// Reads a Long Integer.
    fn long_integer(&mut self, tag: Tag) -> Result<i64>;
    /// Reads a Big Integer: two's complement, big-endian, a multiple of 8 bytes.
    fn big_integer(&mut self, tag: Tag) -> Result<Vec<u8>>;
    /// Reads an Enumeration.
    fn enumeration(&mut self, tag: Tag, names: Names) -> Result<u32>;
    /// Reads a mask.
    fn mask(&mut self, tag: Tag, names: Names) -> Result<i32>;
    /// Reads a Boolean.
    fn boolean(&mut self, tag: Tag) -> Result<bool>;
    /// Reads a Text String.
    fn text(&mut self, tag: Tag) -> Result<String>;
    /// Reads a Text String of which nothing is kept.
    fn text_ref(&mut self, tag: Tag) -> Result<&str>;
    /// Reads a Byte String.
    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>>;
    /// Reads a Date-Time in seconds since 1970.
    fn date_time(&mut self, tag: Tag) -> Result<i64>;
    /// Reads an Interval in seconds.
    fn interval(&mut self, tag: Tag) -> Result<u32>;
    /// Reads a Date-Time Extended in microseconds since 1970.
    fn date_time_extended(&mut self, tag: Tag) -> Result<i64>;
}

/// The error where a field must stand and something else, or nothing, is found.
pub fn missing(src: &dyn Source, expected: Tag) -> Error {
    let Some(found) = src.peek() else {
        return Error::at(ErrorKind::Missing { found: None }, expected, src.begin());
    };
    let kind = match () {
        () if src.stood(found) => ErrorKind::Repeated,
        () if !found.is_in(src.version()) => ErrorKind::Unexpected { expected: Some(expected) },
        () if src.follows(expected) => ErrorKind::OutOfOrder { expected: Some(expected), before: None },
        () => {
            let kind = ErrorKind::Missing { found: Some(found) };
            return Error { tag: Some(expected), ..src.unreadable(kind) };
        }
    };
    src.unreadable(kind)
}

/// Refuses the next item where it has none of the types of which it may have one.
pub fn expect_kind(src: &dyn Source, expected: &'static [Kind]) -> Result<()> {
    match src.peek_kind() {
        Some(found) if !expected.contains(&found) => {
            Err(src.unreadable(ErrorKind::WrongTypes { expected, found }))
        }
        _ => Ok(()),
    }
}

/// The error where a structure should end and something else is found.
pub fn leftover(src: &dyn Source, found: Tag) -> Error {
    let kind = if src.stood(found) { ErrorKind::Repeated } else { ErrorKind::Unexpected { expected: None } };
    src.unreadable(kind)
}

/// Leaves the open structure, which has these fields and must have been read to its end.
pub fn close(src: &mut dyn Source, fields: &[Tag]) -> Result<()> {
    let closed = src.close();
    closed.map_err(|error| match (error.kind, error.tag) {
        (ErrorKind::Unexpected { expected }, Some(found)) if fields.contains(&found) => {
            let before = fields.iter().skip_while(|tag| **tag != found).skip(1).find(|tag| src.stood(**tag));
            Error { kind: ErrorKind::OutOfOrder { expected, before: before.copied() }, ..error }
        }
        _ => error,
    })
}
