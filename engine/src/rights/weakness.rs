//! What is weak, and why: keys, digests and modes that protect nothing new unless the configuration grants them to the
//! client (`weak_keys`). What works on what is protected already (Decrypt, Signature Verify, MAC Verify) is not asked:
//! old data stay readable (NIST SP 800-131A Rev. 2 calls it legacy use).

use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::principal::Principal;
use keystead_crypto::Digest;
use kmip_codec::attribute;
use kmip_codec::enums::{
    BlockCipherMode, CryptographicAlgorithm as Algorithm, PaddingMethod, ProtectionLevel,
    RecommendedCurve as Curve,
};
use std::fmt;

/// Something that protects.
#[derive(Clone, Copy, Debug)]
pub enum Means {
    /// A key of this algorithm, with its length in bits and its curve where they are known.
    Key(Algorithm, Option<i32>, Option<Curve>),
    /// A secret of so many bytes from which keys are derived as from a key.
    Secret(usize),
    /// One of so many bytes from which they are derived as from a password.
    Password(usize),
    /// A digest under a signature: nobody may find two messages that have the same.
    Signed(Digest),
    /// Digested Data of so many bytes, whose digest nobody names, under a signature.
    Unnamed(usize),
    /// A digest anywhere else.
    Digest(Digest),
    /// A mode that encrypts.
    Mode(BlockCipherMode),
    /// A padding with which RSA encrypts.
    Padding(PaddingMethod),
    /// A tag of Poly1305 of so many bytes. It lets forgeries in, so that decryption asks for it too.
    Poly1305(usize),
}

const SHORT_KEY: &str = "its keys can be tried out";
const TRIED_OUT: &str = "it can be tried out";
const SMALL_BLOCK: &str = "its blocks of 64 bits repeat too soon (SP 800-131A, 2)";
const BROKEN: &str = "it is broken";
const COLLISIONS: &str = "two messages with one digest can be found";

/// Algorithms that are weak with any key.
const ALGORITHMS: &[(Algorithm, &str)] = &[
    (Algorithm::DES, SHORT_KEY),
    (Algorithm::SKIPJACK, SHORT_KEY),
    (Algorithm::DES3, SMALL_BLOCK),
    (Algorithm::Blowfish, SMALL_BLOCK),
    (Algorithm::CAST5, SMALL_BLOCK),
    (Algorithm::IDEA, SMALL_BLOCK),
    (Algorithm::RC2, SMALL_BLOCK),
    (Algorithm::RC5, SMALL_BLOCK),
    (Algorithm::GOST28147_89, SMALL_BLOCK),
    (Algorithm::RC4, BROKEN),
    (Algorithm::HMAC_MD5, BROKEN),
];

/// The least bits for a strength of 112 (SP 800-57 Part 1, 5.6.1): of a modulus, of a curve, of any other key.
const MODULUS_BITS: i32 = 2048;
const CURVE_BITS: i32 = 224;
const KEY_BITS: i32 = 112;

/// The least bits of a key of an algorithm, whatever it is called by. A pad is as long as its one message, and no attempt
/// tells its bytes; where it is taken as a key for anything else, it is a secret of its length.
fn least_bits(algorithm: Algorithm) -> i32 {
    match algorithm {
        Algorithm::RSA | Algorithm::DSA | Algorithm::DH => MODULUS_BITS,
        Algorithm::EC
        | Algorithm::ECDSA
        | Algorithm::ECDH
        | Algorithm::ECMQV
        | Algorithm::SM2
        | Algorithm::GOSTR34_10_2012
        | Algorithm::Ed25519
        | Algorithm::Ed448 => CURVE_BITS,
        Algorithm::OneTimePad => 0,
        _ => KEY_BITS,
    }
}

/// The least bytes of a password (NIST SP 800-63B, 5.1.1.2), and of a secret that is a key without saying so.
const PASSWORD_BYTES: usize = 8;
const SECRET_BYTES: usize = 14;

/// Bytes of a digest under a signature, for the same strength.
const DIGEST_BYTES: usize = 28;

