//! Whether the numbers of a key can be those of a key. What cannot be is refused when the key comes in, whoever sends it.

use super::{Parts, bits, curves, ec, rsa};
use keystead_crypto::pkey::Key;
use kmip_codec::enums::KeyFormatType as Format;
use kmip_codec::objects::{TransparentRsaPrivate, TransparentRsaPublic};
use kmip_codec::value::BigInteger;

/// The moduli, in bits, that AWS-LC computes with, and the longest public exponent.
const MODULUS_BITS: std::ops::RangeInclusive<i32> = 512..=16384;
const EXPONENT_BITS_MAX: i32 = 33;

/// The longest public exponent that a key may have (FIPS 186-5, A.1.1), in bits.
const PERMITTED_EXPONENT_BITS: i32 = 256;

const NOT_POSITIVE: &str = "a number of the key is zero or negative";
const NO_PAIR: &str = "its numbers are not of one key: modulus, primes and exponents do not fit together";
const OFF_CURVE: &str = "its point is not on its curve, or at infinity";
const NO_HALVES: &str = "its private number is none of its curve, or not that of its point";
const OUT_OF_GROUP: &str =
    "its numbers are not of one group: P is even, or another number does not lie between 1 and P - 1";
const ONE_PRIME: &str = "its primes are the same, or so near to each other that they are found";
const NOT_THE_FACTORS: &str = "its modulus is not the product of its primes";

impl Parts {
    /// Why these numbers cannot be those of a key, where they cannot.
    pub fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::RsaPublic(key) => rsa_public(key),
            Self::RsaPrivate(key) => self.rsa_private(key),
            Self::EcPublic(key) => self.ec_public(key),
            Self::EcPrivate(key) => self.ec_private(key),
            // The private number is one modulo Q.
            Self::DsaPrivate(key) => group(&key.p, &[Some(&key.g), Some(&key.q)], &key.x, &key.q),
            Self::DsaPublic(key) => {
                group(&key.p, &[Some(&key.g), Some(&key.q), Some(&key.y)], &key.y, &key.p)
            }
            Self::DhPrivate(key) => group(&key.p, &[Some(&key.g), key.q.as_ref()], &key.x, &key.p),
            Self::DhPublic(key) => {
                group(&key.p, &[Some(&key.g), key.q.as_ref(), Some(&key.y)], &key.y, &key.p)
            }
            Self::Symmetric(_) | Self::Encoded(..) | Self::Other(..) => None,
        }
    }

    /// Whether it is an RSA key that may be one and whose public exponent is too long to be computed with.
    pub fn has_long_exponent(&self) -> bool {
        let exponent = match self {
            Self::RsaPublic(key) => Some(&key.public_exponent),
            Self::RsaPrivate(key) => key.public_exponent.as_ref(),
            _ => None,
        };
        exponent.and_then(bits).is_some_and(|bits| bits > EXPONENT_BITS_MAX)
    }

    fn rsa_private(&self, key: &TransparentRsaPrivate) -> Option<&'static str> {
        let flaw = modulus(&key.modulus).or_else(|| exponent(key.public_exponent.as_ref()?, &key.modulus));
        if flaw.is_some() {
            return flaw;
        }
        let checks = |number: Option<i32>, exponent: Option<i32>| {
            number.is_some_and(|bits| MODULUS_BITS.contains(&bits))
                && exponent.is_none_or(|bits| bits <= EXPONENT_BITS_MAX)
        };
        if let (Some(n), Some(p), Some(q)) = (bits(&key.modulus), &key.p, &key.q)
            && [p, q].into_iter().any(|prime| bits(prime).is_none_or(|bits| bits < n / 4))
        {
            return Some("one of its primes is so short that it is found");
        }
        if let (Some(p), Some(q)) = (&key.p, &key.q) {
            if are_near(p, q) {
                return Some(ONE_PRIME);
            }
            if !rsa::is_product(&key.modulus, p, q) {
                return Some(NOT_THE_FACTORS);
            }
        }
        // With all its numbers AWS-LC reads the key, and compares them; others follow from those that are there.
        let holds = match (rsa::is_whole(key), key.public_exponent.as_ref().map(bits)) {
            (true, e) if checks(bits(&key.modulus), e.flatten()) => {
                self.encoded(Format::PKCS_8).is_some_and(|der| Key::private(der.expose()).is_ok())
            }
            _ => rsa::holds_together(key),
        };
        (!holds).then_some(NO_PAIR)
    }

    fn ec_public(&self, key: &ec::Public) -> Option<&'static str> {
        let row = curves::by_oid(key.curve)?;
        let holds = match row.is_known {
            true => self.encoded(Format::X_509).is_some_and(|der| Key::public(der.expose()).is_ok()),
            false => has_form_of_point(&key.point, row.bits),
        };
        (!holds).then_some(OFF_CURVE)
    }

    fn ec_private(&self, key: &ec::Private) -> Option<&'static str> {
        let row = curves::by_oid(key.curve)?;
        let holds = match row.is_known {
            true => self.encoded(Format::PKCS_8).is_some_and(|der| Key::private(der.expose()).is_ok()),
            // The order of a curve may be one bit longer than its field.
            false => {
                let longest = usize::try_from(row.bits).unwrap_or_default() / 8 + 1;
                key.secret.iter().any(|byte| *byte != 0)
                    && key.secret.iter().skip_while(|byte| **byte == 0).count() <= longest
            }
        };
        (!holds).then_some(NO_HALVES)
    }
}

