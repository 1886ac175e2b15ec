//! What is wrapped: the bytes of the key alone, or its key value in TTLV, with attributes (KMIP 2.1, 3.2 and 11.18).

use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{AttributeList, Attributes};
use kmip_codec::enums::{EncodingOption, KeyFormatType};
use kmip_codec::objects::{KeyMaterial, PlainKeyValue};
use kmip_codec::version::{V1_4, V2_1, Version};
use kmip_codec::wire::{BinarySink, BinarySource, Source as _};
use kmip_codec::{SecretBytes, Tag};

/// Whether the key value is encoded; it is where nothing is said.
fn is_encoded(option: Option<EncodingOption>) -> OpResult<bool> {
    match option {
        None | Some(EncodingOption::TTLVEncoding) => Ok(true),
        Some(EncodingOption::NoEncoding) => Ok(false),
        Some(other) => refuse(Cause::EncodingOption, format!("key values are not encoded as {other:?}")),
    }
}

/// The bytes that are wrapped.
pub fn content(
    plain: &PlainKeyValue,
    option: Option<EncodingOption>,
    attributes: Attributes,
    version: Version,
) -> OpResult<SecretBytes> {
    if !is_encoded(option)? {
        return match &plain.key_material {
            _ if !attributes.is_empty() => {
                refuse(Cause::EncodingOption, "attributes can be wrapped only with TTLV encoding")
            }
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

/// The key value out of the bytes that were wrapped. Attributes inside are written as in 1.x or as in 2.x, whatever the
/// version of the message that carries them now.
pub fn opened(
    clear: SecretBytes,
    format: KeyFormatType,
    option: Option<EncodingOption>,
    version: Version,
) -> OpResult<PlainKeyValue> {
    if !is_encoded(option)? {
        return Ok(PlainKeyValue { key_material: KeyMaterial::Bytes(clear), attributes: None });
    }
    let read = |version| {
        let mut src = BinarySource::new(clear.expose());
        src.set_version(version);
        let plain = PlainKeyValue::take(Tag::KeyValue, format, &mut src)?;
        src.finish().map(|()| plain)
    };
    match [version, V1_4, V2_1].into_iter().find_map(|version| read(version).ok()) {
        Some(plain) => Ok(plain),
        None => refuse(Cause::EncodingOption, "the unwrapped key value is not TTLV"),
    }
}
