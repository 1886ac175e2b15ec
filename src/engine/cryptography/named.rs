//! What Cryptographic Parameters name, held against the key that they go with (KMIP 2.1, 4.16). A name that was passed over
//! would let a client take what comes for something else.

use super::digest_of_hmac;
use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask,
    DigitalSignatureAlgorithm as Signature, ObjectType,
};

/// What is done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Primitive {
    /// It encrypts or decrypts, or other keys are derived by that; and whatever else has no name of its own.
    Cipher,
    /// It makes or verifies a MAC, or other keys are derived by one.
    Mac,
    /// It signs.
    Signature,
    /// It verifies what was signed.
    Verification,
    /// It agrees on a secret with another.
    Agreement,
}

impl Primitive {
    const ALL: [Self; 4] = [Self::Cipher, Self::Mac, Self::Signature, Self::Agreement];

    /// That of a use.
    pub fn of(mask: Mask) -> Self {
        match mask {
            Mask::MACGenerate | Mask::MACVerify => Self::Mac,
            Mask::Sign => Self::Signature,
            Mask::Verify => Self::Verification,
            _ => Self::Cipher,
        }
    }

    /// Whether the parameters of a key of one algorithm may name the other: its own; for a MAC an HMAC, whose keys may be
    /// those of any other cipher; for keys on curves, which are called by their use or by none, that which is done.
    fn may_name(self, own: Algorithm, named: Algorithm) -> bool {
        let edwards = [Algorithm::Ed25519, Algorithm::Ed448];
        let on_curve = [Algorithm::EC, Algorithm::ECDSA, Algorithm::ECDH, Algorithm::ECMQV].contains(&own);
        match self {
            Self::Mac if digest_of_hmac(own).is_none() && digest_of_hmac(named).is_some() => {
                !is_of_pairs(own)
            }
            // Two OASIS cases name RSA where they verify by ECDSA (CS-AC-M-3-ECC, TC-ECDSA-SIGN-DIGESTEDDATA-1).
            Self::Verification if on_curve && named == Algorithm::RSA => true,
            Self::Verification => Self::Signature.may_name(own, named),
            Self::Signature if on_curve => {
                matches!(named, Algorithm::EC | Algorithm::ECDSA)
                    || own == Algorithm::EC && edwards.contains(&named)
            }
            Self::Signature if edwards.contains(&own) => named == own || named == Algorithm::EC,
            Self::Agreement if on_curve => matches!(named, Algorithm::EC | Algorithm::ECDH),
            _ => named == own,
        }
    }
}

fn is_of_pairs(algorithm: Algorithm) -> bool {
    !crate::engine::material::is_symmetric(algorithm)
}

/// The keys that each Digital Signature Algorithm is for.
const SIGNERS: &[(Algorithm, &[Signature])] = &[
    (
        Algorithm::RSA,
        &[
            Signature::MD2WithRSAEncryption,
            Signature::MD5WithRSAEncryption,
            Signature::SHA_1WithRSAEncryption,
            Signature::SHA_224WithRSAEncryption,
            Signature::SHA_256WithRSAEncryption,
            Signature::SHA_384WithRSAEncryption,
            Signature::SHA_512WithRSAEncryption,
            Signature::RSASSA_PSS,
            Signature::SHA3_256WithRSAEncryption,
            Signature::SHA3_384WithRSAEncryption,
            Signature::SHA3_512WithRSAEncryption,
        ],
    ),
    (Algorithm::DSA, &[Signature::DSAWithSHA_1, Signature::DSAWithSHA224, Signature::DSAWithSHA256]),
    (
        Algorithm::ECDSA,
        &[
            Signature::ECDSAWithSHA_1,
            Signature::ECDSAWithSHA224,
            Signature::ECDSAWithSHA256,
            Signature::ECDSAWithSHA384,
            Signature::ECDSAWithSHA512,
        ],
    ),
];

/// The algorithm of the keys that a Digital Signature Algorithm is for, where it is known.
fn signer(named: Signature) -> Option<Algorithm> {
    SIGNERS.iter().find(|(_, all)| all.contains(&named)).map(|(algorithm, _)| *algorithm)
}

