//! What the text encodings share: a message as a tree of items whose values are still text, and the source that reads
//! typed values from it. The limits are those of the binary encoding, and an item beyond one is refused where it stands.

use super::scalar::{Dialect, Reading, Scalar};
use super::{ByName, Kind, Source};
use crate::Tag;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEMS_MAX, MESSAGE_BYTES_MAX};
use crate::version::{V1_0, Version};

/// One item.
#[derive(Default)]
pub(super) struct Node {
    pub(super) tag: Option<Tag>,
    pub(super) kind: Option<Kind>,
    pub(super) value: Option<Scalar>,
    /// Whether the value or the list of items was begun: it stands there once.
    pub(super) is_begun: bool,
    pub(super) items: Vec<Node>,
    /// Where it begins, in bytes.
    offset: usize,
}

impl Node {
    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, tag: self.tag, offset: self.offset }
    }

    /// A structure has items, everything else a value.
    fn check(&self, depth: usize) -> Result<()> {
        let is_structure = self.kind.is_none_or(|kind| kind == Kind::Structure);
        let is_whole = is_structure != self.value.is_some() && (is_structure || self.items.is_empty());
        match self.tag {
            None => Err(self.error(ErrorKind::Name)),
            Some(_) if !is_whole => Err(self.error(ErrorKind::Syntax)),
            Some(_) if is_structure && depth >= DEPTH_MAX => Err(self.error(ErrorKind::TooDeep)),
            Some(_) => Ok(()),
        }
    }
}

/// Puts a tree together, from the outside in, within the limits.
#[derive(Default)]
pub(super) struct Growing {
    open: Vec<Node>,
    root: Option<Node>,
    items: usize,
}

impl Growing {
    /// For a text of this length.
    pub(super) fn new(length: usize) -> Result<Self> {
        if length > MESSAGE_BYTES_MAX {
            return Err(error_at(ErrorKind::TooLarge, 0));
        }
        Ok(Self::default())
    }

    /// Begins an item.
    pub(super) fn open(&mut self, offset: usize) -> Result<&mut Node> {
        self.items += 1;
        let kind = match () {
            () if self.root.is_some() => Some(ErrorKind::Trailing),
            () if self.open.len() > DEPTH_MAX => Some(ErrorKind::TooDeep),
            () if self.items > ITEMS_MAX => Some(ErrorKind::TooLarge),
            () => None,
        };
        if let Some(kind) = kind {
            return Err(error_at(kind, offset));
        }
        self.open.push(Node { offset, ..Node::default() });
        self.innermost(offset)
    }

    /// The item that was begun last and not ended.
    pub(super) fn innermost(&mut self, offset: usize) -> Result<&mut Node> {
        self.open.last_mut().ok_or(syntax_at(offset))
    }

    /// Ends the innermost item.
    pub(super) fn close(&mut self, offset: usize) -> Result<()> {
        let node = self.open.pop().ok_or(syntax_at(offset))?;
        node.check(self.open.len())?;
        match self.open.last_mut() {
            Some(parent) => parent.items.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// The whole tree, once everything was ended.
    pub(super) fn finish(self, offset: usize) -> Result<Node> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(error_at(ErrorKind::Truncated, offset)),
        }
    }
}

/// An error about no tag, at this byte.
pub(super) fn error_at(kind: ErrorKind, offset: usize) -> Error {
    Error { kind, tag: None, offset }
}

/// Text that is not what its encoding wants, at this byte.
pub(super) fn syntax_at(offset: usize) -> Error {
    error_at(ErrorKind::Syntax, offset)
}

/// Reads XML or JSON.
pub struct TextSource {
    version: Version,
    dialect: Dialect,
    /// The structures that are open, each with its items not read yet, last first.
    open: Vec<Vec<Node>>,
    offset: usize,
}

impl TextSource {
    pub(super) fn new(root: Node, dialect: Dialect) -> Self {
        Self { version: V1_0, dialect, open: vec![vec![root]], offset: 0 }
    }

    fn next(&self) -> Option<&Node> {
        self.open.last().and_then(|nodes| nodes.last())
    }

    fn take(&mut self, tag: Tag, kind: Kind) -> Result<Node> {
        let offset = self.offset();
        let found = self.open.last_mut().and_then(|nodes| nodes.pop_if(|node| node.tag == Some(tag)));
        let node = found.ok_or(Error::at(ErrorKind::Missing, tag, offset))?;
        self.offset = offset;
        let found = node.kind.unwrap_or(Kind::Structure);
        if found != kind {
            return Err(node.error(ErrorKind::WrongType { expected: kind, found: found as u8 }));
        }
        Ok(node)
    }

    fn parsed<T>(&mut self, tag: Tag, kind: Kind, parse: impl FnOnce(Reading<'_>) -> Option<T>) -> Result<T> {
        let node = self.take(tag, kind)?;
        let parsed = node.value.as_ref().and_then(|value| parse(Reading { value, dialect: self.dialect }));
        parsed.ok_or_else(|| node.error(ErrorKind::Value))
    }
}

impl Source for TextSource {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn peek(&self) -> Option<Tag> {
        self.next().and_then(|node| node.tag)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.next().map(|node| node.kind.unwrap_or(Kind::Structure))
    }

    fn offset(&self) -> usize {
        self.next().map_or(self.offset, |node| node.offset)
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let mut node = self.take(tag, Kind::Structure)?;
        node.items.reverse();
        self.open.push(node.items);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        match self.next() {
            Some(node) => Err(node.error(ErrorKind::Unexpected)),
            None => {
                self.open.pop();
                Ok(())
            }
        }
    }

    fn integer(&mut self, tag: Tag) -> Result<i32> {
        self.parsed(tag, Kind::Integer, |value| value.i32())
    }

    fn long_integer(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::LongInteger, |value| value.i64())
    }

    fn big_integer(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.parsed(tag, Kind::BigInteger, |value| value.big_integer())
    }

    fn enumeration(&mut self, tag: Tag, by_name: ByName) -> Result<u32> {
        self.parsed(tag, Kind::Enumeration, |value| value.enumeration(by_name))
    }

    fn mask(&mut self, tag: Tag, by_name: ByName) -> Result<i32> {
        self.parsed(tag, Kind::Integer, |value| value.mask(by_name))
    }

    fn boolean(&mut self, tag: Tag) -> Result<bool> {
        self.parsed(tag, Kind::Boolean, |value| value.boolean())
    }

    fn text(&mut self, tag: Tag) -> Result<String> {
        let mut node = self.take(tag, Kind::TextString)?;
        match &mut node.value {
            Some(Scalar::Text(text)) => Ok(std::mem::take(text)),
            _ => Err(node.error(ErrorKind::Value)),
        }
    }

    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>> {
        self.parsed(tag, Kind::ByteString, |value| value.text().and_then(|text| hex::decode(text).ok()))
    }

    fn date_time(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::DateTime, |value| value.seconds())
    }

    fn interval(&mut self, tag: Tag) -> Result<u32> {
        self.parsed(tag, Kind::Interval, |value| value.u32())
    }

    fn date_time_extended(&mut self, tag: Tag) -> Result<i64> {
        self.parsed(tag, Kind::DateTimeExtended, |value| value.microseconds())
    }
}
