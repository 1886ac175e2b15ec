//! Leases (KMIP 2.1, 4.31 and 6.1.35): how long a client may use an object before it asks again. Persona and origin of
//! the object say how long; 0 is no limit.

use crate::objects::object::Object;
use crate::rights::persona::Persona;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::LinkType;
use kmip_codec::value::Interval;

/// The lease that the client gets, in seconds.
pub fn seconds(persona: &Persona, object: &Object) -> u32 {
    match object.linked(LinkType::ReplacedObjectLink) {
        Some(_) => persona.replacement_lease_seconds,
        None => persona.lease_seconds,
    }
}

/// Sets the attribute to the longest lease that there is; without a limit there is no attribute.
pub fn set(object: &mut Object, seconds: u32) {
    match seconds {
        0 => object.attributes.remove_tag(kmip_codec::Tag::LeaseTime),
        seconds => object.attributes.set(Attribute::LeaseTime(Interval(seconds))),
    }
}
