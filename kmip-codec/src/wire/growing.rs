//! How the tree of a message grows from its text, within the limits of the binary encoding.

use super::node::Node;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DEPTH_MAX, ITEMS_MAX, MESSAGE_BYTES_MAX};

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
            return Err(error_at(ErrorKind::TooLarge { found: length, most: MESSAGE_BYTES_MAX }, 0));
        }
        Ok(Self::default())
    }

    /// Begins an item.
    pub(super) fn open(&mut self, offset: usize) -> Result<&mut Node> {
        self.items += 1;
        let kind = match () {
            () if self.root.is_some() => Some(ErrorKind::Trailing),
            () if self.open.len() > DEPTH_MAX => Some(ErrorKind::TooDeep),
            () if self.items > ITEMS_MAX => Some(ErrorKind::TooMany),
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
        let mut node = self.open.pop().ok_or(syntax_at(offset))?;
        node.check(self.open.len())?;
        match self.open.last_mut() {
            Some(parent) => parent.items.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// The whole tree, if everything was ended: else as far as it goes, and what is wrong.
    pub(super) fn finish(mut self, read: Result<()>, offset: usize) -> (Option<Node>, Result<()>) {
        let is_whole = self.root.is_some() && self.open.is_empty();
        while let Some(node) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.items.push(node),
                None => self.root = self.root.or(Some(node)),
            }
        }
        let ended = if is_whole { Ok(()) } else { Err(error_at(ErrorKind::Truncated, offset)) };
        (self.root, read.and(ended))
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
