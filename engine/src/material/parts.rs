//! A key, taken apart: what its material is, whatever is said of it.

mod check;
mod curves;
mod discrete;
mod ec;
pub mod rsa;
mod written;

pub use curves::bits as curve_bits;
pub use ec::{NAMES as EC_NAMES, Names as EcNames};

use der::asn1::OctetStringRef;
use der::{Decode as _, Sequence};
use keystead_crypto::pkey::Key;
use kmip_codec::SecretBytes;
use kmip_codec::enums::{
    CryptographicAlgorithm as Algorithm, KeyFormatType as Format, ObjectType, RecommendedCurve,
};
use kmip_codec::objects::*;
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use spki::SubjectPublicKeyInfoRef;

/// Why material cannot be read as a key of its format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The bytes are not of the format.
    Structure,
    /// They are, and what they say cannot be true of a key.
    Content(&'static str),
}

const EXPLICIT: Fault = Fault::Content("its curve is given by explicit parameters: name the curve");
const NO_CURVE: Fault = Fault::Content("it does not name its curve");
const TWO_CURVES: Fault = Fault::Content("it names two curves");
const MANY_PRIMES: Fault = Fault::Content(
    "it is an RSA key of more than two primes (RFC 8017, 3.2), and this server reads those of two: as Opaque it is kept as it is",
);
const INSIDE: Fault = Fault::Content("what it holds is no key of the algorithm that it names");

/// What is wrong with a key that stands in the encoding of any algorithm.
fn inside(fault: Fault) -> Fault {
    match fault {
        Fault::Structure => INSIDE,
        content => content,
    }
}

/// Algorithm, length and curve of a key, as its material shows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    /// The algorithm; for keys on curves the one that says nothing of their use.
    pub algorithm: Algorithm,
    /// The length in bits; nothing where the curve is not known.
    pub bits: Option<i32>,
    /// The most bits that it can have, where the curve is not known: as many as its numbers are long.
    pub bits_most: Option<i32>,
    /// The curve, where KMIP has a name for it.
    pub curve: Option<RecommendedCurve>,
}

impl Description {
    /// Whether a key that is said to be so long can be this one.
    pub fn can_have(&self, said: i32) -> bool {
        self.bits.is_none_or(|bits| bits == said) && self.bits_most.is_none_or(|most| said <= most)
    }

    /// What of its length decides how strong it is.
    pub fn strength_bits(&self) -> Option<i32> {
        self.bits.or(self.bits_most)
    }

    /// Whether a key that is said to be of this algorithm can be this one: keys on curves are also called by their use.
    pub fn is_of(&self, said: Algorithm) -> bool {
        match (self.algorithm, self.curve) {
            (Algorithm::EC, Some(RecommendedCurve::CURVE25519 | RecommendedCurve::CURVE448)) => {
                matches!(said, Algorithm::EC | Algorithm::ECDH)
            }
            (Algorithm::EC, Some(_)) => ec::NAMES.iter().any(|names| names.algorithm == said),
            (Algorithm::EC, None) => {
                said == Algorithm::SM2 || ec::NAMES.iter().any(|names| names.algorithm == said)
            }
            (Algorithm::Ed25519 | Algorithm::Ed448, _) => said == self.algorithm || said == Algorithm::EC,
            (algorithm, _) => said == algorithm,
        }
    }
}

/// An algorithm whose keys have no other encodings than PKCS#8 and X.509.
struct Encoded {
    oid: ObjectIdentifier,
    description: Description,
    /// The bytes of a key: of either half.
    bytes: usize,
    /// Whether the cryptography of this server knows it.
    is_known: bool,
}

const fn encoded(
    oid: &str,
    algorithm: Algorithm,
    curve: RecommendedCurve,
    bits: i32,
    bytes: usize,
) -> Encoded {
    let oid = ObjectIdentifier::new_unwrap(oid);
    let description = Description { algorithm, bits: Some(bits), bits_most: None, curve: Some(curve) };
    Encoded { oid, description, bytes, is_known: bytes == 32 }
}

const ENCODED: &[Encoded] = &[
    encoded("1.3.101.110", Algorithm::EC, RecommendedCurve::CURVE25519, 256, 32),
    encoded("1.3.101.111", Algorithm::EC, RecommendedCurve::CURVE448, 448, 56),
    encoded("1.3.101.112", Algorithm::Ed25519, RecommendedCurve::CURVE25519, 256, 32),
    encoded("1.3.101.113", Algorithm::Ed448, RecommendedCurve::CURVE448, 456, 57),
];

/// An encrypted private key (RFC 5958, 3), which KMIP has in PKCS#8 too: the client alone opens it.
#[derive(Sequence)]
struct Encrypted<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

