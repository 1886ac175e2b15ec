//! A generator that clients may add to: CTR_DRBG with AES-256 (NIST SP 800-90A, 10.2.1) of AWS-LC.
//!
//! Every run of it is instantiated with fresh entropy of the system; what clients have sent is the personalisation
//! string beside it. So a client's seed can add to what the bytes depend on and take nothing away: one who knows or
//! chooses all seeds knows nothing about the bytes.
#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs does not offer the DRBG")]

use super::{Digest, Error};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_sys as c;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Bytes of entropy, and of the personalisation string (SP 800-90A, table 3: the seed length).
const SEED_BYTES: usize = 48;

/// What one run may give (AWS-LC, as SP 800-90A, table 3).
const RUN_BYTES_MAX: usize = 65536;

/// What clients have sent so far, digested: each seed together with those before it.
#[derive(Default)]
pub struct Seeds(Mutex<Option<Zeroizing<[u8; SEED_BYTES]>>>);

impl Seeds {
    /// Takes a seed in.
    pub fn add(&self, seed: &[u8]) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.as_ref().map_or(&[][..], |held| held.as_slice());
        let digest = Digest::Sha384.of(&Zeroizing::new([before, seed].concat()));
        let mut next = Zeroizing::new([0; SEED_BYTES]);
        next.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        *held = Some(next);
    }

    /// Fills the buffer with random bytes that depend on the system's entropy and, where there are any, on the seeds.
    pub fn fill(&self, out: &mut [u8]) -> Result<(), Error> {
        const FAILED: Error = Error::Failed("the system gives no random bytes");
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(seeds) = held else { return SystemRandom::new().fill(out).map_err(|_| FAILED) };
        for run in out.chunks_mut(RUN_BYTES_MAX) {
            let mut entropy = Zeroizing::new([0; SEED_BYTES]);
            SystemRandom::new().fill(entropy.as_mut_slice()).map_err(|_| FAILED)?;
            if !generate(&entropy, &seeds, run) {
                return Err(FAILED);
            }
        }
        Ok(())
    }
}

fn generate(entropy: &[u8; SEED_BYTES], personalisation: &[u8; SEED_BYTES], out: &mut [u8]) -> bool {
    // SAFETY: the entropy has the length that is read; the state is checked before use, wiped and freed once; `out` has
    // no more than the bytes of a run.
    unsafe {
        let state = c::CTR_DRBG_new(entropy.as_ptr(), personalisation.as_ptr(), personalisation.len());
        if state.is_null() {
            return false;
        }
        let done = c::CTR_DRBG_generate(state, out.as_mut_ptr(), out.len(), std::ptr::null(), 0) == 1;
        c::CTR_DRBG_clear(state);
        c::CTR_DRBG_free(state);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_follow_from_entropy_and_seeds_both() {
        let run = |entropy, seeds| {
            let mut out = [0; 32];
            assert!(generate(&[entropy; 48], &[seeds; 48], &mut out));
            out
        };
        assert_eq!(run(1, 1), run(1, 1));
        assert_ne!(run(1, 1), run(1, 2), "the seeds count");
        assert_ne!(run(1, 1), run(2, 1), "they do not take the place of the entropy");
    }

    #[test]
    fn the_same_seed_never_gives_the_same_bytes() {
        let (one, other) = (Seeds::default(), Seeds::default());
        let (mut first, mut second) = (vec![0; 100_000], vec![0; 100_000]);
        for (seeds, out) in [(&one, &mut first), (&other, &mut second)] {
            seeds.add(b"chosen by a client");
            seeds.fill(out).expect("random bytes");
        }
        assert_ne!(first, second);
        assert!(first.chunks(16).all(|chunk| chunk != [0; 16]));
    }
}
