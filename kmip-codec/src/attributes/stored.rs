//! Attributes as the store keeps them: each under its own tag, whatever the versions that define it, behind its index where that is
//! not 0. How they are written on the wire does not matter here, so that the stored form outlives it.

use super::list::put_list;
use super::{Attribute, Attributes, Entry, PartialAttribute, UnknownAttribute, VendorAttribute};
use crate::Tag;
use crate::declare::{Field, Value};
use crate::error::Result;
use crate::item::ItemValue;
use crate::wire::{Kind, Sink, Source};

/// An attribute that the table does not have: a structure of these tags, from the range that KMIP leaves to extensions.
const UNKNOWN: Tag = Tag(0x54_0011);
/// An attribute in part.
const PARTIAL: Tag = Tag(0x54_0012);
/// As many attributes as the key of a volume has, or a few more.
const USUAL_COUNT: usize = 24;
/// The tag of either, as an enumeration.
const TAG: Tag = Tag(0x54_0013);

impl Attributes {
    /// Writes them as a field of a message.
    pub fn put(&self, tag: Tag, out: &mut dyn Sink) {
        put_list(self, tag, out);
    }

    /// Writes them one behind the other.
    pub fn put_stored(&self, out: &mut dyn Sink) {
        self.0.iter().for_each(|entry| entry.put_stored(out));
    }

    /// Reads them to the end of the open structure. An attribute of a tag that has no row, which a later version has written,
    /// keeps its value.
    pub fn take_stored(src: &mut dyn Source) -> Result<Self> {
        let mut entries = Vec::with_capacity(USUAL_COUNT);
        while src.peek().is_some() {
            entries.push(Entry::take_stored(src)?);
        }
        Ok(Self(entries))
    }
}

impl Entry {
    fn put_stored(&self, out: &mut dyn Sink) {
        match self.index {
            Some(0) => {}
            Some(index) => out.integer(Tag::AttributeIndex, index),
            None => out.boolean(Tag::AttributeIndex, false),
        }
        match &self.attribute {
            Attribute::Vendor(vendor) => {
                out.open(Tag::Attribute);
                out.text(Tag::VendorIdentification, &vendor.vendor);
                out.text(Tag::AttributeName, &vendor.name);
                Field::write(&vendor.value, Tag::AttributeValue, out);
                out.close();
            }
            Attribute::Unknown(unknown) => {
                out.open(UNKNOWN);
                out.enumeration(TAG, unknown.tag.0, &|_| None);
                out.text(Tag::AttributeName, &unknown.name);
                Field::write(&unknown.value, Tag::AttributeValue, out);
                out.close();
            }
            Attribute::Partial(partial) => {
                out.open(PARTIAL);
                out.enumeration(TAG, partial.tag.0, &|_| None);
                self.attribute.put_value(Tag::AttributeValue, out);
                out.close();
            }
            known => known.put_value(known.tag(), out),
        }
    }

    fn take_stored(src: &mut dyn Source) -> Result<Self> {
        let index = match (src.peek(), src.peek_kind()) {
            (Some(Tag::AttributeIndex), Some(Kind::Boolean)) => {
                src.boolean(Tag::AttributeIndex)?;
                None
            }
            (Some(Tag::AttributeIndex), _) => Some(src.integer(Tag::AttributeIndex)?),
            _ => Some(0),
        };
        let attribute = match src.peek().unwrap_or_default() {
            Tag::Attribute => Attribute::Vendor(VendorAttribute::take_stored(src)?),
            UNKNOWN => Attribute::Unknown(UnknownAttribute::take_stored(src)?),
            PARTIAL => Attribute::Partial(PartialAttribute::take_stored(src)?),
            tag => Attribute::take_value(tag, tag, src)?,
        };
        Ok(Self { index, attribute })
    }
}

impl VendorAttribute {
    fn take_stored(src: &mut dyn Source) -> Result<Self> {
        src.open(Tag::Attribute)?;
        let (vendor, name) = (src.text(Tag::VendorIdentification)?, src.text(Tag::AttributeName)?);
        let value = Field::read(Tag::AttributeValue, src)?;
        src.close()?;
        Ok(Self { vendor, name, value })
    }
}

impl UnknownAttribute {
    fn take_stored(src: &mut dyn Source) -> Result<Self> {
        src.open(UNKNOWN)?;
        let (tag, name) = (Tag::take(TAG, src)?, src.text(Tag::AttributeName)?);
        let value = Field::read(Tag::AttributeValue, src)?;
        src.close()?;
        Ok(Self { tag, name, value })
    }
}

impl PartialAttribute {
    fn take_stored(src: &mut dyn Source) -> Result<Self> {
        src.open(PARTIAL)?;
        let tag = Tag::take(TAG, src)?;
        let value = ItemValue::take(Tag::AttributeValue, src)?;
        src.close()?;
        let fields = if let ItemValue::Structure(fields) = value { fields } else { Vec::new() };
        Ok(Self { tag, fields })
    }
}
