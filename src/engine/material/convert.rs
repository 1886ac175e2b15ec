//! The same key in another format (KMIP 2.1, 11.25): raw and transparent, PKCS#1, PKCS#8, X.509, EC.

use crate::engine::refusal::{Cause, Step, refuse};
use der::asn1::{OctetStringRef, UintRef};
use der::{Decode as _, Encode as _};
use kmip_codec::SecretBytes;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, RecommendedCurve};
use kmip_codec::objects::*;
use kmip_codec::value::BigInteger;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use spki::SubjectPublicKeyInfoRef;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The named curves and their identifiers.
const CURVES: &[(RecommendedCurve, ObjectIdentifier)] = &[
    (RecommendedCurve::P_192, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1")),
    (RecommendedCurve::P_224, ObjectIdentifier::new_unwrap("1.3.132.0.33")),
    (RecommendedCurve::P_256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (RecommendedCurve::P_384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (RecommendedCurve::P_521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    (RecommendedCurve::SECP256K1, ObjectIdentifier::new_unwrap("1.3.132.0.10")),
];

/// Turns the key into this format, where there is a way.
pub fn in_format(block: &mut KeyBlock, wanted: KeyFormatType) -> Step<()> {
    if block.key_format_type == wanted {
        return Ok(());
    }
    if block.key_wrapping_data.is_some() {
        return refuse(
            Cause::KeyFormat,
            "a wrapped key can only be had in the format in which it was registered",
        );
    }
    let Some(KeyValue::Plain(plain)) = &block.key_value else {
        return refuse(Cause::NoKeyValue, "the server does not hold the key value");
    };
    let Some(material) = convert(block.key_format_type, &plain.key_material, wanted) else {
        let have = block.key_format_type;
        let message = format!("a key registered as {have:?} cannot be returned as {wanted:?}");
        return refuse(Cause::KeyFormat, message);
    };
    let attributes = plain.attributes.clone();
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes }));
    block.key_format_type = wanted;
    Ok(())
}

/// The algorithm of a PKCS#8 private key.
pub fn algorithm_of(pkcs8: &SecretBytes) -> Option<CryptographicAlgorithm> {
    match PrivateKeyInfoRef::from_der(pkcs8.expose()).ok()?.algorithm.oid {
        RSA => Some(CryptographicAlgorithm::RSA),
        EC => Some(CryptographicAlgorithm::EC),
        ED25519 => Some(CryptographicAlgorithm::Ed25519),
        _ => None,
    }
}

/// A key, taken apart.
enum Parts {
    Symmetric(SecretBytes),
    RsaPrivate(TransparentRsaPrivate),
    RsaPublic(TransparentRsaPublic),
    /// SEC1 bytes and the curve.
    EcPrivate(SecretBytes, Option<ObjectIdentifier>),
    /// SubjectPublicKeyInfo.
    EcPublic(SecretBytes),
}

fn convert(have: KeyFormatType, material: &KeyMaterial, wanted: KeyFormatType) -> Option<KeyMaterial> {
    match (take_apart(have, material)?, wanted) {
        (Parts::Symmetric(key), KeyFormatType::Raw) => Some(KeyMaterial::Bytes(key)),
        (Parts::Symmetric(key), KeyFormatType::TransparentSymmetricKey) => {
            Some(KeyMaterial::Transparent(TransparentKey::Symmetric(TransparentSymmetric { key })))
        }
        (Parts::RsaPrivate(key), KeyFormatType::TransparentRSAPrivateKey) => {
            Some(KeyMaterial::Transparent(TransparentKey::RsaPrivate(key)))
        }
        (Parts::RsaPrivate(key), KeyFormatType::PKCS_1) => rsa_private_pkcs1(&key).map(KeyMaterial::Bytes),
        (Parts::RsaPrivate(key), KeyFormatType::PKCS_8) => {
            let pkcs1 = rsa_private_pkcs1(&key)?;
            let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(der::asn1::AnyRef::NULL) };
            pkcs8(algorithm, &pkcs1).map(KeyMaterial::Bytes)
        }
        (Parts::RsaPublic(key), KeyFormatType::TransparentRSAPublicKey) => {
            Some(KeyMaterial::Transparent(TransparentKey::RsaPublic(key)))
        }
        (Parts::RsaPublic(key), KeyFormatType::PKCS_1) => rsa_public_pkcs1(&key).map(KeyMaterial::Bytes),
        (Parts::RsaPublic(key), KeyFormatType::X_509) => rsa_public_spki(&key).map(KeyMaterial::Bytes),
        (Parts::EcPrivate(sec1, _), KeyFormatType::ECPrivateKey) => Some(KeyMaterial::Bytes(sec1)),
        (Parts::EcPrivate(sec1, curve), KeyFormatType::PKCS_8) => {
            ec_pkcs8(&sec1, curve).map(KeyMaterial::Bytes)
        }
        (Parts::EcPrivate(sec1, curve), KeyFormatType::TransparentECPrivateKey) => ec_private(&sec1, curve),
        (Parts::EcPublic(spki), KeyFormatType::X_509) => Some(KeyMaterial::Bytes(spki)),
        (Parts::EcPublic(spki), KeyFormatType::TransparentECPublicKey) => ec_public(&spki),
        _ => None,
    }
}

