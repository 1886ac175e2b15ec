//! Where the sinks write: bytes that may be keys, so nothing of them stays behind when the room grows.

use std::{fmt, io};
use zeroize::Zeroize as _;

/// A growing run of bytes. It grows by copying and wiping.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    /// Room for a message of usual size.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(512))
    }

    /// Room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// How many bytes were written.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Appends so many zeros.
    pub(super) fn put_zeros(&mut self, count: usize) {
        self.reserve(count);
        self.0.resize(self.0.len() + count, 0);
    }

    /// Writes over bytes that are there, and gives them.
    pub(super) fn patch<const N: usize>(&mut self, at: usize, bytes: [u8; N]) -> Option<[u8; N]> {
        let place = self.0.get_mut(at..)?.first_chunk_mut()?;
        Some(std::mem::replace(place, bytes))
    }

    /// What was written. The caller wipes it where it may hold keys.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, more: usize) {
        if self.0.capacity() - self.0.len() < more {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let mut grown = Vec::with_capacity((self.0.len() + more) * 2);
        grown.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = grown;
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
