//! Lists of attributes and the structures that carry them.

use super::{Attribute, AttributeReference, AttributeRow, Name, UnknownAttribute, VendorAttribute};
use crate::Tag;
use crate::declare::{Field, Value};
use crate::error::Result;
use crate::version::STORED;
use crate::wire::{Sink, Source, close, missing};

/// One attribute of a list, with its 1.x index.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Tells instances of one attribute apart in 1.x; `None` where the message has none.
    pub index: Option<i32>,
    /// The attribute.
    pub attribute: Attribute,
}

/// Attributes in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Attributes(pub Vec<Entry>);

impl Attributes {
    /// The attributes without their indexes.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter().map(|entry| &entry.attribute)
    }

    /// Appends an attribute without an index.
    pub fn push(&mut self, attribute: Attribute) {
        self.0.push(Entry { index: None, attribute });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        Self(attributes.into_iter().map(|attribute| Entry { index: None, attribute }).collect())
    }
}

impl<const N: usize> From<[Attribute; N]> for Attributes {
    fn from(attributes: [Attribute; N]) -> Self {
        attributes.into_iter().collect()
    }
}

impl Entry {
    fn put(&self, out: &mut dyn Sink) {
        if !self.attribute.is_written_in(out.version()) {
            return;
        }
        if !out.version().has_tagged_attributes() {
            return self.put_named(out);
        }
        match &self.attribute {
            Attribute::Vendor(vendor) => {
                out.open(Tag::Attribute);
                out.text(Tag::VendorIdentification, &vendor.vendor);
                out.text(Tag::AttributeName, &vendor.name);
                self.attribute.put_value(Tag::AttributeValue, out);
                out.close();
            }
            attribute => attribute.put_value(attribute.tag(), out),
        }
    }

    fn put_named(&self, out: &mut dyn Sink) {
        out.open(Tag::Attribute);
        out.text(Tag::AttributeName, &self.attribute.name());
        Field::write(&self.index, Tag::AttributeIndex, out);
        self.attribute.put_value(Tag::AttributeValue, out);
        out.close();
    }

    fn take(src: &mut dyn Source) -> Result<Self> {
        Self::take_with(src, Attribute::take_value)
    }

    fn take_with(src: &mut dyn Source, take_value: TakeValue) -> Result<Self> {
        if !src.version().has_tagged_attributes() {
            return Self::take_named(src, take_value);
        }
        let tag = src.peek().unwrap_or_default();
        if tag == Tag::Attribute {
            return Self::take_vendor(src);
        }
        let known = AttributeRow::of(tag).is_some_and(|row| (row.is_in)(src.version()));
        if known {
            return Ok(Self { index: None, attribute: take_value(tag, tag, src)? });
        }
        let value = Some(Value::take(tag, src)?);
        let unknown = UnknownAttribute { tag, name: tag.to_string(), value };
        Ok(Self { index: None, attribute: Attribute::Unknown(unknown) })
    }

    fn take_vendor(src: &mut dyn Source) -> Result<Self> {
        src.open(Tag::Attribute)?;
        let vendor = Field::read(Tag::VendorIdentification, src)?;
        let name = Field::read(Tag::AttributeName, src)?;
        must_have_value(src)?;
        let value = Field::read(Tag::AttributeValue, src)?;
        close(src, &[Tag::VendorIdentification, Tag::AttributeName, Tag::AttributeValue])?;
        Ok(Self { index: None, attribute: Attribute::Vendor(VendorAttribute { vendor, name, value }) })
    }

    fn take_named(src: &mut dyn Source, take_value: TakeValue) -> Result<Self> {
        src.open(Tag::Attribute)?;
        let reference: AttributeReference = Field::read(Tag::AttributeName, src)?;
        let index = Field::read(Tag::AttributeIndex, src)?;
        let attribute = Self::take_named_value(reference, src, take_value)?;
        close(src, &[Tag::AttributeName, Tag::AttributeIndex, Tag::AttributeValue])?;
        Ok(Self { index, attribute })
    }

    fn take_named_value(
        reference: AttributeReference,
        src: &mut dyn Source,
        take_value: TakeValue,
    ) -> Result<Attribute> {
        must_have_value(src)?;
        let value_tag = Tag::AttributeValue;
        let has_value = src.peek() == Some(value_tag);
        let version = src.version();
        match reference {
            AttributeReference::Tag(row) if has_value && is_defined(row, version) => {
                take_value(row, value_tag, src)
            }
            AttributeReference::Vendor { vendor, name } => {
                let value = Field::read(value_tag, src)?;
                Ok(Attribute::Vendor(VendorAttribute { vendor, name, value }))
            }
            other => {
                let (name, value) = (other.name().into_owned(), Field::read(value_tag, src)?);
                Ok(Attribute::Unknown(UnknownAttribute { tag: Tag::Attribute, name, value }))
            }
        }
    }
}

