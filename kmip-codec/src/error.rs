//! Why a message could not be read: a kind, the tag that was found and where it stands.

use crate::Tag;
use crate::clauses::Topic;
use crate::version::Version;
use crate::wire::{Kind, Place};
use std::fmt;

/// A refusal to decode. Small and `Copy`, so that nothing of the message travels with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The tag of the item that was found; of one that is [missing](ErrorKind::Missing), its own.
    pub tag: Option<Tag>,
    /// Where the item that was found begins, in bytes from the start of the message; where nothing was found, where the
    /// structure begins that lacks something.
    pub offset: usize,
}

/// What can be wrong with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The message ends inside an item, or an item goes on behind the end of its structure.
    Truncated,
    /// Bytes follow where the message should have ended.
    Trailing,
    /// A required field is absent.
    Missing {
        /// What stands in its place; none at the end of the structure.
        found: Option<Tag>,
    },
    /// A field that the structure does not have in this version.
    Unexpected {
        /// What must stand in its place, if something must.
        expected: Option<Tag>,
    },
    /// A field that stands there more often than it may.
    Repeated,
    /// A field of the structure that stands in another place than its own.
    OutOfOrder {
        /// What must stand before it.
        expected: Option<Tag>,
    },
    /// The item has another type than its tag asks for.
    WrongType {
        /// The type that the tag asks for.
        expected: Kind,
        /// The type byte that was read.
        found: u8,
    },
    /// A type byte that no type has.
    UnknownType {
        /// The type byte that was read.
        found: u8,
    },
    /// The length does not fit the type.
    Length {
        /// The length that was read, in bytes.
        found: usize,
    },
    /// The padding is not zero.
    Padding,
    /// A boolean that is neither 0 nor 1.
    Boolean,
    /// A text that is not UTF-8.
    Utf8,
    /// A value that its type or its tag does not allow.
    Value,
    /// A count of items that is not theirs.
    Count {
        /// What is announced.
        found: i32,
        /// How many there are.
        items: usize,
    },
    /// A name that no table has.
    Name {
        /// What it is the name of.
        of: Named,
        /// The name that is nearest to it.
        near: Option<&'static str>,
    },
    /// Structures nest deeper than [`DEPTH_MAX`](crate::limits::DEPTH_MAX).
    TooDeep,
    /// More items than [`ITEMS_MAX`](crate::limits::ITEMS_MAX), or more bytes than
    /// [`MESSAGE_BYTES_MAX`](crate::limits::MESSAGE_BYTES_MAX).
    TooLarge,
    /// A protocol version that is not spoken.
    Version(Version),
    /// Not well-formed XML or JSON, or not what KMIP writes in it.
    Syntax,
}

/// What has a name in XML and JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// A field, by its tag.
    Field,
    /// The type of an item.
    Type,
    /// A value of an enumeration, or a bit of a mask.
    Value,
}

/// The result of decoding.
pub type Result<T> = std::result::Result<T, Error>;

impl ErrorKind {
    /// What the specification says about it.
    pub fn topic(self) -> Topic {
        match self {
            Self::Truncated | Self::Length { .. } | Self::Padding => Topic::ItemLength,
            Self::Trailing | Self::Syntax => Topic::Encoding,
            Self::Missing { .. } | Self::Unexpected { .. } | Self::Repeated | Self::OutOfOrder { .. } => {
                Topic::Messages
            }
            Self::Count { .. } | Self::TooDeep => Topic::Messages,
            Self::WrongType { .. } | Self::UnknownType { .. } => Topic::ItemType,
            Self::Boolean | Self::Utf8 | Self::Value => Topic::ItemValue,
            Self::Name { .. } => Topic::ItemTag,
            Self::TooLarge => Topic::General,
            Self::Version(_) => Topic::Versions,
        }
    }

    /// The name without what it tells besides.
    pub fn name(self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
    }
}

impl Error {
    /// An error about a tag at an offset.
    pub fn at(kind: ErrorKind, tag: Tag, offset: usize) -> Self {
        Self { kind, tag: Some(tag), offset }
    }

    /// Whether a field or a value is not known, rather than the message malformed (KMIP 1.4, 11.1). What begins with
    /// neither 0x42 nor 0x54 is no tag (1.4, 9.1.1.1).
    pub fn is_unknown(&self) -> bool {
        let is_tag = self.tag.is_none_or(|tag| matches!(tag.0 >> 16, 0x42 | 0x54));
        is_tag && matches!(self.kind, ErrorKind::Unexpected { .. } | ErrorKind::Name { .. })
    }

    /// The item that was found: not the one that is missing.
    fn found(&self) -> Option<Tag> {
        match self.kind {
            ErrorKind::Missing { found } => found,
            _ => self.tag,
        }
    }

