//! Keys on elliptic curves: ECPrivateKey (RFC 5915), X.509 (RFC 5480) and numbers.

use crate::crypto::pkey::Key;
use der::{Decode as _, Encode as _};
use kmip_codec::SecretBytes;
use kmip_codec::enums::{CryptographicAlgorithm as Algorithm, KeyFormatType as Format, RecommendedCurve};
use kmip_codec::objects::{TransparentEcPrivate, TransparentEcPublic};
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

/// Keys on curves, for any use.
pub const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What a transparent EC key is called: until 1.4 by what it is for, from 1.3 on by one name.
pub struct Names {
    /// What it is for.
    pub algorithm: Algorithm,
    /// The private key.
    pub private: Format,
    /// The public key.
    pub public: Format,
}

/// The names; what they name is the same.
pub const NAMES: &[Names] = &[
    Names {
        algorithm: Algorithm::EC,
        private: Format::TransparentECPrivateKey,
        public: Format::TransparentECPublicKey,
    },
    Names {
        algorithm: Algorithm::ECDSA,
        private: Format::TransparentECDSAPrivateKey,
        public: Format::TransparentECDSAPublicKey,
    },
    Names {
        algorithm: Algorithm::ECDH,
        private: Format::TransparentECDHPrivateKey,
        public: Format::TransparentECDHPublicKey,
    },
    Names {
        algorithm: Algorithm::ECMQV,
        private: Format::TransparentECMQVPrivateKey,
        public: Format::TransparentECMQVPublicKey,
    },
];

/// The named curves, their identifiers and their lengths in bits.
const CURVES: &[(RecommendedCurve, ObjectIdentifier, i32)] = &[
    (RecommendedCurve::P_192, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), 192),
    (RecommendedCurve::P_224, ObjectIdentifier::new_unwrap("1.3.132.0.33"), 224),
    (RecommendedCurve::P_256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 256),
    (RecommendedCurve::P_384, ObjectIdentifier::new_unwrap("1.3.132.0.34"), 384),
    (RecommendedCurve::P_521, ObjectIdentifier::new_unwrap("1.3.132.0.35"), 521),
    (RecommendedCurve::SECP256K1, ObjectIdentifier::new_unwrap("1.3.132.0.10"), 256),
    (RecommendedCurve::BRAINPOOLP256R1, ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), 256),
    (RecommendedCurve::BRAINPOOLP384R1, ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"), 384),
    (RecommendedCurve::BRAINPOOLP512R1, ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"), 512),
];

fn oid_of(curve: RecommendedCurve) -> Option<ObjectIdentifier> {
    CURVES.iter().find(|(known, ..)| *known == curve).map(|(_, oid, _)| *oid)
}

fn curve_of(oid: ObjectIdentifier) -> Option<RecommendedCurve> {
    CURVES.iter().find(|(_, known, _)| *known == oid).map(|(curve, ..)| *curve)
}

/// The length of the curve in bits.
pub fn bits(oid: ObjectIdentifier) -> Option<i32> {
    CURVES.iter().find(|(_, known, _)| *known == oid).map(|(.., bits)| *bits)
}

fn algorithm(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: OID, parameters: Some(der::asn1::AnyRef::from(curve)) }
}

/// A private key.
pub struct Private {
    /// The curve, where it is said, by name.
    pub curve: Option<ObjectIdentifier>,
    secret: Zeroizing<Vec<u8>>,
    public: Option<Vec<u8>>,
}

impl Private {
    /// From ECPrivateKey; the curve may stand around it.
    pub fn read(sec1: &[u8], curve: Option<ObjectIdentifier>) -> Option<Self> {
        let key = sec1::EcPrivateKey::from_der(sec1).ok()?;
        Some(Self {
            curve: curve.or_else(|| key.parameters.and_then(|parameters| parameters.named_curve())),
            secret: Zeroizing::new(key.private_key.to_vec()),
            public: key.public_key.map(<[u8]>::to_vec),
        })
    }

    /// From numbers; the secret is as long as the curve.
    pub fn of(key: &TransparentEcPrivate) -> Option<Self> {
        let curve = oid_of(key.curve)?;
        let bytes = usize::try_from(bits(curve)?).ok()?.div_ceil(8);
        let d = key.d.to_unsigned()?;
        let mut secret = Zeroizing::new(vec![0; bytes.max(d.len()) - d.len()]);
        secret.extend_from_slice(d);
        Some(Self { curve: Some(curve), secret, public: None })
    }

    /// The numbers.
    pub fn transparent(&self) -> Option<TransparentEcPrivate> {
        let d = BigInteger::from_unsigned(&self.secret);
        Some(TransparentEcPrivate { curve: curve_of(self.curve?)?, d })
    }

    fn encoded(&self, with_curve: bool) -> Option<Zeroizing<Vec<u8>>> {
        let parameters = self.curve.filter(|_| with_curve).map(sec1::EcParameters::NamedCurve);
        let public_key = self.public.as_deref();
        let key = sec1::EcPrivateKey { private_key: &self.secret, parameters, public_key };
        key.to_der().ok().map(Zeroizing::new)
    }

    /// ECPrivateKey, which says its curve.
    pub fn sec1(&self) -> Option<SecretBytes> {
        self.curve?;
        Some(self.encoded(true)?.as_slice().into())
    }

    /// PKCS#8, in which the curve stands outside.
    pub fn pkcs8(&self) -> Option<SecretBytes> {
        super::pkcs8(algorithm(&self.curve?), &self.encoded(false)?)
    }
}

/// A public key.
pub struct Public {
    /// The curve.
    pub curve: ObjectIdentifier,
    /// The point, in any form.
    pub point: Vec<u8>,
}

impl Public {
    /// From numbers.
    pub fn of(key: &TransparentEcPublic) -> Option<Self> {
        Some(Self { curve: oid_of(key.curve)?, point: key.q.to_vec() })
    }

    /// The numbers.
    pub fn transparent(&self) -> Option<TransparentEcPublic> {
        Some(TransparentEcPublic { curve: curve_of(self.curve)?, q: self.point.clone().into() })
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Option<SecretBytes> {
        super::spki(algorithm(&self.curve), &self.point)
    }

    /// The same with the point in this form.
    pub fn in_form(&self, compressed: bool) -> Option<Self> {
        let key = Key::public(self.spki()?.expose()).ok()?;
        Some(Self { curve: self.curve, point: key.point(compressed).ok()? })
    }
}
