//! How a request names attributes: by name (1.x), or by tag or vendor and name (2.x).

use super::AttributeRow;
use crate::Tag;
use crate::declare::{Field, Value};
use crate::error::Result;
use crate::version::Version;
use crate::wire::{Kind, Sink, Source, expect_kind};
use std::borrow::Cow;

/// The name of an attribute, whichever way it was written (KMIP 2.1, 5.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AttributeReference {
    /// An attribute of the table.
    Tag(Tag),
    /// An attribute of a vendor or an application.
    Vendor {
        /// Who defines it.
        vendor: String,
        /// Its name there.
        name: String,
    },
    /// A 1.x name that is neither.
    Unknown(String),
}

impl Default for AttributeReference {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

impl AttributeReference {
    /// From a 1.x name.
    pub fn from_name(name: &str) -> Self {
        if let Some(row) = AttributeRow::named(name) {
            return Self::Tag(row.tag);
        }
        match name.split_once('-') {
            Some((vendor @ ("x" | "y"), name)) => Self::Vendor { vendor: vendor.into(), name: name.into() },
            _ => Self::Unknown(name.to_owned()),
        }
    }

    /// The 1.x name.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Tag(tag) => tag_name(*tag),
            Self::Vendor { vendor, name } => vendor_name(vendor, name),
            Self::Unknown(name) => Cow::Borrowed(name),
        }
    }
}

/// The 1.x name of the attribute of a tag.
pub(super) fn tag_name(tag: Tag) -> Cow<'static, str> {
    AttributeRow::of(tag).map_or_else(|| Cow::Owned(tag.to_string()), |row| Cow::Borrowed(row.name))
}

/// The 1.x name of a vendor's attribute.
pub(super) fn vendor_name(vendor: &str, name: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{vendor}-{name}"))
}

/// The reference as one value: `AttributeName` in 1.x, `AttributeReference` in 2.x.
impl Value for AttributeReference {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        if !out.version().has_tagged_attributes() {
            return out.text(tag, &self.name());
        }
        match self {
            Self::Tag(named) => named.put(tag, out),
            Self::Vendor { vendor, name } => put_vendor(tag, vendor, name, out),
            Self::Unknown(name) => put_vendor(tag, "", name, out),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if !src.version().has_tagged_attributes() {
            return src.text_ref(tag).map(Self::from_name);
        }
        expect_kind(src, &[Kind::Enumeration, Kind::Structure])?;
        if src.peek_kind() == Some(Kind::Enumeration) {
            return Value::take(tag, src).map(Self::Tag);
        }
        src.open(tag)?;
        let vendor = Field::read(Tag::VendorIdentification, src)?;
        let name = Field::read(Tag::AttributeName, src)?;
        src.close()?;
        Ok(Self::Vendor { vendor, name })
    }
}

fn put_vendor(tag: Tag, vendor: &str, name: &str, out: &mut dyn Sink) {
    out.open(tag);
    out.text(Tag::VendorIdentification, vendor);
    out.text(Tag::AttributeName, name);
    out.close();
}

/// References in a request or answer, any number of them.
pub type References = Vec<AttributeReference>;

/// The tag that a reference stands under in this version.
pub fn reference_tag(version: Version) -> Tag {
    if version.has_tagged_attributes() { Tag::AttributeReference } else { Tag::AttributeName }
}
