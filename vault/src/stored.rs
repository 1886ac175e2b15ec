//! The store as the engine reads it.

use keystead_engine::need::Need;
use keystead_engine::world::{Direction, View};
use keystead_store::{Order, Snapshot};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A snapshot of any store, of one that defers nothing.
pub struct Stored(pub Arc<dyn Snapshot>);

impl View for Stored {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        self.0.get(key).map_err(|error| Need::Failed(error.to_string()))
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
        let scanned = self.0.scan_from(prefix, order, behind, &mut |key, _| visit(key));
        scanned.map_err(|error| Need::Failed(error.to_string()))
    }
}
