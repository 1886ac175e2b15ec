//! The default engine: redb, one B-tree in one file. Every commit is durable and in two phases with quick repair, so
//! that a store opens in milliseconds after a power cut and has lost nothing that was acknowledged.

mod overlay;
mod runs;

use super::folder::Folder;
use super::{
    Engine, Error, Limits, Opening, Order, Outcome, Snapshot, Store, Transaction, UNLIMITED, Visit, holds,
    prefix_end, range,
};
use overlay::{Overlay, must_not_be_empty};
use redb::backends::FileBackend;
use redb::{
    AccessGuard, Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase as _,
    ReadableTable as _, StorageError, TableDefinition, TableError,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once, OnceLock};

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("keystead");

/// Its file.
pub const FILE: &str = "store.redb";

/// The name of a file that is not whole yet.
pub const HALF: &str = "store.redb.new";

/// Memory for pages of a file that is read once, from its beginning to its end.
const CHECK_CACHE_BYTES: usize = 64 * 1024 * 1024;

/// A store in a file [`FILE`].
pub struct RedbStore {
    database: Database,
    path: PathBuf,
    /// Whether nothing is ever written to the file.
    untouched: bool,
    /// Why this handle takes no commits, once it takes none.
    stopped: OnceLock<String>,
}

impl RedbStore {
    /// Opens the file in this folder, or makes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_in(&opened(folder)?, Opening::from(Engine::Redb).cache_bytes)
    }

    /// The same with this much memory for pages.
    pub(super) fn open_in(folder: &Folder, cache_bytes: usize) -> Result<Self, Error> {
        if !folder.has(FILE) {
            Self::make(folder)?;
        }
        Self::open_with(folder, false, || {
            let file = folder.write_of_engine(FILE)?;
            must_not_be_empty(&file)?;
            Database::builder().set_cache_size(cache_bytes).create_with_backend(FileBackend::new(file)?)
        })
    }

    /// Opens the file in this folder for reads: not a byte of it is written, whatever redb does.
    pub fn open_for_reads(folder: &Path) -> Result<Self, Error> {
        Self::open_in_for_reads(&opened(folder)?, Opening::from(Engine::Redb).cache_bytes)
    }

    pub(super) fn open_in_for_reads(folder: &Folder, cache_bytes: usize) -> Result<Self, Error> {
        let store = Self::open_with(folder, true, || {
            let overlay = Overlay::over(folder.read_regular_of_engine(FILE)?)?;
            Database::builder().set_cache_size(cache_bytes).create_with_backend(overlay)
        })?;
        let _ = store.stopped.set("it was opened for reads".to_owned());
        Ok(store)
    }

    /// Compares all pages of the file in this folder with their checksums.
    pub fn check_pages(folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let folder = opened(folder)?;
        let damaged = |why: String| Error::Damaged { path: path.clone(), why, untouched: true };
        let checked = catch_unwind_quietly(|| {
            let overlay = folder.read_regular_of_engine(FILE).and_then(Overlay::over);
            let overlay = overlay.map_err(|why| Error::of_file(&path, &why))?;
            let database = Database::builder().set_cache_size(CHECK_CACHE_BYTES).create_with_backend(overlay);
            let mut database = database.map_err(|why| damaged(why.to_string()))?;
            match database.check_integrity() {
                Ok(true) => Ok(()),
                Ok(false) => Err(damaged("pages do not have their checksums".to_owned())),
                Err(why) => Err(damaged(why.to_string())),
            }
        });
        checked.unwrap_or_else(|| Err(damaged(NO_SENSE.to_owned())))
    }

    fn open_with(
        folder: &Folder,
        untouched: bool,
        open: impl FnOnce() -> Result<Database, DatabaseError>,
    ) -> Result<Self, Error> {
        let path = folder.at(FILE);
        let written = || folder.read_of_engine(FILE).and_then(|file| file.metadata()?.modified()).ok();
        let before = written();
        let damaged =
            |why: String| Error::Damaged { path: path.clone(), why, untouched: written() == before };
        // Some damage redb answers with a panic.
        match catch_unwind_quietly(open) {
            Some(Ok(database)) => Self::over(database, &path, untouched),
            Some(Err(error)) if is_damage(&error) => Err(damaged(error.to_string())),
            Some(Err(DatabaseError::Storage(StorageError::Io(why)))) => Err(Error::of_file(&path, &why)),
            Some(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(Error::in_use(folder, None)),
            Some(Err(error)) => Err(Error::File { path: path.clone(), why: error.to_string() }),
            None => Err(damaged(NO_SENSE.to_owned())),
        }
    }

    fn over(database: Database, path: &Path, untouched: bool) -> Result<Self, Error> {
        let store = Self { database, path: path.into(), untouched, stopped: OnceLock::new() };
        let has_table =
            store.guarded(|| match store.database.begin_read().map_err(engine)?.open_table(TABLE) {
                Ok(_) => Ok(true),
                Err(TableError::TableDoesNotExist(_)) => Ok(false),
                Err(error) => Err(engine(error)),
            })?;
        if !has_table {
            store.apply(&Transaction::default())?;
        }
        Ok(store)
    }

    /// Runs what redb may answer with a panic where its file is damaged.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        guarded((&self.path, self.untouched), work)
    }

    /// Makes an empty store under another name and gives it its own once it is whole: a file that redb was cut off at
    /// making has no header and is never opened again.
    fn make(folder: &Folder) -> Result<(), Error> {
        let half = folder.at(HALF);
        let failed = |why: std::io::Error| Error::of_file(&half, &why);
        folder.remove(HALF).map_err(failed)?;
        let file = folder.create(HALF).map_err(failed)?;
        let made = FileBackend::new(file)
            .and_then(|file| Database::builder().create_with_backend(file))
            .map_err(|why| match why {
                DatabaseError::Storage(StorageError::Io(why)) => failed(why),
                why => Error::File { path: half.clone(), why: why.to_string() },
            })
            .and_then(|database| Self::over(database, &half, false).map(drop))
            .and_then(|()| folder.rename(HALF, FILE).map_err(failed));
        if made.is_err() {
            let _ = folder.remove(HALF);
        }
        made.and_then(|()| folder.sync().map_err(failed))
    }

    fn apply(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        let mut write = self.database.begin_write().map_err(engine)?;
        write.set_durability(Durability::Immediate).map_err(engine)?;
        write.set_two_phase_commit(true);
        write.set_quick_repair(true);
        {
            let mut table = write.open_table(TABLE).map_err(engine)?;
            let is = |key: &[u8], expected: Option<&[u8]>| {
                Ok(table.get(key).map_err(engine)?.as_ref().map(AccessGuard::value) == expected)
            };
            if !holds(&transaction.expects, is)? {
                return Ok(Outcome::Conflict);
            }
            runs::write(&mut table, &transaction.writes)?;
        }
        write.commit().map_err(engine)?;
        Ok(Outcome::Committed)
    }
}

