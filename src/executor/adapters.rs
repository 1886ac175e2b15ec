//! What the engine is given of the outside: random bytes, and the store as it stands.

use crate::crypto::drbg::Seeds;
use crate::engine::need::Need;
use crate::engine::world::{Direction, Entropy, View};
use crate::store::{self, Database, Deferred, Published};
use crate::vault::Stored;
use std::num::NonZeroU64;
use std::ops::ControlFlow;

/// The random bytes that the engine takes: the system's, and beside them what clients have sent.
pub struct Source<'s>(pub &'s Seeds);

impl Entropy for Source<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need> {
        self.0.fill(out).map_err(|error| Need::Failed(error.to_string()))
    }

    fn stir(&mut self, seed: &[u8]) {
        self.0.add(seed);
    }
}

/// A snapshot of the store, as the engine reads it.
pub struct StoreView {
    /// The store at one moment.
    snapshot: Stored,
    /// Which revision it has of the records of certificates and names.
    credentials: Option<NonZeroU64>,
    /// What was deferred by then, and is not in it.
    deferred: Deferred,
}

impl StoreView {
    /// The store as it stands now.
    pub fn of(database: &Database) -> Result<Self, store::Error> {
        // In this order: what is not deferred any more is in the store.
        let deferred = database.deferred();
        let Published { snapshot, credentials } = database.published()?;
        Ok(Self { snapshot: Stored(snapshot), credentials, deferred })
    }
}

impl View for StoreView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        self.snapshot.get(key)
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need> {
        self.snapshot.scan_from(prefix, direction, behind, visit)
    }

    fn credentials_revision(&self) -> Option<NonZeroU64> {
        self.credentials
    }

    fn has_deferred(&self, key: &[u8], value: &[u8]) -> Result<bool, Need> {
        if self.deferred.has(key, value) {
            return Ok(true);
        }
        let mut has = false;
        let shown = self.snapshot.0.show(key, &mut |held| has = held == value);
        shown.map_err(|error| Need::Failed(error.to_string()))?;
        if has {
            self.deferred.remember(key, value);
        }
        Ok(has)
    }
}
