//! What stands between the writer and the engine: nothing is committed into a file that is not at its place or a disk
//! without room, and after a commit that failed the engine is opened anew and must hold what was acknowledged.
//!
//! Each commit writes a stamp of its own. After a failure, what is opened must have the stamp of the last commit that was
//! acknowledged, or that of the one that failed: its outcome was open. A handle whose commit failed is never used for
//! another one. What cannot be opened for writing is opened for reads alone, if it can be read.

use super::folder::Folder;
use super::lock::FolderLock;
use super::place::{Found, Place};
use super::reads::{Published, to_share};
use super::{Error, Outcome, Store, Transaction, room};
use keystead_hsm::{Entropy as _, SystemEntropy};
use keystead_records::keyspace::{self, Kind};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The key that holds the stamp of the last commit.
pub const STAMP_KEY: &[u8] = Kind::Stamp.prefix();

/// How long after a failed commit none is tried.
const REST: Duration = Duration::from_secs(1);

/// What an engine is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// For reads and commits.
    Write,
    /// For reads alone: not a byte of it is written.
    Read,
}

/// Opens the engine of a store, again and again.
pub type Opener = Box<dyn Fn(Access) -> Result<Arc<dyn Store>, Error> + Send + Sync>;

/// How the store stands.
#[derive(Clone, Debug)]
pub struct Health {
    /// Why commits are refused, while they are.
    pub trouble: Option<Error>,
    /// When a commit succeeded last.
    pub committed: Option<Instant>,
}

/// An engine that is opened anew where it failed.
pub struct Guard {
    opener: Opener,
    folder: Folder,
    file: Option<&'static str>,
    /// `Err` while it can be opened in no way.
    pub(super) store: RwLock<Result<Arc<dyn Store>, Error>>,
    pub(super) reads_stay_here: bool,
    /// The store as the last commit left it. `None` while the engine is opened anew, and where snapshots are not shared.
    pub(super) published: RwLock<Option<Published>>,
    /// How often it was opened anew, or begun to be: a snapshot of an earlier time may fail.
    pub(super) opened: AtomicU64,
    health: Mutex<Health>,
    writing: Mutex<Writing>,
    /// What keeps a second server out, given back last.
    lock: Option<Arc<FolderLock>>,
}

/// What the one writer needs between two commits.
struct Writing {
    place: Place,
    /// The stamp of the last commit; `None` in a store without.
    stamp: Option<Vec<u8>>,
    /// What a commit that failed would have left.
    open: Option<Vec<u8>>,
    count: u64,
    run: [u8; 8],
    /// Whether the handle that is open takes commits.
    writable: bool,
    rest_until: Option<(Instant, Error)>,
}

impl Guard {
    /// Opens the engine for the first time. `file` is what must stay at its place in the folder.
    pub fn open(opener: Opener, folder: &Folder, file: Option<&'static str>) -> Result<Self, Error> {
        let store = opener(Access::Write)?;
        let stamp = store.snapshot()?.get(STAMP_KEY)?;
        let mut run = [0; 8];
        let failed = |error: keystead_hsm::Error| Error::Engine(error.to_string());
        SystemEntropy::default().fill(&mut run).map_err(failed)?;
        let place = Place::opened(folder, file);
        let writing = Writing { place, stamp, open: None, count: 0, run, writable: true, rest_until: None };
        Ok(Self {
            opener,
            folder: folder.clone(),
            file,
            reads_stay_here: store.reads_stay_here(),
            published: RwLock::new(to_share(&*store, None)),
            store: RwLock::new(Ok(store)),
            opened: AtomicU64::new(0),
            health: Mutex::new(Health { trouble: None, committed: None }),
            writing: Mutex::new(writing),
            lock: None,
        })
    }

    /// The same, keeping this lock: without it nothing is committed.
    pub fn keeping(self, lock: Arc<FolderLock>) -> Self {
        Self { lock: Some(lock), ..self }
    }

