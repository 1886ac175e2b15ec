//! A store with its writer, its journal and its lock: what the server opens.

use super::audit_log::{self, NODE_KEY};
use super::claim::Claim;
use super::engine::Copy;
use super::folder::Folder;
use super::guard::{Guard, Opener};
use super::identity::StoreId;
use super::journal::{DRAINED_KEY, Journal};
use super::life::{self, Life};
use super::lock::{self, FolderLock};
use super::take_over::take_over;
use super::watch::Watch;
use super::writer::Writer;
use super::{Error, Opening, Order, Outcome, STAMP_KEY, Snapshot, Store, Transaction, own};
use keystead_records::audit::{Block, Entries, MacKey, MacState};
use keystead_records::keyspace::Kind;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// The key that holds the format of the store.
pub const FORMAT_KEY: &[u8] = Kind::Format.prefix();

/// The format that this version writes. It reads those before as well, and turns such a store into one of this format, which older
/// versions refuse.
///
/// | format | hierarchy | audit | objects |
/// | --- | --- | --- | --- |
/// | 1 | without a list of its rows | an entry a key | each listed apart, an entry for each index value |
/// | 2 | with a list | an entry a key | apart |
/// | 3 | without a list: a store of format 1 whose start was cut off | blocks | apart |
/// | 4 | with a list | blocks | apart |
/// | 5 | with a list | blocks | listed together once they are new or changed |
pub const FORMAT: u32 = 5;
const FORMAT_READ_MIN: u32 = 1;

/// Whether the hierarchy of a store of this format has a list of its rows.
pub fn has_list(format: u32) -> bool {
    matches!(format, 2 | 4 | FORMAT)
}

/// The format that a store of this format has once it is open for writing: its audit is in blocks, and objects may be listed together.
pub fn format_when_open(format: u32) -> u32 {
    match format {
        1 => 3,
        2 | 4 => FORMAT,
        other => other,
    }
}

/// What a batch wants committed.
#[derive(Debug, Default)]
pub struct Submission {
    /// Its changes.
    pub transaction: Transaction,
    /// What it enters in the audit.
    pub entries: Entries,
}

/// An open store. Dropping it closes it: what was handed over is committed first.
pub struct Database {
    pub(super) guard: Arc<Guard>,
    handles: Option<(Writer, Watch)>,
    /// Open once what was left in it can be taken in: [`Database::open_journal`].
    pub(super) journal: OnceLock<Journal>,
    folder: Folder,
    threads: Vec<JoinHandle<()>>,
    /// What is known of the folder; none for a store that is not kept.
    life: Option<Life>,
    /// What is read in the place of the store: it goes away when that is closed.
    #[allow(dead_code, reason = "it is dropped")]
    copy: Option<Copy>,
    /// Given back when all else is closed.
    lock: Option<Arc<FolderLock>>,
    /// The file of an engine that is only read.
    #[allow(dead_code, reason = "it is dropped")]
    held: Option<File>,
}

impl Database {
    /// Opens the store in a folder, or makes it. One server a folder.
    pub fn open(opening: impl Into<Opening>, folder: &Path) -> Result<Self, Error> {
        Claim::take(opening, folder)?.open()
    }

    /// The same in a folder that is locked already.
    pub(super) fn open_claimed<E: From<Error>>(
        Opening { engine, cache_bytes }: Opening,
        folder: &Folder,
        life: Option<Life>,
        lock: FolderLock,
        judge: impl FnOnce(&dyn Snapshot) -> Result<(), E>,
    ) -> Result<Self, E> {
        let is_new = engine.file().is_some_and(|file| !folder.has(file));
        let lock = Arc::new(lock);
        let opener = engine.opener(folder, cache_bytes);
        let guard = Guard::open(opener, folder, engine.file())?.keeping(Arc::clone(&lock));
        judge(&*guard.snapshot()?)?;
        if is_new {
            // What is left open is told when the start is accepted.
            own::narrow(folder);
        }
        let mut database = Self::start(guard, folder)?;
        (database.lock, database.life) = (Some(lock), life);
        Ok(database)
    }

