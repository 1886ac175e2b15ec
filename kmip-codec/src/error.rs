//! Why a message could not be read: a kind, the tag that was found and where it stands.

mod words;

use crate::Tag;
use crate::clauses::Topic;
use crate::other_protocol::OtherProtocol;
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
        /// What must stand in its place.
        expected: Option<Tag>,
        /// What stood there already and belongs behind it.
        before: Option<Tag>,
    },
    /// The item has another type than its tag asks for.
    WrongType {
        /// The type that the tag asks for.
        expected: Kind,
        /// The type byte that was read.
        found: u8,
    },
    /// The item has another type than the several of which its tag takes one.
    WrongTypes {
        /// The types that the tag takes.
        expected: &'static [Kind],
        /// The type that was found.
        found: Kind,
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
    /// A mask that is neither a number nor names of bits.
    Mask {
        /// The name that is nearest to the first that is not known.
        near: Option<&'static str>,
    },
    /// A mask with bits that nothing defines.
    Bits {
        /// Those bits.
        found: u32,
        /// The bits that may stand there.
        defined: u32,
        /// The name that a later version has for the first of them that has one.
        named: Option<&'static str>,
        /// The version of the message.
        version: Version,
    },
    /// Structures nest deeper than [`DEPTH_MAX`](crate::limits::DEPTH_MAX).
    TooDeep,
    /// More items than [`ITEMS_MAX`](crate::limits::ITEMS_MAX).
    TooMany,
    /// More bytes than [`MESSAGE_BYTES_MAX`](crate::limits::MESSAGE_BYTES_MAX), or than the server takes.
    TooLarge {
        /// How many there are, as far as that is known.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A protocol version that is not spoken.
    Version(Version),
    /// Not well-formed XML or JSON, or not what KMIP writes in it.
    Syntax,
    /// An item of XML or JSON that lacks a part, or has one that it cannot have.
    Form(Form),
}

/// What is wrong with the parts of an item of XML or JSON: its tag, its type, and its value or its items.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// It has no tag.
    NoTag,
    /// It has a value and no type.
    NoType,
    /// It has a type that is no structure's, and no value.
    NoValue,
    /// It is a structure and has a value of its own.
    ValueOfStructure,
    /// It is no structure and has items inside.
    ItemsOfValue,
    /// It has a part twice: JSON alone.
    Twice {
        /// Which part.
        part: &'static str,
    },
    /// A part of it is not written as such parts are: JSON alone.
    Part {
        /// Which part.
        part: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// It has a part of another name: JSON alone.
    OtherPart {
        /// The name that is nearest to it.
        near: Option<&'static str>,
    },
    /// It is no object of tag, type and value: JSON alone.
    NoItem {
        /// What stands there.
        found: &'static str,
    },
    /// Its number, or its true or false, stands in quotation marks: JSON alone.
    Quoted,
    /// It has attributes that cannot be read: XML alone.
    Attributes,
    /// It has two attributes of one name: XML alone.
    AttributeTwice,
    /// It has more attributes than are read: XML alone.
    TooManyAttributes {
        /// How many are.
        most: usize,
    },
    /// It has an attribute with an entity that XML does not have: XML alone.
    Entity,
    /// It has text inside, beside items or in the place of a value: XML alone.
    Text,
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
            Self::Trailing | Self::Syntax | Self::Form(_) => Topic::Encoding,
            Self::Missing { .. } | Self::Unexpected { .. } | Self::Repeated | Self::OutOfOrder { .. } => {
                Topic::Messages
            }
            Self::Count { .. } | Self::TooDeep => Topic::Messages,
            Self::WrongType { .. } | Self::WrongTypes { .. } | Self::UnknownType { .. } => Topic::ItemType,
            Self::Boolean | Self::Utf8 | Self::Value => Topic::ItemValue,
            Self::Mask { .. } | Self::Bits { .. } => Topic::ItemValue,
            Self::Name { .. } => Topic::ItemTag,
            Self::TooLarge { .. } | Self::TooMany => Topic::General,
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
        let is_unknown = matches!(
            self.kind,
            ErrorKind::Unexpected { .. }
                | ErrorKind::Name { .. }
                | ErrorKind::Mask { .. }
                | ErrorKind::Bits { .. }
        );
        is_tag && is_unknown
    }

    /// What the message begins with instead, where that is no tag of KMIP: whoever sent it speaks another protocol.
    pub fn other_protocol(&self) -> Option<OtherProtocol> {
        match self.kind {
            ErrorKind::Missing { found: Some(found) } if self.offset == 0 => OtherProtocol::of(found),
            ErrorKind::Unexpected { expected: Some(_) } if self.offset == 0 => OtherProtocol::of(self.tag?),
            _ => None,
        }
    }
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