/// What parameters name that is not for this key and what is done with it; nothing where all is. A secret has no algorithm
/// that could be contradicted.
fn against(
    object: &Object,
    parameters: &CryptographicParameters,
    primitives: &[Primitive],
) -> Option<String> {
    let own = attribute!(object.attributes, CryptographicAlgorithm).next().copied()?;
    let algorithm = parameters.cryptographic_algorithm;
    if let Some(named) = algorithm.filter(|named| !primitives.iter().any(|done| done.may_name(own, *named))) {
        return Some(format!("Cryptographic Algorithm {named:?}, and the key is one of {own:?}"));
    }
    // Whatever is done, the key is one that signs like this, or the parameters are those of another.
    let named = parameters.digital_signature_algorithm?;
    let signer = signer(named).filter(|signer| !Primitive::Signature.may_name(own, *signer))?;
    Some(format!("{named:?}, a signature with keys of {signer:?}, and the key is one of {own:?}"))
}

/// Refuses parameters that name what is not for the key and what is done with it, with both.
pub fn check(object: &Object, parameters: &CryptographicParameters, done: Primitive) -> Step<()> {
    match against(object, parameters, &[done]) {
        Some(text) => refuse(
            Cause::Parameters,
            format!("the Cryptographic Parameters name {text}: name what is for this key, or leave it out"),
        ),
        None => Ok(()),
    }
}

/// The parameters that a key has for what is done: its first ones that are for it, or else its first ones.
pub fn own(object: &Object, done: Primitive) -> Option<CryptographicParameters> {
    let all = || attribute!(object.attributes, CryptographicParameters);
    all().find(|parameters| against(object, parameters, &[done]).is_none()).or_else(|| all().next()).cloned()
}

/// Refuses an object whose own Cryptographic Parameters name what its key can never be used for.
pub fn check_object(object: &Object) -> Step<()> {
    if object.object_type() == ObjectType::Template {
        return Ok(());
    }
    for parameters in attribute!(object.attributes, CryptographicParameters) {
        if let Some(text) = against(object, parameters, &Primitive::ALL) {
            let text = format!("the attribute Cryptographic Parameters names {text}");
            return refuse(Cause::AttributeValue, text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::refusal::Halt;
    use kmip_codec::attributes::Attribute;

    fn key(algorithm: Algorithm, own: &[CryptographicParameters]) -> Object {
        let mut object = Object::new("old".to_owned(), "ann".to_owned(), ObjectType::SymmetricKey);
        object.attributes.set(Attribute::CryptographicAlgorithm(algorithm));
        for parameters in own {
            object.attributes.add(Attribute::CryptographicParameters(parameters.clone()));
        }
        object
    }

    fn naming(algorithm: Algorithm) -> CryptographicParameters {
        CryptographicParameters { cryptographic_algorithm: Some(algorithm), ..Default::default() }
    }

    /// Stores of older servers hold keys with parameters of another.
    #[test]
    fn parameters_of_a_key_of_an_older_store_are_held_against_it() {
        let object = key(Algorithm::AES, &[naming(Algorithm::DES3)]);
        let parameters = own(&object, Primitive::Cipher).unwrap();
        match check(&object, &parameters, Primitive::Cipher) {
            Err(Halt::Refused(refusal)) => {
                assert!(
                    refusal.message.contains("DES3") && refusal.message.contains("AES"),
                    "{}",
                    refusal.message
                );
            }
            other => panic!("{other:?}"),
        }
    }

    /// A key may have parameters for several uses, in any order.
    #[test]
    fn the_parameters_for_a_use_are_found_among_several() {
        for own_ones in [
            [naming(Algorithm::HMAC_SHA256), naming(Algorithm::AES)],
            [naming(Algorithm::AES), naming(Algorithm::HMAC_SHA256)],
        ] {
            let object = key(Algorithm::AES, &own_ones);
            assert_eq!(own(&object, Primitive::Cipher), Some(naming(Algorithm::AES)));
            assert_eq!(own(&object, Primitive::Mac), Some(own_ones[0].clone()));
            check_object(&object).unwrap();
        }
    }

    #[test]
    fn every_signature_has_its_signer() {
        for (number, name, _) in Signature::ROWS {
            assert!(signer(Signature(*number)).is_some(), "{name}");
        }
    }
}
