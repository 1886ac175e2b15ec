//! The algorithms that `keystead key create` makes keys for, and what each key is for.

use super::choose;
use kmip_codec::enums::{CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Usage};

/// Ciphers with one key for both directions.
const CIPHERS: &[Algorithm] = &[
    Algorithm::AES,
    Algorithm::ARIA,
    Algorithm::Blowfish,
    Algorithm::Camellia,
    Algorithm::CAST5,
    Algorithm::ChaCha20,
    Algorithm::ChaCha20Poly1305,
    Algorithm::DES,
    Algorithm::DES3,
    Algorithm::GOST28147_89,
    Algorithm::GOSTR34_13_2015,
    Algorithm::IDEA,
    Algorithm::MARS,
    Algorithm::OneTimePad,
    Algorithm::RC2,
    Algorithm::RC4,
    Algorithm::RC5,
    Algorithm::SEED,
    Algorithm::SKIPJACK,
    Algorithm::SM4,
    Algorithm::Twofish,
];

/// Message authentication codes.
const MACS: &[Algorithm] = &[
    Algorithm::HMAC_MD5,
    Algorithm::HMAC_SHA1,
    Algorithm::HMAC_SHA224,
    Algorithm::HMAC_SHA256,
    Algorithm::HMAC_SHA384,
    Algorithm::HMAC_SHA512,
    Algorithm::HMAC_SHA3_224,
    Algorithm::HMAC_SHA3_256,
    Algorithm::HMAC_SHA3_384,
    Algorithm::HMAC_SHA3_512,
    Algorithm::Poly1305,
];

/// The algorithm of this name, if there are symmetric keys for it.
pub fn symmetric(text: &str) -> Result<Algorithm, String> {
    let known = choose::named(text, Algorithm::ROWS).map(Algorithm).ok();
    if let Some(algorithm) = known.filter(|known| CIPHERS.contains(known) || MACS.contains(known)) {
        return Ok(algorithm);
    }
    let why = match known {
        Some(_) => "it has no symmetric keys, and none but symmetric ones are made here",
        None => "there is no such algorithm",
    };
    let names: Vec<_> = [CIPHERS, MACS].concat().iter().map(|algorithm| format!("{algorithm:?}")).collect();
    let hint = crate::near::hint(text, names.iter().map(String::as_str));
    Err(format!("{why}{hint}: use one of {}", names.join(", ")))
}

/// What a key of this algorithm may be used for.
pub fn usage(algorithm: Algorithm) -> Usage {
    if MACS.contains(&algorithm) {
        Usage::MACGenerate | Usage::MACVerify
    } else {
        Usage::Encrypt | Usage::Decrypt
    }
}
