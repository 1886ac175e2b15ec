//! What Cryptographic Parameters name, held against the key that they go with (KMIP 2.1, 4.16). A name that was passed over
//! would let a client take what comes for something else.

use super::{Purpose, digest_of_hmac};
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask,
    DigitalSignatureAlgorithm as Signature, ObjectType,
};
use std::fmt;

/// What is done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Primitive {
    /// It encrypts or decrypts, or other keys are derived by that; and whatever else has no name of its own.
    Cipher,
    /// It makes a MAC, or other keys are derived by one.
    Mac,
    /// It verifies a MAC.
    MacVerification,
    /// It signs.
    Signature,
    /// It verifies what was signed.
    Verification,
    /// It agrees on a secret with another.
    Agreement,
}

/// Where Cryptographic Parameters come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A request names them.
    Request,
    /// The key has them among its attributes.
    Key,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Request => "the Cryptographic Parameters name",
            Self::Key => "the attribute Cryptographic Parameters of the key names",
        })
    }
}

impl Primitive {
    const PROTECTING: [Self; 4] = [Self::Cipher, Self::Mac, Self::Signature, Self::Agreement];

    /// That of a use.
    pub fn of(mask: Mask) -> Self {
        match mask {
            Mask::MACGenerate => Self::Mac,
            Mask::MACVerify => Self::MacVerification,
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
            _ if named == own => true,
            Self::Mac => digest_of_hmac(own).is_none() && is_hmac(named) && !is_of_pairs(own),
            // Servers before this one made MACs by whatever was named: those are verified as they were made.
            Self::MacVerification => (is_hmac(named) || named == Algorithm::AES) && !is_of_pairs(own),
            // Two OASIS cases name RSA where they verify by ECDSA (CS-AC-M-3-ECC, TC-ECDSA-SIGN-DIGESTEDDATA-1).
            Self::Verification if on_curve && named == Algorithm::RSA => true,
            Self::Verification => Self::Signature.may_name(own, named),
            Self::Signature if on_curve => {
                matches!(named, Algorithm::EC | Algorithm::ECDSA)
                    || own == Algorithm::EC && edwards.contains(&named)
            }
            Self::Signature => edwards.contains(&own) && named == Algorithm::EC,
            Self::Agreement => on_curve && matches!(named, Algorithm::EC | Algorithm::ECDH),
            Self::Cipher => false,
        }
    }
}

fn is_hmac(algorithm: Algorithm) -> bool {
    digest_of_hmac(algorithm).is_some()
}