impl Store for RedbStore {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn reads_stay_here(&self) -> bool {
        true
    }

    /// A snapshot keeps the pages that commits have replaced since it was made from being written again.
    fn shares_snapshots(&self) -> bool {
        true
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        self.guarded(|| {
            let read = self.database.begin_read().map_err(engine)?;
            let table = read.open_table(TABLE).map_err(engine)?;
            Ok(Arc::new(RedbSnapshot { table, file: (self.path.clone(), self.untouched) })
                as Arc<dyn Snapshot>)
        })
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        if let Some(why) = self.stopped.get() {
            return Err(Error::Stopped(why.clone()));
        }
        let outcome = self.guarded(|| self.apply(transaction));
        if let Err(error) = &outcome {
            let _ = self.stopped.set(error.to_string());
        }
        outcome
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

struct RedbSnapshot {
    /// The table, opened once; its read transaction ends when this is dropped.
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
    /// For errors.
    file: (PathBuf, bool),
}

impl RedbSnapshot {
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        guarded((&self.file.0, self.file.1), work)
    }
}

impl Snapshot for RedbSnapshot {
    fn show(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let found = self.guarded(|| self.table.get(key).map_err(engine))?;
        Ok(found.map(|guard| visit(guard.value())).is_some())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.guarded(|| self.table.get(key).map_err(engine))?;
        Ok(found.map(|guard| guard.value().to_vec()))
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
        let mut range = self.guarded(|| self.table.range::<&[u8]>(range).map_err(engine))?;
        loop {
            let next = self.guarded(|| {
                let next = match order {
                    Order::Forward => range.next(),
                    Order::Backward => range.next_back(),
                };
                next.transpose().map_err(engine)
            })?;
            let Some((key, value)) = next else { return Ok(()) };
            if visit(key.value(), value.value()).is_break() {
                return Ok(());
            }
        }
    }
}

fn opened(folder: &Path) -> Result<Folder, Error> {
    Folder::open(folder).map_err(|why| Error::of_file(folder, &why))
}

thread_local! {
    /// Whether this thread runs what may panic and is told otherwise.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// `None` where the work panics; then nothing is printed, since what it means is told by an error.
fn catch_unwind_quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                before(panic);
            }
        }));
    });
    let outer = IS_GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(outer);
    done.ok()
}

const NO_SENSE: &str = "redb cannot make sense of it";

/// A panic of redb means damage: the file is named, with whether it is only read.
fn guarded<T>((path, untouched): (&Path, bool), work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let damaged = |why: String| Error::Damaged { path: path.into(), why, untouched };
    catch_unwind_quietly(work).ok_or_else(|| damaged(NO_SENSE.to_owned()))?.map_err(|error| match error {
        // What stands where is read by offset: only the file can be named.
        Error::Engine(why) if why.contains("orrupted") => damaged(why),
        Error::ReadOnly { .. } => Error::ReadOnly { path: path.into() },
        other => other,
    })
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
        redb::Error::Io(why) => match Error::of_file(Path::new(""), &why) {
            Error::File { .. } => Error::Engine(why.to_string()),
            classified => classified,
        },
        other => Error::Engine(other.to_string()),
    }
}
