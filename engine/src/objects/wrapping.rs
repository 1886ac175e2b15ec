//! Wrapping keys with other keys, and unwrapping them (KMIP 2.1, 3.3, 7.18 and 11.62): encryption with a symmetric or a
//! public key, a MAC or a signature, or both in either order; or a TR-31 key block.
//!
//! What the specification leaves open: a tag of authenticated encryption stands behind the ciphertext; the MAC or
//! signature is over what the key value is before it is encrypted (MAC/sign then encrypt) or after (encrypt then
//! MAC/sign), byte for byte; and a key that is not encrypted stands in the key value as those same bytes.

mod content;
mod keys;
#[cfg_attr(not(feature = "tr31"), path = "wrapping/without_tr_31.rs")]
mod tr_31;

pub use tr_31::Terms;

use crate::context::Context;
use crate::objects::object::Object;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use crate::work;
use content::{content, opened};
use keys::{Role, WrappingKey};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::{AttributeReference, Attributes};
use kmip_codec::enums::{EncodingOption, WrappingMethod};
use kmip_codec::objects::*;

/// A step of wrapping, in the order in which it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Encrypt,
    Authenticate,
    /// Both by one key, a header included: TR-31.
    Bind,
}

impl Layer {
    fn hides(self) -> bool {
        matches!(self, Self::Encrypt | Self::Bind)
    }
}

/// The steps of each method.
const METHODS: &[(WrappingMethod, &[Layer])] = &[
    (WrappingMethod::Encrypt, &[Layer::Encrypt]),
    (WrappingMethod::MACSign, &[Layer::Authenticate]),
    (WrappingMethod::EncryptThenMACSign, &[Layer::Encrypt, Layer::Authenticate]),
    (WrappingMethod::MACSignThenEncrypt, &[Layer::Authenticate, Layer::Encrypt]),
    (WrappingMethod::TR_31, &[Layer::Bind]),
];

/// Whether a key that is wrapped by this method cannot be read.
pub fn hides(method: WrappingMethod) -> bool {
    layers(method).is_ok_and(|layers| layers.iter().any(|layer| layer.hides()))
}

fn layers(method: WrappingMethod) -> OpResult<&'static [Layer]> {
    match METHODS.iter().find(|(known, _)| *known == method) {
        Some((_, layers)) => Ok(layers),
        None => refuse(Cause::FeatureNotSupported, format!("keys are not wrapped by {method:?}")),
    }
}

/// How the key value is encoded: a TR-31 key block holds the bytes of the key alone, whether that is said or not.
fn encoding(layers: &[Layer], said: Option<EncodingOption>) -> OpResult<Option<EncodingOption>> {
    match said {
        said if !layers.contains(&Layer::Bind) => Ok(said),
        None | Some(EncodingOption::NoEncoding) => Ok(Some(EncodingOption::NoEncoding)),
        Some(_) => refuse(Cause::EncodingOption, "a TR-31 key block takes No Encoding alone"),
    }
}

/// The key block of this object wrapped as the specification says; what it names goes inside.
pub fn wrapped(
    cx: &mut Context<'_, '_>,
    object: &Object,
    block: &KeyBlock,
    specification: &KeyWrappingSpecification,
) -> OpResult<KeyBlock> {
    let layers = layers(specification.wrapping_method)?;
    let mut specification = specification.clone();
    references::in_specification(cx, &mut specification)?;
    let mut data = KeyWrappingData {
        wrapping_method: specification.wrapping_method,
        encryption_key_information: specification.encryption_key_information,
        mac_signature_key_information: specification.mac_signature_key_information,
        encoding_option: encoding(layers, specification.encoding_option)?,
        ..KeyWrappingData::default()
    };
    check_keys(layers, &data)?;
    let Some(KeyValue::Plain(plain)) = &block.key_value else {
        return refuse(Cause::NoKeyValue, "the key value is not there in clear");
    };
    let inside = named(object, &specification.attributes);
    let mut value = content(plain, data.encoding_option, inside, cx.version)?;
    for layer in layers {
        cx.take_time(work::wrapping(value.len()))?;
        match (layer, &data.encryption_key_information, &data.mac_signature_key_information) {
            (Layer::Encrypt, Some(key), _) => {
                let key = WrappingKey::find(cx, key, Role::Encrypt)?;
                (value, data.iv_counter_nonce) = key.encrypt(cx, &value)?;
            }
            (Layer::Authenticate, _, Some(key)) => {
                let key = WrappingKey::find(cx, key, Role::Authenticate)?;
                data.mac_signature = Some(key.authenticate(cx, &value)?.into());
            }
            (Layer::Bind, Some(key), _) => {
                let key = WrappingKey::find(cx, key, Role::Encrypt)?;
                value = tr_31::sealed(cx, key, &value, &Terms::of(block, object.attributes.iter()))?;
            }
            _ => {}
        }
    }
    Ok(KeyBlock { key_value: Some(KeyValue::Wrapped(value)), key_wrapping_data: Some(data), ..block.clone() })
}

fn named(object: &Object, references: &[AttributeReference]) -> Attributes {
    let instances = references.iter().flat_map(|reference| object.attributes.instances(reference));
    instances.map(|entry| entry.attribute.clone()).collect()
}

/// The key of a block that came wrapped, in clear; the keys that it was wrapped with must be here and usable, and the
/// key may be allowed no more than was wrapped with it.
pub fn unwrapped(cx: &mut Context<'_, '_>, block: &KeyBlock, terms: &Terms) -> OpResult<KeyBlock> {
    let Some(data) = &block.key_wrapping_data else { return Ok(block.clone()) };
    let layers = layers(data.wrapping_method)?;
    check_keys(layers, data)?;
    let option = encoding(layers, data.encoding_option)?;
    let mut value: SecretBytes = match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes.clone(),
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => bytes.clone(),
        _ => return refuse(Cause::NoKeyValue, "the wrapped key value is not there"),
    };
    for layer in layers.iter().rev() {
        cx.take_time(work::wrapping(value.len()))?;
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
            (Layer::Bind, Some(key), _) => {
                let key = WrappingKey::find(cx, key, Role::Decrypt)?;
                value = tr_31::opened(cx, &key, &value, terms)?;
            }
            _ => {}
        }
    }
    let plain = opened(value, block.key_format_type, option, cx.version)?;
    Ok(KeyBlock { key_value: Some(KeyValue::Plain(plain)), key_wrapping_data: None, ..block.clone() })
}

/// A method has the keys that it needs, and no other.
fn check_keys(layers: &[Layer], data: &KeyWrappingData) -> OpResult<()> {
    let hides = layers.iter().any(|layer| layer.hides());
    let authenticates = layers.contains(&Layer::Authenticate);
    let rows = [
        (hides, data.encryption_key_information.is_some(), "Encryption Key Information"),
        (authenticates, data.mac_signature_key_information.is_some(), "MAC/Signature Key Information"),
    ];
    for (is_needed, is_there, name) in rows {
        let method = data.wrapping_method;
        match (is_needed, is_there) {
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
