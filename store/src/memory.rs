//! A store in memory, for tests: gone with the process.

use super::{
    Error, Limits, Order, Outcome, Snapshot, Store, Transaction, UNLIMITED, Visit, holds, prefix_end, range,
};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Pairs in memory. A snapshot shares the map until the next write copies it.
#[derive(Default)]
pub struct MemoryStore(RwLock<Arc<Map>>);

impl Store for MemoryStore {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn reads_stay_here(&self) -> bool {
        true
    }

    /// A write copies the map while there is a snapshot.
    fn shares_snapshots(&self) -> bool {
        false
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::new(MemorySnapshot(Arc::clone(&map))))
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !holds(&transaction.expects, |key, expected| Ok(map.get(key).map(Vec::as_slice) == expected))? {
            return Ok(Outcome::Conflict);
        }
        let map = Arc::make_mut(&mut map);
        for (key, value) in &transaction.writes {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        Ok(Outcome::Committed)
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

struct MemorySnapshot(Arc<Map>);

impl Snapshot for MemorySnapshot {
    fn show(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        Ok(self.0.get(key).map(|value| visit(value)).is_some())
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        order: Order,
        behind: Option<&[u8]>,
        visit: Visit<'_>,
    ) -> Result<(), Error> {
        let end = prefix_end(prefix);
        let Some(range) = range(prefix, end.as_deref(), order, behind) else { return Ok(()) };
        let range = self.0.range::<[u8], _>(range);
        let mut each = |(key, value): (&Vec<u8>, &Vec<u8>)| visit(key, value).is_continue();
        match order {
            Order::Forward => range.into_iter().all(&mut each),
            Order::Backward => range.rev().all(&mut each),
        };
        Ok(())
    }
}