impl Means {
    /// Why it is weak, where it is.
    fn weakness(self) -> Option<&'static str> {
        match self {
            Self::Key(algorithm, bits, curve) => {
                let row = ALGORITHMS.iter().find(|(weak, _)| *weak == algorithm);
                let of_curve = curve.and_then(material::curve_bits);
                let short = of_curve.is_some_and(|bits| bits < CURVE_BITS)
                    || bits.is_some_and(|bits| bits < least_bits(algorithm));
                row.map(|(_, why)| *why).or(short.then_some(SHORT_KEY))
            }
            Self::Secret(bytes) if bytes < SECRET_BYTES => Some(TRIED_OUT),
            Self::Password(bytes) if bytes < PASSWORD_BYTES => Some(TRIED_OUT),
            Self::Signed(Digest::Md5 | Digest::Ripemd160 | Digest::Sha1) => Some(COLLISIONS),
            Self::Unnamed(bytes) if bytes < DIGEST_BYTES => Some(COLLISIONS),
            Self::Digest(Digest::Md5) => Some(BROKEN),
            Self::Mode(BlockCipherMode::ECB) => Some("it shows which blocks are the same"),
            Self::Padding(PaddingMethod::PKCS1V1_5) => {
                Some("who may ask whether it decrypts can decrypt (SP 800-131A, 6)")
            }
            Self::Poly1305(bytes) if bytes < 16 => {
                Some("cut short it is forged sooner than its length says (RFC 8439, 2.8)")
            }
            Self::Poly1305(_)
            | Self::Secret(_)
            | Self::Password(_)
            | Self::Signed(_)
            | Self::Unnamed(_)
            | Self::Digest(_)
            | Self::Mode(_)
            | Self::Padding(_) => None,
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(algorithm, Some(bits), _) => write!(out, "{algorithm:?} with {bits} bits"),
            Self::Key(algorithm, ..) => write!(out, "{algorithm:?}"),
            Self::Secret(bytes) => write!(out, "a secret of {bytes} bytes"),
            Self::Password(bytes) => write!(out, "a password of {bytes} bytes"),
            Self::Signed(digest) => write!(out, "{} in a signature", digest.name()),
            Self::Unnamed(bytes) => write!(out, "a digest of {bytes} bytes in a signature"),
            Self::Digest(digest) => write!(out, "{}", digest.name()),
            Self::Mode(mode) => write!(out, "{mode:?}"),
            Self::Poly1305(bytes) => write!(out, "a tag of Poly1305 of {bytes} bytes"),
            Self::Padding(padding) => write!(out, "encryption with {padding:?}"),
        }
    }
}

/// Refuses what is weak, unless the configuration grants it to this client.
pub fn check(principal: &Principal, means: Means) -> OpResult<()> {
    match means.weakness() {
        Some(why) if !principal.weak_keys => {
            refuse(Cause::Weak, format!("{means} is weak: {why}; `weak_keys` would grant it to this client"))
        }
        _ => Ok(()),
    }
}

/// The same for a key that is there already.
pub fn check_key(principal: &Principal, key: &Object) -> OpResult<()> {
    match key.asked() {
        (Some(algorithm), length, curve) => check(principal, Means::Key(algorithm, length, curve)),
        (None, ..) => Ok(()),
    }
}

/// Algorithms whose public keys a quantum computer does not open: codes and hashes (NIST SP 800-208 and before).
const QUANTUM_SAFE: &[Algorithm] = &[
    Algorithm::XMSS,
    Algorithm::SPHINCS_256,
    Algorithm::McEliece,
    Algorithm::McEliece_6960119,
    Algorithm::McEliece_8192128,
    Algorithm::OneTimePad,
];

/// Algorithms with pairs of keys, which a quantum computer opens whatever their length (Shor).
const QUANTUM_OPEN: &[Algorithm] = &[
    Algorithm::RSA,
    Algorithm::DSA,
    Algorithm::DH,
    Algorithm::EC,
    Algorithm::ECDSA,
    Algorithm::ECDH,
    Algorithm::ECMQV,
    Algorithm::Ed25519,
    Algorithm::Ed448,
    Algorithm::SM2,
    Algorithm::GOSTR34_10_2012,
];

/// Refuses an object that is required to be Quantum Safe and is not (KMIP 2.1, 4.45). Of symmetric keys a quantum computer
/// takes half the strength (Grover): 256 bits keep 128; at Protection Level Low the 64 of AES-128 do, which is NIST's
/// lowest category of post-quantum strength.
pub fn check_quantum_safe(object: &Object) -> OpResult<()> {
    if attribute!(object.attributes, QuantumSafe).next() != Some(&true) {
        return Ok(());
    }
    let (Some(algorithm), bits, _) = object.asked() else { return Ok(()) };
    let low = attribute!(object.attributes, ProtectionLevel).next() == Some(&ProtectionLevel::Low);
    let least = if low { 128 } else { 256 };
    let broken = ALGORITHMS.iter().any(|(weak, _)| *weak == algorithm);
    let is_long = bits.is_none_or(|bits| bits >= least);
    if QUANTUM_SAFE.contains(&algorithm) || (!QUANTUM_OPEN.contains(&algorithm) && !broken && is_long) {
        return Ok(());
    }
    let means = Means::Key(algorithm, bits, None);
    refuse(
        Cause::NotQuantumSafe,
        format!("{means} is not Quantum Safe: take a symmetric key of {least} bits"),
    )
}
