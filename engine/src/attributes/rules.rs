//! What a client may do with attributes: the rules of the table, and the few that depend on the object.

use crate::lifecycle::rotation;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use kmip_codec::attributes::{
    ATTRIBUTE_ROWS, Attribute, AttributeReference, AttributeRow, Attributes, Count, Entry, SetBy,
};
use kmip_codec::enums::State;
use kmip_codec::near::nearest;
use kmip_codec::version::VERSIONS;
use kmip_codec::{Tag, Version};
use std::collections::BTreeSet;

/// Attributes that the table gives to the server but that a client names when an object is made: they say what to
/// make.
const GIVEN_AT_BIRTH: &[Tag] = &[
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::ObjectType,
    Tag::CertificateType,
    Tag::KeyFormatType,
    Tag::OpaqueDataType,
];

/// Dates of which the first does not come after the second.
const ORDER: &[(Tag, Tag)] =
    &[(Tag::ActivationDate, Tag::ProcessStartDate), (Tag::ProtectStopDate, Tag::DeactivationDate)];

/// Whether a client may give the attribute when it makes an object of a type that has it.
pub fn check_settable_at_creation(
    object: &Object,
    attribute: &Attribute,
    version: Version,
) -> Result<(), Refusal> {
    may_be_given(attribute, version)?;
    rotation::may_be_asked(object, attribute)?;
    attribute.row().map_or(Ok(()), |row| applies(object, row))
}

/// Whether a client may give the attribute when it makes an object.
pub fn may_be_given(attribute: &Attribute, version: Version) -> Result<(), Refusal> {
    let Some(row) = known(attribute, version)? else { return may_touch_vendor(attribute) };
    if row.set_by == SetBy::Server && !GIVEN_AT_BIRTH.contains(&row.tag) {
        return Err(read_only(row));
    }
    Ok(())
}

/// Whether an object may come with these attributes from elsewhere: any that its type can have, who set them is not
/// asked (KMIP 2.1, 6.1.25).
pub fn may_be_imported(object: &Object, given: &Attributes, version: Version) -> Result<(), Refusal> {
    let (mut tags, mut indexes) = (BTreeSet::new(), BTreeSet::new());
    for entry in &given.0 {
        let Some(row) = known(&entry.attribute, version)? else { continue };
        applies(object, row)?;
        if !tags.insert(row.tag) && row.count == Count::One {
            return Err(Refusal::new(Cause::SingleValued, format!("{} has one value", row.name)));
        }
        if entry.index.is_some_and(|index| !indexes.insert((row.tag, index))) {
            let message = format!("{} has two instances of one index", row.name);
            return Err(Refusal::new(Cause::InvalidField, message));
        }
    }
    Ok(())
}

/// Whether a client may add the attribute to an object.
pub fn may_be_added(object: &Object, attribute: &Attribute, version: Version) -> Result<(), Refusal> {
    let Some(row) = known(attribute, version)? else { return may_touch_vendor(attribute) };
    if row.set_by == SetBy::Server {
        return Err(read_only(row));
    }
    if row.count == Count::One && object.attributes.has_tag(row.tag) {
        let message = format!("{} has a value already; modify it instead", row.name);
        return Err(Refusal::new(Cause::SingleValued, message));
    }
    applies(object, row)?;
    rotation::may_be_asked(object, attribute)?;
    dates_allow(object, row.tag)
}

/// Whether a client may change the attribute of an object.
pub fn may_be_modified(
    object: &Object,
    attribute: &Attribute,
    version: Version,
    now: i64,
) -> Result<(), Refusal> {
    let Some(row) = known(attribute, version)? else { return may_touch_vendor(attribute) };
    if !row.modifiable {
        return Err(read_only(row));
    }
    if row.tag == Tag::UsageLimits && object.allocated {
        return Err(Refusal::new(Cause::Denied, "usage was allocated already, so its limits are fixed"));
    }
    stays_protected(object, attribute)?;
    not_reached(object, row.tag, now)?;
    dates_allow(object, row.tag)
}

