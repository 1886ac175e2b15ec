//! Reading the compact encoding.

use super::{END, FALSE, UUID, UUID_BYTES, WIDE, uuid_text};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DEPTH_MAX;
use crate::version::{STORED, Version};
use crate::wire::{Kind, Names, Reading, Source, leftover, missing};

/// What stands before a value.
#[derive(Clone, Copy)]
struct Head {
    tag: Tag,
    kind: u8,
    /// Where the value begins.
    value: usize,
}

/// Reads the compact encoding. What it reads was under a MAC, so that an error is a defect and no peer's fault: it says where it
/// is, and does not look for what else might have been meant.
pub struct CompactSource<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the open structures begin, and their first items.
    open: Vec<(usize, usize)>,
    /// The text of the UUID that was read last.
    uuid: String,
}

impl<'a> CompactSource<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, open: Vec::new(), uuid: String::new() }
    }

    /// Checks that nothing is left.
    pub fn finish(self) -> Result<()> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(Error { kind: ErrorKind::Trailing, tag: self.peek(), offset: self.at })
    }

    fn varint_at(&self, mut at: usize) -> Option<(u64, usize)> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(at)?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return None;
            }
            value |= shifted;
            at += 1;
            if byte & 0x80 == 0 {
                return Some((value, at));
            }
        }
        None
    }

    /// The head of the next item; `None` at the end of the structure, or where there is none.
    fn next(&self) -> Option<Head> {
        let (head, value) = match *self.bytes.get(self.at)? {
            END => return None,
            WIDE => {
                let (tag, at) = self.varint_at(self.at + 1)?;
                let kind = *self.bytes.get(at)?;
                return Some(Head { tag: Tag(u32::try_from(tag).ok()?), kind, value: at + 1 });
            }
            _ => self.varint_at(self.at)?,
        };
        let number = u32::try_from(head >> 5).ok().filter(|number| *number <= 0xffff)?;
        let range = if head & 0x10 == 0 { 0x42_0000 } else { 0x54_0000 };
        Some(Head { tag: Tag(range | number), kind: (head & 0xf) as u8, value })
    }

    fn cut_off(&self, tag: Tag) -> Error {
        Error::at(ErrorKind::Truncated, tag, self.at)
    }

    /// The next item, which must have this tag and one of these types; stands before its value afterwards.
    fn head(&mut self, tag: Tag, kind: Kind, written: &[u8]) -> Result<u8> {
        let head = self.next().filter(|head| head.tag == tag).ok_or_else(|| missing(self, tag))?;
        if !written.contains(&head.kind) {
            return Err(Error::at(ErrorKind::WrongType { expected: kind, found: head.kind }, tag, self.at));
        }
        self.at = head.value;
        Ok(head.kind)
    }

    fn varint(&mut self, tag: Tag) -> Result<u64> {
        let (value, at) = self.varint_at(self.at).ok_or_else(|| self.cut_off(tag))?;
        self.at = at;
        Ok(value)
    }

    fn unsigned(&mut self, tag: Tag, kind: Kind) -> Result<u32> {
        self.head(tag, kind, &[kind as u8])?;
        let value = self.varint(tag)?;
        u32::try_from(value).map_err(|_| Error::at(ErrorKind::Value, tag, self.at))
    }

    fn signed(&mut self, tag: Tag, kind: Kind) -> Result<i64> {
        self.head(tag, kind, &[kind as u8])?;
        let value = self.varint(tag)?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    fn take(&mut self, tag: Tag, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length);
        let value = end.and_then(|end| self.bytes.get(self.at..end)).ok_or_else(|| self.cut_off(tag))?;
        self.at += length;
        Ok(value)
    }

    fn blob(&mut self, tag: Tag) -> Result<&'a [u8]> {
        let length = self.varint(tag)?;
        let length = usize::try_from(length).map_err(|_| self.cut_off(tag))?;
        self.take(tag, length)
    }

    /// Where what follows the value of an item begins.
    fn behind(&mut self, head: Head) -> Result<()> {
        self.at = head.value;
        match (Kind::from_byte(head.kind), head.kind) {
            (Some(Kind::Structure), _) => {
                self.open.push((self.at, self.at));
                while let Some(inner) = self.next() {
                    if self.open.len() > DEPTH_MAX {
                        return Err(Error::at(ErrorKind::TooDeep, inner.tag, self.at));
                    }
                    self.behind(inner)?;
                }
                self.close()
            }
            (Some(Kind::TextString | Kind::ByteString | Kind::BigInteger), _) => {
                self.blob(head.tag).map(drop)
            }
            (Some(Kind::Boolean), _) | (None, FALSE) => Ok(()),
            (None, UUID) => self.take(head.tag, UUID_BYTES).map(drop),
            (Some(_), _) => self.varint(head.tag).map(drop),
            (None, _) => Err(self.unreadable(ErrorKind::UnknownType { found: head.kind })),
        }
    }
}