    /// How the store stands.
    pub fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// Looks whether commits can be taken, without one; for who looks every so often. While a commit is under way,
    /// there is nothing to look for.
    pub fn look(&self) {
        if let Some(mut writing) = self.writing.try_lock() {
            let looked = self.may_commit(&mut writing, room::needed(&Transaction::default()));
            if let Err(error) = looked {
                self.note(Err(&error));
            }
        }
    }

    /// Applies a transaction without expectations, for the one writer. An error leaves open whether it was applied;
    /// the engine is open anew by then, or there is a reason why not.
    pub fn commit(&self, mut transaction: Transaction) -> Result<(), Error> {
        let mut writing = self.writing.lock();
        if let Err(error) = self.may_commit(&mut writing, room::needed(&transaction)) {
            self.note(Err(&error));
            return Err(error);
        }
        writing.count += 1;
        let stamp = [&writing.run[..], &writing.count.to_be_bytes()[..]].concat();
        transaction.writes.push((STAMP_KEY.to_vec(), Some(stamp.clone())));
        let store = match &*self.store.read() {
            Ok(store) => Arc::clone(store),
            Err(error) => return Err(error.clone()),
        };
        let done = store.commit(&transaction);
        if matches!(done, Ok(Outcome::Committed)) {
            let tells = transaction.writes.iter().any(|(key, _)| keyspace::tells_of_credentials(key));
            let before = self.published.read().as_ref().and_then(|before| before.credentials);
            self.publish(&*store, before.filter(|_| !tells));
        }
        drop(store);
        // Looked at again: what was moved away meanwhile has taken the commit with it.
        let still = writing.place.look();
        match (done, still) {
            (Ok(Outcome::Committed), Found::Same) => {
                writing.stamp = Some(stamp);
                self.note(Ok(()));
                Ok(())
            }
            (Ok(Outcome::Committed), Found::OtherFile(error) | Found::Gone(error)) => {
                // It is in the file that is open: should that come back, it is as good as acknowledged.
                writing.stamp = Some(stamp);
                self.note(Err(&error));
                Err(error)
            }
            (Ok(Outcome::Conflict), _) => {
                Err(Error::Engine("a commit without expectations conflicts".into()))
            }
            (Err(error), _) => {
                self.note(Err(&error));
                writing.open = Some(stamp);
                writing.rest_until = Some((Instant::now() + REST, error.clone()));
                self.open_anew(&mut writing);
                Err(error)
            }
        }
    }

    /// Closes the engine.
    pub fn close(&self) -> Result<(), Error> {
        drop(self.published.write().take());
        match &*self.store.read() {
            Ok(store) => store.close(),
            Err(_) => Ok(()),
        }
    }

    /// Refuses what cannot be committed now; opens what could not be opened before.
    fn may_commit(&self, writing: &mut Writing, bytes: u64) -> Result<(), Error> {
        if let Some((until, why)) = &writing.rest_until {
            if Instant::now() < *until {
                return Err(why.clone());
            }
            writing.rest_until = None;
        }
        match writing.place.look() {
            Found::Same => {}
            Found::Gone(error) => {
                writing.rest_until = Some((Instant::now() + REST, error.clone()));
                return Err(error);
            }
            Found::OtherFile(error) => self.adopt(writing, error)?,
        }
        if let Some(lock) = &self.lock {
            lock.keep()?;
        }
        if !writing.writable {
            self.open_anew(writing);
        }
        if let Some((_, why)) = &writing.rest_until {
            return Err(why.clone());
        }
        room::check(&self.folder, self.file, bytes)
    }

