//! Objects that come with the life that they had elsewhere (KMIP 2.1, 6.1.25): the attributes that the client fulfilled needs
//! stand, those of the server too; what is missing is set as for any object that is taken in.

use crate::attributes::rules;
use crate::context::Context;
use crate::cryptography::digest_of;
use crate::keyspace;
use crate::material;
use crate::objects::attribute_set::AttributeSet;
use crate::objects::creation;
use crate::objects::intake;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{Attribute, Attributes, Entry};
use kmip_codec::enums::KeyFormatType;
use kmip_codec::objects::ManagedObject;
use kmip_codec::{SecretBytes, Tag, attribute};

/// The object of this identifier, with its attributes as they were and those that follow from its value.
pub fn object(
    cx: &mut Context<'_, '_>,
    id: &str,
    replaced: Option<&Object>,
    given: Attributes,
    value: &ManagedObject,
) -> OpResult<Object> {
    let mut object = creation::new_object(cx, id.to_owned(), value.object_type());
    match replaced {
        Some(old) => {
            (object.owner, object.group, object.place) =
                (old.owner.clone(), old.group.clone(), old.place.clone());
            (object.created, object.generation) = (old.created, old.generation.wrapping_add(1));
        }
        None => object.place = Some(keyspace::imported(&object.owner, id)),
    }
    creation::set_by_server(cx, &mut object, false);
    let defaults = std::mem::take(&mut object.attributes);
    object.attributes = as_given(&object, defaults, &given, value)?;
    rules::may_be_imported(&object, &given, cx.version)?;
    remembers(&object)?;
    take_facts(cx, &mut object, value)?;
    take_usage(&mut object);
    object.apply_date_transitions(cx.now());
    object.has_value = has_value(&object, value)?;
    Ok(object)
}

/// Stores it in the place of the one that it replaces.
pub fn store(
    cx: &mut Context<'_, '_>,
    object: Object,
    replaced: Option<&Object>,
    value: &ManagedObject,
) -> OpResult<()> {
    if let Some(old) = replaced.filter(|old| old.has_value) {
        cx.draft.drop_value(old);
    }
    creation::store(cx, object, value).map(drop)
}

/// The attributes that were supplied, and beside them what every object has.
fn as_given(
    object: &Object,
    defaults: AttributeSet,
    given: &Attributes,
    value: &ManagedObject,
) -> OpResult<AttributeSet> {
    for entry in &given.0 {
        let differs = match &entry.attribute {
            Attribute::UniqueIdentifier(id) => *id != object.id.as_str().into(),
            Attribute::ObjectType(kind) => *kind != value.object_type(),
            _ => false,
        };
        if differs {
            let message = format!("{} differs from that of the request", entry.attribute.tag());
            return refuse(Cause::InvalidField, message);
        }
    }
    let is_given = |entry: &Entry| {
        let reference = entry.attribute.reference();
        given.iter().any(|attribute| attribute.is_called(&reference))
    };
    let missing = defaults.entries().0.iter().filter(|entry| !is_given(entry)).cloned();
    Ok(AttributeSet::from_list(Attributes(given.0.iter().cloned().chain(missing).collect())))
}

/// What the value says about itself, where the client does not; it must agree on algorithm, length and digest.
fn take_facts(cx: &Context<'_, '_>, object: &mut Object, value: &ManagedObject) -> OpResult<()> {
    let is_destroyed = object.is_destroyed();
    let facts = material::facts(value)?;
    intake::take_truth(object, &facts)?;
    let held = &mut object.attributes;
    let given: Vec<_> = held.references();
    for fact in facts.attributes {
        if fact.tag() == Tag::KeyFormatType {
            held.set(fact);
        } else if OF_CERTIFICATES.contains(&fact.tag()) && held.iter().any(|given| belies(given, &fact)) {
            let text = format!("{} in the attributes differs from that of the certificate", fact.tag());
            return refuse(Cause::InvalidField, text);
        } else if !given.contains(&fact.reference()) {
            held.add(fact);
        }
    }
    if let Some(material) = &facts.material {
        check_digests(held, material, facts.format)?;
        if !held.has_tag(Tag::Digest) {
            held.set(creation::digest(material, facts.format));
        }
    }
    if !facts.has_value && !is_destroyed {
        held.set(Attribute::KeyValuePresent(false));
    }
    intake::check_strength(cx, object, &facts.truth)?;
    intake::check(cx, object, value)
}

