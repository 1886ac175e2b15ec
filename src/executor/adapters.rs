//! What the engine is given of the outside: random bytes, and the store as it stands.

use crate::crypto::drbg::Seeds;
use crate::engine::need::Need;
use crate::engine::world::{Direction, Entropy, View};
use crate::store::{self, Database, Order, Published, Snapshot};
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::sync::Arc;

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
    pub snapshot: Arc<dyn Snapshot>,
    /// Which revision it has of the records of certificates and names.
    credentials: Option<NonZeroU64>,
    /// Whether it took writes then.
    pub takes_writes: bool,
}

impl StoreView {
    /// The store as it stands now.
    pub fn of(database: &Database) -> Result<Self, store::Error> {
        let Published { snapshot, credentials } = database.published()?;
        Ok(Self { snapshot, credentials, takes_writes: database.takes_writes() })
    }
}

impl View for StoreView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        View::get(&self.snapshot, key)
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need> {
        View::scan_from(&self.snapshot, prefix, direction, behind, visit)
    }

    fn credentials_revision(&self) -> Option<NonZeroU64> {
        self.credentials
    }

    fn takes_writes(&self) -> bool {
        self.takes_writes
    }
}

/// A snapshot of any store, of one that takes writes.
impl View for Arc<dyn Snapshot> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        Snapshot::get(&**self, key).map_err(|error| Need::Failed(error.to_string()))
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need> {
        let order = match direction {
            Direction::Forward => Order::Forward,
            Direction::Backward => Order::Backward,
        };
        let scanned = Snapshot::scan_from(&**self, prefix, order, behind, &mut |key, _| visit(key));
        scanned.map_err(|error| Need::Failed(error.to_string()))
    }
}
