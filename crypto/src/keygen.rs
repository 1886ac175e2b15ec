//! Makes key pairs: slow, so it is done off the async runtime, when the engine needs one.

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer, Curve25519SeedBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _};
use kmip_codec::SecretBytes;
use kmip_codec::enums::RecommendedCurve;
use zeroize::Zeroizing;

mod small_rsa;

/// The kinds of key pair that can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PairKind {
    /// RSA of this many bits, with exponent 65537.
    Rsa(u32),
    /// An elliptic-curve pair.
    Ec(RecommendedCurve),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// X25519 (RFC 7748).
    X25519,
}

/// A key pair in the standard encodings.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// What it is.
    pub kind: PairKind,
    /// The private key, PKCS#8 DER.
    pub private_pkcs8: SecretBytes,
    /// The public key, X.509 SubjectPublicKeyInfo DER.
    pub public_spki: Vec<u8>,
}

/// Makes a pair of this kind.
pub fn make(kind: PairKind) -> Result<KeyPair, String> {
    match kind {
        PairKind::Rsa(1024) => small_rsa::make(kind, 1024),
        PairKind::Rsa(bits) => rsa(kind, bits),
        PairKind::Ec(curve) => ec(kind, curve),
        PairKind::Ed25519 => ed25519(kind),
        PairKind::X25519 => x25519(kind),
    }
}

fn rsa(kind: PairKind, bits: u32) -> Result<KeyPair, String> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        8192 => KeySize::Rsa8192,
        _ => return Err(format!("no RSA keys of {bits} bits")),
    };
    let failed = |_| "RSA key generation failed".to_owned();
    let pair = RsaKeyPair::generate(size).map_err(failed)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    Ok(KeyPair { kind, private_pkcs8: private.as_ref().into(), public_spki: public.as_ref().to_vec() })
}

fn ec(kind: PairKind, curve: RecommendedCurve) -> Result<KeyPair, String> {
    let algorithm: &'static EcdsaSigningAlgorithm = match curve {
        RecommendedCurve::P_256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        RecommendedCurve::P_384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        RecommendedCurve::P_521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
        RecommendedCurve::SECP256K1 => &signature::ECDSA_P256K1_SHA256_ASN1_SIGNING,
        _ => return Err(format!("no keys on {curve:?}")),
    };
    let failed = |_| "EC key generation failed".to_owned();
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).map_err(|error| error.to_string())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    Ok(KeyPair { kind, private_pkcs8: private.as_ref().into(), public_spki: public.as_ref().to_vec() })
}

fn ed25519(kind: PairKind) -> Result<KeyPair, String> {
    let failed = |_| "Ed25519 key generation failed".to_owned();
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    // Version 1 without the public key: what every reader takes (RFC 8410, 7).
    let private = pair.to_pkcs8v1().map_err(failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    Ok(KeyPair { kind, private_pkcs8: private.as_ref().into(), public_spki: public.as_ref().to_vec() })
}

/// What stands before the bytes of an X25519 private key in PKCS#8 (RFC 8410, 7).
const X25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];

fn x25519(kind: PairKind) -> Result<KeyPair, String> {
    let failed = |_| "X25519 key generation failed".to_owned();
    let private = agreement::PrivateKey::generate(&agreement::X25519).map_err(failed)?;
    let seed: Curve25519SeedBin<'_> = private.as_be_bytes().map_err(failed)?;
    let public = private.compute_public_key().map_err(failed)?;
    let public: PublicKeyX509Der<'_> = public.as_der().map_err(failed)?;
    let private = Zeroizing::new([&X25519_PKCS8, seed.as_ref()].concat());
    Ok(KeyPair { kind, private_pkcs8: private.as_slice().into(), public_spki: public.as_ref().to_vec() })
}
