//! The form in which the store keeps an object: a byte that says which, and the fields in the compact encoding. Versions before it
//! wrote TTLV, with the attributes by their 1.x names; that is read for ever, and gives way when the object changes.

use crate::objects::attribute_set::AttributeSet;
use crate::objects::object::{Fields, Listing, Object};
use kmip_codec::attributes::{AttributeList, Attributes};
use kmip_codec::declare::{Field as _, Value as _};
use kmip_codec::version::STORED;
use kmip_codec::wire::{BinarySource, CompactSink, CompactSource, LengthSink, Sink, Source};
use kmip_codec::{Error, Tag};

/// Tags of the stored form, from the range that KMIP leaves to extensions.
mod tag {
    use kmip_codec::Tag;
    pub const OBJECT: Tag = Tag(0x54_0001);
    pub const OWNER: Tag = Tag(0x54_0002);
    pub const GROUP: Tag = Tag(0x54_0003);
    pub const CREATED: Tag = Tag(0x54_0004);
    pub const GENERATION: Tag = Tag(0x54_0005);
    pub const ARCHIVED: Tag = Tag(0x54_0006);
    pub const IDENTIFIER: Tag = Tag(0x54_0007);
    pub const HAS_VALUE: Tag = Tag(0x54_0008);
    pub const ALLOCATED: Tag = Tag(0x54_0009);
    pub const SPLIT: Tag = Tag(0x54_000a);
    pub const ROTATED_AS: Tag = Tag(0x54_000b);
    pub const PLACE: Tag = Tag(0x54_000c);
    pub const ROTATES_FROM: Tag = Tag(0x54_000d);
    pub const HOLDS_NAMES: Tag = Tag(0x54_000e);
}

/// The first byte of the compact form. TTLV begins with that of a tag: 54.
const COMPACT: u8 = 2;

impl Object {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = CompactSink::behind(vec![COMPACT]);
        out.open(tag::OBJECT);
        self.write_fields(&mut out);
        self.attributes.entries().put_stored(&mut out);
        out.close();
        out.finish()
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.split_first() {
            Some((&COMPACT, fields)) => {
                let mut src = CompactSource::new(fields);
                let object = Self::read(&mut src, Attributes::take_stored)?;
                src.finish()?;
                Ok(object)
            }
            _ => {
                let mut src = BinarySource::new(bytes);
                src.set_version(STORED);
                let named =
                    |src: &mut dyn Source| AttributeList::take(Tag::Attribute, src).map(|list| list.0);
                let object = Self::read(&mut src, named)?;
                src.finish()?;
                Ok(object)
            }
        }
    }

    /// How much there is of the object: the bytes that it has in TTLV, with its attributes by name. What it takes in memory grows
    /// with that, whatever the stored form has.
    pub fn length(&self) -> usize {
        let mut out = LengthSink::new(STORED);
        out.open(tag::OBJECT);
        self.write_fields(&mut out);
        self.attributes.entries().put(Tag::Attribute, &mut out);
        out.close();
        out.finish()
    }

    fn write_fields(&self, out: &mut dyn Sink) {
        out.text(tag::IDENTIFIER, &self.id);
        out.text(tag::OWNER, &self.owner);
        self.group.write(tag::GROUP, out);
        out.long_integer(tag::CREATED, self.created.cast_signed());
        out.integer(tag::GENERATION, self.generation.cast_signed());
        out.boolean(tag::ARCHIVED, self.archived);
        out.boolean(tag::HAS_VALUE, self.has_value);
        out.boolean(tag::ALLOCATED, self.allocated);
        self.split.write(tag::SPLIT, out);
        let rotated_as = self.rotated_as.as_ref().and_then(|identity| serde_json::to_string(identity).ok());
        rotated_as.write(tag::ROTATED_AS, out);
        self.place.write(tag::PLACE, out);
        self.rotates_from.write(tag::ROTATES_FROM, out);
        if let Listing::Together { holds_names } = self.listing {
            out.boolean(tag::HOLDS_NAMES, holds_names);
        }
    }

    fn read(
        src: &mut dyn Source,
        attributes: impl FnOnce(&mut dyn Source) -> Result<Attributes, Error>,
    ) -> Result<Self, Error> {
        src.open(tag::OBJECT)?;
        let object = Fields {
            id: src.text(tag::IDENTIFIER)?,
            owner: src.text(tag::OWNER)?,
            group: Option::read(tag::GROUP, src)?,
            created: src.long_integer(tag::CREATED)?.cast_unsigned(),
            generation: src.integer(tag::GENERATION)?.cast_unsigned(),
            archived: src.boolean(tag::ARCHIVED)?,
            has_value: src.boolean(tag::HAS_VALUE)?,
            allocated: src.boolean(tag::ALLOCATED)?,
            split: Option::read(tag::SPLIT, src)?,
            rotated_as: Option::<String>::read(tag::ROTATED_AS, src)?
                .and_then(|identity| serde_json::from_str(&identity).ok()),
            place: Option::read(tag::PLACE, src)?,
            rotates_from: Option::read(tag::ROTATES_FROM, src)?,
            listing: Option::read(tag::HOLDS_NAMES, src)?
                .map_or(Listing::Apart, |holds_names| Listing::Together { holds_names }),
            served_beside: false,
            attributes: AttributeSet::from_list(attributes(src)?),
        };
        src.close()?;
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests;
