//! New keys: symmetric ones from the entropy of the engine, pairs from what was made outside.

use super::convert::in_format;
use crate::need::{KeyPair, PairKind};
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use crate::world::Entropy;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, RecommendedCurve};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, PlainKeyValue};
use kmip_codec::version::V2_0;
use kmip_codec::{SecretBytes, Version};

/// The bytes of a new key or secret.
pub fn random(
    entropy: &mut dyn Entropy,
    algorithm: Option<CryptographicAlgorithm>,
    bytes: usize,
) -> OpResult<SecretBytes> {
    let mut key = vec![0; bytes];
    entropy.fill(&mut key).map_err(Interrupt::Need)?;
    if let Some(CryptographicAlgorithm::DES | CryptographicAlgorithm::DES3) = algorithm {
        key.iter_mut().for_each(|byte| *byte = with_odd_parity(*byte));
    }
    Ok(key.into())
}

/// DES keeps a parity bit, the lowest, in each byte.
fn with_odd_parity(byte: u8) -> u8 {
    let seven = byte & 0xfe;
    seven | u8::from(seven.count_ones().is_multiple_of(2))
}

/// Which pair a request asks for.
pub fn pair_kind(
    algorithm: Option<CryptographicAlgorithm>,
    length: Option<i32>,
    curve: Option<RecommendedCurve>,
) -> OpResult<PairKind> {
    let curves = [RecommendedCurve::P_256, RecommendedCurve::P_384, RecommendedCurve::P_521];
    let is_25519 = curve == Some(RecommendedCurve::CURVE25519);
    match algorithm {
        Some(CryptographicAlgorithm::Ed25519) if is_25519 || curve.is_none() => Ok(PairKind::Ed25519),
        Some(CryptographicAlgorithm::ECDH) if is_25519 => Ok(PairKind::X25519),
        Some(CryptographicAlgorithm::RSA) => match length.unwrap_or(2048) {
            bits @ (1024 | 2048 | 3072 | 4096 | 8192) => Ok(PairKind::Rsa(bits.unsigned_abs())),
            bits => refuse(
                Cause::AttributeValue,
                format!("RSA keys are made with 1024, 2048, 3072, 4096 or 8192 bits, not {bits}"),
            ),
        },
        Some(CryptographicAlgorithm::EC | CryptographicAlgorithm::ECDSA | CryptographicAlgorithm::ECDH) => {
            let by_length = || match length {
                None | Some(256) => Some(RecommendedCurve::P_256),
                Some(384) => Some(RecommendedCurve::P_384),
                Some(521) => Some(RecommendedCurve::P_521),
                _ => None,
            };
            let curve = curve.or_else(by_length);
            match curve.filter(|curve| curves.contains(curve) || *curve == RecommendedCurve::SECP256K1) {
                Some(curve) => of_length(PairKind::Ec(curve), length),
                None => refuse(
                    Cause::AttributeValue,
                    "EC keys are made on the curves P-256, P-384, P-521 and secp256k1, those of ECDH on Curve25519 too",
                ),
            }
        }
        Some(other) => refuse(Cause::AttributeValue, format!("no key pair is made for {other:?}")),
        None => refuse(Cause::Missing, "Cryptographic Algorithm is missing"),
    }
}

/// A length that is given beside a curve is that of the curve.
fn of_length(kind: PairKind, length: Option<i32>) -> OpResult<PairKind> {
    match length {
        Some(bits) if bits != pair_bits(kind) => refuse(
            Cause::AttributeValue,
            format!("Cryptographic Length says {bits}, and keys on this curve have {} bits", pair_bits(kind)),
        ),
        _ => Ok(kind),
    }
}

/// The length in bits of the keys of a pair.
pub fn pair_bits(kind: PairKind) -> i32 {
    match kind {
        PairKind::Rsa(bits) => bits.cast_signed(),
        PairKind::Ec(RecommendedCurve::P_384) => 384,
        PairKind::Ec(RecommendedCurve::P_521) => 521,
        PairKind::Ec(_) | PairKind::Ed25519 | PairKind::X25519 => 256,
    }
}

/// The key blocks of a pair, private and public, in the formats that a version makes (KMIP 2.1, 4.26): RSA keys PKCS#1, EC
/// keys transparent from 2.0 on, and others PKCS#8 and X.509.
pub fn key_pair_blocks(
    pair: &KeyPair,
    algorithm: CryptographicAlgorithm,
    version: Version,
) -> OpResult<(KeyBlock, KeyBlock)> {
    let block = |format, material: SecretBytes| KeyBlock {
        key_format_type: format,
        key_value: Some(KeyValue::Plain(PlainKeyValue {
            key_material: KeyMaterial::Bytes(material),
            attributes: None,
        })),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(pair_bits(pair.kind)),
        ..KeyBlock::default()
    };
    let mut private = block(KeyFormatType::PKCS_8, pair.private_pkcs8.clone());
    let mut public = block(KeyFormatType::X_509, pair.public_spki.as_slice().into());
    let formats = match pair.kind {
        PairKind::Rsa(_) => Some((KeyFormatType::PKCS_1, KeyFormatType::PKCS_1)),
        PairKind::Ec(_) if version >= V2_0 => {
            Some((KeyFormatType::TransparentECPrivateKey, KeyFormatType::TransparentECPublicKey))
        }
        PairKind::Ec(_) | PairKind::Ed25519 | PairKind::X25519 => None,
    };
    if let Some((of_private, of_public)) = formats {
        in_format(&mut private, of_private)?;
        in_format(&mut public, of_public)?;
    }
    Ok((private, public))
}
