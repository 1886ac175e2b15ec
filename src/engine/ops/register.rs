//! Register (KMIP 2.1, 6.1.43): takes in an object that was made elsewhere.

use crate::engine::birth;
use crate::engine::context::{Context, Execute};
use crate::engine::material::{self, Facts};
use crate::engine::object::Object;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::ObjectType;
use kmip_codec::objects::ManagedObject;
use kmip_codec::payloads::{RegisterRequest, RegisterResponse};

/// The object types that are taken in.
pub const TYPES: &[ObjectType] = &[
    ObjectType::Certificate,
    ObjectType::SymmetricKey,
    ObjectType::PublicKey,
    ObjectType::PrivateKey,
    ObjectType::Template,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
];

impl Execute for RegisterRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<RegisterResponse> {
        if !TYPES.contains(&self.object_type) {
            return refuse(
                Cause::WrongType,
                format!("objects of type {:?} are not taken in", self.object_type),
            );
        }
        if self.object.object_type() != self.object_type {
            let (said, sent) = (self.object_type, self.object.object_type());
            return refuse(
                Cause::InvalidField,
                format!("Object Type says {said:?}, but a {sent:?} was sent"),
            );
        }
        let mut given = birth::given(cx, Some(self.attributes))?;
        if let ManagedObject::Template(template) = &self.object {
            let inside = template.attributes.iter().flat_map(|list| list.0.iter());
            given.0.extend(inside.filter(|a| birth::is_name(a)).cloned().collect::<Attributes>().0);
        }
        let mut object = birth::object(cx, self.object_type, given, false)?;
        let facts = material::facts(&self.object)?;
        take_facts(cx, &mut object, facts)?;
        check(&object, &self.object)?;
        let id = birth::store(cx, object, &self.object)?;
        Ok(RegisterResponse { unique_identifier: id.into(), attributes: None })
    }
}

/// Sets what the value says about itself; an attribute of the request that says otherwise is refused.
fn take_facts(cx: &Context<'_, '_>, object: &mut Object, facts: Facts) -> Step<()> {
    if let Some(algorithm) = facts.algorithm {
        agree(object, Attribute::CryptographicAlgorithm(algorithm))?;
    }
    if let Some(length) = facts.length {
        agree(object, Attribute::CryptographicLength(length))?;
    }
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
    object.has_value = facts.has_value;
    if !matches!(
        object.object_type(),
        ObjectType::Template | ObjectType::Certificate | ObjectType::OpaqueObject
    ) {
        object.attributes.set(Attribute::KeyValuePresent(facts.has_value));
    }
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
    let length = attribute!(object.attributes, CryptographicLength).next().copied();
    match algorithm {
        Some(algorithm) if object.object_type() != ObjectType::Certificate => {
            material::check_strength(cx.principal(), algorithm, length, None)
        }
        _ => Ok(()),
    }
}

fn agree(object: &mut Object, fact: Attribute) -> Step<()> {
    let said = object.attributes.iter().find(|attribute| attribute.tag() == fact.tag());
    if said.is_some_and(|said| *said != fact) {
        let message = format!("{} in the attributes differs from that of the object", fact.tag());
        return refuse(Cause::InvalidField, message);
    }
    object.attributes.set(fact);
    Ok(())
}

/// Keys need to say what they are and may do; secrets, opaque data, certificates and templates need not.
fn check(object: &Object, value: &ManagedObject) -> Step<()> {
    let is_key = matches!(
        object.object_type(),
        ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::PrivateKey | ObjectType::SplitKey
    );
    if !is_key {
        return Ok(());
    }
    birth::require_usage_mask(object)?;
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
