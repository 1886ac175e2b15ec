//! How an object leaves the server: in the format and the wrapping that a client wants, or not at all.

mod container;

use crate::context::Context;
use crate::material::{self, Claims};
use crate::objects::object::Object;
use crate::objects::wrapping::{self, Terms};
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use crate::rights::persona::WrappedValues;
use crate::settings::Settings;
use crate::work;
use kmip_codec::attribute;
use kmip_codec::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, State};
use kmip_codec::objects::{
    KeyBlock, KeyMaterial, KeyValue, KeyWrappingSpecification, ManagedObject, PlainKeyValue,
};

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

/// The Key Wrap Types that there are (KMIP 2.1, 11.29).
const WRAP_TYPES: &[KeyWrapType] = &[KeyWrapType::NotWrapped, KeyWrapType::AsRegistered];

/// The value of an object that the server itself works with.
pub fn opened(cx: &mut Context<'_, '_>, object: &Object) -> OpResult<ManagedObject> {
    if object.archived {
        return refuse(Cause::Archived, "the object is in the archive: recover it first");
    }
    cx.draft.managed(object)
}

/// The value of an object in this form.
pub fn value(cx: &mut Context<'_, '_>, object: &Object, form: &Form) -> OpResult<ManagedObject> {
    if is_pre_active(object) && !cx.principal().persona.pre_active_get {
        return refuse(Cause::WrongState, "the object is Pre-Active: activate it before you get it");
    }
    may_leave(cx.settings(), object)?;
    let value = opened(cx, object)?;
    if is_sensitive(object) && !leaves_hidden(&value, form) {
        let message = "the key is sensitive: ask for it with a Key Wrapping Specification that encrypts it";
        return refuse(Cause::Sensitive, message);
    }
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

/// Refuses a private key that its client is to have and could not get in clear, before anything depends on it.
pub fn must_be_had(cx: &Context<'_, '_>, object: &Object) -> OpResult<()> {
    let why = match may_leave(cx.settings(), object) {
        Err(refusal) => refusal.message,
        Ok(()) if is_sensitive(object) => {
            "private keys are made Sensitive here, and leave wrapped alone".into()
        }
        Ok(()) => return Ok(()),
    };
    let text = format!(
        "a key pair that the server makes for this client could not be fetched by it: {why}. Make the pair yourself, and send a \
         Certificate Request"
    );
    refuse(Cause::Denied, text)
}

fn is_pre_active(object: &Object) -> bool {
    attribute!(object.attributes, State).next() == Some(&State::PreActive)
}

fn is_sensitive(object: &Object) -> bool {
    attribute!(object.attributes, Sensitive).next() == Some(&true)
}

/// Whether the key leaves encrypted: as the request wants it wrapped, or as it was registered.
fn leaves_hidden(value: &ManagedObject, form: &Form) -> bool {
    let registered = value.key_block().and_then(|block| block.key_wrapping_data.as_ref());
    match (&form.wrapping, registered) {
        (Some(specification), _) => wrapping::hides(specification.wrapping_method),
        (None, Some(data)) => {
            form.wrap_type != Some(KeyWrapType::NotWrapped) && wrapping::hides(data.wrapping_method)
        }
        (None, None) => false,
    }
}

/// Keys that are not extractable or are withheld never leave the server.
fn may_leave(settings: &Settings, object: &Object) -> Result<(), Refusal> {
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
    Ok(())
}

/// Unwraps, converts and wraps the key as the request says, in this order.
fn shape(cx: &mut Context<'_, '_>, object: &Object, block: &mut KeyBlock, form: &Form) -> OpResult<()> {
    if let Some(other) = form.wrap_type.filter(|kind| !WRAP_TYPES.contains(kind)) {
        let text = format!("keys are had Not Wrapped or As Registered, not as {other:?}");
        return refuse(Cause::KeyWrapType, text);
    }
    let rewrap = form.wrapping.is_some();
    let inside = matches!(&block.key_value, Some(KeyValue::Plain(_)) if block.key_wrapping_data.is_some());
    if block.key_wrapping_data.is_some() && (rewrap || form.wrap_type == Some(KeyWrapType::NotWrapped)) {
        *block = wrapping::unwrapped(cx, block, &Terms::of(block, object.attributes.iter()))?;
        // What could not be seen when it came in is seen now.
        cx.take_time(work::reading(block))?;
        material::examined(object.object_type(), block)?.check(&Claims::of_object(object))?;
    }
    if let Some(format) = form.format {
        cx.take_time(work::reading(block))?;
        material::in_format(block, format)?;
    } else {
        let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
        block.key_format_type = material::name_in(cx.version, block.key_format_type, algorithm);
    }
    if let Some(compression) = form.compression {
        material::compressed(block, compression)?;
    }
    if let Some(specification) = &form.wrapping {
        *block = wrapping::wrapped(cx, object, block, specification)?;
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
