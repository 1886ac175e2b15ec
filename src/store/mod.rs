//! Where everything is kept. This module knows keys and values as bytes, nothing of KMIP or of cryptography.
//!
//! A [`Store`] is an ordered key-value store with optimistic multi-key transactions, and no more: an engine is one
//! file. [`Database`] puts on top of it what every engine needs: one writer that commits many requests with one sync,
//! the audit chain that grows in the same commits, and the journal that keeps reads from waiting for the disk.
//!
//! ```text
//! changes --> writer (groups, validates, chains the audit) --> guard (room? in its place?) --> engine: one durable commit
//! reads   --> journal (one write, no sync) --> within 50 ms --> writer
//! ```
//!
//! What fails in passing (a full disk, a file that was moved away) is refused with its reason and heals without a
//! restart: `guard` opens the engine anew after a failed commit, and `watch` looks once a second.

mod close;
mod database;
mod engine;
mod guard;
mod journal;
mod life;
mod lock;
mod memory;
mod place;
mod redb;
mod room;
mod sled;
mod watch;
mod writer;

pub use close::close_within;
pub use database::{Database, FORMAT, FORMAT_KEY, Submission, is_blank};
pub use engine::Engine;
pub use guard::{Access, Opener, STAMP_KEY};
pub use journal::read as read_journal;
pub use life::beside;
pub use lock::FolderLock;
pub use memory::MemoryStore;
pub use redb::RedbStore;
pub use sled::SledStore;

use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;

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
    /// The store as it stands now, whatever is written later.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error>;
    /// Applies a transaction as a whole, durably, if its expectations hold. After an error that leaves open what is
    /// on disk, every later commit to this handle fails: an fsync that failed is never tried again on it. Whoever wants to
    /// go on closes it, opens another one, and looks at what is on disk.
    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error>;
    /// Closes the files; nothing may be called afterwards.
    fn close(&self) -> Result<(), Error>;
}

/// The store at one moment.
pub trait Snapshot: Send {
    /// What a key holds.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;
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

/// What can go wrong with a store.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be opened, read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file is not what the engine left behind.
    #[error(
        "the store is damaged: {}: {why}. {} Move the folder of the store away and keep it, and put back a copy; without one \
         its keys are lost (docs/configuration.md, Copies of the store)", path.display(), touched(*untouched)
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What the engine found.
        why: String,
        /// Whether it is as it was before the attempt to open it.
        untouched: bool,
    },
    /// Closing it was given up.
    #[error(
        "the store did not close within {seconds} s: its engine or its disk hangs. The server ends without; all that was \
         acknowledged is on the disk. If a later start complains of the disk, look after that first"
    )]
    NotClosed {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The folder belongs to a running server.
    #[error("{} is in use by {holder}: stop that server first, or give this one another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The folder holds the data of another engine.
    #[error(
        "{} holds a store of the engine {found}, and the configuration says {wanted}: set `store.engine` to {found:?}, or \
         give the new store another folder by `store.path`", path.display(), found = found.to_string()
    )]
    OtherEngine {
        /// The folder.
        path: PathBuf,
        /// Whose data is there.
        found: Engine,
        /// What was asked for.
        wanted: Engine,
    },
    /// There is no store in a folder that had one.
    #[error(
        "there is no store in {}, and there was one: {evidence}. If the disk with the store is not mounted, mount it; if the \
         store is lost, put back a copy (docs/configuration.md, Copies of the store). {advice}", path.display()
    )]
    Lost {
        /// The folder.
        path: PathBuf,
        /// What tells of the store.
        evidence: String,
        /// How to make a new store all the same.
        advice: String,
    },
    /// The store does not say which format it has.
    #[error(
        "the store lacks its format (row f), which every store has from its first start: it was changed by something else \
         than Keystead. Move the folder of the store away and keep it, and put back a copy (docs/configuration.md, Copies \
         of the store)"
    )]
    NoFormat,
    /// The store has a format that this version does not know.
    #[error(
        "the store has format {found}, this version reads formats up to {known}: use the Keystead that wrote it, or a newer one"
    )]
    Format {
        /// What the store says.
        found: String,
        /// What this version knows.
        known: u32,
    },
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(String),
    /// A write failed before, so that what is on disk is not certain: this handle takes no more.
    #[error("the store has stopped after an error: {0}. Nothing that was acknowledged is lost")]
    Stopped(String),
    /// There is no room on the disk.
    #[error(
        "the disk of the store is full: nothing was written. Make room: reads go on, and writes go on by themselves within \
         seconds of it"
    )]
    Full,
    /// The disk takes no writes.
    #[error(
        "{} is on a file system that is mounted read-only: nothing was written. Mount it for writing (`dmesg` says whether \
         errors of the disk made it so): writes go on by themselves within seconds of it", path.display()
    )]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// What the server has open is not at its place any more.
    #[error("{}: {what}", path.display())]
    Moved {
        /// The place.
        path: PathBuf,
        /// What is found there, and what to do.
        what: String,
    },
    /// What was opened does not hold what was acknowledged.
    #[error(
        "{} does not hold what this server last committed: it is another store or an old copy of this one, and nothing is \
         written to it. Put back the file that was here, or stop the server and start it on this one", path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    /// What a client is told of failures that concern the operator alone.
    pub const UNTOLD: &'static str = "the server failed; its log has the reason";

    /// What a client may be told: why the server cannot do this now, without paths or the texts of libraries.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Full => "the server's disk is full: nothing was changed; ask again when it has room",
            Self::ReadOnly { .. } => {
                "the server's disk takes no writes: nothing was changed; ask again later"
            }
            Self::Moved { .. } | Self::NotOurs { .. } => {
                "the server's store is not in its place: nothing was changed; ask again later"
            }
            _ => Self::UNTOLD,
        }
    }

    /// Whether the store takes writes again by itself, once its cause is gone.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly { .. } | Self::Moved { .. } | Self::NotOurs { .. })
    }

    /// The error of a file operation, classified.
    pub(crate) fn of_file(path: &std::path::Path, why: &std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match why.kind() {
            StorageFull | QuotaExceeded => Self::Full,
            ReadOnlyFilesystem => Self::ReadOnly { path: path.into() },
            _ => Self::File { path: path.into(), why: why.to_string() },
        }
    }
}

fn touched(untouched: bool) -> &'static str {
    if untouched { "Nothing was written to it." } else { "The attempt to open it may have written to it." }
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

/// Whether all expectations hold, given how to read a key.
pub(crate) fn holds(
    expects: &[Pair],
    mut get: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>, Error>,
) -> Result<bool, Error> {
    for (key, expected) in expects {
        if get(key)? != *expected {
            return Ok(false);
        }
    }
    Ok(true)
}
