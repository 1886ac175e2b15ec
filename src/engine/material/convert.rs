//! The same key in another format (KMIP 2.1, 11.25): raw and transparent, PKCS#1, PKCS#8, X.509, EC; and the point of an
//! EC public key compressed or not (11.24).

mod discrete;
mod ec;
mod rsa;

use crate::engine::refusal::{Cause, Step, refuse};
use der::asn1::OctetStringRef;
use der::{Decode as _, Encode as _};
use kmip_codec::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType as Format};
use kmip_codec::objects::*;
use kmip_codec::version::{V2_0, Version};
use kmip_codec::{SecretBytes, value::BigInteger};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use spki::SubjectPublicKeyInfoRef;

/// Algorithms that have no other encodings than PKCS#8 and X.509, with the length of their keys in bits.
const EDWARDS: &[(ObjectIdentifier, CryptographicAlgorithm, i32)] = &[
    (ObjectIdentifier::new_unwrap("1.3.101.110"), CryptographicAlgorithm::EC, 256),
    (ObjectIdentifier::new_unwrap("1.3.101.112"), CryptographicAlgorithm::Ed25519, 256),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), CryptographicAlgorithm::Ed448, 456),
];

/// Turns the key into this format, where there is a way.
pub fn in_format(block: &mut KeyBlock, wanted: Format) -> Step<()> {
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
    let parts = Parts::of(block.key_format_type, &plain.key_material);
    let Some(material) = parts.and_then(|parts| parts.written(wanted)) else {
        let have = block.key_format_type;
        let message = format!("a key registered as {have:?} cannot be returned as {wanted:?}");
        return refuse(Cause::KeyFormat, message);
    };
    let attributes = plain.attributes.clone();
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes }));
    block.key_format_type = wanted;
    Ok(())
}

/// Compresses the point of an EC public key, or gives it whole (KMIP 2.1, 11.24).
pub fn compressed(block: &mut KeyBlock, wanted: KeyCompressionType) -> Step<()> {
    let is_compressed = match wanted {
        KeyCompressionType::ECPublicKeyTypeUncompressed => false,
        KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime => true,
        other => {
            let text = format!("points are had uncompressed or compressed (prime), not as {other:?}");
            return refuse(Cause::KeyCompression, text);
        }
    };
    let plain = match (&block.key_value, &block.key_wrapping_data) {
        (Some(KeyValue::Plain(plain)), None) => plain,
        _ => {
            return refuse(Cause::KeyCompression, "the key is wrapped or not here: its point stays as it is");
        }
    };
    let Some(Parts::EcPublic(key)) = Parts::of(block.key_format_type, &plain.key_material) else {
        return match is_compressed {
            true => refuse(Cause::KeyCompression, "only the points of EC public keys are compressed"),
            false => Ok(()),
        };
    };
    let Some(material) =
        key.in_form(is_compressed).and_then(|key| Parts::EcPublic(key).written(block.key_format_type))
    else {
        return refuse(
            Cause::KeyCompression,
            "the point of the key is none of a curve that this server knows",
        );
    };
    let attributes = plain.attributes.clone();
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes }));
    block.key_compression_type = Some(wanted);
    Ok(())
}

/// The name of a format in a version: transparent EC keys are of ECDSA or ECDH before 1.3, and of neither from 2.0 on.
pub fn name_in(version: Version, format: Format, algorithm: Option<CryptographicAlgorithm>) -> Format {
    let is_for = |known: &&ec::Names| known.private == format || known.public == format;
    if format.is_in(version) || !ec::NAMES.iter().any(|known| is_for(&known)) {
        return format;
    }
    let is_private = ec::NAMES.iter().any(|known| known.private == format);
    let wanted = match algorithm {
        _ if version >= V2_0 => CryptographicAlgorithm::EC,
        Some(CryptographicAlgorithm::ECDH) => CryptographicAlgorithm::ECDH,
        _ => CryptographicAlgorithm::ECDSA,
    };
    let named = ec::NAMES.iter().find(|known| known.algorithm == wanted);
    named.map_or(format, |named| if is_private { named.private } else { named.public })
}

/// Algorithm and length in bits, as an encoded key tells them.
pub fn described(block: &KeyBlock) -> Option<(CryptographicAlgorithm, i32)> {
    match (&block.key_value, &block.key_wrapping_data) {
        (Some(KeyValue::Plain(plain)), None) => {
            Parts::of(block.key_format_type, &plain.key_material)?.described()
        }
        _ => None,
    }
}

