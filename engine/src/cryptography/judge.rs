//! A key is judged by its material before it protects anything: stores of older servers hold keys whose attributes say
//! what is not true of them, and what is Opaque is not looked into when it comes in.

use crate::material::{self, Claims, Truth};
use crate::objects::object::Object;
use crate::refusal::OpResult;
use crate::rights::principal::Principal;
use crate::rights::weakness::{self, Means};
use kmip_codec::enums::ObjectType;
use kmip_codec::objects::KeyBlock;

/// Refuses to protect with a key that its attributes belie, and with one whose material is weak. It goes on working on
/// what it has protected.
pub fn check(principal: &Principal, object: &Object, block: &KeyBlock) -> OpResult<()> {
    let truth = material::truth_of(object.object_type(), block)?;
    let claims = Claims::of_object(object);
    if object.object_type() != ObjectType::SecretData {
        truth.check(&claims)?;
    }
    let (algorithm, bits, curve) = match truth {
        Truth::Pair(key) => (Some(key.algorithm), key.strength_bits(), key.curve),
        Truth::Bytes(bytes) => (claims.algorithm, material::usual_length(claims.algorithm, bytes), None),
        Truth::Other(_) | Truth::Opaque | Truth::Unseen => return Ok(()),
    };
    match algorithm {
        Some(algorithm) => weakness::check(principal, Means::Key(algorithm, bits, curve)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::need::PairKind;
    use crate::refusal::{Cause, Interrupt};
    use keystead_crypto::keygen;
    use kmip_codec::attributes::Attribute;
    use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType};
    use kmip_codec::objects::{KeyMaterial, KeyValue, PlainKeyValue};

    fn stored(kind: ObjectType, algorithm: CryptographicAlgorithm, bits: i32) -> Object {
        let mut object = Object::new("old".to_owned(), "ann".to_owned(), kind);
        let said = [Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(bits)];
        said.into_iter().for_each(|attribute| object.attributes.set(attribute));
        object
    }

    /// Until the server read what it takes in, an RSA key of 1024 bits could say that it has 2048, or that it is one of ECDSA.
    #[test]
    fn a_key_of_an_older_store_protects_what_is_true_of_it() {
        let pair = keygen::make(PairKind::Rsa(1024)).unwrap();
        let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(pair.private_pkcs8), attributes: None };
        let block = KeyBlock {
            key_format_type: KeyFormatType::PKCS_8,
            key_value: Some(KeyValue::Plain(plain)),
            ..KeyBlock::default()
        };
        let granted = Principal { weak_keys: true, ..Principal::default() };
        let refusal = |principal: &Principal, algorithm, bits| {
            let object = stored(ObjectType::PrivateKey, algorithm, bits);
            match check(principal, &object, &block) {
                Ok(()) => None,
                Err(Interrupt::Refused(refusal)) => Some((refusal.cause, refusal.message.into_owned())),
                Err(need) => panic!("{need:?}"),
            }
        };
        let rsa = CryptographicAlgorithm::RSA;
        let belied = |said: &str| {
            let text = format!("the attributes say {said}, the material is RSA of 1024 bits");
            Some((Cause::InvalidField, text))
        };
        for principal in [&granted, &Principal::default()] {
            assert_eq!(refusal(principal, rsa, 2048), belied("RSA of 2048 bits"));
            assert_eq!(refusal(principal, CryptographicAlgorithm::ECDSA, 256), belied("ECDSA of 256 bits"));
        }
        assert_eq!(refusal(&granted, rsa, 1024), None);
        assert_eq!(refusal(&Principal::default(), rsa, 1024).map(|(cause, _)| cause), Some(Cause::Weak));
    }
}
