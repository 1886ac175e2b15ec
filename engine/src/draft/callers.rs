//! Who asks must still be let in when a draft is committed: its transaction expects that the records by which the caller was let in
//! are as they were, so that nothing is done after a revocation that came in between.

use super::Draft;
use crate::changes::Write;
use crate::keyspace;
use crate::need::Need;
use crate::rights::credentials::record::Record;
use crate::rights::identity::Identity;
use crate::world::View;
use crate::world::unproved;
use std::collections::BTreeSet;

impl<'a> Draft<'a> {
    /// Lets the changes depend on that this one is let in, beside the principal of the draft.
    pub fn relies_on(&mut self, identity: &'a Identity) {
        self.relied_identities.push(identity);
    }

    /// Lets the changes depend on that a row stays as the store has it.
    pub fn relies_on_row(&mut self, key: Vec<u8>) {
        self.relied_rows.insert(key);
    }

    /// What must still hold of who asks.
    pub(super) fn callers(&self) -> Result<Vec<Write>, Need> {
        let others =
            self.relied_identities.iter().copied().filter(|other| **other != self.principal.identity);
        let keys = std::iter::once(&self.principal.identity).chain(others).flat_map(records_of);
        let keys: BTreeSet<Vec<u8>> = keys.chain(self.relied_rows.iter().cloned()).collect();
        expected(self.world.view, keys.into_iter())
    }
}

/// What must still hold for a client to be let in as it was by this store: its own records, and its managed certificate.
pub fn still_let_in(view: &dyn View, identity: &Identity) -> Result<Vec<Write>, Need> {
    expected(view, records_of(identity))
}

/// The keys of the records of a client; nobody has none.
fn records_of(identity: &Identity) -> impl Iterator<Item = Vec<u8>> + use<> {
    let user = identity.user.as_ref().map(|_| identity.name());
    let names: Vec<String> = identity.names().map(str::to_owned).chain(user).collect();
    let names = names.into_iter().filter(|name| !name.is_empty());
    let certificate = identity.fingerprint.map(|fingerprint| keyspace::credential(&fingerprint.to_string()));
    names.map(|name| keyspace::client_name(&name)).chain(certificate)
}

fn expected(view: &dyn View, keys: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Write>, Need> {
    let mut rows = Vec::new();
    for key in keys {
        let row = view.get(&key)?;
        let record = row.as_deref().filter(|_| keyspace::is_credential(&key)).and_then(unproved);
        let record = record.and_then(|bytes| serde_json::from_slice::<Record>(bytes).ok());
        if let Some(certificate) = record.and_then(|record| record.object) {
            let key = keyspace::object(&certificate);
            rows.push((key.clone(), view.get(&key)?));
        }
        rows.push((key, row));
    }
    Ok(rows)
}