/// Whether bytes are an EncryptedPrivateKeyInfo.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    Encrypted::from_der(bytes).is_ok()
}

/// A key, taken apart.
pub enum Parts {
    /// A symmetric key, or whatever else is bytes alone.
    Symmetric(SecretBytes),
    /// RSA.
    RsaPrivate(TransparentRsaPrivate),
    /// RSA.
    RsaPublic(TransparentRsaPublic),
    /// DSA.
    DsaPrivate(TransparentDsaPrivate),
    /// DSA.
    DsaPublic(TransparentDsaPublic),
    /// Diffie-Hellman.
    DhPrivate(TransparentDhPrivate),
    /// Diffie-Hellman.
    DhPublic(TransparentDhPublic),
    /// On an elliptic curve.
    EcPrivate(ec::Private),
    /// On an elliptic curve.
    EcPublic(ec::Public),
    /// What stays in its encoding.
    Encoded(ObjectType, Description),
    /// Of an algorithm that this server does not know, with its identifier; or encrypted, without one.
    Other(ObjectType, Option<ObjectIdentifier>),
}

impl Parts {
    /// From key material in this format.
    pub fn of(format: Format, material: &KeyMaterial) -> Result<Self, Fault> {
        match material {
            KeyMaterial::Bytes(bytes) => Self::of_bytes(format, bytes.expose()),
            KeyMaterial::Transparent(key) => Self::of_numbers(key),
        }
    }

    fn of_numbers(key: &TransparentKey) -> Result<Self, Fault> {
        Ok(match key {
            TransparentKey::Symmetric(key) => Self::Symmetric(key.key.clone()),
            TransparentKey::RsaPrivate(key) => Self::RsaPrivate(key.clone()),
            TransparentKey::RsaPublic(key) => Self::RsaPublic(key.clone()),
            TransparentKey::DsaPrivate(key) => Self::DsaPrivate(key.clone()),
            TransparentKey::DsaPublic(key) => Self::DsaPublic(key.clone()),
            TransparentKey::DhPrivate(key) => Self::DhPrivate(key.clone()),
            TransparentKey::DhPublic(key) => Self::DhPublic(key.clone()),
            TransparentKey::EcPrivate(key) => match ec::Private::of(key) {
                Some(key) => Self::EcPrivate(key),
                None => Self::on_curve(ObjectType::PrivateKey, key.curve),
            },
            TransparentKey::EcPublic(key) => match ec::Public::of(key) {
                Some(key) => Self::EcPublic(key),
                None => Self::on_curve(ObjectType::PublicKey, key.curve),
            },
        })
    }

    /// A transparent key on a curve that has no point to be compressed, or that KMIP does not know.
    fn on_curve(half: ObjectType, curve: RecommendedCurve) -> Self {
        let row = ENCODED.iter().find(|row| row.description.curve == Some(curve));
        row.map_or(Self::Other(half, None), |row| Self::Encoded(half, row.description))
    }

    fn of_bytes(format: Format, bytes: &[u8]) -> Result<Self, Fault> {
        match format {
            Format::Raw => Ok(Self::Symmetric(bytes.into())),
            Format::PKCS_1 => rsa::private(bytes).map(Self::RsaPrivate).or_else(|fault| match fault {
                Fault::Structure => rsa::public(bytes).map(Self::RsaPublic).ok_or(fault),
                content => Err(content),
            }),
            Format::PKCS_8 => Self::of_pkcs8(bytes),
            Format::ECPrivateKey => Ok(Self::EcPrivate(ec::Private::read(bytes, None)?)),
            Format::X_509 => Self::of_spki(bytes),
            _ => Err(Fault::Structure),
        }
    }

