//! Attributes: one typed value a row of the [table](crate::for_each_attribute), and its two wire forms.
//!
//! In 2.x an attribute stands under its own tag inside `Attributes`; in 1.x it is a structure `Attribute` of
//! name, index and value. In memory there is one form, the typed one. A name or tag that the table does not have
//! in the message's version survives as [`Attribute::Unknown`], so that one strange attribute never makes a whole
//! message unreadable.

mod filter;
mod list;
mod reference;
mod stored;
mod table;
mod types;

pub use filter::{AttributeFilter, PartialAttribute};
pub use list::{AttributeList, Attributes, Entry, SingleAttribute, TemplateAttribute};
pub use reference::{AttributeReference, References, reference_tag};
pub use types::*;

use crate::Tag;
use crate::declare::{Value, Versions as _};
use crate::enums::*;
use crate::error::Result;
use crate::for_each_attribute;
use crate::item::ItemValue;
use crate::names::NameIndex;
use crate::value::{DateTime, Interval, UniqueIdentifier};
use crate::version::*;
use crate::wire::{Sink, Source};
use bytes::Bytes;
use std::borrow::Cow;

/// How many instances an object may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// At most one.
    One,
    /// Any number.
    Many,
}

/// Who sets an attribute first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetBy {
    /// The server alone.
    Server,
    /// The client alone.
    Client,
    /// Either.
    Both,
}

/// A row of the table of attributes.
#[derive(Clone, Copy, Debug)]
pub struct AttributeRow {
    /// The tag, which is also the name in 2.x.
    pub tag: Tag,
    /// The name in 1.x.
    pub name: &'static str,
    /// The type of the value.
    pub value: &'static str,
    /// How many instances an object may have.
    pub count: Count,
    /// Who sets it first.
    pub set_by: SetBy,
    /// Whether a client may modify it.
    pub modifiable: bool,
    /// Whether a client may delete it.
    pub deletable: bool,
    /// The object types that it applies to, as the newest version has it; empty means all.
    pub objects: &'static [ObjectType],
    /// Whether a version defines it.
    pub is_in: fn(Version) -> bool,
    /// What it means, and the clause.
    pub doc: &'static str,
}

const ANY: &[ObjectType] = &[];
const PAIR: &[ObjectType] = &[ObjectType::PublicKey, ObjectType::PrivateKey];
const CERTIFICATES: &[ObjectType] = &[ObjectType::Certificate, ObjectType::PGPKey];
const OPAQUE: &[ObjectType] = &[ObjectType::OpaqueObject];

/// The words of the table.
#[rustfmt::skip]
macro_rules! word {
    (one) => { Count::One };
    (many) => { Count::Many };
    (server) => { SetBy::Server };
    (client) => { SetBy::Client };
    (both) => { SetBy::Both };
    (modifiable) => { true };
    (deletable) => { true };
    (fixed) => { false };
    (kept) => { false };
}

