//! Where random bytes come from.

use crate::Error;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// A source of random bytes; a parameter, so that tests can repeat a run.
pub trait Entropy: Send {
    /// Fills the whole buffer or fails.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error>;
}

/// The CTR_DRBG of AWS-LC, seeded by the system.
#[derive(Clone, Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.0.fill(out).map_err(|_| Error::Entropy)
    }
}
