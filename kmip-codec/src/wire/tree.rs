//! What the text encodings share: a message as a tree of items whose values are still text, and the source that reads
//! typed values from it. The limits are those of the binary encoding, and an item beyond one is refused where it stands.

use super::growing::{Growing, error_at, syntax_at};
use super::node::Node;
use super::scalar::{Dialect, Reading, Scalar};
use super::{Kind, Names, Reading as Leniency, Source, leftover, missing};
use crate::Tag;
use crate::enums::may_be_quoted;
use crate::error::{Error, ErrorKind, Form, Named, Result};
use crate::near::nearest;
use crate::version::{V1_0, Version};
use std::cell::Cell;
use std::slice::IterMut;

/// A structure that is open.
struct Level<'d> {
    /// Its items that were not read yet.
    items: IterMut<'d, Node>,
    /// The tags of those that were.
    read: Vec<Option<Tag>>,
    begin: usize,
}

/// A message in JSON or XML, read into a tree once: as far as it goes, and what is wrong behind that.
pub(crate) struct Document {
    dialect: Dialect,
    root: Option<Node>,
    whole: Result<()>,
}

impl Document {
    /// The tree of a message.
    pub(crate) fn new(dialect: Dialect, message: &[u8]) -> Self {
        let (root, whole) = match std::str::from_utf8(message) {
            Ok(text) => tree(dialect, text),
            Err(error) => (None, Err(error_at(ErrorKind::Utf8, error.valid_up_to()))),
        };
        Self { dialect, root, whole }
    }

    /// Whether it is one message and nothing else.
    pub(crate) fn whole(&self) -> Result<()> {
        self.whole
    }

    /// What reads it, from its beginning. Texts and bytes that are read are gone from the tree.
    pub(crate) fn source(&mut self, leniency: Leniency) -> TextSource<'_> {
        let level = Level { items: self.root.as_mut_slice().iter_mut(), read: Vec::new(), begin: 0 };
        let (version, looks_left) = (V1_0, Cell::new(LOOKS_MAX));
        TextSource { version, dialect: self.dialect, leniency, open: vec![level], offset: 0, looks_left }
    }

    /// The message itself.
    pub(super) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }
}

/// Reads XML or JSON.
pub struct TextSource<'d> {
    version: Version,
    dialect: Dialect,
    leniency: Leniency,
    open: Vec<Level<'d>>,
    offset: usize,
    /// How often more it is looked for what a misspelt name is near to: a message could have very many.
    looks_left: Cell<u8>,
}

/// How many misspelt names of one message are compared with all that there are.
const LOOKS_MAX: u8 = 16;

/// What [`TextSource::peek`] calls an item whose name no tag has. Nobody asks for it.
const UNKNOWN: Tag = Tag(0);

/// What is wrong with a value that cannot be read.
fn wrong_value<T>(reading: Reading<'_>, parse: fn(Reading<'_>) -> Option<T>) -> ErrorKind {
    let unquoted = reading.unquoted();
    let would_do = unquoted.and_then(|value| parse(Reading { value: &value, dialect: reading.dialect }));
    would_do.map_or(ErrorKind::Value, |_| ErrorKind::Form(Form::Quoted))
}

/// The tree of one message as far as it goes, and what is wrong behind that.
fn tree(dialect: Dialect, text: &str) -> (Option<Node>, Result<()>) {
    match Growing::new(text.len()) {
        Ok(mut growing) => {
            let read = (dialect.grow)(text, &mut growing);
            growing.finish(read, text.len())
        }
        Err(error) => (None, Err(error)),
    }
}

impl<'d> TextSource<'d> {
    fn next(&self) -> Option<&Node> {
        self.open.last().and_then(|level| level.items.as_slice().first())
    }