    /// What was found and where, then what was expected.
    fn describe(&self, place: Option<&Place>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe_found(place, f)?;
        match self.kind {
            ErrorKind::Truncated => f.write_str(" ends too early: it is longer than what there is of it"),
            ErrorKind::Trailing => f.write_str(" stands where the message should have ended"),
            ErrorKind::Missing { found: None } => {
                write!(f, " ends without {}, which must stand in it", expected(self.tag))
            }
            ErrorKind::Missing { found: Some(_) } => {
                write!(f, " stands where {} is expected, which is absent", expected(self.tag))
            }
            ErrorKind::Unexpected { expected: None } => {
                f.write_str(" is a field that has no place there in this version")
            }
            ErrorKind::Unexpected { expected: Some(tag) } => {
                write!(f, " is a field that has no place there in this version; expected {tag}")
            }
            ErrorKind::Repeated => f.write_str(" stands there more often than it may"),
            ErrorKind::OutOfOrder { expected: None } => f.write_str(" is out of order"),
            ErrorKind::OutOfOrder { expected: Some(tag) } => {
                write!(f, " is out of order; expected {tag} before it")
            }
            ErrorKind::WrongType { expected, found } => {
                write!(f, " has type {}; expected type {}", type_name(found), expected.name())
            }
            ErrorKind::UnknownType { found } => write!(f, " has type 0x{found:02x}, which no type has"),
            ErrorKind::Length { found } => {
                write!(f, " has a length of {found} bytes, which does not fit its type")
            }
            ErrorKind::Padding => f.write_str(" has padding that is not zero"),
            ErrorKind::Boolean => f.write_str(" is a Boolean that is neither 0 nor 1"),
            ErrorKind::Utf8 => f.write_str(" is a text that is not UTF-8"),
            ErrorKind::Value => {
                f.write_str(" has a value that its type or its tag does not allow")?;
                let form = place.and_then(|place| form(&place.kind));
                form.map_or(Ok(()), |form| write!(f, "; expected {form}"))
            }
            ErrorKind::Count { found, items: 1 } => write!(f, " is {found}, and 1 item follows"),
            ErrorKind::Count { found, items } => write!(f, " is {found}, and {items} items follow"),
            ErrorKind::Name { of, near } => {
                match (of, place.and_then(|place| place.value.as_ref())) {
                    (Named::Field, _) => {
                        f.write_str(" has a name that no field has: the name is not known")?
                    }
                    (Named::Type, _) => {
                        f.write_str(" has a type that does not exist: the name is not known")?
                    }
                    (Named::Value, Some(value)) => write!(f, " is \"{value}\": the name is not known")?,
                    (Named::Value, None) => f.write_str(" has a value whose name is not known")?,
                }
                near.map_or(Ok(()), |near| write!(f, "; did you mean {near}?"))
            }
            ErrorKind::TooDeep => f.write_str(" nests too deep"),
            ErrorKind::TooLarge => f.write_str(" makes the message larger than the limit"),
            ErrorKind::Version(v) => write!(f, " is {v}, a version that is not spoken"),
            ErrorKind::Syntax => f.write_str(" is not well-formed"),
        }
    }

    /// The tag by its name, its type, its way from the message down, and its byte.
    fn describe_found(&self, place: Option<&Place>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_end = matches!(self.kind, ErrorKind::Missing { found: None });
        if let (ErrorKind::Count { .. }, Some(place)) = (self.kind, place) {
            return write!(f, "BatchCount at {}/BatchCount", place.path);
        }
        match (place, self.found()) {
            (Some(place), _) if !place.name.is_empty() => {
                write!(f, "{} ({}) at {}, byte {},", place.name, place.kind, place.path, self.offset)
            }
            (_, Some(tag)) if !is_end => write!(f, "{tag} at byte {}", self.offset),
            (_, _) if is_end => write!(f, "the structure at byte {}", self.offset),
            _ => write!(f, "what stands at byte {}", self.offset),
        }
    }
}

/// What is expected, where an object of any type may be.
fn expected(tag: Option<Tag>) -> String {
    match tag {
        Some(Tag::SymmetricKey) => "the object (under the tag of its type)".to_owned(),
        Some(tag) => tag.to_string(),
        None => "something".to_owned(),
    }
}

/// How the values of a type are written in XML and JSON, where not each value of the type is written as it is.
fn form(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Integer" => "a whole number of 32 bits",
        "LongInteger" => "a whole number of 64 bits",
        "BigInteger" | "ByteString" => "hexadecimal digits, two for each byte",
        "Boolean" => "true or false",
        "DateTime" => "a date such as 2026-01-31T12:00:00Z",
        "Interval" => "a whole number of seconds",
        "DateTimeExtended" => "microseconds, as 0x and 16 hexadecimal digits",
        _ => return None,
    })
}

fn type_name(byte: u8) -> String {
    Kind::from_byte(byte).map_or_else(|| format!("0x{byte:02x}"), |kind| kind.name().to_owned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(None, f)
    }
}

impl std::error::Error for Error {}

/// An error together with the place in the message that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// What is wrong.
    pub error: Error,
    /// Where, in the words of the message.
    pub place: Place,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.describe(Some(&self.place), f)
    }
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self { error, place: Place::default() }
    }
}
