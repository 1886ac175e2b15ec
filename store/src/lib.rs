//! Where everything is kept. This module knows keys and values as bytes, nothing of KMIP or of cryptography.
//!
//! A [`Store`] is an ordered key-value store with optimistic multi-key transactions, and no more: an engine is one
//! file. [`Database`] puts on top of it what every engine needs: one writer that commits many requests with one sync,
//! the audit that grows in the same commits, and the journal that keeps reads from waiting for the disk.
//!
//! ```text
//! changes --> writer (groups, validates, a block of the audit) --> guard (room? in its place?) --> engine: one durable commit
//! reads   --> journal (one write, no sync) --> a second later --> writer: a block
//! ```
//!
//! What fails in passing (a full disk, a file that was moved away) is refused with its reason and heals without a
//! restart: `guard` opens the engine anew after a failed commit, and `watch` looks once a second.

pub mod audit_log;
mod cache;
mod claim;
mod close;
mod database;
mod engine;
mod error;
mod folder;
mod guard;
mod identity;
mod journal;
mod life;
mod lock;
mod memory;
mod own;
mod place;
mod reads;
mod redb;
mod room;
#[cfg_attr(not(feature = "sled"), path = "without_sled.rs")]
mod sled;
mod take_over;
mod watch;
mod writer;

pub use self::redb::RedbStore;
pub use self::sled::SledStore;
pub use cache::{BYTES_MIN as CACHE_BYTES_MIN, Opening};
pub use claim::{Claim, Made};
pub use close::close_within;
pub use database::{Database, FORMAT, FORMAT_KEY, Submission, has_list, is_blank};
pub use engine::Engine;
pub use error::{Error, Misplaced};
pub use folder::Folder;
pub use guard::{Access, Opener, STAMP_KEY};
pub use identity::beside;
pub use journal::{DRAINED_KEY, Seen as Deferred, read as read_journal};
pub use life::Life;
pub use lock::{FolderLock, Named};
pub use memory::MemoryStore;
pub use reads::Published;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// A key and what it holds, `None` for nothing.
pub type Pair = (Vec<u8>, Option<Vec<u8>>);

/// A change of many keys at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What these keys must hold for the transaction to be applied.
    pub expects: Vec<Pair>,
    /// What to write; `None` deletes.
    pub writes: Vec<Pair>,
}

/// What became of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is applied, and on disk.
    Committed,
    /// An expectation no longer holds; nothing was written.
    Conflict,
}

/// What an engine can take in one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Expectations and writes together.
    pub operations_max: usize,
    /// Keys and values together.
    pub bytes_max: usize,
}

/// No limit of the engine's.
pub const UNLIMITED: Limits = Limits { operations_max: usize::MAX, bytes_max: usize::MAX };

/// Which way a scan goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// From the lowest key.
    Forward,
    /// From the highest key.
    Backward,
}

/// What a visitor of a scan does with each pair; it may break off.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// An engine. Calls block; they come from threads that may.
pub trait Store: Send + Sync + 'static {
    /// What fits into one transaction.
    fn limits(&self) -> Limits;
    /// Whether a read is answered by this process from its memory and the disks of this machine, and waits for no commit: such
    /// reads may be made where nothing may block for long.
    fn reads_stay_here(&self) -> bool;
    /// Whether a snapshot that is kept until the next commit costs that commit nothing: one is then shared by all who read.
    fn shares_snapshots(&self) -> bool;
    /// The store as it stands now, whatever is written later.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error>;
    /// Applies a transaction as a whole, durably, if its expectations hold. After an error that leaves open what is
    /// on disk, every later commit to this handle fails: an fsync that failed is never tried again on it. Whoever wants to
    /// go on closes it, opens another one, and looks at what is on disk.
    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error>;
    /// Closes the files; nothing may be called afterwards.
    fn close(&self) -> Result<(), Error>;
}

/// The store at one moment, for one reader or many.
pub trait Snapshot: Send + Sync {
    /// Shows what a key holds, where it lies; says whether it holds anything.
    fn show(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error>;
    /// A copy of what a key holds.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut held = None;
        self.show(key, &mut |value| held = Some(value.to_vec()))?;
        Ok(held)
    }
    /// Visits the keys with a prefix, in order; those behind a key alone where one is named.
    fn scan_from(
        &self,
        prefix: &[u8],
        order: Order,
        behind: Option<&[u8]>,
        visit: Visit<'_>,
    ) -> Result<(), Error>;
    /// Visits all keys with a prefix, in order.
    fn scan(&self, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), Error> {
        self.scan_from(prefix, order, None, visit)
    }
}

/// The least key above all keys with this prefix; `None` where there is none.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

/// From where to where keys go.
pub(crate) type KeyRange<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// The keys that a scan visits: those with the prefix that lie behind the key, if one is named; `None` where there are none.
pub(crate) fn range<'r>(
    prefix: &'r [u8],
    end: Option<&'r [u8]>,
    order: Order,
    behind: Option<&'r [u8]>,
) -> Option<KeyRange<'r>> {
    let (first, last) = (Bound::Included(prefix), end.map_or(Bound::Unbounded, Bound::Excluded));
    match (order, behind) {
        (_, None) => Some((first, last)),
        (Order::Forward, Some(behind)) if behind < prefix => Some((first, last)),
        (Order::Forward, Some(behind)) => {
            end.is_none_or(|end| behind < end).then_some((Bound::Excluded(behind), last))
        }
        (Order::Backward, Some(behind)) if end.is_some_and(|end| behind >= end) => Some((first, last)),
        (Order::Backward, Some(behind)) => (behind > prefix).then_some((first, Bound::Excluded(behind))),
    }
}

/// Whether all expectations hold, given how to tell whether a key holds a value.
pub(crate) fn holds(
    expects: &[Pair],
    mut is: impl FnMut(&[u8], Option<&[u8]>) -> Result<bool, Error>,
) -> Result<bool, Error> {
    for (key, expected) in expects {
        if !is(key, expected.as_deref())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a key of a snapshot holds this.
pub(crate) fn is(snapshot: &dyn Snapshot, key: &[u8], expected: Option<&[u8]>) -> Result<bool, Error> {
    let mut same = false;
    let holds_any = snapshot.show(key, &mut |value| same = expected == Some(value))?;
    Ok(if holds_any { same } else { expected.is_none() })
}
