//! Where in a message something stands, in words: found by walking down the message once more, and only for errors.

use super::binary::children;
use super::node::Node;
use super::secrecy::is_secret;
use super::tree::Document;
use super::{Encoding, Kind};
use crate::error::{ErrorKind, Form, Named};
use std::borrow::Cow;

/// Names of what was found are cut after so many characters.
const NAME_CHARACTERS_MAX: usize = 64;

/// The place of an item.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The item's name as the message has it, escaped and cut; empty where no item begins there.
    pub name: String,
    /// The name of its type.
    pub kind: String,
    /// The way from the message down to it, with numbers from 1 where several of a tag stand together.
    pub path: String,
    /// The name that stands for its value, where the value is one of a table: never a key.
    pub value: Option<String>,
}

/// An item on the way down.
struct OpResult {
    name: String,
    kind: String,
    value: Option<String>,
    /// Which of its tag it is among those that stand together, from 1, and how many there are.
    number: (usize, usize),
}

/// A message that came in: TTLV as it is, text as the tree that it was read into.
pub(crate) enum Received<'m> {
    Ttlv(&'m [u8]),
    Text(Document),
}

impl<'m> Received<'m> {
    /// Reads a text into its tree.
    pub(crate) fn new(encoding: Encoding, message: &'m [u8]) -> Self {
        match encoding.dialect() {
            None => Self::Ttlv(message),
            Some(dialect) => Self::Text(Document::new(dialect, message)),
        }
    }

    /// The place of the item that begins at this byte, or of the last one before it.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let steps = match self {
            Self::Ttlv(message) => in_ttlv(message, offset),
            Self::Text(document) => document.root().map(|root| in_tree(root, offset)).unwrap_or_default(),
        };
        let part = |step: &OpResult| match step.number {
            (_, 1) => step.name.clone(),
            (number, _) => format!("{}[{number}]", step.name),
        };
        let path = steps.iter().map(part).collect::<Vec<_>>().join("/");
        match steps.into_iter().next_back() {
            Some(OpResult { name, kind, value, .. }) => Place { name, kind, path, value },
            None => Place::default(),
        }
    }
}

fn in_ttlv(message: &[u8], offset: usize) -> Vec<OpResult> {
    let mut steps = Vec::new();
    let mut within = 0..message.len();
    loop {
        let siblings = children(message, within);
        let Some(at) = siblings.iter().rposition(|child| child.at <= offset) else { return steps };
        let Some(found) = siblings.get(at) else { return steps };
        let same =
            |items: &[super::binary::Child]| items.iter().filter(|child| child.tag == found.tag).count();
        let kind = Kind::from_byte(found.kind);
        steps.push(OpResult {
            name: found.tag.to_string(),
            kind: kind.map_or_else(|| format!("type 0x{:02x}", found.kind), |kind| kind.name().to_owned()),
            value: None,
            number: (same(siblings.get(..=at).unwrap_or_default()), same(&siblings)),
        });
        if found.at == offset || kind != Some(Kind::Structure) || steps.len() > crate::limits::DEPTH_MAX {
            return steps;
        }
        within = found.inside.clone();
    }
}

fn in_tree(root: &Node, offset: usize) -> Vec<OpResult> {
    let mut steps = Vec::new();
    let mut siblings = std::slice::from_ref(root);
    loop {
        let at = siblings.iter().rposition(|child| child.offset <= offset);
        let Some((at, found)) = at.and_then(|at| Some((at, siblings.get(at)?))) else { return steps };
        let label = found.label();
        let same = |items: &[Node]| items.iter().filter(|node| node.label() == label).count();
        steps.push(OpResult {
            name: bounded(&label),
            kind: found.kind_label(),
            value: found.spelt_value().map(bounded),
            number: (same(siblings.get(..=at).unwrap_or_default()), same(siblings)),
        });
        if found.offset == offset || found.items.is_empty() {
            return steps;
        }
        siblings = &found.items;
    }
}

/// Text of a stranger, for people: without what bends a terminal, and not too long.
fn bounded(text: &str) -> String {
    text.chars().take(NAME_CHARACTERS_MAX).flat_map(char::escape_debug).collect()
}

impl Node {
    /// The name of the type, or the one that no type has.
    fn kind_label(&self) -> String {
        match (&self.unknown, self.fault) {
            // The value of a secret may stand in the place of its type.
            (Some(_), Some(ErrorKind::Name { of: Named::Type, .. })) if self.tag.is_some_and(is_secret) => {
                "an unknown type".to_owned()
            }
            (Some(name), Some(ErrorKind::Name { of: Named::Type, .. })) => bounded(name),
            (_, Some(ErrorKind::Form(Form::NoItem { found }))) => {
                found.trim_start_matches("a ").trim_start_matches("an ").to_owned()
            }
            _ => self.kind.unwrap_or(Kind::Structure).name().to_owned(),
        }
    }

    /// The name of the tag, or what stands in its place.
    fn label(&self) -> Cow<'_, str> {
        match (self.tag, &self.unknown) {
            (Some(tag), _) => tag.name().map_or_else(|| Cow::Owned(tag.to_string()), Cow::Borrowed),
            (None, Some(name)) => Cow::Borrowed(name),
            (None, None) => Cow::Borrowed("an item without a tag"),
        }
    }
}
