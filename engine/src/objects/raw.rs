//! Symmetric keys and secrets that the server makes itself: what their attributes ask for, and the object of raw bytes.

use crate::context::Context;
use crate::material;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::usage;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType, SecretDataType};
use kmip_codec::objects::{
    KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SecretData, SymmetricKey,
};
use kmip_codec::{SecretBytes, attribute};

/// The longest secret that the server makes, in bits.
const SECRET_BITS_MAX: i32 = 1 << 16;

/// What an object is to hold.
#[derive(Clone, Copy)]
pub struct KeyMaterialSpec {
    /// The algorithm of a key.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Cryptographic Length.
    bits: i32,
    /// How many bytes that are.
    pub bytes: usize,
    /// What kind of secret it is.
    secret: SecretDataType,
}

impl KeyMaterialSpec {
    /// What the attributes of a new object ask for; keys must say what they may do.
    pub fn by(cx: &Context<'_, '_>, object: &Object, secret: SecretDataType) -> OpResult<Self> {
        let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
        let length = attribute!(object.attributes, CryptographicLength).next().copied();
        match object.object_type() {
            ObjectType::SymmetricKey => {
                usage::must_be_said(object)?;
                let Some(algorithm) = algorithm else {
                    return refuse(Cause::Missing, "Cryptographic Algorithm is missing");
                };
                let Some(bits) = length else { return no_length() };
                weakness::check(cx.principal(), Means::Key(algorithm, Some(bits), None))?;
                let bytes = material::symmetric_bytes(algorithm, bits)?;
                Ok(Self { algorithm: Some(algorithm), bits, bytes, secret })
            }
            ObjectType::SecretData => {
                let Some(bits) = length else { return no_length() };
                match usize::try_from(bits / 8) {
                    Ok(bytes) if bits % 8 == 0 && (8..=SECRET_BITS_MAX).contains(&bits) => {
                        Ok(Self { algorithm: None, bits, bytes, secret })
                    }
                    _ => refuse(
                        Cause::AttributeValue,
                        format!("a secret has whole bytes, 8 to {SECRET_BITS_MAX} bits, not {bits}"),
                    ),
                }
            }
            other => refuse(
                Cause::WrongType,
                format!("this makes symmetric keys and Secret Data, not a {other:?}"),
            ),
        }
    }

    /// Stores the object with these bytes.
    pub fn store(self, cx: &mut Context<'_, '_>, mut object: Object, bytes: SecretBytes) -> OpResult<String> {
        object.attributes.set(Attribute::CryptographicLength(self.bits));
        let mut key_block = match self.algorithm {
            Some(algorithm) => keyed(bytes, algorithm, self.bits),
            None => {
                creation::require_raw(&object)?;
                block(bytes)
            }
        };
        creation::give_format(&mut object, &mut key_block)?;
        let value = match self.algorithm {
            Some(_) => ManagedObject::SymmetricKey(SymmetricKey { key_block }),
            None => ManagedObject::SecretData(SecretData { secret_data_type: self.secret, key_block }),
        };
        creation::store(cx, object, &value)
    }
}

fn no_length<T>() -> OpResult<T> {
    refuse(Cause::Missing, "Cryptographic Length is missing")
}

/// Raw bytes in a key block.
pub fn block(bytes: SecretBytes) -> KeyBlock {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), attributes: None };
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Plain(plain)),
        ..KeyBlock::default()
    }
}

/// The same, with what the key is.
pub fn keyed(bytes: SecretBytes, algorithm: CryptographicAlgorithm, bits: i32) -> KeyBlock {
    KeyBlock { cryptographic_algorithm: Some(algorithm), cryptographic_length: Some(bits), ..block(bytes) }
}