fn take_apart(format: KeyFormatType, material: &KeyMaterial) -> Option<Parts> {
    let bytes = match material {
        KeyMaterial::Transparent(TransparentKey::Symmetric(key)) => {
            return Some(Parts::Symmetric(key.key.clone()));
        }
        KeyMaterial::Transparent(TransparentKey::RsaPrivate(key)) => {
            return Some(Parts::RsaPrivate(key.clone()));
        }
        KeyMaterial::Transparent(TransparentKey::RsaPublic(key)) => {
            return Some(Parts::RsaPublic(key.clone()));
        }
        KeyMaterial::Transparent(TransparentKey::EcPrivate(key)) => return ec_private_parts(key),
        KeyMaterial::Transparent(TransparentKey::EcPublic(key)) => return ec_public_parts(key),
        KeyMaterial::Transparent(_) => return None,
        KeyMaterial::Bytes(bytes) => bytes.expose(),
    };
    match format {
        KeyFormatType::Raw => Some(Parts::Symmetric(bytes.into())),
        KeyFormatType::PKCS_1 => rsa_private(bytes).or_else(|| rsa_public(bytes)),
        KeyFormatType::PKCS_8 => {
            let info = PrivateKeyInfoRef::from_der(bytes).ok()?;
            match info.algorithm.oid {
                RSA => rsa_private(info.private_key.as_bytes()),
                EC => Some(Parts::EcPrivate(
                    info.private_key.as_bytes().into(),
                    info.algorithm.parameters_oid().ok(),
                )),
                _ => None,
            }
        }
        KeyFormatType::ECPrivateKey => {
            let key = sec1::EcPrivateKey::from_der(bytes).ok()?;
            let curve = key.parameters.and_then(|parameters| parameters.named_curve());
            Some(Parts::EcPrivate(bytes.into(), curve))
        }
        KeyFormatType::X_509 => {
            let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
            match info.algorithm.oid {
                RSA => rsa_public(info.subject_public_key.as_bytes()?),
                EC => Some(Parts::EcPublic(bytes.into())),
                _ => None,
            }
        }
        _ => None,
    }
}

fn number(value: UintRef<'_>) -> BigInteger {
    BigInteger::from_unsigned(value.as_bytes())
}

fn rsa_private(bytes: &[u8]) -> Option<Parts> {
    let key = pkcs1::RsaPrivateKey::from_der(bytes).ok()?;
    Some(Parts::RsaPrivate(TransparentRsaPrivate {
        modulus: number(key.modulus),
        private_exponent: Some(number(key.private_exponent)),
        public_exponent: Some(number(key.public_exponent)),
        p: Some(number(key.prime1)),
        q: Some(number(key.prime2)),
        prime_exponent_p: Some(number(key.exponent1)),
        prime_exponent_q: Some(number(key.exponent2)),
        crt_coefficient: Some(number(key.coefficient)),
    }))
}

fn rsa_public(bytes: &[u8]) -> Option<Parts> {
    let key = pkcs1::RsaPublicKey::from_der(bytes).ok()?;
    Some(Parts::RsaPublic(TransparentRsaPublic {
        modulus: number(key.modulus),
        public_exponent: number(key.public_exponent),
    }))
}

