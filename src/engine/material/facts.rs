//! What a value says about itself: algorithm, length, format, and for certificates who issued what to whom.

use crate::engine::objects::splitting;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, TransparentKey};

mod certificate;
mod request;

pub use certificate::escaped;
pub use request::read as read_request;

/// What a registered value says about itself.
#[derive(Default)]
pub struct Facts {
    /// The algorithm, where the value tells it.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// The length in bits, where the value tells it.
    pub length: Option<i32>,
    /// Algorithm and length as the value itself shows them; they count where nobody says them.
    pub seen: Option<(CryptographicAlgorithm, i32)>,
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
pub fn facts(object: &ManagedObject) -> Step<Facts> {
    match object {
        ManagedObject::Certificate(certificate) => certificate::facts(certificate),
        ManagedObject::OpaqueObject(opaque) => Ok(Facts {
            material: Some(opaque.value.clone()),
            attributes: vec![Attribute::OpaqueDataType(opaque.opaque_data_type)],
            has_value: true,
            ..Facts::default()
        }),
        ManagedObject::CertificateRequest(request) => {
            request::check(request)?;
            Ok(Facts { material: Some(request.value.as_ref().into()), has_value: true, ..Facts::default() })
        }
        ManagedObject::SplitKey(part) => {
            splitting::check(part)?;
            // The length is that of the key: the part of a prime field is as long as its prime.
            key_facts(&part.key_block, false)
        }
        ManagedObject::Template(_) => Ok(Facts { has_value: true, ..Facts::default() }),
        other => match other.key_block() {
            Some(block) => key_facts(block, true),
            None => Ok(Facts::default()),
        },
    }
}

fn key_facts(block: &KeyBlock, is_whole: bool) -> Step<Facts> {
    if block.cryptographic_length.is_some_and(|length| length <= 0) {
        return refuse(Cause::InvalidField, "Cryptographic Length must be positive");
    }
    let material = clear_material(block);
    if let (Some(material), None, true) = (&material, &block.key_wrapping_data, is_whole) {
        check_length(block, material)?;
    }
    let is_said = block.cryptographic_algorithm.is_some() && block.cryptographic_length.is_some();
    Ok(Facts {
        seen: if is_said || !is_whole { None } else { super::convert::described(block) },
        algorithm: block.cryptographic_algorithm,
        length: block.cryptographic_length,
        format: Some(block.key_format_type),
        has_value: block.key_value.is_some(),
        attributes: vec![Attribute::KeyFormatType(block.key_format_type)],
        material: material.filter(|_| block.key_wrapping_data.is_none()),
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

/// Raw keys must be as long as they say.
fn check_length(block: &KeyBlock, material: &SecretBytes) -> Step<()> {
    let raw = matches!(block.key_format_type, KeyFormatType::Raw | KeyFormatType::TransparentSymmetricKey);
    let (Some(algorithm), Some(length), true) =
        (block.cryptographic_algorithm, block.cryptographic_length, raw)
    else {
        return Ok(());
    };
    let wanted = super::generate::key_bytes(algorithm, length);
    if wanted.is_some_and(|wanted| wanted != material.len()) {
        let message = format!("a key of {length} bits cannot have {} bytes of material", material.len());
        return refuse(Cause::InvalidField, message);
    }
    Ok(())
}