    /// Opens the store in a folder to read it, without writing a byte there. Nothing can be committed.
    pub fn open_for_reads(opening: impl Into<Opening>, path: &Path) -> Result<Self, Error> {
        let opening = opening.into();
        let engine = opening.engine;
        match std::fs::metadata(path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Err(life::absent(path)),
            found => found.map_err(|why| Error::of_file(path, &why))?,
        };
        let folder = opened(path)?;
        own::must_be_files(&folder)?;
        let lock = FolderLock::hold(&folder)?;
        engine.check(&folder)?;
        let life = Life::look(&folder, lock.as_ref())?;
        if engine.file().is_some_and(|file| !folder.has(file)) {
            life.must_be_new()?;
        }
        let held = match engine.file() {
            Some(file) => lock::hold_engine(&folder, file)?,
            None => None,
        };
        let mut database = Self::of_reads(opening, &folder)?;
        if format_of(&*database.snapshot()?)?.is_none() {
            let why = "the record of its format is missing".to_owned();
            let path = engine.file().map_or(path.into(), |file| folder.at(file));
            return Err(Error::Damaged { path, why, untouched: true });
        }
        database.must_have_a_known_format()?;
        (database.lock, database.life, database.held) = (lock.map(Arc::new), Some(life), held);
        Ok(database)
    }

    /// The same where the folder is locked already, whatever format the store has.
    pub(super) fn of_reads(opening: Opening, folder: &Folder) -> Result<Self, Error> {
        let (store, copy) = opening.engine.open_for_reads(folder, opening.cache_bytes)?;
        let guard = Guard::open(Box::new(move |_| Ok(Arc::clone(&store))), folder, None)?;
        Ok(Self {
            guard: Arc::new(guard),
            handles: None,
            journal: OnceLock::new(),
            folder: folder.clone(),
            threads: Vec::new(),
            life: None,
            copy,
            lock: None,
            held: None,
        })
    }

    /// Puts writer and journal over a store that is open; the journal is kept in the folder. After a failed commit the
    /// same store is used again.
    pub fn over(store: Arc<dyn Store>, folder: &Path) -> Result<Self, Error> {
        Self::over_opener(Box::new(move |_| Ok(Arc::clone(&store))), folder)
    }

    /// The same over a store that is opened in this way, now and after each failed commit.
    pub fn over_opener(opener: Opener, folder: &Path) -> Result<Self, Error> {
        let folder = opened(folder)?;
        let database = Self::start(Guard::open(opener, &folder, None)?, &folder)?;
        database.open_journal(None)?;
        Ok(database)
    }

    fn start(guard: Guard, folder: &Folder) -> Result<Self, Error> {
        check_format(&guard)?;
        take_over(&guard)?;
        let (node, guard) = (audit_log::node(&guard)?, Arc::new(guard));
        let (writer, writing) = Writer::start(Arc::clone(&guard), node)?;
        let (watch, watching) = Watch::start(Arc::clone(&guard), writer.clone())?;
        Ok(Self {
            guard,
            handles: Some((writer, watch)),
            journal: OnceLock::new(),
            folder: folder.clone(),
            threads: vec![watching, writing],
            life: None,
            copy: None,
            lock: None,
            held: None,
        })
    }

    /// Opens the journal of reads, and takes in what an earlier run has left there. From now on blocks of the audit have a MAC under
    /// this key, if there is one.
    pub fn open_journal(&self, key: Option<MacKey>) -> Result<(), Error> {
        let Some((writer, _)) = &self.handles else { return Err(closed()) };
        if let Some(key) = key {
            self.set_audit_key(key)?;
        }
        if self.journal.get().is_none() {
            let drained = self.snapshot()?.get(DRAINED_KEY)?;
            let journal = Journal::start(&self.folder, drained, writer.clone())?;
            let _ = self.journal.set(journal);
        }
        Ok(())
    }

    /// Blocks of the audit have a MAC under this key from now on.
    pub fn set_audit_key(&self, key: MacKey) -> Result<(), Error> {
        let (writer, _) = self.handles.as_ref().ok_or_else(closed)?;
        writer.set_key(key);
        Ok(())
    }

    /// What there is to say of the MAC of the last block of this node, with these keys; `None` where there is no block.
    pub fn mac_of_audit(&self, keys: &[MacKey]) -> Result<Option<MacState>, Error> {
        let node = audit_log::node(&self.guard)?;
        let (_, last) = audit_log::head(&*self.snapshot()?, node)?;
        Ok(last.as_deref().and_then(Block::read).map(|block| block.mac(keys)))
    }

    /// What is known of its folder; none for a store that is not kept.
    pub fn life(&self) -> Option<&Life> {
        self.life.as_ref()
    }

    /// Leaves traces of this store in and beside its folder, so that its loss is noticed, and lets nobody else read its files. Fails
    /// where the next start would be refused.
    pub fn has_lived(&self, store: &StoreId) -> Result<(), Error> {
        let (Some(life), Some(lock)) = (&self.life, &self.lock) else { return Ok(()) };
        life.settle(lock, store)
    }

