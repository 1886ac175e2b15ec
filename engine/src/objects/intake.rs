//! What is taken in: the attributes that a value gives to its object, and what keys must say of themselves.

pub mod certificates;

use crate::context::Context;
use crate::cryptography::named;
use crate::material::{self, Claims, Facts, Truth};
use crate::objects::container;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::usage;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::ObjectType;
use kmip_codec::objects::ManagedObject;

/// The object types that are taken in.
pub const TYPES: &[ObjectType] = &[
    ObjectType::Certificate,
    ObjectType::SymmetricKey,
    ObjectType::PublicKey,
    ObjectType::PrivateKey,
    ObjectType::SplitKey,
    ObjectType::Template,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
    ObjectType::PGPKey,
    ObjectType::CertificateRequest,
];

/// Refuses types that are not taken in, and an object of another type than the request says.
pub fn check_type(said: ObjectType, object: &ManagedObject) -> OpResult<()> {
    if !TYPES.contains(&said) {
        return refuse(Cause::WrongType, format!("objects of type {said:?} are not taken in"));
    }
    let sent = object.object_type();
    if sent != said {
        return refuse(Cause::InvalidField, format!("Object Type says {said:?}, but a {sent:?} was sent"));
    }
    Ok(())
}

/// Stores an object that was made elsewhere; from now on it is the ID placeholder.
pub fn store(cx: &mut Context<'_, '_>, given: Attributes, value: ManagedObject) -> OpResult<String> {
    let (value, given, certificates) = container::unpacked(cx, value, given)?;
    let mut object = object(cx, given, &value)?;
    certificates::keep(cx, &mut object, certificates)?;
    creation::store(cx, object, &value)
}

/// The object of a value, with the attributes of the request and those that the value gives.
pub fn object(cx: &mut Context<'_, '_>, given: Attributes, value: &ManagedObject) -> OpResult<Object> {
    inheriting(cx, Attributes::default(), given, value)
}

/// The same with attributes of the object that it replaces.
pub fn inheriting(
    cx: &mut Context<'_, '_>,
    inherited: Attributes,
    given: Attributes,
    value: &ManagedObject,
) -> OpResult<Object> {
    let mut object = creation::inheriting(cx, value.object_type(), inherited, given, false)?;
    let facts = material::facts(value)?;
    take_facts(cx, &mut object, facts)?;
    check(cx, &mut object, value)?;
    Ok(object)
}

/// Sets what the value says about itself; an attribute of the request that says otherwise is refused.
pub fn take_facts(cx: &Context<'_, '_>, object: &mut Object, facts: Facts) -> OpResult<()> {
    take_truth(object, &facts)?;
    for attribute in facts.attributes {
        match attribute.row().map(|row| row.count) {
            Some(kmip_codec::attributes::Count::One) => agree(object, attribute, "the object is")?,
            _ => {
                object.attributes.add(attribute);
            }
        }
    }
    if let Some(material) = &facts.material {
        object.attributes.set(creation::digest(material, facts.format));
    }
    if !facts.has_value {
        object.attributes.set(Attribute::KeyValuePresent(false));
    }
    check_strength(cx, object, &facts.truth)
}

/// Sets algorithm and length: as the key block says them, else as the material shows them. Refuses attributes of the
/// request that say otherwise than either.
pub fn take_truth(object: &mut Object, facts: &Facts) -> OpResult<()> {
    if let Some(algorithm) = facts.algorithm {
        agree(object, Attribute::CryptographicAlgorithm(algorithm), "the key block says")?;
    }
    if let Some(length) = facts.length {
        agree(object, Attribute::CryptographicLength(length), "the key block says")?;
    }
    facts.truth.check(&Claims::of_object(object))?;
    let said = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
    let (algorithm, length) = match (&facts.truth, object.object_type()) {
        (_, ObjectType::CertificateRequest) => (None, None),
        (Truth::Pair(key), _) => (Some(key.algorithm), key.bits),
        (Truth::Bytes(bytes), ObjectType::SymmetricKey) => (None, material::usual_length(said, *bytes)),
        _ => (None, None),
    };
    let shown =
        [algorithm.map(Attribute::CryptographicAlgorithm), length.map(Attribute::CryptographicLength)];
    for attribute in shown.into_iter().flatten() {
        if !object.attributes.has_tag(attribute.tag()) {
            object.attributes.set(attribute);
        }
    }
    Ok(())
}

/// Refuses weak keys, unless the configuration grants them to this client.
pub fn check_strength(cx: &Context<'_, '_>, object: &Object, truth: &Truth) -> OpResult<()> {
    if matches!(object.object_type(), ObjectType::Certificate | ObjectType::CertificateRequest) {
        return Ok(());
    }
    if let Truth::Pair(key) = truth {
        let means = Means::Key(key.algorithm, key.strength_bits(), key.curve);
        weakness::check(cx.principal(), means)?;
    }
    weakness::check_key(cx.principal(), object)
}

/// Sets what the key block says, or what the object is, unless the attributes say otherwise.
fn agree(object: &mut Object, fact: Attribute, whose: &str) -> OpResult<()> {
    let said = object.attributes.iter().find(|attribute| attribute.tag() == fact.tag());
    if let Some(said) = said {
        if material::is_same(object, said, &fact) {
            return Ok(());
        }
        let value = |attribute: &Attribute| match attribute {
            Attribute::CryptographicAlgorithm(algorithm) => format!("{algorithm:?}"),
            Attribute::CryptographicLength(length) => format!("{length} bits"),
            Attribute::KeyFormatType(format) => format!("{format:?}"),
            Attribute::CertificateType(kind) => format!("{kind:?}"),
            Attribute::OpaqueDataType(kind) => format!("{kind:?}"),
            other => format!("another {}", other.tag()),
        };
        let message = format!("the attributes say {}, {whose} {}", value(said), value(&fact));
        return refuse(Cause::InvalidField, message);
    }
    object.attributes.set(fact);
    Ok(())
}

/// Refuses what a client adds to an object, or changes of it, if its key is another one.
pub fn must_be_true(cx: &mut Context<'_, '_>, object: &Object, added: &Attribute) -> OpResult<()> {
    if added.tag() == kmip_codec::Tag::CryptographicParameters {
        let mut after = object.clone();
        after.attributes.remove_tag(added.tag());
        after.attributes.add(added.clone());
        return named::check_object(&after);
    }
    if added.tag() != kmip_codec::Tag::CryptographicDomainParameters || !object.has_value {
        return Ok(());
    }
    let value = cx.draft.managed(object)?;
    match value.key_block() {
        Some(block) => {
            let truth = material::truth_of(object.object_type(), block)?;
            let mut after = object.clone();
            after.attributes.set(added.clone());
            truth.check(&Claims::of_object(&after))
        }
        None => Ok(()),
    }
}

/// Keys need to say what they are and may do; parts of keys, secrets, opaque data, certificates and templates need not.
pub fn check(cx: &Context<'_, '_>, object: &mut Object, value: &ManagedObject) -> OpResult<()> {
    let is_key = matches!(
        object.object_type(),
        ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::PrivateKey
    );
    if !is_key {
        return Ok(());
    }
    usage::require(cx, object)?;
    let wrapped = value.key_block().is_some_and(|block| block.key_wrapping_data.is_some());
    let has = |tag| object.attributes.has_tag(tag);
    if !wrapped && !has(kmip_codec::Tag::CryptographicAlgorithm) {
        return refuse(
            Cause::Missing,
            "Cryptographic Algorithm is missing, in the key block and in the attributes",
        );
    }
    Ok(())
}
