//! How an object leaves the server: in the format and the wrapping that a client wants, or not at all.

use super::container;
use super::context::Context;
use super::material;
use super::object::Object;
use super::persona::WrappedValues;
use super::refusal::{Cause, Refusal, Step, refuse};
use super::world::Settings;
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::{AttributeReference, Attributes};
use kmip_codec::enums::{CryptographicUsageMask, KeyCompressionType, KeyFormatType, KeyWrapType, State};
use kmip_codec::objects::{
    KeyBlock, KeyMaterial, KeyValue, KeyWrappingSpecification, ManagedObject, PlainKeyValue,
};
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;

/// The form in which a client wants an object (KMIP 2.1, 6.1.19).
#[derive(Default)]
pub struct Form {
    /// The format of a key.
    pub format: Option<KeyFormatType>,
    /// Whether a key that was registered wrapped is to be unwrapped.
    pub wrap_type: Option<KeyWrapType>,
    /// How a point is to be compressed.
    pub compression: Option<KeyCompressionType>,
    /// How a key is to be wrapped.
    pub wrapping: Option<KeyWrappingSpecification>,
}

/// The value of an object that the server itself works with.
pub fn opened(cx: &mut Context<'_, '_>, object: &Object) -> Step<ManagedObject> {
    if object.archived {
        return refuse(Cause::Archived, "the object is in the archive: recover it first");
    }
    material::stored(cx.draft, object)
}

/// The value of an object in this form.
pub fn value(cx: &mut Context<'_, '_>, object: &Object, form: &Form) -> Step<ManagedObject> {
    if is_pre_active(object) && !cx.principal().persona.pre_active_get {
        return refuse(Cause::WrongState, "the object is Pre-Active: activate it before you get it");
    }
    may_leave(cx.settings(), object, form.wrapping.is_some())?;
    let value = opened(cx, object)?;
    if form.format == Some(KeyFormatType::PKCS_12) {
        return container::packed(cx, object, value, form);
    }
    let mut value = value;
    if let Some(block) = value.key_block_mut() {
        shape(cx, object, block, form)?;
    } else if form.wrapping.is_some() {
        return refuse(Cause::WrongType, format!("a {:?} cannot be wrapped", object.object_type()));
    }
    Ok(value)
}

fn is_pre_active(object: &Object) -> bool {
    attribute!(object.attributes, State).next() == Some(&State::PreActive)
}

/// Sensitive keys leave the server only wrapped, and keys that are not extractable or withheld not at all.
fn may_leave(settings: &Settings, object: &Object, wrapped: bool) -> Result<(), Refusal> {
    let mut algorithms = attribute!(object.attributes, CryptographicAlgorithm);
    if algorithms.any(|algorithm| settings.withheld.contains(algorithm)) {
        let message = "keys of this algorithm never leave this server: its configuration withholds them";
        return Err(Refusal::new(Cause::Denied, message));
    }
    if attribute!(object.attributes, Extractable).next() == Some(&false) {
        return Err(Refusal::new(
            Cause::NotExtractable,
            "the key is not extractable: it never leaves the server",
        ));
    }
    if !wrapped && attribute!(object.attributes, Sensitive).next() == Some(&true) {
        let message = "the key is sensitive: ask for it with a Key Wrapping Specification";
        return Err(Refusal::new(Cause::Sensitive, message));
    }
    Ok(())
}

