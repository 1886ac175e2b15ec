//! The records that were found damaged since the server started: each is told once, and counted.

use parking_lot::Mutex;
use std::collections::BTreeSet;

/// The most that are remembered; what is behind them is told each time.
const REMEMBERED_MAX: usize = 10_000;

/// Which records do not open.
#[derive(Debug, Default)]
pub struct Damage(Mutex<BTreeSet<String>>);

impl Damage {
    /// Notes one. The log has it the first time.
    pub fn note(&self, record: &str) {
        let mut found = self.0.lock();
        if found.contains(record) {
            return;
        }
        if found.len() < REMEMBERED_MAX {
            found.insert(record.to_owned());
        }
        tracing::error!(
            record,
            found = found.len(),
            "a stored record is damaged: it was changed or belongs elsewhere. It is left out; everything else is served. \
             `keystead check` reads all of the store"
        );
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }
}
