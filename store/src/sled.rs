//! The second engine: sled 0.34. As shipped it loses acknowledged writes in a power cut, because its log is never
//! flushed to the disk's own cache and its `conf` never synced; both are done here (docs/decisions.md).
//!
//! sled has no snapshots. A snapshot is a shared lock held while the synchronous batch runs; applying a commit takes
//! the lock exclusively, syncing it does not.

use super::folder::Folder;
use super::{
    Engine, Error, Limits, Opening, Order, Outcome, Snapshot, Store, Transaction, UNLIMITED, Visit, holds,
    prefix_end, range,
};
use parking_lot::{ArcRwLockReadGuard, RawRwLock, RwLock};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a store that is closed waits for those who read it.
const SNAPSHOTS_WAIT: Duration = Duration::from_secs(5);

/// Its folder.
pub const FOLDER: &str = "sled";

/// A store in a folder [`FOLDER`].
pub struct SledStore {
    database: sled::Db,
    path: PathBuf,
    log: File,
    applying: Arc<RwLock<()>>,
    stopped: OnceLock<String>,
    /// Its descriptor is in the paths of sled.
    #[allow(dead_code, reason = "it is kept open")]
    folder: Folder,
}

impl SledStore {
    /// Opens the folder inside this one, or makes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let opened = Folder::open(folder).map_err(|why| Error::of_file(folder, &why))?;
        Self::open_in(&opened, Opening::from(Engine::Sled).cache_bytes)
    }

    /// The same. sled opens files by their paths as long as it runs, those of large values among them: its paths go by the
    /// descriptor of the folder.
    pub(super) fn open_in(folder: &Folder, cache_bytes: usize) -> Result<Self, Error> {
        let path = folder.at(FOLDER);
        let real = folder.by_descriptor(FOLDER);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |why: std::io::Error| Error::of_file(&path, &why)
        };
        let database =
            sled::Config::new().path(&real).cache_capacity(cache_bytes as u64).flush_every_ms(None).open();
        let database = database.map_err(|error| match error {
            // What sled itself says of its lock.
            sled::Error::Io(why) if why.to_string().contains("could not acquire lock") => {
                Error::in_use(folder, None)
            }
            sled::Error::Corruption { .. } => {
                Error::Damaged { path: path.clone(), why: error.to_string(), untouched: false }
            }
            other => engine(other),
        })?;
        for synced in ["sled/conf", FOLDER, "."] {
            folder
                .read_of_engine(synced)
                .and_then(|file| file.sync_all())
                .map_err(failed(&folder.at(synced)))?;
        }
        let log = folder.read_of_engine("sled/db").map_err(failed(&path))?;
        let (folder, applying, stopped) = (folder.clone(), Arc::default(), OnceLock::new());
        Ok(Self { database, path, log, applying, stopped, folder })
    }

    fn apply(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        {
            let _exclusive = self.applying.write();
            let is = |key: &[u8], expected: Option<&[u8]>| {
                Ok(self.database.get(key).map_err(engine)?.as_deref() == expected)
            };
            if !holds(&transaction.expects, is)? {
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
        synced.map_err(|why| Error::of_file(&self.path, &why))?;
        Ok(Outcome::Committed)
    }
}

impl Store for SledStore {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    /// A snapshot waits while a commit is applied, which may write to the disk.
    fn reads_stay_here(&self) -> bool {
        false
    }

    fn shares_snapshots(&self) -> bool {
        false
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        Ok(Arc::new(SledSnapshot { database: self.database.clone(), _shared: self.applying.read_arc() }))
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        if let Some(why) = self.stopped.get() {
            return Err(Error::Stopped(why.clone()));
        }
        let outcome = self.apply(transaction);
        if let Err(error) = &outcome {
            // Dropping it would wait for ever for the write that failed.
            std::mem::forget(self.database.clone());
            let _ = self.stopped.set(error.to_string());
        }
        outcome
    }

    /// Waits for the snapshots: while one is there, sled's lock on its files is. After a write that failed sled cannot be
    /// closed, and so not be opened anew.
    fn close(&self) -> Result<(), Error> {
        let Some(_exclusive) = self.applying.try_write_for(SNAPSHOTS_WAIT) else {
            return Err(Error::Engine("snapshots of the store are still in use".to_owned()));
        };
        if let Some(why) = self.stopped.get() {
            return Err(Error::Stopped(format!(
                "{why}. sled takes writes again after a restart of the server alone"
            )));
        }
        self.database.flush().map(drop).map_err(engine)
    }
}

struct SledSnapshot {
    database: sled::Db,
    _shared: ArcRwLockReadGuard<RawRwLock, ()>,
}

impl Snapshot for SledSnapshot {
    fn show(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        Ok(self.database.get(key).map_err(engine)?.map(|value| visit(&value)).is_some())
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
        let mut pairs = self.database.range::<&[u8], _>(range);
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
        sled::Error::Io(why) => match Error::of_file(Path::new(FOLDER), &why) {
            Error::File { .. } => Error::Engine(why.to_string()),
            classified => classified,
        },
        other => Error::Engine(other.to_string()),
    }
}
