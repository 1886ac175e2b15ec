//! What a read enters of the store: the snapshot that was published after the last commit, what is deferred beside it, and the
//! journal, which has the audit entries of reads.
//!
//! Whoever reads shares that snapshot, where the engine's snapshots can be shared: a request begins no transaction of the engine's,
//! and takes no lock that is held while anything is read or written.

use super::database::closed;
use super::guard::Guard;
use super::journal::Seen as Deferred;
use super::{Database, Error, Snapshot, Store};
use keystead_records::audit::Entries;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of the store.
#[derive(Clone)]
pub struct Published {
    /// The store at one moment.
    pub snapshot: Arc<dyn Snapshot>,
    /// The revision that it has of what is known of certificates and names of clients: another number after each commit that
    /// changes such a record and after each opening, and never one of before. `None` where snapshots are not shared.
    pub credentials: Option<NonZeroU64>,
}

/// The revision that was given out last, in this process.
static REVISION: AtomicU64 = AtomicU64::new(0);

impl Database {
    /// The store as the last commit left it; one snapshot is shared by all who ask until the next, where the engine lets it.
    pub fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        self.guard.snapshot()
    }

    /// The same with the revision of what it holds of certificates and names of clients.
    pub fn published(&self) -> Result<Published, Error> {
        self.guard.published()
    }

    /// Whether reads are answered from this process's memory and the disks of this machine, and wait for no commit.
    pub fn reads_stay_here(&self) -> bool {
        self.guard.reads_stay_here()
    }

    /// How often the engine was opened anew after a failure: a snapshot of before fails, and a new one does not.
    pub fn generation(&self) -> u64 {
        self.guard.generation()
    }

    /// The deferred rows that are not in a snapshot which is taken after this.
    pub fn deferred(&self) -> Deferred {
        self.journal.get().map(|journal| journal.appender().deferred()).unwrap_or_default()
    }

    /// Enters reads in the audit; when it returns, the entries survive the death of this process. It waits for one write to a
    /// file, for those who are ready to enter others with it, and for no sync.
    pub async fn record(&self, entries: Entries) -> Result<(), Error> {
        self.journal.get().ok_or_else(closed)?.appender().record(entries).await
    }

    /// The same from a thread that may block.
    pub fn record_blocking(&self, entries: Entries) -> Result<(), Error> {
        self.journal.get().ok_or_else(closed)?.appender().record_blocking(entries)
    }
}

impl Guard {
    /// The store as it stands now. Whoever asks while the engine is opened anew waits for that.
    pub fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        self.published().map(|published| published.snapshot)
    }

    /// The same with its revision.
    pub fn published(&self) -> Result<Published, Error> {
        if let Some(published) = &*self.published.read() {
            return Ok(published.clone());
        }
        match &*self.store.read() {
            Ok(store) => Ok(Published { snapshot: store.snapshot()?, credentials: None }),
            Err(error) => Err(error.clone()),
        }
    }

    /// Whether the engine answers reads from this process's memory and the disks of this machine.
    pub fn reads_stay_here(&self) -> bool {
        self.reads_stay_here
    }

    /// Puts a snapshot of the engine as it is in the place of the last one, of this revision or of a new one.
    pub(super) fn publish(&self, store: &dyn Store, credentials: Option<NonZeroU64>) {
        let published = to_share(store, credentials);
        let before = std::mem::replace(&mut *self.published.write(), published);
        // Who drops the last reference to a snapshot ends a transaction: not under the lock.
        drop(before);
    }

    /// How often the engine was opened anew. What was read across two of these times is read again.
    pub fn generation(&self) -> u64 {
        self.opened.load(Ordering::Acquire)
    }
}

/// The snapshot that all may share; `None` where none can be: then each reader asks the engine, and is told why.
pub(super) fn to_share(store: &dyn Store, credentials: Option<NonZeroU64>) -> Option<Published> {
    let snapshot = store.shares_snapshots().then(|| store.snapshot().ok()).flatten()?;
    let credentials = credentials.or_else(|| NonZeroU64::new(REVISION.fetch_add(1, Ordering::Relaxed) + 1));
    Some(Published { snapshot, credentials })
}
