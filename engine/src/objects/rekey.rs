//! The object that replaces another (KMIP 2.1, 6.1.46 and 6.1.47): what is copied, what moves, what starts anew.

use crate::context::Context;
use crate::cryptography::named;
use crate::lifecycle::rotation;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{Attribute, Attributes, SetBy, TemplateAttribute};
use kmip_codec::enums::{LinkType, ObjectType};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::V2_0;
use kmip_codec::{Tag, Version, attribute};

/// Attributes that are not copied: those of the old object's own life and identity, and those that the server sets
/// on every new one.
const NOT_COPIED: &[Tag] = &[
    Tag::UniqueIdentifier,
    Tag::ShortUniqueIdentifier,
    Tag::ObjectType,
    Tag::State,
    Tag::InitialDate,
    Tag::LastChangeDate,
    Tag::OriginalCreationDate,
    Tag::ArchiveDate,
    Tag::DestroyDate,
    Tag::CompromiseDate,
    Tag::CompromiseOccurrenceDate,
    Tag::RevocationReason,
    Tag::Digest,
    Tag::KeyFormatType,
    Tag::Link,
    Tag::Fresh,
    Tag::LeaseTime,
    Tag::RandomNumberGenerator,
    Tag::KeyValuePresent,
    Tag::AlwaysSensitive,
    Tag::NeverExtractable,
    Tag::ProtectionStorageMask,
    Tag::RotateDate,
    Tag::RotateGeneration,
    Tag::RotateLatest,
];

/// A new object that replaces the old one, not linked to it yet. The names move to it.
pub fn successor(
    cx: &mut Context<'_, '_>,
    old: &mut Object,
    template: Option<TemplateAttribute>,
    offset: Option<Interval>,
) -> OpResult<Object> {
    let inherited = inherited(old, offset, cx.now())?;
    old.attributes.remove_tag(Tag::Name);
    let given = creation::given(cx, template)?;
    if given.iter().any(|a| matches!(a, Attribute::CryptographicAlgorithm(_))) {
        return refuse(Cause::InvalidField, "a replacement has the algorithm of the key that it replaces");
    }
    check_offset(cx.version, &given, offset)?;
    if offset.is_some()
        && cx.version < V2_0
        && !old.attributes.has_tag(Tag::ActivationDate)
        && MOVED.iter().any(|date| old.attributes.has_tag(*date))
    {
        let text = "the key has no Activation Date by which an Offset could move its other dates: name the dates instead";
        return refuse(Cause::NoActivationDate, text);
    }
    let mut new = creation::inheriting(cx, old.object_type(), inherited, given, true)?;
    new.group.clone_from(&old.group);
    crate::lifecycle::lease::set(&mut new, cx.principal().persona.replacement_lease_seconds);
    Ok(new)
}

/// Dates that an Offset moves.
const MOVED: &[Tag] =
    &[Tag::ActivationDate, Tag::ProcessStartDate, Tag::ProtectStopDate, Tag::DeactivationDate];

/// A request of 1.x says when its object is activated by an Offset or by dates (KMIP 1.4, 11.5, 11.6 and 11.9); 2.x
/// does not forbid both, and there the dates win.
pub fn check_offset(version: Version, given: &Attributes, offset: Option<Interval>) -> OpResult<()> {
    if version < V2_0 && offset.is_some() && given.iter().any(|a| MOVED.contains(&a.tag())) {
        return refuse(Cause::Ambiguous, "give an Offset or dates, not both");
    }
    Ok(())
}

/// The attributes that a replacement has from the object that it replaces. What a certificate says about itself, the
/// new one says anew. An object has one replacement (KMIP 1.4, 3.35 and 4.4).
pub fn inherited(old: &Object, offset: Option<Interval>, now: i64) -> OpResult<Attributes> {
    if old.is_replaced() {
        let by = old.linked(LinkType::ReplacementObjectLink);
        let by = by.map(|id| format!(": its replacement is {id:?}")).unwrap_or_default();
        return refuse(Cause::Replaced, format!("object {:?} was replaced already{by}", old.id));
    }
    let of_certificates = |attribute: &Attribute| {
        old.object_type() == ObjectType::Certificate
            && attribute.row().is_some_and(|row| row.set_by == SetBy::Server)
    };
    let copied = old.attributes.iter().filter(|a| !NOT_COPIED.contains(&a.tag()) && !of_certificates(a));
    let mut inherited: Attributes = copied.filter_map(|attribute| named::passed_on(old, attribute)).collect();
    shift_dates(&mut inherited, offset, now);
    refill(&mut inherited);
    Ok(inherited)
}

/// Links the old object and its successor to each other, and notes the rotation.
pub fn link(old: &mut Object, new: &mut Object, now: i64) {
    rotation::note(old, new, now);
    new.link(LinkType::ReplacedObjectLink, &old.id);
    old.link(LinkType::ReplacementObjectLink, &new.id);
}

/// With an offset the new object is activated that long after now, and its other dates keep their distance to that;
/// without one the dates are copied as they are.
fn shift_dates(inherited: &mut Attributes, offset: Option<Interval>, now: i64) {
    let Some(offset) = offset else { return };
    let activation = now.saturating_add(i64::from(offset.0));
    let before = attribute!(inherited, ActivationDate).next().map(|date| date.0);
    let shift = before.map_or(0, |before| activation.saturating_sub(before));
    for entry in &mut inherited.0 {
        match &mut entry.attribute {
            Attribute::ProcessStartDate(date)
            | Attribute::ProtectStopDate(date)
            | Attribute::DeactivationDate(date) => date.0 = date.0.saturating_add(shift),
            _ => {}
        }
    }
    inherited.0.retain(|entry| !matches!(entry.attribute, Attribute::ActivationDate(_)));
    inherited.push(Attribute::ActivationDate(DateTime(activation)));
}

/// The replacement may be used as often as the old key could in all.
fn refill(inherited: &mut Attributes) {
    for entry in &mut inherited.0 {
        if let Attribute::UsageLimits(limits) = &mut entry.attribute {
            limits.count = Some(limits.total);
        }
    }
}
