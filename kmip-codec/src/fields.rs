//! The fields of structures as rows: under which tag each stands in a version, and what an item means that is none of them.

use crate::Tag;
use crate::declare::{Versions, tag_in};
use crate::error::{Error, ErrorKind};
use crate::version::Version;

/// A field of a structure, as the reference pages show it.
#[derive(Clone, Copy, Debug)]
pub struct FieldRow {
    /// The name of the field in Rust.
    pub name: &'static str,
    /// The Rust type, which tells how often it occurs.
    pub occurs: &'static str,
    /// Its tags, each with whether a version has the field under it.
    pub tags: &'static [(Tag, IsIn)],
}

/// Whether a version has a row.
pub type IsIn = fn(Version) -> bool;

/// The tag under which a field is written that is none of this version's: that of the newest version with the same
/// major number, where the message was read with such fields.
pub fn later_tag(version: Version, later: bool, choices: &[(&dyn Versions, Tag)]) -> Option<Tag> {
    tag_in(version, choices).or_else(|| tag_in(version.newest_of_major(), choices).filter(|_| later))
}

/// What an error means in a structure of these fields: whether the item that was found at this place is none of them, or
/// stands there out of order.
pub fn judged(error: Error, at: usize, version: Version, fields: &[FieldRow]) -> Error {
    let (found, expected) = match error.kind {
        _ if error.offset != at => return error,
        ErrorKind::Missing { found: Some(found) } => (found, error.tag),
        ErrorKind::OutOfOrder { expected } => (error.tag.unwrap_or_default(), expected),
        ErrorKind::Unexpected { expected } => (error.tag.unwrap_or_default(), expected),
        ErrorKind::Repeated => (error.tag.unwrap_or_default(), None),
        _ => return error,
    };
    let is_of = |row: &&FieldRow| row.tags.iter().any(|(tag, is_in)| *tag == found && is_in(version));
    let kind = match (fields.iter().find(is_of), error.kind) {
        (None, _) if !is_object(found, fields) => ErrorKind::Unexpected { expected },
        (_, ErrorKind::Unexpected { .. }) => ErrorKind::OutOfOrder { expected },
        (Some(row), ErrorKind::Repeated) if row.occurs.starts_with("Vec") => {
            ErrorKind::OutOfOrder { expected }
        }
        (_, ErrorKind::Missing { .. }) => return error,
        (_, kind) => kind,
    };
    Error { kind, tag: Some(found), ..error }
}

/// Whether the tag is that of an object, where the structure has one.
fn is_object(found: Tag, fields: &[FieldRow]) -> bool {
    fields.iter().any(|row| row.occurs.contains("ManagedObject"))
        && crate::objects::ManagedObject::TAGS.contains(&found)
}
