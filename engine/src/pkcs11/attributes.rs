//! Attributes of PKCS#11 objects, each made of what KMIP holds.

use super::Returned;
use super::encoding::{Input, Output};
use super::mechanisms::Kind;
use crate::objects::object::Object;
use kmip_codec::attribute;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType};
use std::borrow::Cow;
use time::OffsetDateTime;

/// A value. Numbers and truth values have their size; bytes come with their number.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A CK_ULONG.
    Number(u64),
    /// A CK_BBOOL.
    Boolean(bool),
    /// An array of bytes, a text, a date.
    Bytes(Vec<u8>),
}

/// What an attribute is.
#[derive(Clone, Copy)]
enum Shape {
    Number,
    Boolean,
    Bytes,
}

/// CKA_VALUE: what the object is about.
pub const VALUE: u64 = 0x11;

/// CKA_LABEL.
pub const LABEL: u64 = 0x3;

type Read = fn(&Object) -> Option<Value>;

/// The attributes, by number.
const ATTRIBUTES: &[(u64, Shape, Read)] = &[
    (0x0, Shape::Number, |object| class(object.object_type()).map(Value::Number)),
    (0x1, Shape::Boolean, |_| Some(Value::Boolean(true))),
    (0x2, Shape::Boolean, |object| Some(Value::Boolean(is_private(object)))),
    (LABEL, Shape::Bytes, |object| label(object).map(|label| Value::Bytes(label.into_bytes()))),
    (VALUE, Shape::Bytes, |_| None),
    (0x80, Shape::Number, |object| of(object, ObjectType::Certificate, Value::Number(0))),
    (0x100, Shape::Number, key_type),
    (0x102, Shape::Bytes, |object| Some(Value::Bytes(object.id.clone().into_bytes()))),
    (0x103, Shape::Boolean, |object| secret(object, true)),
    (0x104, Shape::Boolean, |object| allows(object, CryptographicUsageMask::Encrypt)),
    (0x105, Shape::Boolean, |object| allows(object, CryptographicUsageMask::Decrypt)),
    (0x106, Shape::Boolean, |object| allows(object, CryptographicUsageMask::WrapKey)),
    (0x107, Shape::Boolean, |object| allows(object, CryptographicUsageMask::UnwrapKey)),
    (0x108, Shape::Boolean, |object| {
        either(object, CryptographicUsageMask::Sign, CryptographicUsageMask::MACGenerate)
    }),
    (0x10a, Shape::Boolean, |object| {
        either(object, CryptographicUsageMask::Verify, CryptographicUsageMask::MACVerify)
    }),
    (0x10c, Shape::Boolean, |object| allows(object, CryptographicUsageMask::DeriveKey)),
    (0x110, Shape::Bytes, |object| date(object.activation_date())),
    (0x111, Shape::Bytes, |object| date(object.deactivation_date())),
    (0x121, Shape::Number, |object| of(object, ObjectType::PublicKey, Value::Number(length(object)?))),
    (0x161, Shape::Number, |object| of(object, ObjectType::SymmetricKey, Value::Number(length(object)? / 8))),
    (0x162, Shape::Boolean, |object| {
        secret(object, attribute!(object.attributes, Extractable).next().copied().unwrap_or(true))
    }),
    (0x164, Shape::Boolean, |object| {
        secret(object, attribute!(object.attributes, NeverExtractable).next().copied().unwrap_or(false))
    }),
    (0x165, Shape::Boolean, |object| {
        secret(object, attribute!(object.attributes, AlwaysSensitive).next().copied().unwrap_or(false))
    }),
    (0x170, Shape::Boolean, |_| Some(Value::Boolean(false))),
    (0x171, Shape::Boolean, |_| Some(Value::Boolean(false))),
    (0x172, Shape::Boolean, |_| Some(Value::Boolean(false))),
];

