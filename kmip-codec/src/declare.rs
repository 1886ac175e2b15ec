//! The macros that declare tags, enumerations, masks and structures, and the traits that the declared types have.
//!
//! A row is written once; names, numbers, reading, writing and version ranges follow from it.

use crate::Tag;
use crate::error::Result;
pub use crate::fields::{FieldRow, IsIn, judged, later_tag};
pub(crate) use crate::fields::{field_tag, tag_in};
use crate::version::{STORED, Version};
use crate::wire::{Sink, Source, missing};

/// What stands under one tag.
pub trait Value: Sized {
    /// Writes the value under this tag.
    fn put(&self, tag: Tag, out: &mut dyn Sink);
    /// Reads the value that stands under this tag.
    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self>;
}

/// A field of a structure. How often its value occurs is said by its type: `T` once, `Option<T>` at most once,
/// `Vec<T>` any number of times.
pub trait Field: Sized {
    /// Writes every occurrence.
    fn write(&self, tag: Tag, out: &mut dyn Sink);
    /// Reads every occurrence that comes next.
    fn read(tag: Tag, src: &mut dyn Source) -> Result<Self>;
    /// The field in a version that does not have it.
    fn absent(tag: Tag, src: &dyn Source) -> Result<Self>;
}

impl<T: Value> Field for T {
    fn write(&self, tag: Tag, out: &mut dyn Sink) {
        self.put(tag, out);
    }

    fn read(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        match src.peek() {
            Some(next) if next == tag => Value::take(tag, src),
            _ => Err(missing(src, tag)),
        }
    }

    fn absent(tag: Tag, src: &dyn Source) -> Result<Self> {
        Err(missing(src, tag))
    }
}

impl<T: Value> Field for Option<T> {
    fn write(&self, tag: Tag, out: &mut dyn Sink) {
        if let Some(value) = self {
            value.put(tag, out);
        }
    }

    fn read(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        match src.peek() {
            Some(next) if next == tag => Value::take(tag, src).map(Some),
            _ => Ok(None),
        }
    }

    fn absent(_: Tag, _: &dyn Source) -> Result<Self> {
        Ok(None)
    }
}

impl<T: Value> Field for Vec<T> {
    fn write(&self, tag: Tag, out: &mut dyn Sink) {
        self.iter().for_each(|value| value.put(tag, out));
    }

    fn read(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        let mut all = Vec::new();
        while src.peek() == Some(tag) {
            all.push(Value::take(tag, src)?);
        }
        Ok(all)
    }

    fn absent(_: Tag, _: &dyn Source) -> Result<Self> {
        Ok(Vec::new())
    }
}

/// Versions as a table writes them: `V1_2..`, `V1_0..V2_0`.
pub trait Versions {
    /// Whether the version is one of them.
    fn has(&self, version: Version) -> bool;
}

impl Versions for std::ops::RangeFrom<Version> {
    fn has(&self, version: Version) -> bool {
        self.contains(&version)
    }
}

impl Versions for std::ops::Range<Version> {
    fn has(&self, version: Version) -> bool {
        self.contains(&version) || version == STORED
    }
}

/// Every version: what a row without a range means.
impl Versions for std::ops::RangeFull {
    fn has(&self, _: Version) -> bool {
        true
    }
}

