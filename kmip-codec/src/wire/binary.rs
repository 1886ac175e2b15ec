//! TTLV, the binary encoding (KMIP 2.1, 10.1): strict and canonical, so that what is read can be written back
//! byte for byte.

mod head;
mod length;
mod sink;

pub use head::frame_length;
pub(crate) use head::item_offsets;
pub(super) use head::{Child, children};
pub use length::LengthSink;
pub use sink::BinarySink;

use super::{Kind, Names, Reading, Source, leftover, missing};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEM_HEADER_BYTES, ITEMS_MAX};
use crate::version::{V1_0, Version};
use head::Head;

/// A structure that is open; the message where none is.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Where its header stands.
    begin: usize,
    /// Where its first item stands.
    first: usize,
    end: usize,
}

/// An item of a structure that is open, and how many were read before it.
#[derive(Clone, Copy)]
pub struct Bookmark {
    at: usize,
    depth: usize,
    items: usize,
}

/// Reads TTLV from one whole message.
pub struct BinarySource<'a> {
    version: Version,
    message: &'a [u8],
    at: usize,
    /// The header that stands there, where a whole one does.
    next: Option<Head>,
    /// The innermost structure that is open.
    level: Level,
    /// Those around it, from the message inwards, as many as are open.
    around: [Level; DEPTH_MAX],
    depth: usize,
    items: usize,
    reading: Reading,
}

impl<'a> BinarySource<'a> {
    /// Reads this message; its header sets the version.
    pub fn new(message: &'a [u8]) -> Self {
        Self::reading(message, Reading::default())
    }

    /// The same for a client of which more is taken than the letter has.
    pub fn reading(message: &'a [u8], reading: Reading) -> Self {
        let level = Level { begin: 0, first: 0, end: message.len() };
        let around = [Level::default(); DEPTH_MAX];
        let next = Head::parse(message);
        Self { version: V1_0, message, at: 0, next, level, around, depth: 0, items: 0, reading }
    }

    /// Checks that nothing follows the message.
    pub fn finish(self) -> Result<()> {
        if self.at == self.message.len() {
            Ok(())
        } else {
            Err(Error { kind: ErrorKind::Trailing, tag: self.peek(), offset: self.at })
        }
    }

    /// Goes to another byte of the open structure.
    fn go(&mut self, at: usize) {
        self.at = at;
        self.next = Head::parse(self.message.get(at..self.level.end).unwrap_or_default());
    }

    /// Enters a structure, where not too many are open.
    fn enter(&mut self, level: Level) -> bool {
        let Some(outer) = self.around.get_mut(self.depth) else { return false };
        *outer = std::mem::replace(&mut self.level, level);
        self.depth += 1;
        self.go(level.first);
        true
    }

    /// Leaves structures until no more than so many are open, and goes on from there.
    fn leave(&mut self, depth: usize, at: usize) {
        if let Some(level) = self.around.get(depth).filter(|_| depth < self.depth) {
            (self.level, self.depth) = (*level, depth);
        }
        self.go(at);
    }

    fn truncated(&self) -> Error {
        Error { kind: ErrorKind::Truncated, tag: None, offset: self.at }
    }

    /// The length of the next item, which must have this tag and type, and stand there whole.
    fn head(&mut self, tag: Tag, kind: Kind) -> Result<usize> {
        if self.at == self.level.end {
            return Err(missing(self, tag));
        }
        let Some(head) = self.next else { return Err(self.truncated()) };
        if head.tag != tag {
            return Err(missing(self, tag));
        }
        if head.kind != kind as u8 {
            let wrong = ErrorKind::WrongType { expected: kind, found: head.kind };
            return Err(Error::at(wrong, tag, self.at));
        }
        let room = self.level.end - self.at - ITEM_HEADER_BYTES;
        if head.padded() > room {
            return Err(Error::at(ErrorKind::Truncated, tag, self.at));
        }
        self.items += 1;
        if self.items > ITEMS_MAX {
            return Err(Error::at(ErrorKind::TooMany, tag, self.at));
        }
        Ok(head.length)
    }

    /// The value of the next item, without its padding.
    fn value(&mut self, tag: Tag, kind: Kind) -> Result<&'a [u8]> {
        let offset = self.at;
        let length = self.head(tag, kind)?;
        let begin = offset + ITEM_HEADER_BYTES;
        let end = begin + length.next_multiple_of(8);
        let body = self.message.get(begin..end).unwrap_or_default();
        let (value, padding) = body.split_at_checked(length).unwrap_or((body, &[]));
        if padding.iter().any(|b| *b != 0) {
            self.go(begin);
            return Err(Error::at(ErrorKind::Padding, tag, offset));
        }
        self.go(end);
        Ok(value)
    }

    fn fixed<const N: usize>(&mut self, tag: Tag, kind: Kind) -> Result<[u8; N]> {
        let offset = self.at;
        let value = self.value(tag, kind)?;
        value.try_into().map_err(|_| Error::at(ErrorKind::Length { found: value.len() }, tag, offset))
    }
}

