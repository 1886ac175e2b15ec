//! RSA keys: PKCS#1 (RFC 8017, A.1) and numbers.

use crate::crypto::rsa_numbers::{Known, Whole};
use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Encode as _};
use kmip_codec::SecretBytes;
use kmip_codec::objects::{TransparentRsaPrivate, TransparentRsaPublic};
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

/// The algorithm.
pub const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The algorithm with its parameters, which are none.
pub const ALGORITHM: AlgorithmIdentifierRef<'static> =
    AlgorithmIdentifierRef { oid: OID, parameters: Some(AnyRef::NULL) };

fn number(value: UintRef<'_>) -> BigInteger {
    BigInteger::from_unsigned(value.as_bytes())
}

/// The numbers of an RSAPrivateKey.
pub fn private(bytes: &[u8]) -> Option<TransparentRsaPrivate> {
    let key = pkcs1::RsaPrivateKey::from_der(bytes).ok()?;
    Some(TransparentRsaPrivate {
        modulus: number(key.modulus),
        private_exponent: Some(number(key.private_exponent)),
        public_exponent: Some(number(key.public_exponent)),
        p: Some(number(key.prime1)),
        q: Some(number(key.prime2)),
        prime_exponent_p: Some(number(key.exponent1)),
        prime_exponent_q: Some(number(key.exponent2)),
        crt_coefficient: Some(number(key.coefficient)),
    })
}

/// The numbers of an RSAPublicKey.
pub fn public(bytes: &[u8]) -> Option<TransparentRsaPublic> {
    let key = pkcs1::RsaPublicKey::from_der(bytes).ok()?;
    Some(TransparentRsaPublic { modulus: number(key.modulus), public_exponent: number(key.public_exponent) })
}

/// RSAPrivateKey, which needs every number of the key. A transparent key may leave some out (KMIP 2.1, 3.7): those follow
/// from the others.
pub fn private_der(key: &TransparentRsaPrivate) -> Option<SecretBytes> {
    let uint = |value: &BigInteger| value.to_unsigned().map(<[u8]>::to_vec).map(Zeroizing::new);
    let optional = |value: &Option<BigInteger>| value.as_ref().and_then(uint);
    let n = uint(&key.modulus)?;
    let (e, d) = (optional(&key.public_exponent), optional(&key.private_exponent));
    let (p, q) = (optional(&key.p), optional(&key.q));
    let exponents = (optional(&key.prime_exponent_p), optional(&key.prime_exponent_q));
    let whole = match (e, d, p, q, exponents, optional(&key.crt_coefficient)) {
        (Some(e), Some(d), Some(p), Some(q), (Some(dp), Some(dq)), Some(qi)) => {
            Whole { e, d, p, q, dp, dq, qi }
        }
        (e, d, p, q, ..) => Known {
            n: &n,
            e: e.as_ref().map(|e| e.as_slice()),
            d: d.as_ref().map(|d| d.as_slice()),
            primes: p.as_ref().zip(q.as_ref()).map(|(p, q)| (p.as_slice(), q.as_slice())),
        }
        .complete()?,
    };
    let key = pkcs1::RsaPrivateKey {
        modulus: UintRef::new(&n).ok()?,
        public_exponent: UintRef::new(&whole.e).ok()?,
        private_exponent: UintRef::new(&whole.d).ok()?,
        prime1: UintRef::new(&whole.p).ok()?,
        prime2: UintRef::new(&whole.q).ok()?,
        exponent1: UintRef::new(&whole.dp).ok()?,
        exponent2: UintRef::new(&whole.dq).ok()?,
        coefficient: UintRef::new(&whole.qi).ok()?,
        other_prime_infos: None,
    };
    key.to_der().ok().map(SecretBytes::from)
}

/// RSAPublicKey.
pub fn public_der(key: &TransparentRsaPublic) -> Option<SecretBytes> {
    let key = pkcs1::RsaPublicKey {
        modulus: UintRef::new(key.modulus.to_unsigned()?).ok()?,
        public_exponent: UintRef::new(key.public_exponent.to_unsigned()?).ok()?,
    };
    key.to_der().ok().map(SecretBytes::from)
}