    fn pop(&mut self) -> Option<&'d mut Node> {
        let level = self.open.last_mut()?;
        let node = level.items.next()?;
        level.read.push(node.tag);
        self.offset = node.offset;
        Some(node)
    }

    /// The next item, which must have this tag and type; it stays where it has not.
    fn take(&mut self, tag: Tag, kind: Kind) -> Result<&'d mut Node> {
        match self.next() {
            Some(node @ Node { fault: Some(fault), .. }) if node.tag.is_none_or(|found| found == tag) => {
                return Err(self.blamed(node, *fault));
            }
            Some(node) if node.tag == Some(tag) => {
                let found = node.kind.unwrap_or(Kind::Structure);
                if found != kind {
                    return Err(node.error(ErrorKind::WrongType { expected: kind, found: found as u8 }));
                }
            }
            _ => return Err(missing(self, tag)),
        }
        self.pop().ok_or(syntax_at(self.offset))
    }

    fn parsed<T>(&mut self, tag: Tag, kind: Kind, parse: fn(Reading<'_>) -> Option<T>) -> Result<T> {
        let node = self.take(tag, kind)?;
        let Some(value) = &node.value else { return Err(node.error(ErrorKind::Value)) };
        let reading = Reading { value, dialect: self.dialect };
        parse(reading).ok_or_else(|| node.error(wrong_value(reading, parse)))
    }

    /// A value that may be spelt by its name, or what is wrong with it, given the name that it is near to.
    fn named<T>(
        &mut self,
        tag: Tag,
        kind: Kind,
        names: Names,
        parse: fn(Reading<'_>, Names) -> Option<T>,
        wrong: fn(Option<&'static str>) -> ErrorKind,
    ) -> Result<T> {
        let node = self.take(tag, kind)?;
        let reading = node.value.as_ref().map(|value| Reading { value, dialect: self.dialect });
        if let Some(value) = reading.and_then(|reading| parse(reading, names)) {
            return Ok(value);
        }
        let Some(reading) = reading.filter(|reading| reading.text().is_some()) else {
            return Err(node.error(ErrorKind::Value));
        };
        if kind == Kind::Integer && wrong_value(reading, |value| value.i32()) != ErrorKind::Value {
            return Err(node.error(ErrorKind::Form(Form::Quoted)));
        }
        let near = self.may_look().then(|| reading.near(names, self.version)).flatten();
        node.is_quotable = names.is_table && may_be_quoted(tag);
        Err(node.error(wrong(near)))
    }

    fn enter(&mut self, node: &'d mut Node) {
        self.open.push(Level { begin: node.offset, items: node.items.iter_mut(), read: Vec::new() });
    }

    fn may_look(&self) -> bool {
        let left = self.looks_left.get();
        self.looks_left.set(left.saturating_sub(1));
        left > 0
    }

    /// The error for a fault of an item, with the name that a misspelt one is near to.
    fn blamed(&self, node: &Node, fault: ErrorKind) -> Error {
        let name = node.unknown.as_deref().unwrap_or_default();
        let near = |of| match of {
            Named::Field => {
                let tags = Tag::ALL.iter().filter(|tag| tag.is_in(self.version));
                nearest(name, tags.filter_map(|tag| tag.name()))
            }
            Named::Type => nearest(name, Kind::ALL.iter().map(|kind| kind.name())),
            Named::Value => None,
        };
        node.error(match fault {
            ErrorKind::Name { of, .. } if self.may_look() => ErrorKind::Name { of, near: near(of) },
            fault => fault,
        })
    }
}

impl Source for TextSource<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn reading(&self) -> Leniency {
        self.leniency
    }

    fn unreadable(&self, kind: ErrorKind) -> Error {
        match self.next() {
            Some(node) => {
                let is_its_fault = node.tag.is_none() || matches!(kind, ErrorKind::UnknownType { .. });
                self.blamed(node, node.fault.filter(|_| is_its_fault).unwrap_or(kind))
            }
            None => error_at(kind, self.offset),
        }
    }

    fn begin(&self) -> usize {
        self.open.last().map_or(0, |level| level.begin)
    }

    fn stood(&self, tag: Tag) -> bool {
        self.open.last().is_some_and(|level| level.read.contains(&Some(tag)))
    }

    fn follows(&self, tag: Tag) -> bool {
        self.open.last().is_some_and(|level| level.items.as_slice().iter().any(|node| node.tag == Some(tag)))
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn resume(&mut self, depth: usize) {
        self.open.truncate(depth);
    }

    fn skip(&mut self) -> bool {
        self.pop().is_some()
    }

    fn abandon(&mut self) {
        self.open.pop();
    }

    fn peek(&self) -> Option<Tag> {
        self.next().map(|node| node.tag.unwrap_or(UNKNOWN))
    }

    fn peek_kind(&self) -> Option<Kind> {
        let sound = self.next().filter(|node| node.fault.is_none());
        sound.map(|node| node.kind.unwrap_or(Kind::Structure))
    }

    fn offset(&self) -> usize {
        self.next().map_or(self.offset, |node| node.offset)
    }

    fn open(&mut self, tag: Tag) -> Result<()> {
        let node = self.take(tag, Kind::Structure)?;
        self.enter(node);
        Ok(())
    }

    fn open_unsound(&mut self) -> bool {
        let node = self.pop();
        node.map(|node| self.enter(node)).is_some()
    }

    fn close(&mut self) -> Result<()> {
        match self.peek() {
            Some(found) => Err(leftover(self, found)),
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

    fn enumeration(&mut self, tag: Tag, names: Names) -> Result<u32> {
        let unknown = |near| ErrorKind::Name { of: Named::Value, near };
        self.named(tag, Kind::Enumeration, names, |value, names| value.enumeration(names), unknown)
    }

    fn mask(&mut self, tag: Tag, names: Names) -> Result<i32> {
        self.named(
            tag,
            Kind::Integer,
            names,
            |value, names| value.mask(names),
            |near| ErrorKind::Mask { near },
        )
    }

    fn boolean(&mut self, tag: Tag) -> Result<bool> {
        self.parsed(tag, Kind::Boolean, |value| value.boolean())
    }

    fn text(&mut self, tag: Tag) -> Result<String> {
        let node = self.take(tag, Kind::TextString)?;
        match &mut node.value {
            Some(Scalar::Text(text)) => Ok(std::mem::take(text)),
            _ => Err(node.error(ErrorKind::Value)),
        }
    }

    fn text_ref(&mut self, tag: Tag) -> Result<&str> {
        let node = self.take(tag, Kind::TextString)?;
        match &node.value {
            Some(Scalar::Text(text)) => Ok(text),
            _ => Err(node.error(ErrorKind::Value)),
        }
    }

    fn bytes(&mut self, tag: Tag) -> Result<Vec<u8>> {
        let node = self.take(tag, Kind::ByteString)?;
        match node.value.take() {
            Some(Scalar::Text(digits)) => hex::decode(&*digits).ok(),
            _ => None,
        }
        .ok_or_else(|| node.error(ErrorKind::Value))
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
