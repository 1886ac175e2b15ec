//! The fields of structures as rows: under which tag each stands in a version, and what an item means that is none of them.

use crate::Tag;
use crate::enums::Row;
use crate::error::{Error, ErrorKind, Result};
use crate::objects::ManagedObject;
use crate::version::{VERSIONS, Version};
use crate::wire::{Names, Source};

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
pub fn later_tag(version: Version, later: bool, tag_in: impl Fn(Version) -> Option<Tag>) -> Option<Tag> {
    tag_in(version).or_else(|| if later { tag_in(version.newest_of_major()) } else { None })
}

/// The tag of a field in a version: the first of its tags whose versions include that one.
macro_rules! tag_in {
    ($version:expr, $($tag:ident $(in $range:expr)?),+) => {{
        use crate::declare::Versions as _;
        match () {
            $(() if crate::declare::versions!($($range)?).has($version) => Some(crate::Tag::$tag),)+
            () => None,
        }
    }};
}
pub(crate) use tag_in;

/// The tag under which a field is read or written here, as [`later_tag`] has it.
macro_rules! field_tag {
    ($version:expr, $later:expr, $tag:ident) => {
        Some(crate::Tag::$tag)
    };
    ($version:expr, $later:expr, $($tag:ident $(in $range:expr)?),+) => {
        crate::declare::later_tag($version, $later, |version| {
            crate::declare::tag_in!(version, $($tag $(in $range)?),+)
        })
    };
}
pub(crate) use field_tag;

/// What an error means in a structure of these fields: whether the item that was found at this place is none of them, or
/// stands there out of order.
pub fn judged(error: Error, at: usize, src: &dyn Source, fields: &[FieldRow]) -> Error {
    let version = src.version();
    let (found, expected) = match error.kind {
        _ if error.offset != at => return error,
        ErrorKind::Missing { found: Some(found) } => (found, error.tag),
        ErrorKind::OutOfOrder { expected, .. } => (error.tag.unwrap_or_default(), expected),
        ErrorKind::Unexpected { expected } => (error.tag.unwrap_or_default(), expected),
        ErrorKind::Repeated => (error.tag.unwrap_or_default(), None),
        _ => return error,
    };
    let place = fields.iter().position(|row| row.has(found, version));
    let out_of_order = |place: usize| {
        let behind = fields.iter().skip(place + 1).flat_map(FieldRow::all_tags);
        ErrorKind::OutOfOrder { expected, before: behind.into_iter().find(|tag| src.stood(*tag)) }
    };
    let kind = match (place, error.kind) {
        (None, _) => ErrorKind::Unexpected { expected },
        (Some(place), ErrorKind::Unexpected { .. } | ErrorKind::OutOfOrder { .. }) => out_of_order(place),
        (Some(place), ErrorKind::Repeated)
            if fields.get(place).is_some_and(|row| row.occurs.starts_with("Vec")) =>
        {
            out_of_order(place)
        }
        (_, ErrorKind::Missing { .. }) => return error,
        (_, kind) => kind,
    };
    Error { kind, tag: Some(found), ..error }
}

/// Masks that only say where to look: a bit that means nothing takes nothing away from those that do.
const FILTERS: &[Tag] = &[Tag::StorageStatusMask];

/// Reads a mask. Bits of earlier versions may stand in it, as objects that were made then have them; those of later versions
/// too where later fields are taken, and all 32 at once, by which clients mean every bit that there is.
pub fn take_mask(tag: Tag, src: &mut dyn Source, names: Names, rows: &'static [Row]) -> Result<i32> {
    let (offset, version, reading) = (src.offset(), src.version(), src.reading());
    let value = src.mask(tag, names)?;
    let bits = value.cast_unsigned();
    let is_taken = |one: Version| reading.later_fields || one <= version;
    let is_defined = |row: &&Row| VERSIONS.iter().any(|one| is_taken(*one) && (row.2)(*one));
    let defined_of = |bits: u32| {
        rows.iter().filter(|row| row.0 & bits != 0).filter(is_defined).fold(0, |all, row| all | row.0)
    };
    // The bits that are set are few, and right as a rule.
    let found = bits & !defined_of(bits);
    if found == 0 || !reading.known_bits {
        return Ok(value);
    }
    let defined = defined_of(u32::MAX);
    let is_meant = FILTERS.contains(&tag) && bits & defined != 0 || reading.later_fields && bits == u32::MAX;
    if is_meant {
        return Ok(value);
    }
    let named = rows.iter().find(|row| found & row.0 != 0).map(|row| row.1);
    Err(Error::at(ErrorKind::Bits { found, defined, named, version }, tag, offset))
}

impl FieldRow {
    /// Whether the field stands under this tag in this version. An object stands under the tag of its type.
    fn has(&self, found: Tag, version: Version) -> bool {
        self.tags.iter().any(|(tag, is_in)| *tag == found && is_in(version))
            || self.is_object() && ManagedObject::TAGS.contains(&found)
    }

    fn is_object(&self) -> bool {
        self.occurs.contains("ManagedObject")
    }

    /// Every tag under which it may stand.
    fn all_tags(&self) -> Vec<Tag> {
        if self.is_object() {
            return ManagedObject::TAGS.to_vec();
        }
        self.tags.iter().map(|(tag, _)| *tag).collect()
    }
}
