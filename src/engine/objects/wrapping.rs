//! Wrapping keys with other keys, and unwrapping them (KMIP 2.1, 3.3, 7.18 and 11.62): encryption with a symmetric or a
//! public key, a MAC or a signature, or both in either order.
//!
//! What the specification leaves open: a tag of authenticated encryption stands behind the ciphertext; the MAC or
//! signature is over what the key value is before it is encrypted (MAC/sign then encrypt) or after (encrypt then
//! MAC/sign), byte for byte; and a key that is not encrypted stands in the key value as those same bytes.

mod content;
mod keys;

use crate::engine::context::Context;
use crate::engine::refusal::{Cause, Step, refuse};
use content::{content, opened};
use keys::{Role, WrappingKey};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::Attributes;
use kmip_codec::enums::WrappingMethod;
use kmip_codec::objects::*;

/// A step of wrapping, in the order in which it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Encrypt,
    Authenticate,
}

/// The steps of each method.
const METHODS: &[(WrappingMethod, &[Layer])] = &[
    (WrappingMethod::Encrypt, &[Layer::Encrypt]),
    (WrappingMethod::MACSign, &[Layer::Authenticate]),
    (WrappingMethod::EncryptThenMACSign, &[Layer::Encrypt, Layer::Authenticate]),
    (WrappingMethod::MACSignThenEncrypt, &[Layer::Authenticate, Layer::Encrypt]),
];

/// Whether a key that is wrapped by this method cannot be read.
pub fn hides(method: WrappingMethod) -> bool {
    layers(method).is_ok_and(|layers| layers.contains(&Layer::Encrypt))
}

fn layers(method: WrappingMethod) -> Step<&'static [Layer]> {
    match METHODS.iter().find(|(known, _)| *known == method) {
        Some((_, layers)) => Ok(layers),
        None if method == WrappingMethod::TR_31 => refuse(
            Cause::FeatureNotSupported,
            "TR-31 wants a header of usage, mode and exportability, for which KMIP has no fields: wrap by another method",
        ),
        None => refuse(Cause::FeatureNotSupported, format!("keys are not wrapped by {method:?}")),
    }
}

/// The key block wrapped as the specification says; `attributes` go inside.
pub fn wrapped(
    cx: &mut Context<'_, '_>,
    block: &KeyBlock,
    specification: &KeyWrappingSpecification,
    attributes: Attributes,
) -> Step<KeyBlock> {
    let layers = layers(specification.wrapping_method)?;
    let mut data = KeyWrappingData {
        wrapping_method: specification.wrapping_method,
        encryption_key_information: specification.encryption_key_information.clone(),
        mac_signature_key_information: specification.mac_signature_key_information.clone(),
        encoding_option: specification.encoding_option,
        ..KeyWrappingData::default()
    };
    check_keys(layers, &data)?;
    let Some(KeyValue::Plain(plain)) = &block.key_value else {
        return refuse(Cause::NoKeyValue, "the key value is not there in clear");
    };
    let mut value = content(plain, specification.encoding_option, attributes, cx.version)?;
    for layer in layers {
        match (layer, &data.encryption_key_information, &data.mac_signature_key_information) {
            (Layer::Encrypt, Some(key), _) => {
                let key = WrappingKey::find(cx, key, Role::Encrypt)?;
                (value, data.iv_counter_nonce) = key.encrypt(cx, &value)?;
            }
            (Layer::Authenticate, _, Some(key)) => {
                let key = WrappingKey::find(cx, key, Role::Authenticate)?;
                data.mac_signature = Some(key.authenticate(cx, &value)?.into());
            }
            _ => {}
        }
    }
    Ok(KeyBlock { key_value: Some(KeyValue::Wrapped(value)), key_wrapping_data: Some(data), ..block.clone() })
}

/// The key of a block that came wrapped, in clear; the keys that it was wrapped with must be here and usable.
pub fn unwrapped(cx: &mut Context<'_, '_>, block: &KeyBlock) -> Step<KeyBlock> {
    let Some(data) = &block.key_wrapping_data else { return Ok(block.clone()) };
    let layers = layers(data.wrapping_method)?;
    check_keys(layers, data)?;
    let mut value: SecretBytes = match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes.clone(),
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => bytes.clone(),
        _ => return refuse(Cause::NoKeyValue, "the wrapped key value is not there"),
    };
    for layer in layers.iter().rev() {
        match (layer, &data.encryption_key_information, &data.mac_signature_key_information) {
            (Layer::Encrypt, Some(key), _) => {
                let key = WrappingKey::find(cx, key, Role::Decrypt)?;
                value = key.decrypt(cx, &value, data.iv_counter_nonce.clone())?;
            }
            (Layer::Authenticate, _, Some(key)) => {
                let Some(mac) = &data.mac_signature else {
                    return refuse(Cause::Missing, "the wrapped key has no MAC or signature");
                };
                WrappingKey::find(cx, key, Role::Verify)?.verify(cx, &value, mac)?;
            }
            _ => {}
        }
    }
    let plain = opened(value, block.key_format_type, data.encoding_option, cx.version)?;
    Ok(KeyBlock { key_value: Some(KeyValue::Plain(plain)), key_wrapping_data: None, ..block.clone() })
}

/// A method has the keys that it needs, and no other.
fn check_keys(layers: &[Layer], data: &KeyWrappingData) -> Step<()> {
    let rows = [
        (Layer::Encrypt, data.encryption_key_information.is_some(), "Encryption Key Information"),
        (Layer::Authenticate, data.mac_signature_key_information.is_some(), "MAC/Signature Key Information"),
    ];
    for (layer, is_there, name) in rows {
        let method = data.wrapping_method;
        match (layers.contains(&layer), is_there) {
            (true, false) => {
                return refuse(Cause::Missing, format!("Wrapping Method {method:?} needs {name}"));
            }
            (false, true) => {
                return refuse(
                    Cause::InvalidField,
                    format!("Wrapping Method {method:?} has no use for {name}"),
                );
            }
            _ => {}
        }
    }
    Ok(())
}