    fn of_pkcs8(bytes: &[u8]) -> Result<Self, Fault> {
        let half = ObjectType::PrivateKey;
        if is_encrypted(bytes) {
            return Ok(Self::Other(half, None));
        }
        let info = PrivateKeyInfoRef::from_der(bytes).map_err(|_| Fault::Structure)?;
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            rsa::OID => rsa::private(key).map(Self::RsaPrivate).map_err(inside),
            ec::OID => {
                let named = info.algorithm.parameters.map(|_| info.algorithm.parameters_oid());
                let curve = named.transpose().map_err(|_| EXPLICIT)?;
                ec::Private::read(key, curve).map(Self::EcPrivate).map_err(inside)
            }
            discrete::DSA => discrete::dsa_private(&info.algorithm, key).map(Self::DsaPrivate).ok_or(INSIDE),
            oid if discrete::is_dh(oid) => {
                discrete::dh_private(&info.algorithm, key).map(Self::DhPrivate).ok_or(INSIDE)
            }
            rsa::PSS => rsa::private(key)
                .map(|key| Self::Encoded(half, Self::RsaPrivate(key).rsa_description()))
                .map_err(inside),
            oid => match ENCODED.iter().find(|row| row.oid == oid) {
                // The key is an octet string inside the octet string (RFC 8410, 7).
                Some(row) if key.len() != row.bytes + 2 => Err(INSIDE),
                Some(row) if row.is_known && Key::private(bytes).is_err() => Err(INSIDE),
                Some(row) => Ok(Self::Encoded(half, row.description)),
                None => Ok(Self::Other(half, Some(oid))),
            },
        }
    }

    fn of_spki(bytes: &[u8]) -> Result<Self, Fault> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).map_err(|_| Fault::Structure)?;
        let key = info.subject_public_key.as_bytes().ok_or(INSIDE)?;
        let half = ObjectType::PublicKey;
        match info.algorithm.oid {
            rsa::OID => rsa::public(key).map(Self::RsaPublic).ok_or(INSIDE),
            ec::OID => {
                info.algorithm.parameters.ok_or(NO_CURVE)?;
                let curve = info.algorithm.parameters_oid().map_err(|_| EXPLICIT)?;
                Ok(Self::EcPublic(ec::Public { curve, point: key.to_vec() }))
            }
            discrete::DSA => discrete::dsa_public(&info.algorithm, key).map(Self::DsaPublic).ok_or(INSIDE),
            oid if discrete::is_dh(oid) => {
                discrete::dh_public(&info.algorithm, key).map(Self::DhPublic).ok_or(INSIDE)
            }
            rsa::PSS => rsa::public(key)
                .map(|key| Self::Encoded(half, Self::RsaPublic(key).rsa_description()))
                .ok_or(INSIDE),
            oid => match ENCODED.iter().find(|row| row.oid == oid) {
                Some(row) if key.len() != row.bytes => Err(INSIDE),
                Some(row) => Ok(Self::Encoded(half, row.description)),
                None => Ok(Self::Other(half, Some(oid))),
            },
        }
    }

    /// Which half of a pair it is; nothing for what is none.
    pub fn half(&self) -> Option<ObjectType> {
        match self {
            Self::Symmetric(_) => None,
            Self::RsaPrivate(_) | Self::DsaPrivate(_) | Self::DhPrivate(_) | Self::EcPrivate(_) => {
                Some(ObjectType::PrivateKey)
            }
            Self::RsaPublic(_) | Self::DsaPublic(_) | Self::DhPublic(_) | Self::EcPublic(_) => {
                Some(ObjectType::PublicKey)
            }
            Self::Encoded(half, _) | Self::Other(half, _) => Some(*half),
        }
    }

    /// What the material shows of the key of a pair; nothing for algorithms that this server does not know.
    pub fn described(&self) -> Option<Description> {
        let on_curve = |oid, bits_most| {
            let row = curves::by_oid(oid);
            let bits = row.map(|row| row.bits);
            let bits_most = if bits.is_none() { bits_most } else { None };
            Description { algorithm: Algorithm::EC, bits, bits_most, curve: row.map(|row| row.curve) }
        };
        let (algorithm, number) = match self {
            Self::Symmetric(_) | Self::Other(..) => return None,
            Self::EcPrivate(key) => return Some(on_curve(key.curve, key.bits_most())),
            Self::EcPublic(key) => return Some(on_curve(key.curve, key.bits_most())),
            Self::Encoded(_, description) => return Some(*description),
            Self::RsaPrivate(_) | Self::RsaPublic(_) => return Some(self.rsa_description()),
            Self::DsaPrivate(key) => (Algorithm::DSA, &key.p),
            Self::DsaPublic(key) => (Algorithm::DSA, &key.p),
            Self::DhPrivate(key) => (Algorithm::DH, &key.p),
            Self::DhPublic(key) => (Algorithm::DH, &key.p),
        };
        Some(Description { algorithm, bits: bits(number), bits_most: None, curve: None })
    }

    fn rsa_description(&self) -> Description {
        let bits = match self {
            Self::RsaPrivate(key) => bits(&key.modulus),
            Self::RsaPublic(key) => bits(&key.modulus),
            _ => None,
        };
        Description { algorithm: Algorithm::RSA, bits, bits_most: None, curve: None }
    }
}

/// The length of a number in bits.
fn bits(number: &BigInteger) -> Option<i32> {
    let bytes = number.to_unsigned()?;
    let first = bytes.first()?;
    i32::try_from(bytes.len() * 8 - usize::try_from(first.leading_zeros()).ok()?).ok()
}