fn rsa_public(key: &TransparentRsaPublic) -> Option<&'static str> {
    modulus(&key.modulus).or_else(|| exponent(&key.public_exponent, &key.modulus))
}

fn is_positive(number: &BigInteger) -> bool {
    number.to_unsigned().is_some_and(|bytes| !bytes.is_empty())
}

fn is_even(number: &BigInteger) -> bool {
    number.as_bytes().last().is_none_or(|byte| byte & 1 == 0)
}

/// Longer moduli, which nothing computes with, are not divided by anything either.
const MODULUS_BYTES_MAX: usize = 2048;

/// The primes below 752, of which no modulus has one (NIST SP 800-89, 5.3.3).
const SMALL_PRIMES_BELOW: u32 = 752;

fn modulus(n: &BigInteger) -> Option<&'static str> {
    let Some(bytes) = n.to_unsigned().filter(|bytes| !bytes.is_empty()) else { return Some(NOT_POSITIVE) };
    if is_even(n) {
        return Some("its modulus is even");
    }
    let rest = |by: u32| bytes.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % by);
    // A number that has a factor has a prime one, so that odd numbers that are not prime change nothing.
    let mut tried = (3..SMALL_PRIMES_BELOW).step_by(2);
    if !(5..=MODULUS_BYTES_MAX).contains(&bytes.len()) {
        return None;
    }
    if tried.clone().any(|by| rest(by) == 0) {
        return Some("its modulus has a small factor");
    }
    // A square is one modulo every number; another number is, by chance, modulo half of the 132 primes among these.
    let is_square = |by: u32| (1..by).any(|root| root * root % by == rest(by));
    tried.all(is_square).then_some("its modulus is a square: both of its primes are the same")
}

fn exponent(e: &BigInteger, n: &BigInteger) -> Option<&'static str> {
    match e.to_unsigned() {
        None | Some([]) => Some(NOT_POSITIVE),
        Some([1]) => Some("its public exponent is 1, with which nothing is encrypted"),
        Some(_) if is_even(e) => Some("its public exponent is even"),
        Some(_) if !is_below(e, n) => Some("its public exponent is not below its modulus"),
        Some(_) if bits(e).is_none_or(|bits| bits > PERMITTED_EXPONENT_BITS) => {
            Some("its public exponent has more than 256 bits, which no RSA key has (FIPS 186-5, A.1.1)")
        }
        Some(_) => None,
    }
}

fn is_below(number: &BigInteger, other: &BigInteger) -> bool {
    match (number.to_unsigned(), other.to_unsigned()) {
        (Some(number), Some(other)) => (number.len(), number) < (other.len(), other),
        _ => false,
    }
}

/// P is an odd number; 1 and P - 1 generate nothing and are nobody's key, so that some numbers lie between them (NIST SP
/// 800-56A, 5.6.2.3.1); the last lies between 0 and a bound.
fn group(
    p: &BigInteger,
    between: &[Option<&BigInteger>],
    last: &BigInteger,
    bound: &BigInteger,
) -> Option<&'static str> {
    let lies_between = |number: &&BigInteger| {
        let bytes = number.to_unsigned().unwrap_or_default();
        let is_one_below = p.to_unsigned().and_then(<[u8]>::split_last).is_some_and(|(last, before)| {
            bytes.split_last().is_some_and(|(own, same)| same == before && *own == last & 0xfe)
        });
        !matches!(bytes, [] | [1]) && is_below(number, p) && !is_one_below
    };
    let holds = !is_even(p)
        && between.iter().flatten().all(lies_between)
        && is_positive(last)
        && is_below(last, bound);
    (!holds).then_some(OUT_OF_GROUP)
}

/// Whether primes have their first 100 bits in common (FIPS 186-5, A.1.1): from their product both are found.
fn are_near(p: &BigInteger, q: &BigInteger) -> bool {
    match (p.to_unsigned(), q.to_unsigned()) {
        (Some(p), Some(q)) => {
            p == q || p.len() == q.len() && p.get(..13).is_some_and(|first| q.starts_with(first))
        }
        _ => false,
    }
}

/// Whether bytes have the form of a point of this field (SEC 1, 2.3.3): compressed or whole.
fn has_form_of_point(point: &[u8], bits: i32) -> bool {
    let bytes = usize::try_from(bits).unwrap_or_default().div_ceil(8);
    match point.first() {
        Some(2 | 3) => point.len() == 1 + bytes,
        Some(4 | 6 | 7) => point.len() == 1 + 2 * bytes,
        _ => false,
    }
}
