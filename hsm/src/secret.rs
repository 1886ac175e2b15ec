//! Long-lived secrets: locked in memory, left out of core dumps, wiped when dropped. The pages on which they lie are locked for as
//! long as one of them lives, so that what is locked is what is needed.

use crate::{Entropy, Error};
use rustix::io::Errno;
use rustix::mm::Advice;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

    /// The pages that it lies on, by number.
    fn pages(&self) -> Range<usize> {
        let (start, page) = (self.0.as_ptr() as usize, rustix::param::page_size());
        if self.0.is_empty() { 0..0 } else { start / page..(start + self.0.len()).div_ceil(page) }
    }

    /// Keeps its pages out of swap and out of core dumps. Best effort: the limit on locked memory is the system's, and a server
    /// that cannot lock is no worse than one that does not try. It is told once.
    fn lock(&self) {
        let mut held = held();
        for page in self.pages() {
            *held.entry(page).or_default() += 1;
            if let Err(why) = keep(page) {
                tell(why);
            }
        }
    }

    /// Lets go of the pages on which no other secret lies.
    fn unlock(&self) {
        let mut held = held();
        for page in self.pages() {
            let count = held.entry(page).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&page);
                let_go(page);
            }
        }
    }
}

/// The pages on which secrets lie, by number, with how many of them.
static HELD: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

fn held() -> MutexGuard<'static, BTreeMap<usize, usize>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much memory a server may need to lock at a time.
const NEEDED: usize = 256 * 1024;

/// Locks as much memory as a server may need, for a moment: where it cannot be had, the log tells now, and not when a key comes.
/// Asked for once the log is open: what was to be told before is told now.
pub fn try_locked_memory() {
    TOLD.store(false, Ordering::Relaxed);
    drop(Secret::new(vec![0; NEEDED]));
}

/// Whether the log has that memory cannot be locked.
static TOLD: AtomicBool = AtomicBool::new(false);

pub(crate) fn tell(why: Errno) {
    if !TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %why,
            "too little memory can be locked, so that opened keys may get into the swap space: let the server lock {} KiB or more \
             (LimitMEMLOCK= in its unit of systemd, ulimit -l in a shell), or have no swap space, or an encrypted one",
            NEEDED / 1024
        );
    }
}

/// Where a page begins, and how long it is.
fn span(page: usize) -> (*mut c_void, usize) {
    let length = rustix::param::page_size();
    ((page * length) as *mut c_void, length)
}

#[allow(unsafe_code, reason = "mlock and madvise take addresses: a C border")]
pub(crate) fn keep(page: usize) -> Result<(), Errno> {
    let (start, length) = span(page);
    // SAFETY: part of a live allocation lies on the page. DONTDUMP marks it for the core dumper alone.
    let _ = unsafe { rustix::mm::madvise(start, length, Advice::LinuxDontDump) };
    // SAFETY: as before; locking a page changes no byte of it.
    unsafe { rustix::mm::mlock(start, length) }
}

#[allow(unsafe_code, reason = "munlock and madvise take addresses: a C border")]
pub(crate) fn let_go(page: usize) {
    let (start, length) = span(page);
    // SAFETY: part of an allocation that is live yet lies on the page; unlocking it changes no byte of it.
    let _ = unsafe { rustix::mm::munlock(start, length) };
    // SAFETY: marks the page for the core dumper alone.
    let _ = unsafe { rustix::mm::madvise(start, length, Advice::LinuxDoDump) };
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
        self.unlock();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} secret bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked_kib() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap_or_default();
        line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default()
    }

    /// However many there were: nothing stays locked, and what is on a page with one that lives is.
    #[test]
    fn what_is_locked_is_what_lives() {
        let many: Vec<Secret> = (0..500_u16).map(|n| Secret::new(vec![1; usize::from(n)])).collect();
        let pages = held().len();
        assert!(pages > 10 && locked_kib() >= 4, "{pages} pages, {} KiB", locked_kib());
        let last = many.into_iter().next_back();
        assert!(last.iter().flat_map(Secret::pages).all(|page| held().contains_key(&page)));
        assert!(held().len() < pages / 2, "of {pages} pages {} are locked still", held().len());
    }
}
