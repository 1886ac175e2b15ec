//! The parts of a certificate that say where it belongs: who has signed it, whom it names, with which key. They are read as they
//! stand, so that a certificate of X.509 v1, or with an extension that nobody knows, has its place in a chain too.

use super::keys;
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;
use x509_parser::asn1_rs::{Any, FromDer as _};

/// The parts, as DER without tag and length, where nothing else is said.
#[derive(Clone, Copy)]
pub struct Shape<'c> {
    /// The name of the issuer.
    pub issuer: &'c [u8],
    /// Its own name.
    pub subject: &'c [u8],
    /// Its key: SubjectPublicKeyInfo, with tag and length.
    pub key: &'c [u8],
    signed: SignedValue<'c>,
}

/// Something signed, as X.509 wraps certificates and revocation lists (RFC 5280, 4.1.1 and 5.1.1).
#[derive(Clone, Copy)]
pub struct SignedValue<'c> {
    /// What is signed, with tag and length.
    body: &'c [u8],
    algorithm: &'c [u8],
    signature: &'c [u8],
}

impl<'c> Shape<'c> {
    /// Of a certificate in DER; none of what is no certificate.
    pub fn of(der: &'c [u8]) -> Option<Self> {
        let signed = SignedValue::of(der)?;
        let mut left = content(signed.body)?.0;
        // [0], where it is not of v1.
        if left.first() == Some(&0xa0) {
            left = content(left)?.1;
        }
        // Serial number and algorithm.
        left = content(content(left)?.1)?.1;
        let (issuer, left) = content(left)?;
        let (subject, left) = content(content(left)?.1)?;
        let key = left.get(..left.len() - content(left)?.1.len())?;
        Some(Self { issuer, subject, key, signed })
    }

    /// Whether this key has signed it.
    pub fn is_by(&self, key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> Signed {
        self.signed.is_by(key, algorithms)
    }
}

impl<'c> SignedValue<'c> {
    /// Of its DER.
    pub fn of(der: &'c [u8]) -> Option<Self> {
        let whole = content(der)?.0;
        let (_, after_body) = content(whole)?;
        let body = whole.get(..whole.len() - after_body.len())?;
        let (algorithm, after_algorithm) = content(after_body)?;
        match Any::from_der(after_algorithm).ok()?.1.data {
            // A bit string: how many bits are not used, then the bits.
            [0, signature @ ..] => Some(Self { body, algorithm, signature }),
            _ => None,
        }
    }

    /// Whether its algorithm is one of these, with whatever kind of key.
    pub fn is_of(&self, algorithms: &[&dyn SignatureVerificationAlgorithm]) -> bool {
        algorithms.iter().any(|one| one.signature_alg_id().as_ref() == self.algorithm)
    }

    /// Whether this key has signed it.
    pub fn is_by(&self, key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> Signed {
        let spki = SubjectPublicKeyInfoDer::from(key);
        let Ok(read) = RawPublicKeyEntity::try_from(&spki) else { return Signed::NotTaken };
        if keys::not_taken(key, algorithms).is_some() {
            return Signed::NotTaken;
        }
        let of_kind = algorithms.iter().filter(|one| one.signature_alg_id().as_ref() == self.algorithm);
        let mut signed = Signed::NotTaken;
        for algorithm in of_kind {
            match read.verify_signature(*algorithm, self.body, self.signature) {
                Ok(()) => return Signed::Yes,
                // Also where the key is of another kind than the signature.
                Err(_) => signed = Signed::No,
            }
        }
        signed
    }
}

/// Whether a key has signed something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signed {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// The signature or the key is of a kind that is not looked at.
    NotTaken,
}

/// What the first value of these bytes holds, and what stands behind it.
fn content(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, value) = Any::from_der(der).ok()?;
    Some((value.data, rest))
}