    /// Takes another file for the store where it holds exactly what was acknowledged: a copy was put back.
    fn adopt(&self, writing: &mut Writing, moved: Error) -> Result<(), Error> {
        let is_it = (self.opener)(Access::Read).is_ok_and(|store| writing.is_ours(&*store));
        if !is_it {
            writing.rest_until = Some((Instant::now() + REST, moved.clone()));
            return Err(moved);
        }
        tracing::warn!(store = %self.folder.path().display(), "another file is in the place of the store: it holds all that was \
            acknowledged, and is used from now on");
        writing.place = Place::opened(&self.folder, self.file);
        self.open_anew(writing);
        Ok(())
    }

    /// Closes the engine and opens it again; for reads alone where it cannot be written.
    fn open_anew(&self, writing: &mut Writing) {
        let mut current = self.store.write();
        let before =
            std::mem::replace(&mut *current, Err(Error::Stopped("it is being opened anew".to_owned())));
        // In this order: what fails to be read from now on was read across an opening, and is read again.
        drop(self.published.write().take());
        self.opened.fetch_add(1, Ordering::Release);
        if let Some(why) = before.as_ref().ok().and_then(|store| store.close().err()) {
            // It goes on to be read.
            *current = before;
            self.publish_current(&current);
            writing.writable = false;
            writing.rest_until = Some((Instant::now() + REST, why));
            return;
        }
        drop(before);
        if let Some(file) = self.file {
            forget_pages(&self.folder, file);
        }
        // Opening for writes may write at once: nothing but what was open here before is opened so.
        let opened = match writing.place.look() {
            Found::Same => {
                (self.opener)(Access::Write).and_then(|store| writing.checked(store, &self.folder))
            }
            Found::OtherFile(error) | Found::Gone(error) => Err(error),
        };
        writing.writable = opened.is_ok();
        *current = match opened {
            Ok(store) => Ok(store),
            Err(why) => {
                tracing::debug!(error = %why, "the store could not be opened for writing; it is tried again");
                writing.rest_until = Some((Instant::now() + REST, why.clone()));
                (self.opener)(Access::Read)
                    .and_then(|store| writing.checked(store, &self.folder))
                    .map_err(|_| why)
            }
        };
        self.publish_current(&current);
    }

    /// Publishes what was opened, if anything was.
    fn publish_current(&self, current: &Result<Arc<dyn Store>, Error>) {
        if let Ok(store) = current {
            self.publish(&**store, None);
        }
    }

    /// Notes how the store stands; the log has it when that changes.
    fn note(&self, stands: Result<(), &Error>) {
        let mut health = self.health.lock();
        match stands {
            Ok(()) => {
                health.committed = Some(Instant::now());
                if health.trouble.take().is_some() {
                    tracing::info!(store = %self.folder.path().display(), "the store takes writes again");
                }
            }
            Err(error) => {
                if health.trouble.as_ref() != Some(error) {
                    tracing::error!(error = error.in_service(), "the store takes no writes");
                }
                health.trouble = Some(error.clone());
            }
        }
    }
}

impl Writing {
    /// Whether a store holds the last commit, or the one whose outcome is open.
    fn is_ours(&self, store: &dyn Store) -> bool {
        let found = store.snapshot().and_then(|snapshot| snapshot.get(STAMP_KEY));
        found.is_ok_and(|found| found == self.stamp || (found.is_some() && found == self.open))
    }

    fn checked(&mut self, store: Arc<dyn Store>, folder: &Folder) -> Result<Arc<dyn Store>, Error> {
        if !self.is_ours(&*store) {
            return Err(Error::NotOurs { path: folder.path().into() });
        }
        self.stamp = store.snapshot()?.get(STAMP_KEY)?;
        self.open = None;
        Ok(store)
    }
}

/// Lets the system forget what it holds of a file: after a sync that failed, pages that never reached the disk may be
/// held as if they had.
fn forget_pages(folder: &Folder, file: &str) {
    let forgotten = folder
        .read_of_engine(file)
        .and_then(|file| Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?));
    if let Err(error) = forgotten {
        tracing::debug!(%error, "the system keeps the pages of the store");
    }
}