impl Source for BinarySource<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn reading(&self) -> Reading {
        self.reading
    }

    fn unreadable(&self, kind: ErrorKind) -> Error {
        let kind = match (kind, self.next) {
            (ErrorKind::UnknownType { .. }, Some(head)) => ErrorKind::UnknownType { found: head.kind },
            (kind, _) => kind,
        };
        Error { kind, tag: self.peek(), offset: self.at }
    }

    fn begin(&self) -> usize {
        self.level.begin
    }

    fn stood(&self, tag: Tag) -> bool {
        children(self.message, self.level.first..self.at).iter().any(|child| child.tag == tag)
    }

    fn follows(&self, tag: Tag) -> bool {
        children(self.message, self.at..self.level.end).iter().any(|child| child.tag == tag)
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn resume(&mut self, depth: usize) {
        self.leave(depth, self.at);
        self.go(self.level.first);
    }

    fn skip(&mut self) -> bool {
        let Some(head) = self.next else { return false };
        let next = self.at + ITEM_HEADER_BYTES + head.padded();
        let is_whole = next <= self.level.end;
        if is_whole {
            self.go(next);
        }
        is_whole
    }

    fn abandon(&mut self) {
        self.leave(self.depth.saturating_sub(1), self.level.end);
    }

    fn bookmark(&self) -> Option<Bookmark> {
        Some(Bookmark { at: self.at, depth: self.depth, items: self.items })
    }

    fn return_to(&mut self, bookmark: Bookmark) {
        self.items = bookmark.items;
        self.leave(bookmark.depth, bookmark.at);
    }

    fn peek(&self) -> Option<Tag> {
        self.next.map(|head| head.tag)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.next.and_then(|head| Kind::from_byte(head.kind))
    }

    fn offset(&self) -> usize {
        self.at
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let offset = self.at;
        let length = self.head(tag, Kind::Structure)?;
        let first = offset + ITEM_HEADER_BYTES;
        if !self.enter(Level { begin: offset, first, end: first + length }) {
            self.go(first);
            return Err(Error::at(ErrorKind::TooDeep, tag, offset));
        }
        Ok(())
    }

    fn open_unsound(&mut self) -> bool {
        let Some(head) = self.next else { return false };
        let (begin, first) = (self.at, self.at + ITEM_HEADER_BYTES);
        let end = first + head.padded();
        end <= self.level.end && self.enter(Level { begin, first, end })
    }

    fn close(&mut self) -> Result<()> {
        if self.at == self.level.end {
            self.leave(self.depth.saturating_sub(1), self.at);
            return Ok(());
        }
        match self.peek() {
            Some(tag) => Err(leftover(self, tag)),
            None => Err(self.truncated()),
        }
    }

    fn integer(&mut self, tag: Tag) -> Result<i32> {
        self.fixed(tag, Kind::Integer).map(i32::from_be_bytes)
    }

    fn long_integer(&mut self, tag: Tag) -> Result<i64> {
        self.fixed(tag, Kind::LongInteger).map(i64::from_be_bytes)
    }

    fn big_integer(&mut self, tag: Tag) -> Result<Vec<u8>> {
        let offset = self.at;
        let value = self.value(tag, Kind::BigInteger)?;
        if value.is_empty() || !value.len().is_multiple_of(8) {
            return Err(Error::at(ErrorKind::Length { found: value.len() }, tag, offset));
        }
        Ok(value.to_vec())
    }

    fn enumeration(&mut self, tag: Tag, _names: Names) -> Result<u32> {
        self.fixed(tag, Kind::Enumeration).map(u32::from_be_bytes)
    }

    fn mask(&mut self, tag: Tag, _names: Names) -> Result<i32> {
        self.integer(tag)
    }

    fn boolean(&mut self, tag: Tag) -> Result<bool> {
        let offset = self.at;
        match u64::from_be_bytes(self.fixed(tag, Kind::Boolean)?) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::at(ErrorKind::Boolean, tag, offset)),
        }
    }

    fn text(&mut self, tag: Tag) -> Result<String> {
        self.text_ref(tag).map(str::to_owned)
    }

    fn text_ref(&mut self, tag: Tag) -> Result<&str> {
        let offset = self.at;
        let value = self.value(tag, Kind::TextString)?;
        let text = std::str::from_utf8(value).map_err(|_| Error::at(ErrorKind::Utf8, tag, offset))?;
        Ok(if self.reading.strips_nuls { text.trim_end_matches('\0') } else { text })
    }

    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.value(tag, Kind::ByteString).map(<[u8]>::to_vec)
    }

    fn date_time(&mut self, tag: Tag) -> Result<i64> {
        self.fixed(tag, Kind::DateTime).map(i64::from_be_bytes)
    }

    fn interval(&mut self, tag: Tag) -> Result<u32> {
        self.fixed(tag, Kind::Interval).map(u32::from_be_bytes)
    }

    fn date_time_extended(&mut self, tag: Tag) -> Result<i64> {
        self.fixed(tag, Kind::DateTimeExtended).map(i64::from_be_bytes)
    }
}
