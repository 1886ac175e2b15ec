//! The key block (KMIP 2.1, 3.1): what every key travels in. What its value looks like follows from its siblings.

use super::{KeyWrappingData, TransparentKey};
use crate::Tag;
use crate::attributes::AttributeList;
use crate::declare::{Field, Value};
use crate::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType};
use crate::error::Result;
use crate::secret::SecretBytes;
use crate::version::V1_2;
use crate::wire::{Kind, Sink, Source, close, expect_kind, missing};

/// A key with what is needed to understand it (KMIP 2.1, 3.1).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct KeyBlock {
    /// The form of the key material.
    pub key_format_type: KeyFormatType,
    /// How a point is compressed.
    pub key_compression_type: Option<KeyCompressionType>,
    /// The key; absent when the server does not hold it (from KMIP 1.2).
    pub key_value: Option<KeyValue>,
    /// What the key is for.
    pub cryptographic_algorithm: Option<CryptographicAlgorithm>,
    /// The length in bits.
    pub cryptographic_length: Option<i32>,
    /// How the key is wrapped, if it is.
    pub key_wrapping_data: Option<KeyWrappingData>,
}

/// The value of a key: in clear, or wrapped.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// Key material and attributes (KMIP 2.1, 3.2).
    Plain(PlainKeyValue),
    /// A wrapped key value, opaque without the wrapping key.
    Wrapped(SecretBytes),
}

/// Key material with the attributes that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainKeyValue {
    /// The key itself.
    pub key_material: KeyMaterial,
    /// Attributes that travel with the key.
    pub attributes: Option<AttributeList>,
}

/// Key material: bytes in a format, or the numbers of a transparent key.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyMaterial {
    /// Raw, Opaque, PKCS#1, PKCS#8, X.509, EC and the like.
    Bytes(SecretBytes),
    /// One of the transparent formats (KMIP 2.1, 3.4 to 3.12).
    Transparent(TransparentKey),
}

impl PlainKeyValue {
    /// Reads the content of a key value, given the format that its block names.
    pub fn take(tag: Tag, format: KeyFormatType, src: &mut dyn Source) -> Result<Self> {
        src.open(tag)?;
        if src.peek() == Some(Tag::KeyMaterial) {
            expect_kind(src, &[Kind::ByteString, Kind::Structure])?;
        }
        let key_material = match src.peek_kind() {
            Some(Kind::Structure) => {
                TransparentKey::take(Tag::KeyMaterial, format, src).map(KeyMaterial::Transparent)?
            }
            _ => Field::read(Tag::KeyMaterial, src).map(KeyMaterial::Bytes)?,
        };
        let attributes_tag = attributes_tag(src.version().has_tagged_attributes());
        let attributes = Field::read(attributes_tag, src)?;
        close(src, &[Tag::KeyMaterial, attributes_tag])?;
        Ok(Self { key_material, attributes })
    }

    /// Writes the key value.
    pub fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        match &self.key_material {
            KeyMaterial::Bytes(bytes) => bytes.put(Tag::KeyMaterial, out),
            KeyMaterial::Transparent(key) => key.put(Tag::KeyMaterial, out),
        }
        self.attributes.write(attributes_tag(out.version().has_tagged_attributes()), out);
        out.close();
    }
}

fn attributes_tag(tagged: bool) -> Tag {
    if tagged { Tag::Attributes } else { Tag::Attribute }
}

/// The fields of a key block.
const FIELDS: &[Tag] = &[
    Tag::KeyFormatType,
    Tag::KeyCompressionType,
    Tag::KeyValue,
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::KeyWrappingData,
];

impl Value for KeyBlock {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        self.key_format_type.put(Tag::KeyFormatType, out);
        self.key_compression_type.write(Tag::KeyCompressionType, out);
        match &self.key_value {
            Some(KeyValue::Plain(plain)) => plain.put(Tag::KeyValue, out),
            Some(KeyValue::Wrapped(bytes)) => bytes.put(Tag::KeyValue, out),
            None => {}
        }
        self.cryptographic_algorithm.write(Tag::CryptographicAlgorithm, out);
        self.cryptographic_length.write(Tag::CryptographicLength, out);
        self.key_wrapping_data.write(Tag::KeyWrappingData, out);
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        src.open(tag)?;
        let key_format_type = Field::read(Tag::KeyFormatType, src)?;
        let key_compression_type = Field::read(Tag::KeyCompressionType, src)?;
        if src.peek() == Some(Tag::KeyValue) {
            expect_kind(src, &[Kind::ByteString, Kind::Structure])?;
        }
        let key_value = match (src.peek(), src.peek_kind()) {
            (Some(Tag::KeyValue), Some(Kind::ByteString)) => {
                Some(KeyValue::Wrapped(Value::take(Tag::KeyValue, src)?))
            }
            (Some(Tag::KeyValue), _) => {
                Some(KeyValue::Plain(PlainKeyValue::take(Tag::KeyValue, key_format_type, src)?))
            }
            // Only from KMIP 1.2 on a key may be somewhere else.
            _ if src.reading().with_values && src.version() < V1_2 => {
                return Err(missing(src, Tag::KeyValue));
            }
            _ => None,
        };
        let block = Self {
            key_format_type,
            key_compression_type,
            key_value,
            cryptographic_algorithm: Field::read(Tag::CryptographicAlgorithm, src)?,
            cryptographic_length: Field::read(Tag::CryptographicLength, src)?,
            key_wrapping_data: Field::read(Tag::KeyWrappingData, src)?,
        };
        close(src, FIELDS)?;
        Ok(block)
    }
}