/// What keeps a key inside goes on and never off, whoever asks, as CKA_SENSITIVE and CKA_EXTRACTABLE of PKCS#11: else
/// whoever may change attributes may have the key.
fn stays_protected(object: &Object, attribute: &Attribute) -> Result<(), Refusal> {
    let strict = match attribute {
        Attribute::Sensitive(false) => Attribute::Sensitive(true),
        Attribute::Extractable(true) => Attribute::Extractable(false),
        _ => return Ok(()),
    };
    if object.attributes.iter().any(|held| *held == strict) {
        let text = format!("{} protects this key, and is not taken off: make another key", attribute.tag());
        return Err(Refusal::new(Cause::ReadOnly, text));
    }
    Ok(())
}

/// Whether the attribute is one that a client may adjust, whatever its type and its value.
pub fn may_be_adjusted(
    object: &Object,
    reference: &AttributeReference,
    version: Version,
) -> Result<(), Refusal> {
    match reference {
        AttributeReference::Tag(tag) => match AttributeRow::of(*tag) {
            Some(row) if row.set_by == SetBy::Server => Err(read_only(row)),
            Some(row) if object.attributes.has_tag(row.tag) && !row.modifiable => Err(read_only(row)),
            Some(_) => Ok(()),
            None => Err(unknown(&tag.to_string(), version)),
        },
        AttributeReference::Vendor { vendor, .. } if vendor == "y" => Err(server_made()),
        AttributeReference::Vendor { .. } => Ok(()),
        AttributeReference::Unknown(name) => Err(unknown(name, version)),
    }
}

/// Whether a client may delete the attribute of an object.
pub fn may_be_deleted(
    object: &Object,
    reference: &AttributeReference,
    version: Version,
) -> Result<(), Refusal> {
    match reference {
        AttributeReference::Tag(tag) => match AttributeRow::of(*tag) {
            Some(row) if !row.deletable => Err(read_only(row)),
            Some(row) if row.tag == Tag::UsageLimits && object.allocated => Err(read_only(row)),
            Some(_) => Ok(()),
            None => Err(unknown(&tag.to_string(), version)),
        },
        AttributeReference::Vendor { vendor, .. } if vendor == "y" => Err(server_made()),
        AttributeReference::Vendor { .. } => Ok(()),
        AttributeReference::Unknown(name) => Err(unknown(name, version)),
    }
}

/// The row of an attribute; `None` for vendors' attributes; unknown ones are refused.
fn known(attribute: &Attribute, version: Version) -> Result<Option<&'static AttributeRow>, Refusal> {
    match attribute {
        Attribute::Vendor(vendor) => is_vendor(&vendor.vendor).map(|()| None),
        Attribute::Unknown(attribute) => Err(unknown(&attribute.name, version)),
        Attribute::ApplicationSpecificInformation(given) if given.data.is_none() => {
            Err(no_data(&given.namespace))
        }
        _ => match attribute.row() {
            Some(row) if (row.is_in)(version) => Ok(Some(row)),
            row => Err(unknown(row.map_or("", |row| row.name), version)),
        },
    }
}

/// What a Vendor Identification is made of (KMIP 2.1, 4.60).
fn is_vendor(vendor: &str) -> Result<(), Refusal> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    if !vendor.is_empty() && vendor.chars().all(is_plain) {
        return Ok(());
    }
    let text = format!("Vendor Identification {vendor:?} is to have letters, digits, _ and . alone");
    Err(Refusal::new(Cause::AttributeValue, text))
}

/// The server makes up no Application Data, for no namespace (KMIP 2.1, 4.4); Query names none.
fn no_data(namespace: &str) -> Refusal {
    let text = format!("this server makes up no Application Data for the namespace {namespace:?}: send them");
    Refusal::new(Cause::Namespace, text)
}

/// `y-` attributes are the server's.
fn may_touch_vendor(attribute: &Attribute) -> Result<(), Refusal> {
    match attribute {
        Attribute::Vendor(vendor) if vendor.vendor == "y" => Err(server_made()),
        _ => Ok(()),
    }
}

fn server_made() -> Refusal {
    Refusal::new(Cause::ReadOnly, "attributes of vendor y (y-…) are made by the server alone")
}

fn read_only(row: &AttributeRow) -> Refusal {
    Refusal::new(Cause::ReadOnly, format!("{} is set by the server; clients cannot change it", row.name))
}

