//! A revocation list in words.

use crate::pki::{bounded, moment};
use std::fmt;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

/// What a revocation list says of itself.
pub struct RevocationList {
    issuer: String,
    revoked: usize,
    next: Option<i64>,
    fingerprint: String,
}

impl RevocationList {
    /// Of a list in DER.
    pub fn of(list: &[u8]) -> Self {
        let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, list));
        match CertificateRevocationList::from_der(list) {
            Ok((_, read)) => Self {
                issuer: bounded(&read.issuer().to_string()),
                revoked: read.iter_revoked_certificates().count(),
                next: read.next_update().map(|time| time.timestamp()),
                fingerprint,
            },
            Err(_) => {
                Self { issuer: "nobody that can be read".to_owned(), revoked: 0, next: None, fingerprint }
            }
        }
    }

    /// That it should have been replaced by now.
    pub fn stale(&self) -> Option<String> {
        let next = self.next.filter(|next| *next < time::OffsetDateTime::now_utc().unix_timestamp())?;
        Some(format!(
            "tls.crl: the list of {} should have been replaced on {}: whom its CA has revoked since then comes in; put the new \
             one there, and let the server read it (SIGHUP)",
            self.issuer,
            moment(next)
        ))
    }
}

impl fmt::Display for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the list of {} with {} revoked certificates, SHA-256 {}",
            self.issuer, self.revoked, self.fingerprint
        )?;
        self.next.map_or(Ok(()), |next| write!(f, ", the next one due on {}", moment(next)))
    }
}
