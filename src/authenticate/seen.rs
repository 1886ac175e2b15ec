//! Who has come by since the server started, to tell an administrator's misspelling from a client.

use crate::engine::draft::logins;
use crate::engine::rights::identity::{ClientRef, Fingerprint, Identity};
use crate::engine::rights::principal::Principal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most names, and the most certificates, that are remembered.
const SEEN_MAX: usize = 100_000;

/// The most certificates of administrators that are remembered.
const ADMINISTRATORS_MAX: usize = 1000;

/// Who has come by.
#[derive(Default)]
pub struct Seen(Mutex<All>);

#[derive(Default)]
struct All {
    names: BTreeSet<String>,
    certificates: BTreeMap<Fingerprint, String>,
    /// The digests of public keys, each with a certificate of it.
    keys: BTreeSet<(Fingerprint, Fingerprint)>,
    /// Of administrators more is kept: whether they would be let in again is asked before another one is locked out.
    administrators: BTreeMap<Fingerprint, Identity>,
}

impl Seen {
    /// Notes the holder of a certificate, who was let in.
    pub fn note(&self, principal: &Principal) {
        let mut all = self.lock();
        let holder = &principal.identity;
        let name = &holder.certificate;
        if principal.admin
            && let Some(fingerprint) = holder.fingerprint
            && (all.administrators.len() < ADMINISTRATORS_MAX
                || all.administrators.contains_key(&fingerprint))
        {
            all.administrators.insert(fingerprint, holder.clone());
        }
        for stated in holder.names() {
            if all.names.len() < SEEN_MAX && !all.names.contains(stated) {
                all.names.insert(stated.to_owned());
            }
        }
        if let Some(fingerprint) = holder.fingerprint
            && all.certificates.len() < SEEN_MAX
            && !all.certificates.contains_key(&fingerprint)
        {
            all.certificates.insert(fingerprint, name.clone());
            let key = holder.path.certificates().next().and_then(logins::of_certificate);
            all.keys.extend(key.map(|key| (key, fingerprint)));
        }
    }

    /// The name under which somebody came who is meant by this, or that the certificate stated.
    pub fn name_of(&self, whom: &ClientRef) -> Option<String> {
        let all = self.lock();
        match whom {
            ClientRef::Name(name) => all.names.get(name).cloned(),
            ClientRef::Certificate(fingerprint) => all.certificates.get(fingerprint).cloned(),
        }
    }

    /// The certificates with this public key with which somebody came, and their names.
    pub fn with_key(&self, key: &Fingerprint) -> Vec<(Fingerprint, String)> {
        let all = self.lock();
        let (first, last) = (Fingerprint::FIRST, Fingerprint::LAST);
        let own = all.keys.range((*key, first)..=(*key, last)).map(|(_, fingerprint)| fingerprint);
        own.filter_map(|one| Some((*one, all.certificates.get(one)?.clone()))).collect()
    }

    /// The certificates with which somebody came as an administrator who is meant by this.
    pub fn administrators(&self, whom: &ClientRef) -> Vec<Identity> {
        self.lock().administrators.values().filter(|identity| whom.is_holder(identity)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
