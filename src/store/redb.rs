//! The default engine: redb, one B-tree in one file. Every commit is durable and in two phases with quick repair, so
//! that a store opens in milliseconds after a power cut and has lost nothing that was acknowledged.

use super::{
    Error, Limits, Order, Outcome, Snapshot, Store, Transaction, UNLIMITED, Visit, holds, prefix_end,
};
use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _,
    StorageError, TableDefinition,
};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::OnceLock;

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("keystead");

/// Its file.
pub const FILE: &str = "store.redb";

/// Memory for pages of the file.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// A store in a file [`FILE`].
pub struct RedbStore {
    database: Database,
    /// Why the store has stopped, once it has.
    stopped: OnceLock<String>,
}

impl RedbStore {
    /// Opens the file in this folder, or makes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        if !path.exists() {
            Self::make(folder, &path)?;
        }
        let written = || std::fs::metadata(&path).and_then(|file| file.modified()).ok();
        let before = written();
        let damaged =
            |why: String| Error::Damaged { path: path.clone(), why, untouched: written() == before };
        // Some damage redb answers with a panic.
        let opened = catch_unwind(|| Database::builder().set_cache_size(CACHE_BYTES).open(&path));
        match opened {
            Ok(Ok(database)) => Self::over(database),
            Ok(Err(error)) if is_damage(&error) => Err(damaged(error.to_string())),
            Ok(Err(error)) => Err(Error::File { path: path.clone(), why: error.to_string() }),
            Err(_) => Err(damaged("redb cannot make sense of it".to_owned())),
        }
    }

    fn over(database: Database) -> Result<Self, Error> {
        let store = Self { database, stopped: OnceLock::new() };
        store.apply(&Transaction::default())?;
        Ok(store)
    }

    /// Makes an empty store under another name and gives it its own once it is whole: a file that redb was cut off at
    /// making has no header and is never opened again.
    fn make(folder: &Path, path: &Path) -> Result<(), Error> {
        let half = folder.join("store.redb.new");
        let failed = |why: std::io::Error| Error::File { path: half.clone(), why: why.to_string() };
        match std::fs::remove_file(&half) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(failed(why)),
            _ => {}
        }
        let database = Database::create(&half)
            .map_err(|why| Error::File { path: half.clone(), why: why.to_string() })?;
        drop(Self::over(database)?);
        std::fs::rename(&half, path).map_err(failed)?;
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn apply(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        let mut write = self.database.begin_write().map_err(engine)?;
        write.set_durability(Durability::Immediate).map_err(engine)?;
        write.set_two_phase_commit(true);
        write.set_quick_repair(true);
        {
            let mut table = write.open_table(TABLE).map_err(engine)?;
            let read = |key: &[u8]| Ok(table.get(key).map_err(engine)?.map(|guard| guard.value().to_vec()));
            if !holds(&transaction.expects, read)? {
                return Ok(Outcome::Conflict);
            }
            for (key, value) in &transaction.writes {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()).map(drop),
                    None => table.remove(key.as_slice()).map(drop),
                }
                .map_err(engine)?;
            }
        }
        write.commit().map_err(engine)?;
        Ok(Outcome::Committed)
    }
}

impl Store for RedbStore {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        let read = self.database.begin_read().map_err(engine)?;
        Ok(Box::new(RedbSnapshot(read.open_table(TABLE).map_err(engine)?)))
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
        Ok(())
    }
}

struct RedbSnapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(key).map_err(engine)?.map(|guard| guard.value().to_vec()))
    }

    fn scan(&self, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), Error> {
        let mut range = match prefix_end(prefix) {
            Some(end) => self.0.range::<&[u8]>(prefix..end.as_slice()),
            None => self.0.range::<&[u8]>(prefix..),
        }
        .map_err(engine)?;
        loop {
            let next = match order {
                Order::Forward => range.next(),
                Order::Backward => range.next_back(),
            };
            let Some(pair) = next else { return Ok(()) };
            let (key, value) = pair.map_err(engine)?;
            if visit(key.value(), value.value()).is_break() {
                return Ok(());
            }
        }
    }
}

/// Whether the file is not what redb left behind. An empty one is damaged as well: redb never leaves it so.
fn is_damage(error: &DatabaseError) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        DatabaseError::Storage(StorageError::Corrupted(_)) => true,
        DatabaseError::Storage(StorageError::Io(why)) => matches!(why.kind(), InvalidData | UnexpectedEof),
        _ => false,
    }
}

fn engine(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Error::Full,
        other => Error::Engine(other.to_string()),
    }
}