/// The algorithm of a PKCS#8 private key.
pub fn algorithm_of(pkcs8: &SecretBytes) -> Option<CryptographicAlgorithm> {
    let material = KeyMaterial::Bytes(pkcs8.clone());
    Parts::of(Format::PKCS_8, &material)?.described().map(|(algorithm, _)| algorithm)
}

/// A key, taken apart.
enum Parts {
    Symmetric(SecretBytes),
    RsaPrivate(TransparentRsaPrivate),
    RsaPublic(TransparentRsaPublic),
    DsaPrivate(TransparentDsaPrivate),
    DsaPublic(TransparentDsaPublic),
    DhPrivate(TransparentDhPrivate),
    DhPublic(TransparentDhPublic),
    EcPrivate(ec::Private),
    EcPublic(ec::Public),
    /// One of [`EDWARDS`], which stays in its encoding.
    Edwards(CryptographicAlgorithm, i32),
}

impl Parts {
    fn of(format: Format, material: &KeyMaterial) -> Option<Self> {
        match material {
            KeyMaterial::Bytes(bytes) => Self::of_bytes(format, bytes.expose()),
            KeyMaterial::Transparent(key) => Some(match key {
                TransparentKey::Symmetric(key) => Self::Symmetric(key.key.clone()),
                TransparentKey::RsaPrivate(key) => Self::RsaPrivate(key.clone()),
                TransparentKey::RsaPublic(key) => Self::RsaPublic(key.clone()),
                TransparentKey::DsaPrivate(key) => Self::DsaPrivate(key.clone()),
                TransparentKey::DsaPublic(key) => Self::DsaPublic(key.clone()),
                TransparentKey::DhPrivate(key) => Self::DhPrivate(key.clone()),
                TransparentKey::DhPublic(key) => Self::DhPublic(key.clone()),
                TransparentKey::EcPrivate(key) => Self::EcPrivate(ec::Private::of(key)?),
                TransparentKey::EcPublic(key) => Self::EcPublic(ec::Public::of(key)?),
            }),
        }
    }

    fn of_bytes(format: Format, bytes: &[u8]) -> Option<Self> {
        match format {
            Format::Raw => Some(Self::Symmetric(bytes.into())),
            Format::PKCS_1 => {
                rsa::private(bytes).map(Self::RsaPrivate).or_else(|| rsa::public(bytes).map(Self::RsaPublic))
            }
            Format::PKCS_8 => {
                let info = PrivateKeyInfoRef::from_der(bytes).ok()?;
                let key = info.private_key.as_bytes();
                match info.algorithm.oid {
                    rsa::OID => rsa::private(key).map(Self::RsaPrivate),
                    ec::OID => {
                        ec::Private::read(key, info.algorithm.parameters_oid().ok()).map(Self::EcPrivate)
                    }
                    discrete::DSA => discrete::dsa_private(&info.algorithm, key).map(Self::DsaPrivate),
                    oid if discrete::is_dh(oid) => {
                        discrete::dh_private(&info.algorithm, key).map(Self::DhPrivate)
                    }
                    oid => edwards(oid),
                }
            }
            Format::ECPrivateKey => ec::Private::read(bytes, None).map(Self::EcPrivate),
            Format::X_509 => {
                let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
                let key = info.subject_public_key.as_bytes()?;
                match info.algorithm.oid {
                    rsa::OID => rsa::public(key).map(Self::RsaPublic),
                    ec::OID => {
                        let curve = info.algorithm.parameters_oid().ok()?;
                        Some(Self::EcPublic(ec::Public { curve, point: key.to_vec() }))
                    }
                    discrete::DSA => discrete::dsa_public(&info.algorithm, key).map(Self::DsaPublic),
                    oid if discrete::is_dh(oid) => {
                        discrete::dh_public(&info.algorithm, key).map(Self::DhPublic)
                    }
                    oid => edwards(oid),
                }
            }
            _ => None,
        }
    }