/// The names of the rows that a version has.
pub fn names_in(rows: &[(u32, &'static str, IsIn)], version: Version) -> Vec<&'static str> {
    rows.iter().filter(|row| (row.2)(version)).map(|row| row.1).collect()
}

/// The versions of a row, `..` where it names none.
macro_rules! versions {
    () => {
        ..
    };
    ($range:expr) => {
        $range
    };
}
pub(crate) use versions;

/// Declares the tags.
macro_rules! tags {
    ($($code:literal $name:ident $(in $range:expr)?;)*) => {
        /// What an item is about: 3 bytes before its type.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct Tag(pub u32);

        #[allow(non_upper_case_globals, reason = "tags keep the names of the specification")]
        impl Tag {
            $(#[doc = concat!("The tag `", stringify!($name), "`.")] pub const $name: Tag = Tag($code);)*

            /// Every tag with a name, in the order of the table.
            pub const ALL: &'static [Tag] = &[$(Tag($code),)*];

            /// The name as XML and JSON spell it; `None` for vendors' tags.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($code => Some(stringify!($name)),)* _ => None }
            }

            /// The tag of a name.
            pub fn by_name(name: &str) -> Option<Self> {
                const NAMES: &[&str] = &[$(stringify!($name),)*];
                static INDEX: crate::names::NameIndex<1024> = crate::names::NameIndex::new(NAMES);
                INDEX.find(NAMES, name).and_then(|row| Self::ALL.get(row)).copied()
            }

            /// Whether this version defines the tag.
            pub fn is_in(self, version: crate::version::Version) -> bool {
                use crate::declare::Versions as _;
                match self.0 { $($code => (crate::declare::versions!($($range)?)).has(version),)* _ => false }
            }
        }

        impl std::fmt::Display for Tag {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() { Some(name) => f.write_str(name), None => write!(f, "0x{:06x}", self.0) }
            }
        }

        impl std::fmt::Debug for Tag {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(crate) use tags;

/// Declares an enumeration: a number with names, so that a value of no name survives.
macro_rules! enumeration {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($variant:ident = $code:literal $(in $range:expr)?;)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u32);

        #[allow(non_upper_case_globals, reason = "values keep the names of the specification")]
        impl $name {
            $(#[doc = concat!("`", stringify!($variant), "`")] pub const $variant: $name = $name($code);)*

            /// The enumeration for the reference pages.
            pub const TABLE: crate::enums::Table =
                crate::enums::Table { name: stringify!($name), doc: concat!($($doc),*), rows: Self::ROWS };

            /// Every row: number, name and whether a version has it.
            pub const ROWS: &'static [crate::enums::Row] = &[$(
                ($code, stringify!($variant), |version| {
                    use crate::declare::Versions as _;
                    (crate::declare::versions!($($range)?)).has(version)
                }),
            )*];

            /// The name of the value in this version, or in the version that named it first.
            #[allow(unreachable_patterns, reason = "a value that was renamed has a row a name")]
            pub fn name(self, version: crate::version::Version) -> Option<&'static str> {
                let mut named = Self::ROWS.iter().filter(|row| row.0 == self.0);
                let first = named.clone().next();
                named.find(|row| (row.2)(version)).or(first).map(|row| row.1)
            }

            /// The names, where an encoding spells them out.
            pub const NAMES: crate::wire::Names =
                crate::wire::Names::of(Self::by_name, |version| crate::declare::names_in(Self::ROWS, version));

            /// The value of a name.
            pub fn by_name(name: &str) -> Option<u32> {
                match name { $(stringify!($variant) => Some($code),)* _ => None }
            }

            /// Whether this version defines the value.
            pub fn is_in(self, version: crate::version::Version) -> bool {
                Self::ROWS.iter().any(|row| row.0 == self.0 && (row.2)(version))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name(crate::version::V2_1) {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}(0x{:x})", stringify!($name), self.0),
                }
            }
        }

        impl crate::declare::Value for $name {
            fn put(&self, tag: crate::Tag, out: &mut dyn crate::wire::Sink) {
                out.enumeration(tag, self.0, &|version| self.name(version));
            }

            fn take(tag: crate::Tag, src: &mut dyn crate::wire::Source) -> crate::error::Result<Self> {
                src.enumeration(tag, Self::NAMES).map($name)
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                let known: Vec<u32> = Self::ROWS.iter().filter(|row| (row.2)(dice.version)).map(|row| row.0).collect();
                Self(dice.one_of(&known).unwrap_or(0x8000_0001))
            }
        }
    };
}
pub(crate) use enumeration;

