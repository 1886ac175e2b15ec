//! Adjust Attribute (KMIP 2.1, 6.1.3 and 11.1): counts an attribute up or down, or turns it around.

use crate::attributes::rules;
use crate::context::{Context, Execute};
use crate::lifecycle::effects;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{Attribute, AttributeList, AttributeReference, Attributes, VendorAttribute};
use kmip_codec::declare::Value as _;
use kmip_codec::enums::AdjustmentType;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{AdjustAttributeRequest, AdjustAttributeResponse};
use kmip_codec::version::V2_1;
use kmip_codec::wire::{BinarySink, BinarySource, Reading, Source as _};
use kmip_codec::{Error, ErrorKind, SecretBytes, Tag};

impl Execute for AdjustAttributeRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<AdjustAttributeResponse> {
        let mut object = cx.object(self.unique_identifier, Operation::AdjustAttribute)?;
        rules::may_be_adjusted(&object, &self.reference, cx.version)?;
        let mut instances = object.attributes.instances(&self.reference).map(|entry| &entry.attribute);
        let (current, others) = (instances.next().cloned(), instances.count());
        if others > 0 {
            return refuse(Cause::MultiValued, "the attribute has several instances: modify one of them");
        }
        let value = match &current {
            Some(attribute) => value_of(attribute),
            None => zero(&self.reference, self.adjustment_type, self.adjustment_value.as_ref()),
        };
        let adjusted = adjusted(value, self.adjustment_type, self.adjustment_value.as_ref())?;
        let attribute = match with_value(&self.reference, adjusted) {
            Ok(attribute) => attribute,
            Err(error) if matches!(error.kind, ErrorKind::Bits { .. }) => {
                return refuse(Cause::AttributeValue, format!("the adjusted value is no mask: {error}"));
            }
            Err(_) => return wrong_type(),
        };
        match current {
            Some(_) => rules::may_be_modified(&object, &attribute, cx.version, cx.now())?,
            None => rules::may_be_added(&object, &attribute, cx.version)?,
        }
        object.attributes.set(attribute.clone());
        effects::follow(&mut object, &attribute, cx.now())?;
        let id = object.id.clone();
        cx.save(object)?;
        Ok(AdjustAttributeResponse { unique_identifier: id.into() })
    }
}

fn wrong_type<T>() -> OpResult<T> {
    refuse(Cause::DataType, "an attribute of this type cannot be adjusted in this way")
}

/// The value of an attribute as an item: what it is on the wire.
fn value_of(attribute: &Attribute) -> Option<ItemValue> {
    if let Attribute::Vendor(vendor) = attribute {
        return vendor.value.clone();
    }
    let mut out = BinarySink::new(V2_1);
    AttributeList(Attributes::from([attribute.clone()])).put(Tag::Attributes, &mut out);
    let bytes = out.finish();
    let mut src = BinarySource::new(&bytes);
    src.set_version(V2_1);
    match ItemValue::take(Tag::Attributes, &mut src) {
        Ok(ItemValue::Structure(items)) => items.into_iter().next().map(|item| item.value),
        _ => None,
    }
}

/// The attribute with this value, if it can have one of this type.
fn with_value(reference: &AttributeReference, value: ItemValue) -> Result<Attribute, Error> {
    let nothing = Error::at(ErrorKind::Value, Tag::AttributeValue, 0);
    let tag = match reference {
        AttributeReference::Vendor { vendor, name } => {
            let (vendor, name, value) = (vendor.clone(), name.clone(), Some(value));
            return Ok(Attribute::Vendor(VendorAttribute { vendor, name, value }));
        }
        AttributeReference::Tag(tag) => *tag,
        AttributeReference::Unknown(_) => return Err(nothing),
    };
    let mut out = BinarySink::new(V2_1);
    ItemValue::Structure(vec![Item { tag, value }]).put(Tag::Attributes, &mut out);
    let bytes = out.finish();
    let mut src = BinarySource::reading(&bytes, Reading { known_bits: true, ..Reading::default() });
    src.set_version(V2_1);
    let list = AttributeList::take(Tag::Attributes, &mut src)?;
    list.0.iter().next().cloned().ok_or(nothing)
}

