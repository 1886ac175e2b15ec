//! TTLV, the binary encoding (KMIP 2.1, 10.1): strict and canonical, so that what is read can be written back
//! byte for byte.

mod length;
mod sink;

pub use length::LengthSink;
pub use sink::BinarySink;

use super::{Kind, Names, Reading, Source, leftover, missing};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEM_HEADER_BYTES, ITEMS_MAX, MESSAGE_BYTES_MAX};
use crate::version::{V1_0, Version};
use nom::IResult;
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u24, be_u32};
use std::ops::Range;

/// How many bytes the whole message of this header takes, header included. The header is judged before
/// anything is allocated for its body: the tag must be `expected`, the type a structure, the length within
/// [`MESSAGE_BYTES_MAX`] and a multiple of 8.
pub fn frame_length(header: [u8; ITEM_HEADER_BYTES], expected: Tag) -> Result<usize> {
    let head = Head::parse(&header, 0)?;
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
struct Head {
    tag: Tag,
    kind: u8,
    length: usize,
}

impl Head {
    fn parse(input: &[u8], offset: usize) -> Result<Self> {
        let parsed: IResult<&[u8], (u32, u8, u32)> = (be_u24, be_u8, be_u32).parse(input);
        let (_, (tag, kind, length)) =
            parsed.map_err(|_| Error { kind: ErrorKind::Truncated, tag: None, offset })?;
        Ok(Self { tag: Tag(tag), kind, length: length as usize })
    }

    /// How many bytes the value takes, padding included.
    fn padded(self) -> usize {
        if self.kind == Kind::Structure as u8 { self.length } else { self.length.next_multiple_of(8) }
    }
}

/// An item as it stands among others of a structure.
pub(super) struct Child {
    pub(super) tag: Tag,
    pub(super) kind: u8,
    pub(super) at: usize,
    /// Its value, as far as there is room for it.
    pub(super) inside: Range<usize>,
}

/// The items in this part of a message, up to one that is no whole item; that one too.
pub(super) fn children(message: &[u8], within: Range<usize>) -> Vec<Child> {
    let (mut at, end) = (within.start, within.end);
    let mut found = Vec::new();
    while let Ok(head) = Head::parse(message.get(at..end).unwrap_or_default(), at) {
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

/// A structure that is open.
#[derive(Clone, Copy)]
struct Level {
    /// Where its header stands.
    begin: usize,
    /// Where its first item stands.
    first: usize,
    end: usize,
}

/// Reads TTLV from one whole message.
pub struct BinarySource<'a> {
    version: Version,
    message: &'a [u8],
    at: usize,
    open: Vec<Level>,
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
        Self { version: V1_0, message, at: 0, open: Vec::new(), items: 0, reading }
    }

    /// Checks that nothing follows the message.
    pub fn finish(self) -> Result<()> {
        if self.at == self.message.len() {
            Ok(())
        } else {
            Err(Error { kind: ErrorKind::Trailing, tag: self.peek(), offset: self.at })
        }
    }

    /// The structure that is open; the message where none is.
    fn level(&self) -> Level {
        self.open.last().copied().unwrap_or(Level { begin: 0, first: 0, end: self.message.len() })
    }

    fn end(&self) -> usize {
        self.level().end
    }

    fn next_head(&self) -> Result<Head> {
        Head::parse(self.message.get(self.at..self.end()).unwrap_or_default(), self.at)
    }

    /// The header of the next item, which must have this tag and type; stands before its value afterwards.
    fn head(&mut self, tag: Tag, kind: Kind) -> Result<usize> {
        if self.at == self.end() {
            return Err(missing(self, tag));
        }
        let head = self.next_head()?;
        if head.tag != tag {
            return Err(missing(self, tag));
        }
        if head.kind != kind as u8 {
            let wrong = ErrorKind::WrongType { expected: kind, found: head.kind };
            return Err(Error::at(wrong, tag, self.at));
        }
        let room = self.end() - self.at - ITEM_HEADER_BYTES;
        if head.padded() > room {
            return Err(Error::at(ErrorKind::Truncated, tag, self.at));
        }
        self.items += 1;
        if self.items > ITEMS_MAX {
            return Err(Error::at(ErrorKind::TooMany, tag, self.at));
        }
        self.at += ITEM_HEADER_BYTES;
        Ok(head.length)
    }

    /// The value of the next item, without its padding.
    fn value(&mut self, tag: Tag, kind: Kind) -> Result<&'a [u8]> {
        let offset = self.at;
        let length = self.head(tag, kind)?;
        let whole = length.next_multiple_of(8);
        let body = self.message.get(self.at..self.at + whole).unwrap_or_default();
        let (value, padding) = body.split_at_checked(length).unwrap_or((body, &[]));
        if padding.iter().any(|b| *b != 0) {
            return Err(Error::at(ErrorKind::Padding, tag, offset));
        }
        self.at += whole;
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
        let kind = match (kind, self.next_head()) {
            (ErrorKind::UnknownType { .. }, Ok(head)) => ErrorKind::UnknownType { found: head.kind },
            (kind, _) => kind,
        };
        Error { kind, tag: self.peek(), offset: self.at }
    }

    fn begin(&self) -> usize {
        self.level().begin
    }

    fn stood(&self, tag: Tag) -> bool {
        children(self.message, self.level().first..self.at).iter().any(|child| child.tag == tag)
    }

    fn follows(&self, tag: Tag) -> bool {
        children(self.message, self.at..self.end()).iter().any(|child| child.tag == tag)
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn resume(&mut self, depth: usize) {
        self.open.truncate(depth);
        self.at = self.level().first;
    }

    fn skip(&mut self) -> bool {
        let Ok(head) = self.next_head() else { return false };
        let next = self.at + ITEM_HEADER_BYTES + head.padded();
        let is_whole = next <= self.end();
        if is_whole {
            self.at = next;
        }
        is_whole
    }

    fn abandon(&mut self) {
        self.at = self.end();
        self.open.pop();
    }

    fn peek(&self) -> Option<Tag> {
        self.next_head().ok().map(|h| h.tag)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.next_head().ok().and_then(|h| Kind::from_byte(h.kind))
    }

    fn offset(&self) -> usize {
        self.at
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let offset = self.at;
        let length = self.head(tag, Kind::Structure)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(Error::at(ErrorKind::TooDeep, tag, offset));
        }
        self.open.push(Level { begin: offset, first: self.at, end: self.at + length });
        Ok(())
    }

    fn open_unsound(&mut self) -> bool {
        let Ok(head) = self.next_head() else { return false };
        let (begin, first) = (self.at, self.at + ITEM_HEADER_BYTES);
        let end = first + head.padded();
        let is_whole = end <= self.end();
        if is_whole {
            self.open.push(Level { begin, first, end });
            self.at = first;
        }
        is_whole
    }

    fn close(&mut self) -> Result<()> {
        if self.at == self.end() {
            self.open.pop();
            return Ok(());
        }
        match self.peek() {
            Some(tag) => Err(leftover(self, tag)),
            None => Err(Error { kind: ErrorKind::Truncated, tag: None, offset: self.at }),
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
        let offset = self.at;
        let value = self.value(tag, Kind::TextString)?;
        let text = std::str::from_utf8(value).map_err(|_| Error::at(ErrorKind::Utf8, tag, offset))?;
        let text = if self.reading.strips_nuls { text.trim_end_matches('\0') } else { text };
        Ok(text.to_owned())
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