    fn written(&self, wanted: Format) -> Option<KeyMaterial> {
        let transparent = |key| Some(KeyMaterial::Transparent(key));
        match (self, wanted) {
            (Self::Symmetric(key), Format::Raw) => Some(KeyMaterial::Bytes(key.clone())),
            (Self::Symmetric(key), Format::TransparentSymmetricKey) => {
                transparent(TransparentKey::Symmetric(TransparentSymmetric { key: key.clone() }))
            }
            (Self::RsaPrivate(key), Format::TransparentRSAPrivateKey) => {
                transparent(TransparentKey::RsaPrivate(key.clone()))
            }
            (Self::RsaPublic(key), Format::TransparentRSAPublicKey) => {
                transparent(TransparentKey::RsaPublic(key.clone()))
            }
            (Self::DsaPrivate(key), Format::TransparentDSAPrivateKey) => {
                transparent(TransparentKey::DsaPrivate(key.clone()))
            }
            (Self::DsaPublic(key), Format::TransparentDSAPublicKey) => {
                transparent(TransparentKey::DsaPublic(key.clone()))
            }
            (Self::DhPrivate(key), Format::TransparentDHPrivateKey) => {
                transparent(TransparentKey::DhPrivate(key.clone()))
            }
            (Self::DhPublic(key), Format::TransparentDHPublicKey) => {
                transparent(TransparentKey::DhPublic(key.clone()))
            }
            (Self::EcPrivate(key), wanted) if ec::NAMES.iter().any(|known| known.private == wanted) => {
                transparent(TransparentKey::EcPrivate(key.transparent()?))
            }
            (Self::EcPublic(key), wanted) if ec::NAMES.iter().any(|known| known.public == wanted) => {
                transparent(TransparentKey::EcPublic(key.transparent()?))
            }
            _ => self.encoded(wanted).map(KeyMaterial::Bytes),
        }
    }

    fn encoded(&self, wanted: Format) -> Option<SecretBytes> {
        match (self, wanted) {
            (Self::RsaPrivate(key), Format::PKCS_1) => rsa::private_der(key),
            (Self::RsaPrivate(key), Format::PKCS_8) => pkcs8(rsa::ALGORITHM, rsa::private_der(key)?.expose()),
            (Self::RsaPublic(key), Format::PKCS_1) => rsa::public_der(key),
            (Self::RsaPublic(key), Format::X_509) => spki(rsa::ALGORITHM, rsa::public_der(key)?.expose()),
            (Self::DsaPrivate(key), Format::PKCS_8) => discrete::dsa_pkcs8(key),
            (Self::DsaPublic(key), Format::X_509) => discrete::dsa_spki(key),
            (Self::DhPrivate(key), Format::PKCS_8) => discrete::dh_pkcs8(key),
            (Self::DhPublic(key), Format::X_509) => discrete::dh_spki(key),
            (Self::EcPrivate(key), Format::ECPrivateKey) => key.sec1(),
            (Self::EcPrivate(key), Format::PKCS_8) => key.pkcs8(),
            (Self::EcPublic(key), Format::X_509) => key.spki(),
            _ => None,
        }
    }

    fn described(&self) -> Option<(CryptographicAlgorithm, i32)> {
        let (algorithm, number) = match self {
            Self::Symmetric(_) => return None,
            Self::EcPrivate(key) => return Some((CryptographicAlgorithm::EC, ec::bits(key.curve?)?)),
            Self::EcPublic(key) => return Some((CryptographicAlgorithm::EC, ec::bits(key.curve)?)),
            Self::Edwards(algorithm, bits) => return Some((*algorithm, *bits)),
            Self::RsaPrivate(key) => (CryptographicAlgorithm::RSA, &key.modulus),
            Self::RsaPublic(key) => (CryptographicAlgorithm::RSA, &key.modulus),
            Self::DsaPrivate(key) => (CryptographicAlgorithm::DSA, &key.p),
            Self::DsaPublic(key) => (CryptographicAlgorithm::DSA, &key.p),
            Self::DhPrivate(key) => (CryptographicAlgorithm::DH, &key.p),
            Self::DhPublic(key) => (CryptographicAlgorithm::DH, &key.p),
        };
        Some((algorithm, bits(number)?))
    }
}

fn edwards(oid: ObjectIdentifier) -> Option<Parts> {
    let row = EDWARDS.iter().find(|(known, ..)| *known == oid);
    row.map(|(_, algorithm, bits)| Parts::Edwards(*algorithm, *bits))
}

/// The length of a number in bits.
fn bits(number: &BigInteger) -> Option<i32> {
    let bytes = number.to_unsigned()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(zeros)?;
    i32::try_from((bytes.len() - zeros) * 8 - usize::try_from(first.leading_zeros()).ok()?).ok()
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<SecretBytes> {
    let subject_public_key = der::asn1::BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok().map(SecretBytes::from)
}

fn pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<SecretBytes> {
    let private_key = OctetStringRef::new(key).ok()?;
    PrivateKeyInfoRef::new(algorithm, private_key).to_der().ok().map(SecretBytes::from)
}