macro_rules! attributes {
    ($($(#[doc = $doc:literal])* $row:ident($ty:ty), $name:literal, $count:ident, $set_by:ident, $modify:ident,
       $delete:ident, $objects:ident, in $range:expr;)*) => {
        /// One attribute with its value.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(non_camel_case_types, reason = "attributes keep the names of their tags")]
        pub enum Attribute {
            $($(#[doc = $doc])* $row($ty),)*
            /// An attribute of an application or vendor (4.60; KMIP 1.4, 3.39).
            Vendor(VendorAttribute),
            /// An attribute that the table does not have in the version of the message.
            Unknown(UnknownAttribute),
            /// Some fields of an attribute, to look for: nowhere but in Locate.
            Partial(PartialAttribute),
        }

        /// The table of attributes, for rules and reference pages.
        pub const ATTRIBUTE_ROWS: &[AttributeRow] = &[$(AttributeRow {
            tag: Tag::$row,
            name: $name,
            value: stringify!($ty),
            count: word!($count),
            set_by: word!($set_by),
            modifiable: word!($modify),
            deletable: word!($delete),
            objects: $objects,
            is_in: |version| ($range).has(version),
            doc: concat!($($doc),*),
        },)*];

        /// The names of 1.x, in the order of the table.
        const ATTRIBUTE_NAMES: &[&str] = &[$($name,)*];

        impl Attribute {
            /// The tag of the attribute; vendors' attributes share [`Tag::Attribute`].
            pub fn tag(&self) -> Tag {
                match self {
                    $(Self::$row(_) => Tag::$row,)*
                    Self::Vendor(_) => Tag::Attribute,
                    Self::Unknown(unknown) => unknown.tag,
                    Self::Partial(partial) => partial.tag,
                }
            }

            /// A random attribute of a random row that the version has.
            #[cfg(feature = "sample")]
            pub(crate) fn sample_row(dice: &mut crate::sample::Dice) -> Self {
                let rows: Vec<Tag> =
                    ATTRIBUTE_ROWS.iter().filter(|row| (row.is_in)(dice.version)).map(|row| row.tag).collect();
                match dice.one_of(&rows).unwrap_or_default() {
                    $(Tag::$row => Self::$row(crate::sample::Sample::sample(dice)),)*
                    other => unreachable!("{other} has no row"),
                }
            }

            /// Writes the value alone, under this tag.
            fn put_value(&self, tag: Tag, out: &mut dyn Sink) {
                match self {
                    $(Self::$row(value) => Value::put(value, tag, out),)*
                    Self::Vendor(vendor) => crate::declare::Field::write(&vendor.value, tag, out),
                    Self::Unknown(unknown) => crate::declare::Field::write(&unknown.value, tag, out),
                    Self::Partial(partial) => {
                        out.open(tag);
                        partial.fields.iter().for_each(|field| field.put(field.tag, out));
                        out.close();
                    }
                }
            }

            /// Reads the value of the attribute `row`, which stands under `tag`.
            fn take_value(row: Tag, tag: Tag, src: &mut dyn Source) -> Result<Self> {
                match row {
                    $(Tag::$row => Value::take(tag, src).map(Self::$row),)*
                    _ => Value::take(tag, src).map(|value| Self::Unknown(UnknownAttribute {
                        tag: row,
                        name: row.to_string(),
                        value: Some(value),
                    })),
                }
            }
        }
    };
}
for_each_attribute!(attributes);

impl AttributeRow {
    /// The row of a tag.
    pub fn of(tag: Tag) -> Option<&'static Self> {
        let place = BY_TAG.get(usize::try_from(tag.0.checked_sub(TAGS_BEGIN)?).ok()?)?;
        ATTRIBUTE_ROWS.get(usize::from(*place))
    }

    /// The row of a 1.x name.
    pub fn named(name: &str) -> Option<&'static Self> {
        static INDEX: NameIndex<256> = NameIndex::new(ATTRIBUTE_NAMES);
        INDEX.find(ATTRIBUTE_NAMES, name).and_then(|place| ATTRIBUTE_ROWS.get(place))
    }
}

/// The first of the tags that the standard gives away, and how many of them are looked through.
const TAGS_BEGIN: u32 = 0x42_0000;
const TAGS: usize = 512;

/// The place of an attribute's row, by its tag less the first one; that of no row where there is none.
static BY_TAG: [u8; TAGS] = places();

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses what is out of bounds")]
const fn places() -> [u8; TAGS] {
    assert!(ATTRIBUTE_ROWS.len() < u8::MAX as usize, "too many rows");
    let mut places = [u8::MAX; TAGS];
    let mut row = 0;
    while row < ATTRIBUTE_ROWS.len() {
        places[(ATTRIBUTE_ROWS[row].tag.0 - TAGS_BEGIN) as usize] = row as u8;
        row += 1;
    }
    places
}

impl Attribute {
    /// The row of the table, for those that have one.
    pub fn row(&self) -> Option<&'static AttributeRow> {
        match self {
            Self::Vendor(_) | Self::Unknown(_) => None,
            known => AttributeRow::of(known.tag()),
        }
    }

    /// The name in 1.x.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Vendor(vendor) => reference::vendor_name(&vendor.vendor, &vendor.name),
            Self::Unknown(unknown) => Cow::Borrowed(&unknown.name),
            known => reference::tag_name(known.tag()),
        }
    }

    /// What a request would call the attribute.
    pub fn reference(&self) -> AttributeReference {
        match self {
            Self::Vendor(v) => AttributeReference::Vendor { vendor: v.vendor.clone(), name: v.name.clone() },
            Self::Unknown(u) => AttributeReference::Unknown(u.name.clone()),
            _ => AttributeReference::Tag(self.tag()),
        }
    }

    /// Whether a request would call the attribute so.
    pub fn is_called(&self, reference: &AttributeReference) -> bool {
        match (self, reference) {
            (Self::Vendor(v), AttributeReference::Vendor { vendor, name }) => {
                v.name == *name && v.vendor == *vendor
            }
            (Self::Unknown(u), AttributeReference::Unknown(name)) => u.name == *name,
            (Self::Vendor(_) | Self::Unknown(_), _) => false,
            (known, AttributeReference::Tag(tag)) => known.tag() == *tag,
            _ => false,
        }
    }

    /// Whether the version of the sink has the attribute; one it does not have is left out.
    fn is_written_in(&self, version: Version) -> bool {
        self.row().is_none_or(|row| (row.is_in)(version) || version == STORED)
    }
}

/// An attribute of an application or vendor. The 1.x name `x-Purpose` is vendor `x`, name `Purpose`.
#[derive(Clone, Debug, PartialEq)]
pub struct VendorAttribute {
    /// Who defines the attribute; `x` for clients and `y` for servers where no vendor is meant.
    pub vendor: String,
    /// The name that the vendor gives it.
    pub name: String,
    /// A value of any type; absent only in Notify.
    pub value: Option<ItemValue>,
}

/// An attribute that no row has in the version of the message.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownAttribute {
    /// The tag (2.x); [`Tag::Attribute`] in 1.x.
    pub tag: Tag,
    /// The name (1.x), or the tag spelt out (2.x).
    pub name: String,
    /// The value, as it stands on the wire.
    pub value: Option<ItemValue>,
}

/// Finds the values of one attribute: `attribute!(list, Name)` is an iterator of `&Name`.
#[macro_export]
macro_rules! attribute {
    ($attributes:expr, $row:ident) => {
        $attributes.iter().filter_map(|attribute| match attribute {
            $crate::attributes::Attribute::$row(value) => Some(value),
            _ => None,
        })
    };
}
