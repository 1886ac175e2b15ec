//! A store with its writer, its journal and its lock: what the server opens.

use super::journal::{DRAINED_KEY, Journal};
use super::lock::FolderLock;
use super::writer::Writer;
use super::{Error, MemoryStore, Outcome, RedbStore, SledStore, Snapshot, Store, Transaction};
use super::{redb, sled};
use crate::audit::Entry;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The default.
    #[default]
    Redb,
    /// The second engine.
    Sled,
    /// For tests: gone with the process.
    Memory,
}

/// What each engine keeps its data in, inside the folder of the store.
const DATA: &[(Engine, &str)] = &[(Engine::Redb, redb::FILE), (Engine::Sled, sled::FOLDER)];

impl Engine {
    /// Refuses a folder with the data of another engine and none of this one: an empty store in its place would look as
    /// if every key were lost.
    fn check(self, folder: &Path) -> Result<(), Error> {
        let is_there = |(_, name): &&(Self, &str)| folder.join(name).exists();
        let found = DATA.iter().filter(is_there).map(|(engine, _)| *engine).collect::<Vec<_>>();
        match found.first() {
            Some(other) if !found.contains(&self) => {
                Err(Error::OtherEngine { path: folder.into(), found: *other, wanted: self })
            }
            _ => Ok(()),
        }
    }

    /// As the configuration spells it.
    fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::Sled => "sled",
            Self::Memory => "memory",
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The key that holds the format of the store.
const FORMAT_KEY: &[u8] = b"f";

/// The format that this version reads and writes.
const FORMAT: u32 = 1;

/// What a batch wants committed.
#[derive(Debug, Default)]
pub struct Submission {
    /// Its changes.
    pub transaction: Transaction,
    /// What it enters in the audit.
    pub entries: Vec<Entry>,
}

/// An open store. Dropping it closes it: what was handed over is committed first.
pub struct Database {
    store: Arc<dyn Store>,
    ways: Option<(Writer, Journal)>,
    threads: Vec<JoinHandle<()>>,
    /// Given back when all else is closed.
    lock: Option<FolderLock>,
}

impl Database {
    /// Opens the store in a folder, or makes it. One server a folder.
    pub fn open(engine: Engine, folder: &Path) -> Result<Self, Error> {
        let failed = |why: std::io::Error| Error::File { path: folder.into(), why: why.to_string() };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock = FolderLock::take(folder)?;
        engine.check(folder)?;
        let store: Arc<dyn Store> = match engine {
            Engine::Redb => Arc::new(RedbStore::open(folder)?),
            Engine::Sled => Arc::new(SledStore::open(folder)?),
            Engine::Memory => Arc::new(MemoryStore::default()),
        };
        make_private(folder).map_err(failed)?;
        let mut database = Self::over(store, folder)?;
        database.lock = Some(lock);
        Ok(database)
    }

    /// Puts writer and journal over a store that is open; the journal is kept in the folder.
    pub fn over(store: Arc<dyn Store>, folder: &Path) -> Result<Self, Error> {
        check_format(&*store)?;
        let (writer, writing) = Writer::start(Arc::clone(&store))?;
        // Read before, not while, the writer works: a snapshot of sled holds it back.
        let drained = store.snapshot()?.get(DRAINED_KEY)?;
        let (journal, journaling) = Journal::start(folder, drained, writer.clone())?;
        Ok(Self { store, ways: Some((writer, journal)), threads: vec![journaling, writing], lock: None })
    }

    /// The store as it stands now.
    pub fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        self.store.snapshot()
    }

    /// Commits changes and their audit entries together; durable when it returns `Committed`.
    pub async fn commit(&self, submission: Submission) -> Result<Outcome, Error> {
        match &self.ways {
            Some((writer, _)) => writer.submit(submission.transaction, submission.entries, None).await,
            None => Err(closed()),
        }
    }

    /// The same from a thread that may block.
    pub fn commit_blocking(&self, submission: Submission) -> Result<Outcome, Error> {
        match &self.ways {
            Some((writer, _)) => writer.submit_blocking(submission.transaction, submission.entries, None),
            None => Err(closed()),
        }
    }

    /// Enters reads in the audit; when it returns, the entries survive the death of this process.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        match &self.ways {
            Some((_, journal)) => journal.record(entries).await,
            None => Err(closed()),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.ways = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.lock = None;
    }
}

fn closed() -> Error {
    Error::Stopped("the store is closed".to_owned())
}

fn check_format(store: &dyn Store) -> Result<(), Error> {
    let found = store.snapshot()?.get(FORMAT_KEY)?;
    match found {
        Some(found) if found == FORMAT.to_be_bytes() => Ok(()),
        Some(found) => {
            let found =
                found.try_into().map_or("unknown".to_owned(), |bytes| u32::from_be_bytes(bytes).to_string());
            Err(Error::Format { found, known: FORMAT })
        }
        None => {
            let writes = vec![(FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec()))];
            store.commit(&Transaction { expects: Vec::new(), writes }).map(drop)
        }
    }
}

/// Files 0600, folders 0700, whatever the engine made them with.
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_private(&entry.path())?;
        } else if entry.file_type()?.is_file() {
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}
