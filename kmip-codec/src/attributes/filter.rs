//! What Locate looks for (KMIP 2.1, 6.1.28): attributes, of whose structures some fields alone may be given.

use super::list::{put_list, take_list};
use super::{Attribute, Attributes};
use crate::Tag;
use crate::declare::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::item::{Item, ItemValue};
use crate::version::STORED;
use crate::wire::{BinarySink, BinarySource, Kind, LengthSink, Sink, Source, item_offsets};

/// An attribute that is a structure, without some of the fields that it must have anywhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct PartialAttribute {
    /// The tag of the attribute.
    pub tag: Tag,
    /// The fields that are given.
    pub fields: Vec<Item>,
}

/// Attributes to look for, as a field of Locate.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AttributeFilter(pub Attributes);

impl Value for AttributeFilter {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        put_list(&self.0, tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        take_list(tag, src, take_whole_or_part).map(Self)
    }
}

/// Reads the value of the attribute `row`; a structure that lacks a field that it must have elsewhere is one in part.
fn take_whole_or_part(row: Tag, tag: Tag, src: &mut dyn Source) -> Result<Attribute> {
    if src.peek_kind() != Some(Kind::Structure) {
        return Attribute::take_value(row, tag, src);
    }
    // Whole as a rule.
    if let Some(bookmark) = src.bookmark() {
        match Attribute::take_value(row, tag, src) {
            Ok(whole) => return Ok(whole),
            Err(_) => src.return_to(bookmark),
        }
    }
    let mut begins = Vec::new();
    let value = ItemValue::take_noting(tag, src, &mut |offset| begins.push(offset))?;
    let bytes = written(src.version(), |out| value.put(tag, out));
    let mut whole = BinarySource::reading(&bytes, src.reading());
    whole.set_version(src.version());
    match (Attribute::take_value(row, tag, &mut whole), value) {
        (Err(Error { kind: ErrorKind::Missing { .. }, .. }), ItemValue::Structure(fields)) => {
            Ok(Attribute::Partial(PartialAttribute { tag: row, fields }))
        }
        (Err(error), _) => {
            // The same item as the message has it.
            let number = item_offsets(&bytes).iter().position(|offset| *offset == error.offset);
            let offset = number.and_then(|number| begins.get(number)).or(begins.first()).copied();
            Err(Error { offset: offset.unwrap_or(error.offset), ..error })
        }
        (whole, _) => whole,
    }
}

fn written(version: crate::Version, write: impl FnOnce(&mut BinarySink)) -> Vec<u8> {
    let mut out = BinarySink::new(version);
    write(&mut out);
    out.finish()
}

impl Attribute {
    /// The value as an item, whatever its type; `None` for a vendor's attribute without a value.
    pub fn to_item(&self) -> Option<ItemValue> {
        let tag = Tag::AttributeValue;
        let bytes = written(STORED, |out| self.put_value(tag, out));
        let mut src = BinarySource::new(&bytes);
        src.set_version(STORED);
        Value::take(tag, &mut src).ok()
    }

    /// How many bytes of TTLV the value has.
    pub fn length(&self) -> usize {
        let mut out = LengthSink::new(STORED);
        self.put_value(Tag::AttributeValue, &mut out);
        out.finish()
    }
}
