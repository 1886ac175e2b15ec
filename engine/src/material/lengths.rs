//! How long the keys of symmetric algorithms are, by the standard of each. Every way in and everything that makes keys asks
//! here, so that no key is held that cannot be one.

use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::CryptographicAlgorithm as Algorithm;

/// The longest key that the server makes, in bits. One that comes from elsewhere may be as long as its standard lets it be.
const MADE_BITS_MAX: i32 = 8192;

/// How many bytes keys have.
#[derive(Clone, Copy)]
enum Bytes {
    /// As many as one of these, and no others.
    Of(&'static [usize]),
    /// From the first to the second, and of the third a whole number.
    Between(usize, usize, usize),
}

/// Key sizes of 128, 192 and 256 bits.
const AES_LIKE: Bytes = Bytes::Of(&[16, 24, 32]);

/// The algorithms that do not take a key of any length. Those that are missing do: HMAC (RFC 2104, 3), one-time pads, and
/// digests, whose names KMIP has among its algorithms.
const LENGTHS: &[(Algorithm, Bytes)] = &[
    // FIPS 46-3; a third of Triple DES, or all of it, may be the same key again (ANSI X9.52).
    (Algorithm::DES, Bytes::Of(&[8])),
    (Algorithm::DES3, Bytes::Of(&[8, 16, 24])),
    // FIPS 197. XTS has two keys in one (IEEE 1619, 5.1): of 256 bits each they have 64 bytes.
    (Algorithm::AES, Bytes::Of(&[16, 24, 32, 64])),
    // Schneier, Description of a New Variable-Length Key, 64-Bit Block Cipher (1993).
    (Algorithm::Blowfish, Bytes::Between(4, 56, 1)),
    // RFC 3713, 2.
    (Algorithm::Camellia, AES_LIKE),
    // RFC 2144, 2.5.
    (Algorithm::CAST5, Bytes::Between(5, 16, 1)),
    // Lai, On the Design and Security of Block Ciphers (1992).
    (Algorithm::IDEA, Bytes::Of(&[16])),
    // Burwick et al., MARS (1999), 2.2: 4 to 14 words.
    (Algorithm::MARS, Bytes::Between(16, 56, 4)),
    // RFC 2268, 1.1.
    (Algorithm::RC2, Bytes::Between(1, 128, 1)),
    // RFC 6229; the state has 256 bytes.
    (Algorithm::RC4, Bytes::Between(1, 256, 1)),
    // RFC 2040, 3.
    (Algorithm::RC5, Bytes::Between(1, 255, 1)),
    // SKIPJACK and KEA Algorithm Specifications, version 2.0 (1998).
    (Algorithm::SKIPJACK, Bytes::Of(&[10])),
    // Schneier et al., Twofish (1998), 4.
    (Algorithm::Twofish, AES_LIKE),
    // Bernstein, ChaCha, a variant of Salsa20 (2008); RFC 8439, 2.3 has the longer one alone.
    (Algorithm::ChaCha20, Bytes::Of(&[16, 32])),
    // RFC 8439, 2.5 and 2.8.
    (Algorithm::Poly1305, Bytes::Of(&[32])),
    (Algorithm::ChaCha20Poly1305, Bytes::Of(&[32])),
    // RFC 5794, 2.
    (Algorithm::ARIA, AES_LIKE),
    // RFC 4269, 2.1.
    (Algorithm::SEED, Bytes::Of(&[16])),
    // GB/T 32907-2016.
    (Algorithm::SM4, Bytes::Of(&[16])),
    // Magma and Kuznyechik (RFC 8891, 4; RFC 7801, 4); GOST 28147-89 (RFC 5830, 5).
    (Algorithm::GOSTR34_13_2015, Bytes::Of(&[32])),
    (Algorithm::GOST28147_89, Bytes::Of(&[32])),
];

/// Algorithms whose keys are those of a pair.
const OF_PAIRS: &[Algorithm] = &[
    Algorithm::RSA,
    Algorithm::DSA,
    Algorithm::DH,
    Algorithm::ECDSA,
    Algorithm::ECDH,
    Algorithm::ECMQV,
    Algorithm::EC,
    Algorithm::Ed25519,
    Algorithm::Ed448,
    Algorithm::SM2,
    Algorithm::GOSTR34_10_2012,
    Algorithm::XMSS,
    Algorithm::SPHINCS_256,
    Algorithm::McEliece,
    Algorithm::McEliece_6960119,
    Algorithm::McEliece_8192128,
];

/// Whether the keys of an algorithm are bytes alone, and not those of a pair.
pub fn is_symmetric(algorithm: Algorithm) -> bool {
    !OF_PAIRS.contains(&algorithm)
}

fn bytes_of(algorithm: Algorithm) -> Bytes {
    let row = LENGTHS.iter().find(|(known, _)| *known == algorithm);
    row.map_or(Bytes::Between(1, usize::MAX, 1), |(_, bytes)| *bytes)
}

/// Whether a key of a symmetric algorithm can have so many bytes.
pub fn can_have(algorithm: Algorithm, bytes: usize) -> bool {
    match bytes_of(algorithm) {
        Bytes::Of(all) => all.contains(&bytes),
        Bytes::Between(first, last, step) => (first..=last).contains(&bytes) && bytes.is_multiple_of(step),
    }
}

/// How many bits of a byte count as key: KMIP counts DES without the bits of parity, and clients with them too.
fn bits_of_a_byte(algorithm: Algorithm) -> &'static [i32] {
    if matches!(algorithm, Algorithm::DES | Algorithm::DES3) { &[7, 8] } else { &[8] }
}

