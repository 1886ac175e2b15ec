//! Who has come by since the server started, to tell an administrator's misspelling from a client.

use crate::engine::rights::identity::{ClientRef, Fingerprint, Identity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most names, and the most certificates, that are remembered.
const SEEN_MAX: usize = 100_000;

/// Who has come by.
#[derive(Default)]
pub struct Seen(Mutex<All>);

#[derive(Default)]
struct All {
    names: BTreeSet<String>,
    certificates: BTreeMap<Fingerprint, String>,
}

impl Seen {
    /// Notes the holder of a certificate, who was let in.
    pub fn note(&self, holder: &Identity) {
        let mut all = self.lock();
        let name = &holder.certificate;
        if all.names.len() < SEEN_MAX && !all.names.contains(name) {
            all.names.insert(name.clone());
        }
        if let Some(fingerprint) = holder.fingerprint
            && all.certificates.len() < SEEN_MAX
        {
            all.certificates.entry(fingerprint).or_insert_with(|| name.clone());
        }
    }

    /// The name under which somebody came who is meant by this.
    pub fn name_of(&self, whom: &ClientRef) -> Option<String> {
        let all = self.lock();
        match whom {
            ClientRef::Name(name) => all.names.get(name).cloned(),
            ClientRef::Certificate(fingerprint) => all.certificates.get(fingerprint).cloned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
