//! The revocation lists of `tls.crl`: whom they revoke, until when they count, and for whom none tells.
//!
//! Each list is judged once, when it is read ([`load`]): its form, its signature and by which key. After that a certificate is
//! looked up in it by number. Whether that key may speak of a certificate is told by the path of the certificate itself, which the
//! one search of [`super::chain`] has found good (RFC 5280, 6.3.3 (f), asks for a path of the list's issuer to the same CA): it is
//! the key that has signed the certificate, or one that this key, or the CA that has certified this key, has certified under the
//! same name.

mod issuers;
mod kept;
mod list;
mod load;
mod names;
mod part;
mod read;
mod told;

pub use list::RevocationList;
pub use load::load;

use crate::pki::moment;
use issuers::{CaKey, Known};
use names::ComparedName;
use std::sync::Arc;
use webpki::{Cert, Error, VerifiedPath};

/// How far ahead of the server's clock the clock of a CA may be, in seconds.
const SKEW_SECONDS: i64 = 300;

const DAY: i64 = 86_400;

/// The lists that were read.
#[derive(Clone, Default, Debug)]
pub struct Lists {
    /// Those of the files.
    all: Arc<[Arc<RevocationList>]>,
    /// Those of before the last reload whose place none of these takes: they go on revoking.
    kept: Arc<[Arc<RevocationList>]>,
    /// The names in which there are lists that no known key has signed.
    unverified: Arc<[ComparedName]>,
    known: Arc<Known>,
    /// What the operator is told of them.
    warnings: Arc<[String]>,
    /// How long a list counts after the next one should have been there.
    grace_seconds: u64,
}

/// A certificate of a path, and who has signed it.
struct Link<'p> {
    certificate: &'p Cert<'p>,
    is_ca: bool,
    /// The name and the key that have signed it.
    issuer: CaKey,
    /// The keys that may certify another key of that name: this one itself, and those that have certified it.
    certifiers: Vec<&'p [u8]>,
}

/// The lists for a certificate.
struct Telling<'l> {
    /// By the key that has signed it.
    own: Vec<&'l RevocationList>,
    /// By other keys that may speak for that one.
    others: Vec<&'l RevocationList>,
    /// Whether its key has any, also one that only goes on revoking.
    has_own: bool,
    /// All of these, and the kept ones.
    revoking: Vec<&'l RevocationList>,
}

impl Lists {
    /// Those that count at this time: the newest of each key and part. One that is made in the future takes no other's place yet,
    /// and two that are equally new both count.
    pub fn at(&self, now: i64) -> Self {
        let is_followed = |list: &RevocationList| {
            let made = self.all.iter().filter(|other| other.age.0 <= now.saturating_add(SKEW_SECONDS));
            made.into_iter().any(|other| other.has_scope_of(list) && other.age > list.age)
        };
        let all: Arc<[_]> = self.all.iter().filter(|list| !is_followed(list)).cloned().collect();
        let kept = self.kept.iter().filter(|one| !kept::is_followed(one, &all, &self.known, now)).cloned();
        Self { kept: kept.collect(), all, ..self.clone() }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &RevocationList> {
        self.each().map(|list| &**list)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<RevocationList>> {
        self.all.iter().chain(self.kept.iter())
    }

    /// Each second in which something begins or ends to count.
    pub fn changes(&self) -> impl Iterator<Item = i64> {
        let of = move |list: &RevocationList| {
            let (from, until) = list.signer.span;
            [
                list.ends(self.grace_seconds),
                list.age.0.saturating_sub(SKEW_SECONDS),
                from,
                until.saturating_add(1),
            ]
        };
        self.iter().flat_map(of)
    }

    /// What the operator is told of them when they were read.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.warnings.iter()
    }

    /// Which of them should have been replaced by now, and whose signer ends or has ended, and what that does.
    pub fn overdue(&self, now: i64) -> Vec<String> {
        let current = self.at(now);
        let is_only = |one: &&Arc<RevocationList>| {
            let speaks =
                |list: &RevocationList| list.has_key_of(one) || kept::speaks(list, one, &self.known, now);
            !current.all.iter().any(|list| speaks(list)) && !self.known.former.contains(&one.id())
        };
        let counting = current.all.iter().chain(current.kept.iter().filter(is_only));
        let late = counting.filter_map(|list| list.overdue(now, self.grace_seconds));
        let speaking = current.all.iter().filter(|list| !self.known.trusted.contains(&list.id()));
        let ended = speaking.filter_map(|list| list.speaks_no_more(now, DAY));
        late.chain(ended.map(|text| format!("tls.crl: {text}"))).collect()
    }

    /// Which of those that were in force before are followed by an older one.
    pub fn older_than(&self, before: &Self, now: i64) -> Vec<String> {
        let (new, old) = (self.at(now), before.at(now));
        let older = |before: &RevocationList| {
            let mut following = new.all.iter().filter(|list| list.has_key_of(before) && list.covers(before));
            following.clone().all(|list| list.age < before.age).then(|| following.next()).flatten().map(|list| {
                format!(
                    "tls.crl: the list of {} that is now in force is older than the one before: it was made on {}, and that one on {}. \
                     Whom only the newer one revokes comes in again. Put the newer one back, unless the CA has taken it back, and let \
                     the server read it (SIGHUP, `systemctl reload`)",
                    list.issuer,
                    moment(list.age.0),
                    moment(before.age.0)
                )
            })
        };
        old.iter().filter_map(older).collect()
    }

    /// Whether a path is good by the lists at this time, in seconds since 1970: that no certificate of it is revoked, and that no
    /// list is missing or too old that would tell.
    pub fn judge(&self, path: &VerifiedPath<'_>, now: i64) -> Result<(), Error> {
        if self.iter().next().is_none() && self.unverified.is_empty() {
            return Ok(());
        }
        let top = webpki::spki_for_anchor(path.anchor());
        let keys = path.intermediate_certificates().map(|one| one.subject_public_key_info());
        let keys: Vec<_> = keys.chain(std::iter::once(top)).collect();
        let own: &Cert<'_> = path.end_entity();
        let certificates = std::iter::once(own).chain(path.intermediate_certificates());
        let links = certificates.zip(&keys).enumerate().map(|(place, (certificate, key))| {
            let issuer = (ComparedName::of_content(certificate.issuer()), key.as_ref().to_vec());
            let above = keys.get(place + 1).map(AsRef::as_ref);
            let known = self.known.certifiers.get(&issuer).into_iter().flatten().map(Vec::as_slice);
            let certifiers = [Some(key.as_ref()), above].into_iter().flatten().chain(known).collect();
            Link { certificate, is_ca: place > 0, issuer, certifiers }
        });
        let links: Vec<Link<'_>> = links.collect();
        let told: Vec<_> = links.iter().map(|link| (link, self.notifications(link, now))).collect();
        let revokes = |(link, notifications): &(&Link<'_>, Telling<'_>)| {
            notifications.revokes(link.certificate.serial())
        };
        if told.iter().any(revokes) {
            return Err(Error::CertRevoked);
        }
        told.iter().try_for_each(|(link, notifications)| self.tells(link, notifications, now))
    }

    /// The lists for a certificate.
    fn notifications<'s>(&'s self, link: &Link<'_>, now: i64) -> Telling<'s> {
        let of = |lists: &'s [Arc<RevocationList>]| -> (Vec<_>, Vec<_>) {
            let (name, key) = &link.issuer;
            let named = lists.iter().map(|list| &**list).filter(|list| list.name == *name);
            let (own, others): (Vec<_>, Vec<_>) = named.partition(|list| list.signer.key == *key);
            let may_speak =
                |list: &&RevocationList| link.certifiers.iter().any(|key| list.signer.by.contains(*key));
            (own, others.into_iter().filter(may_speak).collect())
        };
        let ((own, others), (kept, kept_others)) = (of(&self.all), of(&self.kept));
        let revoking = [&own, &others, &kept, &kept_others].into_iter().flatten().copied().collect();
        let has_own = !own.is_empty() || !kept.is_empty();
        // One that was kept only revokes, where the files have another by its key, or one that speaks for it.
        let is_last = |list: &&RevocationList| !self.all.iter().any(|other| other.has_key_of(list));
        let last = |kept: Vec<&'s RevocationList>| kept.into_iter().filter(is_last).collect();
        let is_told = others.iter().any(|list| list.signer.is_good(now));
        let first = |files: Vec<_>, kept: Vec<_>| if files.is_empty() { last(kept) } else { files };
        let own = first(own, if is_told { Vec::new() } else { kept });
        Telling { own, others: first(others, kept_others), has_own, revoking }
    }