/// An attribute without a value says what is gone, which servers tell clients and not the other way round.
fn must_have_value(src: &dyn Source) -> Result<()> {
    let has_value = src.peek() == Some(Tag::AttributeValue);
    match has_value || !src.reading().with_values {
        true => Ok(()),
        false => Err(missing(src, Tag::AttributeValue)),
    }
}

fn is_defined(tag: Tag, version: crate::Version) -> bool {
    version == STORED || AttributeRow::of(tag).is_some_and(|row| (row.is_in)(version))
}

/// Attributes as a field: bare and repeated in 1.x, inside one structure in 2.x.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AttributeList(pub Attributes);

impl Value for AttributeList {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        put_list(&self.0, tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        take_list(tag, src, Attribute::take_value).map(Self)
    }
}

/// How the value of an attribute is read that stands under a tag, its own or `Attribute Value`.
pub(super) type TakeValue = fn(Tag, Tag, &mut dyn Source) -> Result<Attribute>;

/// Writes attributes as a field.
pub(super) fn put_list(attributes: &Attributes, tag: Tag, out: &mut dyn Sink) {
    let framed = out.version().has_tagged_attributes();
    if framed {
        out.open(tag);
    }
    attributes.0.iter().for_each(|entry| entry.put(out));
    if framed {
        out.close();
    }
}

/// Reads attributes as a field.
pub(super) fn take_list(tag: Tag, src: &mut dyn Source, take_value: TakeValue) -> Result<Attributes> {
    let mut entries = Vec::new();
    if src.version().has_tagged_attributes() {
        src.open(tag)?;
        while src.peek().is_some() {
            entries.push(Entry::take_with(src, take_value)?);
        }
        src.close()?;
    } else {
        while src.peek() == Some(tag) {
            entries.push(Entry::take_with(src, take_value)?);
        }
    }
    Ok(Attributes(entries))
}

/// What an object is made with: `Template-Attribute` in 1.x (KMIP 1.4, 2.1.8), `Attributes` in 2.x
/// (KMIP 2.1, 5.1).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TemplateAttribute {
    /// Templates whose attributes are taken as well (1.x).
    pub names: Vec<Name>,
    /// The attributes themselves.
    pub attributes: Attributes,
}

impl<const N: usize> From<[Attribute; N]> for TemplateAttribute {
    fn from(attributes: [Attribute; N]) -> Self {
        Self { names: Vec::new(), attributes: attributes.into() }
    }
}

impl From<Attributes> for TemplateAttribute {
    fn from(attributes: Attributes) -> Self {
        Self { names: Vec::new(), attributes }
    }
}

impl Value for TemplateAttribute {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        if !out.version().has_tagged_attributes() {
            self.names.write(Tag::Name, out);
        }
        self.attributes.0.iter().for_each(|entry| entry.put(out));
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        src.open(tag)?;
        let mut template = Self::default();
        let tagged = src.version().has_tagged_attributes();
        if !tagged {
            template.names = Field::read(Tag::Name, src)?;
        }
        while src.peek().is_some_and(|next| tagged || next == Tag::Attribute) {
            template.attributes.0.push(Entry::take(src)?);
        }
        close(src, if tagged { &[] } else { &[Tag::Name, Tag::Attribute] })?;
        Ok(template)
    }
}

/// One attribute as a field: an `Attribute` in 1.x, a structure of one attribute in 2.x (KMIP 2.1, 5.6 and 5.7).
#[derive(Clone, Debug, PartialEq)]
pub struct SingleAttribute(pub Entry);

impl Default for SingleAttribute {
    fn default() -> Self {
        Attribute::Comment(String::new()).into()
    }
}

impl From<Attribute> for SingleAttribute {
    fn from(attribute: Attribute) -> Self {
        Self(Entry { index: None, attribute })
    }
}

impl Value for SingleAttribute {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        if !out.version().has_tagged_attributes() {
            return self.0.put_named(out);
        }
        out.open(tag);
        self.0.put(out);
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if !src.version().has_tagged_attributes() {
            return Entry::take(src).map(Self);
        }
        src.open(tag)?;
        let entry = Entry::take(src)?;
        src.close()?;
        Ok(Self(entry))
    }
}
