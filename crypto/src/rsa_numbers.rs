//! The numbers of an RSA private key that it was given without: any of the forms that tell the key gives the others (RFC
//! 8017, 3.2; NIST SP 800-56B, Appendix C.2).

use crypto_bigint::{BoxedUint, Gcd as _, NonZero, Resize as _};
use std::cmp::Ordering;
use zeroize::Zeroizing;

/// The longest modulus that is worked on: 5 ms of work at 2048 bits, 40 at this.
const BITS_MAX: u32 = 8192;

/// A private key by some of its numbers, big-endian; p and q stand together or not at all.
#[derive(Default)]
pub struct Known<'a> {
    /// The modulus.
    pub n: &'a [u8],
    /// The public exponent.
    pub e: Option<&'a [u8]>,
    /// The private exponent.
    pub d: Option<&'a [u8]>,
    /// The prime factors.
    pub primes: Option<(&'a [u8], &'a [u8])>,
}

/// All numbers of a private key but the modulus, big-endian without leading zeros.
pub struct Whole {
    /// The public exponent.
    pub e: Zeroizing<Vec<u8>>,
    /// The private exponent.
    pub d: Zeroizing<Vec<u8>>,
    /// The first factor.
    pub p: Zeroizing<Vec<u8>>,
    /// The second factor.
    pub q: Zeroizing<Vec<u8>>,
    /// d modulo p - 1.
    pub dp: Zeroizing<Vec<u8>>,
    /// d modulo q - 1.
    pub dq: Zeroizing<Vec<u8>>,
    /// The inverse of q modulo p.
    pub qi: Zeroizing<Vec<u8>>,
}

impl Known<'_> {
    /// Whether the whole key follows from these numbers, if they are of one: the primes and an exponent, or both exponents,
    /// of a modulus that is not too long to be worked on.
    pub fn is_enough(&self) -> bool {
        let told = match self.primes {
            Some(_) => self.e.is_some() || self.d.is_some(),
            None => self.e.is_some() && self.d.is_some(),
        };
        told && BoxedUint::from_be_slice_vartime(self.n).bit_width_vartime() <= BITS_MAX
    }

    /// The whole key; `None` where the numbers are too few for one, or are of no key: the primes are not the factors of
    /// the modulus, or an exponent has no inverse.
    pub fn complete(&self) -> Option<Whole> {
        let bits = BoxedUint::from_be_slice_vartime(self.n).bit_width_vartime();
        if !(16..=BITS_MAX).contains(&bits) {
            return None;
        }
        // What is computed on the way to the factors has at most three times the bits of the modulus, and some.
        let width = 4 * bits.next_multiple_of(64);
        let n = Number::read(self.n, width)?;
        let within = |bytes: &[u8]| Number::read(bytes, width).filter(|x| x.one() < *x && *x < n);
        let exponent = |bytes: Option<&[u8]>| match bytes {
            None => Some(None),
            Some(bytes) => within(bytes).map(Some),
        };
        let (e, d) = (exponent(self.e)?, exponent(self.d)?);
        let (p, q) = match (self.primes, &e, &d) {
            (Some((p, q)), ..) => (within(p)?, within(q)?),
            (None, Some(e), Some(d)) => factors(&n, e, d)?,
            _ => return None,
        };
        if p.times(&q) != n {
            return None;
        }
        let (p1, q1) = (p.less(&p.one()), q.less(&q.one()));
        let e = match (e, &d) {
            (None, Some(d)) => d.inverse(&p1.multiple(&q1)?)?,
            (e, _) => e?,
        };
        let d = match d {
            None => e.inverse(&p1.multiple(&q1)?)?,
            Some(d) => d,
        };
        let (dp, dq) = (d.modulo(&p1)?, d.modulo(&q1)?);
        if e.times(&dp).modulo(&p1)? != e.one() || e.times(&dq).modulo(&q1)? != e.one() {
            return None;
        }
        let qi = q.inverse(&p)?;
        let [e, d, p, q, dp, dq, qi] = [e, d, p, q, dp, dq, qi].map(|number| number.written());
        Some(Whole { e, d, p, q, dp, dq, qi })
    }
}

