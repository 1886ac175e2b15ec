//! GF(2^8) and GF(2^16) of KMIP 2.1, 13.1: no tables and no branches on secrets, so that time tells nothing.
//!
//! GF(2^8) is reduced by x^8+x^4+x^3+x^2+1 in all versions, as 2.0 and 2.1 have it and as every OASIS case computes, those
//! of 1.x too, whose text names the polynomial of AES. The product in GF(2^16) follows from y^2 = y + m, with which the
//! inverse of the clause agrees; its formula for the product has m at the wrong term.

use super::{Error, Field, Secret};

/// x^4+x^3+x^2+1: what x^8 is.
const REDUCTION: u8 = 0x1d;

/// m of the clause: x^5+x^4+x^3+x.
const M: u8 = 0x3a;

fn times(a: u8, b: u8) -> u8 {
    let (mut shifted, mut product) = (a, 0);
    for bit in 0..8 {
        product ^= shifted & mask(b >> bit & 1);
        shifted = shifted << 1 ^ REDUCTION & mask(shifted >> 7);
    }
    product
}

/// All bits like the one.
fn mask(bit: u8) -> u8 {
    0_u8.wrapping_sub(bit)
}

/// By Fermat: the 254th power, which of 0 is 0.
fn inverse(a: u8) -> u8 {
    let (mut square, mut product) = (a, 1);
    for _ in 1..8 {
        square = times(square, square);
        product = times(product, square);
    }
    product
}

/// GF(2^8).
pub struct Gf8;

impl Field for Gf8 {
    type Element = u8;

    fn part(&self, identifier: u8) -> u8 {
        identifier
    }

    fn add(&self, a: &u8, b: &u8) -> u8 {
        a ^ b
    }

    fn subtract(&self, a: &u8, b: &u8) -> u8 {
        a ^ b
    }

    fn multiply(&self, a: &u8, b: &u8) -> u8 {
        times(*a, *b)
    }

    fn inverse(&self, a: &u8) -> Option<u8> {
        (*a != 0).then(|| inverse(*a))
    }

    fn random_bytes(&self) -> usize {
        1
    }

    fn random(&self, bytes: &[u8]) -> u8 {
        bytes.first().copied().unwrap_or_default()
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(bytes.to_vec())
    }

    fn write(&self, piece: &u8, out: &mut Secret) {
        out.push(*piece);
    }
}

/// GF(2^16): u and v of uy + v.
pub struct Gf16;

impl Field for Gf16 {
    type Element = (u8, u8);

    fn part(&self, identifier: u8) -> (u8, u8) {
        (0, identifier)
    }

    fn add(&self, (r, s): &(u8, u8), (u, v): &(u8, u8)) -> (u8, u8) {
        (r ^ u, s ^ v)
    }

    fn subtract(&self, a: &(u8, u8), b: &(u8, u8)) -> (u8, u8) {
        self.add(a, b)
    }

    fn multiply(&self, (r, s): &(u8, u8), (u, v): &(u8, u8)) -> (u8, u8) {
        let low = times(*s, *v);
        (times(r ^ s, u ^ v) ^ low, times(times(*r, *u), M) ^ low)
    }

    fn inverse(&self, (u, v): &(u8, u8)) -> Option<(u8, u8)> {
        let d = inverse(times(u ^ v, *v) ^ times(M, times(*u, *u)));
        (d != 0).then(|| (times(*u, d), times(u ^ v, d)))
    }

    fn random_bytes(&self) -> usize {
        2
    }

    fn random(&self, bytes: &[u8]) -> (u8, u8) {
        match bytes {
            [u, v, ..] => (*u, *v),
            _ => (0, 0),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<(u8, u8)>, Error> {
        if !bytes.len().is_multiple_of(2) {
            return Err(Error::Parameter("GF(2^16) shares whole pieces of 16 bits"));
        }
        Ok(bytes.chunks_exact(2).map(|piece| self.random(piece)).collect())
    }

    fn write(&self, (u, v): &(u8, u8), out: &mut Secret) {
        out.extend_from_slice(&[*u, *v]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inverse_is_one() {
        for a in 1..=255 {
            assert_eq!(times(a, inverse(a)), 1);
        }
        for a in 1..=u16::MAX {
            let [u, v] = a.to_be_bytes();
            let one = Gf16.multiply(&(u, v), &Gf16.inverse(&(u, v)).unwrap_or_default());
            assert_eq!(one, (0, 1), "{a:04x}");
        }
        assert_eq!((Gf8.inverse(&0), Gf16.inverse(&(0, 0))), (None, None));
    }

    #[test]
    fn the_reduction_is_that_of_the_clause() {
        assert_eq!(times(0x80, 2), 0x1d, "x^8 = x^4+x^3+x^2+1");
        assert_eq!(Gf16.multiply(&(1, 0), &(1, 0)), (1, M), "y^2 = y + m");
    }
}