/// Unwraps, converts and wraps the key as the request says, in this order.
fn shape(cx: &mut Context<'_, '_>, object: &Object, block: &mut KeyBlock, form: &Form) -> Step<()> {
    let rewrap = form.wrapping.is_some();
    let inside = matches!(&block.key_value, Some(KeyValue::Plain(_)) if block.key_wrapping_data.is_some());
    if block.key_wrapping_data.is_some() && (rewrap || form.wrap_type == Some(KeyWrapType::NotWrapped)) {
        *block = unwrap(cx, block)?;
    }
    match form.compression {
        None | Some(KeyCompressionType::ECPublicKeyTypeUncompressed) => {}
        Some(other) => {
            return refuse(Cause::KeyCompression, format!("points are not compressed as {other:?}"));
        }
    }
    if let Some(format) = form.format {
        material::in_format(block, format)?;
    }
    if let Some(specification) = &form.wrapping {
        *block = wrap(cx, object, block, specification)?;
        if inside || cx.principal().persona.wrapped_values == WrappedValues::Inside {
            put_inside(block);
        }
    }
    Ok(())
}

/// A client that registers wrapped bytes as the key material inside a key value gets them back in that place, and so does
/// one that reads them nowhere else.
fn put_inside(block: &mut KeyBlock) {
    block.key_value = match block.key_value.take() {
        Some(KeyValue::Wrapped(bytes)) => {
            Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), attributes: None }))
        }
        other => other,
    };
}

/// A key that was registered wrapped, in clear; the key that it was wrapped with must be here and usable.
pub fn unwrap(cx: &mut Context<'_, '_>, block: &KeyBlock) -> Step<KeyBlock> {
    let information =
        block.key_wrapping_data.as_ref().and_then(|data| data.encryption_key_information.as_ref());
    let Some(information) = information else {
        return refuse(Cause::InvalidField, "the wrapped key does not say with which key it was wrapped");
    };
    let uses = [CryptographicUsageMask::UnwrapKey, CryptographicUsageMask::WrapKey];
    let key = wrapping_key(cx, &information.unique_identifier, &uses)?;
    material::unwrapped(block, &key, cx.version)
}

fn wrap(
    cx: &mut Context<'_, '_>,
    object: &Object,
    block: &KeyBlock,
    specification: &KeyWrappingSpecification,
) -> Step<KeyBlock> {
    let Some(information) = &specification.encryption_key_information else {
        return refuse(Cause::FeatureNotSupported, "keys are wrapped by encryption: name an Encryption Key");
    };
    let id = information.unique_identifier.clone();
    let key = wrapping_key(cx, &id, &[CryptographicUsageMask::WrapKey])?;
    let attributes = named(object, &specification.attributes);
    material::wrapped(block, specification, &key, attributes, cx.version)
}

fn named(object: &Object, references: &[AttributeReference]) -> Attributes {
    let instances = references.iter().flat_map(|reference| object.attributes.instances(reference));
    instances.map(|entry| entry.attribute.clone()).collect()
}

/// The key to wrap with: Active, and meant for one of these uses.
fn wrapping_key(
    cx: &mut Context<'_, '_>,
    id: &UniqueIdentifier,
    uses: &[CryptographicUsageMask],
) -> Step<SecretBytes> {
    let id = cx.resolve(Some(id.clone()))?;
    cx.touched.push(id.clone());
    let object = match cx.draft.object(&id, Operation::Get) {
        Err(super::refusal::Halt::Refused(refusal)) if refusal.cause == Cause::NotFound => {
            return refuse(Cause::WrappingKeyNotFound, format!("no wrapping key {id:?}"));
        }
        other => other?,
    };
    let state = attribute!(object.attributes, State).next().copied();
    if state != Some(State::Active) {
        return refuse(Cause::WrongState, format!("the wrapping key is {state:?}; it must be Active"));
    }
    let mask = attribute!(object.attributes, CryptographicUsageMask).next().copied();
    if !uses.iter().any(|wanted| mask.is_some_and(|mask| mask.contains(*wanted))) {
        return refuse(Cause::UsageMask, "the usage mask of the wrapping key does not allow to wrap");
    }
    let value = material::stored(cx.draft, &object)?;
    match value.key_block().and_then(material::clear_material) {
        Some(key) => Ok(key),
        None => refuse(Cause::InvalidField, "the wrapping key is not a key in clear"),
    }
}
