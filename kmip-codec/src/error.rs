//! Why a message could not be read: a kind, the tag it concerns and where it stands.

use crate::Tag;
use crate::clauses::Topic;
use crate::version::Version;
use crate::wire::Kind;
use std::fmt;

/// A refusal to decode. Small and `Copy`, so that nothing of the message travels with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The tag that was read or expected, where one is known.
    pub tag: Option<Tag>,
    /// Bytes from the start of the message.
    pub offset: usize,
}

/// What can be wrong with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The message ends inside an item.
    Truncated,
    /// Bytes follow where the message or structure should have ended.
    Trailing,
    /// A required field is absent, or stands in the wrong order.
    Missing,
    /// A field that the structure does not have in this version, or one in the wrong order.
    Unexpected,
    /// The item has another type than its tag asks for.
    WrongType {
        /// The type that the tag asks for.
        expected: Kind,
        /// The type byte that was read.
        found: u8,
    },
    /// The length does not fit the type.
    Length,
    /// The padding is not zero.
    Padding,
    /// A boolean that is neither 0 nor 1.
    Boolean,
    /// A text that is not UTF-8.
    Utf8,
    /// A value that its type or its tag does not allow.
    Value,
    /// A name that no table of this version has.
    Name,
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

/// The result of decoding.
pub type Result<T> = std::result::Result<T, Error>;

impl ErrorKind {
    /// What the specification says about it.
    pub fn topic(self) -> Topic {
        match self {
            Self::Truncated | Self::Length | Self::Padding => Topic::ItemLength,
            Self::Trailing | Self::Syntax => Topic::Encoding,
            Self::Missing | Self::Unexpected | Self::TooDeep => Topic::Messages,
            Self::WrongType { .. } => Topic::ItemType,
            Self::Boolean | Self::Utf8 | Self::Value => Topic::ItemValue,
            Self::Name => Topic::ItemTag,
            Self::TooLarge => Topic::General,
            Self::Version(_) => Topic::Versions,
        }
    }
}

impl Error {
    /// An error about a tag at an offset.
    pub fn at(kind: ErrorKind, tag: Tag, offset: usize) -> Self {
        Self { kind, tag: Some(tag), offset }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Truncated => f.write_str("the message ends inside an item")?,
            ErrorKind::Trailing => f.write_str("something follows where the message should have ended")?,
            ErrorKind::Missing => f.write_str("a required field is absent or out of order")?,
            ErrorKind::Unexpected => f.write_str("a field that has no place here in this version")?,
            ErrorKind::WrongType { expected, found } => {
                write!(f, "expected type {expected:?}, found type 0x{found:02x}")?
            }
            ErrorKind::Length => f.write_str("the length does not fit the type")?,
            ErrorKind::Padding => f.write_str("the padding is not zero")?,
            ErrorKind::Boolean => f.write_str("a boolean must be 0 or 1")?,
            ErrorKind::Utf8 => f.write_str("the text is not UTF-8")?,
            ErrorKind::Value => f.write_str("the value is not allowed here")?,
            ErrorKind::Name => f.write_str("the name is not known")?,
            ErrorKind::TooDeep => f.write_str("structures nest too deep")?,
            ErrorKind::TooLarge => f.write_str("the message is larger than the limit")?,
            ErrorKind::Version(v) => write!(f, "protocol version {v} is not spoken")?,
            ErrorKind::Syntax => f.write_str("not a well-formed message")?,
        }
        match self.tag {
            Some(tag) => write!(f, ": {tag} at {}", self.offset),
            None => write!(f, ", at {}", self.offset),
        }
    }
}

impl std::error::Error for Error {}
