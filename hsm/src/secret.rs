//! Long-lived secrets: locked in memory, left out of core dumps, wiped when dropped.

use crate::{Entropy, Error};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Secret bytes. Neither `Clone` nor shown by `Debug`; the length never changes, so that nothing is left behind by a
/// growing buffer.
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes the bytes over; the vector that they came in is wiped.
    pub fn new(bytes: Vec<u8>) -> Self {
        let bytes = Zeroizing::new(bytes);
        let secret = Self(bytes.as_slice().into());
        secret.lock();
        secret
    }

    /// New random bytes.
    pub fn random(length: usize, entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let mut secret = Self(vec![0; length].into_boxed_slice());
        secret.lock();
        entropy.fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether both hold the same bytes; the time tells only the lengths.
    pub fn is_same(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// Keeps the pages out of swap and out of core dumps. Best effort: the limit on locked memory is the system's,
    /// and a server that cannot lock is no worse than one that does not try.
    #[allow(unsafe_code, reason = "mlock and madvise take addresses: a C border")]
    fn lock(&self) {
        let (start, length) = (self.0.as_ptr().cast_mut().cast(), self.0.len());
        if length == 0 {
            return;
        }
        // SAFETY: the range is a live allocation of this value; locking pages changes no byte of them.
        let _ = unsafe { rustix::mm::mlock(start, length) };
        let page = rustix::param::page_size();
        let aligned = (start as usize / page * page) as *mut std::ffi::c_void;
        let span = (start as usize - aligned as usize) + length;
        // SAFETY: DONTDUMP only marks pages for the core dumper; the span starts at the page of the allocation.
        let _ = unsafe { rustix::mm::madvise(aligned, span, rustix::mm::Advice::LinuxDontDump) };
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} secret bytes]", self.0.len())
    }
}
