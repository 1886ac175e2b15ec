//! The second engine: sled 0.34. As shipped it loses acknowledged writes in a power cut, because its log is never
//! flushed to the disk's own cache and its `conf` never synced; both are done here (docs/decisions.md).
//!
//! sled has no snapshots. A snapshot is a shared lock held while the synchronous batch runs; applying a commit takes
//! the lock exclusively, syncing it does not.

use super::{Error, Limits, Order, Outcome, Snapshot, Store, Transaction, UNLIMITED, Visit, holds};
use parking_lot::{ArcRwLockReadGuard, RawRwLock, RwLock};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Its folder.
pub const FOLDER: &str = "sled";

/// A store in a folder [`FOLDER`].
pub struct SledStore {
    database: sled::Db,
    path: PathBuf,
    log: File,
    applying: Arc<RwLock<()>>,
    stopped: OnceLock<String>,
}

impl SledStore {
    /// Opens the folder inside this one, or makes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FOLDER);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |why: std::io::Error| Error::File { path, why: why.to_string() }
        };
        let database = sled::Config::new().path(&path).flush_every_ms(None).open();
        let database = database.map_err(|error| match error {
            sled::Error::Corruption { .. } => {
                Error::Damaged { path: path.clone(), why: error.to_string(), untouched: false }
            }
            other => engine(other),
        })?;
        for synced in [path.join("conf"), path.clone(), folder.to_owned()] {
            File::open(&synced).and_then(|file| file.sync_all()).map_err(failed(&synced))?;
        }
        let log = File::open(path.join("db")).map_err(failed(&path))?;
        Ok(Self { database, path, log, applying: Arc::default(), stopped: OnceLock::new() })
    }

    fn apply(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        {
            let _exclusive = self.applying.write();
            let read = |key: &[u8]| Ok(self.database.get(key).map_err(engine)?.map(|value| value.to_vec()));
            if !holds(&transaction.expects, read)? {
                return Ok(Outcome::Conflict);
            }
            let mut batch = sled::Batch::default();
            for (key, value) in &transaction.writes {
                match value {
                    Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                    None => batch.remove(key.as_slice()),
                }
            }
            self.database.apply_batch(batch).map_err(engine)?;
        }
        self.database.flush().map_err(engine)?;
        let synced = self.log.sync_data();
        synced.map_err(|why| Error::File { path: self.path.clone(), why: why.to_string() })?;
        Ok(Outcome::Committed)
    }
}

impl Store for SledStore {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        Ok(Box::new(SledSnapshot { database: self.database.clone(), _shared: self.applying.read_arc() }))
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        if let Some(why) = self.stopped.get() {
            return Err(Error::Stopped(why.clone()));
        }
        let outcome = self.apply(transaction);
        if let Err(error) = &outcome {
            tracing::error!(%error, "a commit failed; the store takes no more writes");
            let _ = self.stopped.set(error.to_string());
        }
        outcome
    }

    fn close(&self) -> Result<(), Error> {
        self.database.flush().map(drop).map_err(engine)
    }
}

struct SledSnapshot {
    database: sled::Db,
    _shared: ArcRwLockReadGuard<RawRwLock, ()>,
}

impl Snapshot for SledSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.database.get(key).map_err(engine)?.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), Error> {
        let mut pairs = self.database.scan_prefix(prefix);
        loop {
            let next = match order {
                Order::Forward => pairs.next(),
                Order::Backward => pairs.next_back(),
            };
            let Some(pair) = next else { return Ok(()) };
            let (key, value) = pair.map_err(engine)?;
            if visit(&key, &value).is_break() {
                return Ok(());
            }
        }
    }
}

fn engine(error: sled::Error) -> Error {
    match error {
        sled::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Error::Full,
        other => Error::Engine(other.to_string()),
    }
}
