//! The revocation lists of `tls.crl`: which of them count, until when, and what they are in words.

use crate::pki::{bounded, moment, name};
use rustls::pki_types::CertificateRevocationListDer;
use std::fmt;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

/// A revocation list, and what it says of itself.
#[derive(Clone, Debug)]
pub struct RevocationList {
    /// The list.
    pub der: CertificateRevocationListDer<'static>,
    issuer: String,
    revoked: usize,
    fingerprint: String,
    /// What it is a list of: who has issued it, and which of the certificates of that CA it is for.
    scope: (Vec<u8>, Option<Vec<u8>>),
    /// When it was made, and its number: the greater is the newer.
    age: (i64, Vec<u8>),
    /// When the next one should be there, in seconds since 1970.
    next: Option<i64>,
}

impl RevocationList {
    /// Of a list in DER.
    pub fn of(der: CertificateRevocationListDer<'static>) -> Self {
        let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der));
        let Ok((_, read)) = CertificateRevocationList::from_der(&der) else {
            let (scope, age) = ((der.to_vec(), None), (0, Vec::new()));
            let issuer = "nobody that can be read".to_owned();
            return Self { der, issuer, revoked: 0, fingerprint, scope, age, next: None };
        };
        const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
        let part = read.extensions().iter().find(|one| one.oid.to_id_string() == ISSUING_DISTRIBUTION_POINT);
        // As many bytes for every number, so that they compare as numbers do: RFC 5280, 5.2.3, has 20 at most.
        let number = read.crl_number().map(|number| number.to_bytes_be()).unwrap_or_default();
        let number = [vec![0; 20usize.saturating_sub(number.len())], number].concat();
        Self {
            issuer: bounded(&name(read.issuer())),
            revoked: read.iter_revoked_certificates().count(),
            fingerprint,
            scope: (read.issuer().as_raw().to_vec(), part.map(|part| part.value.to_vec())),
            age: (read.last_update().timestamp(), number),
            next: read.next_update().map(|time| time.timestamp()),
            der,
        }
    }

    /// The newest list of each scope. Of those that this leaves out webpki could take one, and let in whom only the newer
    /// one revokes.
    pub fn newest(lists: Vec<Self>) -> Vec<Self> {
        let mut newest: Vec<Self> = Vec::new();
        for list in lists {
            match newest.iter_mut().find(|other| other.scope == list.scope) {
                Some(other) if other.age < list.age => *other = list,
                Some(_) => {}
                None => newest.push(list),
            }
        }
        newest
    }

    /// The first second in which nobody comes in by it any more, because the next one is not there.
    pub fn ends(&self, grace_seconds: u64) -> Option<i64> {
        let grace = i64::try_from(grace_seconds).unwrap_or(i64::MAX);
        self.next.map(|next| next.saturating_add(grace))
    }

    /// That it should have been replaced by now, and what that does.
    pub fn overdue(&self, now: i64, grace_seconds: u64) -> Option<String> {
        let (next, ends) = (self.next?, self.ends(grace_seconds)?);
        if now < next {
            return None;
        }
        let effect = match now < ends {
            true => {
                format!("from {} on (tls.crl_grace_seconds) no client of that CA is let in", moment(ends))
            }
            false => "no client of that CA is let in".to_owned(),
        };
        Some(format!(
            "tls.crl: the list of {} should have been replaced on {}: {effect}. Put the new one there, and let the server read \
             it (SIGHUP, `systemctl reload`)",
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
