//! The same key in another format (KMIP 2.1, 11.25): raw and transparent, PKCS#1, PKCS#8, X.509, EC; and the point of an
//! EC public key compressed or not (11.24).

use super::parts::{EC_NAMES, Parts};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType as Format};
use kmip_codec::objects::*;
use kmip_codec::version::{V2_0, Version};

/// Turns the key into this format, where there is a way.
pub fn in_format(block: &mut KeyBlock, wanted: Format) -> OpResult<()> {
    if block.key_format_type == wanted {
        return Ok(());
    }
    if block.key_wrapping_data.is_some() {
        return refuse(
            Cause::KeyFormat,
            "a wrapped key can only be had in the format in which it was registered",
        );
    }
    let Some(KeyValue::Plain(plain)) = &block.key_value else {
        return refuse(Cause::NoKeyValue, "the server does not hold the key value");
    };
    let parts = Parts::of(block.key_format_type, &plain.key_material);
    let Some(material) = parts.ok().and_then(|parts| parts.written(wanted)) else {
        let have = block.key_format_type;
        let message = format!("a key registered as {have:?} cannot be returned as {wanted:?}");
        return refuse(Cause::KeyFormat, message);
    };
    let attributes = plain.attributes.clone();
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes }));
    block.key_format_type = wanted;
    Ok(())
}

/// Turns a key of a pair that the server is to use into an encoding that it reads.
pub fn usable(block: &mut KeyBlock, wanted: Format) -> OpResult<()> {
    let have = block.key_format_type;
    if in_format(block, wanted).is_ok() {
        return Ok(());
    }
    let why = match have {
        Format::Raw | Format::Opaque => "its bytes stand for no key that the server could read",
        _ => "no whole key follows from what it holds",
    };
    let text = format!(
        "the server cannot use a key that was registered as {have:?}: {why}; register it as {wanted:?}"
    );
    refuse(Cause::KeyFormat, text)
}

/// Compresses the point of an EC public key, or gives it whole (KMIP 2.1, 11.24).
pub fn compressed(block: &mut KeyBlock, wanted: KeyCompressionType) -> OpResult<()> {
    let is_compressed = match wanted {
        KeyCompressionType::ECPublicKeyTypeUncompressed => false,
        KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime => true,
        other => {
            let text = format!("points are had uncompressed or compressed (prime), not as {other:?}");
            return refuse(Cause::KeyCompression, text);
        }
    };
    let plain = match (&block.key_value, &block.key_wrapping_data) {
        (Some(KeyValue::Plain(plain)), None) => plain,
        _ => {
            return refuse(Cause::KeyCompression, "the key is wrapped or not here: its point stays as it is");
        }
    };
    let Ok(Parts::EcPublic(key)) = Parts::of(block.key_format_type, &plain.key_material) else {
        return match is_compressed {
            true => refuse(Cause::KeyCompression, "only the points of EC public keys are compressed"),
            false => Ok(()),
        };
    };
    let Some(material) =
        key.in_form(is_compressed).and_then(|key| Parts::EcPublic(key).written(block.key_format_type))
    else {
        return refuse(
            Cause::KeyCompression,
            "the point of the key is none of a curve that this server knows",
        );
    };
    let attributes = plain.attributes.clone();
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes }));
    block.key_compression_type = Some(wanted);
    Ok(())
}

/// The name of a format in a version: transparent EC keys are of ECDSA or ECDH before 1.3, and of neither from 2.0 on.
pub fn name_in(version: Version, format: Format, algorithm: Option<CryptographicAlgorithm>) -> Format {
    let is_for = |known: &&super::parts::EcNames| known.private == format || known.public == format;
    if format.is_in(version) || !EC_NAMES.iter().any(|known| is_for(&known)) {
        return format;
    }
    let is_private = EC_NAMES.iter().any(|known| known.private == format);
    let wanted = match algorithm {
        _ if version >= V2_0 => CryptographicAlgorithm::EC,
        Some(CryptographicAlgorithm::ECDH) => CryptographicAlgorithm::ECDH,
        _ => CryptographicAlgorithm::ECDSA,
    };
    let named = EC_NAMES.iter().find(|known| known.algorithm == wanted);
    named.map_or(format, |named| if is_private { named.private } else { named.public })
}
