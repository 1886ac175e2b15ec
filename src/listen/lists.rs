//! The revocation lists of `tls.crl`: whom they revoke, until when they count, and what they are in words.
//!
//! Each list is judged once, when it is read ([`load`]): its form, its signature and who has signed it. After that a certificate
//! is looked up in it by number. A list counts for the certificates that its issuer has signed (RFC 5280, 6.3.3): those under the
//! key that verifies it, and those under another key of the same name whose path ends at a CA of `tls.ca` that the issuer leads to
//! as well. A CA with no such list revokes nobody.

mod issuers;
mod load;
mod names;
mod part;
mod read;

pub use load::load;

use crate::pki::moment;
use issuers::Signer;
use names::ComparedName;
use part::Part;
use read::{Read, serial};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use webpki::{Cert, Error, VerifiedPath};

/// The lists that count.
#[derive(Clone, Default, Debug)]
pub struct Lists {
    all: Arc<[RevocationList]>,
    /// How long a list counts after the next one should have been there.
    grace_seconds: u64,
}

/// A revocation list that can be used.
#[derive(Debug)]
pub struct RevocationList {
    issuer: String,
    name: ComparedName,
    signer: Signer,
    part: Option<Part>,
    /// The serial numbers that it revokes.
    revoked: HashSet<Box<[u8]>>,
    fingerprint: String,
    /// When it was made, and its number: the greater is the newer.
    age: (i64, Vec<u8>),
    /// When the next one should be there, in seconds since 1970.
    next: i64,
}

/// A certificate of a path, and who has signed it.
struct Link<'p> {
    certificate: &'p Cert<'p>,
    is_ca: bool,
    issuer: ComparedName,
    key: SubjectPublicKeyInfoDer<'static>,
}

impl Lists {
    /// The newest of each CA and part. Two that are equally new both count.
    fn newest(lists: Vec<RevocationList>, grace_seconds: u64) -> Self {
        let is_newer =
            |one: &RevocationList, other: &RevocationList| one.has_scope_of(other) && one.age > other.age;
        let is_followed: Vec<bool> =
            lists.iter().map(|list| lists.iter().any(|other| is_newer(other, list))).collect();
        let mut seen = HashSet::new();
        let left = lists.into_iter().zip(is_followed).filter(|(_, is_followed)| !is_followed);
        let all = left.map(|(list, _)| list).filter(|list| seen.insert(list.fingerprint.clone()));
        Self { all: all.collect(), grace_seconds }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &RevocationList> {
        self.all.iter()
    }

    /// The first second of each in which nobody comes in by it any more, because the next one is not there.
    pub fn ends(&self) -> impl Iterator<Item = i64> {
        self.all.iter().map(|list| list.ends(self.grace_seconds))
    }

    /// Which of them should have been replaced by now, and what that does.
    pub fn overdue(&self, now: i64) -> impl Iterator<Item = String> {
        self.all.iter().filter_map(move |list| list.overdue(now, self.grace_seconds))
    }

    /// Which of them are older than one of these, which were in force before, and what that does.
    pub fn older_than(&self, before: &Self) -> Vec<String> {
        let newer = |list: &RevocationList| {
            before.all.iter().filter(|other| other.has_scope_of(list)).find(|other| other.age > list.age)
        };
        let text = |list: &RevocationList, newer: &RevocationList| {
            format!(
                "tls.crl: the list of {} that is now in force is older than the one before: it was made on {}, and that one on {}. \
                 Whom only the newer one revokes comes in again. Put the newer one back, unless the CA has taken it back, and let the \
                 server read it (SIGHUP, `systemctl reload`)",
                list.issuer,
                moment(list.age.0),
                moment(newer.age.0)
            )
        };
        self.all.iter().filter_map(|list| newer(list).map(|newer| text(list, newer))).collect()
    }

    /// Whether a path is good by the lists at this time, in seconds since 1970: that no certificate of it is revoked, and that no
    /// list is too old that would tell.
    pub fn judge(&self, path: &VerifiedPath<'_>, now: i64) -> Result<(), Error> {
        if self.all.is_empty() {
            return Ok(());
        }
        let top = webpki::spki_for_anchor(path.anchor());
        let own: &Cert<'_> = path.end_entity();
        let certificates = std::iter::once(own).chain(path.intermediate_certificates());
        let keys = path.intermediate_certificates().map(|one| one.subject_public_key_info());
        let links: Vec<Link<'_>> = certificates
            .zip(keys.chain(std::iter::once(top.clone())))
            .enumerate()
            .map(|(place, (certificate, key))| {
                let issuer = ComparedName::of_content(certificate.issuer());
                Link { certificate, is_ca: place > 0, issuer, key }
            })
            .collect();
        if links.iter().any(|link| self.of(link, &top).any(|list| list.revokes(link.certificate.serial()))) {
            return Err(Error::CertRevoked);
        }
        let ended = |list: &&RevocationList| list.ends(self.grace_seconds) <= now;
        match links.iter().find_map(|link| self.telling(link, &top).into_iter().find(ended)) {
            Some(list) => Err(Error::CrlExpired {
                time: super::anchors::time(now),
                next_update: super::anchors::time(list.next),
            }),
            None => Ok(()),
        }
    }

    /// The lists that are for this certificate, at the end of whose path this key stands.
    fn of<'l>(&'l self, link: &'l Link<'_>, top: &'l [u8]) -> impl Iterator<Item = &'l RevocationList> {
        self.all.iter().filter(move |list| list.is_for(link, top))
    }

    /// Those of them that must not be too old: those by the key that has signed the certificate, where there are some.
    fn telling<'l>(&'l self, link: &'l Link<'_>, top: &'l [u8]) -> Vec<&'l RevocationList> {
        let (own, others): (Vec<_>, Vec<_>) =
            self.of(link, top).partition(|list| list.signer.key == link.key.as_ref());
        if own.is_empty() { others } else { own }
    }
}

impl RevocationList {
    /// What was read of a list, which this CA has signed.
    fn new(der: &[u8], read: Read<'_>, signer: Signer) -> Self {
        let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der));
        let Read { issuer, name, part, revoked, age, next, signed: _ } = read;
        Self { issuer, name, signer, part, revoked, fingerprint, age, next }
    }

    /// Whether it is a list of the same certificates as another.
    fn has_scope_of(&self, other: &Self) -> bool {
        (&self.name, &self.signer.key, &self.part) == (&other.name, &other.signer.key, &other.part)
    }

    /// Whether it is for this certificate, at the end of whose path this key stands.
    fn is_for(&self, link: &Link<'_>, top: &[u8]) -> bool {
        let is_by_issuer = self.signer.key == link.key.as_ref() || self.signer.tops.contains(top);
        is_by_issuer
            && self.name == link.issuer
            && self.part.as_ref().is_none_or(|part| part.has(link.certificate, link.is_ca))
    }

    fn revokes(&self, number: &[u8]) -> bool {
        self.revoked.contains(serial(number))
    }

    /// The first second in which nobody comes in by it any more, because the next one is not there.
    fn ends(&self, grace_seconds: u64) -> i64 {
        self.next.saturating_add(i64::try_from(grace_seconds).unwrap_or(i64::MAX))
    }

    /// That it should have been replaced by now, and what that does.
    fn overdue(&self, now: i64, grace_seconds: u64) -> Option<String> {
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
