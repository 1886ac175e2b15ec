//! The headers of items: tag, type and length, without the values.

use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{ITEM_HEADER_BYTES, ITEMS_MAX, MESSAGE_BYTES_MAX};
use crate::wire::Kind;
use std::ops::Range;

/// How many bytes the whole message of this header takes, header included. The header is judged before
/// anything is allocated for its body: the tag must be `expected`, the type a structure, the length within
/// [`MESSAGE_BYTES_MAX`] and a multiple of 8.
pub fn frame_length(header: [u8; ITEM_HEADER_BYTES], expected: Tag) -> Result<usize> {
    let head = Head::of(header);
    if head.tag != expected {
        return Err(Error::at(ErrorKind::Missing { found: Some(head.tag) }, expected, 0));
    }
    if head.kind != Kind::Structure as u8 {
        let kind = ErrorKind::WrongType { expected: Kind::Structure, found: head.kind };
        return Err(Error::at(kind, head.tag, 0));
    }
    let whole = ITEM_HEADER_BYTES + head.length;
    if whole > MESSAGE_BYTES_MAX {
        let kind = ErrorKind::TooLarge { found: whole, most: MESSAGE_BYTES_MAX };
        return Err(Error::at(kind, head.tag, 0));
    }
    if !head.length.is_multiple_of(8) {
        return Err(Error::at(ErrorKind::Length { found: head.length }, head.tag, 0));
    }
    Ok(whole)
}

/// The eight bytes before a value.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) tag: Tag,
    pub(super) kind: u8,
    pub(super) length: usize,
}

impl Head {
    pub(super) fn of(header: [u8; ITEM_HEADER_BYTES]) -> Self {
        let [high, middle, low, kind, length @ ..] = header;
        Self {
            tag: Tag(u32::from_be_bytes([0, high, middle, low])),
            kind,
            length: u32::from_be_bytes(length) as usize,
        }
    }

    /// The header with which these bytes begin, where there are enough of them.
    pub(super) fn parse(input: &[u8]) -> Option<Self> {
        input.first_chunk().copied().map(Self::of)
    }

    /// How many bytes the value takes, padding included.
    pub(super) fn padded(self) -> usize {
        if self.kind == Kind::Structure as u8 { self.length } else { self.length.next_multiple_of(8) }
    }
}

/// An item as it stands among others of a structure.
pub(in crate::wire) struct Child {
    pub(in crate::wire) tag: Tag,
    pub(in crate::wire) kind: u8,
    pub(in crate::wire) at: usize,
    /// Its value, as far as there is room for it.
    pub(in crate::wire) inside: Range<usize>,
}

/// The items in this part of a message, up to one that is no whole item; that one too.
pub(in crate::wire) fn children(message: &[u8], within: Range<usize>) -> Vec<Child> {
    let (mut at, end) = (within.start, within.end);
    let mut found = Vec::new();
    while let Some(head) = Head::parse(message.get(at..end).unwrap_or_default()) {
        let start = at + ITEM_HEADER_BYTES;
        let room = end - start;
        found.push(Child {
            tag: head.tag,
            kind: head.kind,
            at,
            inside: start..start + head.length.min(room),
        });
        if head.padded() > room || found.len() > ITEMS_MAX {
            break;
        }
        at = start + head.padded();
    }
    found
}

/// Where each item of a message begins, the outermost first.
pub(crate) fn item_offsets(message: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut left = Vec::new();
    left.push(0..message.len());
    while let Some(within) = left.pop() {
        for child in children(message, within).into_iter().rev() {
            if child.kind == Kind::Structure as u8 {
                left.push(child.inside);
            }
            found.push(child.at);
        }
    }
    found.sort_unstable();
    found
}
