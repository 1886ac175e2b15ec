//! What follows from a changed attribute: the state from the dates, and the memory of Sensitive and Extractable.

use crate::attributes::rules;
use crate::objects::object::Object;
use crate::refusal::Refusal;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;

/// Brings the attributes that depend on the changed one up to date, if the object may be as it is now.
pub fn follow(object: &mut Object, changed: &Attribute, now: i64) -> Result<(), Refusal> {
    rules::in_order(object, changed.tag())?;
    match changed {
        Attribute::Sensitive(false) => object.attributes.set(Attribute::AlwaysSensitive(false)),
        Attribute::Extractable(true) => object.attributes.set(Attribute::NeverExtractable(false)),
        Attribute::UsageLimits(_) => refill(object),
        _ => {}
    }
    object.apply_date_transitions(now);
    Ok(())
}

/// New limits start unused, whatever count comes with them (KMIP 2.1, 4.59).
pub fn refill(object: &mut Object) {
    let limits = attribute!(object.attributes, UsageLimits).next().cloned();
    if let Some(mut limits) = limits {
        limits.count = Some(limits.total);
        object.attributes.set(Attribute::UsageLimits(limits));
    }
}