impl Source for CompactSource<'_> {
    fn version(&self) -> Version {
        STORED
    }

    fn set_version(&mut self, _version: Version) {}

    fn reading(&self) -> Reading {
        Reading::default()
    }

    fn unreadable(&self, kind: ErrorKind) -> Error {
        Error { kind, tag: self.peek(), offset: self.at }
    }

    fn begin(&self) -> usize {
        self.open.last().map_or(0, |(begin, _)| *begin)
    }

    fn stood(&self, _tag: Tag) -> bool {
        false
    }

    fn follows(&self, _tag: Tag) -> bool {
        false
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn resume(&mut self, depth: usize) {
        self.open.truncate(depth);
        self.at = self.open.last().map_or(0, |(_, first)| *first);
    }

    fn skip(&mut self) -> bool {
        let (at, depth) = (self.at, self.open.len());
        let is_whole = self.next().is_some_and(|head| self.behind(head).is_ok());
        if !is_whole {
            self.at = at;
            self.open.truncate(depth);
        }
        is_whole
    }

    fn abandon(&mut self) {
        while self.skip() {}
        if self.close().is_err() {
            self.at = self.bytes.len();
            self.open.pop();
        }
    }

    fn peek(&self) -> Option<Tag> {
        self.next().map(|head| head.tag)
    }

    fn peek_kind(&self) -> Option<Kind> {
        match self.next()?.kind {
            FALSE => Some(Kind::Boolean),
            UUID => Some(Kind::TextString),
            kind => Kind::from_byte(kind),
        }
    }

    fn offset(&self) -> usize {
        self.at
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let begin = self.at;
        self.head(tag, Kind::Structure, &[Kind::Structure as u8])?;
        if self.open.len() >= DEPTH_MAX {
            return Err(Error::at(ErrorKind::TooDeep, tag, begin));
        }
        self.open.push((begin, self.at));
        Ok(())
    }

    fn open_unsound(&mut self) -> bool {
        false
    }

    fn close(&mut self) -> Result<()> {
        if self.bytes.get(self.at) == Some(&END) && self.open.pop().is_some() {
            self.at += 1;
            return Ok(());
        }
        match self.peek() {
            Some(tag) => Err(leftover(self, tag)),
            None => Err(Error { kind: ErrorKind::Truncated, tag: None, offset: self.at }),
        }
    }

    fn integer(&mut self, tag: Tag) -> Result<i32> {
        let value = self.signed(tag, Kind::Integer)?;
        i32::try_from(value).map_err(|_| Error::at(ErrorKind::Value, tag, self.at))
    }

    fn long_integer(&mut self, tag: Tag) -> Result<i64> {
        self.signed(tag, Kind::LongInteger)
    }

    fn big_integer(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.head(tag, Kind::BigInteger, &[Kind::BigInteger as u8])?;
        self.blob(tag).map(<[u8]>::to_vec)
    }

    fn enumeration(&mut self, tag: Tag, _names: Names) -> Result<u32> {
        self.unsigned(tag, Kind::Enumeration)
    }

    fn mask(&mut self, tag: Tag, _names: Names) -> Result<i32> {
        self.integer(tag)
    }

    fn boolean(&mut self, tag: Tag) -> Result<bool> {
        Ok(self.head(tag, Kind::Boolean, &[Kind::Boolean as u8, FALSE])? != FALSE)
    }

    fn text(&mut self, tag: Tag) -> Result<String> {
        self.text_ref(tag).map(str::to_owned)
    }

    fn text_ref(&mut self, tag: Tag) -> Result<&str> {
        if self.head(tag, Kind::TextString, &[Kind::TextString as u8, UUID])? == UUID {
            let bytes = self.take(tag, UUID_BYTES)?.first_chunk::<UUID_BYTES>();
            self.uuid = bytes.map(uuid_text).ok_or_else(|| self.cut_off(tag))?;
            return Ok(&self.uuid);
        }
        let value = self.blob(tag)?;
        std::str::from_utf8(value).map_err(|_| Error::at(ErrorKind::Utf8, tag, self.at))
    }

    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.head(tag, Kind::ByteString, &[Kind::ByteString as u8])?;
        self.blob(tag).map(<[u8]>::to_vec)
    }

    fn date_time(&mut self, tag: Tag) -> Result<i64> {
        self.signed(tag, Kind::DateTime)
    }

    fn interval(&mut self, tag: Tag) -> Result<u32> {
        self.unsigned(tag, Kind::Interval)
    }

    fn date_time_extended(&mut self, tag: Tag) -> Result<i64> {
        self.signed(tag, Kind::DateTimeExtended)
    }
}
