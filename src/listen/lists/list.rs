//! A revocation list that can be used.

use super::issuers::{CaKey, Signer};
use super::names::ComparedName;
use super::part::Part;
use super::read::{Read, serial};
use crate::pki::moment;
use std::collections::HashSet;
use std::fmt;
use webpki::Cert;

/// A revocation list whose signature is that of a known key.
#[derive(Clone, Debug)]
pub struct RevocationList {
    /// The name of its issuer, for people.
    pub(super) issuer: String,
    pub(super) name: ComparedName,
    pub(super) signer: Signer,
    part: Option<Part>,
    /// The serial numbers that it revokes.
    revoked: HashSet<Box<[u8]>>,
    pub(super) fingerprint: String,
    /// When it was made, and its number: the greater is the newer.
    pub(super) age: (i64, Vec<u8>),
    /// When the next one should be there, in seconds since 1970.
    pub(super) next: i64,
}

impl RevocationList {
    /// What was read of a list, which this key has signed.
    pub fn new(der: &[u8], read: Read<'_>, signer: Signer) -> Self {
        let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der));
        let Read { issuer, name, part, revoked, age, next, signed: _, key_id: _ } = read;
        Self { issuer, name, signer, part, revoked, fingerprint, age, next }
    }

    /// The same, with whom its key speaks for.
    pub fn by(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    /// Whether it is a list of the same certificates as another.
    pub fn has_scope_of(&self, other: &Self) -> bool {
        (&self.name, &self.signer.key, &self.part) == (&other.name, &other.signer.key, &other.part)
    }

    /// The name and the key that it is by.
    pub fn id(&self) -> CaKey {
        (self.name.clone(), self.signer.key.clone())
    }

    /// Whether it is by the same key as another.
    pub fn has_key_of(&self, other: &Self) -> bool {
        (&self.name, &self.signer.key) == (&other.name, &other.signer.key)
    }

    /// Whether it is for all the certificates of its CA that another is for.
    pub fn covers(&self, other: &Self) -> bool {
        self.part.is_none() || self.part == other.part
    }

    /// Whether one of these lists has each number that it revokes.
    pub fn is_within(&self, lists: &[&Self]) -> bool {
        self.revoked.iter().all(|number| lists.iter().any(|list| list.revoked.contains(number)))
    }

    /// Whether this certificate of its issuer is of the part that it is for.
    pub fn is_for(&self, certificate: &Cert<'_>, is_ca: bool) -> bool {
        self.part.as_ref().is_none_or(|part| part.has(certificate, is_ca))
    }

    /// Whether it has this serial number.
    pub fn revokes(&self, number: &[u8]) -> bool {
        self.revoked.contains(serial(number))
    }

    /// The first second in which nobody comes in by it any more, because the next one is not there.
    pub fn ends(&self, grace_seconds: u64) -> i64 {
        self.next.saturating_add(i64::try_from(grace_seconds).unwrap_or(i64::MAX))
    }

    /// That it should have been replaced by now, and what that does.
    pub fn overdue(&self, now: i64, grace_seconds: u64) -> Option<String> {
        let (next, ends) = (self.next, self.ends(grace_seconds));
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

impl RevocationList {
    /// That the certificate by which its key speaks for others has ended, or does so within these seconds.
    pub fn speaks_no_more(&self, now: i64, within: i64) -> Option<String> {
        let until = self.signer.span.1;
        (until < now.saturating_add(within)).then(|| {
            format!(
                "the certificate of the key that has signed the list of {} {} on {}: it speaks for no other key of that CA after \
                 that, and nobody comes in by such a key that has no list of its own. Put a certificate that is good beside the list",
                self.issuer,
                if until < now { "has ended" } else { "ends" },
                moment(until)
            )
        })
    }
}

impl fmt::Display for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, revoked, fingerprint, next, .. } = self;
        write!(
            f,
            "the list of {issuer} with {} revoked certificates, SHA-256 {fingerprint}, the next one due on {}",
            revoked.len(),
            moment(*next)
        )
    }
}
