//! One server a folder: a lock that the system takes back when the process ends, however it ends.
//!
//! ```text
//! keystead, process 4711
//! store 10e73387…
//! overrules a87c1e5b…
//! ```
//!
//! The last line is there where the file beside the folder names another store and cannot be written: its word counts no more.

use super::Error;
use super::folder::Folder;
use super::identity::{StoreId, id};
use parking_lot::Mutex;
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The file.
pub const LOCK: &str = "lock";

/// What the lock says while the store of its folder is being made for the first time.
const NEW: &str = "a first start that is not done yet";

/// What stands before the identifier of the store.
const STORE: &str = "store ";

/// What stands before the identifier of one that the file beside the folder names, and that counts no more.
const OVERRULES: &str = "overrules ";

/// What a lock says of stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Named {
    /// The one that belongs in the folder.
    pub store: Option<StoreId>,
    /// The one that the file beside the folder names without a right to.
    pub overruled: Option<StoreId>,
}

impl Named {
    fn read(text: &str) -> Self {
        let named = |what| text.lines().find_map(|line| id(line.strip_prefix(what)?));
        Self { store: named(STORE), overruled: named(OVERRULES) }
    }

    fn text(&self) -> String {
        let line = |what, store: &StoreId| format!("{what}{}\n", hex::encode(store));
        let lines = [(STORE, &self.store), (OVERRULES, &self.overruled)];
        lines.iter().filter_map(|(what, store)| Some(line(*what, store.as_ref()?))).collect()
    }
}

/// The lock on a folder, held until it is dropped. Unless it was settled, the file is then as it was before.
pub struct FolderLock {
    folder: Folder,
    /// What it said before; `None` where it was not there.
    before: Option<String>,
    held: Mutex<Held>,
}

struct Held {
    /// The open file is the lock.
    file: File,
    /// What follows the line of the process.
    state: String,
    /// Whether what it says now stays.
    stays: bool,
}

impl FolderLock {
    /// Where the lock of a folder is.
    pub fn at(folder: &Path) -> PathBuf {
        folder.join(LOCK)
    }

    /// Locks the folder of a store that is only read, without writing to it; `None` where no server has ever had it open.
    pub fn hold(folder: &Folder) -> Result<Option<Self>, Error> {
        let file = match folder.read(LOCK) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|why| Error::of_file(&folder.at(LOCK), &why))?,
        };
        // Shared: the file is open to be read alone, and some file systems (NFS) lock no such file for one process alone.
        let before = Some(lock(&file, folder, FlockOperation::NonBlockingLockShared)?);
        let held = Held { file, state: String::new(), stays: true };
        Ok(Some(Self { folder: folder.clone(), before, held: held.into() }))
    }

    /// Locks the folder, or says who holds it.
    pub fn take(folder: &Folder) -> Result<Self, Error> {
        let was_there = folder.has_entry(LOCK);
        let (file, before) = taken(folder)?;
        let held = Held { file, state: String::new(), stays: false };
        let before = was_there.then_some(before);
        let lock = Self { folder: folder.clone(), before, held: held.into() };
        let state = if lock.was_settled() { lock.named().text() } else { NEW.to_owned() };
        let mut held = lock.held.lock();
        held.state = state;
        tell(&held, folder);
        drop(held);
        Ok(lock)
    }

    /// Whether a server has held it that had a store here.
    pub fn was_settled(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !before.trim().is_empty() && !before.contains(NEW))
    }

    /// What it said of stores before.
    pub fn named(&self) -> Named {
        self.before.as_deref().map(Named::read).unwrap_or_default()
    }

    /// Says, durably, that there is a store here now, and which.
    pub fn settle(&self, named: Named) -> std::io::Result<()> {
        let mut held = self.held.lock();
        let before = std::mem::replace(&mut held.state, named.text());
        let written = held.write().and_then(|()| held.file.sync_all());
        match &written {
            Ok(()) => held.stays = true,
            Err(_) => held.state = before,
        }
        written
    }

    /// Takes the lock anew where its file was deleted or exchanged while it was held: whoever starts now finds it taken. Refused
    /// where another process holds what is there.
    pub fn keep(&self) -> Result<(), Error> {
        let mut held = self.held.lock();
        if self.folder.is_at(LOCK, &held.file) {
            return Ok(());
        }
        let path = self.folder.at(LOCK);
        match taken(&self.folder) {
            Ok((file, _)) => {
                held.file = file;
                tracing::warn!(file = %path.display(), "the lock of the store was deleted or exchanged while the server runs: it is taken anew. \
                    Leave this file alone, a second server is kept out by it");
                tell(&held, &self.folder);
                Ok(())
            }
            Err(why) => Err(Error::LockLost { path, why: Box::new(why) }),
        }
    }
}

impl Held {
    /// Never empty in between: an empty lock tells of nothing.
    fn write(&self) -> std::io::Result<()> {
        self.put(&format!("keystead, process {}\n{}", std::process::id(), self.state))
    }

    fn put(&self, text: &str) -> std::io::Result<()> {
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        let held = self.held.get_mut();
        if held.stays {
            return;
        }
        let done = match &self.before {
            Some(before) => held.put(before),
            None if self.folder.is_at(LOCK, &held.file) => self.folder.remove(LOCK),
            None => Ok(()),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "the lock stays as it is");
        }
    }
}

/// A disk without room for it must not keep the server from starting.
fn tell(held: &Held, folder: &Folder) {
    if let Err(error) = held.write() {
        let file = folder.at(LOCK);
        tracing::warn!(file = %file.display(), %error, "the lock does not say who holds it");
    }
}

/// Locks the file that is in the place of the lock, made where it is missing; returns what it says.
fn taken(folder: &Folder) -> Result<(File, String), Error> {
    loop {
        let file = folder.write_or_create(LOCK).map_err(|why| Error::of_file(&folder.at(LOCK), &why))?;
        let before = lock(&file, folder, FlockOperation::NonBlockingLockExclusive)?;
        // Who held it before may just have taken the file away.
        if folder.is_at(LOCK, &file) {
            return Ok((file, before));
        }
    }
}

/// Locks the file; returns what it says.
fn lock(mut file: &File, folder: &Folder, how: FlockOperation) -> Result<String, Error> {
    let locked = rustix::fs::flock(file, how);
    let mut before = String::new();
    let _ = file.read_to_string(&mut before);
    match locked {
        Ok(()) => Ok(before),
        Err(Errno::WOULDBLOCK) => Err(Error::in_use(folder, before.lines().next())),
        Err(why) => Err(Error::NoLock { path: folder.at(LOCK), why: std::io::Error::from(why).to_string() }),
    }
}

/// Refuses the file of an engine that another process has open, whatever its lock says; holds it until the file is closed.
pub fn hold_engine(folder: &Folder, name: &str) -> Result<Option<File>, Error> {
    let Ok(file) = folder.read_regular_of_engine(name) else { return Ok(None) };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Err(Error::in_use(folder, None)),
        // Where the engine could not lock it either, the lock of the folder decides.
        Err(_) => Ok(None),
    }
}
