//! TTLV, the binary encoding (KMIP 2.1, 10.1): strict and canonical, so that what is read can be written back
//! byte for byte.

use super::buffer::Buffer;
use super::{BitNames, ByName, Kind, Sink, Source};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEM_HEADER_BYTES, ITEMS_MAX, MESSAGE_BYTES_MAX};
use crate::version::{V1_0, Version};
use nom::IResult;
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u24, be_u32};

/// How many bytes the whole message of this header takes, header included. The header is judged before
/// anything is allocated for its body: the tag must be `expected`, the type a structure, the length within
/// [`MESSAGE_BYTES_MAX`] and a multiple of 8.
pub fn frame_length(header: [u8; ITEM_HEADER_BYTES], expected: Tag) -> Result<usize> {
    let head = Head::parse(&header, 0)?;
    if head.tag != expected {
        return Err(Error::at(ErrorKind::Missing, expected, 0));
    }
    if head.kind != Kind::Structure as u8 {
        let kind = ErrorKind::WrongType { expected: Kind::Structure, found: head.kind };
        return Err(Error::at(kind, head.tag, 0));
    }
    let whole = ITEM_HEADER_BYTES + head.length;
    if whole > MESSAGE_BYTES_MAX {
        return Err(Error::at(ErrorKind::TooLarge, head.tag, 0));
    }
    if !head.length.is_multiple_of(8) {
        return Err(Error::at(ErrorKind::Length, head.tag, 0));
    }
    Ok(whole)
}

/// Writes TTLV. Structure lengths are filled in when a structure closes.
pub struct BinarySink {
    version: Version,
    out: Buffer,
    open: Vec<usize>,
}

impl BinarySink {
    /// An empty message of this version.
    pub fn new(version: Version) -> Self {
        Self { version, out: Buffer::new(), open: Vec::new() }
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub fn finish(self) -> Vec<u8> {
        debug_assert!(self.open.is_empty(), "a structure was left open");
        self.out.finish()
    }

    fn head(&mut self, tag: Tag, kind: Kind, length: usize) {
        let [_, tag @ ..] = tag.0.to_be_bytes();
        self.out.put(&tag);
        self.out.put(&[kind as u8]);
        self.out.put(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn item(&mut self, tag: Tag, kind: Kind, value: &[u8]) {
        self.head(tag, kind, value.len());
        self.out.put(value);
        self.out.put_zeros(value.len().next_multiple_of(8) - value.len());
    }
}

impl Sink for BinarySink {
    fn version(&self) -> Version {
        self.version
    }

    fn open(&mut self, tag: Tag) {
        self.head(tag, Kind::Structure, 0);
        self.open.push(self.out.len());
    }

    fn close(&mut self) {
        let Some(start) = self.open.pop() else { return };
        let length = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out.patch(start - 4, &length.to_be_bytes());
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.item(tag, Kind::Integer, &value.to_be_bytes());
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::LongInteger, &value.to_be_bytes());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, _name: Option<&'static str>) {
        self.item(tag, Kind::Enumeration, &value.to_be_bytes());
    }

    fn mask(&mut self, tag: Tag, value: i32, _names: BitNames) {
        self.integer(tag, value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.item(tag, Kind::Boolean, &u64::from(value).to_be_bytes());
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.item(tag, Kind::TextString, value.as_bytes());
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, Kind::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::DateTime, &value.to_be_bytes());
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.item(tag, Kind::Interval, &value.to_be_bytes());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.item(tag, Kind::DateTimeExtended, &value.to_be_bytes());
    }
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
}

/// Reads TTLV from one whole message.
pub struct BinarySource<'a> {
    version: Version,
    message: &'a [u8],
    at: usize,
    ends: Vec<usize>,
    items: usize,
    /// Whether NUL bytes at the end of texts are taken off.
    strips: bool,
}

impl<'a> BinarySource<'a> {
    /// Reads this message; its header sets the version.
    pub fn new(message: &'a [u8]) -> Self {
        Self { version: V1_0, message, at: 0, ends: Vec::new(), items: 0, strips: false }
    }

    /// The same for a client that ends its texts with NUL bytes: they are taken off.
    pub fn stripping(message: &'a [u8]) -> Self {
        Self { strips: true, ..Self::new(message) }
    }

    /// Checks that nothing follows the message.
    pub fn finish(self) -> Result<()> {
        if self.at == self.message.len() {
            Ok(())
        } else {
            Err(Error { kind: ErrorKind::Trailing, tag: self.peek(), offset: self.at })
        }
    }

    fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(self.message.len())
    }

    fn next_head(&self) -> Result<Head> {
        Head::parse(self.message.get(self.at..self.end()).unwrap_or_default(), self.at)
    }

    /// The header of the next item, which must have this tag and type; stands before its value afterwards.
    fn head(&mut self, tag: Tag, kind: Kind) -> Result<usize> {
        let head = self.next_head()?;
        if head.tag != tag {
            return Err(Error::at(ErrorKind::Missing, tag, self.at));
        }
        if head.kind != kind as u8 {
            let wrong = ErrorKind::WrongType { expected: kind, found: head.kind };
            return Err(Error::at(wrong, tag, self.at));
        }
        let room = self.end() - self.at - ITEM_HEADER_BYTES;
        let padded = if kind == Kind::Structure { head.length } else { head.length.next_multiple_of(8) };
        if padded > room {
            return Err(Error::at(ErrorKind::Truncated, tag, self.at));
        }
        self.items += 1;
        if self.items > ITEMS_MAX {
            return Err(Error::at(ErrorKind::TooLarge, tag, self.at));
        }
        self.at += ITEM_HEADER_BYTES;
        Ok(head.length)
    }

    /// The value of the next item, without its padding.
    fn value(&mut self, tag: Tag, kind: Kind) -> Result<&'a [u8]> {
        let length = self.head(tag, kind)?;
        let whole = length.next_multiple_of(8);
        let body = self.message.get(self.at..self.at + whole).unwrap_or_default();
        let (value, padding) = body.split_at_checked(length).unwrap_or((body, &[]));
        if padding.iter().any(|b| *b != 0) {
            return Err(Error::at(ErrorKind::Padding, tag, self.at));
        }
        self.at += whole;
        Ok(value)
    }

    fn fixed<const N: usize>(&mut self, tag: Tag, kind: Kind) -> Result<[u8; N]> {
        let offset = self.at;
        let value = self.value(tag, kind)?;
        value.try_into().map_err(|_| Error::at(ErrorKind::Length, tag, offset))
    }
}

impl Source for BinarySource<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
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
        if self.ends.len() >= DEPTH_MAX {
            return Err(Error::at(ErrorKind::TooDeep, tag, offset));
        }
        self.ends.push(self.at + length);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if self.at == self.end() {
            self.ends.pop();
            return Ok(());
        }
        match self.peek() {
            Some(tag) => Err(Error::at(ErrorKind::Unexpected, tag, self.at)),
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
            return Err(Error::at(ErrorKind::Length, tag, offset));
        }
        Ok(value.to_vec())
    }

    fn enumeration(&mut self, tag: Tag, _by_name: ByName) -> Result<u32> {
        self.fixed(tag, Kind::Enumeration).map(u32::from_be_bytes)
    }

    fn mask(&mut self, tag: Tag, _by_name: ByName) -> Result<i32> {
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
        let text = if self.strips { text.trim_end_matches('\0') } else { text };
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
