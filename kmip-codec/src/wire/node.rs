//! An item of a text encoding: what it says of itself, its value still as it was written, and what is wrong with it.

use super::Kind;
use super::scalar::Scalar;
use crate::Tag;
use crate::error::{Error, ErrorKind, Form, Named, Result};
use crate::limits::DEPTH_MAX;

/// One item.
#[derive(Default)]
pub(super) struct Node {
    pub(super) tag: Option<Tag>,
    /// The name that no tag has, or that no type has.
    pub(super) unknown: Option<Box<str>>,
    /// What is wrong with the item, whatever it belongs to.
    pub(super) fault: Option<ErrorKind>,
    pub(super) kind: Option<Kind>,
    pub(super) value: Option<Scalar>,
    /// Whether a value or a list of items was begun.
    pub(super) is_begun: bool,
    /// Whether a list of items was.
    pub(super) has_list: bool,
    pub(super) items: Vec<Node>,
    /// Whether a refusal may quote the value: it is one of a table, and not known.
    pub(super) is_quotable: bool,
    /// Where it begins, in bytes.
    pub(super) offset: usize,
}

impl Node {
    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, tag: self.tag, offset: self.offset }
    }

    /// Sets the tag of this name, or notes the name that no tag has. A name of no letters is none.
    pub(super) fn set_tag(&mut self, tag: Option<Tag>, name: &str) {
        self.tag = tag;
        if tag.is_none() && !name.is_empty() {
            self.unknown = Some(name.into());
        }
    }

    /// Notes what is wrong with the parts of the item; of several things the first.
    pub(super) fn note(&mut self, form: Form) {
        self.fault.get_or_insert(ErrorKind::Form(form));
    }

    /// Sets the type of this name.
    pub(super) fn set_kind(&mut self, name: &str) {
        self.kind = Kind::by_name(name);
        if self.kind.is_none() {
            self.unknown.get_or_insert_with(|| name.into());
            self.fault = Some(ErrorKind::Name { of: Named::Type, near: None });
        }
    }

    /// A structure has items, everything else a value. What is wrong with one item is told where it is read.
    pub(super) fn check(&mut self, depth: usize) -> Result<()> {
        let is_structure = self.kind.is_none_or(|kind| kind == Kind::Structure);
        if is_structure && depth >= DEPTH_MAX {
            return Err(self.error(ErrorKind::TooDeep));
        }
        if self.tag.is_none() && self.unknown.is_some() {
            self.fault = Some(ErrorKind::Name { of: Named::Field, near: None });
        } else {
            self.fault = self.fault.or(self.lacking(is_structure).map(ErrorKind::Form));
        }
        Ok(())
    }

    /// What it lacks, or has and cannot have.
    fn lacking(&self, is_structure: bool) -> Option<Form> {
        match (is_structure, &self.value) {
            _ if self.tag.is_none() => Some(Form::NoTag),
            (true, Some(_)) if self.kind.is_none() => Some(Form::NoType),
            (true, Some(_)) => Some(Form::ValueOfStructure),
            (false, _) if self.has_list || !self.items.is_empty() => Some(Form::ItemsOfValue),
            (false, None) => Some(Form::NoValue),
            _ => None,
        }
    }

    /// The text of a value that is one of a table, where that was looked for in vain.
    pub(super) fn spelt_value(&self) -> Option<&str> {
        match &self.value {
            Some(Scalar::Text(text)) if self.is_quotable => Some(text),
            _ => None,
        }
    }
}
