//! What the judgement of one chain may cost, whatever its sender has put into it. All searches of a judgement share it: a peer
//! that has proved nothing yet must not keep a thread of the server.

use super::chain::Purpose;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use std::sync::atomic::{AtomicUsize, Ordering};
use webpki::{Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

/// How many certificates all searches of a judgement look at, one that is looked at again counted again. Those that a chain may
/// have make some 200 paths at most.
pub const STEPS_MAX: usize = 256;

/// How many signatures they check: as many as webpki checks in one search.
pub const SIGNATURES_MAX: usize = 100;

/// What was done for one judgement.
#[derive(Default, Debug)]
pub struct Work {
    steps: AtomicUsize,
    signatures: AtomicUsize,
}

impl Work {
    /// Whether nothing more is done.
    pub fn is_over(&self) -> bool {
        self.steps() > STEPS_MAX || self.signatures() > SIGNATURES_MAX
    }

    /// How many certificates were looked at.
    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// How many signatures were checked.
    pub fn signatures(&self) -> usize {
        self.signatures.load(Ordering::Relaxed)
    }

    /// These algorithms, each signature that they check counted.
    pub fn counting<'w>(&'w self, all: &[&'w dyn SignatureVerificationAlgorithm]) -> Vec<Counted<'w>> {
        all.iter().map(|algorithm| Counted { algorithm: *algorithm, work: self }).collect()
    }
}

/// An algorithm whose signatures are counted; when there were enough, none is good.
#[derive(Debug)]
pub struct Counted<'w> {
    algorithm: &'w dyn SignatureVerificationAlgorithm,
    work: &'w Work,
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if !self.work.is_over() {
            self.work.signatures.fetch_add(1, Ordering::Relaxed);
        }
        match self.work.is_over() {
            true => Err(InvalidSignature),
            false => self.algorithm.verify_signature(public_key, message, signature),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

/// A purpose that webpki asks each certificate of a path for, and so counts them.
#[derive(Clone, Copy)]
pub struct CountedPurpose<'w> {
    /// The purpose.
    pub purpose: Purpose,
    /// Where it is counted.
    pub work: &'w Work,
}

impl ExtendedKeyUsageValidator for CountedPurpose<'_> {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        self.work.steps.fetch_add(1, Ordering::Relaxed);
        match self.work.is_over() {
            // This one ends the search, which other errors do not.
            true => Err(Error::MaximumPathBuildCallsExceeded),
            false => self.purpose.validate(purposes),
        }
    }
}