/// Key types by algorithm.
const KEY_TYPES: &[(CryptographicAlgorithm, u64)] = &[
    (CryptographicAlgorithm::RSA, 0x0),
    (CryptographicAlgorithm::DSA, 0x1),
    (CryptographicAlgorithm::DH, 0x2),
    (CryptographicAlgorithm::EC, 0x3),
    (CryptographicAlgorithm::ECDSA, 0x3),
    (CryptographicAlgorithm::ECDH, 0x3),
    (CryptographicAlgorithm::DES3, 0x15),
    (CryptographicAlgorithm::AES, 0x1f),
    (CryptographicAlgorithm::HMAC_SHA1, 0x28),
    (CryptographicAlgorithm::HMAC_SHA256, 0x2b),
    (CryptographicAlgorithm::HMAC_SHA384, 0x2c),
    (CryptographicAlgorithm::HMAC_SHA512, 0x2d),
    (CryptographicAlgorithm::ChaCha20, 0x33),
    (CryptographicAlgorithm::Ed25519, 0x40),
];

/// CKK_GENERIC_SECRET.
const GENERIC_SECRET: u64 = 0x10;

/// The object's attribute of this number, if it has one.
pub fn read(object: &Object, number: u64) -> Option<Value> {
    ATTRIBUTES.iter().find(|row| row.0 == number).and_then(|row| (row.2)(object))
}

/// CK_OBJECT_CLASS; what PKCS#11 has no class for is data.
fn class(kind: ObjectType) -> Option<u64> {
    Some(match kind {
        ObjectType::Certificate => 1,
        ObjectType::PublicKey => 2,
        ObjectType::PrivateKey => 3,
        ObjectType::SymmetricKey => 4,
        ObjectType::SecretData | ObjectType::OpaqueObject => 0,
        _ => return None,
    })
}

/// Whether the object is part of the token.
pub fn is_shown(object: &Object) -> bool {
    class(object.object_type()).is_some() && !object.is_destroyed() && !object.archived
}

/// Whether only a logged-in user sees the object.
pub fn is_private(object: &Object) -> bool {
    !matches!(object.object_type(), ObjectType::Certificate | ObjectType::PublicKey)
}

fn label(object: &Object) -> Option<String> {
    let mut names = attribute!(object.attributes, Name);
    names.find(|name| name.kind == NameType::UninterpretedTextString).map(|name| name.value.clone())
}

fn of(object: &Object, kind: ObjectType, value: Value) -> Option<Value> {
    (object.object_type() == kind).then_some(value)
}

fn is_key(object: &Object) -> bool {
    matches!(object.object_type(), ObjectType::PublicKey | ObjectType::PrivateKey | ObjectType::SymmetricKey)
}

/// An attribute of secret and private keys.
fn secret(object: &Object, value: bool) -> Option<Value> {
    (is_key(object) && is_private(object)).then_some(Value::Boolean(value))
}

fn key_type(object: &Object) -> Option<Value> {
    if !is_key(object) {
        return None;
    }
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next()?;
    let known = KEY_TYPES.iter().find(|row| row.0 == *algorithm).map(|row| row.1);
    let secret = (object.object_type() == ObjectType::SymmetricKey).then_some(GENERIC_SECRET);
    known.or(secret).map(Value::Number)
}

fn allows(object: &Object, use_of: CryptographicUsageMask) -> Option<Value> {
    let mask = attribute!(object.attributes, CryptographicUsageMask).next().copied().unwrap_or_default();
    is_key(object).then_some(Value::Boolean(mask.contains(use_of)))
}

/// CKA_SIGN and CKA_VERIFY are about MACs as well.
fn either(object: &Object, one: CryptographicUsageMask, other: CryptographicUsageMask) -> Option<Value> {
    let is = |mask| allows(object, mask) == Some(Value::Boolean(true));
    is_key(object).then(|| Value::Boolean(is(one) || is(other)))
}

/// Whether a key is meant for what a function does with it; a MAC is a signature to PKCS#11.
pub fn use_of(object: &Object, kind: Kind, is_mac: bool) -> Option<Value> {
    let mask = match (kind, is_mac) {
        (Kind::Encrypt, _) => CryptographicUsageMask::Encrypt,
        (Kind::Decrypt, _) => CryptographicUsageMask::Decrypt,
        (Kind::Sign, true) => CryptographicUsageMask::MACGenerate,
        (Kind::Verify, true) => CryptographicUsageMask::MACVerify,
        (Kind::Sign, false) => CryptographicUsageMask::Sign,
        (Kind::Verify, false) => CryptographicUsageMask::Verify,
        (Kind::Digest, _) => return None,
    };
    allows(object, mask)
}