/// What an absent attribute counts from: 0 of its type, or false. The type of a vendor's attribute is that of the
/// adjustment.
fn zero(
    reference: &AttributeReference,
    adjustment: AdjustmentType,
    by: Option<&ItemValue>,
) -> Option<ItemValue> {
    let zeros = [
        ItemValue::Interval(0),
        ItemValue::Integer(0),
        ItemValue::LongInteger(0),
        ItemValue::BigInteger(SecretBytes::from([0; 8].as_slice())),
        ItemValue::Boolean(false),
    ];
    match (reference, by) {
        (AttributeReference::Vendor { .. }, Some(by)) => {
            let is_like = |zero: &ItemValue| std::mem::discriminant(zero) == std::mem::discriminant(by);
            zeros.into_iter().find(is_like)
        }
        (AttributeReference::Vendor { .. }, None) if adjustment == AdjustmentType::Negate => {
            Some(ItemValue::Boolean(false))
        }
        (AttributeReference::Vendor { .. }, None) => Some(ItemValue::Integer(0)),
        _ => zeros.into_iter().find(|zero| with_value(reference, zero.clone()).is_ok()),
    }
}

fn adjusted(
    value: Option<ItemValue>,
    adjustment: AdjustmentType,
    by: Option<&ItemValue>,
) -> OpResult<ItemValue> {
    let Some(value) = value else { return wrong_type() };
    if let (ItemValue::Boolean(value), AdjustmentType::Negate) = (&value, adjustment) {
        return Ok(ItemValue::Boolean(!value));
    }
    let cannot_be_negated =
        !matches!(value, ItemValue::Integer(_) | ItemValue::LongInteger(_) | ItemValue::BigInteger(_));
    let (Some(number), Some(by)) = (number(&value), by.map_or(Some(1), number)) else { return wrong_type() };
    let sum = match adjustment {
        AdjustmentType::Increment => number.checked_add(by),
        AdjustmentType::Decrement => number.checked_sub(by),
        AdjustmentType::Negate if cannot_be_negated => return wrong_type(),
        AdjustmentType::Negate => number.checked_neg(),
        _ => return refuse(Cause::InvalidField, "Adjustment Type is Increment, Decrement or Negate"),
    };
    match sum.and_then(|sum| like(&value, sum)) {
        Some(value) => Ok(value),
        None => refuse(Cause::Range, "the adjusted value does not fit into its type"),
    }
}

/// A number of any type; big ones up to 128 bits.
fn number(value: &ItemValue) -> Option<i128> {
    match value {
        ItemValue::Integer(value) => Some((*value).into()),
        ItemValue::LongInteger(value) | ItemValue::DateTime(value) | ItemValue::DateTimeExtended(value) => {
            Some((*value).into())
        }
        ItemValue::Interval(value) => Some((*value).into()),
        ItemValue::BigInteger(bytes) => {
            let bytes = bytes.expose();
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { 0xff };
            let mut whole = [sign; 16];
            whole.get_mut(16_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
            Some(i128::from_be_bytes(whole))
        }
        _ => None,
    }
}

/// The number in the type of the value.
fn like(value: &ItemValue, number: i128) -> Option<ItemValue> {
    Some(match value {
        ItemValue::Integer(_) => ItemValue::Integer(number.try_into().ok()?),
        ItemValue::LongInteger(_) => ItemValue::LongInteger(number.try_into().ok()?),
        ItemValue::DateTime(_) => ItemValue::DateTime(number.try_into().ok()?),
        ItemValue::DateTimeExtended(_) => ItemValue::DateTimeExtended(number.try_into().ok()?),
        ItemValue::Interval(_) => ItemValue::Interval(number.try_into().ok()?),
        ItemValue::BigInteger(_) => ItemValue::BigInteger(number.to_be_bytes().as_slice().into()),
        _ => return None,
    })
}
