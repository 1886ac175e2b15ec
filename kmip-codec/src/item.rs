//! Items of no declared type: custom attributes, message extensions, and whatever has a tag that no table knows.

use crate::Tag;
use crate::declare::Value;
use crate::enums;
use crate::error::{ErrorKind, Result};
use crate::secret::SecretBytes;
use crate::wire::{Kind, Sink, Source};

/// An item as it stands on the wire: its tag, its type, its value.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Item {
    /// The tag that it stood under.
    pub tag: Tag,
    /// Type and value.
    pub value: ItemValue,
}

/// The value of an item, by type (KMIP 2.1, 10.1.2).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are the types of `Kind`, documented there")]
pub enum ItemValue {
    Structure(Vec<Item>),
    Integer(i32),
    LongInteger(i64),
    BigInteger(SecretBytes),
    Enumeration(u32),
    Boolean(bool),
    TextString(String),
    ByteString(SecretBytes),
    DateTime(i64),
    Interval(u32),
    DateTimeExtended(i64),
}

impl Default for ItemValue {
    fn default() -> Self {
        Self::Structure(Vec::new())
    }
}

impl Value for ItemValue {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        match self {
            Self::Structure(items) => {
                out.open(tag);
                items.iter().for_each(|item| item.value.put(item.tag, out));
                out.close();
            }
            Self::Integer(v) => out.integer(tag, *v),
            Self::LongInteger(v) => out.long_integer(tag, *v),
            Self::BigInteger(v) => out.big_integer(tag, v.expose()),
            Self::Enumeration(v) => {
                out.enumeration(tag, *v, &|version| enums::name_under(tag, *v, version));
            }
            Self::Boolean(v) => out.boolean(tag, *v),
            Self::TextString(v) => out.text(tag, v),
            Self::ByteString(v) => out.bytes(tag, v.expose()),
            Self::DateTime(v) => out.date_time(tag, *v),
            Self::Interval(v) => out.interval(tag, *v),
            Self::DateTimeExtended(v) => out.date_time_extended(tag, *v),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        Self::take_noting(tag, src, &mut |_| {})
    }
}

impl ItemValue {
    /// Reads the value, and notes where each item of it begins, the outermost first.
    pub(crate) fn take_noting(tag: Tag, src: &mut dyn Source, note: &mut dyn FnMut(usize)) -> Result<Self> {
        note(src.offset());
        let unknown_type = |src: &dyn Source| src.unreadable(ErrorKind::UnknownType { found: 0 });
        match src.peek_kind().ok_or_else(|| unknown_type(src))? {
            Kind::Structure => {
                src.open(tag)?;
                let mut items = Vec::new();
                while let Some(tag) = src.peek() {
                    items.push(Item { tag, value: Self::take_noting(tag, src, note)? });
                }
                src.close()?;
                Ok(Self::Structure(items))
            }
            Kind::Integer => match enums::bits_under(tag) {
                Some(names) => src.mask(tag, names).map(Self::Integer),
                None => src.integer(tag).map(Self::Integer),
            },
            Kind::LongInteger => src.long_integer(tag).map(Self::LongInteger),
            Kind::BigInteger => src.big_integer(tag).map(|v| Self::BigInteger(v.into())),
            Kind::Enumeration => src.enumeration(tag, enums::names_under(tag)).map(Self::Enumeration),
            Kind::Boolean => src.boolean(tag).map(Self::Boolean),
            Kind::TextString => src.text(tag).map(Self::TextString),
            Kind::ByteString => src.bytes(tag).map(|v| Self::ByteString(v.into())),
            Kind::DateTime => src.date_time(tag).map(Self::DateTime),
            Kind::Interval => src.interval(tag).map(Self::Interval),
            Kind::DateTimeExtended => src.date_time_extended(tag).map(Self::DateTimeExtended),
        }
    }
}

/// An item keeps the tag that it stood under; where it is written, the place decides the tag.
impl Value for Item {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        self.value.put(tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        Ok(Self { tag, value: Value::take(tag, src)? })
    }
}
