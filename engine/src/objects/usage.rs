//! The Cryptographic Usage Mask of a key whose request says none (KMIP 2.1, 4.17; KMIP 1.4, 3.19): the server may set it.

use crate::context::Context;
use crate::cryptography;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::MissingUses;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask as Mask, ObjectType};
use kmip_codec::{Tag, attribute};

/// Refuses a key without a usage mask, or gives it one where the persona of the client has it so.
pub fn require(cx: &Context<'_, '_>, object: &mut Object) -> OpResult<()> {
    if cx.principal().persona.missing_usage_mask == MissingUses::Fill {
        set_usual(object);
    }
    must_be_said(object)
}

/// Refuses a key without a usage mask.
pub fn must_be_said(object: &Object) -> OpResult<()> {
    match object.attributes.has_tag(Tag::CryptographicUsageMask) {
        true => Ok(()),
        false => refuse(Cause::Missing, "Cryptographic Usage Mask is missing"),
    }
}

/// Gives a key that says no use those that its algorithm is for.
pub fn set_usual(object: &mut Object) {
    if object.attributes.has_tag(Tag::CryptographicUsageMask) {
        return;
    }
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
    if let Some(mask) = usual(object.object_type(), algorithm) {
        object.attributes.set(Attribute::CryptographicUsageMask(mask));
    }
}

fn usual(kind: ObjectType, algorithm: Option<CryptographicAlgorithm>) -> Option<Mask> {
    let is_rsa = algorithm == Some(CryptographicAlgorithm::RSA);
    Some(match kind {
        ObjectType::PrivateKey if is_rsa => Mask::Sign | Mask::Decrypt | Mask::UnwrapKey,
        ObjectType::PublicKey if is_rsa => Mask::Verify | Mask::Encrypt | Mask::WrapKey,
        ObjectType::PrivateKey if algorithm == Some(CryptographicAlgorithm::ECDH) => Mask::DeriveKey,
        ObjectType::PublicKey if algorithm == Some(CryptographicAlgorithm::ECDH) => Mask::DeriveKey,
        ObjectType::PrivateKey => Mask::Sign,
        ObjectType::PublicKey => Mask::Verify,
        ObjectType::SymmetricKey => match cryptography::digest_of_hmac(algorithm?) {
            Some(_) => Mask::MACGenerate | Mask::MACVerify,
            None => Mask::Encrypt | Mask::Decrypt,
        },
        _ => return None,
    })
}

/// The uses that keys of bytes have, but for making other keys.
fn inheritable() -> Mask {
    Mask::Encrypt | Mask::Decrypt | Mask::WrapKey | Mask::UnwrapKey | Mask::MACGenerate | Mask::MACVerify
}

/// Gives a derived key that says no use those of its base but Derive Key: of two bases those that both have. Where none is
/// left, as of bases that only derive, it has those that its algorithm is for.
pub fn inherit(object: &mut Object, bases: &[Object]) {
    let is_key = object.object_type() == ObjectType::SymmetricKey;
    if !is_key || object.attributes.has_tag(Tag::CryptographicUsageMask) {
        return;
    }
    let of = |base: &Object| attribute!(base.attributes, CryptographicUsageMask).next().copied();
    let shared = bases.iter().fold(inheritable().0, |shared, base| shared & of(base).unwrap_or_default().0);
    match shared {
        0 => set_usual(object),
        uses => object.attributes.set(Attribute::CryptographicUsageMask(Mask(uses))),
    }
}