fn unknown(name: &str, version: Version) -> Refusal {
    let rows = ATTRIBUTE_ROWS.iter().filter(|row| (row.is_in)(version));
    let other = ATTRIBUTE_ROWS.iter().find(|row| row.name == name && !(row.is_in)(version));
    let advice = match other.and_then(|row| VERSIONS.into_iter().find(|one| (row.is_in)(*one))) {
        Some(has) => format!(": KMIP {has} has it"),
        // In 1.x attributes have names of their own, not those of their tags.
        None => nearest(name, rows.map(|row| row.name))
            .map(|near| format!("; did you mean {near:?}?"))
            .unwrap_or_default(),
    };
    Refusal::new(Cause::UnknownAttribute, format!("no attribute {name:?} in KMIP {version}{advice}"))
}

fn applies(object: &Object, row: &AttributeRow) -> Result<(), Refusal> {
    if row.objects.is_empty() || row.objects.contains(&object.object_type()) {
        return Ok(());
    }
    let message = format!("{} does not apply to a {:?}", row.name, object.object_type());
    Err(Refusal::new(Cause::NotForObject, message))
}

/// Dates of the life cycle are fixed once the object has passed them (KMIP 2.1, 4.1, 4.18, 4.40, 4.41).
fn dates_allow(object: &Object, tag: Tag) -> Result<(), Refusal> {
    let states: &[State] = match tag {
        Tag::ActivationDate => &[State::PreActive],
        Tag::DeactivationDate | Tag::ProcessStartDate | Tag::ProtectStopDate => {
            &[State::PreActive, State::Active]
        }
        _ => return Ok(()),
    };
    let state = object.attributes.iter().find_map(|a| match a {
        Attribute::State(state) => Some(*state),
        _ => None,
    });
    match state {
        Some(state) if !states.contains(&state) => Err(Refusal::new(
            Cause::WrongState,
            format!("{tag} cannot change any more: the object is {state:?}"),
        )),
        _ => Ok(()),
    }
}

/// The dates between which a key works are fixed once they have come (KMIP 2.1, 4.40 and 4.41).
fn not_reached(object: &Object, tag: Tag, now: i64) -> Result<(), Refusal> {
    let date = object.attributes.iter().find_map(|attribute| match attribute {
        Attribute::ProcessStartDate(date) | Attribute::ProtectStopDate(date) if attribute.tag() == tag => {
            Some(date.0)
        }
        _ => None,
    });
    match date {
        Some(date) if date <= now => {
            Err(Refusal::new(Cause::WrongState, format!("{tag} cannot change any more: it has come")))
        }
        _ => Ok(()),
    }
}

/// Refuses dates that a client has put out of order: a key processes nothing before its Activation Date and protects
/// nothing after its Deactivation Date (KMIP 2.1, 4.40 and 4.41). What the server does to these dates is not asked: an
/// activation may come late, and an end soon.
pub fn in_order(object: &Object, changed: Tag) -> Result<(), Refusal> {
    let date = |tag: Tag| {
        object.attributes.iter().find_map(|attribute| match attribute {
            Attribute::ActivationDate(date)
            | Attribute::ProcessStartDate(date)
            | Attribute::ProtectStopDate(date)
            | Attribute::DeactivationDate(date) => Some(date.0).filter(|_| attribute.tag() == tag),
            _ => None,
        })
    };
    for (first, then) in ORDER.iter().filter(|(first, then)| [*first, *then].contains(&changed)) {
        if let (Some(sooner), Some(later)) = (date(*first), date(*then))
            && sooner > later
        {
            return Err(Refusal::new(Cause::AttributeValue, format!("{then} would precede {first}")));
        }
    }
    Ok(())
}

/// The instance that a request means: the one of its index (1.x) or of its value (2.x), or the only one.
pub fn instance<'o>(
    object: &'o Object,
    reference: &AttributeReference,
    index: Option<i32>,
    value: Option<&Attribute>,
) -> OpResult<&'o Entry> {
    let mut instances = object.attributes.instances(reference);
    let Some(first) = instances.next() else {
        let name = reference.name();
        return refuse(Cause::NoSuchAttribute, format!("the object has no attribute {name:?}"));
    };
    let mut all = std::iter::once(first).chain(instances);
    let found = match (index, value) {
        (_, Some(value)) => all.find(|entry| entry.attribute == *value),
        (Some(index), None) => all.find(|entry| entry.index == Some(index)),
        (None, None) => all.next(),
    };
    match found {
        Some(entry) => Ok(entry),
        None => refuse(Cause::NoSuchInstance, format!("{} has no such instance", reference.name())),
    }
}
