//! The integers modulo a prime, in constant time but for their length.

use super::{Error, Field, Secret};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use crypto_primes::{Flavor, is_prime};
use zeroize::Zeroize as _;

/// The longest prime, in bits: testing a longer one takes long.
pub const PRIME_BITS_MAX: u32 = 4096;

/// How many random bytes beyond those of the prime make a remainder even.
const EVEN_BYTES: usize = 16;

/// A prime field.
pub struct Prime {
    modulus: BoxedMontyParams,
    bits: u32,
}

/// An element, wiped when it is dropped.
#[derive(Clone)]
pub struct Residue(BoxedMontyForm);

impl Drop for Residue {
    fn drop(&mut self) {
        self.0.as_montgomery_mut().zeroize();
    }
}

impl Prime {
    /// The field of a prime, big-endian.
    pub fn new(prime: &[u8]) -> Result<Self, Error> {
        const NOT_PRIME: Error = Error::Parameter("the Prime Field Size is not an odd prime");
        if prime.len() > PRIME_BITS_MAX as usize / 8 {
            return Err(Error::Parameter("the Prime Field Size has more than 4096 bits"));
        }
        let prime = BoxedUint::from_be_slice_vartime(prime);
        if !is_prime(Flavor::Any, &prime) {
            return Err(NOT_PRIME);
        }
        let bits = prime.bit_width();
        let modulus = Option::<Odd<BoxedUint>>::from(Odd::new(prime)).ok_or(NOT_PRIME)?;
        Ok(Self { modulus: BoxedMontyParams::new_vartime(modulus), bits })
    }

    /// The secret, if all secrets of its length are smaller than the prime.
    pub fn fitting<'s>(&self, secret: &'s [u8]) -> Result<&'s [u8], Error> {
        if secret.len() * 8 >= self.bits as usize {
            return Err(Error::Parameter("the Prime Field Size is too small for the secret"));
        }
        Ok(secret)
    }

    fn width(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    fn residue(&self, mut number: BoxedUint) -> Residue {
        let reduced = number.rem(self.modulus.modulus().as_nz_ref());
        number.zeroize();
        Residue(BoxedMontyForm::new(reduced, &self.modulus))
    }
}

impl Field for Prime {
    type Element = Residue;

    fn part(&self, identifier: u8) -> Residue {
        self.residue(BoxedUint::from(u64::from(identifier)))
    }

    fn add(&self, a: &Residue, b: &Residue) -> Residue {
        Residue(a.0.add(&b.0))
    }

    fn subtract(&self, a: &Residue, b: &Residue) -> Residue {
        Residue(a.0.sub(&b.0))
    }

    fn multiply(&self, a: &Residue, b: &Residue) -> Residue {
        Residue(a.0.mul(&b.0))
    }

    fn inverse(&self, a: &Residue) -> Option<Residue> {
        Option::<BoxedMontyForm>::from(a.0.invert()).map(Residue)
    }

    fn random_bytes(&self) -> usize {
        self.width() + EVEN_BYTES
    }

    fn random(&self, bytes: &[u8]) -> Residue {
        self.residue(BoxedUint::from_be_slice_vartime(bytes))
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Residue>, Error> {
        let number = BoxedUint::from_be_slice_vartime(bytes);
        if number >= *self.modulus.modulus().as_ref() {
            return Err(Error::Failed("a part is not smaller than the Prime Field Size"));
        }
        Ok(vec![self.residue(number)])
    }

    fn write(&self, piece: &Residue, out: &mut Secret) {
        let mut number = piece.0.retrieve();
        let mut bytes = number.to_be_bytes();
        let start = bytes.len().saturating_sub(self.width());
        out.extend_from_slice(bytes.get(start..).unwrap_or_default());
        bytes.zeroize();
        number.zeroize();
    }
}