/// What a certificate says in bytes or by number. Names as text are written in more than one way.
const OF_CERTIFICATES: &[Tag] = &[
    Tag::CertificateType,
    Tag::CertificateLength,
    Tag::DigitalSignatureAlgorithm,
    Tag::X_509CertificateIdentifier,
    Tag::X_509CertificateSubject,
    Tag::X_509CertificateIssuer,
];

/// Whether an attribute says otherwise than the certificate; of its names the distinguished one counts.
fn belies(given: &Attribute, fact: &Attribute) -> bool {
    match (given, fact) {
        (Attribute::X_509CertificateSubject(given), Attribute::X_509CertificateSubject(fact)) => {
            given.subject_distinguished_name != fact.subject_distinguished_name
        }
        (Attribute::X_509CertificateIssuer(given), Attribute::X_509CertificateIssuer(fact)) => {
            given.issuer_distinguished_name != fact.issuer_distinguished_name
        }
        (given, fact) => given.tag() == fact.tag() && given != fact,
    }
}

/// Always Sensitive and Never Extractable say what has been from the beginning (KMIP 2.1, 4.3 and 4.33): what is not so now has
/// not always been.
fn remembers(object: &Object) -> OpResult<()> {
    let held = &object.attributes;
    let sensitive = (attribute!(held, AlwaysSensitive).next(), attribute!(held, Sensitive).next());
    if sensitive == (Some(&true), Some(&false)) {
        return refuse(Cause::InvalidField, "Always Sensitive is true, and Sensitive is false");
    }
    let extractable = (attribute!(held, NeverExtractable).next(), attribute!(held, Extractable).next());
    if extractable == (Some(&true), Some(&true)) {
        return refuse(Cause::InvalidField, "Never Extractable is true, and Extractable is true");
    }
    Ok(())
}

/// What was used elsewhere is used; where that is not said, the limits are unused.
fn take_usage(object: &mut Object) {
    let limits = attribute!(object.attributes, UsageLimits).next().cloned();
    let Some(mut limits) = limits else { return };
    let left = *limits.count.get_or_insert(limits.total);
    object.allocated = left < limits.total;
    object.attributes.set(Attribute::UsageLimits(limits));
}

/// A digest of the material in this very format shows whether it arrived whole.
fn check_digests(held: &AttributeSet, material: &SecretBytes, format: Option<KeyFormatType>) -> OpResult<()> {
    for given in attribute!(held, Digest).filter(|given| given.key_format_type == format) {
        let computed = digest_of(given.hashing_algorithm).ok().map(|digest| digest.of(material.expose()));
        let wrong = |value: &bytes::Bytes| computed.as_ref().is_some_and(|c| c.as_slice() != value.as_ref());
        if given.value.as_ref().is_some_and(wrong) {
            let message =
                "the Digest is not that of the object: it is damaged, or not the one of the attributes";
            return refuse(Cause::InvalidField, message);
        }
    }
    Ok(())
}

/// A destroyed object has no value, and an object in another state has one, or says where it is.
fn has_value(object: &Object, value: &ManagedObject) -> OpResult<bool> {
    if !object.is_destroyed() {
        return Ok(true);
    }
    match value.key_block() {
        Some(block) if block.key_value.is_none() => Ok(false),
        _ => refuse(
            Cause::InvalidField,
            "the State says that the object was destroyed: import it without a value",
        ),
    }
}