/// Declares a mask: an integer whose bits have names.
macro_rules! mask {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($bit:ident = $code:literal $(in $range:expr)?;)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub i32);

        #[allow(non_upper_case_globals, reason = "bits keep the names of the specification")]
        impl $name {
            $(#[doc = concat!("`", stringify!($bit), "`")] pub const $bit: $name = $name($code);)*

            /// The mask for the reference pages.
            pub const TABLE: crate::enums::Table =
                crate::enums::Table { name: stringify!($name), doc: concat!($($doc),*), rows: Self::ROWS };

            /// Every row: bit, name and whether a version has it.
            pub const ROWS: &'static [crate::enums::Row] = &[$(
                ($code, stringify!($bit), |version| {
                    use crate::declare::Versions as _;
                    (crate::declare::versions!($($range)?)).has(version)
                }),
            )*];

            /// Whether every bit of `other` is set here.
            pub fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The bits that have a name in this version.
            pub fn bits_in(version: crate::version::Version) -> Vec<(u32, &'static str)> {
                Self::ROWS.iter().filter(|row| (row.2)(version)).map(|row| (row.0, row.1)).collect()
            }

            /// The names, where an encoding spells them out.
            pub const NAMES: crate::wire::Names =
                crate::wire::Names::of(Self::by_name, |version| crate::declare::names_in(Self::ROWS, version));

            /// The bit of a name.
            pub fn by_name(name: &str) -> Option<u32> {
                match name { $(stringify!($bit) => Some($code),)* _ => None }
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let set = |row: &&(u32, &'static str, fn(crate::version::Version) -> bool)| self.0.cast_unsigned() & row.0 != 0;
                f.write_str(&Self::ROWS.iter().filter(set).map(|row| row.1).collect::<Vec<_>>().join("|"))
            }
        }

        impl crate::declare::Value for $name {
            fn put(&self, tag: crate::Tag, out: &mut dyn crate::wire::Sink) {
                out.mask(tag, self.0, Self::bits_in);
            }

            fn take(tag: crate::Tag, src: &mut dyn crate::wire::Source) -> crate::error::Result<Self> {
                crate::fields::take_mask(tag, src, Self::NAMES, Self::ROWS).map($name)
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                Self((dice.number() & Self::ROWS.iter().fold(0, |all, row| all | row.0)).cast_signed())
            }
        }
    };
}
pub(crate) use mask;

/// Declares a structure: its fields in the order of the wire, each with its tag (or one tag a version range).
macro_rules! structure {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty = $($tag:ident $(in $range:expr)?),+;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Default)]
        pub struct $name {
            $($(#[$field_meta])* #[doc = concat!("Tag", $(" `", stringify!($tag), "`"$(, " in ", stringify!($range))?,)+ ".")] pub $field: $ty,)*
        }

        impl $name {
            /// The fields, for the reference pages.
            pub const FIELDS: &'static [crate::declare::FieldRow] = &[$(crate::declare::FieldRow {
                name: stringify!($field),
                occurs: stringify!($ty),
                tags: &[$((crate::Tag::$tag, |version| {
                    use crate::declare::Versions as _;
                    (crate::declare::versions!($($range)?)).has(version)
                })),+],
            },)*];
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for $name {
            #[allow(unused_variables, reason = "some structures are empty")]
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                dice.deeper(|dice| Self {
                    $($field: match crate::declare::tag_in!(dice.version, $($tag $(in $range)?),+) {
                        Some(_) => crate::sample::SampleField::sample_field(dice),
                        None => Default::default(),
                    },)*
                })
            }
        }

        impl crate::declare::Value for $name {
            fn put(&self, tag: crate::Tag, out: &mut dyn crate::wire::Sink) {
                out.open(tag);
                $(if let Some(tag) = crate::declare::field_tag!(out.version(), out.later_fields(), $($tag $(in $range)?),+) {
                    crate::declare::Field::write(&self.$field, tag, out);
                })*
                out.close();
            }

            fn take(tag: crate::Tag, src: &mut dyn crate::wire::Source) -> crate::error::Result<Self> {
                src.open(tag)?;
                $(
                    let at = src.offset();
                    let $field = match crate::declare::field_tag!(src.version(), src.reading().later_fields, $($tag $(in $range)?),+) {
                        Some(tag) => crate::declare::Field::read(tag, src),
                        None => crate::declare::Field::absent([$(crate::Tag::$tag),+][0], src),
                    };
                    let $field = $field.map_err(|error| crate::declare::judged(error, at, src, Self::FIELDS))?;
                )*
                let at = src.offset();
                src.close().map_err(|error| crate::declare::judged(error, at, src, Self::FIELDS))?;
                Ok(Self { $($field,)* })
            }
        }
    };
}
pub(crate) use structure;
