//! Identifiers of objects: 16 bytes where the text is that of a UUID, as those that the server makes are.

use super::varint;
use std::fmt;
use uuid::Uuid;

/// What stands before the 16 bytes of a UUID; before a text stands its length plus one.
const UUID: u64 = 0;

/// The identifier of an object as an entry holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object<'e> {
    /// A UUID, written in lower case with hyphens.
    Uuid([u8; 16]),
    /// Any other text.
    Text(&'e str),
}

impl<'e> Object<'e> {
    /// Of a text. Two texts are two identifiers: a UUID that is written in another way stays a text.
    pub fn of(text: &'e str) -> Self {
        const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
        let uuid = (text.len() == LENGTH).then(|| Uuid::try_parse(text).ok()).flatten();
        let is_as_written = |uuid: &Uuid| uuid.hyphenated().encode_lower(&mut [0; LENGTH]) == text;
        uuid.filter(is_as_written).map_or(Self::Text(text), |uuid| Self::Uuid(uuid.into_bytes()))
    }

    /// Appends it.
    pub fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Uuid(uuid) => {
                varint::put(out, UUID);
                out.extend_from_slice(&uuid);
            }
            Self::Text(text) => {
                varint::put(out, text.len() as u64 + 1);
                out.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Takes one off the front.
    pub fn take(rest: &mut &'e [u8]) -> Option<Self> {
        match varint::take(rest)?.checked_sub(1) {
            None => varint::take_array(rest).map(Self::Uuid),
            Some(length) => {
                let (text, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                *rest = after;
                // An identifier has one form.
                std::str::from_utf8(text).ok().map(Self::of).filter(|object| matches!(object, Self::Text(_)))
            }
        }
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => Uuid::from_bytes(*uuid).hyphenated().fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
