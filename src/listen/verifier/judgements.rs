//! The chains that were found good. What the handshake has judged is not judged again when the connection is let in, nor when the
//! client comes back, while no date passes that the judgement depends on. CAs and lists are those of one verifier: another begins
//! with none.

use crate::authenticate::{Judgement, Shown};
use aws_lc_rs::digest;
use quick_cache::sync::Cache;
use rustls::pki_types::CertificateDer;
use std::fmt;

/// How many are kept: some 2 KiB each.
const CHAINS_MAX: usize = 4096;

/// SHA-256 of a chain and of what it was shown as.
pub type ChainDigest = [u8; 32];

/// The judgements of chains that were good.
pub struct Judgements(Cache<ChainDigest, Judgement>);

impl Default for Judgements {
    fn default() -> Self {
        Self(Cache::new(CHAINS_MAX))
    }
}

impl fmt::Debug for Judgements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} judgements", self.0.len())
    }
}

impl Judgements {
    /// That of a chain, where it was found good and that holds at this time, in seconds since 1970.
    pub fn get(&self, chain: &ChainDigest, now: i64) -> Option<Judgement> {
        self.0.get(chain).filter(|judgement| judgement.holds.has(now))
    }

    /// Keeps one.
    pub fn put(&self, chain: ChainDigest, judgement: Judgement) {
        self.0.insert(chain, judgement);
    }
}

/// What tells a chain from all others: each of its certificates, in order, and whether a client or an endpoint shows it.
pub fn digest_of(chain: &[CertificateDer<'_>], shown: Shown) -> ChainDigest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[match shown {
        Shown::ByClient => 0,
        Shown::ByEndpoint => 1,
    }]);
    for certificate in chain {
        context.update(&(certificate.len() as u64).to_be_bytes());
        context.update(certificate);
    }
    let mut out = [0; 32];
    out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    out
}