/// Whether a modulus is the product of two numbers; also where it is too long to be worked on.
pub fn is_product(n: &[u8], p: &[u8], q: &[u8]) -> bool {
    let bits = BoxedUint::from_be_slice_vartime(n).bit_width_vartime();
    if bits > BITS_MAX {
        return true;
    }
    // What is longer than the modulus is no factor of it, so that nothing overflows.
    let width = 2 * bits.next_multiple_of(64).max(64);
    let read = |bytes: &[u8]| Number::read(bytes, width);
    match (read(n), read(p), read(q)) {
        (Some(n), Some(p), Some(q)) => p <= n && q <= n && p.times(&q) == n,
        _ => false,
    }
}

/// The factors of the modulus from both exponents (NIST SP 800-56B, C.2).
fn factors(n: &Number, e: &Number, d: &Number) -> Option<(Number, Number)> {
    let one = n.one();
    let product = e.times(d).less(&one);
    let (m, r) = product.times(&product.common(&n.less(&one))).divided(n)?;
    let (b, left) = n.less(&r).divided(&m.plus(&one))?;
    let b = b.plus(&one);
    let (square, four) = (b.times(&b), n.times(&one.plus(&one).plus(&one).plus(&one)));
    if left >= one || square <= four {
        return None;
    }
    let y = square.less(&four).root()?;
    Some((b.plus(&y).half(), b.less(&y).half()))
}

/// A number that is wiped. All those of a key have the same width, in which nothing of the above overflows.
#[derive(PartialEq)]
struct Number(Zeroizing<BoxedUint>);

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        BoxedUint::partial_cmp(&self.0, &other.0)
    }
}

impl Number {
    fn new(number: BoxedUint) -> Self {
        Self(Zeroizing::new(number))
    }

    fn read(bytes: &[u8], width: u32) -> Option<Self> {
        BoxedUint::from_be_slice(bytes, width).ok().map(Self::new)
    }

    fn written(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_be_bytes_trimmed_vartime().into_vec())
    }

    fn one(&self) -> Self {
        Self::new(BoxedUint::one_with_precision(self.0.bits_precision()))
    }

    fn plus(&self, other: &Self) -> Self {
        Self::new(self.0.wrapping_add(&*other.0))
    }

    fn less(&self, other: &Self) -> Self {
        Self::new(self.0.wrapping_sub(&*other.0))
    }

    fn times(&self, other: &Self) -> Self {
        Self::new(self.0.wrapping_mul(&*other.0))
    }

    fn half(&self) -> Self {
        Self::new(self.0.shr(1))
    }

    /// The square root, where it is whole.
    fn root(&self) -> Option<Self> {
        Option::from(self.0.checked_sqrt()).map(Self::new)
    }

    /// Quotient and remainder.
    fn divided(&self, by: &Self) -> Option<(Self, Self)> {
        let (quotient, remainder) = self.0.div_rem(&*by.not_zero()?);
        Some((Self::new(quotient), Self::new(remainder)))
    }

    fn modulo(&self, by: &Self) -> Option<Self> {
        self.divided(by).map(|(_, remainder)| remainder)
    }

    /// The greatest common divisor.
    fn common(&self, other: &Self) -> Self {
        Self::new(self.0.gcd(&other.0))
    }

    /// The least common multiple.
    fn multiple(&self, other: &Self) -> Option<Self> {
        self.divided(&self.common(other)).map(|(share, _)| share.times(other))
    }

    /// The inverse modulo a number.
    fn inverse(&self, modulus: &Self) -> Option<Self> {
        let wide = self.0.bits_precision();
        let narrow = modulus.0.bit_width_vartime().next_multiple_of(64);
        let narrowed = |number: &Self| Self::new((&*number.0).resize_unchecked(narrow));
        let inverse = narrowed(&self.modulo(modulus)?).0.invert_mod(&*narrowed(modulus).not_zero()?);
        Option::from(inverse).map(|inverse: BoxedUint| Self::new(inverse.resize_unchecked(wide)))
    }

    fn not_zero(&self) -> Option<Zeroizing<NonZero<BoxedUint>>> {
        Option::from(NonZero::new(BoxedUint::clone(&self.0))).map(Zeroizing::new)
    }
}
