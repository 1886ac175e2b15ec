//! When an object is to be rotated (KMIP 2.1, 4.48 to 4.54), and what is noted of it when another takes its place.

use crate::objects::object::Object;
use crate::refusal::{Cause, Refusal};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::ObjectType;
use kmip_codec::value::{DateTime, Interval};

/// What can be made anew.
const ROTATED: &[ObjectType] =
    &[ObjectType::SymmetricKey, ObjectType::PrivateKey, ObjectType::PublicKey, ObjectType::Certificate];

/// Whether a client may ask for this of the rotation of an object.
pub fn may_be_asked(object: &Object, attribute: &Attribute) -> Result<(), Refusal> {
    let message = match attribute {
        Attribute::RotateAutomatic(true) if !ROTATED.contains(&object.object_type()) => {
            "Rotate Automatic is for what the server can make anew: symmetric keys, key pairs, certificates"
        }
        Attribute::RotateInterval(Interval(0)) => "a Rotate Interval has at least one second",
        _ => return Ok(()),
    };
    Err(Refusal::new(Cause::InvalidField, message))
}

/// Notes that one object takes the place of another now.
pub fn note(old: &mut Object, new: &mut Object, now: i64) {
    let generation = attribute!(old.attributes, RotateGeneration).next().copied().unwrap_or_default();
    for (object, generation, latest) in [(old, generation, false), (new, generation.saturating_add(1), true)]
    {
        object.attributes.set(Attribute::RotateDate(DateTime(now)));
        object.attributes.set(Attribute::RotateGeneration(generation));
        object.attributes.set(Attribute::RotateLatest(latest));
    }
}

/// When the server is to rotate the object, in seconds since 1970. What was replaced, revoked or destroyed, or is in
/// the archive, is left alone.
pub fn due(object: &Object) -> Option<i64> {
    counted(object, object.rotates_from)
}

/// Whether it is due at a time. Once its Initial Date has come, that counts, whatever was noted before.
pub fn is_due(object: &Object, now: i64) -> bool {
    let is_ahead = initial_date(object).is_some_and(|initial| initial > now);
    counted(object, object.rotates_from.filter(|_| is_ahead)).is_some_and(|due| due <= now)
}

/// An interval after its Initial Date, or after the earlier time that counts instead.
fn counted(object: &Object, from: Option<i64>) -> Option<i64> {
    let held = &object.attributes;
    let is_asked = attribute!(held, RotateAutomatic).next() == Some(&true);
    let is_over = object.archived
        || object.is_destroyed()
        || attribute!(held, RevocationReason).next().is_some()
        || object.is_replaced();
    if !is_asked || is_over || !ROTATED.contains(&object.object_type()) {
        return None;
    }
    let interval = attribute!(held, RotateInterval).next().filter(|interval| interval.0 > 0)?;
    let initial = initial_date(object)?;
    Some(from.map_or(initial, |from| from.min(initial)).saturating_add(i64::from(interval.0)))
}

/// The Initial Date, in seconds since 1970.
pub fn initial_date(object: &Object) -> Option<i64> {
    attribute!(object.attributes, InitialDate).next().map(|date| date.0)
}
