//! What a value says about itself: algorithm, length, format, and for certificates who issued what to whom.

use super::truth::{self, Truth};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, SplitKeyMethod};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SplitKey, TransparentKey};

mod certificate;
mod request;

pub use certificate::escaped;
pub use request::read as read_request;

/// What a registered value says about itself.
#[derive(Default)]
pub struct Facts {
    /// The algorithm, where the key block says it.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// The length in bits, where the key block says it.
    pub length: Option<i32>,
    /// What the value itself is, whatever is said of it.
    pub truth: Truth,
    /// The format of a key.
    pub format: Option<KeyFormatType>,
    /// What the Digest attribute is computed over; nothing where the server does not have the value in clear.
    pub material: Option<SecretBytes>,
    /// Attributes that follow from the value.
    pub attributes: Vec<Attribute>,
    /// Whether the value itself is there; a key that is kept elsewhere comes as a key block without it.
    pub has_value: bool,
}

/// Reads the facts of a value and refuses what cannot be true.
pub fn facts(object: &ManagedObject) -> OpResult<Facts> {
    match object {
        ManagedObject::Certificate(certificate) => certificate::facts(certificate),
        ManagedObject::OpaqueObject(opaque) => Ok(Facts {
            material: Some(opaque.value.clone()),
            attributes: vec![Attribute::OpaqueDataType(opaque.opaque_data_type)],
            has_value: true,
            ..Facts::default()
        }),
        ManagedObject::CertificateRequest(request) => Ok(Facts {
            truth: request::truth(request)?,
            material: Some(request.value.as_ref().into()),
            has_value: true,
            ..Facts::default()
        }),
        ManagedObject::SplitKey(part) => {
            check_part(part)?;
            // The length is that of the key: the part of a prime field is as long as its prime.
            key_facts(&part.key_block, Truth::Unseen)
        }
        ManagedObject::Template(_) => Ok(Facts { has_value: true, ..Facts::default() }),
        other => match other.key_block() {
            Some(block) => key_facts(block, truth::examined(other.object_type(), block)?),
            None => Ok(Facts::default()),
        },
    }
}

fn key_facts(block: &KeyBlock, truth: Truth) -> OpResult<Facts> {
    if block.cryptographic_length.is_some_and(|length| length <= 0) {
        return refuse(Cause::InvalidField, "Cryptographic Length must be positive");
    }
    Ok(Facts {
        truth,
        algorithm: block.cryptographic_algorithm,
        length: block.cryptographic_length,
        format: Some(block.key_format_type),
        has_value: block.key_value.is_some(),
        attributes: vec![Attribute::KeyFormatType(block.key_format_type)],
        material: clear_material(block).filter(|_| block.key_wrapping_data.is_none()),
    })
}

/// The bytes of key material that is not wrapped; a transparent key counts as its encoding.
pub fn clear_material(block: &KeyBlock) -> Option<SecretBytes> {
    match block.key_value.as_ref()? {
        KeyValue::Wrapped(_) => None,
        KeyValue::Plain(plain) => Some(match &plain.key_material {
            KeyMaterial::Bytes(bytes) => bytes.clone(),
            KeyMaterial::Transparent(TransparentKey::Symmetric(key)) => key.key.clone(),
            KeyMaterial::Transparent(key) => {
                let mut out = kmip_codec::wire::BinarySink::new(kmip_codec::version::STORED);
                key.put(kmip_codec::Tag::KeyMaterial, &mut out);
                out.finish().into()
            }
        }),
    }
}

/// What a part that comes from elsewhere must fulfil (KMIP 2.1, 2.8).
fn check_part(part: &SplitKey) -> OpResult<()> {
    if part.parts < 1 || !(1..=part.parts).contains(&part.part_identifier) {
        return refuse(Cause::InvalidField, "the Key Part Identifier is 1 to the Split Key Parts");
    }
    if !(1..=part.parts).contains(&part.threshold) {
        return refuse(Cause::InvalidField, "the Split Key Threshold is 1 to the Split Key Parts");
    }
    if part.method == SplitKeyMethod::PolynomialSharingPrimeField && part.prime_field_size.is_none() {
        return refuse(Cause::Missing, "a prime field needs its Prime Field Size");
    }
    Ok(())
}
