//! DSA keys (RFC 3279, 2.3.2) and Diffie-Hellman keys (PKCS#3; with a subgroup, RFC 3279, 2.3.3).

use super::written::{pkcs8, spki};
use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use kmip_codec::SecretBytes;
use kmip_codec::objects::{
    TransparentDhPrivate, TransparentDhPublic, TransparentDsaPrivate, TransparentDsaPublic,
};
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

/// DSA.
pub const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const PKCS3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
const X9_42: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");

/// Whether it is Diffie-Hellman.
pub fn is_dh(oid: ObjectIdentifier) -> bool {
    oid == PKCS3 || oid == X9_42
}

#[derive(Sequence)]
struct DsaParameters<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

#[derive(Sequence)]
struct Pkcs3Parameters<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    #[asn1(optional = "true")]
    private_value_bits: Option<u16>,
}

#[derive(Sequence)]
struct X9Parameters<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: UintRef<'a>,
    #[asn1(optional = "true")]
    j: Option<UintRef<'a>>,
    #[asn1(optional = "true")]
    validation: Option<AnyRef<'a>>,
}

fn number(value: UintRef<'_>) -> BigInteger {
    BigInteger::from_unsigned(value.as_bytes())
}

fn uint(value: &BigInteger) -> Option<UintRef<'_>> {
    UintRef::new(value.to_unsigned()?).ok()
}

/// The one number of a key, as DER.
fn integer(value: &BigInteger) -> Option<Zeroizing<Vec<u8>>> {
    uint(value)?.to_der().ok().map(Zeroizing::new)
}

fn read_integer(bytes: &[u8]) -> Option<BigInteger> {
    UintRef::from_der(bytes).ok().map(number)
}

fn dsa_numbers(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<[BigInteger; 3]> {
    let DsaParameters { p, q, g } = algorithm.parameters?.decode_as().ok()?;
    Some([p, q, g].map(number))
}

/// The numbers of a private key in PKCS#8.
pub fn dsa_private(algorithm: &AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<TransparentDsaPrivate> {
    let [p, q, g] = dsa_numbers(algorithm)?;
    Some(TransparentDsaPrivate { p, q, g, x: read_integer(key)? })
}

/// The numbers of a public key in X.509.
pub fn dsa_public(algorithm: &AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<TransparentDsaPublic> {
    let [p, q, g] = dsa_numbers(algorithm)?;
    Some(TransparentDsaPublic { p, q, g, y: read_integer(key)? })
}

/// PKCS#8.
pub fn dsa_pkcs8(key: &TransparentDsaPrivate) -> Option<SecretBytes> {
    let parameters = DsaParameters { p: uint(&key.p)?, q: uint(&key.q)?, g: uint(&key.g)? }.to_der().ok()?;
    pkcs8(algorithm(DSA, &parameters)?, &integer(&key.x)?)
}

/// SubjectPublicKeyInfo.
pub fn dsa_spki(key: &TransparentDsaPublic) -> Option<SecretBytes> {
    let parameters = DsaParameters { p: uint(&key.p)?, q: uint(&key.q)?, g: uint(&key.g)? }.to_der().ok()?;
    spki(algorithm(DSA, &parameters)?, &integer(&key.y)?)
}

/// P, G, and where they are said Q and J.
type Group = (BigInteger, BigInteger, Option<BigInteger>, Option<BigInteger>);

fn dh_numbers(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Group> {
    let parameters = algorithm.parameters?;
    if algorithm.oid == PKCS3 {
        let group: Pkcs3Parameters<'_> = parameters.decode_as().ok()?;
        return Some((number(group.p), number(group.g), None, None));
    }
    let group: X9Parameters<'_> = parameters.decode_as().ok()?;
    Some((number(group.p), number(group.g), Some(number(group.q)), group.j.map(number)))
}

/// The numbers of a private key in PKCS#8.
pub fn dh_private(algorithm: &AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<TransparentDhPrivate> {
    let (p, g, q, j) = dh_numbers(algorithm)?;
    Some(TransparentDhPrivate { p, q, g, j, x: read_integer(key)? })
}

/// The numbers of a public key in X.509.
pub fn dh_public(algorithm: &AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<TransparentDhPublic> {
    let (p, g, q, j) = dh_numbers(algorithm)?;
    Some(TransparentDhPublic { p, q, g, j, y: read_integer(key)? })
}

/// PKCS#8.
pub fn dh_pkcs8(key: &TransparentDhPrivate) -> Option<SecretBytes> {
    let (oid, parameters) = dh_parameters(&key.p, &key.g, key.q.as_ref(), key.j.as_ref())?;
    pkcs8(algorithm(oid, &parameters)?, &integer(&key.x)?)
}

/// SubjectPublicKeyInfo.
pub fn dh_spki(key: &TransparentDhPublic) -> Option<SecretBytes> {
    let (oid, parameters) = dh_parameters(&key.p, &key.g, key.q.as_ref(), key.j.as_ref())?;
    spki(algorithm(oid, &parameters)?, &integer(&key.y)?)
}

/// With a subgroup those of X9.42, without those of PKCS#3.
fn dh_parameters(
    p: &BigInteger,
    g: &BigInteger,
    q: Option<&BigInteger>,
    j: Option<&BigInteger>,
) -> Option<(ObjectIdentifier, Vec<u8>)> {
    let (p, g) = (uint(p)?, uint(g)?);
    match q {
        Some(q) => {
            let j = j.and_then(uint);
            let group = X9Parameters { p, g, q: uint(q)?, j, validation: None };
            Some((X9_42, group.to_der().ok()?))
        }
        None => Some((PKCS3, Pkcs3Parameters { p, g, private_value_bits: None }.to_der().ok()?)),
    }
}

fn algorithm(oid: ObjectIdentifier, parameters: &[u8]) -> Option<AlgorithmIdentifierRef<'_>> {
    Some(AlgorithmIdentifierRef { oid, parameters: Some(AnyRef::from_der(parameters).ok()?) })
}
