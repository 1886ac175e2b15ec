//! What is taken in: the attributes that a value gives to its object, and what keys must say of themselves.

use crate::engine::context::Context;
use crate::engine::material::{self, Facts};
use crate::engine::objects::birth;
use crate::engine::objects::container;
use crate::engine::objects::object::Object;
use crate::engine::objects::usage;
use crate::engine::refusal::{Cause, Step, refuse};
use crate::engine::rights::weakness::{self, Means};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{CryptographicAlgorithm, ObjectType};
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
pub fn check_type(said: ObjectType, object: &ManagedObject) -> Step<()> {
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
pub fn store(cx: &mut Context<'_, '_>, given: Attributes, value: ManagedObject) -> Step<String> {
    let (value, given, certificates) = container::unpacked(cx, value, given)?;
    let mut object = object(cx, given, &value)?;
    container::keep_certificates(cx, &mut object, certificates)?;
    birth::store(cx, object, &value)
}

/// The object of a value, with the attributes of the request and those that the value gives.
pub fn object(cx: &mut Context<'_, '_>, given: Attributes, value: &ManagedObject) -> Step<Object> {
    inheriting(cx, Attributes::default(), given, value)
}

/// The same with attributes of the object that it replaces.
pub fn inheriting(
    cx: &mut Context<'_, '_>,
    inherited: Attributes,
    given: Attributes,
    value: &ManagedObject,
) -> Step<Object> {
    let mut object = birth::inheriting(cx, value.object_type(), inherited, given, false)?;
    let facts = material::facts(value)?;
    take_facts(cx, &mut object, facts)?;
    check(cx, &mut object, value)?;
    Ok(object)
}

/// Sets what the value says about itself; an attribute of the request that says otherwise is refused.
pub fn take_facts(cx: &Context<'_, '_>, object: &mut Object, facts: Facts) -> Step<()> {
    if let Some(algorithm) = facts.algorithm {
        agree(object, Attribute::CryptographicAlgorithm(algorithm))?;
    }
    if let Some(length) = facts.length {
        agree(object, Attribute::CryptographicLength(length))?;
    }
    fill(object, facts.seen);
    for attribute in facts.attributes {
        match attribute.row().map(|row| row.count) {
            Some(kmip_codec::attributes::Count::One) => object.attributes.set(attribute),
            _ => {
                object.attributes.add(attribute);
            }
        }
    }
    if let Some(material) = &facts.material {
        object.attributes.set(birth::digest(material, facts.format));
    }
    if !facts.has_value {
        object.attributes.set(Attribute::KeyValuePresent(false));
    }
    check_strength(cx, object)
}

/// Refuses weak keys, unless the configuration grants them to this client.
pub fn check_strength(cx: &Context<'_, '_>, object: &Object) -> Step<()> {
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
    let length = attribute!(object.attributes, CryptographicLength).next().copied();
    match algorithm {
        Some(algorithm) if object.object_type() != ObjectType::Certificate => {
            weakness::check(cx.principal(), Means::Key(algorithm, length, None))
        }
        _ => Ok(()),
    }
}

/// Sets what an encoded key shows, where nobody says it.
pub fn fill(object: &mut Object, seen: Option<(CryptographicAlgorithm, i32)>) {
    let Some((algorithm, length)) = seen else { return };
    for attribute in [Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(length)] {
        if !object.attributes.has_tag(attribute.tag()) {
            object.attributes.set(attribute);
        }
    }
}

/// Sets what the value says, unless the request says otherwise.
pub fn agree(object: &mut Object, fact: Attribute) -> Step<()> {
    let said = object.attributes.iter().find(|attribute| attribute.tag() == fact.tag());
    if said.is_some_and(|said| *said != fact) {
        let message = format!("{} in the attributes differs from that of the object", fact.tag());
        return refuse(Cause::InvalidField, message);
    }
    object.attributes.set(fact);
    Ok(())
}

/// Keys need to say what they are and may do; parts of keys, secrets, opaque data, certificates and templates need not.
pub fn check(cx: &Context<'_, '_>, object: &mut Object, value: &ManagedObject) -> Step<()> {
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
