//! How much of a processor's time a request asks for by what it sends: the sizes of keys, of primes to be tested, of splits.
//! Estimated, in microseconds, before it is done.
//!
//! What is short is done at once. A request that asks for more takes its turn among the slow ones, as one that needs key pairs
//! does; what is more than one may have is refused with both values ([`Supplies::take_time`](super::supplies::Supplies)).

use crate::engine::context::Context;
use crate::engine::refusal::Step;
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, TransparentKey};

/// How long a request may keep a processor without a turn.
pub const AT_ONCE: u64 = 50_000;

/// How many bytes of answers and changes a request may hold without being one of few that hold much.
pub const HELD_AT_ONCE: usize = 1 << 20;

/// Asks for time of a processor.
pub fn take(cx: &mut Context<'_, '_>, microseconds: u64) -> Step<()> {
    let settings = cx.draft.world().settings;
    cx.supplies.take_time(microseconds, settings)
}

/// What a power of a number of so many bits costs at this price for 1024, the cost growing with the power.
fn grown(bits: usize, power: u32, price: u64) -> u64 {
    let bits = bits as u64;
    bits.saturating_pow(power).saturating_mul(price) / 1024_u64.pow(power)
}

/// Using a private RSA key of so many bits once.
fn private_rsa(bits: usize) -> u64 {
    grown(bits, 3, 100)
}

/// Whether a number of so many bits is prime.
pub fn prime(bits: usize) -> u64 {
    grown(bits, 3, 7_000)
}

/// Splitting or joining a secret: so many products of numbers of so many bits.
pub fn sharing(products: usize, bits: usize) -> u64 {
    match bits {
        0..=8 => products as u64 / 50,
        9..=16 => products as u64 / 15,
        _ => (products as u64).saturating_mul(1 + grown(bits, 2, 2)),
    }
}

/// Going over so many bytes: a digest, a cipher.
pub fn bytes(count: usize) -> u64 {
    count as u64 / 200
}

/// Reading a key that comes in or is converted: the numbers of a private RSA key are compared, and those that a transparent one
/// leaves out are computed.
pub fn reading(block: &KeyBlock) -> u64 {
    let Some(KeyValue::Plain(plain)) = &block.key_value else { return 0 };
    match &plain.key_material {
        KeyMaterial::Transparent(TransparentKey::RsaPrivate(key)) => {
            grown(key.modulus.as_bytes().len() * 8, 2, 900)
        }
        KeyMaterial::Bytes(bytes) => grown(rsa_bits(bytes.expose().len()), 2, 35),
        KeyMaterial::Transparent(_) => 0,
    }
}

/// The same of an object.
pub fn reading_object(value: &ManagedObject) -> u64 {
    match value {
        ManagedObject::PrivateKey(_) => value.key_block().map_or(0, reading),
        _ => 0,
    }
}

/// Using a private key once. What is said is its length in bits where it is an RSA key; others are quick.
pub fn using_private(rsa_bits: Option<i32>) -> u64 {
    rsa_bits.and_then(|bits| usize::try_from(bits).ok()).map_or(300, private_rsa)
}

/// About how many bits the modulus has of an RSA key whose private encoding has so many bytes; none is longer than what AWS-LC
/// computes with.
fn rsa_bits(bytes: usize) -> usize {
    (bytes.saturating_mul(8) / 4).min(16_384)
}
