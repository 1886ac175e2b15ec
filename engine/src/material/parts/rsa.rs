//! RSA keys: PKCS#1 (RFC 8017, A.1) and numbers.

use super::{Fault, MANY_PRIMES};
use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Encode as _};
use keystead_crypto::rsa_numbers::{self, Known, Whole};
use kmip_codec::SecretBytes;
use kmip_codec::objects::{TransparentRsaPrivate, TransparentRsaPublic};
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

/// The algorithm.
pub const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The algorithm of keys that sign with PSS alone (RFC 4055, 1.2).
pub const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The algorithm with its parameters, which are none.
pub const ALGORITHM: AlgorithmIdentifierRef<'static> =
    AlgorithmIdentifierRef { oid: OID, parameters: Some(AnyRef::NULL) };

fn number(value: UintRef<'_>) -> BigInteger {
    BigInteger::from_unsigned(value.as_bytes())
}

/// The numbers of an RSAPrivateKey.
pub fn private(bytes: &[u8]) -> Result<TransparentRsaPrivate, Fault> {
    let key = pkcs1::RsaPrivateKey::from_der(bytes).map_err(|_| Fault::Structure)?;
    if key.other_prime_infos.is_some() {
        return Err(MANY_PRIMES);
    }
    Ok(TransparentRsaPrivate {
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

/// The numbers of a private key, big-endian, where they are said.
struct Numbers {
    n: Number,
    e: Said,
    d: Said,
    primes: Option<(Number, Number)>,
    dp: Said,
    dq: Said,
    qi: Said,
}

type Number = Zeroizing<Vec<u8>>;
type Said = Option<Number>;

impl Numbers {
    fn of(key: &TransparentRsaPrivate) -> Option<Self> {
        let uint = |value: &BigInteger| value.to_unsigned().map(<[u8]>::to_vec).map(Zeroizing::new);
        let optional = |value: &Option<BigInteger>| value.as_ref().and_then(uint);
        Some(Self {
            n: uint(&key.modulus)?,
            e: optional(&key.public_exponent),
            d: optional(&key.private_exponent),
            primes: optional(&key.p).zip(optional(&key.q)),
            dp: optional(&key.prime_exponent_p),
            dq: optional(&key.prime_exponent_q),
            qi: optional(&key.crt_coefficient),
        })
    }

    fn known(&self) -> Known<'_> {
        Known {
            n: &self.n,
            e: self.e.as_ref().map(|e| e.as_slice()),
            d: self.d.as_ref().map(|d| d.as_slice()),
            primes: self.primes.as_ref().map(|(p, q)| (p.as_slice(), q.as_slice())),
        }
    }
}

/// Whether all numbers of the key are said.
pub fn is_whole(key: &TransparentRsaPrivate) -> bool {
    let others = [&key.p, &key.q, &key.prime_exponent_p, &key.prime_exponent_q, &key.crt_coefficient];
    let exponents = [&key.public_exponent, &key.private_exponent];
    others.into_iter().chain(exponents).all(Option::is_some)
}

/// Whether a modulus is the product of two primes; nothing is said of one that is too long to be worked on.
pub fn is_product(n: &BigInteger, p: &BigInteger, q: &BigInteger) -> bool {
    match (n.to_unsigned(), p.to_unsigned(), q.to_unsigned()) {
        (Some(n), Some(p), Some(q)) => rsa_numbers::is_product(n, p, q),
        _ => false,
    }
}

/// Whether the numbers that are said are of one key, as far as they tell it: of too few nothing follows.
pub fn holds_together(key: &TransparentRsaPrivate) -> bool {
    let Some(said) = Numbers::of(key) else { return false };
    if !said.known().is_enough() {
        return true;
    }
    let Some(whole) = said.known().complete() else { return false };
    let agrees = |said: &Said, follows: &Number| said.as_ref().is_none_or(|said| said == follows);
    agrees(&said.dp, &whole.dp) && agrees(&said.dq, &whole.dq) && agrees(&said.qi, &whole.qi)
}

/// RSAPrivateKey, which needs every number of the key. A transparent key may leave some out (KMIP 2.1, 3.7): those follow
/// from the others.
pub fn private_der(key: &TransparentRsaPrivate) -> Option<SecretBytes> {
    let said = Numbers::of(key)?;
    let whole = match said {
        Numbers {
            e: Some(e),
            d: Some(d),
            primes: Some((p, q)),
            dp: Some(dp),
            dq: Some(dq),
            qi: Some(qi),
            ..
        } => Whole { e, d, p, q, dp, dq, qi },
        said => said.known().complete()?,
    };
    let n = key.modulus.to_unsigned()?;
    let key = pkcs1::RsaPrivateKey {
        modulus: UintRef::new(n).ok()?,
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
