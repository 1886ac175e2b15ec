//! Padding to whole blocks: PKCS#5 and #7 (RFC 5652, 6.3), ANSI X9.23, ISO 10126, SSL 3.0, zeros.
//!
//! The library pads by PKCS#7 alone, and the crate `block-padding` does not pad by ISO 10126 as that wants it.

use super::Error;
use zeroize::Zeroizing;

/// How the last block is filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// Each byte says how many there are.
    Pkcs7,
    /// Zeros, and the last byte says how many bytes there are.
    AnsiX923,
    /// Random bytes, and the last byte says how many there are.
    Iso10126,
    /// Any bytes, and the last one says how many there are before it.
    Ssl3,
    /// Zeros where the data does not end with a block: data that ends with zeros loses them.
    Zeros,
}

impl Padding {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Pkcs7, Self::AnsiX923, Self::Iso10126, Self::Ssl3, Self::Zeros];

    /// The data with its padding. `random` has a block of random bytes.
    pub fn padded(self, data: &[u8], block_bytes: usize, random: &[u8]) -> Zeroizing<Vec<u8>> {
        let missing = block_bytes - data.len() % block_bytes;
        let count = u8::try_from(missing).unwrap_or(u8::MAX);
        let (filling, last) = match self {
            Self::Pkcs7 => (vec![count; missing], count),
            Self::AnsiX923 => (vec![0; missing], count),
            Self::Iso10126 => (random.iter().copied().take(missing).collect(), count),
            Self::Ssl3 => (vec![count - 1; missing], count - 1),
            Self::Zeros if missing == block_bytes => (Vec::new(), 0),
            Self::Zeros => (vec![0; missing], 0),
        };
        let mut out = Zeroizing::new(Vec::with_capacity(data.len() + block_bytes));
        out.extend_from_slice(data);
        out.extend_from_slice(&filling);
        if let Some(end) = out.last_mut().filter(|_| self != Self::Zeros) {
            *end = last;
        }
        out
    }

    /// The length of the data without its padding, which must be whole. Every byte of the last block is looked at,
    /// wherever the first wrong one is.
    pub fn unpadded(self, data: &[u8], block_bytes: usize) -> Result<usize, Error> {
        const WRONG: Error =
            Error::Failed("the data does not end as it must: its padding, length or tag is wrong");
        let start = data.len().checked_sub(block_bytes);
        let block = start.and_then(|start| data.get(start..));
        let Some(block) = block.filter(|_| data.len().is_multiple_of(block_bytes)) else {
            return if self == Self::Zeros && data.is_empty() { Ok(0) } else { Err(WRONG) };
        };
        let last = usize::from(block.last().copied().unwrap_or_default());
        let count = match self {
            Self::Zeros => block.iter().rev().take_while(|byte| **byte == 0).count().min(block_bytes - 1),
            Self::Ssl3 => last + 1,
            _ => last,
        };
        let wrong = block.iter().rev().enumerate().skip(1).fold(0, |wrong, (place, byte)| {
            let wanted = match self {
                Self::Pkcs7 if place < count => last,
                Self::AnsiX923 if place < count => 0,
                _ => usize::from(*byte),
            };
            wrong | (wanted ^ usize::from(*byte))
        });
        let is_possible = count <= block_bytes && (count > 0 || self == Self::Zeros);
        if is_possible && wrong == 0 { Ok(data.len() - count) } else { Err(WRONG) }
    }
}