    /// Whether one of them tells that a certificate is not revoked, where there must be one.
    fn tells(&self, link: &Link<'_>, notifications: &Telling<'_>, now: i64) -> Result<(), Error> {
        let Telling { own, others, has_own, revoking: _ } = notifications;
        if !has_own && self.is_wanting(&link.issuer, others.is_empty()) {
            return Err(Error::UnknownRevocationStatus);
        }
        let all = if own.is_empty() { others } else { own };
        let fit: Vec<_> = all.iter().filter(|list| list.is_for(link.certificate, link.is_ca)).collect();
        if let Some(list) = fit.iter().find(|list| list.ends(self.grace_seconds) <= now) {
            return Err(Error::CrlExpired {
                time: super::anchors::time(now),
                next_update: super::anchors::time(list.next),
            });
        }
        match own.is_empty() && !fit.is_empty() && !fit.iter().any(|list| list.signer.is_good(now)) {
            true => Err(Error::UnknownRevocationStatus),
            false => Ok(()),
        }
    }

    /// Whether a key that has no list of its own must have one: where there are lists in its name, and it is not itself trusted.
    fn is_wanting(&self, issuer: &CaKey, has_no_other: bool) -> bool {
        let is_named = || self.iter().any(|list| list.name == issuer.0);
        !self.known.trusted.contains(issuer)
            && (self.unverified.contains(&issuer.0) || (has_no_other && is_named()))
    }

    /// Why nothing tells whether a certificate of the CA of this name (DER without tag and length), with one of these keys, is
    /// revoked; none where there is no list of that name, or one by such a key.
    pub fn silence(&self, name: &[u8], keys: &[&[u8]]) -> Option<&'static str> {
        let name = ComparedName::of_content(name);
        let named: Vec<_> = self.iter().filter(|list| list.name == name).collect();
        if named.iter().any(|list| keys.contains(&list.signer.key.as_slice())) {
            return None;
        }
        match self.unverified.contains(&name) {
            true => Some("cannot be verified, since no certificate beside it has the key that has signed it"),
            false if named.is_empty() => None,
            false => Some(
                "is by another key of that name, whose certificate does not let it speak for the one that has signed, or has ended",
            ),
        }
    }
}

impl Telling<'_> {
    /// Whether one of them has this number. A number is that of one certificate of its issuer, whichever part a list is for.
    fn revokes(&self, number: &[u8]) -> bool {
        self.revoking.iter().any(|list| list.revokes(number))
    }
}
