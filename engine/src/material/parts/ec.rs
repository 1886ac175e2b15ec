//! Keys on elliptic curves: ECPrivateKey (RFC 5915), X.509 (RFC 5480) and numbers.

use super::{Fault, NO_CURVE, TWO_CURVES, curves};
use der::{Decode as _, Encode as _};
use keystead_crypto::pkey::Key;
use kmip_codec::SecretBytes;
use kmip_codec::enums::{CryptographicAlgorithm as Algorithm, KeyFormatType as Format};
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

fn algorithm(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: OID, parameters: Some(der::asn1::AnyRef::from(curve)) }
}

/// A private key.
pub struct Private {
    /// The curve, by name.
    pub curve: ObjectIdentifier,
    /// The private number, big-endian.
    pub secret: Zeroizing<Vec<u8>>,
    /// The point, where it is said.
    pub public: Option<Vec<u8>>,
}

impl Private {
    /// From ECPrivateKey; the curve may stand around it.
    pub fn read(sec1: &[u8], around: Option<ObjectIdentifier>) -> Result<Self, Fault> {
        let key = sec1::EcPrivateKey::from_der(sec1).map_err(|_| Fault::Structure)?;
        let inside = key.parameters.and_then(|parameters| parameters.named_curve());
        let curve = match (around, inside) {
            (Some(around), Some(inside)) if around != inside => return Err(TWO_CURVES),
            (around, inside) => around.or(inside).ok_or(NO_CURVE)?,
        };
        let secret = Zeroizing::new(key.private_key.to_vec());
        Ok(Self { curve, secret, public: key.public_key.map(<[u8]>::to_vec) })
    }

    /// From numbers; the secret is as long as the curve.
    pub fn of(key: &TransparentEcPrivate) -> Option<Self> {
        let row = curves::by_name(key.curve)?;
        let bytes = usize::try_from(row.bits).ok()?.div_ceil(8);
        let d = key.d.to_unsigned()?;
        let mut secret = Zeroizing::new(vec![0; bytes.max(d.len()) - d.len()]);
        secret.extend_from_slice(d);
        Some(Self { curve: row.oid, secret, public: None })
    }

    /// The numbers.
    pub fn transparent(&self) -> Option<TransparentEcPrivate> {
        let d = BigInteger::from_unsigned(&self.secret);
        Some(TransparentEcPrivate { curve: curves::by_oid(self.curve)?.curve, d })
    }

    /// The most bits that the curve can have: RFC 5915, 3 has the number as long as its order.
    pub fn bits_most(&self) -> Option<i32> {
        let of_point = self.public.as_deref().and_then(coordinate_bits);
        of_point.or_else(|| i32::try_from(self.secret.len().checked_mul(8)?).ok())
    }

    fn encoded(&self, with_curve: bool) -> Option<Zeroizing<Vec<u8>>> {
        let parameters = with_curve.then_some(sec1::EcParameters::NamedCurve(self.curve));
        let public_key = self.public.as_deref();
        let key = sec1::EcPrivateKey { private_key: &self.secret, parameters, public_key };
        key.to_der().ok().map(Zeroizing::new)
    }

    /// ECPrivateKey, which says its curve.
    pub fn sec1(&self) -> Option<SecretBytes> {
        Some(self.encoded(true)?.as_slice().into())
    }

    /// PKCS#8, in which the curve stands outside.
    pub fn pkcs8(&self) -> Option<SecretBytes> {
        super::written::pkcs8(algorithm(&self.curve), &self.encoded(false)?)
    }
}

/// How many bits a coordinate of a point takes, compressed or not (SEC 1, 2.3.3).
fn coordinate_bits(point: &[u8]) -> Option<i32> {
    let (form, coordinates) = point.split_first()?;
    let bytes = if matches!(form, 2 | 3) { coordinates.len() } else { coordinates.len() / 2 };
    i32::try_from(bytes.checked_mul(8)?).ok()
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
        Some(Self { curve: curves::by_name(key.curve)?.oid, point: key.q.to_vec() })
    }

    /// The numbers.
    pub fn transparent(&self) -> Option<TransparentEcPublic> {
        let curve = curves::by_oid(self.curve)?.curve;
        Some(TransparentEcPublic { curve, q: self.point.clone().into() })
    }

    /// The most bits that the curve can have.
    pub fn bits_most(&self) -> Option<i32> {
        coordinate_bits(&self.point)
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Option<SecretBytes> {
        super::written::spki(algorithm(&self.curve), &self.point)
    }

    /// The same with the point in this form.
    pub fn in_form(&self, compressed: bool) -> Option<Self> {
        let key = Key::public(self.spki()?.expose()).ok()?;
        Some(Self { curve: self.curve, point: key.point(compressed).ok()? })
    }
}