fn is_of_pairs(algorithm: Algorithm) -> bool {
    !crate::material::is_symmetric(algorithm)
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

/// What parameters name that is not for a key of this algorithm and any of what is done with it.
#[derive(Default)]
struct Foreign {
    algorithm: Option<Algorithm>,
    signature: Option<(Signature, Algorithm)>,
}

impl Foreign {
    fn of(own: Algorithm, parameters: &CryptographicParameters, primitives: &[Primitive]) -> Self {
        let is_for_it = |named: &Algorithm| primitives.iter().any(|done| done.may_name(own, *named));
        // Whatever is done, the key is one that signs like this, or the parameters are those of another.
        let signature =
            parameters.digital_signature_algorithm.and_then(|named| Some((named, signer(named)?)));
        Self {
            algorithm: parameters.cryptographic_algorithm.filter(|named| !is_for_it(named)),
            signature: signature.filter(|(_, signer)| !Primitive::Signature.may_name(own, *signer)),
        }
    }

    /// The first of it, beside the algorithm of the key.
    fn told(&self, own: Algorithm) -> Option<String> {
        match (self.algorithm, self.signature) {
            (Some(named), _) => {
                Some(format!("Cryptographic Algorithm {named:?}, and the key is one of {own:?}"))
            }
            (None, Some((named, signer))) => {
                Some(format!("{named:?}, a signature with keys of {signer:?}, and the key is one of {own:?}"))
            }
            (None, None) => None,
        }
    }

    /// What the parameters say beside it.
    fn left_out(&self, parameters: &CryptographicParameters) -> CryptographicParameters {
        CryptographicParameters {
            cryptographic_algorithm: parameters.cryptographic_algorithm.filter(|_| self.algorithm.is_none()),
            digital_signature_algorithm: parameters
                .digital_signature_algorithm
                .filter(|_| self.signature.is_none()),
            ..parameters.clone()
        }
    }
}

/// What parameters name that is not for this key and what is done with it; nothing where all is. A secret has no algorithm
/// that could be contradicted.
fn against(
    own: Option<Algorithm>,
    parameters: &CryptographicParameters,
    primitives: &[Primitive],
) -> Option<String> {
    let own = own?;
    Foreign::of(own, parameters, primitives).told(own)
}

/// What is left of parameters without what is not for this key and what is done with it.
fn fitting(
    object: &Object,
    parameters: &CryptographicParameters,
    primitives: &[Primitive],
) -> CryptographicParameters {
    match attribute!(object.attributes, CryptographicAlgorithm).next() {
        Some(own) => Foreign::of(*own, parameters, primitives).left_out(parameters),
        None => parameters.clone(),
    }
}

/// The parameters for what is done with a key: those of the request, which must be for it, or else the key's own.
pub fn chosen(
    object: &Object,
    asked: Option<CryptographicParameters>,
    purpose: Purpose,
    done: Primitive,
) -> OpResult<CryptographicParameters> {
    match asked {
        Some(asked) => check(object, &asked, done).map(|()| asked),
        None => own(object, purpose, done),
    }
}

/// Looked for once: an object may have thousands of Cryptographic Parameters.
fn algorithm_of(object: &Object) -> Option<Algorithm> {
    attribute!(object.attributes, CryptographicAlgorithm).next().copied()
}

/// Refuses parameters of a request that name what is not for the key and what is done with it, with both.
pub fn check(object: &Object, parameters: &CryptographicParameters, done: Primitive) -> OpResult<()> {
    match against(algorithm_of(object), parameters, &[done]) {
        Some(text) => refuse(
            Cause::Parameters,
            format!("{} {text}: name what is for this key, or leave it out", Source::Request),
        ),
        None => Ok(()),
    }
}

/// The parameters that a key has for what is done: its first ones that are for it, or else what is for it of its first ones.
///
/// Servers before this one took parameters of other algorithms at a key, and used the first ones of a key as far as they
/// went. What was made so is decrypted and verified as it was made; a key with such parameters makes nothing new by them,
/// since they say what it is not.
fn own(object: &Object, purpose: Purpose, done: Primitive) -> OpResult<CryptographicParameters> {
    let all = || attribute!(object.attributes, CryptographicParameters);
    let own = algorithm_of(object);
    let Some(first) = all().next() else { return Ok(CryptographicParameters::default()) };
    match (against(own, first, &Primitive::PROTECTING), purpose) {
        (None, _) => {
            let for_it = all().find(|parameters| against(own, parameters, &[done]).is_none());
            Ok(for_it.cloned().unwrap_or_else(|| fitting(object, first, &[done])))
        }
        (Some(_), Purpose::Process) => Ok(fitting(object, first, &[done])),
        (Some(text), Purpose::Protect) => refuse(
            Cause::Parameters,
            format!(
                "{} {text}: take it away with Delete Attribute or mend it with Modify Attribute, or send parameters with \
                 the request",
                Source::Key
            ),
        ),
    }
}

/// Refuses an object whose own Cryptographic Parameters name what its key can never be used for.
pub fn check_object(object: &Object) -> OpResult<()> {
    if object.object_type() == ObjectType::Template {
        return Ok(());
    }
    let own = algorithm_of(object);
    for parameters in attribute!(object.attributes, CryptographicParameters) {
        if let Some(text) = against(own, parameters, &Primitive::PROTECTING) {
            let text = format!("the attribute Cryptographic Parameters names {text}");
            return refuse(Cause::AttributeValue, text);
        }
    }
    Ok(())
}

/// An attribute as it may stand at a key that has not named it itself: of Cryptographic Parameters nothing that the key can
/// never be used for.
pub fn passed_on(to: &Object, attribute: &Attribute) -> Option<Attribute> {
    match attribute {
        Attribute::CryptographicParameters(parameters) => {
            for_the_key(to, parameters).map(Attribute::CryptographicParameters)
        }
        other => Some(other.clone()),
    }
}

/// Parameters without what the key can never be used for, where they say anything else.
pub fn for_the_key(object: &Object, parameters: &CryptographicParameters) -> Option<CryptographicParameters> {
    let left = fitting(object, parameters, &Primitive::PROTECTING);
    let says_something = left == *parameters || left != CryptographicParameters::default();
    says_something.then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Interrupt;

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
    fn parameters_of_a_key_of_an_older_store_make_nothing_new() {
        let object = key(Algorithm::AES, &[naming(Algorithm::DES3), naming(Algorithm::AES)]);
        let chosen = own(&object, Purpose::Process, Primitive::Cipher).unwrap();
        assert_eq!(chosen, CryptographicParameters::default());
        match own(&object, Purpose::Protect, Primitive::Cipher) {
            Err(Interrupt::Refused(refusal)) => {
                let words = ["of the key names", "DES3", "AES", "Modify Attribute", "Delete Attribute"];
                assert!(words.iter().all(|word| refusal.message.contains(word)), "{}", refusal.message);
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
            let chosen = |done| own(&object, Purpose::Protect, done).unwrap();
            assert_eq!(chosen(Primitive::Cipher), naming(Algorithm::AES));
            assert_eq!(chosen(Primitive::Mac), own_ones[0].clone());
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
