//! How parameters are written (KMIP Profiles 2.1, PKCS#11 profile): one after another, big-endian. A CK_ULONG or a handle
//! has 8 bytes, a CK_BYTE one, a text of fixed width is padded with spaces. The number of elements stands before an array
//! in 4 bytes. Where the caller may pass NULL for an array that it gets, a byte tells whether it did. A mechanism is its
//! number, a byte that tells whether a parameter follows, and the parameter.

use crate::refusal::{Cause, OpResult, refuse};

/// The parameters of a call, read from the front.
pub struct Input<'p>(pub &'p [u8]);

impl<'p> Input<'p> {
    /// So many bytes.
    pub fn take(&mut self, count: usize) -> OpResult<&'p [u8]> {
        match self.0.split_at_checked(count) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => refuse(Cause::Pkcs11Codec, "the PKCS#11 Input Parameters end too early"),
        }
    }

    fn number<const N: usize>(&mut self) -> OpResult<u64> {
        Ok(self.take(N)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A CK_ULONG or a handle.
    pub fn ulong(&mut self) -> OpResult<u64> {
        self.number::<8>()
    }

    /// How many elements an array has, or how much room there is for them.
    pub fn count(&mut self) -> OpResult<usize> {
        Ok(usize::try_from(self.number::<4>()?).unwrap_or(usize::MAX))
    }

    /// A CK_BBOOL, or whether a pointer is not NULL.
    pub fn flag(&mut self) -> OpResult<bool> {
        match self.number::<1>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => refuse(
                Cause::Pkcs11Codec,
                "a byte of the PKCS#11 Input Parameters that must be 0 or 1 is neither",
            ),
        }
    }

    /// An array of bytes.
    pub fn bytes(&mut self) -> OpResult<&'p [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub fn end(&self) -> OpResult<()> {
        if self.is_empty() {
            return Ok(());
        }
        refuse(Cause::Pkcs11Codec, "something follows the last of the PKCS#11 Input Parameters")
    }
}

/// The parameters that a call gives out.
#[derive(Default)]
pub struct Output(pub Vec<u8>);

impl Output {
    /// A CK_ULONG or a handle.
    pub fn ulong(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// How many elements follow.
    pub fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }

    /// A CK_BBOOL, or whether an array follows.
    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// An array of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// A text of fixed width: cut between characters, or padded.
    pub fn text(&mut self, text: &str, width: usize) {
        let mut ends = (0..=width.min(text.len())).rev();
        let cut = ends.find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        self.raw(text.get(..cut).unwrap_or_default().as_bytes());
        self.0.resize(self.0.len() + width - cut, b' ');
    }

    /// A CK_VERSION.
    pub fn version(&mut self, major: u8, minor: u8) {
        self.raw(&[major, minor]);
    }
}