fn length(object: &Object) -> Option<u64> {
    attribute!(object.attributes, CryptographicLength).next().and_then(|bits| u64::try_from(*bits).ok())
}

/// CK_DATE: year, month and day in digits.
fn date(seconds: Option<i64>) -> Option<Value> {
    let date = OffsetDateTime::from_unix_timestamp(seconds?).ok()?.date();
    let digits = format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day());
    (digits.len() == 8).then(|| Value::Bytes(digits.into_bytes()))
}

/// An attribute that a caller names: its value where it gives one, and the room that it has.
pub struct Named {
    /// Its number.
    pub number: u64,
    /// The value that is given.
    pub value: Option<Value>,
    /// How many bytes there is room for; `None` where only their number is asked for, or the value has its size.
    pub room: Option<usize>,
}

impl Named {
    /// Reads one: the number, whether there is a value, whether there is a length, the number of elements where it is an
    /// array, and the value.
    pub fn read(input: &mut Input<'_>) -> Returned<Self> {
        let number = input.ulong()?;
        let (has_value, has_length) = (input.flag()?, input.flag()?);
        let kind = ATTRIBUTES.iter().find(|row| row.0 == number).map(|row| row.1);
        let (mut value, mut room) = (None, None);
        match kind {
            Some(Shape::Number) if has_value => value = Some(Value::Number(input.ulong()?)),
            Some(Shape::Boolean) if has_value => value = Some(Value::Boolean(input.flag()?)),
            Some(Shape::Number | Shape::Boolean) => {}
            // What is not known is an array for all that can be told.
            Some(Shape::Bytes) | None if has_length => {
                let count = input.count()?;
                room = Some(count);
                if has_value {
                    value = Some(Value::Bytes(input.take(count)?.to_vec()));
                }
            }
            Some(Shape::Bytes) | None => {}
        }
        Ok(Self { number, value, room })
    }

    /// Reads a template: any number of attributes.
    pub fn read_all(input: &mut Input<'_>) -> Returned<Vec<Self>> {
        let mut all = Vec::new();
        for _ in 0..input.count()? {
            all.push(Self::read(input)?);
        }
        input.end()?;
        Ok(all)
    }

    /// Whether the object has this value.
    pub fn fits(&self, object: &Object) -> bool {
        self.value.is_some() && read(object, self.number) == self.value
    }

    /// Whether the attribute exists.
    pub fn is_known(&self) -> bool {
        ATTRIBUTES.iter().any(|row| row.0 == self.number)
    }

    /// Whether there is room for the value.
    pub fn has_room_for(&self, value: &Value) -> bool {
        match (value, self.room) {
            (Value::Bytes(bytes), Some(room)) => bytes.len() <= room,
            _ => true,
        }
    }

    /// The text of a label, where this is one.
    pub fn label(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Some(Value::Bytes(text)) if self.number == LABEL => Some(String::from_utf8_lossy(text)),
            _ => None,
        }
    }
}

/// Writes an attribute as [`Named`] reads it. Where nobody has made room for bytes, their number alone.
pub fn write(number: u64, value: Option<&Value>, is_wanted: bool, output: &mut Output) {
    output.ulong(number);
    let (is_bytes, has_length) = (matches!(value, Some(Value::Bytes(_))), value.is_some());
    let has_value = has_length && (is_wanted || !is_bytes);
    output.flag(has_value);
    output.flag(has_length);
    match value {
        Some(Value::Bytes(bytes)) if has_value => output.bytes(bytes),
        Some(Value::Bytes(bytes)) => output.count(bytes.len()),
        Some(Value::Number(value)) => output.ulong(*value),
        Some(Value::Boolean(value)) => output.flag(*value),
        None => {}
    }
}
