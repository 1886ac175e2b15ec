//! Wrapping and unwrapping keys with other keys (KMIP 2.1, 3.3 and 7.18): NIST key wrap with AES.

use crate::crypto::key_wrap;
use crate::engine::cryptography::failed;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::attributes::{AttributeList, Attributes};
use kmip_codec::enums::{BlockCipherMode, EncodingOption, WrappingMethod};
use kmip_codec::objects::*;
use kmip_codec::version::Version;
use kmip_codec::wire::{BinarySink, BinarySource, Source as _};
use kmip_codec::{SecretBytes, Tag};

/// How to wrap: what a specification asks for, checked.
struct Wrapping {
    padded: bool,
    encoded: bool,
}

impl Wrapping {
    fn new(
        method: WrappingMethod,
        key: Option<&WrappingKeyInformation>,
        has_mac: bool,
        encoding: Option<EncodingOption>,
    ) -> Step<Self> {
        if method != WrappingMethod::Encrypt || has_mac {
            return refuse(
                Cause::FeatureNotSupported,
                "keys are wrapped by encryption alone, without MAC or signature",
            );
        }
        let mode = key
            .and_then(|key| key.cryptographic_parameters.as_ref())
            .and_then(|parameters| parameters.block_cipher_mode);
        let padded = match mode {
            None | Some(BlockCipherMode::NISTKeyWrap) => false,
            Some(BlockCipherMode::AESKeyWrapPadding) => true,
            Some(other) => {
                let message =
                    format!("keys are wrapped with NISTKeyWrap or AESKeyWrapPadding, not {other:?}");
                return refuse(Cause::FeatureNotSupported, message);
            }
        };
        Ok(Self { padded, encoded: encoding != Some(EncodingOption::NoEncoding) })
    }
}

/// The key block wrapped as the specification says, with this key; `attributes` go inside.
pub fn wrapped(
    block: &KeyBlock,
    specification: &KeyWrappingSpecification,
    wrapping_key: &SecretBytes,
    attributes: Attributes,
    version: Version,
) -> Step<KeyBlock> {
    let wrapping = Wrapping::new(
        specification.wrapping_method,
        specification.encryption_key_information.as_ref(),
        specification.mac_signature_key_information.is_some(),
        specification.encoding_option,
    )?;
    if !wrapping.encoded && !attributes.is_empty() {
        return refuse(Cause::EncodingOption, "attributes can be wrapped only with TTLV encoding");
    }
    let Some(KeyValue::Plain(plain)) = &block.key_value else {
        return refuse(Cause::NoKeyValue, "the key value is not there in clear");
    };
    let inner = inner(plain, &wrapping, attributes, version)?;
    let mut wrapped = block.clone();
    wrapped.key_value = Some(KeyValue::Wrapped(key_wrap(wrapping_key, &inner, wrapping.padded)?));
    wrapped.key_wrapping_data = Some(KeyWrappingData {
        wrapping_method: specification.wrapping_method,
        encryption_key_information: specification.encryption_key_information.clone(),
        encoding_option: specification.encoding_option,
        ..KeyWrappingData::default()
    });
    Ok(wrapped)
}

/// What is encrypted: the bytes of the key alone, or its key value in TTLV.
fn inner(
    plain: &PlainKeyValue,
    wrapping: &Wrapping,
    attributes: Attributes,
    version: Version,
) -> Step<SecretBytes> {
    if !wrapping.encoded {
        return match &plain.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.clone()),
            KeyMaterial::Transparent(_) => {
                refuse(Cause::EncodingOption, "a transparent key can be wrapped only with TTLV encoding")
            }
        };
    }
    let attributes = (!attributes.is_empty()).then_some(AttributeList(attributes));
    let whole = PlainKeyValue { key_material: plain.key_material.clone(), attributes };
    let mut out = BinarySink::new(version);
    whole.put(Tag::KeyValue, &mut out);
    Ok(out.finish().into())
}

/// The key of a block that was registered wrapped, in clear.
pub fn unwrapped(block: &KeyBlock, wrapping_key: &SecretBytes, version: Version) -> Step<KeyBlock> {
    let Some(data) = &block.key_wrapping_data else { return Ok(block.clone()) };
    let wrapping = Wrapping::new(
        data.wrapping_method,
        data.encryption_key_information.as_ref(),
        data.mac_signature_key_information.is_some(),
        data.encoding_option,
    )?;
    let cipher = match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes,
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => bytes,
        _ => return refuse(Cause::NoKeyValue, "the wrapped key value is not there"),
    };
    let clear = key_unwrap(wrapping_key, cipher, wrapping.padded)?;
    let plain = if wrapping.encoded {
        let mut src = BinarySource::new(clear.expose());
        src.set_version(version);
        match PlainKeyValue::take(Tag::KeyValue, block.key_format_type, &mut src) {
            Ok(plain) => plain,
            Err(_) => return refuse(Cause::EncodingOption, "the unwrapped key value is not TTLV"),
        }
    } else {
        PlainKeyValue { key_material: KeyMaterial::Bytes(clear), attributes: None }
    };
    Ok(KeyBlock { key_value: Some(KeyValue::Plain(plain)), key_wrapping_data: None, ..block.clone() })
}

fn key_wrap(key: &SecretBytes, clear: &SecretBytes, padded: bool) -> Step<SecretBytes> {
    Ok(key_wrap::wrap(key.expose(), clear.expose(), padded).map_err(failed)?.into())
}

fn key_unwrap(key: &SecretBytes, wrapped: &SecretBytes, padded: bool) -> Step<SecretBytes> {
    let clear = key_wrap::unwrap(key.expose(), wrapped.expose(), padded).map_err(failed)?;
    Ok(clear.as_slice().into())
}
