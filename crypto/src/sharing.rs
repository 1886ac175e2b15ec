//! Secret sharing (KMIP 2.1, 13.1; Shamir's scheme over three fields): a secret in parts, of which a threshold gives it
//! back and fewer tell nothing. The parts are the values of a random polynomial at the part identifiers, the secret its
//! value at 0; with XOR all parts are needed.

use super::Error;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

mod binary;
mod prime;

use binary::{Gf8, Gf16};
use prime::Prime;

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// A part: its identifier and its bytes.
pub type Part<'a> = (u8, &'a [u8]);

const UNLIKE: Error = Error::Failed("the parts do not fit together: they are not of one secret");

/// How secrets are shared.
pub struct Scheme(Kind);

enum Kind {
    Xor,
    Gf8,
    Gf16,
    Prime(Prime),
}

/// A field to compute in.
trait Field {
    type Element: Clone;
    /// The element that stands for a part.
    fn part(&self, identifier: u8) -> Self::Element;
    fn add(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    fn subtract(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    fn multiply(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    fn inverse(&self, a: &Self::Element) -> Option<Self::Element>;
    /// How many random bytes make an element.
    fn random_bytes(&self) -> usize;
    /// An element from so many random bytes.
    fn random(&self, bytes: &[u8]) -> Self::Element;
    /// The pieces of a secret or a part.
    fn read(&self, bytes: &[u8]) -> Result<Vec<Self::Element>, Error>;
    /// Appends a piece.
    fn write(&self, piece: &Self::Element, out: &mut Secret);
}

impl Scheme {
    /// The longest prime of a field, in bits.
    pub const PRIME_BITS_MAX: usize = prime::PRIME_BITS_MAX as usize;

    /// How many bits a piece of a secret has; XOR takes it bit by bit.
    pub fn piece_bits(&self) -> usize {
        match &self.0 {
            Kind::Xor | Kind::Gf8 => 8,
            Kind::Gf16 => 16,
            Kind::Prime(field) => field.random_bytes() * 8,
        }
    }

    /// XOR: as many parts as the threshold.
    pub fn xor() -> Self {
        Self(Kind::Xor)
    }

    /// GF(2^8), a piece a byte.
    pub fn gf8() -> Self {
        Self(Kind::Gf8)
    }

    /// GF(2^16), a piece two bytes.
    pub fn gf16() -> Self {
        Self(Kind::Gf16)
    }

    /// The integers modulo a prime, big-endian; the secret is one piece.
    pub fn prime(prime: &[u8]) -> Result<Self, Error> {
        Prime::new(prime).map(Kind::Prime).map(Self)
    }

    /// How many random bytes it takes to split a secret of this length.
    pub fn random_bytes(&self, secret: usize, threshold: u8) -> usize {
        let coefficients = usize::from(threshold.saturating_sub(1));
        match &self.0 {
            Kind::Xor | Kind::Gf8 => secret * coefficients,
            Kind::Gf16 => secret.next_multiple_of(2) * coefficients,
            Kind::Prime(field) => field.random_bytes() * coefficients,
        }
    }

    /// The parts 1 to `parts` of a secret, made with [`random_bytes`](Self::random_bytes) random bytes.
    pub fn split(
        &self,
        secret: &[u8],
        parts: u8,
        threshold: u8,
        random: &[u8],
    ) -> Result<Vec<Secret>, Error> {
        if !(2..=parts).contains(&threshold) {
            return Err(Error::Parameter("the threshold is at least 2 and at most the number of parts"));
        }
        if random.len() != self.random_bytes(secret.len(), threshold) {
            return Err(Error::Parameter("the random bytes have another length than they must"));
        }
        match &self.0 {
            Kind::Xor if parts == threshold => Ok(split_by_xor(secret, random)),
            Kind::Xor => Err(Error::Parameter("XOR needs all parts: the threshold is their number")),
            Kind::Gf8 => split(&Gf8, secret, parts, threshold, random),
            Kind::Gf16 => split(&Gf16, secret, parts, threshold, random),
            Kind::Prime(field) => split(field, field.fitting(secret)?, parts, threshold, random),
        }
    }

    /// The secret of these parts, at least `threshold` of them and no part twice. Of a prime field it is as long as the
    /// prime.
    pub fn join(&self, parts: &[Part<'_>], threshold: u8) -> Result<Secret, Error> {
        if parts.len() < usize::from(threshold) {
            return Err(Error::Failed("there are fewer parts than the threshold"));
        }
        let length = parts.first().map_or(0, |(_, bytes)| bytes.len());
        if parts.iter().any(|(_, bytes)| bytes.len() != length) {
            return Err(UNLIKE);
        }
        let identifiers: BTreeSet<u8> = parts.iter().map(|(identifier, _)| *identifier).collect();
        if identifiers.len() < parts.len() {
            return Err(Error::Failed("a part is there twice: each part is named once"));
        }
        match &self.0 {
            // XOR gives bytes for any parts: only the identifiers tell that they are all there.
            Kind::Xor if !identifiers.into_iter().eq(1..=threshold) => {
                Err(Error::Failed("XOR joins all parts of a split, and these are not all"))
            }
            Kind::Xor => Ok(join_by_xor(parts, length)),
            Kind::Gf8 => join(&Gf8, parts, threshold),
            Kind::Gf16 => join(&Gf16, parts, threshold),
            Kind::Prime(field) => join(field, parts, threshold),
        }
    }
}

fn split_by_xor(secret: &[u8], random: &[u8]) -> Vec<Secret> {
    let mut last = Secret::from(secret.to_vec());
    let mut parts = Vec::new();
    for part in random.chunks_exact(secret.len().max(1)) {
        last.iter_mut().zip(part).for_each(|(last, byte)| *last ^= byte);
        parts.push(Secret::from(part.to_vec()));
    }
    parts.push(last);
    parts
}

fn join_by_xor(parts: &[Part<'_>], length: usize) -> Secret {
    let mut secret = Secret::from(vec![0; length]);
    for (_, part) in parts {
        secret.iter_mut().zip(*part).for_each(|(all, byte)| *all ^= byte);
    }
    secret
}

/// Horner's rule at every part, for every piece, from the highest coefficient down to the secret.
fn split<F: Field>(
    field: &F,
    secret: &[u8],
    parts: u8,
    threshold: u8,
    random: &[u8],
) -> Result<Vec<Secret>, Error> {
    let pieces = field.read(secret)?;
    let width = field.random_bytes();
    let mut shares = vec![Secret::default(); usize::from(parts)];
    for (piece, random) in pieces.iter().zip(random.chunks(width * usize::from(threshold - 1))) {
        let coefficients: Vec<F::Element> = random.chunks(width).map(|bytes| field.random(bytes)).collect();
        for (identifier, share) in (1..=parts).zip(&mut shares) {
            let at = field.part(identifier);
            let mut higher = coefficients.iter();
            let Some(mut value) = higher.next().cloned() else { continue };
            for coefficient in higher.chain([piece]) {
                value = field.add(&field.multiply(&value, &at), coefficient);
            }
            field.write(&value, share);
        }
    }
    Ok(shares)
}

/// Lagrange's interpolation at 0. What is more than the threshold must lie on the same polynomial.
fn join<F: Field>(field: &F, parts: &[Part<'_>], threshold: u8) -> Result<Secret, Error> {
    let secret = interpolated(field, parts)?;
    let enough = parts.get(..usize::from(threshold)).unwrap_or_default();
    if enough.len() < parts.len() && *interpolated(field, enough)? != *secret {
        return Err(UNLIKE);
    }
    Ok(secret)
}

fn interpolated<F: Field>(field: &F, parts: &[Part<'_>]) -> Result<Secret, Error> {
    let weights = weights(field, parts).ok_or(UNLIKE)?;
    let read: Vec<Vec<F::Element>> =
        parts.iter().map(|(_, bytes)| field.read(bytes)).collect::<Result<_, _>>()?;
    let mut secret = Secret::default();
    for piece in 0..read.first().map_or(0, Vec::len) {
        let terms = read
            .iter()
            .zip(&weights)
            .filter_map(|(pieces, weight)| pieces.get(piece).map(|value| field.multiply(value, weight)));
        let sum = terms.reduce(|sum, term| field.add(&sum, &term)).ok_or(UNLIKE)?;
        field.write(&sum, &mut secret);
    }
    Ok(secret)
}

/// What each part counts: the product of x / (x - its own) over the others. None where two parts are one.
fn weights<F: Field>(field: &F, parts: &[Part<'_>]) -> Option<Vec<F::Element>> {
    let elements: Vec<F::Element> = parts.iter().map(|(identifier, _)| field.part(*identifier)).collect();
    let weight = |own: usize, mine: &F::Element| {
        let others = elements.iter().enumerate().filter(|(other, _)| *other != own);
        others.map(|(_, theirs)| theirs).try_fold(field.part(1), |weight, theirs| {
            let distance = field.inverse(&field.subtract(theirs, mine))?;
            Some(field.multiply(&weight, &field.multiply(theirs, &distance)))
        })
    };
    elements.iter().enumerate().map(|(own, mine)| weight(own, mine)).collect()
}