/// PKCS#1 needs every number of the key; a transparent key may leave some out.
fn rsa_private_pkcs1(key: &TransparentRsaPrivate) -> Option<SecretBytes> {
    let uint = |value: &'_ BigInteger| value.to_unsigned().map(<[u8]>::to_vec);
    let optional = |value: &Option<BigInteger>| value.as_ref().and_then(uint);
    let numbers = [
        uint(&key.modulus)?,
        optional(&key.public_exponent)?,
        optional(&key.private_exponent)?,
        optional(&key.p)?,
        optional(&key.q)?,
        optional(&key.prime_exponent_p)?,
        optional(&key.prime_exponent_q)?,
        optional(&key.crt_coefficient)?,
    ]
    .map(zeroize::Zeroizing::new);
    let [n, e, d, p, q, dp, dq, qi] = &numbers;
    let key = pkcs1::RsaPrivateKey {
        modulus: UintRef::new(n).ok()?,
        public_exponent: UintRef::new(e).ok()?,
        private_exponent: UintRef::new(d).ok()?,
        prime1: UintRef::new(p).ok()?,
        prime2: UintRef::new(q).ok()?,
        exponent1: UintRef::new(dp).ok()?,
        exponent2: UintRef::new(dq).ok()?,
        coefficient: UintRef::new(qi).ok()?,
        other_prime_infos: None,
    };
    key.to_der().ok().map(SecretBytes::from)
}

fn rsa_public_pkcs1(key: &TransparentRsaPublic) -> Option<SecretBytes> {
    let key = pkcs1::RsaPublicKey {
        modulus: UintRef::new(key.modulus.to_unsigned()?).ok()?,
        public_exponent: UintRef::new(key.public_exponent.to_unsigned()?).ok()?,
    };
    key.to_der().ok().map(SecretBytes::from)
}

fn rsa_public_spki(key: &TransparentRsaPublic) -> Option<SecretBytes> {
    let pkcs1 = rsa_public_pkcs1(key)?;
    let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(der::asn1::AnyRef::NULL) };
    spki(algorithm, pkcs1.expose())
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<SecretBytes> {
    let subject_public_key = der::asn1::BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok().map(SecretBytes::from)
}

fn pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &SecretBytes) -> Option<SecretBytes> {
    let private_key = OctetStringRef::new(key.expose()).ok()?;
    PrivateKeyInfoRef::new(algorithm, private_key).to_der().ok().map(SecretBytes::from)
}

fn curve_oid(curve: RecommendedCurve) -> Option<ObjectIdentifier> {
    CURVES.iter().find(|(name, _)| *name == curve).map(|(_, oid)| *oid)
}

fn curve_of(oid: ObjectIdentifier) -> Option<RecommendedCurve> {
    CURVES.iter().find(|(_, known)| *known == oid).map(|(name, _)| *name)
}

fn ec_algorithm(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: EC, parameters: Some(der::asn1::AnyRef::from(curve)) }
}

fn ec_pkcs8(sec1: &SecretBytes, curve: Option<ObjectIdentifier>) -> Option<SecretBytes> {
    pkcs8(ec_algorithm(&curve?), sec1)
}

fn ec_private(sec1: &SecretBytes, curve: Option<ObjectIdentifier>) -> Option<KeyMaterial> {
    let key = sec1::EcPrivateKey::from_der(sec1.expose()).ok()?;
    let curve = curve_of(curve.or_else(|| key.parameters.and_then(|p| p.named_curve()))?)?;
    let d = BigInteger::from_unsigned(key.private_key);
    Some(KeyMaterial::Transparent(TransparentKey::EcPrivate(TransparentEcPrivate { curve, d })))
}

fn ec_private_parts(key: &TransparentEcPrivate) -> Option<Parts> {
    let curve = curve_oid(key.curve)?;
    let bytes = match key.curve {
        RecommendedCurve::P_192 => 24,
        RecommendedCurve::P_224 => 28,
        RecommendedCurve::P_384 => 48,
        RecommendedCurve::P_521 => 66,
        _ => 32,
    };
    let d = key.d.to_unsigned()?;
    let mut padded = zeroize::Zeroizing::new(vec![0; bytes.max(d.len()) - d.len()]);
    padded.extend_from_slice(d);
    let parameters = Some(sec1::EcParameters::NamedCurve(curve));
    let sec1 = sec1::EcPrivateKey { private_key: &padded, parameters, public_key: None }.to_der().ok()?;
    Some(Parts::EcPrivate(sec1.into(), Some(curve)))
}

fn ec_public(spki: &SecretBytes) -> Option<KeyMaterial> {
    let info = SubjectPublicKeyInfoRef::from_der(spki.expose()).ok()?;
    let curve = curve_of(info.algorithm.parameters_oid().ok()?)?;
    let q = bytes::Bytes::copy_from_slice(info.subject_public_key.as_bytes()?);
    Some(KeyMaterial::Transparent(TransparentKey::EcPublic(TransparentEcPublic { curve, q })))
}

fn ec_public_parts(key: &TransparentEcPublic) -> Option<Parts> {
    spki(ec_algorithm(&curve_oid(key.curve)?), &key.q).map(Parts::EcPublic)
}
