//! References of 2.x to what an item of the same batch gave (KMIP 2.1, 4.58), in places that outlast the batch: links among
//! attributes, and the keys that Key Wrapping Data name. They are resolved where they come in; nobody could later.

use crate::context::Context;
use crate::refusal::OpResult;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::objects::{KeyValue, KeyWrappingSpecification, ManagedObject, WrappingKeyInformation};
use kmip_codec::value::UniqueIdentifier;

/// Resolves those among attributes.
pub fn in_attributes(cx: &Context<'_, '_>, attributes: &mut Attributes) -> OpResult<()> {
    attributes.0.iter_mut().try_for_each(|entry| in_attribute(cx, &mut entry.attribute))
}

/// Resolves that of one attribute.
pub fn in_attribute(cx: &Context<'_, '_>, attribute: &mut Attribute) -> OpResult<()> {
    match attribute {
        Attribute::Link(link) => in_identifier(cx, &mut link.linked),
        Attribute::UniqueIdentifier(id) => in_identifier(cx, id),
        _ => Ok(()),
    }
}

/// Whether an attribute refers to a batch.
pub fn is_in(attribute: &Attribute) -> bool {
    let is_reference = |id: &UniqueIdentifier| !matches!(id, UniqueIdentifier::Text(_));
    matches!(attribute, Attribute::Link(link) if is_reference(&link.linked))
}

/// Resolves those of a value that is taken in: of its wrapping, and of the attributes that travel with the key.
pub fn in_value(cx: &Context<'_, '_>, value: &mut ManagedObject) -> OpResult<()> {
    let Some(block) = value.key_block_mut() else { return Ok(()) };
    if let Some(data) = &mut block.key_wrapping_data {
        in_keys(cx, [&mut data.encryption_key_information, &mut data.mac_signature_key_information])?;
    }
    match &mut block.key_value {
        Some(KeyValue::Plain(plain)) => match &mut plain.attributes {
            Some(list) => in_attributes(cx, &mut list.0),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Resolves those of a wrapping that is asked for.
pub fn in_specification(cx: &Context<'_, '_>, wanted: &mut KeyWrappingSpecification) -> OpResult<()> {
    in_keys(cx, [&mut wanted.encryption_key_information, &mut wanted.mac_signature_key_information])
}

fn in_keys(cx: &Context<'_, '_>, keys: [&mut Option<WrappingKeyInformation>; 2]) -> OpResult<()> {
    keys.into_iter().flatten().try_for_each(|key| in_identifier(cx, &mut key.unique_identifier))
}

fn in_identifier(cx: &Context<'_, '_>, id: &mut UniqueIdentifier) -> OpResult<()> {
    if !matches!(id, UniqueIdentifier::Text(_)) {
        *id = cx.resolve(Some(id.clone()))?.into();
    }
    Ok(())
}
