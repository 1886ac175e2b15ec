//! What judges the certificates that others show: by the CAs, their revocation lists, and the time.

use super::Shown;
use crate::engine::rights::identity::{CertificatePath, Validity};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

/// What judges the certificates that others show.
pub trait Judge: Send + Sync {
    /// Judges a chain, the own certificate first, at a time in seconds since 1970, as the handshake does.
    fn judge(&self, chain: &[CertificateDer<'_>], shown: Shown, now: i64) -> Result<Judgement, Refused>;
}

/// The CAs of the configuration and their lists.
pub type Trust = Arc<dyn Judge>;

/// That a chain is good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The certificates that lead from the own one to the CA, without those that were sent beside them.
    pub path: CertificatePath,
    /// When these and the CA are good.
    pub validity: Option<Validity>,
    /// Between which times no date passes that the judgement depends on: outside, the chain is judged anew.
    pub holds: Validity,
}

/// Why the other side of a connection is not let in.
#[derive(Clone, Debug)]
pub struct Refused {
    /// In words.
    pub why: String,
    /// What TLS says where the certificate is at fault; none where the configuration does not let it in.
    pub error: Option<rustls::Error>,
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, error: None }
    }
}