    /// The format that it has.
    pub fn format(&self) -> Result<u32, Error> {
        format_of(&*self.snapshot()?)?.ok_or(Error::NoFormat)
    }

    /// Refuses a store of a format that this version does not read, or of none.
    pub fn must_have_a_known_format(&self) -> Result<(), Error> {
        must_be_known(format_of(&*self.snapshot()?)?.ok_or(Error::NoFormat)?)
    }

    /// Commits changes and their audit entries together; durable when it returns `Committed`.
    pub async fn commit(&self, submission: Submission) -> Result<Outcome, Error> {
        match &self.handles {
            Some((writer, _)) => writer.submit(submission.transaction, submission.entries, None).await,
            None => Err(closed()),
        }
    }

    /// The same from a thread that may block.
    pub fn commit_blocking(&self, submission: Submission) -> Result<Outcome, Error> {
        match &self.handles {
            Some((writer, _)) => writer.submit_blocking(submission.transaction, submission.entries, None),
            None => Err(closed()),
        }
    }

    /// Whether writes are taken: one was committed within the last seconds, or is now (it changes nothing, and leaves no
    /// audit entry).
    pub async fn prove_writes(&self) -> Result<(), Error> {
        // Not as the watch has seen it last, but as it is.
        self.guard.look();
        let health = self.guard.health();
        if let Some(error) = health.trouble {
            return Err(error);
        }
        if health.committed.is_some_and(|at| at.elapsed() < PROOF_LASTS) {
            return Ok(());
        }
        within(self.commit(Submission::default()), "a commit").await.map(drop)
    }

    /// Whether the audit entries of reads are taken: bytes are really written to the journal.
    pub async fn prove_journal(&self) -> Result<(), Error> {
        let appender = self.journal.get().ok_or_else(closed)?.appender().clone();
        let recorded = tokio::task::spawn_blocking(move || appender.record_blocking(Entries::default()));
        let failed = |error: tokio::task::JoinError| Error::Engine(error.to_string());
        within(async { recorded.await.map_err(failed)? }, "an entry in the journal of reads").await
    }
}

/// How long a commit is proof that writes are taken.
const PROOF_LASTS: Duration = Duration::from_secs(5);

/// How long a proof may take.
const PROOF_WITHIN: Duration = Duration::from_secs(5);

async fn within<T>(work: impl Future<Output = Result<T, Error>>, what: &str) -> Result<T, Error> {
    let seconds = PROOF_WITHIN.as_secs();
    let late = |_| {
        Err(Error::Engine(format!("{what} has been under way for {seconds} s: the disk does not answer")))
    };
    tokio::time::timeout(PROOF_WITHIN, work).await.unwrap_or_else(late)
}

impl Drop for Database {
    fn drop(&mut self) {
        self.journal.take();
        self.handles = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.lock = None;
    }
}

fn opened(folder: &Path) -> Result<Folder, Error> {
    Folder::open(folder).map_err(|why| Error::of_file(folder, &why))
}

pub(super) fn closed() -> Error {
    Error::Stopped("the store is closed".to_owned())
}

fn check_format(store: &Guard) -> Result<(), Error> {
    let snapshot = store.snapshot()?;
    match format_of(&*snapshot)? {
        Some(found) => must_be_known(found),
        None => {
            if !is_blank(&*snapshot)? {
                return Err(Error::NoFormat);
            }
            drop(snapshot);
            let writes = vec![
                (FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec())),
                (NODE_KEY.to_vec(), Some(audit_log::new_node()?.to_vec())),
            ];
            store.commit(Transaction { expects: Vec::new(), writes })
        }
    }
}

fn must_be_known(format: u32) -> Result<(), Error> {
    match format {
        FORMAT_READ_MIN..=FORMAT => Ok(()),
        found => Err(Error::Format { found: found.to_string(), known: FORMAT }),
    }
}

pub(super) fn format_of(snapshot: &dyn Snapshot) -> Result<Option<u32>, Error> {
    let unknown = |_| Error::Format { found: "unknown".to_owned(), known: FORMAT };
    let found = snapshot.get(FORMAT_KEY)?;
    found.map(|found| found.try_into().map(u32::from_be_bytes).map_err(unknown)).transpose()
}

/// Whether nothing was ever written to a store but its format, and what a commit of nothing writes.
pub fn is_blank(snapshot: &dyn Snapshot) -> Result<bool, Error> {
    let mut blank = true;
    snapshot.scan(b"", Order::Forward, &mut |key, _| {
        blank = [FORMAT_KEY, STAMP_KEY, NODE_KEY].contains(&key);
        if blank { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(blank)
}