/// The length in bits of a symmetric key of so many bytes, as KMIP counts it.
pub fn usual_length(algorithm: Option<Algorithm>, bytes: usize) -> Option<i32> {
    let bits = algorithm.map_or(8, |algorithm| bits_of_a_byte(algorithm).first().copied().unwrap_or(8));
    i32::try_from(bytes).ok()?.checked_mul(bits)
}

/// How many bytes a symmetric key of this many bits has; `None` where the algorithm has no such key.
pub fn key_bytes(algorithm: Algorithm, bits: i32) -> Option<usize> {
    if !is_symmetric(algorithm) {
        return None;
    }
    let of = |each: &i32| usize::try_from(bits / each).ok().filter(|_| bits % each == 0);
    bits_of_a_byte(algorithm).iter().filter_map(of).find(|bytes| can_have(algorithm, *bytes))
}

/// Whether two lengths are of the same keys: those of DES are counted with their bits of parity, and without.
pub fn is_same_length(algorithm: Option<Algorithm>, one: i32, other: i32) -> bool {
    let bytes = |bits| algorithm.and_then(|algorithm| key_bytes(algorithm, bits));
    one == other || bytes(one).is_some_and(|bytes_of_one| bytes(other) == Some(bytes_of_one))
}

/// How many bytes a symmetric key of this algorithm and length has that is made here; refuses what there is not, and what the
/// server does not make.
pub fn symmetric_bytes(algorithm: Algorithm, bits: i32) -> OpResult<usize> {
    made_bytes(algorithm, bits).or_else(|why| refuse(Cause::AttributeValue, why))
}

/// Why the server makes no symmetric keys of this algorithm and length, where it does not.
pub fn why_not_made(algorithm: Algorithm, bits: i32) -> Option<String> {
    made_bytes(algorithm, bits).err()
}

fn made_bytes(algorithm: Algorithm, bits: i32) -> Result<usize, String> {
    if !is_symmetric(algorithm) {
        return Err(format!(
            "keys of {algorithm:?} are those of pairs: no symmetric key of {bits} bits is one, and Create Key Pair makes them"
        ));
    }
    let Some(bytes) = key_bytes(algorithm, bits) else {
        let usual = usual_lengths(algorithm).map(|usual| format!(": they have {usual}")).unwrap_or_default();
        return Err(format!("no symmetric key of algorithm {algorithm:?} has {bits} bits{usual}"));
    };
    if bits > MADE_BITS_MAX {
        return Err(format!(
            "the server makes no keys of more than {MADE_BITS_MAX} bits, and {algorithm:?} of {bits} bits was asked for: take \
             a shorter one, or register one"
        ));
    }
    // It takes them in, as other servers have them.
    if algorithm == Algorithm::DES3 && bytes == 8 {
        return Err(format!(
            "the server makes no {algorithm:?} of {bits} bits, which is DES and no more: keys that it makes have 112 or 168 \
             bits, 128 or 192 with those of parity"
        ));
    }
    Ok(bytes)
}

/// The lengths of the keys of a symmetric algorithm in words; nothing where they are of any length.
pub fn usual_lengths(algorithm: Algorithm) -> Option<String> {
    let (_, row) = LENGTHS.iter().find(|(known, _)| *known == algorithm)?;
    let bits = |bytes: usize, each: i32| i32::try_from(bytes).ok().and_then(|bytes| bytes.checked_mul(each));
    let in_words = |each: i32| {
        let bits = |bytes: usize| bits(bytes, each).unwrap_or(i32::MAX).to_string();
        match row {
            Bytes::Of(all) => either(&all.iter().map(|bytes| bits(*bytes)).collect::<Vec<_>>()),
            Bytes::Between(first, last, step) => {
                format!("{} to {} bits in steps of {}", bits(*first), bits(*last), bits(*step))
            }
        }
    };
    Some(match bits_of_a_byte(algorithm) {
        [without, with] => format!("{}, or with those of parity {}", in_words(*without), in_words(*with)),
        each => in_words(each.first().copied().unwrap_or(8)),
    })
}

fn either(all: &[String]) -> String {
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last} bits", others.join(", ")),
        _ => format!("{} bits", all.concat()),
    }
}

/// Whether an attribute says of an object what another does.
pub fn is_same(object: &Object, one: &Attribute, other: &Attribute) -> bool {
    match (one, other) {
        (Attribute::CryptographicLength(one), Attribute::CryptographicLength(other)) => {
            let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
            is_same_length(algorithm, *one, *other)
        }
        (one, other) => one == other,
    }
}
